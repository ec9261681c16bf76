import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

@Suite("The admin namespace (protocol/spec/admin.md)")
struct AdminTests {
    private static let right: JSONObject = ["username": "root", "password": "secret", "client": "muster"]

    private func hooks() -> ServerHooks {
        var hooks = ServerHooks()
        hooks.verifyAdmin = { user, password, decided in
            decided(.of(user == "root" && password == "secret", user))
        }
        return hooks
    }

    private func admin(_ world: World) -> SocketClient {
        let client = SocketClient(world)
        client.send(SocketPacket(namespace: "/admin", .connect(Self.right)))
        return client
    }

    @Test func `the right password is let in at once and gets the overview each second`() {
        let world = World(hooks: hooks())
        let client = admin(world)
        #expect(client.words("/admin") == ["connect", "session", "overview"] && world.count(.adminLogins) == 1)
        world.run(.milliseconds(5_100))
        #expect(client.words("/admin").count { $0 == "overview" } == 6)
    }

    @Test func `every refusal is the same, held back for a second, and counted`() {
        let wrong: [JSONObject?] = [
            nil, [:], ["username": "root"], ["username": "root", "password": "wrong"], ["username": 1, "password": 2],
            ["username": "nobody", "password": "secret"],
            ["username": "root", "password": .string(String(repeating: "x", count: 257))],
        ]
        for auth in wrong {
            let world = World(hooks: hooks())
            let client = SocketClient(world)
            client.send(SocketPacket(namespace: "/admin", .connect(auth)))
            world.run(.milliseconds(990))
            #expect(client.words("/admin").isEmpty)
            world.run(.milliseconds(30))
            #expect(client.refusal("/admin") == ["message": "invalid credentials"])
            #expect(world.count(.adminLoginsRefused) == 1 && world.count(.adminLogins) == 0 && client.closeCode == nil)
        }
    }

    @Test func `a season is begun in up to 64 bytes, where it is an admin's to say, and the act is noted`() throws {
        final class Desk {
            var seasons = [""]
            var isFixed = false
            var acts: [AdminAct] = []
        }
        let desk = Desk()
        var hooks = hooks()
        hooks.season = { desk.seasons[desk.seasons.count - 1] }
        hooks.beginSeason = { name in
            if !desk.isFixed { desk.seasons.append(name) }
            return !desk.isFixed
        }
        hooks.audit = { desk.acts.append($0) }
        let world = World(hooks: hooks)
        let client = admin(world)
        var asked = 0
        func say(_ data: JSONValue) -> JSONValue? {
            asked += 1
            client.emit("season", data, in: "/admin", id: asked)
            return client.ack(asked)
        }
        #expect(say(.null) == ["season": ""])
        #expect(say(["season": "spring"]) == ["ok": true] && say([:]) == ["season": "spring"])
        #expect(desk.acts.last?.action == "season" && desk.acts.last?.target == "spring")
        for wrong: JSONValue in [7, "a\u{7f}", "\n", .string(String(repeating: "x", count: 65))] {
            #expect(say(["season": wrong])?["error"] != nil)
        }
        #expect(say(["season": ""]) == ["ok": true] && desk.seasons == ["", "spring", ""])
        desk.isFixed = true
        #expect(say(["season": "autumn"])?["error"] == "the configuration names the season")
        let bare = World(hooks: self.hooks())
        let other = admin(bare)
        other.emit("season", .null, in: "/admin", id: 1)
        #expect(other.ack(1)?["code"] == "no-storage")
    }

    @Test func `a server without an admin refuses in the same way`() {
        let world = World()
        let client = admin(world)
        #expect(client.words("/admin").isEmpty)
        world.run(.milliseconds(1_020))
        #expect(client.refusal("/admin") == ["message": "invalid credentials"])
    }

    @Test func `a slow check decides later, and at most four run at a time`() {
        var checks: [(AdminVerdict) -> Void] = []
        var hooks = ServerHooks()
        hooks.verifyAdmin = { _, _, decided in checks.append(decided) }
        let world = World(hooks: hooks)
        let clients = (0..<5).map { _ in admin(world) }
        #expect(checks.count == 4)
        world.run(.milliseconds(1_020))
        #expect(clients[4].refusal("/admin") != nil)
        clients[1].stream.cut()
        for check in checks { check(.of(true)) }
        world.turn()
        #expect(clients.map { $0.words("/admin").first } == ["connect", nil, "connect", "connect", "connect_error"])
        let late = admin(world)
        #expect(checks.count == 5)
        checks[4](.of(false))
        world.run(.milliseconds(1_020))
        #expect(late.refusal("/admin") != nil)
    }

