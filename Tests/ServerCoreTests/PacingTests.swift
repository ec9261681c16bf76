import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

/// Forty things that are somewhere else at each tick: about 200 bytes a snapshot, 20 times a second.
private struct Bustle: Game {
    struct Thing: Entity { var at = 0 }

    static let name = "bustle"
    static let rules = Rules(tickRate: 20, seats: 100)
    static var replicated: Replication<Bustle> {
        Entities(\.things, "thing") { Field("at", \.at, .int(0...4_294_967_294)) }
    }

    private(set) var things = Table<Thing>()

    init(_ context: inout GameContext, options: JSONValue) {
        for _ in 0..<40 { things.insert(Thing()) }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        for id in things.ids { things[id]?.at = context.random.int(in: 0...4_294_967_294) }
    }
}

/// A player behind a line that takes whatever it is given, as a kernel does, and delivers it at its own pace.
private final class LinePlayer {
    let client: PlainClient
    private let world: World
    private let bytesPerSecond: Int
    private let latency: Interval
    var ackEvery: Int
    private var freeAt = Instant.zero
    private var way: [(at: Instant, bytes: [UInt8])] = []
    private var acks: [(at: Instant, tick: UInt32)] = []
    private var sinceAck = 0
    /// How old each snapshot was when it came, and how large it was; with its tick.
    private(set) var came: [(tick: UInt32, age: Interval, bytes: Int)] = []

    init(_ world: World, bytesPerSecond: Int, latency: Interval = .zero, ackEvery: Int = 1) {
        self.world = world
        self.bytesPerSecond = bytesPerSecond
        self.latency = latency
        self.ackEvery = ackEvery
        client = PlainClient(world)
        client.join()
        client.stream.tap = { [unowned self] in carry($0) }
    }

    private func carry(_ bytes: [UInt8]) {
        let now = world.clock.now
        let time = Interval(nanoseconds: Int64(bytes.count) * 1_000_000_000 / Int64(bytesPerSecond))
        freeAt = max(now, freeAt) + time
        way.append((freeAt + latency, bytes))
    }

    /// Delivers what has come by now, and sends the acks whose time it is.
    func look(_ born: [UInt32: Instant]) throws {
        let now = world.clock.now
        while let first = way.first, first.at <= now {
            way.removeFirst()
            guard first.bytes[0] == 0x82 else { continue }
            let payload = Array(first.bytes.dropFirst(first.bytes[1] < 126 ? 2 : 4))
            let tick = try Snapshot.header(of: payload.span).tick
            came.append((tick, first.at - (born[tick] ?? first.at), first.bytes.count))
            sinceAck += 1
            guard sinceAck >= ackEvery else { continue }
            sinceAck = 0
            acks.append((now + latency, tick))
        }
        while let first = acks.first, first.at <= now {
            acks.removeFirst()
            let ack = ClientMessage.ack(first.tick).encode(schema: GameType(Bustle.self).schema)
            client.stream.receive(client.frame(.binary, ack))
            world.turn()
        }
    }
}

@Suite("Snapshots go at the pace of the line (docs/decisions/0003-latest-wins-snapshots.md)")
struct PacingTests {
    private func world(loops: Int = 1) -> World {
        let world = World(seed: 7, loops: loops, games: [GameType(Bustle.self)]) { settings in
            settings.defaultGame = "bustle"
            settings.heartbeatInterval = .seconds(1_000_000)
            settings.messagesPerSecond = 1_000
        }
        world.streamsMove = false
        return world
    }

    private func play(_ world: World, _ players: [LinePlayer], seconds: Int) throws {
        var born: [UInt32: Instant] = [:]
        for _ in 0..<seconds * 500 {
            world.run(.milliseconds(2))
            if let tick = world.lobby()?.lobby.tick, born[tick] == nil { born[tick] = world.clock.now }
            for player in players { try player.look(born) }
        }
    }

