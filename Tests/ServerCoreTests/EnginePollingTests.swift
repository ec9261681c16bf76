import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import ServerCore
import SocketIOCore
import Testing

private let badRequest = #"{"code":3,"message":"Bad request"}"#

@Suite("Engine.IO over long polling (protocol/spec/socketio.md §7)")
struct EnginePollingTests {
    let world = World()

    // MARK: Exchanging

    @Test func `a handshake has the fields of every answer, and the packet 0`() {
        _ = world.serveEcho()
        let client = EngineClient(world)
        let open = """
            0{"sid":"\(client.sid)","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}
            """
        #expect(client.handshake.status == 200 && client.handshake.body == open && client.sid.utf8.count == 20)
        #expect(
            client.handshake.fields == [
                "Content-Type: text/plain; charset=UTF-8", "Vary: Origin", "Cache-Control: no-store",
                "X-Content-Type-Options: nosniff",
            ])
    }

    @Test func `a GET waits for the first packet, and gets all of a turn`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        world.run(.seconds(5))
        #expect(poll.status == nil)
        service.send("a")
        service.sessions[0].send(binary: [1, 2, 3, 4].span)
        service.send("b")
        world.turn()
        #expect(poll.status == 200 && poll.body == "4a\u{1E}bAQIDBA==\u{1E}4b")
    }

    @Test func `packets that wait are taken by the next GET, as many as fit into maxPayload`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        for _ in 0..<3 { service.send(String(repeating: "x", count: 400)) }
        #expect(client.get().body.utf8.count == 2 * 401 + 1)
        #expect(client.get().body.utf8.count == 401)
    }

    @Test func `a POST's packets are taken in order, and it is answered ok`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let post = client.post("4one\u{1E}bAQI=\u{1E}4two\u{1E}6\u{1E}b")
        #expect(
            post.status == 200 && post.body == "ok" && post.fields.first == "Content-Type: text/plain; charset=UTF-8")
        #expect(service.received == ["one", "[1, 2]", "two", "[]"])
        #expect(client.get().body == "4one\u{1E}bAQI=\u{1E}4two\u{1E}b")
    }

    @Test func `the head of a POST is known to who handles its messages`() {
        let service = world.serveEcho()
        _ = EngineClient(world).post("4x")
        #expect(service.sessions[0].requestHead == nil, "and to nobody after it")
    }

    @Test(arguments: ["Content-Type: multipart/form-data; boundary=x", "Content-Type: text/plain; charset=latin1", ""])
    func `a POST of another type is text all the same`(_ field: String) {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let post = field.isEmpty ? client.post("4x") : client.post("4x", field)
        #expect(post.body == "ok" && service.received == ["x"])
    }

    @Test func `a body in chunks is a body`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let stream = world.connect()
        stream.receive(Array("POST \(client.target) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
        for piece in ["2\r\n4h\r\n", "1\r\ni\r\n", "0\r\n\r\n"] { stream.receive(Array(piece.utf8)) }
        world.turn()
        #expect(WebExchange(stream).body == "ok" && service.received == ["hi"])
    }

    // MARK: One GET and one POST at a time (E-01)

    @Test func `a second GET is refused, the first is told the close, and the session is gone`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let first = client.get()
        let others = (0..<50).map { _ in client.get() }
        #expect(first.status == 200 && first.body == "1" && others.allSatisfy { $0.status == 400 })
        #expect(others[0].body == badRequest && others[0].fields.contains("Content-Type: application/json"))
        #expect(client.isForgotten && service.closedCount == 1)
        #expect(world.server.pollingCount == 0)
    }

    @Test func `a second POST while one is under way ends the session, and both get 400`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        let slow = world.connect()
        slow.receive(Array("POST \(client.target) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n4a".utf8))
        #expect(client.post("4b").status == 400)
        slow.receive(Array("bc".utf8))
        world.turn()
        #expect(WebExchange(slow).status == 400 && poll.body == "1" && service.received.isEmpty)
        #expect(service.closedCount == 1 && client.isForgotten)
    }

    @Test func `a GET that the client gives up ends the session`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        client.get().stream.end()
        world.turn()
        #expect(service.closedCount == 1 && client.isForgotten && world.server.pollingCount == 0)
    }

    @Test func `a POST that the client gives up ends the session, and a GET that waits is told`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        let post = world.connect()
        post.receive(Array("POST \(client.target) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n4a".utf8))
        post.cut()
        world.turn()
        #expect(poll.body == "1" && service.closedCount == 1 && client.isForgotten)
    }

    @Test func `a connection that closes between requests changes nothing`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        client.handshake.stream.cut()
        world.turn()
        #expect(client.post("4x").body == "ok" && service.closedCount == 0)
    }

    // MARK: Malformed bodies (E-09, E-10, E-11)

    @Test(arguments: [
        "", "\u{1E}4a", "4a\u{1E}", "abc", "9", "b!!!!", "bAQI", "bAQI==", "b-_-_", "bA QI=", "4a\u{1E}\u{1E}4b", "3",
        "2",
        "2probe",
    ])
    func `a malformed payload is 400 and ends the session`(_ body: String) {
        let service = world.serveEcho()
        let client = EngineClient(world)
        guard body != "3" else {
            #expect(client.post(body).body == "ok", "a pong that nobody asked for means nothing")
            return
        }
        let poll = client.get()
        let post = client.post(body)
        #expect(post.status == 400 && post.body == badRequest && poll.body.hasSuffix("1"))
        #expect(client.isForgotten && service.closedCount == 1 && world.count(.messagesMalformed) == 1)
    }

    @Test func `packets before a malformed one count`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        #expect(client.post("4a\u{1E}x\u{1E}4b").status == 400 && service.received == ["a"])
        #expect(poll.body == "4a\u{1E}1")
    }

    @Test func `a body of bytes is 400 in revision 4`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        #expect(client.post(bytes: Array("4a".utf8)).status == 400 && poll.body == "1" && service.received.isEmpty)
    }

    @Test(arguments: [(256, 200), (257, 400)])
    func `a payload has 256 packets at most`(_ count: Int, _ status: Int) {
        let service = world.serveEcho()
        service.echoes = false
        let client = EngineClient(world)
        let body = Array(repeating: "4", count: count).joined(separator: "\u{1E}")
        #expect(client.post(body).status == status && service.received.count == 256)
    }

    @Test(arguments: [(1_000, 200), (1_001, 413)], [true, false])
    func `a body over maxPayload is 413 and ends the session`(_ bodyAndStatus: (Int, Int), _ isChunked: Bool) {
        let service = world.serveEcho(origins: HTTPOriginRule(origins: ["*"]))
        let client = EngineClient(world)
        let poll = client.get()
        let stream = world.connect()
        let (length, status) = bodyAndStatus
        let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(length)"
        let body = "4" + String(repeating: "x", count: length - 1)
        let chunked = String(length, radix: 16) + "\r\n\(body)\r\n0\r\n\r\n"
        stream.receive(Array("POST \(client.target) HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n".utf8))
        stream.receive(Array((isChunked ? chunked : body).utf8))
        world.turn()
        let post = WebExchange(stream)
        #expect(post.status == status && post.fields.contains("Access-Control-Allow-Origin: *"))
        #expect(service.closedCount == (status == 200 ? 0 : 1))
        #expect(poll.body.utf8.count == (status == 200 ? 1_000 : 1))
    }

    @Test func `a body for nobody may not be longer than any other`() {
        let world = World { $0.bodyBytesMax = 100 }
        _ = world.serveEcho()
        let target = "/engine.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA"
        #expect(world.request("POST", target, body: [UInt8](repeating: 52, count: 101)).status == 413)
        #expect(world.request("POST", target, body: [52]).status == 400)
    }

    // MARK: Compression

    @Test func `row 38, compression: a long answer is packed for who takes it, but not with what may not be`() {
        let world = World { $0.compressionThreshold = 500 }
        let service = world.serveEcho()
        let client = EngineClient(world, fields: ["Accept-Encoding: gzip"])
        let text = String(repeating: "hello ", count: 40)
        func poll(_ count: Int, secret: String? = nil) -> WebExchange {
            for _ in 0..<count { service.send(text) }
            if let secret { service.sessions[0].send(text: Array(secret.utf8).span, compresses: false) }
            return client.get()
        }
        let packed = poll(3)
        #expect(packed.fields.contains("Content-Encoding: gzip") && packed.bytes.count < 100)
        let plain = poll(3, secret: "secret")
        #expect(!plain.fields.contains("Content-Encoding: gzip") && plain.body.hasSuffix("\u{1E}4secret"))
        #expect(poll(3).bytes == packed.bytes, "what comes later is packed again")
        #expect(poll(1).body == "4" + text, "a short one is not")
    }

    // MARK: Heartbeat (E-12)

    @Test func `a ping travels as the answer to a poll, and its pong as a POST`() {
        _ = world.serveEcho()
        let client = EngineClient(world)
        for _ in 0..<3 {
            let poll = client.get()
            world.run(.milliseconds(24_980))
            #expect(poll.status == nil)
            world.run(.milliseconds(40))
            #expect(poll.body == "2")
            #expect(client.post("3").body == "ok")
        }
        world.run(.seconds(44))
        #expect(!client.isForgotten)
    }

    @Test func `who does not poll is gone after interval and timeout`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        world.run(.milliseconds(44_990))
        #expect(service.closedCount == 0)
        world.clock.now = world.clock.now + .milliseconds(10)
        #expect(client.get().status == 400, "at the very instant, however late timers are")
        #expect(service.closedCount == 1 && world.count(.heartbeatsMissed) == 1)
    }

    @Test func `who polls but does not answer is told the close`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        #expect(client.get().status == nil)
        world.run(.milliseconds(25_100))
        let poll = client.get()
        world.run(.seconds(20))
        #expect(poll.body == "1" && service.closedCount == 1 && client.isForgotten)
    }

    @Test func `a ping goes ahead of what waits`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        service.send("a")
        world.run(.milliseconds(25_100))
        #expect(client.get().body == "2\u{1E}4a")
    }

    @Test func `ten thousand pongs that nobody asked for change nothing`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let pongs = Array(repeating: "3", count: 250).joined(separator: "\u{1E}")
        for _ in 0..<40 { _ = client.post(pongs) }
        let poll = client.get()
        world.run(.milliseconds(25_100))
        #expect(poll.body == "2" && service.closedCount == 0)
    }

    // MARK: Bounds (E-13)

    @Test func `more than the outbox holds ends a player's session that does not poll`() {
        let service = world.serveEcho(outboxBytesMax: 1_000)
        let client = EngineClient(world)
        for _ in 0..<10 { service.send(String(repeating: "x", count: 99)) }
        #expect(service.closedCount == 1 && world.count(.slowConsumersClosed) == 1 && client.isForgotten)
    }

    @Test func `where the reader is waited for, a POST is answered once its echoes have been read`() {
        let service = world.serveEcho(outboxBytesMax: 1_000, waitsForReader: true)
        let client = EngineClient(world)
        _ = client.post("4" + String(repeating: "x", count: 900))
        let post = client.post("4" + String(repeating: "y", count: 900))
        #expect(post.status == nil)
        #expect(client.get().body.utf8.count == 901 && post.body == "ok")
        #expect(client.get().body.utf8.count == 901 && service.closedCount == 0)
    }

    @Test func `where the reader is waited for, it has the write time`() {
        let service = world.serveEcho(outboxBytesMax: 1_000, waitsForReader: true)
        let client = EngineClient(world)
        let post = client.post("4" + String(repeating: "x", count: 999))
        #expect(post.status == nil)
        world.run(.milliseconds(10_100))
        #expect(post.body == "ok" && service.closedCount == 1 && world.count(.slowConsumersClosed) == 1)
    }

    @Test func `sessions of one address are limited, and all are gone when none of them polls`() {
        let world = World { $0.admission.connectionsPerAddressMax = 5 }
        let service = world.serveEcho()
        let far = PeerAddress(ipv4: 0x0A00_0001, port: 1)
        for index in 0..<8 {
            let client = EngineClient(world, peer: far)
            client.handshake.stream.cut()
            #expect(client.handshake.status == (index < 5 ? 200 : 503))
        }
        #expect(world.count(.pollingsRefused) == 3 && world.server.pollingCount == 5)
        world.run(.milliseconds(45_100))
        #expect(service.closedCount == 5 && world.server.pollingCount == 0)
    }

    @Test func `a player that joins nothing is gone after ten seconds`() {
        let client = EngineClient(world, path: "/socket.io/")
        let poll = client.get()
        world.run(.milliseconds(10_100))
        #expect(poll.body == "1" && world.count(.joinTimeouts) == 1 && client.isForgotten)
    }

    // MARK: Latest wins

    @Test func `of what only the latest matters, one waits for the next GET`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let frames = MessageFrames(text: Array("s".utf8).span)
        let session = service.sessions[0]
        let first = session.sendLatest(frames)
        let second = session.sendLatest(frames)
        #expect(first && !second)
        #expect(client.get().body == "4s" && service.drainedCount == 1)
        let poll = client.get()
        let third = session.sendLatest(frames)
        #expect(third)
        world.turn()
        #expect(poll.body == "4s")
    }

    // MARK: Closing

    @Test func `the client's close packet is answered ok, and its poll a noop`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        #expect(client.post("1").body == "ok" && poll.body == "6" && client.isForgotten)
        #expect(service.closedCount == 1 && service.sessions[0].closeCode == 1000)
    }

    @Test func `a session that the author closes tells the poll that waits`() {
        let service = world.serveEcho()
        service.echoes = false
        let client = EngineClient(world)
        let poll = client.get()
        #expect(client.post("4close\u{1E}4more").body == "ok")
        #expect(poll.body == "1" && client.isForgotten && service.received == ["close"])
    }

    @Test func `without a poll the close waits half a minute for one`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        service.sessions[0].close(code: 1000, reason: "")
        #expect(service.closedCount == 1)
        #expect(client.post("4x").body == "ok" && service.received.isEmpty)
        #expect(client.webSocket().status == 400)
        world.run(.seconds(29))
        #expect(client.get().body == "6\u{1E}1" && client.isForgotten)
        let late = EngineClient(world)
        service.send("x")
        service.sessions[1].close(code: 1000, reason: "")
        world.run(.milliseconds(30_100))
        #expect(late.isForgotten && world.server.pollingCount == 0)
    }

    @Test(arguments: [false, true])
    func `what was said before a close has a payload of its own, so that clients hear it`(waits: Bool) {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = waits ? client.get() : nil
        service.send("bye")
        service.sessions[0].close(code: 1000, reason: "")
        world.turn()
        #expect((poll ?? client.get()).body == "4bye" && world.server.pollingCount == 1)
        #expect(client.get().body == "6\u{1E}1" && client.isForgotten && world.server.pollingCount == 0)
    }

    @Test func `a POST that crosses the end is answered ok and dropped, until a poll has been told`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        // Its head has come before the end, and its body after it.
        let slow = world.connect()
        slow.receive(Array("POST \(client.target) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n4a".utf8))
        service.send("bye")
        service.sessions[0].close(code: 1000, reason: "")
        slow.receive(Array("bc".utf8))
        world.turn()
        #expect(poll.body == "4bye" && WebExchange(slow).body == "ok")
        // The answer to the ping before it, which the client has sent as it had not heard the end yet.
        let pong = client.post("3")
        #expect(pong.status == 200 && pong.body == "ok" && client.post("x").body == "ok", "nobody reads it")
        #expect(client.webSocket().status == 400 && service.received.isEmpty && service.closedCount == 1)
        #expect(client.get().body == "6\u{1E}1" && client.post("3").status == 400)
        #expect(world.count(.messagesMalformed) == 0)
    }

    @Test(arguments: [0, 1, 100])
    func `a shutdown tells every poll that waits (E-17)`(_ count: Int) {
        let world = World()
        let service = world.serveEcho()
        let idle = EngineClient(world)
        let polls = (0..<count).map { _ in EngineClient(world).get() }
        world.server.drain()
        world.server.closeAll()
        world.turn()
        #expect(polls.allSatisfy { $0.body == "1" } && service.closedCount == count + 1)
        world.turn()
        #expect(idle.isForgotten && world.server.pollingCount == 0)
    }
}
