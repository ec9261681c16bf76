import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// A game that sends each seat a kilobyte a step as long as its connection keeps up, and tells everyone who has fallen
/// behind (its number, counted from 1) or caught up (the same, negative).
private struct Bulk: Game {
    static let name = "bulk"
    static let rules = Rules(tickRate: 20, seats: 4)
    static var replicated: Replication<Bulk> {
        Single(\.state, "state") { Field("at", \.at, .int(0...1)) }
    }

    private(set) var state = Pawn()
    private var behind: Set<Int> = []

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        for seat in context.seats where seat.isConnected {
            if seat.isCongested != behind.contains(seat.number) {
                if seat.isCongested { behind.insert(seat.number) } else { behind.remove(seat.number) }
                let number = Int64(seat.number) * (seat.isCongested ? 1 : -1)
                context.emit("congested", .integer(number), to: 0)
            }
            guard !seat.isCongested else { continue }
            context.emit("bulk", .string(String(repeating: "x", count: 1_000)), to: seat.number)
        }
    }
}

@Suite("Backpressure: latest wins, and every queue has a bound")
struct BackpressureTests {
    /// A player whose stream has just blocked, after snapshot 3.
    private func blocked(_ world: World, options: JSONValue = .null) -> PlainClient {
        let client = PlainClient(world)
        client.join(["options": options])
        client.emit("keyframe")
        world.steps(2)
        client.stream.stalls = true
        world.steps(1)
        return client
    }

    @Test
    func `row 16, latest wins: a blocked stream is queued no snapshot, and one catch-up follows once it has drained`()
        throws
    {
        let world = World()
        let client = blocked(world)
        world.steps(10)
        let calls = client.stream.sendCount
        #expect(world.count(.snapshotsSkipped) == 10 && client.stream.isBlocked)
        client.stream.drain()
        world.turn()
        #expect(client.snapshots.suffix(2).map(kind) == ["3 from 2", "13 from 3"])
        #expect(client.stream.sendCount == calls + 1 && world.count(.catchUpsSent) == 1)
        world.steps(1)
        #expect(kind(client.snapshots.last) == "14 from 13")
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for snapshot in client.snapshots { try receiver.receive(snapshot.span) }
    }

    @Test func `one that was blocked for longer than the ring gets one keyframe`() {
        let world = World { $0.writeTimeout = .seconds(60) }
        let client = blocked(world)
        world.steps(40)
        client.stream.drain()
        world.turn()
        #expect(client.snapshots.suffix(2).map(kind) == ["3 from 2", "key 43"])
    }

    @Test func `events wait in order and arrive before the snapshot of the drain`() {
        let world = World()
        let client = blocked(world)
        for number in 0..<3 { world.server.lobby("x")?.emit("note", .integer(Int64(number))) }
        world.steps(4)
        client.stream.drain()
        world.turn()
        #expect(client.events.suffix(4).map(\.name) == ["note", "note", "note", "snapshot"])
        #expect(client.events.suffix(4).prefix(3).map(\.data) == [0, 1, 2])
    }

