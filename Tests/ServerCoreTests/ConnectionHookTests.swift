import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import ServerCore
import Testing
import WebSocketCore

@Suite("Hooks of connections, and what is seen of them (reference checklist rows 10, 14, 17, 31, 36 and 43)")
struct ConnectionHookTests {
    let world = World()

    /// Puts an echo with hooks at `/engine.io/` and at `/ws`.
    @discardableResult
    private func serve(
        origins: HTTPOriginRule = HTTPOriginRule(), _ adjust: (inout EndpointHooks) -> Void
    ) -> (engine: EchoService, plain: EchoService) {
        var hooks = EndpointHooks()
        adjust(&hooks)
        let engine = world.serveEcho(origins: origins, hooks: hooks)
        let plain = EchoService()
        let limits = SessionLimits(
            messageBytesMax: 1_000, fragmentsMax: 8, outboxBytesMax: 1_000, messagesPerSecond: nil,
            waitsForReader: true, heartbeatInterval: .seconds(25), heartbeatTimeout: .seconds(20))
        world.server.endpoints["/ws"] = .webSocket(
            MessageEndpoint(limits: limits, origins: origins, hooks: hooks, service: plain))
        return (engine, plain)
    }

    private static let polling = "/engine.io/?EIO=4&transport=polling"
    private static let webSocket = "/engine.io/?EIO=4&transport=websocket"

    // MARK: Who may come

    @Test func `row 10, verify: a refusal has a status, words and fields of the author's, on every way in`() {
        let services = serve { hooks in
            hooks.check = { exchange, done in
                let isLate = exchange.head.query.contains("late")
                done(isLate ? HandshakeRefusal("not today", status: .tooManyRequests, fields: [.retryAfter: "3"]) : nil)
            }
        }
        let answer = world.ask(Self.polling + "&late")
        #expect(
            answer.status == 429 && answer.text == #"{"code":4,"message":"not today"}"# && answer["retry-after"] == "3")
        for target in [Self.webSocket + "&late", "/ws?late"] {
            let stream = world.connect()
            stream.receive(Client.request(target))
            world.turn()
            let answer = Answer(stream.sent)
            #expect(answer.status == 429 && answer.text.contains("not today") && answer["retry-after"] == "3")
        }
        #expect(services.engine.sessions.isEmpty && services.plain.sessions.isEmpty)
        #expect(world.count(.handshakesRefused) == 3)
        let client = EngineClient(world, "EIO=4&late=")
        #expect(client.handshake.status == 429)
        let other = EngineClient(world)
        #expect(other.handshake.status == 200)
        #expect(world.request("GET", other.target + "&late").status == nil, "it is asked about handshakes alone")
        #expect(Client(world, "/ws").status == 101)
    }

    @Test func `row 10, verify: a decision may come later, and frames that were sent ahead are not lost`() {
        var waiting: [(HandshakeRefusal?) -> Void] = []
        let services = serve { $0.check = { waiting.append($1) } }
        for (target, service, first) in [("/ws", services.plain, "hi"), (Self.webSocket, services.engine, "4hi")] {
            let client = Client(world, target)
            #expect(client.status == nil && service.sessions.isEmpty)
            client.stream.receive(client.frame(.text, Array(first.utf8)))
            world.turn()
            waiting.removeFirst()(nil)
            world.turn()
            #expect(client.received.contains(.text(first)) && client.status == 101 && service.sessions.count == 1)
            client.send(text: first)
            #expect(client.received.count { $0 == .text(first) } == 2)
        }
        let polling = EngineClient(world)
        #expect(polling.handshake.status == nil)
        waiting[0](nil)
        waiting[0](HandshakeRefusal("too late"))
        world.turn()
        #expect(polling.handshake.status == 200 && services.engine.sessions.count == 2)
    }

