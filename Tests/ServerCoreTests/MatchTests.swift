import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import Testing

/// A game of up to four in two teams with everything around its match, that finishes when its options say.
struct Staged: Game {
    static let name = "staged"
    static let rules = Rules(
        tickRate: 20, seats: 4, grace: .seconds(30),
        match: MatchRules(
            start: .whenReady(minimum: 2, countdown: .milliseconds(500)), teams: 2, rematchTime: .seconds(10)))
    static var replicated: Replication<Staged> {
        Entities(\.pawns, "pawn") {
            Field("at", \.at, .int(0...1_000_000))
            Field("team", \.team, .int(0...15))
        }
    }

    struct Marker: Entity {
        var at = 0
        var team = 0
    }

    var pawns = Table<Marker>()
    private let finishAt: Int64

    init(_ context: inout GameContext, options: JSONValue) throws {
        finishAt = options["finishAt"]?.integer ?? 0
        context.emit("made", .integer(Int64(context.random.int(in: 0...1_000_000))))
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        pawns[seat: seat.number] = Marker(at: 0, team: seat.team ?? 15)
        context.emit("in", [.integer(Int64(seat.number)), .integer(Int64(seat.team ?? -1))])
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        pawns[seat: seat.number] = nil
        context.emit("out", .integer(Int64(seat.number)))
    }

    mutating func drop(_ seat: Seat, _ context: inout GameContext) {
        context.emit("lost", .integer(Int64(seat.number)))
    }

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) throws {
        for (seat, input) in inputs { pawns[seat: seat]?.at += input.by + 8 }
        if Int64(context.tick) == finishAt { context.finish(["winner": 1]) }
    }
}

/// Whoever keeps results.
final class Results {
    var all: [MatchResult] = []
}

/// Worlds whose games have something around their matches.
enum Stage {
    static func world(
        loops: Int = 1, seed: UInt64 = 40, results: Results? = nil, _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) -> World {
        var hooks = ServerHooks()
        if let results { hooks.results = { results.all.append($0) } }
        return World(
            seed: seed, loops: loops, games: [GameType(Staged.self), GameType(Probe.self)], hooks: hooks
        ) { settings in
            settings.defaultGame = "staged"
            adjust(&settings)
        }
    }

    /// That many players of lobby x, of whom each knows its token.
    static func players(_ count: Int, _ world: World, _ options: JSONValue = [:]) -> [PlainClient] {
        (0..<count).map { index in
            let client = PlainClient(world)
            client.join(["name": .string("P\(index)"), "options": options])
            client.emit("keyframe")
            return client
        }
    }

    static func ready(_ clients: [PlainClient]) { for client in clients { client.emit("ready") } }
}

extension PlainClient {
    /// The codes of the requests that were refused.
    var refusals: [String] {
        events.compactMap { $0.name == "exception" ? $0.data["code"]?.string : nil }
    }
}

