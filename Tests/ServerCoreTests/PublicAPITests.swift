import ByteKit
import Compression
import Determinism
import HTTPTypes
import JSONCore
import ServerCore
import Testing

@Suite("Lobbies as JSON (protocol/spec/lobby.md §5.2)")
struct PublicAPITests {
    /// A world with one player in lobby x.
    private func playing(
        lobby: String = "x", _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) -> (World, PlainClient) {
        let world = World(adjust)
        let client = PlainClient(world, lobby: lobby)
        client.join(["name": "Ann"])
        return (world, client)
    }

    @Test func `a lobby's state is told by the names of its fields, in the game's own units`() {
        let (world, client) = playing()
        client.emit("input", ["input": ["by": 3, "loud": false]])
        world.steps(2)
        let answer = world.ask("/api/lobbies/x")
        #expect(answer.status == 200 && answer["content-type"] == "application/json")
        #expect(answer.json["id"] == "x" && answer.json["game"] == "probe" && answer.json["tick"] == 2)
        #expect(answer.json["tickRate"] == 20 && answer.json["players"] == 1)
        #expect(answer.json["seats"] == [["seat": 0, "name": "Ann", "connected": true]])
        #expect(
            answer.json["rules"] == [
                "tickRate": 20, "snapshotRate": 20, "seats": 4, "graceSeconds": 30.0, "maxTicksAhead": 20,
            ])
        #expect(answer.json["state"] == ["pawn": [["id": 0, "at": 11]]])
    }

    @Test func `neither tokens nor addresses are told`() throws {
        let world = World()
        let client = PlainClient(world, peer: PeerAddress(ipv4: 0xC633_6407, port: 9))
        let token = try #require(client.join()["token"]?.string)
        world.steps(1)
        let told = world.ask("/api/lobbies/x").text + EventSource(world).answer.text
        #expect(!told.contains(token) && !told.contains("198.51.100.7"))
    }

    @Test func `before the first snapshot there is no state`() {
        let (world, _) = playing()
        let answer = world.ask("/api/lobbies/x")
        #expect(answer.json["tick"] == 0 && answer.json["state"] == .null)
    }

    @Test func `the tag changes with the tick and with the seats, and with nothing else`() {
        let (world, client) = playing()
        world.steps(1)
        let first = world.ask("/api/lobbies/x")
        let again = world.ask("/api/lobbies/x")
        #expect(first["etag"] == again["etag"] && first.body == again.body)
        client.emit("keyframe")
        #expect(world.ask("/api/lobbies/x")["etag"] == first["etag"])
        let other = PlainClient(world)
        other.join(["name": "Bo"])
        let second = world.ask("/api/lobbies/x")
        #expect(second["etag"] != first["etag"] && second.json["tick"] == first.json["tick"])
        #expect(second.json["players"] == 2)
        other.stream.cut()
        let third = world.ask("/api/lobbies/x")
        #expect(third["etag"] != second["etag"])
        world.steps(1)
        #expect(world.ask("/api/lobbies/x")["etag"] != third["etag"])
    }

    @Test func `a lobby of the same name at the same tick has another tag`() {
        let (world, _) = playing()
        world.steps(3)
        let first = world.ask("/api/lobbies/x")
        world.server.lobby("x")?.close("over")
        world.turn()
        PlainClient(world).join(["name": "Ann"])
        world.steps(3)
        let second = world.ask("/api/lobbies/x")
        #expect(second.body == first.body && second["etag"] != first["etag"])
    }

    @Test func `who has the state is answered 304 without it`() throws {
        let (world, _) = playing { $0.allowedOrigins = ["https://a.example"] }
        world.steps(1)
        let tag = try #require(world.ask("/api/lobbies/x")["etag"])
        for sent in [tag, "\"old\", \(tag)", "*", String(tag.dropFirst(2))] {
            let answer = world.ask("/api/lobbies/x", "If-None-Match: \(sent)", "Origin: https://a.example")
            #expect(answer.status == 304 && answer.body.isEmpty && answer["etag"] == tag, "\(sent)")
            #expect(answer["content-length"] == nil && answer["vary"] == "Accept-Encoding, Origin")
        }
        #expect(world.ask("/api/lobbies/x", "If-None-Match: \"old\"").status == 200)
        world.steps(1)
        #expect(world.ask("/api/lobbies/x", "If-None-Match: \(tag)").status == 200)
    }

    @Test(arguments: [
        ("/api/lobbies/y", 404), ("/api/lobbies/", 404), ("/api/lobbies/x/", 404), ("/api/lobbies/x/y", 404),
        ("/api/lobbies/%78", 404), ("/api/lobbies/y/events", 404), ("/api/lobbies/x/events/", 404), ("/api/", 404),
        ("/api/../api/lobbies", 404), ("/api/lobbies/x/events?format=xml", 400), ("/api/lobbies/x/events?hz=0", 400),
        ("/api/lobbies/x/events?hz=nan", 400), ("/api/lobbies/x/events?hz=1&hz=2", 400),
        ("/api/lobbies/x/events?hz=%zz", 400),
    ])
    func `an error is JSON too`(_ target: String, _ status: Int) {
        let (world, _) = playing()
        let answer = world.ask(target)
        #expect(answer.status == status && answer["content-type"] == "application/json")
        #expect(answer.json["error"]?.string?.isEmpty == false)
        #expect(world.server.watcherCount == 0)
    }

    @Test func `only GET and HEAD are answered, and a HEAD has no body`() {
        let (world, _) = playing()
        world.steps(1)
        let post = world.ask("/api/lobbies/x", method: "POST")
        #expect(post.status == 405 && post["allow"] == "GET, HEAD, OPTIONS")
        let whole = world.ask("/api/lobbies/x")
        let head = world.ask("/api/lobbies/x", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty && head["content-length"] == "\(whole.body.count)")
        #expect(head["etag"] == whole["etag"])
    }

    @Test func `a server may keep its lobbies to their players`() {
        let (world, _) = playing { $0.isWatchable = false }
        #expect(world.ask("/api/lobbies/x").status == 403 && world.ask("/api/lobbies/x/events").status == 403)
        #expect(world.ask("/api/lobbies").status == 200)
    }

    // MARK: Origins

    @Test func `a page of an allowed origin may read, one of another may not`() {
        let (world, _) = playing { $0.allowedOrigins = ["https://a.example"] }
        for target in ["/api/lobbies", "/api/lobbies/x", "/api/lobbies/x/events", "/api/nothing"] {
            let allowed = world.ask(target, "Origin: https://a.example")
            #expect(allowed["access-control-allow-origin"] == "https://a.example", "\(target)")
            #expect(allowed["vary"]?.contains("Origin") == true)
            let refused = world.ask(target, "Origin: https://evil.example")
            #expect(refused.status == 403 && refused["access-control-allow-origin"] == nil, "\(target)")
            #expect(refused["vary"]?.contains("Origin") == true)
        }
        #expect(world.ask("/api/lobbies")["access-control-allow-origin"] == nil)
        #expect(world.ask("/api/lobbies", "Origin: http://muster.test:7777").status == 200)
    }

    @Test func `a preflight is told what may be sent`() {
        let (world, _) = playing { $0.allowedOrigins = ["https://a.example"] }
        let answer = world.ask(
            "/api/lobbies/x", method: "OPTIONS", "Origin: https://a.example", "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: if-none-match")
        #expect(answer.status == 204 && answer["access-control-allow-methods"] == "GET, HEAD")
        #expect(answer["access-control-allow-headers"] == "Authorization, Content-Type, If-None-Match, Last-Event-ID")
        let list = world.ask(
            "/api/lobbies", method: "OPTIONS", "Origin: https://a.example", "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: content-type")
        #expect(list["access-control-allow-methods"] == "GET, HEAD, POST")
        #expect(world.ask("/api/lobbies/x", method: "OPTIONS", "Origin: https://evil.example").status == 403)
    }

    // MARK: Compression

    /// A world whose list of lobbies is longer than the threshold.
    private func crowded() -> World {
        let world = World()
        for number in 0..<40 { PlainClient(world, lobby: "lobby-\(number)").join() }
        return world
    }

    @Test(arguments: [
        ("gzip", "gzip"), ("deflate", "deflate"), ("gzip;q=0.5, deflate", "deflate"), ("*", "gzip"), ("br", nil),
        ("gzip;q=0, *;q=0", nil), ("identity, gzip;q=0.5", nil), ("", nil),
    ])
    func `a long answer is packed as the client likes it best`(_ accepted: String, _ coding: String?) throws {
        let world = crowded()
        let plain = world.ask("/api/lobbies")
        let answer = world.ask("/api/lobbies", "Accept-Encoding: \(accepted)")
        #expect(plain["content-encoding"] == nil && plain.body.count > 1_024)
        #expect(answer["content-encoding"] == coding && answer["vary"] == "Accept, Origin, Accept-Encoding")
        #expect(try answer.unpacked() == plain.text)
        #expect(answer["content-length"] == "\(answer.body.count)")
        #expect(world.count(.bodiesCompressed) == (coding == nil ? 0 : 1))
        if coding != nil { #expect(answer.body.count < plain.body.count / 4) }
    }

    @Test func `a short answer is sent as it is`() {
        let answer = World().ask("/health", "Accept-Encoding: gzip")
        #expect(answer.text == "ok\n" && answer["content-encoding"] == nil && answer["vary"] == nil)
    }

    @Test(
        arguments: [
            (1_023, "text/plain", true, nil), (1_024, "text/plain", true, "gzip"),
            (1 << 20, "text/plain", true, "gzip"),
            (1 << 20 + 1, "text/plain", true, nil), (5_000, "image/png", true, nil), (5_000, "text/plain", false, nil),
        ] as [(Int, String, Bool, String?)])
    func `of an author's answers, text of 1 KiB to 1 MiB is packed, unless the author says no`(
        _ count: Int, _ type: String, _ compresses: Bool, _ coding: String?
    ) throws {
        let world = World()
        world.server.endpoints["/own"] = .http(bodyBytesMax: 0) { exchange in
            exchange.respond(
                .ok, fields: [.contentType: type, .eTag: "\"a\""], body: [UInt8](repeating: 65, count: count),
                compresses: compresses)
        }
        let answer = world.ask("/own", "Accept-Encoding: gzip")
        #expect(answer["content-encoding"] == coding)
        #expect(answer["etag"] == (coding == nil ? "\"a\"" : "W/\"a\""))
        #expect(try answer.unpacked().utf8.count == count)
    }

    @Test(arguments: ["gzip", "deflate", "br", "identity, gzip", "x"])
    func `a compressed request is refused before its body`(_ coding: String) {
        let world = World()
        let stream = world.connect()
        let head =
            "POST /health HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(coding)\r\nContent-Length: 60000\r\n"
            + "Expect: 100-continue\r\n\r\n"
        stream.receive(Array(head.utf8))
        world.turn()
        let answer = Answer(stream.sent)
        #expect(answer.status == 415 && answer["accept-encoding"] == "identity" && stream.isClosed)
        #expect(world.count(.headsRefused) == 1 && world.count(.requests) == 0)
    }

    @Test func `a request that says its body is as it is, is taken`() {
        #expect(World().ask("/health", "Content-Encoding: identity").status == 200)
    }
}
