import ClientCore
import ByteKit
import Determinism
import ScriptedServer
import Testing
import WebSocketCore

/// Writes down what a connection tells.
private final class Recorder: WebSocketClientOwner {
    var told: [String] = []

    func connectionOpened() { told.append("opened") }
    func textReceived(_ text: Span<UInt8>) {
        told.append("text \(String(decoding: [UInt8](copying: text), as: UTF8.self))")
    }
    func binaryReceived(_ bytes: Span<UInt8>) { told.append("binary \([UInt8](copying: bytes))") }
    func pingReceived() { told.append("ping") }
    func connectionClosed(_ close: ConnectionClose) {
        told.append("closed \(close.code.map { "\($0)" } ?? "-") \(close.reason)")
    }
}

@Suite("RFC 6455, the client's end")
struct WebSocketClientTests {
    private let recorder = Recorder()
    private let server = ScriptedServer()
    private let context: ClientContext
    private let connection: WebSocketClient
    private var stream: ScriptedStream { server.stream }
    private var queue: FlushQueue { context.queue }
    private var traffic: Traffic { context.traffic }

    init() {
        context = ClientContext(dialer: server) { [server] in server.now }
        connection = WebSocketClient(
            .init(target: "/lobby/a?b=c", host: "example.org:81"), random: SeededRandom(seed: 7), context)
    }

    private func open() {
        connection.open(for: recorder)
        queue.flush()
        stream.upgrade()
    }

    @Test func `without a connection the reason is told, and that is the end`() {
        server.refusesDials = true
        connection.open(for: recorder)
        #expect(recorder.told == ["closed - no connection: refused"])
    }

    @Test func `a stream that comes after an abort is closed`() {
        server.holdsDials = true
        connection.open(for: recorder)
        connection.abort()
        server.answerDials()
        #expect(stream.closed == .now)
        #expect(recorder.told == [])
    }

    @Test func `the request asks for the target and the host`() {
        connection.open(for: recorder)
        #expect(stream.head == nil)
        queue.flush()
        #expect(stream.target == "/lobby/a?b=c")
        #expect(stream.host == "example.org:81")
    }

