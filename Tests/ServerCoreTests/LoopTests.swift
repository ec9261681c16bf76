import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing

/// A world of two loops whose lobby "x" is on the first, and players of it on the second.
private func world(loops: Int = 2, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> (World, local: PlainClient) {
    let world = World(loops: loops, adjust)
    let local = PlainClient(world)
    local.join(["name": "Ann"])
    local.emit("keyframe")
    world.home = 1
    return (world, local)
}

/// A player on the second loop whose stream has just blocked, after snapshot 3 reached it.
private func blocked(_ world: World) -> PlainClient {
    let far = PlainClient(world)
    far.join()
    far.emit("keyframe")
    world.steps(2)
    far.stream.stalls = true
    world.steps(1)
    return far
}

@Suite("Playing in a lobby of another loop")
struct RemotePlayTests {
    @Test func `a join is answered as on the lobby's own loop`() {
        let (world, local) = world()
        let far = PlainClient(world)
        let joined = far.join(["name": "Bob"])
        #expect(world.servers[0].lobbies.count == 1 && world.servers[1].lobbies.isEmpty)
        #expect(joined["seat"] == 1 && joined["name"] == "Bob" && joined["lobby"] == "x")
        for key in ["game", "tickRate", "snapshotEvery", "seats", "pingInterval", "schemaHash", "schema"] {
            #expect(joined[key] == local.event("joined")?[key])
        }
        #expect(joined["token"]?.string?.utf8.count == 43 && world.lobby()?.lobby.seats.connectedCount == 2)
        #expect(world.lobby()?.members[1]?.dialect == .plain)
    }

    @Test func `everyone gets the same snapshots, byte for byte, whatever the loop and the dialect`() throws {
        let (world, local) = world(loops: 3)
        let far = PlainClient(world)
        far.join()
        let socket = SocketClient(world)
        socket.join()
        world.home = 2
        let farther = SocketClient(world)
        farther.join()
        world.steps(20)
        let last = local.snapshots.suffix(18)
        #expect(last.count == 18 && last.map(kind).last == "20 from 19")
        #expect(far.snapshots.suffix(18) == last && socket.snapshots().suffix(18) == last)
        #expect(farther.snapshots().suffix(18) == last)
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for snapshot in far.snapshots { try receiver.receive(snapshot.span) }
    }

    @Test func `a turn is one batch to each loop, however many guests there are`() {
        let (world, _) = world()
        for _ in 0..<3 { PlainClient(world).join() }
        world.steps(1)
        let before = world.servers[0].counters[.loopBatches]
        world.steps(10)
        #expect(world.servers[0].counters[.loopBatches] - before == 10)
    }

    @Test func `inputs reach the game, and those that ask are answered`() {
        let (world, local) = world()
        let far = PlainClient(world)
        far.join()
        let before = world.count(.inputsAccepted)
        far.emit("input", ["input": ["by": 2, "loud": true]], id: 7)
        #expect(far.acks.last?.id == 7 && far.acks.last?.data == ["accepted": true, "tick": 0])
        let schema = GameType(Probe.self).schema
        let input = QuantisedInput(tick: 2, sequence: 9, values: [8, 1])
        far.send(.binary, ClientMessage.inputs(ack: 0, [input]).encode(schema: schema))
        #expect(world.count(.inputsAccepted) == before + 2)
        world.steps(3)
        #expect(local.events.count { $0.name == "loud" && $0.data == 1 } == 2)
        #expect(far.events.count { $0.name == "loud" && $0.data == 1 } == 2)

        let socket = SocketClient(world)
        socket.join()
        let bytes = ClientMessage.inputs(ack: 0, [input]).encode(schema: schema)
        socket.emit("input", .binary(bytes), id: 3)
        socket.emit("input", ["input": ["by": 1, "loud": false]], id: 4)
        socket.emit("input", ["input": 5], id: 5)
        #expect(socket.ack(3) == ["tick": 3] && socket.ack(4) == ["accepted": true, "tick": 3])
        #expect(socket.ack(5)?["error"] != nil)
    }

    @Test func `a malformed input is refused on the player's own loop`() {
        let (world, _) = world()
        let far = PlainClient(world)
        far.join()
        far.emit("input", ["input": ["by": 99]], id: 1)
        #expect(far.event("exception")?["event"] == "input" && far.closeCode == nil)
        far.send(.binary, [0xFF, 0xFF])
        #expect(far.closeCode == 4002 && world.servers[1].counters[.inputsRefused] == 2)
        #expect(world.lobby()?.lobby.seats.connectedCount == 1)
    }

    @Test func `a keyframe that was asked for comes next`() {
        let (world, _) = world()
        let far = PlainClient(world)
        far.join()
        world.steps(3)
        far.emit("keyframe", ["mismatch": true])
        world.steps(1)
        #expect(kind(far.snapshots.last) == "key 4" && world.count(.stateMismatches) == 1)
    }

    @Test func `who leaves is told so at once, and its seat is free`() {
        let (world, local) = world()
        let far = PlainClient(world)
        far.join()
        far.emit("leave")
        let socket = SocketClient(world)
        socket.join()
        socket.emit("leave", id: 1)
        #expect(far.closeCode == 1000 && socket.words().suffix(2) == ["ack", "disconnect"])
        #expect(world.lobby()?.lobby.seats.takenCount == 1 && world.count(.leaves) == 2)
        #expect(local.events.count { $0.name == "left" && $0.data == 1 } == 2)
    }

    @Test func `a refusal is told as on the lobby's own loop`() {
        let (world, _) = world()
        for _ in 0..<3 { PlainClient(world).join() }
        let full = PlainClient(world)
        full.join()
        #expect(full.closeCode == 4007)
        let token = PlainClient(world)
        token.join(["token": "nonsense"])
        #expect(token.closeCode == 4001)
        let schema = SocketClient(world)
        schema.join("x", ["schema": "00"])
        #expect(schema.refusal()?["data"]?["code"] == 4002 && world.count(.joinsRefused) == 3)
    }

    @Test func `what a game says about a join follows the welcome`() {
        let world = World(loops: 2)
        PlainClient(world).join(["options": ["greet": true]])
        world.home = 1
        let far = PlainClient(world)
        far.join()
        #expect(far.events.map(\.name).prefix(3) == ["joined", "greeting", "arrived"])
    }
}

@Suite("Coming and going between loops")
struct RemoteSeatTests {
    @Test func `a lost connection keeps the seat for its grace, and any loop may resume it`() {
        let (world, local) = world(loops: 3)
        let far = PlainClient(world)
        var token = far.join(["name": "Bob"])["token"] ?? .null
        far.emit("keyframe")
        world.steps(3)
        far.stream.cut()
        world.turn()
        #expect(world.lobby()?.lobby.seats.takenCount == 2 && world.lobby()?.lobby.seats.connectedCount == 1)
        #expect(local.event("dropped") == 1 && world.count(.drops) == 1)
        for home in [2, 0, 1] {
            world.home = home
            let again = PlainClient(world)
            let joined = again.join(["token": token, "tick": 3])
            #expect(joined["seat"] == 1 && joined["resumed"] == true && joined["name"] == "Bob")
            token = joined["token"] ?? .null
            again.emit("keyframe")
            again.stream.cut()
            world.turn()
        }
        #expect(world.count(.resumes) == 3)
        world.run(.seconds(31))
        #expect(world.lobby()?.lobby.seats.takenCount == 1 && world.count(.graceExpired) == 1)
    }

    @Test func `a seat that is taken up elsewhere ends the connection that had it`() {
        let (world, _) = world()
        let far = PlainClient(world)
        let token = far.join()["token"] ?? .null
        far.emit("keyframe")
        world.home = 0
        let near = PlainClient(world)
        #expect(near.join(["token": token])["seat"] == 1)
        #expect(far.closeCode == 4006 && near.closeCode == nil)
        world.steps(2)
        #expect(world.lobby()?.lobby.seats.connectedCount == 2 && near.snapshots.count >= 2)
    }

    @Test func `a player that never sent anything has no seat to come back to`() {
        let (world, _) = world()
        let far = PlainClient(world)
        far.join()
        far.stream.cut()
        world.turn()
        #expect(world.lobby()?.lobby.seats.takenCount == 1)
    }

    @Test func `a connection that dies while its join is under way leaves no seat taken`() {
        let (world, _) = world()
        for isSocket in [false, true] {
            world.mail.stuck = [0]
            let far = isSocket ? SocketClient(world) : PlainClient(world)
            if let socket = far as? SocketClient { socket.join() } else { (far as? PlainClient)?.join() }
            far.stream.cut()
            world.turn()
            world.mail.stuck = []
            world.turn()
            #expect(world.count(.joins) == (isSocket ? 3 : 2))
            #expect(world.lobby()?.lobby.seats.takenCount == 1)
        }
    }

    @Test func `a CONNECT that is taken back while it is under way leaves no seat taken`() {
        let (world, _) = world()
        world.mail.stuck = [0]
        let far = SocketClient(world)
        far.join()
        far.send(SocketPacket(namespace: "/lobby/x", .disconnect))
        world.mail.stuck = []
        world.turn()
        #expect(far.closeCode == nil && far.words().isEmpty && world.lobby()?.lobby.seats.takenCount == 1)
    }

    @Test func `a kick, a close and a failure of the game end members on other loops`() {
        let cases: [(end: (HostedLobby) -> Void, event: String, code: UInt16)] = [
            ({ _ = $0.kick(seat: 1, reason: "rude") }, "kicked", 4003),
            ({ $0.close("maintenance") }, "closed", 4000),
        ]
        for (end, event, code) in cases {
            let (world, _) = world()
            let far = PlainClient(world)
            let token = far.join()["token"] ?? .null
            far.emit("keyframe")
            world.lobby().map(end)
            world.turn()
            #expect(far.event(event) != nil && far.closeCode == code)
            let again = PlainClient(world)
            again.join(["token": token])
            #expect(again.closeCode == 4001, "its token is dead")
        }
    }

    @Test func `one connection may be in lobbies of several loops`() {
        let world = World(loops: 3)
        let socket = SocketClient(world)
        for lobby in ["a", "b", "c"] { socket.join(lobby) }
        #expect(world.servers.map(\.lobbies.count) == [1, 1, 1])
        world.run(.seconds(1))
        for lobby in ["a", "b", "c"] { #expect(socket.snapshots("/lobby/\(lobby)").count > 15) }
        socket.stream.cut()
        world.turn()
        for lobby in ["a", "b", "c"] { #expect(world.lobby(lobby)?.lobby.seats.takenCount == 0) }
    }

    @Test func `a lobby that closes while a join is on its way is opened anew`() {
        let (world, local) = world()
        world.mail.stuck = [0]
        let far = PlainClient(world)
        far.join()
        world.mail.stuck = []
        world.lobby()?.close("over")
        world.turn()
        #expect(local.closeCode == 4000)
        #expect(far.event("joined")?["seat"] == 0 && far.closeCode == nil)
        #expect(world.servers.flatMap(\.lobbies).map(\.id) == ["x"])
    }
}

@Suite("Between loops every queue has a bound")
struct LoopBoundTests {
    @Test func `a slow reader on another loop holds one snapshot at most, then gets the newest`() throws {
        let (world, _) = world { $0.writeTimeout = .seconds(60) }
        let far = blocked(world)
        world.steps(10)
        #expect(far.stream.isBlocked && world.count(.snapshotsSkipped) == 9)
        let calls = far.stream.sendCount
        far.stream.drain()
        world.turn()
        #expect(far.snapshots.suffix(3).map(kind) == ["3 from 2", "4 from 3", "13 from 4"])
        #expect(far.stream.sendCount == calls + 2 && world.count(.catchUpsSent) == 1)
        world.steps(1)
        #expect(kind(far.snapshots.last) == "14 from 13")
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for snapshot in far.snapshots { try receiver.receive(snapshot.span) }
    }

    @Test func `a slow reader's events are bounded on its own loop`() {
        let (world, local) = world { $0.outboxBytesMax = 10_000 }
        let far = blocked(world)
        for _ in 0..<12 { world.lobby()?.emit("note", .string(String(repeating: "x", count: 1_000))) }
        world.turn()
        #expect(far.stream.isClosed && world.servers[1].counters[.slowConsumersClosed] == 1)
        #expect(world.lobby()?.lobby.seats.connectedCount == 1 && world.lobby()?.lobby.seats.takenCount == 2)
        #expect(local.closeCode == nil)
    }

    @Test func `a loop that is stuck is sent sixteen batches, and no guest there more than its outbox`() {
        let (world, local) = world { $0.outboxBytesMax = 10_000 }
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
        let (world, _) = world()
        let far = PlainClient(world)
        far.join()
        world.mail.stuck = [0]
        for _ in 0..<140 { far.emit("input", ["input": ["by": 1, "loud": false]]) }
        // One of the 128 is the sign that the welcome has come.
        #expect(world.servers[1].counters[.inputsOverflowed] == 12)
        #expect(world.mail.waitingCount(for: 0) == 16)
        world.mail.stuck = []
        world.turn()
        far.emit("input", ["input": ["by": 1, "loud": false]])
        #expect(world.servers[1].counters[.inputsOverflowed] == 12)
    }

    @Test func `events keep their order with what else a player is told`() {
        let (world, _) = world()
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
            $0.connectionsMax = 4
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
        #expect(refused.closeCode == 4000 && world.servers[1].counters[.lobbiesFailed] == 1)
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
        hooks.verifyAdmin = { _, _, decided in decided(true) }
        let world = World(loops: 2, hooks: hooks)
        let players = ["a", "b", "c"].map { lobby in
            let client = PlainClient(world, lobby: lobby)
            client.join()
            return client
        }
        let admin = SocketClient(world)
        admin.send(SocketPacket(namespace: "/admin", .connect(["username": "u", "password": "p"])))
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
        #expect(admin.ack(3) == ["error": "no such lobby"])
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

    @Test func `when the time is over every loop ends what is left, guests too`() {
        let (world, local) = world { $0.drainTime = .seconds(5) }
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
