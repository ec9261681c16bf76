import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Between loops every queue has a bound")
struct LoopBoundTests {
    @Test func `a blocked stream on another loop is sent no snapshot, and one catch-up follows once it has drained`()
        throws
    {
        let (world, _) = Linked.world { $0.writeTimeout = .seconds(60) }
        let far = Linked.blocked(world)
        world.steps(10)
        let calls = far.stream.sendCount
        #expect(far.stream.isBlocked && world.count(.snapshotsSkipped) == 10)
        far.stream.drain()
        world.turn()
        #expect(far.snapshots.suffix(2).map(kind) == ["3 from 2", "13 from 3"])
        #expect(far.stream.sendCount == calls + 1 && world.count(.catchUpsSent) == 1)
        world.steps(1)
        #expect(kind(far.snapshots.last) == "14 from 13")
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for snapshot in far.snapshots { try receiver.receive(snapshot.span) }
    }

    @Test func `a snapshot that finds the stream blocked by an event waits alone, and is the next one's baseline`()
        throws
    {
        let (world, _) = Linked.world { $0.writeTimeout = .seconds(60) }
        let far = PlainClient(world)
        far.join()
        far.emit("keyframe")
        world.steps(3)
        far.stream.stalls = true
        world.lobby()?.emit("note", 1)
        world.turn()
        #expect(far.stream.isBlocked)
        world.steps(10)
        #expect(world.count(.snapshotsSkipped) == 9)
        far.stream.drain()
        world.turn()
        #expect(far.snapshots.suffix(3).map(kind) == ["3 from 2", "4 from 3", "13 from 4"])
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for snapshot in far.snapshots { try receiver.receive(snapshot.span) }
    }

    @Test func `a slow reader's events are bounded on its own loop`() {
        let (world, local) = Linked.world { $0.outboxBytesMax = 10_000 }
        let far = Linked.blocked(world)
        for _ in 0..<12 { world.lobby()?.emit("note", .string(String(repeating: "x", count: 1_000))) }
        world.turn()
        #expect(far.stream.isClosed && world.servers[1].counted[.slowConsumersClosed] == 1)
        #expect(world.lobby()?.lobby.seats.connectedCount == 1 && world.lobby()?.lobby.seats.takenCount == 2)
        #expect(local.closeCode == nil)
    }

    @Test func `a loop that is stuck is sent sixteen batches, and no remote session there more than its outbox`() {
        let (world, local) = Linked.world { $0.outboxBytesMax = 10_000 }
        let far = PlainClient(world)
        far.join()
        far.emit("keyframe")
        world.steps(1)
        world.mail.stuck = [1]
        for _ in 0..<9 {
            world.lobby()?.emit("note", .string(String(repeating: "x", count: 1_000)))
            world.steps(1)
        }
        #expect(world.lobby()?.lobby.seats.connectedCount == 2)
        world.lobby()?.emit("note", .string(String(repeating: "x", count: 1_000)))
        world.steps(1)
        #expect(world.lobby()?.lobby.seats.connectedCount == 1, "over the bound it counts as dropped")
        world.mail.stuck = []
        world.turn()
        #expect(far.stream.isClosed && world.count(.slowConsumersClosed) == 1)
        #expect(local.snapshots.count > 10 && world.lobby()?.lobby.seats.takenCount == 2)

        let second = PlainClient(world)
        second.join()
        world.mail.stuck = [1]
        for _ in 0..<40 {
            world.lobby()?.emit("note", 1)
            world.turn()
        }
        #expect(world.mail.waitingCount(for: 1) == 16)
        world.mail.stuck = []
        world.turn()
        #expect(second.events.count { $0.name == "note" } == 40 && second.closeCode == nil)
        #expect(world.mail.waitingCount(for: 1) == 0)
    }