    @Test func `reliable bytes over the limit close the connection, which is counted, and others go on`() {
        let world = World { $0.outboxBytesMax = 10_000 }
        let client = blocked(world, options: ["chatter": 1_000])
        let other = PlainClient(world)
        other.join()
        world.steps(9)
        #expect(!client.stream.isClosed)
        world.steps(4)
        #expect(client.stream.isClosed && world.count(.slowConsumersClosed) == 1)
        #expect(world.server.lobby("x")?.lobby.seats.connectedCount == 1)
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 2, "the seat waits for its holder")
        #expect(other.snapshots.count >= 12)
    }

    @Test func `one message larger than the limit goes out when nothing waits`() {
        let world = World { $0.outboxBytesMax = 1_000 }
        let client = PlainClient(world)
        client.join(["options": ["chatter": 5_000]])
        world.steps(3)
        #expect(client.event("chatter")?.string?.utf8.count == 5_000 && client.closeCode == nil)
    }

    @Test func `pings of a peer that does not read are bounded like everything else`() {
        let world = World {
            $0.outboxBytesMax = 1_000
            $0.messagesPerSecond = 1_000_000
        }
        let client = blocked(world)
        let ping = client.frame(.ping, [UInt8](repeating: 0, count: 125))
        for _ in 0..<10 { client.stream.receive(ping) }
        world.turn()
        #expect(client.stream.isClosed && world.count(.slowConsumersClosed) == 1)
    }

    @Test(arguments: [1, 2])
    func `the game sees who has fallen behind, from the high water mark to the low one`(_ loops: Int) {
        let world = World(loops: loops, games: [GameType(Bulk.self)]) {
            $0.defaultGame = "bulk"
            $0.outboxBytesMax = 40_000
            $0.writeTimeout = .seconds(600)
        }
        let other = PlainClient(world)
        other.join()
        world.home = loops - 1
        let client = PlainClient(world)
        client.join(["name": "slow"])
        client.emit("keyframe")
        func congested() -> [JSONValue] { other.events.filter { $0.name == "congested" }.map(\.data) }
        world.steps(5)
        #expect(congested() == [], "bulk that is read is nothing to note")
        client.stream.stalls = true
        // One write of a kilobyte is with the stream; then each step leaves one more.
        world.steps(10)
        #expect(congested() == [])
        world.steps(5)
        #expect(congested() == [1], "the game sends it no more")
        world.steps(100)
        #expect(congested() == [1] && !client.stream.isClosed && world.count(.slowConsumersClosed) == 0)
        client.stream.drain()
        world.steps(4)
        #expect(congested() == [1, -1])
        let bulk = client.events.count { $0.name == "bulk" }
        world.steps(10)
        #expect(client.events.count { $0.name == "bulk" } == bulk + 10)
    }

    @Test func `who resumes on a new connection has not fallen behind`() {
        let world = World(games: [GameType(Bulk.self)]) {
            $0.defaultGame = "bulk"
            $0.outboxBytesMax = 40_000
        }
        let client = PlainClient(world)
        let token = client.join()["token"] ?? .null
        client.emit("keyframe")
        world.steps(2)
        client.stream.stalls = true
        world.steps(20)
        let bulk = client.events.count { $0.name == "bulk" }
        let again = PlainClient(world)
        again.join(["token": token])
        world.steps(5)
        #expect(again.events.count { $0.name == "bulk" } >= 4 && bulk < 8)
    }

    @Test func `bytes that wait ten seconds for a peer close its connection`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.run(.seconds(12))
        client.stream.stalls = true
        world.steps(1)
        world.run(.milliseconds(9_900))
        #expect(!client.stream.isClosed)
        world.run(.milliseconds(200))
        #expect(client.stream.isClosed && world.count(.slowConsumersClosed) == 1)
    }

    @Test func `a connection that is closing does not outlive its write timeout either`() {
        let world = World()
        let client = blocked(world)
        client.sendClose(1_000)
        #expect(!client.stream.isClosed)
        world.run(.milliseconds(10_100))
        #expect(client.stream.isClosed && world.server.connectionCount == 0)
    }

    @Test func `an answer that nobody reads does not hold its connection`() {
        let world = World()
        let stream = world.connect()
        stream.stalls = true
        stream.receive(Array("GET /health HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        world.run(.milliseconds(10_100))
        #expect(stream.isClosed && world.server.connectionCount == 0)
    }

    @Test func `a stall of minutes is recorded at the end of the scale`() {
        let world = World()
        PlainClient(world).join()
        world.steps(2)
        world.clock.now = world.clock.now + .seconds(300)
        world.turn()
        #expect(world.server.lateness.count == world.count(.steps))
        #expect(world.server.lateness.milliseconds(atPercentile: 100) >= 59_000)
        #expect(world.count(.stepsDropped) > 5_900)
    }

    @Test func `row 111, snapshots: two members in step are sent the very same bytes, each dialect framed once`() {
        let world = World()
        let plain = (0..<2).map { _ in PlainClient(world) }
        let socket = (0..<2).map { _ in SocketClient(world) }
        for client in plain { client.join() }
        for client in socket { client.join() }
        world.steps(2)
        let starts = (plain.map(\.stream) + socket.map(\.stream)).map(\.sent.count)
        world.steps(5)
        let tails = zip(plain.map(\.stream) + socket.map(\.stream), starts).map { Array($0.sent[$1...]) }
        #expect(!tails[0].isEmpty && tails[0] == tails[1] && tails[2] == tails[3])
    }
}
