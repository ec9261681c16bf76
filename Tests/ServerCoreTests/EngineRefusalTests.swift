import ByteKit
import Determinism
import Foundation
import HTTPCore
import HTTPTypes
import ServerCore
import SocketIOCore
import Testing

@Suite("Engine.IO: refusals, origins and cookies (protocol/spec/socketio.md §9–11)")
struct EngineRefusalTests {
    let world = World()

    private func json(_ code: Int) -> String {
        let messages = [
            "Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
            "Unsupported protocol version",
        ]
        return "{\"code\":\(code),\"message\":\"\(messages[code])\"}"
    }

    private func ask(
        _ query: String, _ method: String = "GET", _ fields: String..., path: String = "/engine.io/"
    ) -> WebExchange {
        world.request(method, "\(path)?\(query)", fields: fields)
    }

    @Test(arguments: [
        ("GET", "EIO=4", 0), ("GET", "EIO=4&transport=abc", 0), ("GET", "EIO=4&transport=webtransport", 0),
        ("GET", "EIO=4&transport=polling&sid=abc", 1), ("POST", "EIO=4&transport=polling", 2),
        ("PUT", "EIO=4&transport=polling", 2), ("OPTIONS", "EIO=4&transport=polling", 2),
        ("GET", "EIO=4&transport=websocket", 3), ("GET", "EIO=4&EIO=4&transport=polling", 3),
        ("GET", "EIO=4&transport=polling&transport=polling", 3), ("GET", "transport=polling", 5),
        ("GET", "EIO=3&transport=polling", 5), ("GET", "EIO=5&transport=polling", 5),
        ("GET", "EIO=abc&transport=polling", 5), ("GET", "EIO=4&transport=polling&j=0", 3),
        ("GET", "EIO=4&transport=polling&j=%3Cscript%3E", 3), ("GET", "EIO=%zz&transport=polling", 3),
    ])
    func `each fault has its code, as JSON that repeats nothing`(_ method: String, _ query: String, _ code: Int) {
        let service = world.serveEcho()
        let answer = ask(query, method)
        #expect(answer.status == 400 && answer.body == json(code))
        #expect(
            answer.fields == [
                "Content-Type: application/json", "Vary: Origin", "Cache-Control: no-store",
                "X-Content-Type-Options: nosniff",
            ])
        #expect(world.count(.handshakesRefused) == 1 && service.sessions.isEmpty && world.server.pollingCount == 0)
    }

    @Test(arguments: [
        ("EIO=4&transport=abc", "Transport unknown"), ("EIO=5&transport=websocket", "Unsupported protocol version"),
        ("EIO=4&transport=websocket&sid=x", "Session ID unknown"), ("EIO=4&transport=polling", "Bad request"),
    ])
    func `a WebSocket is refused in words, before it is one`(_ query: String, _ message: String) {
        _ = world.serveEcho()
        let client = Client(world, "/engine.io/?\(query)")
        let text = String(decoding: client.stream.sent, as: UTF8.self)
        #expect(client.status == 400 && text.hasSuffix("\r\n\r\n\(message)") && client.stream.isClosed)
        #expect(text.contains("Content-Type: text/plain; charset=UTF-8\r\n"))
    }

    @Test(arguments: [
        "__proto__", "constructor", "toString", "hasOwnProperty", "", "null", "undefined", "0", "%00", "%F0%9F%8E%AE",
        "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAA", "%E2%84%AAAAAAAAAAAAAAAAAAAA", "valueOf", "%2e%2e", "x%0d%0aA:%20b",
    ])
    func `no id of a client's is adopted or found (E-03, E-07)`(_ sid: String) {
        _ = world.serveEcho()
        #expect(ask("EIO=4&transport=polling&sid=\(sid)").body == json(1))
        #expect(ask("EIO=4&transport=polling&sid=\(sid)", "POST").body == json(1))
        #expect(Client(world, "/engine.io/?EIO=4&transport=websocket&sid=\(sid)").status == 400)
        #expect(ask("EIO=4&transport=polling&sid=" + String(repeating: "A", count: 4_096)).body == json(1))
    }

    @Test func `who goes on guessing ids is answered 429 and cut off, and who is honest is not (E-02)`() {
        let guesser = PeerAddress(ipv4: 0xCB00_7101, port: 40_000)
        let neighbour = PeerAddress(ipv4: 0xCB00_7102, port: 40_000)
        _ = world.serveEcho()
        let client = EngineClient(world, peer: guesser)
        func guess(_ peer: PeerAddress, _ transport: String = "polling", _ fields: String...) -> WebExchange {
            let query = "EIO=4&transport=\(transport)&sid=AAAAAAAAAAAAAAAAAAAA"
            return world.request("GET", "/engine.io/?\(query)", fields: fields, peer: peer)
        }
        for _ in 0..<20 {
            let answer = guess(guesser)
            #expect(answer.status == 400 && answer.body == json(1) && !answer.stream.isClosed)
            answer.stream.cut()
        }
        #expect(world.count(.sessionGuessesRefused) == 0)
        let refused = guess(guesser)
        #expect(refused.status == 429 && refused.body == json(1) && refused.stream.isClosed)
        #expect(refused.fields.first == "Retry-After: 60" && refused.fields.last == "Content-Type: application/json")
        let upgrade = guess(guesser, "websocket", "Upgrade: websocket", "Connection: Upgrade")
        #expect(upgrade.status == 429 && upgrade.body == "Session ID unknown" && upgrade.stream.isClosed)
        #expect(world.count(.sessionGuessesRefused) == 2)
        let poll = world.request("POST", client.target, body: Array("4hello".utf8), peer: guesser)
        #expect(poll.status == 200, "a session that is there is served all the same")
        #expect(guess(neighbour).status == 400 && guess(.test).status == 400)
        world.run(.seconds(3))
        #expect(guess(guesser).status == 400 && guess(guesser).status == 429, "20 a minute")
    }

    @Test func `guesses are counted for whom a listed proxy names, and this machine's own are not`() {
        let proxied = World { $0.admission.proxies = [AddressRange("203.0.113.9")].compactMap(\.self) }
        _ = proxied.serveEcho()
        let proxy = PeerAddress(ipv4: 0xCB00_7109, port: 40_000)
        let statuses = (0..<25).map { number in
            proxied.request(
                "GET", "/engine.io/?EIO=4&transport=polling&sid=x",
                fields: ["X-Forwarded-For: 198.51.100.\(number % 2)"],
                peer: proxy
            ).status
        }
        #expect(statuses.allSatisfy { $0 == 400 })
        let more = (0..<20).map { _ in
            proxied.request(
                "GET", "/engine.io/?EIO=4&transport=polling&sid=x", fields: ["X-Forwarded-For: 198.51.100.1"],
                peer: proxy
            ).status
        }
        #expect(more.count { $0 == 400 } == 8 && more.last == 429)
        let own = (0..<25).map { _ in proxied.request("GET", "/engine.io/?EIO=4&transport=polling&sid=x").status }
        #expect(own.allSatisfy { $0 == 400 })
    }

    @Test func `a session of one path is unknown at another`() {
        _ = world.serveEcho()
        let client = EngineClient(world)
        #expect(ask("EIO=4&transport=polling&sid=\(client.sid)", path: "/socket.io/").body == json(1))
    }

    @Test(arguments: [("", 3), ("EIO=3", 3), ("EIO=5", 3), ("EIO=4&EIO=4", 3)])
    func `the revision is that of the handshake, on every request (E-06)`(_ query: String, _ code: Int) {
        _ = world.serveEcho()
        let client = EngineClient(world)
        let rest = "\(query)&sid=\(client.sid)&transport="
        #expect(ask(rest + "polling").body == json(code) && ask(rest + "polling", "POST").body == json(code))
        #expect(Client(world, "/engine.io/?\(rest)websocket").status == 400)
        #expect(client.get().status == nil, "and the session is none the worse")
    }

    @Test func `transports that are not allowed are unknown`() {
        _ = world.serveEcho(EnginePolicy(transports: [.polling]))
        let client = EngineClient(world)
        #expect(client.handshake.body.contains("\"upgrades\":[]") && client.webSocket().status == 400)
        let other = World { $0.engineTransports = [.websocket] }
        #expect(EngineClient(other, path: "/socket.io/").handshake.body == json(0))
    }

    @Test func `a session on a WebSocket takes no polls (E-04)`() {
        let service = world.serveEcho()
        let socket = Client(world, "/engine.io/?EIO=4&transport=websocket")
        guard case .text(let open)? = socket.received.first else {
            Issue.record("no handshake")
            return
        }
        let sid = String(open.dropFirst(9).prefix(20))
        #expect(open.contains("\"upgrades\":[]"))
        #expect(ask("EIO=4&transport=polling&sid=\(sid)").body == json(3))
        #expect(ask("EIO=4&transport=polling&sid=\(sid)", "POST").body == json(3))
        socket.send(text: "bAQI=")
        #expect(socket.received.last == .binary([1, 2]) && service.received == ["[1, 2]"])
        socket.send(text: "1")
        #expect(socket.closeCode == 1000 && ask("EIO=4&transport=polling&sid=\(sid)").body == json(1))
    }

    @Test func `the author may refuse a handshake`() {
        var hooks = EndpointHooks()
        hooks.check = { exchange, done in done(exchange.head.query.contains("deny") ? HandshakeRefusal() : nil) }
        _ = world.serveEcho(hooks: hooks)
        let answer = ask("EIO=4&transport=polling&deny=1")
        #expect(answer.status == 403 && answer.body == json(4))
        #expect(Client(world, "/engine.io/?EIO=4&transport=websocket&deny").status == 403)
        #expect(EngineClient(world).handshake.status == 200)
    }

    // MARK: Origins (E-05)

    @Test func `a foreign page is refused on every request`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let sid = "EIO=4&sid=\(client.sid)&transport="
        let evil = "Origin: https://evil.example"
        for (query, method) in [
            ("EIO=4&transport=polling", "GET"), (sid + "polling", "GET"), (sid + "polling", "POST"),
            (sid + "polling", "OPTIONS"),
        ] {
            let answer = ask(query, method, evil, "Access-Control-Request-Method: POST")
            #expect(answer.status == 403 && answer.body == json(4), "\(method) \(query)")
            #expect(!answer.fields.contains { $0.hasPrefix("Access-Control-Allow") })
        }
        for query in [sid + "websocket", "EIO=4&transport=websocket"] {
            #expect(Client(world, "/engine.io/?\(query)", fields: evil + "\r\n").status == 403)
        }
        let socket = client.webSocket()
        socket.send(text: "2probe")
        socket.send(text: "5")
        #expect(ask(sid + "polling", "GET", evil).status == 403 && service.sessions.count == 1)
    }

    @Test func `two origins, or one with other bytes, are a bad request`() {
        _ = world.serveEcho(origins: HTTPOriginRule(origins: ["*"]))
        let query = "EIO=4&transport=polling"
        #expect(ask(query, "GET", "Origin: http://a", "Origin: http://a").body == json(3))
        #expect(ask(query, "GET", "Origin: http://a b").body == json(3))
    }

    @Test func `answers of all kinds let a listed page read them`() {
        _ = world.serveEcho(origins: HTTPOriginRule(origins: ["https://a.example"], allowsCredentials: true))
        let client = EngineClient(world, fields: ["Origin: https://a.example"])
        let expected = [
            "Vary: Origin", "Access-Control-Allow-Origin: https://a.example", "Access-Control-Allow-Credentials: true",
            "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
        ]
        let poll = client.get()
        let post = client.post("4x")
        let error = ask("EIO=4&transport=abc", "GET", "Origin: https://a.example")
        for answer in [client.handshake, poll, post, error] {
            #expect(Array(answer.fields.dropFirst()) == expected)
        }
        let socket = String(decoding: client.webSocket().stream.sent, as: UTF8.self)
        #expect(socket.contains("Access-Control-Allow-Origin: https://a.example\r\n"))
    }

    @Test func `a preflight is answered 204 with what it asked for`() {
        _ = world.serveEcho(origins: HTTPOriginRule(origins: ["*"]))
        let answer = ask(
            "EIO=4&transport=polling", "OPTIONS", "Origin: https://a.example", "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: content-type, x-mine")
        #expect(answer.status == 204 && answer.body.isEmpty)
        #expect(
            answer.fields.sorted() == [
                "Access-Control-Allow-Headers: content-type, x-mine", "Access-Control-Allow-Methods: GET, POST",
                "Access-Control-Allow-Origin: *", "Access-Control-Max-Age: 600", "Cache-Control: no-store",
                "Vary: Access-Control-Request-Headers", "X-Content-Type-Options: nosniff",
            ])
    }

    // MARK: Cookies (E-04, E-15)

    private func cookie(of answer: String) -> String? {
        answer.components(separatedBy: "\r\n").first { $0.hasPrefix("Set-Cookie: ") }.map { String($0.dropFirst(12)) }
    }

    @Test func `every further request must show the cookie, exactly once`() throws {
        let service = world.serveEcho(cookie: EngineCookie())
        let client = EngineClient(world)
        let field = try #require(client.handshake.fields.first { $0.hasPrefix("Set-Cookie") })
        let value = String(field.dropFirst("Set-Cookie: io=".count).prefix(20))
        #expect(field == "Set-Cookie: io=\(value); Path=/; HttpOnly; SameSite=Lax" && value != client.sid)
        let query = "EIO=4&transport=polling&sid=\(client.sid)"
        for fields in [[], ["Cookie: io=\(client.sid)"], ["Cookie: io=\(value); io=\(value)"]] {
            for method in ["GET", "POST"] {
                let answer = world.request(method, "/engine.io/?\(query)", fields: fields)
                #expect(answer.status == 403 && answer.body == json(4))
            }
        }
        #expect(client.webSocket().status == 403)
        let right = world.request(
            "POST", "/engine.io/?\(query)", fields: ["Cookie: a=b; io=\(value)"], body: Array("4x".utf8))
        #expect(right.body == "ok" && service.received == ["x"])
        #expect(!right.fields.contains { $0.hasPrefix("Set-Cookie") }, "it is set once")
    }

    @Test func `row 35, cookie: a WebSocket handshake sets it, too, with name, path and age as chosen`() {
        _ = world.serveEcho(
            cookie: EngineCookie(name: "mine", path: "/game", maxAgeSeconds: 60, sameSite: .strict),
            fields: [.setCookie: "2=2; Path=/"])
        let socket = Client(world, "/engine.io/?EIO=4&transport=websocket")
        let text = String(decoding: socket.stream.sent.prefix(1_000), as: UTF8.self)
        let field = cookie(of: text) ?? ""
        #expect(field.hasPrefix("mine=") && field.hasSuffix("; Max-Age=60; Path=/game; HttpOnly; SameSite=Strict"))
        #expect(text.contains("Set-Cookie: 2=2; Path=/\r\n"))
    }

    @Test func `over TLS the cookie is Secure`() {
        _ = world.serveEcho(cookie: EngineCookie())
        let stream = FakeStream()
        world.server.accept(stream, peer: .test, isSecure: true)
        stream.receive(Array("GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        world.turn()
        #expect(cookie(of: String(decoding: stream.sent, as: UTF8.self))?.hasSuffix("; Secure; SameSite=Lax") == true)
        stream.cut()
    }

    @Test func `players get a cookie when the settings say so`() {
        let world = World { $0.setsSessionCookie = true }
        let client = EngineClient(world, path: "/socket.io/")
        #expect(client.handshake.fields.contains { $0.hasPrefix("Set-Cookie: io=") } && client.get().status == 403)
    }

    @Test func `ids are all different, and use their whole alphabet (E-02)`() {
        var random = SeededRandom(seed: 7)
        var ids: Set<String> = []
        var letters: [Character: Int] = [:]
        for _ in 0..<20_000 {
            let bytes = (0..<EngineID.randomByteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let id = EngineID.make(from: bytes)
            ids.insert(id)
            for letter in id { letters[letter, default: 0] += 1 }
        }
        #expect(ids.count == 20_000 && letters.count == 64)
        #expect(letters.values.allSatisfy { (5_600...6_900).contains($0) })
    }
}
