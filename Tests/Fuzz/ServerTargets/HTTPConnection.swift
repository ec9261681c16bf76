internal import ByteKit
internal import Determinism
internal import FuzzTargets
internal import HTTPCore
internal import HTTPTypes
internal import ServerCore
internal import SocketIOCore

/// How a stream reaches a server.
private enum Delivery: Equatable {
    case whole
    /// In pieces of these lengths, a turn after each.
    case pieces([Int])
    /// In pieces, to a server whose peer begins to read when all has been sent.
    case unread([Int])
}

/// What is chosen by an input: the server, and who connects to it.
private struct Choices {
    let isProxied: Bool
    let compresses: Bool
    let endsWithFIN: Bool
    let hasCookie: Bool
    let isSecure: Bool
    /// How often the stream is sent: more than the server may hold comes of few bytes.
    let times: Int
    let sizes: [Int]
    let stream: [UInt8]

    init(_ input: [UInt8]) {
        var settings = Settings(input)
        let flags = settings.byte()
        isProxied = flags & 1 != 0
        compresses = flags & 2 != 0
        endsWithFIN = flags & 4 != 0
        hasCookie = flags & 16 != 0
        isSecure = flags & 32 != 0
        times = flags & 8 != 0 ? 1 + settings.byte() & 63 : 1
        sizes = settings.sizes()
        stream = Array(settings.rest)
    }
}

/// The fuzz target `http-connection`: what one client sends to a whole server, a PROXY header before it where so chosen.
///
/// The answers do not depend on how the bytes come, a client that does not read loses nothing but what follows its end,
/// no more is taken from it than a request may have, and once time has passed nothing is left of it.
package func fuzzHTTPConnection(_ input: [UInt8]) {
    let choices = Choices(input)
    let whole = answers(to: choices, .whole)
    let cut = answers(to: choices, .pieces(choices.sizes))
    precondition(whole == cut, "answers depend on how the requests came")
    let unread = answers(to: choices, .unread(choices.sizes))
    precondition(whole.starts(with: unread), "a slow reader got other answers")
}

private func answers(to choices: Choices, _ delivery: Delivery) -> [UInt8] {
    let world = FuzzServer(settings(choices))
    world.server.endpoints = endpoints(of: world, choices)
    let stream = world.connect(
        from: PeerAddress(ipv4: choices.isProxied ? 0x0A00_0001 : 0x7F00_0001, port: 40_000), isSecure: choices.isSecure
    )
    let sizes: [Int]
    switch delivery {
    case .whole: sizes = []
    case .pieces(let chosen): sizes = chosen
    case .unread(let chosen):
        sizes = chosen
        stream.stalls = true
    }
    for _ in 0..<choices.times where !stream.isOver {
        for piece in pieces(of: choices.stream, sizes: sizes) {
            stream.receive(piece)
            if delivery != .whole { world.turn() }
            // One body, one head, and what came with it; a WebSocket ends a client that does not read by its own rules.
            precondition(stream.takenWhileBlocked <= takenMax || stream.hasUpgraded, "too much was taken")
        }
    }
    world.turn()
    stream.drain()
    world.turn()
    if choices.endsWithFIN { stream.end() }
    world.run(.seconds(120))
    precondition(world.isIdle, "something was left of a client")
    checkAnswers(stream.sent)
    return stream.sent
}

/// The largest body, the largest head, and a stream's largest piece.
private let takenMax = bodyBytesMax + 16 * 1024 + 4096
private let bodyBytesMax = 4096

private func settings(_ choices: Choices) -> ServerSettings {
    var settings = ServerSettings()
    settings.admission.proxies = ["10.0.0.0/8"].compactMap(AddressRange.init)
    settings.proxyProtocol = choices.isProxied
    settings.compressionThreshold = 16
    settings.bodyBytesMax = bodyBytesMax
    settings.compressesMessages = choices.compresses
    settings.allowedOrigins = ["https://a.example"]
    return settings
}

/// What begins with a status line is a response, whole or not.
private func checkAnswers(_ sent: [UInt8]) {
    guard !sent.isEmpty else { return }
    let transcript = responseTranscript(of: [sent])
    precondition(!transcript.heads.isEmpty, "an answer that is no response")
}

/// What can be asked for beside the server's own pages: a body back at once, later in the turn, or as a stream, and
/// messages back over WebSocket and Engine.IO.
private func endpoints(of world: FuzzServer, _ choices: Choices) -> [String: Endpoint] {
    let limits = SessionLimits(
        messageBytesMax: 1_000, fragmentsMax: 4, outboxBytesMax: 4_000, messagesPerSecond: choices.compresses ? 4 : nil,
        waitsForReader: false, compression: choices.compresses ? MessageCompression() : nil,
        heartbeatInterval: .seconds(25),
        heartbeatTimeout: .seconds(20))
    let service = Echo()
    return [
        "/echo": .http(bodyBytesMax: 1_000) { $0.respond(.ok, body: $0.body) },
        "/later": .http(bodyBytesMax: 100) { [unowned world] exchange in
            world.atEndOfTurn.append { exchange.respond(.accepted, body: exchange.body) }
        },
        "/stream": .http(bodyBytesMax: 100) { exchange in
            exchange.beginStream(fields: [:])
            exchange.stream(exchange.body)
            exchange.endStream()
        },
        "/ws": .webSocket(MessageEndpoint(limits: limits, subprotocols: ["echo"], service: service)),
        "/engine/": .engine(
            EngineEndpoint(
                limits: limits, policy: EnginePolicy(allowsRevision3: true),
                cookie: choices.hasCookie ? EngineCookie(maxAgeSeconds: 60) : nil, service: service)),
    ]
}

/// Sends every message back.
private final class Echo: MessageService {
    func opened(_ session: MessageSession) {}
    func textReceived(_ text: Span<UInt8>, from session: MessageSession) { session.send(text: text) }
    func binaryReceived(_ bytes: Span<UInt8>, from session: MessageSession) { session.send(binary: bytes) }
    func pongReceived(_ payload: Span<UInt8>, from session: MessageSession) {}
    func drained(_ session: MessageSession) {}
    func closed(_ session: MessageSession) {}
}