    @Test func `who has gone before the refusal is not answered`() {
        let world = World(hooks: hooks())
        let client = SocketClient(world)
        client.send(SocketPacket(namespace: "/admin", .connect([:])))
        client.stream.cut()
        world.run(.seconds(2))
        #expect(client.words("/admin").isEmpty && world.server.connectionCount == 0)
    }

    @Test func `the overview shows the true numbers`() throws {
        let world = World(hooks: hooks())
        let client = admin(world)
        let players = (0..<3).map { _ in PlainClient(world, peer: PeerAddress(ipv4: 0xC633_6407, port: 9)) }
        let tokens = players.map { $0.join(["name": "Ann"])["token"] ?? .null }
        for player in players { player.emit("keyframe") }
        PlainClient(world, lobby: "y").join(["game": "other"])
        players[2].stream.cut()
        let again = PlainClient(world).join(["token": tokens[2]])
        #expect(again["resumed"] == true)
        players[1].stream.cut()
        world.run(.milliseconds(3_100))
        let overview = try #require(client.event("overview", in: "/admin"))
        #expect(overview["connections"] == 4 && overview["lobbyCount"] == 2 && overview["draining"] == false)
        #expect(overview["seats"] == ["taken": 4, "connected": 3, "total": 5])
        #expect((68...72).contains(overview["perSecond"]?["steps"]?.integer ?? 0))
        #expect((overview["perSecond"]?["bytesOut"]?.integer ?? 0) > 0 && overview["perSecond"]?["bytesIn"] == 0)
        #expect((2.9...3.1).contains(overview["uptimeSeconds"]?.number ?? 0))
        #expect(overview["counters"]?["joins"] == 4 && overview["counters"]?["resumes"] == 1)
        #expect(overview["counters"]?["connectionsAccepted"] == 6)
        #expect(overview["counters"]?.object?.count == Counter.allCases.count)
        let latency = overview["tickLatenessMilliseconds"]
        #expect(latency?["count"] == overview["counters"]?["steps"] && latency?["max"] == 0.0)
        let lobby = try #require(overview["lobbies"]?[0])
        #expect(lobby["id"] == "x" && lobby["game"] == "probe" && lobby["tickRate"] == 20 && lobby["seats"] == 4)
        #expect(lobby["connected"] == 2 && lobby["stepsDropped"] == 0)
        #expect((lobby["tick"]?.integer ?? 0) >= 59)
        #expect(lobby["players"] == 3 && lobby["paused"] == false && lobby["phase"] == "running")
        client.emit("lobby", ["lobby": "x"], in: "/admin", id: 1)
        let seats = try #require(client.ack(1)?["seatRows"]?.array)
        #expect(seats.map { $0["state"] } == ["connected", "dropped", "connected"])
        #expect(seats.map { $0["resumes"] } == [0, 0, 1])
        #expect(seats.map { $0["address"] } == ["198.51.100.7:9", nil, "127.0.0.1:40000"])
    }

    @Test(arguments: [1, 2], [0, 1])
    func `an admin bans, lists and lifts on whatever loop it is, and each act is noted`(loops: Int, home: Int) throws {
        final class Acts { var all: [AdminAct] = [] }
        let acts = Acts()
        var hooks = hooks()
        hooks.audit = { acts.all.append($0) }
        hooks.authorize = { $1(.success(Identity(subject: $0.auth["who"]?.string))) }
        let world = World(loops: loops, hooks: hooks)
        world.streamsMove = false
        let players = ["ann", "bob"].map { name in
            let player = PlainClient(world, peer: .far)
            player.join(["who": .string(name)])
            return player
        }
        world.home = min(home, loops - 1)
        let client = admin(world)
        var last = 0
        func ask(_ command: String, _ argument: JSONValue = .null) -> JSONValue? {
            last += 1
            client.emit(command, argument, in: "/admin", id: last)
            return client.ack(last)
        }
        #expect(
            ask("ban", ["lobby": "x", "seat": 0, "reason": "cheating", "seconds": 60, "everywhere": true]) == [
                "ok": true
            ])
        #expect(players[0].closeCode == 4016 && players[1].closeCode == nil)
        #expect(ask("ban", ["lobby": "x", "seat": 1, "reason": "rude"]) == ["ok": true])
        let rows = try #require(ask("bans")?.array)
        #expect(rows.map { $0["subject"] ?? $0["address"] } == ["ann", "192.0.2.1", "bob", "192.0.2.1"])
        #expect(rows.map { $0["lobby"] } == [nil, nil, "x", "x"] && rows.allSatisfy { $0["by"] == "root" })
        #expect(rows[0]["seconds"] == 60.0 && rows[0]["kind"] == "ban" && rows[0]["reason"] == "cheating")
        #expect(rows[2]["seconds"] == nil)

