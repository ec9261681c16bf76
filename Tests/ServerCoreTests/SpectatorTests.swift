import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// Worlds with somebody to watch.
enum Watched {
    /// A world whose lobby x has one player, who has a token.
    static func world(
        loops: Int = 1, _ join: JSONValue = ["name": "Ann"], _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) -> (World, PlainClient) {
        let world = World(seed: 77, loops: loops, adjust)
        if loops > 1 { world.streamsMove = false }
        let player = PlainClient(world)
        player.join(join)
        player.emit("keyframe")
        world.home = loops - 1
        return (world, player)
    }

    /// Somebody who watches lobby x.
    static func spectator(_ world: World, _ data: JSONObject = JSONObject(), peer: PeerAddress = .test) -> PlainClient {
        let client = PlainClient(world, peer: peer)
        var data = data
        data["watch"] = true
        client.join(.object(data))
        return client
    }

    /// The state to which snapshots lead, one after the other.
    static func state(_ snapshots: [[UInt8]], of game: GameType = GameType(Probe.self)) throws -> WorldState? {
        var receiver = SnapshotReceiver(schema: game.schema)
        for snapshot in snapshots { try receiver.receive(snapshot.span) }
        return receiver.state
    }
}

/// A game that only casters watch, one of them, a second late.
private struct Guarded: Game {
    static let name = "guarded"
    static let rules = Rules(
        tickRate: 20, seats: 2, watch: WatchRules(most: 1, delay: .seconds(1), role: "caster"))
    static var replicated: Replication<Guarded> {
        Single(\.clock, "clock") { Field("tick", \.at, .int(0...1_000_000)) }
    }
    private(set) var clock = Pawn()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) { clock.at += 1 }
}

