import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// Worlds of several loops.
enum Linked {
    /// A world of two loops whose lobby "x" is on the first, and players of it on the second.
    static func world(loops: Int = 2, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> (
        World, local: PlainClient
    ) {
        let world = World(loops: loops, adjust)
        // What is about remote sessions: connections that cannot move to the lobby's loop.
        world.streamsMove = false
        let local = PlainClient(world)
        local.join(["name": "Ann"])
        local.emit("keyframe")
        world.home = 1
        return (world, local)
    }

    /// A player on the second loop whose stream has just blocked, after snapshot 3 reached it.
    static func blocked(_ world: World) -> PlainClient {
        let far = PlainClient(world)
        far.join()
        far.emit("keyframe")
        world.steps(2)
        far.stream.stalls = true
        world.steps(1)
        return far
    }
}

@Suite("Playing in a lobby of another loop")
struct RemotePlayTests {
    @Test func `a join is answered as on the lobby's own loop`() {
        let (world, local) = Linked.world()
        let far = PlainClient(world)
        let joined = far.join(["name": "Bob"])
        #expect(world.servers[0].lobbies.count == 1 && world.servers[1].lobbies.isEmpty)
        #expect(joined["seat"] == 1 && joined["name"] == "Bob" && joined["lobby"] == "x")
        for key in ["game", "tickRate", "snapshotRate", "seats", "pingInterval", "schemaHash", "schema"] {
            #expect(joined[key] == local.event("joined")?[key])
        }
        #expect(joined["token"]?.string?.utf8.count == 43 && world.lobby()?.lobby.seats.connectedCount == 2)
        #expect(world.lobby()?.members[1]?.dialect == .plain)
    }

    @Test func `everyone gets the same snapshots, byte for byte, whatever the loop and the dialect`() throws {
        let (world, local) = Linked.world(loops: 3)
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

    @Test func `a turn is one batch to each loop, however many remote sessions there are`() {
        let (world, _) = Linked.world()
        for _ in 0..<3 { PlainClient(world).join() }
        world.steps(1)
        let before = world.servers[0].counted[.loopBatches]
        world.steps(10)
        #expect(world.servers[0].counted[.loopBatches] - before == 10)
    }

    @Test func `inputs reach the game, and those that ask are answered`() {
        let (world, local) = Linked.world()
        let far = PlainClient(world)
        far.join()
        let before = world.count(.inputsAccepted)
        far.emit("input", ["input": ["by": 2, "loud": true]], id: 7)
        #expect(far.acks.last?.id == 7 && far.acks.last?.data["accepted"] == true)
        #expect(far.acks.last?.data["tick"] == 0)
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
        #expect(socket.ack(3)?["tick"] == 3 && socket.ack(4)?["accepted"] == true && socket.ack(4)?["tick"] == 3)
        #expect(socket.ack(5)?["error"] != nil)
    }

    @Test func `a malformed input is refused on the player's own loop`() {
        let (world, _) = Linked.world()
        let far = PlainClient(world)
        far.join()
        far.emit("input", ["input": ["by": 99]], id: 1)
        #expect(far.event("exception")?["event"] == "input" && far.closeCode == nil)
        far.send(.binary, [0xFF, 0xFF])
        #expect(far.closeCode == 4002 && world.servers[1].counted[.inputsRefused] == 2)
        #expect(world.lobby()?.lobby.seats.connectedCount == 1)
    }

    @Test func `a keyframe that was asked for comes next`() {
        let (world, _) = Linked.world()
        let far = PlainClient(world)
        far.join()
        world.steps(3)
        far.emit("keyframe", ["mismatch": true])
        world.steps(1)
        #expect(kind(far.snapshots.last) == "key 4" && world.count(.stateMismatches) == 1)
    }

    @Test func `who leaves is told so at once, and its seat is free`() {
        let (world, local) = Linked.world()
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
        let (world, _) = Linked.world()
        for _ in 0..<3 { PlainClient(world).join() }
        let full = PlainClient(world)
        full.join()
        #expect(full.closeCode == 4007)
        let token = PlainClient(world)
        token.join(["token": "nonsense"])
        #expect(token.closeCode == 4001)
        let schema = SocketClient(world)
        schema.join("x", ["schema": "00"])
        #expect(schema.refusal()?["data"]?["code"] == 4019 && world.count(.joinsRefused) == 3)
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
        let (world, local) = Linked.world(loops: 3)
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
        let (world, _) = Linked.world()
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
        let (world, _) = Linked.world()
        let far = PlainClient(world)
        far.join()
        far.stream.cut()
        world.turn()
        #expect(world.lobby()?.lobby.seats.takenCount == 1)
    }

    @Test func `a connection that dies while its join is under way leaves no seat taken`() {
        let (world, _) = Linked.world()
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
        let (world, _) = Linked.world()
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
            let (world, _) = Linked.world()
            let far = PlainClient(world)
            let token = far.join()["token"] ?? .null
            far.emit("keyframe")
            world.lobby().map(end)
            world.turn()
            #expect(far.event(event) != nil && far.closeCode == code)
            let again = PlainClient(world)
            again.join(["token": token])
            #expect(again.closeCode == (code == 4003 ? 4003 : 4001), "its token is dead")
        }
    }

    @Test func `however a remote session ends, nothing of it is kept on either loop`() {
        let endings: [(World, Client) -> Void] = [
            { _, client in client.stream.cut() },
            { _, client in client.sendClose(1_000) },
            { world, _ in _ = world.lobby()?.kick(seat: 1, reason: "") },
            { world, _ in world.lobby()?.close("") },
            { _, client in (client as? PlainClient)?.emit("leave") },
        ]
        for end in endings {
            let (world, _) = Linked.world()
            weak var member: Member?
            weak var connection: Connection?
            do {
                let far = PlainClient(world)
                far.join()
                world.steps(2)
                member = world.lobby()?.members[1]
                connection = far.stream.handler as? Connection
                #expect(member != nil && connection != nil)
                end(world, far)
                world.turn()
                far.sendClose(1_000)
            }
            world.turn()
            #expect(member == nil && connection == nil && world.servers[1].connectionCount == 0)
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
        let (world, local) = Linked.world()
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
