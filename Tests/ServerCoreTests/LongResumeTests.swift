import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// Three hundred things of which a few move at each tick.
private struct Calm: Game {
    struct Thing: Entity {
        var x = 0
        var y = 0
    }

    static let name = "calm"
    static let rules = Rules(tickRate: 20, seats: 4, grace: .seconds(20))
    static var replicated: Replication<Calm> {
        Entities(\.things, "thing") {
            Field("x", \.x, .int(0...65_535))
            Field("y", \.y, .int(0...65_535))
        }
    }

    private(set) var things = Table<Thing>()

    init(_ context: inout GameContext, options: JSONValue) {
        for _ in 0..<300 {
            things.insert(Thing(x: context.random.int(in: 0...65_535), y: context.random.int(in: 0...65_535)))
        }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        for id in things.ids where id < 6 { things[id]?.x = context.random.int(in: 0...65_535) }
    }

    static let type = GameType(Calm.self).withSnapshotTables()
}

@Suite("Coming back to an old state (docs/decisions/0006-resume-tokens.md)")
struct LongResumeTests {
    private func world(loops: Int = 1, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> World {
        let world = World(seed: 8, loops: loops, games: [Calm.type]) {
            $0.defaultGame = "calm"
            $0.heartbeatInterval = .seconds(1_000_000)
            adjust(&$0)
        }
        world.streamsMove = false
        return world
    }

    private func ack(_ tick: UInt32) -> [UInt8] { ClientMessage.ack(tick).encode(schema: Calm.type.schema) }

    /// Plays some steps, with an ack for each.
    private func play(_ client: PlainClient, _ world: World, steps: Int) throws {
        for _ in 0..<steps {
            world.steps(1)
            guard let last = client.snapshots.last else { continue }
            client.send(.binary, ack(try Snapshot.header(of: last.span).tick))
        }
    }

    /// Ten seconds into a game in which another one plays.
    private func settled(_ world: World, codec: Int64) throws -> (PlainClient, JSONValue, Follower) {
        let other = PlainClient(world)
        other.join()
        other.emit("keyframe")
        let client = PlainClient(world)
        let joined = client.join(["codec": .integer(codec)])
        var follower = try Follower(joined, of: Calm.type)
        try play(client, world, steps: 100)
        try follower.follow(client.snapshots)
        return (client, joined, follower)
    }

    private func baselineTick(of snapshot: [UInt8]?) throws -> UInt32? {
        let snapshot = try #require(snapshot)
        return try Snapshot.header(of: snapshot.span).baselineTick
    }

    /// How long the whole state is as somebody new is sent it in the same codec and at the same tick.
    private func wholeSize(_ world: World, codec: Int64) throws -> Int {
        let new = PlainClient(world)
        new.join(["codec": .integer(codec)])
        let size = try #require(new.snapshots.first).count
        new.emit("leave")
        return size
    }

    @Test(arguments: [0, 1], [1, 2])
    func `after five seconds the state follows from the last tick that the client had, in a tenth of its bytes`(
        codec: Int64, loops: Int
    ) throws {
        let world = world(loops: loops)
        world.home = 0
        let (client, joined, had) = try settled(world, codec: codec)
        let tick = try #require(had.state?.tick)
        client.stream.cut()
        world.run(.seconds(5))
        // By another door, and then as another dialect as well.
        world.home = loops - 1
        for isSocket in [false, true] {
            var follower = had
            let request: JSONObject = [
                "token": joined["token"] ?? .null, "tick": .integer(Int64(tick)), "codec": .integer(codec),
            ]
            let again: [[UInt8]]
            if isSocket {
                let socket = SocketClient(world)
                try follower.take(socket.join("x", request))
                again = socket.snapshots()
            } else {
                let plain = PlainClient(world)
                try follower.take(plain.join(.object(request)))
                again = plain.snapshots
                plain.stream.cut()
                world.run(.seconds(3))
            }
            let first = try #require(again.first)
            let header = try Snapshot.header(of: first.span)
            #expect(header.baselineTick == tick && header.codec == UInt8(codec))
            #expect(header.tick >= tick + 100)
            let size = try wholeSize(world, codec: codec)
            #expect(first.count * 10 <= size, "\(first.count) of \(size)")
            try follower.followAnew(again)
            #expect(follower.state?.tick == header.tick)
        }
    }

    @Test func `a cut that the server has not noticed is no different: what is unacknowledged is kept`() throws {
        let world = world()
        let (client, joined, had) = try settled(world, codec: 0)
        let tick = try #require(had.state?.tick)
        // It reads and says nothing any more, and its kernel takes all.
        client.stream.tap = { _ in }
        world.run(.seconds(6))
        let again = PlainClient(world)
        again.join(["token": joined["token"] ?? .null, "tick": .integer(Int64(tick))])
        var follower = had
        #expect(try baselineTick(of: again.snapshots.first) == tick)
        try follower.followAnew(again.snapshots)
        #expect(follower.state == world.lobby()?.lobby.newestSnapshot)
    }

    @Test func `who acknowledges nothing may come back with any of the newest that it was sent`() throws {
        let world = world()
        let other = PlainClient(world)
        other.join()
        other.emit("keyframe")
        let client = PlainClient(world)
        let joined = client.join()
        client.emit("keyframe")
        var follower = try Follower(joined, of: Calm.type)
        world.steps(50)
        let snapshots = client.snapshots
        client.stream.cut()
        world.run(.seconds(5))
        try follower.follow(Array(snapshots.dropLast(20)))
        let tick = try #require(follower.state?.tick)
        let again = PlainClient(world)
        again.join(["token": joined["token"] ?? .null, "tick": .integer(Int64(tick))])
        #expect(try baselineTick(of: again.snapshots.first) == tick)
    }

    @Test func `what is kept for a seat goes when it is taken up and played on, or given up`() throws {
        for comesBack in [false, true] {
            let world = world()
            let (client, joined, had) = try settled(world, codec: 0)
            #expect(world.lobby()?.lobby.keptSnapshotTicks == [])
            client.stream.cut()
            world.run(.seconds(6))
            let kept = try #require(world.lobby()?.lobby.keptSnapshotTicks)
            let tick = try #require(had.state?.tick)
            #expect(kept.contains(tick) && kept.count <= SnapshotHistory.capacity)
            if comesBack {
                let again = PlainClient(world)
                again.join(["token": joined["token"] ?? .null, "tick": .integer(Int64(tick))])
                try play(again, world, steps: 40)
            } else {
                world.run(.seconds(16))
                #expect(world.count(.graceExpired) == 1)
            }
            #expect(world.lobby()?.lobby.keptSnapshotTicks == [])
        }
    }

    @Test func `a state that the client cannot have is not kept, nor one of another game of the lobby`() throws {
        let world = world()
        let (client, joined, had) = try settled(world, codec: 0)
        client.stream.cut()
        world.run(.seconds(5))
        let again = PlainClient(world)
        // Acknowledged is a later one.
        let tick = Int64(try #require(had.state?.tick)) - 5
        again.join(["token": joined["token"] ?? .null, "tick": .integer(tick)])
        #expect(kind(again.snapshots.first).hasPrefix("key"))
    }

    @Test func `however many are gone, what is kept has a bound, and the newest stay`() throws {
        var history = SnapshotHistory(schema: Calm.type.schema)
        #expect(history.keptTicks == [])
        let lobby = try Lobby(id: "x", game: Calm.type, options: .null, seed: 1, now: .zero)
        for _ in 0..<300 {
            try lobby.step()
            lobby.captureSnapshot { _ in true }
        }
        let kept = lobby.keptSnapshotTicks.sorted()
        #expect(kept.count == SnapshotHistory.keptMax)
        #expect(kept.last == 300 - UInt32(SnapshotHistory.capacity))
        for tick in kept { #expect(lobby.baseline(tick) == tick) }
        history.add { $0.tick = 1 }
        #expect(history.has(1))
    }
}

extension Follower {
    /// Applies what has come on another connection.
    fileprivate mutating func followAnew(_ snapshots: [[UInt8]]) throws {
        for snapshot in snapshots { try receiver(takes: snapshot) }
    }
}
