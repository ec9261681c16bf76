import FuzzTargets
import GameFuzzTargets
import ServerFuzzTargets
import VectorFiles

/// Runs all stored inputs once, or those of the targets that are named, for `scripts/coverage`.
let targets: [(String, ([UInt8]) -> Void)] = [
    ("http-head", fuzzHTTPHead), ("http-connection", fuzzHTTPConnection), ("websocket-stream", fuzzWebSocketStream),
    ("extension-negotiation", fuzzExtensionNegotiation), ("inflate", fuzzInflate), ("utf8", fuzzUTF8),
    ("engine-payload", fuzzEnginePayload), ("engine-session", fuzzEngineSession),
    ("socket-packets", fuzzSocketPackets), ("packed-packets", fuzzPackedPackets),
    ("socket-scan", fuzzSocketScan), ("json", fuzzJSON), ("messagepack", fuzzMessagePack),
    ("primitives", fuzzPrimitives), ("cluster-messages", fuzzClusterMessages),
    ("recording", fuzzRecording), ("snapshot-codec1", fuzzSnapshotCodec1), ("snapshot-groups", fuzzSnapshotGroups),
]
let chosen = CommandLine.arguments.dropFirst()
for (name, fuzz) in targets where chosen.isEmpty || chosen.contains(name) {
    let inputs = try corpus(name)
    for (_, input) in inputs { fuzz(input) }
    print("\(name): \(inputs.count) inputs, \(inputs.reduce(0) { $0 + $1.input.count }) bytes")
}