@Suite("The match around a game, on the wire (protocol/spec/lobby.md §4.1)")
struct MatchTests {
    @Test func `a game without rules about it says not a word more than it did`() {
        let world = World()
        let client = PlainClient(world)
        let joined = client.join()
        for key in ["phase", "round", "host", "team"] { #expect(joined[key] == nil) }
        PlainClient(world).join()
        world.steps(5)
        #expect(Set(client.events.map(\.name)) == ["joined", "snapshot"])
        client.emit("ready", id: 1)
        client.emit("kick", ["seat": 1], id: 2)
        client.emit("rematch", id: 3)
        #expect(client.refusals == ["not-now", "not-host", "not-now"] && world.lobby()?.lobby.seats.takenCount == 2)
    }

    @Test func `players wait, are ready, and play`() throws {
        let world = Stage.world()
        let players = Stage.players(2, world)
        let joined = try #require(players[1].event("joined"))
        #expect(joined["phase"] == "waiting" && joined["round"] == 0 && joined["host"] == 0 && joined["team"] == 1)
        world.steps(0)
        world.run(.seconds(1))
        #expect(world.lobby()?.lobby.tick == 0 && players[0].snapshots.isEmpty)
        players[0].emit("input", ["input": ["by": 1]], id: 9)
        #expect(players[0].acks.last?.data["accepted"] == false)

        Stage.ready(players)
        #expect(players[0].event("phase") == ["phase": "starting", "round": 0, "ticks": 10])
        let told = try #require(players[1].event("players"))
        #expect(told["host"] == 0 && told["players"]?[0]?["ready"] == true && told["players"]?[1]?["team"] == 1)
        world.run(.milliseconds(600))
        #expect(players[1].event("phase") == ["phase": "running", "round": 1])
        let names = players[0].events.map(\.name)
        #expect(names.suffix(from: names.lastIndex(of: "phase") ?? 0).prefix(4) == ["phase", "in", "in", "snapshot"])
        #expect(players[0].event("in") == [1, 1] && kind(players[0].snapshots.first) == "key 1")
        #expect(world.count(.inputsTooEarly) == 1)
    }

    @Test func `who comes to a running game is in it, and who leaves is out`() {
        let world = Stage.world()
        var players = Stage.players(2, world)
        Stage.ready(players)
        world.run(.seconds(1))
        players += Stage.players(1, world)
        #expect(players[2].event("joined")?["phase"] == "running" && players[0].event("in") == [2, 0])
        players[0].emit("leave")
        #expect(players[1].event("out") == 0 && players[1].event("players")?["host"] == 1)
    }

    @Test func `a player who is lost before the game begins is told to it as lost`() {
        let world = Stage.world()
        let players = Stage.players(3, world)
        players[2].stream.cut()
        Stage.ready(Array(players[0...1]))
        world.run(.seconds(1))
        #expect(players[0].event("in") == [2, 0] && players[0].event("lost") == 2)
    }

    @Test func `a finished game's result is handed on, and a rematch is a new game of the same seats`() throws {
        let results = Results()
        let world = Stage.world(results: results)
        let players = Stage.players(2, world, ["finishAt": 5])
        Stage.ready(players)
        world.run(.seconds(1))
        #expect(players[0].event("finished") == ["winner": 1] && players[0].closeCode == nil)
        #expect(players[0].event("phase") == ["phase": "finished", "round": 1, "ticks": 200])
        let result = try #require(results.all.first)
        #expect(result.lobby == "x" && result.game == "staged" && result.result == ["winner": 1])
        #expect(result.endedTick - result.startedTick == 5 && result.round == 1 && result.tickRate == 20)
        #expect(result.players.map(\.name) == ["P0", "P1"] && result.players.map(\.team) == [0, 1])

        let first = try #require(players[0].event("made"))
        for player in players.reversed() { player.emit("rematch") }
        world.run(.milliseconds(650))
        #expect(players[0].event("phase") == ["phase": "running", "round": 2])
        #expect(players[0].event("made") != first, "a seed of its own")
        let schema = GameType(Staged.self).schema
        for player in players {
            var receiver = SnapshotReceiver(schema: schema)
            let anew = player.snapshots.lastIndex { kind($0) == "key 1" }
            for snapshot in player.snapshots[(anew ?? 0)...] { try receiver.receive(snapshot.span) }
        }
        world.run(.seconds(1))
        #expect(results.all.map(\.round) == [1, 2])
        #expect((results.all.last?.startedTick ?? 0) > result.endedTick)
        world.run(.seconds(11))
        #expect(players[0].event("closed")?["reason"] == "the game is over" && world.lobby() == nil)
    }

    @Test func `the same calls make the same games, rematch and all`() {
        func play(_ loops: Int) -> [JSONValue] {
            let world = Stage.world(loops: loops)
            let players = Stage.players(2, world, ["finishAt": 5])
            for _ in 0..<3 {
                for verb in ["ready", "rematch"] { for player in players { player.emit(verb) } }
                world.run(.seconds(1))
            }
            return players[0].events.filter { ["made", "phase", "finished"].contains($0.name) }.map(\.data)
        }
        #expect(play(1) == play(1) && play(1).count > 9)
    }

    @Test func `watchers see the new game from its first snapshot`() {
        let world = Stage.world()
        let players = Stage.players(2, world, ["finishAt": 40])
        Stage.ready(players)
        let source = EventSource(world, "/api/lobbies/x/events?format=snapshot")
        world.run(.milliseconds(3_000))
        #expect(players[0].event("finished") != nil)
        let before = source.events("snapshot").count
        let tag = world.ask("/api/lobbies/x")["etag"]
        for player in players.reversed() { player.emit("rematch") }
        world.run(.milliseconds(750))
        #expect(source.events("snapshot").count > before && world.ask("/api/lobbies/x")["etag"] != tag)
    }

    @Test func `the host leads: kicks, locks, changes the terms, and hands the lead on`() {
        let world = Stage.world()
        let players = Stage.players(3, world)
        players[1].emit("kick", ["seat": 0])
        players[1].emit("lock")
        players[1].emit("terms", ["title": "mine"])
        players[1].emit("host", ["seat": 1])
        #expect(players[1].refusals == Array(repeating: "not-host", count: 4))

        let host = players[0]
        host.emit("kick", ["seat": 2, "reason": "no\u{202E} room"], id: 1)
        #expect(players[2].event("kicked")?["reason"] == "no room" && players[2].closeCode == 4003)
        host.emit("lock", ["locked": true], id: 2)
        let late = PlainClient(world)
        late.join()
        #expect(late.closeCode == 4011 && players[1].event("players")?["locked"] == true)
        host.emit("lock", ["locked": false], id: 3)
        #expect(PlainClient(world).join()["seat"] == 2)
        host.emit("terms", ["title": "  Friday  ", "metadata": ["map": "yard"], "password": "hush"], id: 4)
        #expect(
            players[1].event("terms") == [
                "title": "Friday", "listed": true, "metadata": ["map": "yard"], "password": true,
            ])
        #expect(world.ask("/api/lobbies?metadata.map=yard").json.array?.first?["title"] == "Friday")
        let stranger = PlainClient(world)
        stranger.join()
        #expect(stranger.closeCode == 4012)
        host.emit("terms", ["teams": 2], id: 5)
        host.emit("kick", ["seat": 0], id: 6)
        #expect(host.refusals == ["malformed", "no-such-seat"])
        host.emit("host", ["seat": 1], id: 7)
        players[1].emit("kick", ["seat": 0], id: 8)
        #expect(host.closeCode == 4003 && host.acks.map(\.id) == [1, 2, 3, 4, 7].map { .integer($0) })
    }