        #expect(ask("ban", ["lobby": "x", "seat": 0])?["error"] == "the seat is free")
        #expect(
            ask("ban", ["lobby": "x", "seat": 9])?["error"] != nil
                && ask("ban", ["lobby": "z", "seat": 0])?["error"] != nil)
        for seconds in [0, -1, 315_360_001, 1.5, "5"] as [JSONValue] {
            #expect(ask("ban", ["lobby": "x", "seat": 0, "seconds": seconds])?["error"] != nil)
        }
        for who in [
            [:], ["subject": "eve"], ["subject": "ann", "address": "192.0.2.1"], ["subject": "ann", "lobby": "x"],
        ]
            as [JSONValue]
        {
            #expect(ask("unban", who)?["error"] != nil)
        }
        #expect(ask("unban", ["subject": "ann"]) == ["ok": true] && ask("unban", ["subject": "ann"])?["error"] != nil)
        #expect(ask("unban", ["subject": "bob", "lobby": "x"]) == ["ok": true])
        world.home = 0
        for name in ["ann", "bob"] {
            #expect(PlainClient(world, peer: .far).join(["who": .string(name)])["seat"] != nil)
        }
        let guest = PlainClient(world, peer: .far)
        guest.join()
        #expect(guest.closeCode == 4016)
        let done = acts.all.filter { $0.outcome == "done" }
        #expect(done.map(\.action) == ["login", "ban", "ban", "unban", "unban"])
        #expect(done.map(\.target) == ["", "x/0", "x/1", "ann", "bob/x"])
        #expect(done.map(\.reason) == ["", "cheating", "rude", "", ""] && acts.all.allSatisfy { $0.actor == "root" })
    }

    @Test(arguments: [1, 2])
    func `who is banned by subject or address need not be there, and loses seats on every loop`(loops: Int) {
        var hooks = hooks()
        hooks.authorize = { $1(.success(Identity(subject: $0.auth["who"]?.string))) }
        let world = World(loops: loops, hooks: hooks)
        world.streamsMove = false
        let watcher = admin(world)
        var last = 0
        func ask(_ command: String, _ argument: JSONValue) -> JSONValue? {
            last += 1
            watcher.emit(command, argument, in: "/admin", id: last)
            return watcher.ack(last)
        }
        func player(_ who: JSONValue, _ lobby: String = "x", _ peer: PeerAddress = .far) -> PlainClient {
            let client = PlainClient(world, lobby: lobby, peer: peer)
            client.join(["who": who])
            return client
        }
        world.home = loops - 1
        let (root, ann, bob, guest) = (player("root", "y"), player("ann"), player("bob"), player(.null))
        #expect(ask("ban", ["subject": "ann", "lobby": "y", "reason": "there"]) == ["ok": true])
        #expect(ann.closeCode == nil && player("ann", "y").closeCode == 4016, "kept out of the other lobby alone")
        #expect(ask("ban", ["subject": "ann", "seconds": 60, "reason": "gone"]) == ["ok": true])
        #expect(ann.event("banned")?["reason"] == "gone" && ann.closeCode == 4016 && player("ann").closeCode == 4016)
        #expect(ask("ban", ["address": "192.0.2.1"]) == ["ok": true])
        #expect(guest.closeCode == 4016 && player(.null).closeCode == 4016 && bob.closeCode == nil)
        #expect(ask("ban", ["subject": "eve"]) == ["ok": true] && player("eve", "z").closeCode == 4016)
        #expect(ask("ban", ["address": "2001:db8::1:0:0:0:7"]) == ["ok": true])
        let neighbour = PeerAddress(ipv6: 0x2001_0DB8_0000_0001, 9, port: 1)
        #expect(player(.null, "z", neighbour).closeCode == 4016 && player("dan", "z", neighbour).closeCode == nil)
        #expect(ask("unban", ["address": "2001:db8:0:1::5"]) == ["ok": true])
        #expect(player(.null, "z", neighbour).closeCode == nil && root.closeCode == nil)
        for who in [
            [:], ["seat": 0], ["subject": ""], ["subject": .string(String(repeating: "s", count: 129))],
            ["subject": "a", "address": "192.0.2.9"], ["address": "here"], ["address": "192.0.2.0/64"],
            ["address": "127.0.0.1"], ["lobby": "y"], ["lobby": "none", "subject": "a"],
            ["lobby": "y", "seat": 0, "subject": "a", "seconds": 0], ["lobby": "y", "seat": "0"],
            ["subject": "a", "seat": 0],
        ] as [JSONValue] {
            #expect(ask("ban", who)?["error"] != nil, "\(who)")
        }
        #expect(ask("ban", ["subject": "bob", "lobby": "x"]) == ["ok": true] && bob.closeCode == 4016)
        #expect(player("bob", "z").closeCode == nil)
        world.run(.seconds(60))
        #expect(player("ann").closeCode == nil && player("ann", "y").closeCode == 4016)
    }

    @Test func `kick ends the seat within the turn, and its token is dead`() {
        let world = World(hooks: hooks())
        let client = admin(world)
        let plain = PlainClient(world)
        let socket = SocketClient(world)
        let token = plain.join()["token"] ?? .null
        plain.emit("keyframe")
        socket.join()
        client.emit("kick", ["lobby": "x", "seat": 0, "reason": "rude"], in: "/admin", id: 1)
        client.emit("kick", ["lobby": "x", "seat": 1], in: "/admin", id: 2)
        #expect(client.ack(1) == ["ok": true] && client.ack(2) == ["ok": true])
        #expect(plain.event("kicked") == ["reason": "rude"] && plain.closeCode == 4003)
        #expect(socket.words().suffix(2) == ["kicked", "disconnect"] && socket.event("kicked") == ["reason": "kicked"])
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 0 && world.count(.kicks) == 2)
        let again = PlainClient(world)
        again.emit("join", ["token": token])
        #expect(again.closeCode == 4003)
    }

    @Test func `a player who is away can be kicked too`() {
        let world = World(hooks: hooks())
        let client = admin(world)
        let player = PlainClient(world)
        player.join()
        player.emit("keyframe")
        player.stream.cut()
        client.emit("kick", ["lobby": "x", "seat": 0], in: "/admin", id: 1)
        #expect(client.ack(1) == ["ok": true] && world.server.lobby("x")?.lobby.seats.takenCount == 0)
    }

    @Test func `close-lobby tells the players why and frees the name`() {
        let world = World(hooks: hooks())
        let client = admin(world)
        let player = PlainClient(world)
        player.join()
        client.emit("close-lobby", ["lobby": "x", "reason": "cheating"], in: "/admin", id: 1)
        #expect(client.ack(1) == ["ok": true] && player.event("closed") == ["reason": "cheating"])
        #expect(player.closeCode == 4000 && world.server.lobbies.isEmpty)
    }

    @Test func `a command that cannot be carried out says why`() {
        let world = World(hooks: hooks())
        let client = admin(world)
        PlainClient(world).join()
        let wrong: [(String, JSONValue)] = [
            ("kick", .null), ("kick", ["lobby": "z", "seat": 0]), ("kick", ["lobby": "x"]),
            ("kick", ["lobby": "x", "seat": 3]), ("kick", ["lobby": "x", "seat": 4]),
            ("kick", ["lobby": "x", "seat": -1]), ("kick", ["lobby": "x", "seat": 9_223_372_036_854_775_807]),
            ("kick", ["lobby": "x", "seat": 0.5]), ("close-lobby", ["lobby": 1]), ("reboot", .null),
        ]
        for (index, (name, data)) in wrong.enumerated() {
            client.emit(name, data, in: "/admin", id: index)
            #expect(client.ack(index)?["error"]?.string?.isEmpty == false)
        }
        client.emit("overview", in: "/admin", id: 99)
        #expect(client.ack(99)?["lobbyCount"] == 1)
    }

    @Test func `an admin who leaves and comes back is sent one overview a second`() {
        let world = World(hooks: hooks())
        let client = admin(world)
        for _ in 0..<3 {
            world.run(.milliseconds(300))
            client.send(SocketPacket(namespace: "/admin", .disconnect))
            client.send(SocketPacket(namespace: "/admin", .connect(Self.right)))
        }
        let before = client.words("/admin").count
        world.run(.milliseconds(5_100))
        #expect(client.words("/admin").count == before + 5)
    }

    @Test func `an admin who does not read is closed like anyone, and nobody is watching then`() {
        let world = World(hooks: hooks()) { $0.outboxBytesMax = 3_000 }
        let client = admin(world)
        client.stream.stalls = true
        world.run(.seconds(9))
        #expect(client.stream.isClosed && world.count(.slowConsumersClosed) == 1)
        let next = admin(world)
        world.run(.milliseconds(3_100))
        #expect(next.words("/admin").count { $0 == "overview" } == 4)
    }
}
