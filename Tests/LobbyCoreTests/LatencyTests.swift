import Determinism
import GameKit
import JSONCore
import LobbyCore
import RecordingCore
import SnapshotCore
import Testing

/// Shows what it is told of the way to its players.
private struct Echo: Game {
    struct Shown: Entity {
        var roundTrip = -1
        var offset = 0
    }
    struct Word: GameInput {
        var at = 0
        static var fields: [Field<Word>] { Field("at", \.at, .int(0...1)) }
    }
    static let name = "echo"
    static let rules = Rules(tickRate: 20, seats: 2)
    static var replicated: Replication<Echo> {
        Entities(\.shown, "shown") {
            Field("roundTrip", \.roundTrip, .int(-1...60_000))
            Field("offset", \.offset, .int(-60_000...60_000))
        }
    }
    var shown = Table<Shown>()
    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) { shown[seat: seat.number] = Shown() }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { shown[seat: seat.number] = nil }
    mutating func step(_ inputs: Inputs<Word>, _ context: inout GameContext) {
        for seat in context.seats {
            shown[seat: seat.number] = Shown(
                roundTrip: seat.latency?.roundTrip ?? -1, offset: seat.latency?.clockOffset ?? 0)
        }
    }
}

@Suite("How long the way to a player is")
struct LatencyTests {
    private var now = Instant.zero
    private let lobby: Lobby

    init() throws {
        lobby = try Lobby(id: "x", game: GameType(Echo.self), options: .null, seed: 0, now: now)
        _ = lobby.take(name: "a", token: [1])
        _ = lobby.take(name: "b", token: [2])
    }

    /// Runs a step at its time, and then lets as much time pass.
    private mutating func step(then milliseconds: Int = 0) throws {
        now = lobby.clock.nextDue
        _ = lobby.clock.takeStep(at: now, taken: 0)
        try lobby.step()
        now = now + .milliseconds(milliseconds)
    }

    /// An input of seat 0's that comes now.
    private func say(seen: UInt32, tick: UInt32) {
        guard lobby.isLatencyDue(0, seen: seen) else { return }
        lobby.measureLatency(0, seen: seen, meant: tick, at: now)
    }

    /// What the game knows after its next step.
    private mutating func shown(_ seat: Int = 0) throws -> [Int] {
        try step()
        lobby.captureSnapshot()
        let values = lobby.newestSnapshot?.tables[0].values[2 * seat..<2 * seat + 2].map { Int($0) } ?? []
        return [values[0] - 1, values[1] - 60_000]
    }

    @Test mutating func `it is from a step to the first input that has seen it`() throws {
        for _ in 0..<10 { try step() }
        try step(then: 30)
        // Three steps of 50 ms and 30 ms ago; meant for the step after the next, 70 ms from now, and half of 180 ms on the way.
        say(seen: 8, tick: 13)
        #expect(try shown() == [180, 160])
        #expect(try shown(1) == [-1, 0], "nothing is known of the other")
    }

    @Test mutating func `one a second counts, a later one by a quarter, and the same snapshot not twice`() throws {
        for _ in 0..<10 { try step() }
        say(seen: 8, tick: 11)
        #expect(try shown() == [100, 100])
        say(seen: 8, tick: 12)
        say(seen: 9, tick: 12)
        #expect(try shown() == [100, 100])
        for _ in 0..<20 { try step() }
        say(seen: lobby.tick, tick: lobby.tick + 1)
        #expect(try shown() == [75, 97])
    }

    @Test mutating func `nobody has seen what has not happened, and who comes back is measured anew`() throws {
        for _ in 0..<10 { try step() }
        say(seen: 400, tick: 11)
        say(seen: .max, tick: .max)
        #expect(try shown() == [-1, 0])
        lobby.confirm(0)
        say(seen: 1, tick: 12)
        #expect(try shown()[0] == 500)
        lobby.drop(0, at: now)
        #expect(try shown() == [-1, 0], "away")
        lobby.resume(0, newToken: [3], presented: nil)
        say(seen: lobby.tick, tick: lobby.tick + 1)
        #expect(try shown()[0] == 0)
    }

    @Test mutating func `what is measured is cut to a minute`() throws {
        for _ in 0..<1_400 { try step() }
        say(seen: 1, tick: .max)
        #expect(try shown() == [60_000, 60_000])
    }
}
