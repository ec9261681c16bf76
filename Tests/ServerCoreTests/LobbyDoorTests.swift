import ByteKit
import Determinism
import JSONCore
import ServerCore
import Testing

@Suite("Getting into a lobby (protocol/spec/lobby.md §2)")
struct LobbyDoorTests {
    private func ids(_ answer: Answer) -> [String] {
        (answer.json.array ?? []).compactMap { $0["id"]?.string }
    }

    // MARK: Terms

    @Test func `a password is asked of newcomers, not of those who come back`() throws {
        let world = World()
        let owner = PlainClient(world)
        let token = try #require(owner.join(["lobby": ["password": "hush"]])["token"])
        owner.emit("keyframe")
        for wrong in [[:], ["password": ""], ["password": "Hush"], ["password": "hush "]] as [JSONValue] {
            let stranger = PlainClient(world)
            stranger.join(wrong)
            #expect(stranger.closeCode == 4012, "\(wrong)")
        }
        let friend = PlainClient(world)
        #expect(friend.join(["password": "hush"])["seat"] == 1)
        owner.stream.cut()
        let again = PlainClient(world)
        #expect(again.join(["token": token])["resumed"] == true)
        #expect(world.ask("/api/lobbies/x").status == 403 && world.ask("/api/lobbies/x/events").status == 403)
        #expect(world.ask("/api/lobbies").json.array?.first?["password"] == true)
    }

    @Test func `the third wrong password of a connection is its last`() {
        let world = World()
        PlainClient(world).join(["lobby": ["password": "hush"]])
        let guesser = SocketClient(world)
        for guess in ["a", "b"] {
            guesser.join("x", ["password": .string(guess)])
            #expect(guesser.refusal()?["data"]?["code"] == 4012 && guesser.closeCode == nil)
        }
        guesser.join("x", ["password": "c"])
        #expect(guesser.closeCode == 4008)
    }

    @Test func `the 32nd CONNECT refused in a row is a connection's last`() {
        let world = World()
        let client = SocketClient(world)
        func fail(_ times: Int) { for _ in 1...times { client.join("y", ["game": "no"]) } }
        fail(31)
        client.join("x")
        fail(31)
        #expect(client.closeCode == nil && client.event("joined") != nil, "one that is accepted begins anew")
        fail(1)
        #expect(client.closeCode == 4008)
    }

    @Test func `a lobby may have fewer players than its game has seats`() {
        let world = World()
        #expect(PlainClient(world).join(["lobby": ["players": 2]])["seats"] == 2)
        PlainClient(world).join()
        let third = PlainClient(world)
        third.join()
        #expect(third.closeCode == 4007)
        #expect(world.ask("/api/lobbies").json.array?.first?["seats"] == 2)
    }

    @Test func `a game that is locked lets back in whoever has a seat, and nobody else`() throws {
        let world = World()
        let first = PlainClient(world)
        let token = try #require(first.join(["options": ["lockWith": 2, "unlockOnLeave": true]])["token"])
        first.emit("keyframe")
        let second = PlainClient(world)
        second.join()
        let third = PlainClient(world)
        third.join()
        #expect(third.closeCode == 4011)
        #expect(world.ask("/api/lobbies").json.array?.first?["locked"] == true)
        first.stream.cut()
        #expect(PlainClient(world).join(["token": token])["resumed"] == true)
        second.emit("leave")
        #expect(PlainClient(world).join()["seat"] == 1, "unlocked by the game")
    }

    @Test(arguments: [
        #""terms""#, #"{"open":true}"#, #"{"players":0}"#, #"{"players":5}"#, #"{"players":1.5}"#, #"{"listed":1}"#,
        #"{"title":""}"#, #"{"title":7}"#, #"{"password":""}"#, #"{"metadata":[]}"#, #"{"metadata":{"a":1.5}}"#,
        #"{"metadata":{"":1}}"#, #"{"metadata":{"a":{}}}"#,
    ])
    func `terms that are wrong open nothing, and say what is wrong`(_ terms: String) {
        let world = World()
        let client = PlainClient(world)
        client.join(["lobby": JSONValue.of(terms)])
        #expect(client.closeCode == 4002 && client.event("exception")?["message"]?.string?.isEmpty == false)
        #expect(world.server.lobbies.isEmpty)
        #expect(PlainClient(world).join()["seat"] == 0, "the id is free")
    }

    @Test func `a title is cleaned as names are`() {
        let world = World()
        PlainClient(world).join(["lobby": ["title": " \u{202E}Ann's\u{0007} place "]])
        #expect(world.ask("/api/lobbies").json.array?.first?["title"] == "Ann's place")
    }

    // MARK: New lobbies and quick joins

    @Test func `a new lobby has a code for its id, by which others come`() throws {
        let world = World()
        let owner = PlainClient(world, lobby: "~new")
        let code = try #require(owner.join()["lobby"]?.string)
        #expect(code.count == 6 && code.allSatisfy { "ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains($0) })
        #expect(PlainClient(world, lobby: code).join()["seat"] == 1)
        let other = PlainClient(world, lobby: "~new")
        #expect(other.join()["lobby"]?.string != code)
        #expect(world.server.lobbies.count == 2)
    }