    @Test func `requests that make no sense are refused, and change nothing`() {
        let world = Stage.world()
        let players = Stage.players(2, world)
        let bad: [(String, JSONValue)] = [
            ("ready", ["ready": 1]), ("team", [:]), ("team", ["team": -1]), ("team", ["team": "1"]),
            ("kick", ["seat": 1.5]), ("kick", ["seat": 1, "reason": 5]), ("lock", ["locked": "yes"]),
            ("terms", "title"), ("terms", ["metadata": ["a": 1.5]]), ("host", [:]),
            ("mute", ["seat": 1]), ("mute", ["seat": 1, "seconds": 90_000]), ("chat", "hi"), ("chat", ["text": 5]),
            ("chat", ["text": "x", "to": true]),
        ]
        for (event, data) in bad { players[0].emit(event, data) }
        #expect(players[0].refusals == Array(repeating: "malformed", count: bad.count))
        #expect(world.lobby()?.lobby.match.phase == .waiting && world.lobby()?.lobby.seats.takenCount == 2)
    }

    @Test func `whoever opens the lobby may ask for fewer teams, where there are any`() {
        let world = Stage.world()
        let wrong = PlainClient(world, lobby: "y")
        wrong.join(["lobby": ["teams": 3]])
        #expect(wrong.closeCode == 4002)
        let none = PlainClient(world, lobby: "z")
        none.join(["game": "probe", "lobby": ["teams": 2]])
        #expect(none.closeCode == 4002)
        #expect(PlainClient(world).join(["lobby": ["teams": 2]])["team"] == 0)
    }

    @Test func `on another loop and in the other dialect all of it is the same`() {
        let world = Stage.world(loops: 2)
        world.streamsMove = false
        let host = PlainClient(world)
        host.join(["name": "Ann", "options": ["finishAt": 5]])
        host.emit("keyframe")
        world.home = 1
        let far = SocketClient(world)
        #expect(far.join("x", ["name": "Bob"])["team"] == 1)
        far.emit("ready", ["ready": true], id: 1)
        far.emit("kick", ["seat": 0], id: 2)
        far.emit("chat", ["text": "hello"], id: 3)
        far.emit("players", .null, id: 4)
        far.emit("dance", .null, id: 5)
        #expect(far.ack(1) == .null && far.ack(2)?["code"] == "not-host" && far.ack(3) == ["text": "hello"])
        #expect(far.ack(4)?["players"]?[1]?["ready"] == true && far.ack(5)?["error"]?.string != nil)
        #expect(host.event("chat") == ["seat": 1, "name": "Bob", "text": "hello"])
        host.emit("ready")
        world.run(.milliseconds(1_100))
        #expect(far.event("phase")?["phase"] == "finished" && far.event("finished") == ["winner": 1])
        far.emit("rematch", .null, id: 6)
        host.emit("rematch")
        world.run(.milliseconds(600))
        #expect(far.event("phase")?["round"] == 2 && host.event("phase")?["round"] == 2)
        #expect(kind(far.snapshots().last) == kind(host.snapshots.last))
    }

    @Test func `before a join and after a leave nothing may be asked`() {
        let world = Stage.world()
        let stranger = PlainClient(world)
        stranger.emit("ready")
        #expect(stranger.closeCode == 4002)
        let socket = SocketClient(world)
        socket.join()
        socket.join("y")
        socket.emit("leave", .null, id: 1)
        for verb in ["ready", "chat", "kick"] { socket.emit(verb, ["text": "x", "seat": 0], id: 2) }
        #expect(socket.ack(2) == nil && socket.closeCode == nil && world.lobby("y")?.lobby.seats.takenCount == 1)
    }
}

