import Determinism
import GameKit
import LobbyCore
import SnapshotCore
import Testing

/// How fast a tiny game runs.
protocol Pace: Sendable {
    static var rules: Rules { get }
}

enum Thirty: Pace { static let rules = Rules(tickRate: 30, seats: 2, grace: .seconds(5)) }
enum ThirtyByFive: Pace { static let rules = Rules(tickRate: 30, snapshotRate: 5, seats: 2) }
enum ThirtyByTwenty: Pace { static let rules = Rules(tickRate: 30, snapshotRate: 20, seats: 2) }
enum Slow: Pace { static let rules = Rules(tickRate: 2, snapshotRate: 1, seats: 2) }
enum Fast: Pace { static let rules = Rules(tickRate: 128, snapshotRate: 43, seats: 2) }

/// A game whose state is its tick and who is there.
struct Tiny<P: Pace>: Game {
    struct Push: GameInput {
        var by = 0
        static var fields: [Field<Push>] { Field("by", \.by, .int(0...7)) }
    }
    struct Sum: Entity {
        var at = 0
    }

    static var name: String { "tiny" }
    static var rules: Rules { P.rules }
    static var replicated: Replication<Tiny> {
        Single(\.sum, "sum") { Field("at", \.at, .int(0...1_000_000)) }
    }

    private(set) var sum = Sum()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) { context.emit("join", .string(seat.name)) }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { context.emit("leave", .string(seat.name)) }
    mutating func drop(_ seat: Seat, _ context: inout GameContext) { context.emit("drop", .string(seat.name)) }
    mutating func resume(_ seat: Seat, _ context: inout GameContext) { context.emit("resume", .string(seat.name)) }
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        sum.at += 1
        for (_, input) in inputs { sum.at += 100 * input.by }
    }
}

/// A game whose types are in each snapshot, in one of two and in one of three.
struct Tiers: Game {
    struct Sum: Entity { var at = 0 }
    struct Push: GameInput {
        var by = 0
        static var fields: [Field<Push>] { Field("by", \.by, .int(0...7)) }
    }

    static var name: String { "tiers" }
    static var rules: Rules { Rules(tickRate: 30, snapshotRate: 15, seats: 2) }
    static var replicated: Replication<Tiers> {
        Single(\.sum, "each") { Field("at", \.at, .int(0...1_000_000)) }
        Single(\.sum, "second", every: 2) { Field("at", \.at, .int(0...1_000_000)) }
        Entities(\.sums, "third", every: 3) { Field("at", \.at, .int(0...1_000_000)) }
    }

    private(set) var sum = Sum()
    private(set) var sums = Table<Sum>()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        sum.at += 1
        sums[0] = sum
    }
}

@Suite("Lobby: steps, seats and snapshot messages")
struct LobbyTests {
    private func lobby<P: Pace>(_ pace: P.Type, seed: UInt64 = 1) throws -> Lobby {
        try Lobby(id: "x", game: GameType(Tiny<P>.self), options: .null, seed: seed, now: .zero)
    }

    private func run(_ lobby: Lobby, _ snapshots: Int) throws {
        for _ in 0..<snapshots {
            repeat { try lobby.step() } while !lobby.isSnapshotDue
            lobby.captureSnapshot()
        }
    }