    @Test func `a quick join takes the fullest lobby that is open to it, or opens one`() {
        let world = World()
        PlainClient(world, lobby: "few").join()
        for _ in 0..<2 { PlainClient(world, lobby: "more").join() }
        for _ in 0..<3 { PlainClient(world, lobby: "secret").join(["lobby": ["password": "a"]]) }
        PlainClient(world, lobby: "secret").join(["password": "a"])
        for _ in 0..<3 { PlainClient(world, lobby: "hidden").join(["lobby": ["listed": false]]) }
        for _ in 0..<3 { PlainClient(world, lobby: "locked").join(["options": ["lockWith": 3]]) }
        PlainClient(world, lobby: "other").join(["game": "other"])
        let found = (0..<6).map { _ in PlainClient(world, lobby: "~quick").join()["lobby"]?.string ?? "none" }
        #expect(Array(found.prefix(5)) == ["more", "more", "few", "few", "few"])
        #expect(found[5].count == 6, "all are full: a new one")
        #expect(PlainClient(world, lobby: "~quick").join()["lobby"]?.string == found[5])
    }

    @Test func `a quick join looks for what its filter says, and opens what it did not find`() {
        let world = World()
        PlainClient(world, lobby: "a").join(["lobby": ["metadata": ["map": "sand", "ranked": true, "tier": 2]]])
        let filters: [JSONValue] = [["map": "sand"], ["ranked": true, "tier": 2], ["map": "ice"], ["map": "ice"]]
        let found = filters.map { PlainClient(world, lobby: "~quick").join(["filter": $0])["lobby"]?.string ?? "" }
        #expect(found[0] == "a" && found[1] == "a" && found[2] != "a" && found[3] == found[2])
    }