    @Test func `inputs to a lobby whose loop is stuck are bounded for each member`() {
        let (world, _) = Linked.world()
        let far = PlainClient(world)
        far.join()
        world.mail.stuck = [0]
        for _ in 0..<140 { far.emit("input", ["input": ["by": 1, "loud": false]]) }
        // One of the 128 is the sign that the welcome has come.
        #expect(world.servers[1].counted[.inputsOverflowed] == 12)
        #expect(world.mail.waitingCount(for: 0) == 16)
        world.mail.stuck = []
        world.turn()
        far.emit("input", ["input": ["by": 1, "loud": false]])
        #expect(world.servers[1].counted[.inputsOverflowed] == 12)
    }

    @Test func `events keep their order with what else a player is told`() {
        let (world, _) = Linked.world()
        let far = PlainClient(world)
        far.join()
        world.lobby()?.emit("first", 1)
        _ = world.lobby()?.kick(seat: 1, reason: "")
        world.lobby()?.emit("last", 1)
        world.turn()
        #expect(far.events.map(\.name).suffix(2) == ["first", "kicked"] && far.closeCode == 4003)
    }
}

@Suite("What all loops share")
struct LoopDirectoryTests {
    @Test func `lobbies are placed on the loop with the least load, the player's own first`() {
        let world = World(loops: 3)
        world.home = 1
        // A lobby of probe weighs 80, one of other 50.
        for (lobby, game) in [("a", "probe"), ("b", "other"), ("c", "other"), ("d", "other"), ("e", "probe")] {
            PlainClient(world, lobby: lobby).join(["game": .string(game)])
        }
        let places = world.servers.map { $0.lobbies.map(\.id) }
        #expect(places == [["b", "d"], ["a"], ["c", "e"]])
        world.lobby("a")?.close("")
        PlainClient(world, lobby: "f").join()
        #expect(world.servers[1].lobbies.map(\.id) == ["f"])
    }

    @Test func `limits are those of the process`() {
        let world = World(loops: 2) {
            $0.lobbiesMax = 2
            $0.admission.connectionsMax = 4
        }
        for lobby in ["a", "b"] { PlainClient(world, lobby: lobby).join() }
        world.home = 1
        let third = PlainClient(world, lobby: "c")
        third.join()
        #expect(third.closeCode == 4008)
        let fourth = PlainClient(world, lobby: "a")
        fourth.join()
        #expect(fourth.closeCode == nil)
        _ = PlainClient(world)
        #expect(PlainClient(world).status == 503)
        world.lobby("a")?.close("")
        world.turn()
        for stream in [third.stream, fourth.stream] { stream.cut() }
        let after = PlainClient(world, lobby: "c")
        after.join()
        #expect(after.closeCode == nil, "what has closed makes room")
    }

    @Test func `a game that cannot start leaves no lobby behind`() {
        let world = World(loops: 2)
        PlainClient(world, lobby: "a").join()
        let refused = PlainClient(world)
        refused.join(["options": ["refuse": true]])
        #expect(refused.closeCode == 4000 && world.servers[1].counted[.lobbiesFailed] == 1)
        let again = PlainClient(world)
        again.join()
        #expect(again.closeCode == nil && world.servers[1].lobby("x") != nil)
    }

