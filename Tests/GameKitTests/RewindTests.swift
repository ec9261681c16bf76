import GameKit
import Testing

/// A shooter on a line: a shot at where the target was when the shooter saw it.
private struct Range: Game {
    struct Shot: GameInput {
        var at = 0
        static var fields: [Field<Shot>] { Field("at", \.at, .int(0...1_000)) }
    }
    struct Target: Sendable {
        var at = 0
        var hits = 0
    }

    static let name = "range"
    static let rules = Rules(tickRate: 20, seats: 2, rewind: .milliseconds(250))
    static var replicated: Replication<Range> {
        Single(\.target, "target") {
            Field("at", \.at, .int(0...1_000))
            Field("hits", \.hits, .int(0...1_000))
        }
    }

    var target = Target()
    private var past = Rewind<Int>(Self.rules)

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Shot>, _ context: inout GameContext) {
        for (seat, shot) in inputs {
            let seen = context.tickSeen(by: seat)
            context.emit("saw", .integer(Int64(seen)))
            if past.state(at: seen) == shot.at { target.hits += 1 }
        }
        target.at += 1
        past.keep(target.at, at: context.tick)
    }
}

@Suite("Rewind: what was there when a player saw it")
struct RewindTests {
    @Test func `states of the last quarter of a second are found by their tick`() {
        var past = Rewind<Int>(Rules(tickRate: 20, seats: 1, rewind: .milliseconds(250)))
        #expect(past.state(at: 3) == nil && past.newestTick == nil)
        for tick in 1...40 as ClosedRange<UInt32> {
            past.keep(Int(tick) * 10, at: tick)
            #expect(past.newestTick == tick && past.state(at: tick) == Int(tick) * 10)
            #expect(past.state(at: .max) == Int(tick) * 10)
            let oldest = tick > 5 ? tick - 5 : 1
            #expect(past.state(at: oldest) == Int(oldest) * 10)
            #expect(past.state(at: 0) == Int(oldest) * 10, "further back than is kept: the oldest")
        }
        past.keep(999, at: 50)
        #expect(past.state(at: 49) == 400, "the nearest before")
    }

    @Test func `a game that does not rewind keeps the newest alone`() {
        var past = Rewind<Int>(Rules(tickRate: 20, seats: 1))
        past.keep(1, at: 1)
        past.keep(2, at: 2)
        #expect(past.state(at: 1) == 2)
    }

    private func game() throws -> any GameInstance {
        let game = try GameType(Range.self).make(options: .null, seed: 1)
        game.join(seat: 0, name: "a")
        game.join(seat: 1, name: "b")
        for _ in 0..<20 { try game.step([]) }
        return game
    }

    /// The ticks that the game takes shooters to have seen, for what they say.
    private func seen(_ game: any GameInstance, _ said: [UInt32], seat: Int = 0) throws -> [Int64] {
        try said.map { said in
            let input = QuantisedInput(tick: game.tick + 1, sequence: game.tick, values: [7], seen: said)
            try game.step([SeatInput(seat: seat, input: input)])
            return game.takeOutput().events.last?.data.integer ?? -1
        }
    }

    @Test func `a player's word is taken within the rules' bound, and nobody sees less than before`() throws {
        #expect(try seen(game(), [17]) == [17])
        #expect(try seen(game(), [0]) == [20], "of whom nothing is known: the step before")
        #expect(try seen(game(), [15]) == [15], "a quarter of a second before the newest")
        #expect(try seen(game(), [14, 1]) == [15, 16], "no further back than that")
        #expect(try seen(game(), [20, 16]) == [20, 20], "what was seen once is seen")
        let game = try game()
        _ = try seen(game, [20])
        game.leave(seat: 0)
        game.join(seat: 0, name: "c")
        #expect(try seen(game, [17]) == [17], "a new player has seen nothing yet")
    }

    @Test func `a shot hits what stood there for the shooter, and misses what stands there now`() throws {
        let game = try game()
        var state = WorldState(schema: game.type.schema)
        func shoot(at place: UInt32, seen: UInt32) throws -> UInt32 {
            let input = QuantisedInput(tick: game.tick + 1, sequence: game.tick, values: [place], seen: seen)
            try game.step([SeatInput(seat: 1, input: input)])
            game.capture(into: &state)
            return state.tables[0].values[1]
        }
        #expect(try shoot(at: 17, seen: 17) == 1)
        #expect(try shoot(at: 21, seen: 18) == 1)
        #expect(try shoot(at: 20, seen: 20) == 2)
        #expect(try shoot(at: 3, seen: 3) == 2, "too long ago")
    }

    @Test func `in games that do not rewind everybody sees the step before`() throws {
        let game = try GameType(Rally.self).make(options: .null, seed: 1)
        game.join(seat: 0, name: "a")
        let input = QuantisedInput(tick: 1, sequence: 1, values: [4, 1, 0], seen: 1)
        try game.step([SeatInput(seat: 0, input: input)])
        #expect(game.tick == 1, "what it says to have seen is of no account")
    }
}