@Suite("Players talking to each other, on the wire (protocol/spec/lobby.md §4.2, abuse G-13)")
struct ChatTests {
    private func said(_ client: PlainClient) -> [String] {
        client.events.filter { $0.name == "chat" }.compactMap { $0.data["text"]?.string }
    }

    @Test func `to everyone, to one's team, to one player`() {
        let world = Stage.world()
        let players = Stage.players(4, world)
        players[0].emit("chat", ["text": "all"], id: 1)
        players[0].emit("chat", ["text": "team", "to": "team"], id: 2)
        players[0].emit("chat", ["text": "you", "to": 3], id: 3)
        #expect(players.map(said) == [["all", "team"], ["all"], ["all", "team"], ["all", "you"]])
        #expect(players[3].event("chat") == ["seat": 0, "name": "P0", "text": "you", "to": 3])
        #expect(players[2].event("chat")?["to"] == "team" && players[0].acks.last?.data == ["text": "you"])
        #expect(world.count(.chatMessages) == 3)
    }

    @Test func `it is there in any game unless its rules say not, and costs nothing before`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.emit("chat", ["text": "x", "to": "team"])
        #expect(client.refusals == ["not-in-rules"])
        client.emit("chat", ["text": "hello?"])
        #expect(said(client) == ["hello?"])
    }

    @Test func `a flood is refused, and others may talk`() {
        let world = Stage.world()
        let players = Stage.players(2, world)
        for index in 0..<50 { players[0].emit("chat", ["text": .string("\(index)")]) }
        for index in 0..<50 { players[0].emit("chat", ["text": .string("d\(index)"), "to": 1]) }
        #expect(said(players[1]).count == 5 && players[0].refusals == Array(repeating: "too-fast", count: 95))
        players[1].emit("chat", ["text": "quiet, please"])
        #expect(said(players[0]).last == "quiet, please" && world.count(.chatRefused) == 95)
    }

    @Test func `names that look alike are told apart by the seat`() {
        let world = Stage.world()
        let names = ["Ann", "\u{410}nn", "Ann\u{200B}"]
        let clients = names.map { name in
            let client = PlainClient(world)
            client.join(["name": .string(name)])
            return client
        }
        for client in clients { client.emit("chat", ["text": "it is me"]) }
        let told = clients[0].events.filter { $0.name == "chat" }.map(\.data)
        #expect(told.compactMap { $0["seat"]?.integer } == [0, 1, 2] && told.last?["name"] == "Ann")
    }

    @Test func `who is muted is told, cannot talk, and cannot come back to talk`() {
        let world = Stage.world()
        let host = Stage.players(1, world)[0]
        let peer = PeerAddress(ipv4: 0xC633_6407, port: 9)
        let rude = PlainClient(world, peer: peer)
        rude.join(["name": "Rude"])
        host.emit("mute", ["seat": 1, "seconds": 60, "reason": "ru\u{202E}de"], id: 1)
        #expect(rude.event("muted") == ["seconds": 60, "reason": "rude"] && world.count(.mutes) == 1)
        rude.emit("chat", ["text": "what?"])
        #expect(rude.refusals == ["muted"] && rude.event("exception")?["message"] == "muted for 60 s: rude")
        rude.emit("leave")
        let again = PlainClient(world, peer: peer)
        again.join(["name": "Nice"])
        again.emit("chat", ["text": "what?"])
        #expect(again.refusals == ["muted"])
        host.emit("mute", ["seat": 1, "seconds": 0], id: 2)
        again.emit("chat", ["text": "thanks"])
        #expect(said(host) == ["thanks"])
        again.emit("mute", ["seat": 0, "seconds": 9], id: 3)
        #expect(again.refusals.last == "not-host")
    }

    @Test func `nobody is heard who has no seat, and nobody who is away is written to`() {
        let world = Stage.world()
        let players = Stage.players(3, world)
        let outside = PlainClient(world)
        outside.emit("chat", ["text": "x"])
        #expect(outside.closeCode == 4002)
        players[2].stream.cut()
        players[0].emit("chat", ["text": "x", "to": 2])
        players[0].emit("chat", ["text": "x", "to": 3])
        players[0].emit("chat", ["text": "x", "to": 0])
        players[0].emit("chat", ["text": "x", "to": 99_999_999_999])
        #expect(players[0].refusals == ["away", "no-such-seat", "no-such-seat", "no-such-seat"])
    }
}