    @Test func `the public list has the lobbies of every loop, over both ways`() {
        let world = World(loops: 2)
        for lobby in ["a", "b", "c"] { PlainClient(world, lobby: lobby).join() }
        let stream = world.connect()
        stream.receive(Array("GET /api/lobbies HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        world.turn()
        let body = String(decoding: stream.sent, as: UTF8.self).split(separator: "\r\n\r\n").last ?? ""
        let rows = JSONValue.of(String(body)).array ?? []
        #expect(rows.compactMap { $0["id"]?.string }.sorted() == ["a", "b", "c"])
        let socket = SocketClient(world)
        socket.send(SocketPacket(namespace: "/", .connect(nil)))
        socket.emit("lobbies", in: "/", id: 1)
        #expect(socket.ack(1)?.array?.count == 3)
    }

    @Test func `admins see all loops, and may kick and close on any`() {
        var hooks = ServerHooks()
        hooks.verifyAdmin = { _, _, decided in decided(.of(true)) }
        let world = World(loops: 2, hooks: hooks)
        let players = ["a", "b", "c"].map { lobby in
            let client = PlainClient(world, lobby: lobby)
            client.join()
            return client
        }
        let admin = SocketClient(world)
        admin.send(SocketPacket(namespace: "/admin", .connect(["username": "u", "password": "p", "client": "muster"])))
        world.run(.milliseconds(2_050))
        let overview = admin.event("overview", in: "/admin") ?? .null
        #expect(admin.words("/admin").count { $0 == "overview" } == 3)
        #expect(overview["connections"] == 4 && overview["lobbyCount"] == 3 && overview["seats"]?["taken"] == 3)
        #expect(overview["loops"]?.array?.compactMap { $0["lobbyCount"]?.integer } == [2, 1])
        #expect(overview["loops"]?.array?.compactMap { $0["connections"]?.integer } == [4, 0])
        #expect(overview["lobbies"]?.array?.compactMap { $0["id"]?.string } == ["a", "c", "b"])
        #expect(overview["counters"]?["joins"] == 3)
        let steps = world.servers.reduce(0) { $0 + $1.lateness.count }
        #expect(overview["tickLatenessMilliseconds"]?["count"]?.integer.map { UInt64($0) <= steps && $0 > 100 } == true)

        admin.emit("kick", ["lobby": "b", "seat": 0], in: "/admin", id: 1)
        admin.emit("close-lobby", ["lobby": "b"], in: "/admin", id: 2)
        admin.emit("close-lobby", ["lobby": "b"], in: "/admin", id: 3)
        #expect(admin.ack(1) == ["ok": true] && admin.ack(2) == ["ok": true])
        #expect(admin.ack(3) == ["error": "no such lobby", "code": "no-such-lobby"])
        #expect(players[1].closeCode == 4003 && players[0].closeCode == nil)

        world.mail.stuck = [1]
        let before = admin.words("/admin").count { $0 == "overview" }
        world.run(.seconds(3))
        #expect(admin.words("/admin").count { $0 == "overview" } >= before + 2, "a loop that is stuck hides no other")
    }
}

@Suite("Draining several loops")
struct LoopDrainTests {
    @Test func `one drain is everybody's, and ends when nobody sits on any loop`() {
        let world = World(loops: 2) { $0.drainTime = .seconds(5) }
        let players = ["a", "b"].map { lobby in
            let client = PlainClient(world, lobby: lobby)
            client.join()
            client.emit("keyframe")
            return client
        }
        #expect(world.servers.map(\.lobbies.count) == [1, 1])
        world.servers[0].drain()
        world.turn()
        for player in players { #expect(player.event("draining")?["seconds"] == 5.0) }
        world.home = 1
        let late = PlainClient(world, lobby: "a")
        late.join()
        #expect(late.closeCode == 4009)
        players[0].emit("leave")
        #expect(world.servers.map(\.isDrained) == [false, false], "somebody sits on the second loop")
        players[1].emit("leave")
        world.turn()
        #expect(world.servers.map(\.isDrained) == [true, true])
    }

    @Test func `when the time is over every loop ends what is left, remote sessions too`() {
        let (world, local) = Linked.world { $0.drainTime = .seconds(5) }
        let far = PlainClient(world)
        far.join()
        world.servers[1].drain()
        world.run(.milliseconds(4_900))
        #expect(world.servers.map(\.isDrained) == [false, false])
        world.run(.milliseconds(200))
        #expect(world.servers.map(\.isDrained) == [true, true])
        for server in world.servers { server.closeAll() }
        world.turn()
        #expect(far.closeCode == 4009 && local.closeCode == 4009)
        #expect(world.lobby()?.lobby.seats.connectedCount == 0)
    }
}
