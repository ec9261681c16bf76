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
        var past = Rewind<Int>(Rules(tickRate: 20, seats: 1, rewind: .zero))
        past.keep(1, at: 1)
        past.keep(2, at: 2)
        #expect(past.state(at: 1) == 2)
    }

    @Test func `a state that is written over keeps its memory, and is whose tick it is`() {
        var past = Rewind<[Int]>(Rules(tickRate: 20, seats: 1, rewind: .milliseconds(100)))
        var made = 0
        for tick in 1...20 as ClosedRange<UInt32> {
            past.keep(
                at: tick,
                startingWith: {
                    made += 1; return [0, 0]
                }()
            ) { state in
                for index in state.indices { state[index] = Int(tick) + index }
            }
            for back in 0...min(2, tick - 1) {
                #expect(past.state(at: tick - back) == [Int(tick - back), Int(tick - back) + 1])
            }
        }
        #expect(made == 3, "the newest and two before")
    }

    private func game(rewind: Interval = .milliseconds(250)) throws -> any GameInstance {
        var rules = Range.rules
        rules.rewind = rewind
        let game = try GameType(Range.self).with(rules: rules).make(options: .null, seed: 1)
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
        #expect(try seen(game(rewind: .zero), [17, 3]) == [20, 21])
    }

    @Test func `while an input holds, what its player sees moves on with the game, as far behind as it was`() throws {
        let game = try GameType(Sentry.self).make(options: .null, seed: 1)
        game.join(seat: 0, name: "a")
        for _ in 0..<20 { try game.step([]) }
        func step(_ said: UInt32?) throws -> Int64? {
            let input = said.map { QuantisedInput(tick: game.tick + 1, sequence: game.tick, values: [0], seen: $0) }
            try game.step(input.map { [SeatInput(seat: 0, input: $0)] } ?? [])
            return game.takeOutput().events.last?.data.integer
        }
        #expect(try [step(17), step(nil), step(nil), step(nil)] == [17, 18, 19, 20])
        #expect(
            try [step(1), step(nil)] == [19, 20], "less is not seen later: the cap")
        #expect(try [step(25), step(nil)] == [25, 26])
    }

    @Test func `whoever claims to see the past all the time gets the cap and no more, and never goes back in time`()
        throws
    {
        let game = try game()
        var last: Int64 = 0
        for round in 0..<60 {
            let said: UInt32 = round % 3 == 0 ? 16 : round % 3 == 1 ? 1 : .max / 2
            let claimed = min(said, game.tick)
            let found = try seen(game, [claimed])[0]
            #expect(found >= last && found >= Int64(game.tick) - 6 && found < Int64(game.tick))
            last = found
        }
    }
}

/// Says at each step what its player sees.
private struct Sentry: Game {
    static let name = "sentry"
    static let rules = Rules(tickRate: 20, seats: 1)
    static var replicated: Replication<Sentry> { Single(\.state, "state") { Field("at", \.at, .int(0...1)) } }
    struct State: Sendable { var at = 0 }
    struct Look: GameInput {
        var at = 0
        static var fields: [Field<Look>] { Field("at", \.at, .int(0...1)) }
    }
    var state = State()
    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Look>, _ context: inout GameContext) {
        context.emit("sees", .integer(Int64(context.tickSeen(by: 0))))
    }
}
