import ByteKit
import Determinism
import Foundation
import HTTPCore
import HTTPTypes
import ServerCore
import SocketIOCore
import Testing

/// One HTTP request on a connection of its own, and what has come back so far.
final class WebExchange {
    let stream: FakeStream

    init(_ stream: FakeStream) { self.stream = stream }

    private var text: String { String(decoding: stream.sent, as: UTF8.self) }
    /// Nil while the answer is still to come.
    var status: Int? { Int(text.dropFirst(9).prefix(3)) }
    /// The fields in their order, without `Content-Length` and `Connection`.
    var fields: [String] {
        let head = text.components(separatedBy: "\r\n\r\n")[0].components(separatedBy: "\r\n").dropFirst()
        return head.filter { !$0.hasPrefix("Content-Length") && !$0.hasPrefix("Connection") }
    }
    var body: String { String(decoding: bytes, as: UTF8.self) }
    var bytes: [UInt8] {
        guard let end = text.range(of: "\r\n\r\n") else { return [] }
        return Array(stream.sent.dropFirst(text[..<end.upperBound].utf8.count))
    }
}

extension World {
    /// Sends a request on a new connection, and lets the server answer.
    func request(
        _ method: String, _ target: String, fields: [String] = [], body: [UInt8]? = nil, peer: PeerAddress = .test
    ) -> WebExchange {
        let stream = connect(from: peer)
        var lines = ["\(method) \(target) HTTP/1.1", "Host: muster.test:7777"] + fields
        if let body { lines.append("Content-Length: \(body.count)") }
        stream.receive(Array((lines + ["", ""]).joined(separator: "\r\n").utf8) + (body ?? []))
        turn()
        return WebExchange(stream)
    }

    /// Puts an echo of Engine.IO at `/engine.io/`.
    func serveEcho(
        _ policy: EnginePolicy = EnginePolicy(), origins: HTTPOriginRule = HTTPOriginRule(),
        cookie: EngineCookie? = nil, outboxBytesMax: Int = 10_000, waitsForReader: Bool = false,
        hooks: EndpointHooks = EndpointHooks(), fields: HTTPFields = [:]
    ) -> EchoService {
        let service = EchoService()
        var hooks = hooks
        if !fields.isEmpty { hooks.handshakeFields = { _ in fields } }
        let limits = SessionLimits(
            messageBytesMax: 1_000, fragmentsMax: 8, outboxBytesMax: outboxBytesMax, messagesPerSecond: nil,
            waitsForReader: waitsForReader, heartbeatInterval: .seconds(25), heartbeatTimeout: .seconds(20))
        server.endpoints["/engine.io/"] = .engine(
            EngineEndpoint(
                limits: limits, policy: policy, origins: origins, cookie: cookie, hooks: hooks,
                service: service))
        return service
    }
}

/// Sends every message back, and remembers what happened.
final class EchoService: MessageService {
    var sessions: [MessageSession] = []
    var received: [String] = []
    var closedCount = 0
    var drainedCount = 0
    var echoes = true

    func opened(_ session: MessageSession) { sessions.append(session) }

    func textReceived(_ text: Span<UInt8>, from session: MessageSession) {
        received.append(String(decoding: [UInt8](copying: text), as: UTF8.self))
        if received.last == "close" { session.close(code: 1000, reason: "asked") }
        if echoes { session.send(text: text) }
    }

    func binaryReceived(_ bytes: Span<UInt8>, from session: MessageSession) {
        received.append("\([UInt8](copying: bytes))")
        if echoes { session.send(binary: bytes) }
    }

    func pongReceived(_ payload: Span<UInt8>, from session: MessageSession) {}
    func drained(_ session: MessageSession) { drainedCount += 1 }
    func closed(_ session: MessageSession) { closedCount += 1 }

    /// Sends a text to the first client.
    func send(_ text: String) {
        let bytes = Array(text.utf8)
        sessions.first?.send(text: bytes.span)
    }
}

/// A client of Engine.IO over long polling.
final class EngineClient {
    let world: World
    let handshake: WebExchange
    let sid: String
    private let path: String
    private let fields: [String]

    init(
        _ world: World, _ query: String = "EIO=4", path: String = "/engine.io/", fields: [String] = [],
        peer: PeerAddress = .test
    ) {
        self.world = world
        self.path = "\(path)?\(query)&transport="
        self.fields = fields
        handshake = world.request("GET", self.path + "polling", fields: fields, peer: peer)
        // In a script the quotation marks have backslashes.
        let text = handshake.body.replacingOccurrences(of: "\\", with: "")
        sid = text.range(of: "\"sid\":\"").map { String(text[$0.upperBound...].prefix(20)) } ?? ""
    }

    var target: String { "\(path)polling&sid=\(sid)" }

    func get() -> WebExchange { world.request("GET", target, fields: fields) }

    func post(_ body: String, _ more: String...) -> WebExchange {
        world.request("POST", target, fields: fields + more, body: Array(body.utf8))
    }

    func post(bytes: [UInt8]) -> WebExchange {
        world.request("POST", target, fields: fields + ["Content-Type: application/octet-stream"], body: bytes)
    }

    /// Opens a WebSocket for the session.
    func webSocket() -> Client {
        Client(world, "\(path)websocket&sid=\(sid)", fields: fields.map { $0 + "\r\n" }.joined())
    }

    /// Whether the server knows the session no more.
    var isForgotten: Bool {
        let answer = world.request("PUT", target, fields: fields)
        return answer.body == #"{"code":1,"message":"Session ID unknown"}"#
    }
}