    @Test func `row 10, verify: whoever has gone meanwhile, or is never decided about, costs nothing`() {
        var waiting: [(HandshakeRefusal?) -> Void] = []
        let services = serve { $0.check = { waiting.append($1) } }
        let gone = Client(world, "/ws")
        gone.stream.cut()
        waiting[0](nil)
        let patient = [Client(world, "/ws"), Client(world, Self.webSocket)]
        let polling = world.request("GET", Self.polling)
        world.run(.seconds(11))
        #expect(patient.map { client in client.reading { client.status } } == [503, 503] && polling.status == 503)
        for decide in waiting { decide(nil) }
        world.turn()
        #expect(services.plain.sessions.isEmpty && services.engine.sessions.isEmpty)
    }

    @Test func `row 10, verify: a server that closes lets nobody in any more`() {
        var waiting: [(HandshakeRefusal?) -> Void] = []
        let services = serve { $0.check = { waiting.append($1) } }
        let client = Client(world, "/ws")
        world.server.closeAll()
        waiting[0](nil)
        world.turn()
        #expect(client.reading { client.status } == 503 && services.plain.sessions.isEmpty)
    }

    // MARK: What is refused

    @Test func `row 31, connection_error: each refusal is told, with its request, number, words and context`() {
        var faults: [String] = []
        serve(origins: HTTPOriginRule(origins: ["https://a.example"])) { hooks in
            hooks.check = { exchange, done in done(exchange.head.query.contains("no") ? HandshakeRefusal("No.") : nil) }
            hooks.refused = { exchange, fault in
                faults.append(
                    "\(exchange.head.path) \(fault.code) \(fault.message) \(JSONValue.object(fault.context).text)")
            }
        }
        func fault(_ method: String, _ query: String, _ fields: String...) -> String {
            faults = []
            _ = world.request(method, "/engine.io/?\(query)", fields: fields)
            return faults.count == 1 ? String(faults[0].dropFirst("/engine.io/ ".count)) : "\(faults)"
        }
        let client = EngineClient(world)
        let moved = Client(world, Self.webSocket)
        let text = if case .text(let text)? = moved.received.first { text } else { "" }
        let sid = JSONValue.of(String(text.dropFirst()))["sid"]?.string ?? ""
        #expect(fault("GET", "EIO=4&transport=udp") == #"0 Transport unknown {"transport":"udp"}"#)
        #expect(fault("GET", "EIO=4") == #"0 Transport unknown {"transport":null}"#)
        #expect(fault("GET", "EIO=4&transport=polling&sid=x") == #"1 Session ID unknown {"sid":"x"}"#)
        #expect(fault("PUT", "EIO=4&transport=polling") == #"2 Bad handshake method {"method":"PUT"}"#)
        #expect(fault("GET", "EIO=3&transport=polling") == #"5 Unsupported protocol version {"protocol":"3"}"#)
        #expect(fault("GET", "EIO=4&transport=websocket") == #"3 Bad request {"name":"TRANSPORT_HANDSHAKE_ERROR"}"#)
        #expect(
            fault("GET", "EIO=4&transport=polling", "Origin: a b")
                == #"3 Bad request {"name":"INVALID_ORIGIN","origin":"a b"}"#)
        #expect(
            fault("GET", "EIO=4&transport=polling&sid=\(sid)")
                == #"3 Bad request {"name":"TRANSPORT_MISMATCH","transport":"polling","previousTransport":"websocket"}"#
        )
        #expect(fault("GET", "EIO=4&transport=polling&no") == #"4 No. {"message":"No."}"#)
        #expect(fault("PUT", "EIO=4&transport=polling&sid=\(client.sid)") == "3 Bad request {}")
        faults = []
        #expect(Client(world, "/ws", fields: "Origin: https://b.example\r\n").status == 403)
        #expect(world.ask("/ws").status == 426 && Client(world, "/ws?no").status == 403)
        #expect(faults.map { String($0.prefix(5)) } == ["/ws 4", "/ws 3", "/ws 4"])
    }

    // MARK: Fields

    @Test func `row 36, fields: those of handshakes are on their answers alone, and those of answers on all`() {
        serve(origins: HTTPOriginRule(origins: ["https://a.example"])) { hooks in
            hooks.handshakeFields = { _ in [.setCookie: "first=1"] }
            hooks.answerFields = { [.server: "S \($0.head.method.rawValue)"] }
        }
        func fields(_ exchange: WebExchange) -> [String] {
            exchange.fields.filter { $0.hasPrefix("Set-Cookie") || $0.hasPrefix("Server") }
        }
        let client = EngineClient(world)
        #expect(fields(client.handshake) == ["Server: S GET", "Set-Cookie: first=1"])
        let poll = client.get()
        #expect(fields(client.post("4hi")) == ["Server: S POST"] && fields(poll) == ["Server: S GET"])
        #expect(fields(world.request("GET", "/engine.io/?EIO=4")) == ["Server: S GET"])
        for (target, cookie) in [("/ws", true), (Self.webSocket, true), (Self.webSocket + "&sid=\(client.sid)", false)]
        {
            let stream = world.connect()
            stream.receive(Client.request(target))
            world.turn()
            let answer = Answer(stream.sent)
            #expect(
                answer.status == 101 && answer["server"] == "S GET" && (answer["set-cookie"] == "first=1") == cookie)
        }
        #expect(world.ask("/ws")["server"] == nil && world.ask("/ws", "Origin: https://b.example").status == 426)
    }

    // MARK: What is seen

    @Test func `row 43, round trip: the time between the last ping and its pong, on every kind of session`() throws {
        let services = serve { _ in }
        let (plain, engine) = (Client(world, "/ws"), Client(world, Self.webSocket))
        let sessions = try [#require(services.plain.sessions.first), #require(services.engine.sessions.first)]
        #expect(sessions.map(\.roundTripTime) == [nil, nil])
        for (round, milliseconds) in [30, 250].enumerated() {
            while engine.received.count(where: { $0 == .text("2") }) == round { world.run(.milliseconds(100)) }
            let waited = world.clock.now
            world.clock.now = waited + .milliseconds(milliseconds)
            plain.send(.pong, [])
            engine.send(text: "3")
            let times = sessions.compactMap(\.roundTripTime)
            #expect(times.count == 2 && times.allSatisfy { $0 >= .milliseconds(milliseconds) })
            #expect(times.allSatisfy { $0 < .milliseconds(milliseconds + 200) })
        }
    }

    @Test func `row 14, buffered amount: what waits for a client that does not read`() throws {
        let services = serve { _ in }
        let client = Client(world, "/ws")
        let session = try #require(services.plain.sessions.first)
        client.stream.stalls = true
        services.plain.send("first")
        world.turn()
        #expect(session.queuedBytes == 0, "the stream has it")
        services.plain.send("second")
        #expect(session.queuedBytes == 8)
        client.stream.drain()
        world.turn()
        #expect(session.queuedBytes == 0 && services.plain.drainedCount == 1)
    }

    @Test func `row 17, pause: nothing is read, nobody is thought dead, and then all goes on`() throws {
        let services = serve { _ in }
        let client = Client(world, "/ws")
        let session = try #require(services.plain.sessions.first)
        world.run(.seconds(26))
        #expect(client.pings == 1)
        session.pauseReading()
        session.pauseReading()
        #expect(client.stream.isPaused)
        client.stream.stalls = true
        services.plain.send("x")
        world.run(.seconds(5))
        client.stream.drain()
        world.run(.seconds(300))
        #expect(client.stream.isPaused && client.closeCode == nil && client.pings == 1)
        session.resumeReading()
        #expect(!client.stream.isPaused)
        world.run(.seconds(19))
        #expect(client.closeCode == nil, "the pong has all its time anew")
        client.send(.pong, [])
        client.send(text: "on")
        #expect(client.received.last == .text("on"))
        world.run(.seconds(60))
        #expect(client.closeCode == 4005)
    }

    @Test func `row 17, pause: a close of ours is seen to its end all the same`() throws {
        let services = serve { _ in }
        let client = Client(world, "/ws")
        let session = try #require(services.plain.sessions.first)
        session.pauseReading()
        session.close(code: 1000, reason: "bye")
        world.turn()
        #expect(!client.stream.isPaused && client.closeCode == 1000)
        client.sendClose(1000)
        #expect(client.stream.isClosed || client.stream.closing != nil)
        session.resumeReading()
        session.pauseReading()
        world.run(.seconds(10))
        #expect(world.count(.closeTimeouts) == 0)
    }
}