@Suite("Watching from the game socket (protocol/spec/lobby.md §6)")
struct SpectatorTests {
    @Test(arguments: [1, 2])
    func `a spectator is shown what players are shown, byte for byte, and takes no seat`(loops: Int) throws {
        let (world, player) = Watched.world(loops: loops)
        let plain = Watched.spectator(world, ["name": "Sue"])
        let joined = try #require(plain.event("joined"))
        #expect(
            joined["watching"] == true && joined["delay"] == .number(0) && joined["name"] == "Sue"
                && joined["seats"] == 4)
        #expect(joined["seat"] == nil && joined["token"] == nil)
        for key in ["lobby", "game", "tickRate", "snapshotEvery", "schema", "schemaHash", "pingInterval"] {
            #expect(joined[key] == player.event("joined")?[key])
        }
        let socket = SocketClient(world)
        #expect(socket.join("x", ["watch": true])["watching"] == true)
        world.steps(20)
        let last = player.snapshots.suffix(18)
        #expect(last.map(kind).last == "20 from 19")
        #expect(plain.snapshots.suffix(18) == last && socket.snapshots().suffix(18) == last)
        #expect(try Watched.state(plain.snapshots)?.tick == 20)
        let hosted = try #require(world.lobby())
        #expect(hosted.lobby.seats.takenCount == 1 && world.server.watcherCount == 2)
        #expect(world.count(.watchersOpened) == 2 && world.count(.joins) == 1)
    }

    @Test(arguments: [1, 2])
    func `nothing that a spectator says reaches the game`(loops: Int) throws {
        func hash(_ isWatched: Bool) throws -> [UInt32] {
            let (world, player) = Watched.world(loops: loops)
            let spectators = isWatched ? [Watched.spectator(world), Watched.spectator(world)] : []
            let socket = isWatched ? SocketClient(world) : nil
            socket?.join("x", ["watch": true])
            var hashes: [UInt32] = []
            let input = QuantisedInput(tick: 2, sequence: 9, values: [16, 1])
            let binary = ClientMessage.inputs(ack: 0, [input]).encode(schema: GameType(Probe.self).schema)
            for step in 0..<20 {
                player.emit("input", ["input": ["by": 2, "loud": true]])
                for spectator in spectators {
                    spectator.emit("input", ["input": ["by": 8, "loud": true]], id: step)
                    spectator.send(.binary, binary)
                    spectator.emit("chat", ["text": "hey"])
                    spectator.emit("kick", ["seat": 0])
                }
                socket?.emit("input", .binary(binary), id: 1_000 + step)
                socket?.emit("input", ["input": ["by": 8, "loud": true]], id: 2_000 + step)
                world.steps(1)
                hashes.append(world.lobby()?.lobby.stateHash ?? 0)
            }
            if isWatched {
                #expect(spectators[0].refusals == Array(repeating: "not-here", count: 60))
                #expect(socket?.ack(1_000)?["code"] == "not-here" && socket?.ack(2_019)?["code"] == "not-here")
                #expect(spectators.allSatisfy { $0.closeCode == nil } && player.event("chat") == nil)
                #expect(world.count(.inputsAccepted) == 20 && world.count(.inputsRefused) == 5 * 20 + 20)
            }
            return hashes
        }
        #expect(try hash(true) == hash(false))
    }

    @Test func `a malformed input ends a spectator as it does a player`() {
        let (world, _) = Watched.world()
        let spectator = Watched.spectator(world)
        spectator.send(.binary, [0xFF, 0xFF])
        #expect(spectator.closeCode == 4002 && world.server.watcherCount == 0)
    }

    @Test(arguments: [1, 2])
    func `what is for everybody is shown, and what is for one player or a team is not`(loops: Int) {
        let (world, player) = Watched.world(loops: loops, ["options": ["greet": true]])
        let spectator = Watched.spectator(world)
        let socket = SocketClient(world)
        socket.join("x", ["watch": true])
        world.home = 0
        let other = PlainClient(world)
        other.join()
        world.steps(2)
        player.emit("chat", ["text": "to all"])
        player.emit("chat", ["text": "to one", "to": 1])
        world.turn()
        #expect(spectator.events.filter { $0.name != "snapshot" }.map(\.name) == ["joined", "arrived", "chat"])
        #expect(spectator.event("chat")?["text"] == "to all" && socket.event("chat")?["text"] == "to all")
        #expect(socket.event("greeting") == nil && other.event("chat")?["text"] == "to one")
    }

    @Test func `where there is a match around the game a spectator is told where it stands`() {
        let world = Stage.world(seed: 78)
        let players = Stage.players(2, world)
        let spectator = Watched.spectator(world)
        #expect(spectator.event("phase")?["phase"] == "waiting")
        #expect(spectator.event("players")?["players"]?[1]?["name"] == "P1")
        Stage.ready(players)
        world.run(.seconds(1))
        #expect(spectator.event("phase")?["phase"] == "running" && !spectator.snapshots.isEmpty)
        players[0].emit("chat", ["text": "psst", "to": "team"])
        #expect(spectator.event("chat") == nil && players[0].event("chat") != nil)
    }

    @Test func `a rematch is shown from its first state on`() throws {
        let world = Stage.world(seed: 79)
        let players = Stage.players(2, world, ["finishAt": 10])
        let spectator = Watched.spectator(world)
        Stage.ready(players)
        world.run(.seconds(2))
        #expect(spectator.event("finished")?["winner"] == 1)
        for player in players.reversed() { player.emit("rematch") }
        world.run(.seconds(2))
        let kinds = spectator.snapshots.map(kind)
        #expect(kinds.filter { $0.hasPrefix("key") } == ["key 1", "key 1"])
        #expect(try Watched.state(spectator.snapshots, of: GameType(Staged.self))?.tick == 9)
    }

    // MARK: Who may

    private func refusal(_ world: World, _ data: JSONObject = JSONObject()) -> UInt16? {
        Watched.spectator(world, data).closeCode
    }

    @Test func `watching opens no lobby and takes nothing but a lobby's id`() {
        let (world, _) = Watched.world()
        let none = PlainClient(world, lobby: "none")
        none.join(["watch": true, "game": "probe"])
        #expect(none.closeCode == 4010 && world.server.lobbies.count == 1)
        for place in ["~new", "~quick", "~match"] {
            let client = PlainClient(world, lobby: place)
            client.join(["watch": true])
            #expect(client.closeCode == 4002)
        }
        #expect(refusal(world, ["token": "t"]) == 4002 && refusal(world, ["ticket": "t"]) == 4002)
        let wrong = PlainClient(world)
        wrong.join(["watch": 1])
        #expect(wrong.closeCode == 4002 && refusal(world, ["schema": "00"]) == 4019)
        let plays = PlainClient(world)
        #expect(plays.join(["watch": false])["seat"] == 1)
    }

    @Test func `a password is asked for, a lock or full seats keep nobody from watching`() {
        let (world, _) = Watched.world(["lobby": ["password": "open", "players": 1], "options": ["lockWith": 1]])
        world.steps(1)
        #expect(refusal(world) == 4012 && refusal(world, ["password": "no"]) == 4012)
        let spectator = Watched.spectator(world, ["password": "open"])
        #expect(spectator.event("joined")?["watching"] == true)
        let late = PlainClient(world)
        late.join(["password": "open"])
        #expect(late.closeCode == 4011)
    }

    @Test func `a spectator has seats kept for others as an outsider would`() {
        let (world, _) = Watched.world(["lobby": ["password": "open"]])
        let spectator = Watched.spectator(world, ["password": "open"])
        spectator.emit("reserve", id: 1)
        #expect(spectator.event("exception")?["message"] == "the lobby has a password, and this is not it")
        spectator.emit("reserve", ["password": "open"], id: 2)
        #expect(spectator.acks.last?.data["tickets"]?[0]?["seat"] == 1)
    }

    @Test(arguments: [1, 2])
    func `no more watch than the server, the lobby and its game let, event streams among them`(loops: Int) {
        let (world, _) = Watched.world(loops: loops, ["lobby": ["watchers": 2]])
        let first = Watched.spectator(world)
        let stream = EventSource(world)
        if loops == 1 { #expect(stream.answer.status == 200) }
        if loops == 2 { _ = Watched.spectator(world) }
        let third = Watched.spectator(world)
        #expect(third.closeCode == 4007 && third.event("exception")?["message"] == "as many watch as may")
        #expect(EventSource(world).answer.status == 503)
        first.emit("leave", id: 1)
        #expect(first.closeCode == 1000 && world.server.watcherCount == 1)
        let next = Watched.spectator(world)
        #expect(next.closeCode == nil && world.server.watcherCount == 2)
        next.stream.cut()
        world.turn()
        #expect(world.server.watcherCount == 1)

        let (shut, _) = Watched.world(["lobby": ["watchers": 0]])
        #expect(refusal(shut) == 4001 && shut.ask("/api/lobbies/x").status == 403)
        let (full, _) = Watched.world { $0.watchersMax = 1 }
        #expect(refusal(full) == nil && refusal(full) == 4007 && full.count(.watchersRefused) == 1)
        let (hidden, _) = Watched.world { $0.isWatchable = false }
        #expect(refusal(hidden) == 4001)
    }

    @Test func `a game may let only those watch who have a role`() {
        var hooks = ServerHooks()
        hooks.authorize = { request, decided in decided(.success(Identity(role: request.auth["role"]?.string))) }
        let world = World(seed: 80, games: [GameType(Guarded.self)], hooks: hooks) { $0.defaultGame = "guarded" }
        PlainClient(world).join()
        #expect(refusal(world) == 4001 && refusal(world, ["role": "player"]) == 4001)
        let caster = Watched.spectator(world, ["role": "caster"])
        #expect(caster.event("joined")?["delay"] == .number(1))
        #expect(refusal(world, ["role": "caster"]) == 4007, "the game lets one watch")
        #expect(world.ask("/api/lobbies/x").status == 403 && EventSource(world).answer.status == 403)
    }

    @Test func `who is banned does not watch, and who watches is sent away when banned`() {
        let world = Known.world()
        let ann = PlainClient(world)
        ann.join(["who": "ann"])
        let bob = PlainClient(world)
        bob.join(["who": "bob"])
        let other = PlainClient(world, lobby: "y")
        other.join(["who": "eve"])
        let watching = Watched.spectator(world, ["who": "bob"])
        let innocent = Watched.spectator(world, ["who": "eve"])
        #expect(world.lobby("y")?.ban(seat: 0, reason: "cheats", for: nil, everywhere: true) == true)
        world.turn()
        #expect(innocent.closeCode == 4016 && innocent.event("banned")?["reason"] == "cheats")
        #expect(watching.closeCode == nil && world.server.watcherCount == 1)
        #expect(world.lobby()?.kick(seat: 1, reason: "out") == true)
        #expect(refusal(world, ["who": "bob"]) == 4003 && refusal(world, ["who": "eve"]) == 4016)
    }

    // MARK: Ends

    @Test(arguments: [1, 2])
    func `when the lobby closes spectators are told, and nobody who watches keeps one open`(loops: Int) {
        let (world, player) = Watched.world(loops: loops)
        let plain = Watched.spectator(world)
        let socket = SocketClient(world)
        socket.join("x", ["watch": true])
        player.emit("leave")
        world.run(.seconds(31))
        #expect(world.lobby() == nil && plain.closeCode == 4000)
        #expect(plain.event("closed")?["reason"] == "the lobby was empty")
        #expect(socket.words().suffix(2) == ["closed", "disconnect"] && world.server.watcherCount == 0)
    }

    @Test func `a drain is told, and spectators do not hold it up`() {
        let (world, player) = Watched.world { $0.watchDelay = .seconds(60) }
        let spectator = Watched.spectator(world)
        world.server.drain()
        world.turn()
        #expect(spectator.event("draining") != nil && !world.server.isDrained)
        player.emit("leave")
        #expect(world.server.isDrained && refusal(world) == 4009)
        world.server.closeAll()
        world.turn()
        #expect(spectator.closeCode == 4009 && world.server.watcherCount == 0)
    }

    @Test(arguments: [1, 2])
    func `one that does not read holds up nobody, and goes on from the newest state`(loops: Int) throws {
        let (world, player) = Watched.world(loops: loops)
        let slow = Watched.spectator(world)
        let quick = Watched.spectator(world)
        world.steps(3)
        slow.stream.stalls = true
        let before = (player.snapshots.count, quick.snapshots.count, slow.snapshots.count)
        world.steps(10)
        #expect(player.snapshots.count == before.0 + 10 && quick.snapshots.count == before.1 + 10)
        slow.stream.drain()
        world.turn()
        world.steps(1)
        #expect(slow.snapshots.count <= before.2 + 3)
        let state = try Watched.state(slow.snapshots)
        #expect(try state == Watched.state(quick.snapshots) && state?.tick == 14)
    }

    @Test func `one that does not read what is said is closed alone`() {
        let (world, player) = Watched.world(["options": ["chatter": 900]]) { $0.outboxBytesMax = 4_096 }
        let slow = Watched.spectator(world)
        let quick = Watched.spectator(world)
        slow.stream.stalls = true
        world.steps(20)
        #expect(slow.stream.isClosed && world.server.watcherCount == 1)
        #expect(player.closeCode == nil && quick.closeCode == nil && world.count(.slowConsumersClosed) == 1)
        #expect(quick.events.count { $0.name == "chatter" } == 20)
    }

    @Test func `who watches comes back by watching again, and may play beside it`() {
        let (world, _) = Watched.world()
        let first = Watched.spectator(world)
        first.stream.cut()
        world.steps(2)
        let again = Watched.spectator(world)
        world.steps(1)
        #expect(again.snapshots.map(kind) == ["key 2", "3 from 2"] && world.server.watcherCount == 1)
        let player = PlainClient(world)
        #expect(player.join()["seat"] == 1)
    }
}
