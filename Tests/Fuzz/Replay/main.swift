import FuzzTargets
import ServerFuzzTargets
import VectorFiles

/// Runs all stored inputs once, for `scripts/coverage`.
let targets: [(String, ([UInt8]) -> Void)] = [
    ("http-head", fuzzHTTPHead), ("http-connection", fuzzHTTPConnection), ("websocket-stream", fuzzWebSocketStream),
    ("extension-negotiation", fuzzExtensionNegotiation), ("inflate", fuzzInflate), ("utf8", fuzzUTF8),
    ("engine-payload", fuzzEnginePayload), ("engine-session", fuzzEngineSession),
    ("socket-packets", fuzzSocketPackets), ("json", fuzzJSON), ("primitives", fuzzPrimitives),
]
for (name, fuzz) in targets {
    let inputs = try corpus(name)
    for (_, input) in inputs { fuzz(input) }
    print("\(name): \(inputs.count) inputs, \(inputs.reduce(0) { $0 + $1.input.count }) bytes")
}