    @Test func `over Socket.IO the namespace stays what the client has asked for`() throws {
        let world = World()
        let quick = SocketClient(world)
        let new = SocketClient(world)
        let code = try #require(new.join("~new")["lobby"]?.string)
        #expect(quick.join("~quick")["lobby"]?.string == code)
        let named = SocketClient(world)
        named.join(code)
        let plain = PlainClient(world, lobby: code)
        plain.join(["options": .null])
        quick.emit("input", ["input": ["loud": true]], in: "/lobby/~quick", id: 1)
        world.steps(3, of: code)
        #expect(quick.ack(1)?["accepted"] == true)
        for (client, namespace) in [(quick, "~quick"), (new, "~new"), (named, code)] {
            #expect(!plain.snapshots.isEmpty)
            #expect(client.snapshots("/lobby/\(namespace)").last == plain.snapshots.last)
            #expect(
                client.event("loud", in: "/lobby/\(namespace)") == 0
                    || client.event("loud", in: "/lobby/\(namespace)") == 1)
        }
        _ = world.lobby(code)?.kick(seat: 1, reason: "out")
        world.turn()
        #expect(quick.words("/lobby/~quick").suffix(2) == ["kicked", "disconnect"])
    }

    @Test func `a seat is not taken up again by a quick join`() {
        let world = World()
        let client = PlainClient(world, lobby: "~quick")
        client.join(["token": "abc"])
        #expect(client.closeCode == 4002)
    }

    @Test(arguments: ["~", "~other", "~new2", "a~b", "~NEW"])
    func `other words with a tilde are no lobbies`(_ place: String) {
        let world = World()
        #expect(PlainClient(world, lobby: place).status == 404)
        let socket = SocketClient(world)
        socket.join(place)
        #expect(socket.refusal("/lobby/\(place)")?["data"]?["code"] == 4002)
    }

    @Test func `with several loops a quick join finds the fullest of all, and a new lobby is placed by load`() throws {
        let world = World(loops: 3)
        for loop in 0..<3 {
            world.home = loop
            for _ in 0...loop where loop < 2 { PlainClient(world, lobby: "on\(loop)").join() }
        }
        world.home = 2
        let quick = PlainClient(world, lobby: "~quick")
        #expect(quick.join()["lobby"] == "on1")
        let new = PlainClient(world, lobby: "~new")
        let code = try #require(new.join()["lobby"]?.string)
        world.steps(2, of: code)
        #expect(!new.snapshots.isEmpty && world.lobby(code) != nil)
        #expect(ids(world.ask("/api/lobbies")) == [code, "on0", "on1"].sorted())
        let opened = world.post("/api/lobbies", ["id": "posted", "lobby": ["title": "here"]])
        #expect(opened.status == 201 && opened.json["id"] == "posted" && world.lobby("posted") != nil)
    }

    // MARK: The list

    @Test func `the list shows what its query asks for, in the order of ids`() {
        let world = World()
        PlainClient(world, lobby: "b").join([
            "lobby": ["title": "Sand Castle", "metadata": ["map": "sand", "tier": 2]]
        ])
        PlainClient(world, lobby: "a").join(["lobby": ["title": "ice"]])
        PlainClient(world, lobby: "C").join(["game": "other"])
        PlainClient(world, lobby: "d").join(["lobby": ["listed": false]])
        PlainClient(world, lobby: "e").join(["lobby": ["players": 1]])
        let expected: [(String, [String])] = [
            ("", ["C", "a", "b", "e"]), ("?game=other", ["C"]), ("?open=true", ["a", "b"]),
            ("?open=false", ["C", "a", "b", "e"]),
            ("?title=CASTLE", ["b"]), ("?title=sand%20c", ["b"]), ("?metadata.map=sand", ["b"]),
            ("?metadata.tier=2", ["b"]),
            ("?metadata.tier=3", []), ("?limit=2", ["C", "a"]), ("?limit=2&after=a", ["b", "e"]), ("?after=e", []),
            ("?game=probe&open=true&limit=1", ["a"]),
        ]
        for (query, ids) in expected {
            let answer = world.ask("/api/lobbies\(query)")
            #expect(answer.status == 200 && self.ids(answer) == ids, "\(query)")
        }
        let row = world.ask("/api/lobbies?title=castle").json.array?.first
        #expect(
            row == [
                "id": "b", "game": "probe", "players": 1, "seats": 4, "title": "Sand Castle",
                "metadata": ["map": "sand", "tier": 2],
            ])
    }

    @Test(arguments: ["limit=0", "limit=51", "limit=x", "open=1", "game=%zz", "sort=id", "limit=1e1"])
    func `a query that cannot be served is refused with the reason`(_ query: String) {
        let answer = World().ask("/api/lobbies?\(query)")
        #expect(answer.status == 400 && answer.json["error"]?.string?.isEmpty == false)
    }

    // MARK: Opening by request

    @Test func `a lobby that is opened by request waits for its players`() throws {
        let world = World { $0.emptyLobbyTime = .seconds(30) }
        let answer = world.post("/api/lobbies", ["game": "probe", "lobby": ["title": "mine", "password": "p"]])
        let id = try #require(answer.json["id"]?.string)
        #expect(answer.status == 201 && answer["location"] == "/api/lobbies/\(id)")
        #expect(
            answer.json == [
                "id": .string(id), "game": "probe", "players": 0, "seats": 4, "title": "mine", "password": true,
            ])
        #expect(PlainClient(world, lobby: id).join(["password": "p"])["seat"] == 0)
        let idle = try #require(world.post("/api/lobbies", [:]).json["id"]?.string)
        world.run(.seconds(31))
        #expect(world.lobby(id) != nil && world.lobby(idle) == nil)
    }

    @Test func `a request that cannot be served opens nothing`() {
        let world = World()
        PlainClient(world, lobby: "taken").join()
        let refused: [(JSONValue, Int, Int)] = [
            (["id": "taken"], 409, 4013), (["game": "chess"], 404, 4010), (["lobby": ["players": 9]], 400, 4002),
            (["id": "~quick"], 400, 4002), (["id": "a b"], 400, 4002), (["token": "t", "id": "z"], 400, 4002),
            (["options": ["refuse": true]], 422, 4000),
        ]
        for (index, (body, status, code)) in refused.enumerated() {
            let peer = PeerAddress(ipv4: 0xC633_6400 + UInt32(index), port: 9)
            let answer = world.post("/api/lobbies", body, from: peer)
            #expect(answer.status == status && answer.json["code"] == .integer(Int64(code)), "\(body)")
        }
        #expect(world.post("/api/lobbies", "x").status == 400)
        #expect(world.server.lobbies.count == 1)
    }

    @Test func `an address opens five lobbies at once, and then one every five seconds`() {
        let world = World { $0.admission.lobbiesPerAddressMax = 100 }
        let peer = PeerAddress(ipv4: 0xC633_6407, port: 9)
        let statuses = (0..<7).map { _ in world.post("/api/lobbies", [:], from: peer).status }
        #expect(statuses == [201, 201, 201, 201, 201, 429, 429])
        #expect(world.post("/api/lobbies", [:], from: PeerAddress(ipv4: 0xC633_6408, port: 9)).status == 201)
        world.run(.seconds(5))
        #expect(world.post("/api/lobbies", [:], from: peer).status == 201)
    }

    @Test func `the author's hook decides about lobbies that are opened by request, too`() {
        var hooks = ServerHooks()
        hooks.authorize = { request, decided in
            decided(request.takesSeat ? .success(.guest) : .failure(.notAuthorized("players only")))
        }
        let world = World(hooks: hooks)
        let answer = world.post("/api/lobbies", [:])
        #expect(answer.status == 403 && answer.json["error"] == "players only" && world.server.lobbies.isEmpty)
        #expect(PlainClient(world).join()["seat"] == 0)
    }

    @Test func `while the server drains no lobby is opened`() {
        let world = World()
        PlainClient(world).join()
        world.server.drain()
        #expect(world.post("/api/lobbies", [:]).status == 503)
    }
}