    @Test(arguments: [1, 2, 3, 7, 1_000])
    func `a whole session is the same in any split`(pieces: Int) {
        connection.open(for: recorder)
        queue.flush()
        stream.upgrade(pieces: pieces)
        stream.text("héllo", pieces: pieces)
        stream.binary(Array(repeating: 9, count: 300), pieces: pieces)
        stream.deliver(WebSocketFrame.framed(.ping, [1, 2].span), pieces: pieces)
        queue.flush()
        #expect(
            recorder.told == ["opened", "text héllo", "binary \(Array(repeating: 9, count: 300))", "ping"])
        #expect(stream.takeSent() == [.pong([1, 2])])
    }

    @Test func `bytes that follow the 101 in one read are messages`() {
        connection.open(for: recorder)
        queue.flush()
        let handshake = stream.head.flatMap { try? WebSocketHandshake.check($0) }
        let answer = handshake?.response() ?? []
        stream.deliver(answer + WebSocketFrame.framed(.text, Array("x".utf8).span))
        #expect(recorder.told == ["opened", "text x"])
    }

    @Test func `everything of a turn goes out in one write`() {
        open()
        let before = stream.sendCount
        connection.send(text: Array("a".utf8))
        connection.send(binary: [1])
        connection.send(binary: Array(repeating: 5, count: 70_000))
        #expect(stream.sendCount == before)
        queue.flush()
        #expect(stream.sendCount == before + 1)
        #expect(stream.takeSent() == [.text("a"), .binary([1]), .binary(Array(repeating: 5, count: 70_000))])
        #expect(traffic.bytesOut > 70_000)
        #expect(traffic.bytesIn > 0)
    }

    @Test func `what a blocked stream cannot take goes out when it drains`() {
        open()
        stream.isBlocked = true
        connection.send(text: Array("a".utf8))
        queue.flush()
        #expect(stream.takeSent() == [])
        stream.isBlocked = false
        stream.handler?.streamDrained(stream)
        queue.flush()
        #expect(stream.takeSent() == [.text("a")])
    }

    @Test func `a server that does not read ends the connection at a bound`() {
        open()
        stream.isBlocked = true
        for _ in 0..<300 { connection.send(binary: Array(repeating: 0, count: 1_000)) }
        queue.flush()
        #expect(recorder.told == ["opened", "closed - the server does not read"])
        #expect(stream.closed == .afterSending)
    }

    @Test(arguments: [
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: wrong\r\n\r\n",
        "no HTTP at all\r\n\r\n",
    ])
    func `any answer but the right 101 ends it`(answer: String) {
        connection.open(for: recorder)
        queue.flush()
        stream.deliver(Array(answer.utf8))
        queue.flush()
        #expect(recorder.told.count == 1)
        #expect(recorder.told.first?.hasPrefix("closed -") == true)
        #expect(stream.closed != nil)
    }

    @Test func `the server's close frame is answered with its code and told once`() {
        open()
        stream.closeFrame(4003, "kicked")
        queue.flush()
        stream.drop()
        #expect(recorder.told == ["opened", "closed 4003 kicked"])
        #expect(stream.takeSent() == [.close(4003)])
        #expect(stream.closed == .afterSending)
    }

    @Test func `a close of ours waits for the server's`() {
        open()
        connection.close(code: 1000)
        connection.send(text: Array("late".utf8))
        queue.flush()
        #expect(stream.takeSent() == [.close(1000)])
        #expect(recorder.told == ["opened"])
        stream.text("still read")
        stream.closeFrame(1000)
        queue.flush()
        #expect(stream.takeSent() == [])
        #expect(recorder.told == ["opened", "text still read", "closed 1000 "])
    }

    @Test func `a masked frame from a server is answered with 1002`() {
        open()
        var frame: [UInt8] = []
        WebSocketFrame.append(.text, Array("x".utf8).span, to: &frame, mask: 1)
        stream.deliver(frame)
        queue.flush()
        #expect(stream.takeSent() == [.close(1002)])
        #expect(recorder.told.last?.hasPrefix("closed -") == true)
    }

    @Test func `an end without a close frame is told once`() {
        open()
        stream.handler?.streamEnded(stream)
        stream.drop()
        #expect(recorder.told == ["opened", "closed - the server ended the connection"])
    }

    // MARK: permessage-deflate (RFC 7692 §7.1)

    /// A connection that offers compression, with its request on the way.
    private func offering(_ deflate: PermessageDeflate = PermessageDeflate()) -> WebSocketClient {
        var compression = ClientCompression(pool: DeflatePool())
        compression.deflate = deflate
        var options = WebSocketClient.Options(target: "/", host: "example.org")
        options.compression = compression
        let connection = WebSocketClient(options, random: SeededRandom(seed: 7), context)
        connection.open(for: recorder)
        queue.flush()
        return connection
    }

    @Test func `compression is not offered unless asked for, and an answer that was not asked for ends it`() {
        connection.open(for: recorder)
        queue.flush()
        #expect(stream.extensions == nil)
        stream.upgrade(answering: "permessage-deflate")
        #expect(recorder.told.count == 1 && recorder.told[0].hasPrefix("closed -"))
    }

    @Test(arguments: [
        (
            PermessageDeflate(),
            PermessageDeflate.Agreement(serverNoContextTakeover: true, clientNoContextTakeover: true)
        ),
        (
            PermessageDeflate(sendsWithoutContext: false, receivesWithoutContext: false),
            PermessageDeflate.Agreement(serverMaxWindowBits: 10, clientMaxWindowBits: 9)
        ),
        (
            PermessageDeflate(receiveWindowBitsMax: 12, receivesWithoutContext: true),
            PermessageDeflate.Agreement(
                serverNoContextTakeover: true, serverMaxWindowBits: 8, clientMaxWindowBits: 15)
        ),
    ])
    func `what is agreed to is spoken both ways`(_ offer: PermessageDeflate, _ agreed: PermessageDeflate.Agreement) {
        let connection = offering(offer)
        #expect(stream.extensions == offer.offer)
        stream.upgrade(extensions: agreed)
        let text = String(repeating: "a tale that is told again. ", count: 20)
        let deflater = MessageDeflater(agreed, role: .server, pool: stream.pool, threshold: 1)
        var frames: [UInt8] = []
        for _ in 0..<3 { deflater.append(.text, Array(text.utf8).span, to: &frames) }
        stream.deliver(frames, pieces: 7)
        #expect(recorder.told == ["opened"] + Array(repeating: "text \(text)", count: 3))
        for _ in 0..<3 { connection.send(text: Array(text.utf8)) }
        connection.send(text: Array(text.utf8), compresses: false)
        connection.send(binary: [1])
        queue.flush()
        #expect(stream.takeSent() == Array(repeating: .text(text), count: 4) + [.binary([1])])
        #expect(traffic.messagesCompressed == 3 && traffic.connectionsCompressed == 1)
    }

    @Test func `a server that does not want compression is spoken to without`() {
        let connection = offering()
        stream.upgrade()
        connection.send(text: Array(repeating: 0x61, count: 1_000))
        queue.flush()
        #expect(stream.takeSent() == [.text(String(repeating: "a", count: 1_000))])
        #expect(recorder.told == ["opened"] && traffic.messagesCompressed == 0 && traffic.connectionsCompressed == 0)
    }

    @Test(arguments: [
        "permessage-deflate", "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=16",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; x=1",
        "permessage-deflate; server_no_context_takeover=1; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10, x-other", "x-other",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=",
    ])
    func `an answer that the offer does not allow fails the handshake`(_ answer: String) {
        _ = offering(PermessageDeflate(receiveWindowBitsMax: 10))
        stream.upgrade(answering: answer)
        queue.flush()
        #expect(recorder.told.count == 1 && recorder.told[0].hasPrefix("closed -"), "\(recorder.told)")
        #expect(stream.closed != nil && traffic.connectionsCompressed == 0)
    }

    @Test func `an abort is at once and not told`() {
        open()
        connection.send(text: Array("lost".utf8))
        connection.abort()
        queue.flush()
        stream.drop()
        #expect(stream.closed == .now)
        #expect(stream.takeSent() == [])
        #expect(recorder.told == ["opened"])
    }
}
