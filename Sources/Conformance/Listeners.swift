import Muster

/// The main listener: Socket.IO, raw WebSocket at `/ws`, `/health`, and `/sink`, which counts bodies.
func mainListener(port: Int, loops: Int, allowEIO3: Bool, _ membership: Membership) -> MusterServer {
    var configuration = MusterConfiguration.listening(port: port)
    configuration.loops = loops
    let server = MusterServer(configuration: configuration)
    var options = MessageOptions()
    options.messageBytesMax = 16 * 1024 * 1024
    options.outboxBytesMax = 32 * 1024 * 1024
    options.fragmentsMax = 1 << 20
    options.messagesPerSecond = nil
    options.heartbeatInterval = nil
    options.compresses = true
    options.keepsCompressionContext = true
    options.inflatedBytesPerSecond = nil
    options.subprotocols = ["echo.v2", "echo.v1"]
    options.allowedOrigins = ["*"]
    server.webSocket("/ws", options) { _ in ScriptedEcho() }
    addSocketIO(to: server, codec: .standard, allowEIO3: allowEIO3, membership)
    server.http("/health") { _ in WebAnswer(text: "ok\n") }
    server.http("/sink", bodyBytesMax: 64 * 1024 * 1024) { WebAnswer(text: "\($0.body.count)") }
    return server
}

/// Answers every request with its body.
func requestEcho(port: Int) -> MusterServer {
    let server = MusterServer(configuration: .listening(port: port))
    server.http("*", bodyBytesMax: 16 * 1024 * 1024) { WebAnswer(body: $0.body) }
    return server
}

/// Sends every message back, but for texts that ask for a close or a ping.
private final class ScriptedEcho: MessageHandler {
    /// The pings that are not answered yet, in their order.
    private var pinged: [Client: [[UInt8]]] = [:]

    func received(binary: Span<UInt8>, from client: Client) {
        client.send(binary: binary)
    }

    func received(text: Span<UInt8>, from client: Client) {
        guard text.count < 256, text.count >= 5 else { return client.send(text: text) }
        let parts = String(copying: text).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts[0], parts.count) {
        case ("close", 2): close(client, parts[1])
        case ("ping", 2): ping(client, Array(parts[1].utf8))
        default: client.send(text: text)
        }
    }

    private func close(_ client: Client, _ codeAndReason: Substring) {
        let parts = codeAndReason.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        client.close(code: UInt16(parts[0]) ?? 1000, reason: parts.count > 1 ? String(parts[1]) : "")
    }

    private func ping(_ client: Client, _ payload: [UInt8]) {
        pinged[client, default: []].append(payload)
        client.ping(payload)
    }

    func received(pong: Span<UInt8>, from client: Client) {
        // A pong that answers no ping of ours is a sign of life and no more (RFC 6455 §5.5.3).
        guard let place = pinged[client]?.firstIndex(where: { $0.span.isEqual(to: pong) }) else { return }
        pinged[client]?.removeFirst(place + 1)
        client.send(text: "pinged")
    }

    func disconnected(_ client: Client) {
        pinged[client] = nil
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}

extension String {
    /// A text made of bytes that are UTF-8.
    init(copying text: Span<UInt8>) {
        var bytes: [UInt8] = []
        for index in text.indices { bytes.append(text[index]) }
        self.init(decoding: bytes, as: UTF8.self)
    }
}
