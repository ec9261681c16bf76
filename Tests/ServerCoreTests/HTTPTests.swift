import Determinism
import Foundation
import ServerCore
import Testing

@Suite("HTTP: what is answered without a WebSocket")
struct HTTPTests {
    /// Sends a request and returns the answer, head and body.
    private func answer(_ world: World, _ lines: String...) -> String {
        let stream = world.connect()
        stream.receive(Array((lines + ["", ""]).joined(separator: "\r\n").utf8))
        world.turn()
        return String(decoding: stream.sent, as: UTF8.self)
    }

    private func status(_ answer: String) -> String {
        String(answer.split(separator: "\r\n").first?.dropFirst(9).prefix(3) ?? "")
    }

    @Test func `health is 200, and 503 once the server drains`() {
        let world = World()
        let healthy = answer(world, "GET /health HTTP/1.1", "Host: a")
        #expect(status(healthy) == "200" && healthy.hasSuffix("\r\n\r\nok\n"))
        world.server.drain()
        #expect(status(answer(world, "GET /health HTTP/1.1", "Host: a")) == "503")
    }

    @Test func `a HEAD is answered without a body`() {
        let head = answer(World(), "HEAD /health HTTP/1.1", "Host: a")
        #expect(status(head) == "200" && head.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [
        ("GET /nowhere HTTP/1.1", "404"), ("GET /socket.io HTTP/1.1", "404"), ("GET /lobby/ HTTP/1.1", "404"),
        ("GET /lobby/a%20b HTTP/1.1", "404"), ("POST /health HTTP/1.1", "405"), ("DELETE / HTTP/1.1", "405"),
        ("GET /lobby/x HTTP/1.1", "426"), ("GET / HTTP/1.1", "200"), ("GET /api/lobbies HTTP/1.1", "200"),
        ("GET / HTTP/1.0", "505"), ("GET http://a/ HTTP/1.1", "200"), ("nonsense", "400"), ("GET  / HTTP/1.1", "400"),
        ("GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "200"),
        ("GET /socket.io/?EIO=3&transport=websocket HTTP/1.1", "400"),
        ("GET /socket.io/?EIO=4&transport=websocket&sid=a HTTP/1.1", "400"),
        ("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "400"),
        ("GET /socket.io/?EIO=%zz&transport=websocket HTTP/1.1", "400"),
    ])
    func `each request has its status, and the connection closes when asked`(_ line: String, _ expected: String) {
        let world = World()
        let text = answer(world, line, "Host: a", "Connection: close")
        #expect(status(text) == expected)
        #expect(text.lowercased().contains("close"))
        #expect(world.server.connectionCount == 0)
    }

    @Test func `requests on one connection are answered in their order, and it is kept for fifteen seconds`() {
        let world = World()
        let stream = world.connect()
        let first = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
        stream.receive(Array((first + "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + first).utf8))
        world.turn()
        let statuses = String(decoding: stream.sent, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").map {
            $0.prefix(3)
        }
        #expect(statuses == ["", "200", "404", "200"])
        world.run(.seconds(14))
        #expect(!stream.isClosed)
        world.run(.seconds(2))
        #expect(stream.isClosed && world.server.connectionCount == 0)
    }

    @Test func `a body that drips for twenty seconds is answered 408, one that is too long 413`() {
        let world = World()
        let slow = world.connect()
        slow.receive(Array("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345".utf8))
        world.run(.seconds(21))
        #expect(status(String(decoding: slow.sent, as: UTF8.self)) == "408" && slow.isClosed)
        #expect(status(answer(world, "POST /health HTTP/1.1", "Host: a", "Content-Length: 65537")) == "413")
    }

    @Test func `who expects it is told to go on before the body`() {
        let world = World()
        let stream = world.connect()
        stream.receive(
            Array("POST /health HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8))
        world.turn()
        #expect(String(decoding: stream.sent, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func `a 405 says what is allowed and a 426 says to what to upgrade`() {
        #expect(answer(World(), "PUT /health HTTP/1.1", "Host: a").contains("Allow: GET, HEAD\r\n"))
        #expect(answer(World(), "GET /lobby/x HTTP/1.1", "Host: a").lowercased().contains("upgrade: websocket\r\n"))
    }

    @Test func `over the connection limit a connection gets 503 and is closed, and counts again once others go`() {
        let world = World { $0.admission.connectionsMax = 2 }
        let first = world.connect()
        let second = world.connect()
        let third = world.connect()
        world.turn()
        #expect(status(String(decoding: third.sent, as: UTF8.self)) == "503" && third.isClosed)
        #expect(!first.isClosed && !second.isClosed && world.server.connectionCount == 2)
        #expect(world.count(.connectionsRefused) == 1)
        first.cut()
        #expect(status(answer(world, "GET /health HTTP/1.1", "Host: a")) == "200")
    }

    @Test func `a head that drips for ten seconds is answered 408`() {
        let world = World()
        let stream = world.connect()
        let head = Array("GET /health HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy".utf8)
        for byte in head.prefix(19) {
            stream.receive([byte])
            world.run(.milliseconds(500))
        }
        #expect(stream.sent.isEmpty && !stream.isClosed)
        world.run(.milliseconds(600))
        #expect(status(String(decoding: stream.sent, as: UTF8.self)) == "408")
        #expect(stream.isClosed && world.server.connectionCount == 0)
        #expect(world.count(.headsRefused) == 1)
    }

    @Test func `a connection that says nothing at all is answered 408 too`() {
        let world = World()
        let stream = world.connect()
        world.run(.seconds(11))
        #expect(status(String(decoding: stream.sent, as: UTF8.self)) == "408" && stream.isClosed)
    }

    @Test(arguments: [
        ("", 101), ("Origin: http://muster.test:7777\r\n", 101), ("Origin: https://MUSTER.test:7777\r\n", 101),
        ("Origin: https://game.example\r\n", 101), ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403), ("Origin: http://muster.test\r\n", 403),
        ("Origin: http://muster.test:7777/\r\n", 403), ("Origin: http://muster.test:7777@evil.example\r\n", 403),
    ])
    func `row 33, origins: a browser comes from the server's own host or a listed origin`(
        _ fields: String, _ expected: Int
    ) {
        for target in ["/lobby/x", "/socket.io/?EIO=4&transport=websocket"] {
            let world = World { $0.allowedOrigins = ["https://game.example"] }
            let client = Client(world, target, fields: fields)
            #expect(client.status == expected)
            #expect(world.count(.handshakesRefused) == (expected == 101 ? 0 : 1))
        }
    }

    @Test(arguments: ["Origin: \r\n", "Origin: http://muster.test:7777\r\nOrigin: https://game.example\r\n"])
    func `what is no origin is refused, too`(_ fields: String) {
        for (target, status) in [("/lobby/x", 403), ("/socket.io/?EIO=4&transport=websocket", 400)] {
            let world = World { $0.allowedOrigins = ["https://game.example"] }
            #expect(Client(world, target, fields: fields).status == status)
            #expect(world.count(.handshakesRefused) == 1)
        }
    }

    @Test func `any origin may come when the list says so`() {
        let world = World { $0.allowedOrigins = ["*"] }
        #expect(Client(world, "/lobby/x", fields: "Origin: https://evil.example\r\n").status == 101)
    }

    @Test func `a handshake that lacks something is refused and counted`() {
        let world = World()
        let text = answer(world, "GET /lobby/x HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade")
        #expect(status(text) == "426" && world.count(.handshakesRefused) == 1)
    }

    @Test func `open lobbies are listed as JSON`() throws {
        let world = World()
        PlainClient(world, lobby: "a").join()
        let text = answer(world, "GET /api/lobbies HTTP/1.1", "Host: a")
        let body = try #require(text.split(separator: "\r\n\r\n").last)
        #expect(body == "[{\"id\":\"a\",\"game\":\"probe\",\"players\":1,\"seats\":4}]\n")
    }

    @Test func `a browser gets the page, and who does not ask for HTML gets text`() {
        let page = answer(World(), "GET / HTTP/1.1", "Host: a", "Accept: text/html,*/*;q=0.8")
        #expect(status(page) == "200" && page.contains("Content-Type: text/html; charset=utf-8\r\n"))
        #expect(page.contains("Content-Security-Policy: default-src 'none'; script-src 'self';"))
        #expect(page.contains("X-Content-Type-Options: nosniff\r\n") && page.contains("<!DOCTYPE html>"))
        let text = answer(World(), "GET / HTTP/1.1", "Host: a", "Accept: */*")
        #expect(text.contains("Content-Type: text/plain") && text.contains("Muster is running."))
    }

    @Test func `every file of the pages and of the client is sent as it stands in the repository`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var count = 0
        for (folder, prefix) in [
            ("Sources/ServerCore/Web/Files", ""), ("protocol/javascript", "/muster"), ("protocol/spec", "/api"),
        ] {
            let base = root.appendingPathComponent(folder)
            for name in try FileManager.default.subpathsOfDirectory(atPath: base.path) {
                let isOfTests = name.hasPrefix("tests/")
                guard !isOfTests, [".html", ".css", ".js", "openapi.json"].contains(where: name.hasSuffix) else {
                    continue
                }
                let file = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                let page = name.hasSuffix(".html") ? String(name.dropLast(5)) : name
                let path = page == "page" ? "/" : "\(prefix)/\(page)"
                let sent = answer(World(), "GET \(path) HTTP/1.1", "Host: a", "Accept: text/html")
                #expect(sent.hasSuffix("\r\n\r\n" + file), "\(path): run scripts/embed")
                count += 1
            }
        }
        #expect(count > 20)
    }
}