    @Test func `the step before is a delta, one in the ring a catch-up, everything else a keyframe`() throws {
        let lobby = try lobby(ThirtyByFive.self)
        try run(lobby, 40)
        #expect(lobby.newestSnapshotTick == 240)
        let kinds = [UInt32?.some(234), 228, 54, 48, 0, 233, 240, 241, .max, nil].map {
            lobby.snapshotMessage(baseline: $0).kind
        }
        #expect(
            kinds == [
                .delta, .catchUp, .catchUp, .keyframe, .keyframe, .keyframe, .keyframe, .keyframe, .keyframe,
                .keyframe,
            ])
    }

    @Test func `a type that is in one of several snapshots is as it was in the others`() throws {
        let lobby = try Lobby(id: "x", game: GameType(Tiers.self), options: .null, seed: 1, now: .zero)
        var seen: [[UInt32]] = []
        for _ in 0..<9 {
            try run(lobby, 1)
            let state = try #require(lobby.newestSnapshot)
            seen.append(state.tables.map { $0.values.first ?? 0 })
        }
        // Snapshots have the numbers 1, 2, 3 … and are two ticks apart; the first has everything.
        #expect(seen.map { $0[0] } == [2, 4, 6, 8, 10, 12, 14, 16, 18])
        #expect(seen.map { $0[1] } == [2, 2, 6, 6, 10, 10, 14, 14, 18])
        #expect(seen.map { $0[2] } == [2, 2, 2, 8, 8, 8, 14, 14, 14])
    }

    @Test func `clients that are too far behind share one baseline: none`() throws {
        let lobby = try lobby(ThirtyByFive.self)
        #expect(lobby.baseline(0) == nil && lobby.baseline(nil) == nil)
        try run(lobby, 40)
        let baselines = [UInt32?.some(234), 54, 48, 233, 240, 241, nil].map { lobby.baseline($0) }
        #expect(baselines == [234, 54, nil, nil, nil, nil, nil])
    }

    @Test func `from every baseline in the ring a client reaches the very same state`() throws {
        let lobby = try lobby(Thirty.self)
        let schema = lobby.game.schema
        var states: [UInt32: WorldState] = [:]
        for _ in 0..<50 {
            try run(lobby, 1)
            let key = lobby.snapshotMessage(baseline: nil).bytes
            states[lobby.tick] = try Snapshot.apply(key.span, to: nil, schema: schema)
        }
        let newest = try #require(states[lobby.tick])
        #expect(newest.tables[0].values == [50])
        for baseline in lobby.tick - 31..<lobby.tick {
            let message = lobby.snapshotMessage(baseline: baseline)
            let reached = try Snapshot.apply(message.bytes.span, to: states[baseline], schema: schema)
            #expect(reached == newest)
        }
    }

    @Test func `every keyframe carries the state's hash`() throws {
        let lobby = try lobby(Thirty.self)
        for _ in 0..<70 {
            try run(lobby, 1)
            let message = lobby.snapshotMessage(baseline: nil)
            #expect(try Snapshot.header(of: message.bytes.span).stateHash != nil)
        }
    }

    @Test func `about once a second a delta carries the state's hash`() throws {
        func hashes(_ lobby: Lobby, _ snapshots: Int) throws -> Int {
            var count = 0
            for _ in 0..<snapshots {
                let baseline = lobby.newestSnapshotTick
                try run(lobby, 1)
                let message = lobby.snapshotMessage(baseline: baseline)
                if baseline != nil, try Snapshot.header(of: message.bytes.span).stateHash != nil { count += 1 }
            }
            return count
        }
        #expect(try hashes(lobby(Thirty.self), 301) == 10)
        #expect(try hashes(lobby(ThirtyByFive.self), 301) == 60)
        #expect(try hashes(lobby(ThirtyByTwenty.self), 301) == 15)
        #expect(try hashes(lobby(Fast.self), 301) == 7)
        #expect(try hashes(lobby(Slow.self), 11) == 10, "once a second: with each")
    }

    @Test func `of thirty ticks a second, twenty snapshots go out after two of three`() throws {
        let lobby = try lobby(ThirtyByTwenty.self)
        var ticks: [UInt32] = []
        for _ in 0..<12 {
            try run(lobby, 1)
            ticks.append(lobby.tick)
        }
        #expect(ticks == [2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
    }

    @Test func `inputs reach the step that they are meant for`() throws {
        let lobby = try lobby(Thirty.self)
        _ = lobby.take(name: "a", token: [1])
        let verdicts = [
            lobby.offer(seat: 0, tick: nil, sequence: nil, values: [1]),
            lobby.offer(seat: 0, tick: 3, sequence: nil, values: [2]),
            lobby.offer(seat: 0, tick: 17, sequence: nil, values: [7]),
        ]
        #expect(verdicts == [.accepted, .accepted, .tooEarly])
        var sums: [UInt32] = []
        for _ in 0..<3 {
            try run(lobby, 1)
            let key = lobby.snapshotMessage(baseline: nil).bytes
            sums.append(try Snapshot.apply(key.span, to: nil, schema: lobby.game.schema).tables[0].values[0])
        }
        #expect(sums == [101, 102, 303])
    }

    @Test func `the game is told of every change of a seat, once`() throws {
        let lobby = try lobby(Thirty.self)
        func said() -> [String] { lobby.takeOutput().events.map { "\($0.name) \($0.data.string ?? "")" } }
        #expect(lobby.take(name: "a", token: [1]) == 0)
        #expect(lobby.take(name: "b", token: [2]) == 1)
        #expect(lobby.take(name: "c", token: [3]) == nil)
        #expect(said() == ["join a", "join b"])
        lobby.confirm(0)
        lobby.drop(0, at: .zero)
        lobby.drop(1, at: .zero)
        #expect(said() == ["drop a", "leave b"], "a seat that nobody can come back to is left at once")
        lobby.resume(0, newToken: [4], presented: [1])
        lobby.resume(0, newToken: [5], presented: [4])
        lobby.free(0, by: .leave)
        lobby.free(0, by: .leave)
        #expect(said() == ["resume a", "leave a"])
        #expect(lobby.seats.takenCount == 0)
    }

    @Test func `a dropped seat expires after the game's grace time`() throws {
        let lobby = try lobby(Thirty.self)
        _ = lobby.take(name: "a", token: [1])
        lobby.confirm(0)
        lobby.drop(0, at: .zero + .seconds(1))
        #expect(lobby.seats.expired(at: .zero + .milliseconds(5_999)) == nil)
        #expect(lobby.seats.expired(at: .zero + .seconds(6)) == 0)
    }

    @Test func `a resumed player counts its inputs anew, and what waited is gone`() throws {
        let lobby = try lobby(Thirty.self)
        _ = lobby.take(name: "a", token: [1])
        _ = lobby.offer(seat: 0, tick: nil, sequence: 50, values: [7])
        lobby.resume(0, newToken: [2], presented: [1])
        #expect(lobby.offer(seat: 0, tick: nil, sequence: 0, values: [1]) == .accepted)
        try run(lobby, 1)
        let key = lobby.snapshotMessage(baseline: nil).bytes
        #expect(try Snapshot.apply(key.span, to: nil, schema: lobby.game.schema).tables[0].values == [101])
    }

}

@Suite("SnapshotHistory: the last 32 snapshots")
struct SnapshotHistoryTests {
    @Test func `the newest 32 are found by their tick, nothing else is`() {
        let schema = GameType(Tiny<Thirty>.self).schema
        var history = SnapshotHistory(schema: schema)
        #expect(history.newest == nil && history.newestTick == nil && history.snapshot(at: 0) == nil)
        for index in 1...100 as ClosedRange<UInt32> {
            history.add { state in
                state.tick = index * 2
                state.tables[0].values = [index]
            }
            #expect(history.newestTick == index * 2 && history.newest?.tables[0].values == [index])
            for tick in 0...index * 2 + 3 {
                let kept = tick % 2 == 0 && tick > 0 && tick <= index * 2 && index - tick / 2 < 32
                let found = history.snapshot(at: tick)
                #expect((found != nil) == kept)
                if let found { #expect(found.tick == tick && found.tables[0].values == [tick / 2]) }
            }
        }
    }
}