    @Test(arguments: [1, 2])
    func `a reader of 2 kB a second is one snapshot over its rate and one interval behind, and the others as ever`(
        loops: Int
    ) throws {
        var tails: [[UInt8]] = []
        for hasSlow in [false, true] {
            let world = world(loops: loops)
            let others = (0..<99).map { _ in
                let client = PlainClient(world)
                client.join()
                return client
            }
            world.home = loops - 1
            let slow = LinePlayer(world, bytesPerSecond: hasSlow ? 2_000 : 1_000_000)
            try play(world, [slow], seconds: 30)
            tails.append(others[50].snapshots.flatMap { $0 })
            guard hasSlow else { continue }
            // The first seconds are how it is found out.
            let settled = slow.came.dropFirst(slow.came.count / 4)
            let late = settled.filter {
                let line = Interval(nanoseconds: Int64($0.bytes) * 500_000)
                return $0.age > line + .milliseconds(50 + 6)
            }
            let ages = settled.map { $0.age.nanoseconds / 1_000_000 }.sorted()
            #expect(settled.count > 100, "\(settled.count)")
            #expect(late.count * 20 <= settled.count, "\(late.count) of \(settled.count), \(ages.suffix(20))")
            let most = try #require(ages.last)
            #expect(most <= 400, "\(ages.suffix(20))")
            #expect(world.count(.snapshotsHeldBack) > 100)
        }
        #expect(tails[0] == tails[1])
    }

    @Test(arguments: [(300, 1), (150, 1), (20, 1), (20, 10), (150, 20), (0, 1)])
    func `a fast line is never held back, however long it is and however seldom its player acknowledges`(
        milliseconds: Int, ackEvery: Int
    ) throws {
        let world = world()
        let player = LinePlayer(
            world, bytesPerSecond: 1_000_000, latency: .milliseconds(milliseconds), ackEvery: ackEvery)
        try play(world, [player], seconds: 20)
        #expect(world.count(.snapshotsHeldBack) == 0)
        #expect(player.came.count >= 380)
    }

    @Test func `who stops acknowledging is sent everything after a second`() throws {
        let world = world()
        let player = LinePlayer(world, bytesPerSecond: 1_000_000)
        try play(world, [player], seconds: 5)
        let sent = world.count(.snapshotsSent)
        world.run(.seconds(10))
        #expect(world.count(.snapshotsSent) - sent >= 200 - 20)
        #expect(world.count(.snapshotsHeldBack) > 4)
    }

    @Test func `who acknowledges each snapshot at times and few at others is held back for moments only`() throws {
        let world = world()
        let player = LinePlayer(world, bytesPerSecond: 1_000_000, latency: .milliseconds(30))
        var random = SeededRandom(seed: 3)
        for _ in 0..<60 {
            player.ackEvery = random.int(in: 1...20)
            try play(world, [player], seconds: 1)
        }
        #expect(world.count(.snapshotsHeldBack) <= 60, "of 1,200")
    }

    @Test func `a line that halts for a second is used in full soon after`() throws {
        let world = world()
        let player = LinePlayer(world, bytesPerSecond: 20_000, latency: .milliseconds(100))
        try play(world, [player], seconds: 5)
        // Nothing is delivered meanwhile.
        world.run(.seconds(1))
        try play(world, [player], seconds: 2)
        let count = player.came.count
        try play(world, [player], seconds: 5)
        #expect(player.came.count - count >= 90, "\(player.came.count - count)")
    }

    @Test(arguments: [(50, 250), (400, 1_600), (5_000, 7_000)])
    func `who falls silent is waited for as its line is slow, and for two seconds more at most`(
        milliseconds: Int, wait: Int
    ) {
        var flow = SnapshotFlow()
        var now = Instant.zero + .seconds(1)
        for number in 1...20 as ClosedRange<UInt32> {
            flow.note(sent: number, at: now)
            now = now + .milliseconds(milliseconds)
            _ = flow.note(acked: number, at: now)
        }
        // More of them are under way now than such a line is given.
        for number in 21...24 as ClosedRange<UInt32> { flow.note(sent: number, at: now) }
        let interval = Interval.milliseconds(milliseconds * 2)
        let waits = [wait - 2, wait + 2].map { flow.takesNext(at: now + .milliseconds($0), interval: interval) }
        #expect(waits == [false, true])
    }

    @Test func `what is kept of a client for snapshots is 64 bytes at most`() {
        #expect(MemoryLayout<SnapshotBasis>.size + MemoryLayout<SnapshotFlow>.size <= 64)
    }
}
