import GameKit
import Testing

@Suite("Games behind their type")
struct GameTypeTests {
    let type = GameType(Rally.self)

    func input(_ seat: Int, tick: UInt32 = 1, sequence: UInt32, push: UInt32, horn: UInt32 = 0) -> SeatInput {
        SeatInput(seat: seat, input: QuantisedInput(tick: tick, sequence: sequence, values: [push, 1, horn]))
    }

    @Test
    func `the schema follows from the declaration`() {
        let lines = [
            "muster-schema 1", "table car", "field position fixed -8 8 0.5", "field lap fixed 0 4 0.25",
            "field fuel int 0 10", "field gear enum 3", "field isOut bool", "single race", "field phase int 0 3",
            "field heading angle 8", "input", "field push fixed -1 1 0.25", "field gear enum 3", "field horn bool", "",
        ]
        #expect(type.schema.text == lines.joined(separator: "\n"))
        #expect(type.name == "rally")
    }

    @Test
    func `a game at another rate has the same look-ahead in time, and its context knows the rate`() throws {
        let fast = GameType(Rally.self).with(tickRate: 40)
        #expect(fast.rules.tickRate == 40)
        #expect(fast.rules.maxTicksAhead == 20)
        #expect(fast.rules.seats == 3 && fast.rules.snapshotRate == 40)
        #expect(fast.schema == type.schema)
        #expect(type.with(tickRate: 1).rules.maxTicksAhead == 1)
        #expect(try fast.make(options: .null, seed: 1).type.rules.tickRate == 40)
    }

    @Test
    func `seats stay in order, and the game hears of each change once`() throws {
        let game = try type.make(options: .null, seed: 1)
        game.join(seat: 2, name: "b")
        game.join(seat: 0, name: "a")
        game.drop(seat: 2)
        game.drop(seat: 2)
        #expect(game.seats.map(\.isConnected) == [true, false])
        game.resume(seat: 2)
        game.resume(seat: 2)
        game.drop(seat: 1)
        game.leave(seat: 1)
        #expect(game.seats.map(\.name) == ["a", "b"])
        game.leave(seat: 0)
        #expect(game.seats.map(\.number) == [2])
        let events = game.takeOutput().events
        #expect(events.map(\.name) == ["joined", "joined", "dropped", "resumed"])
        #expect(game.takeOutput() == GameOutput())
    }

    @Test
    func `inputs come in the order of tick, seat and sequence, and only from taken seats`() throws {
        let game = try type.make(options: .null, seed: 1)
        game.join(seat: 0, name: "a")
        game.join(seat: 1, name: "b")
        _ = game.takeOutput()
        try game.step([
            input(1, sequence: 8, push: 5), input(1, sequence: 7, push: 6), input(0, tick: 2, sequence: 2, push: 7),
            input(0, sequence: 1, push: 8), input(2, sequence: 1, push: 0),
        ])
        let told = game.takeOutput().events
        #expect(told.map(\.data) == ["0 1.0", "1 0.5", "1 0.25", "0 0.75"])
        #expect(told.map(\.seat) == [0, 1, 1, 0])
        try game.step([])
        #expect(game.takeOutput().events.isEmpty)
        #expect(game.tick == 2)
    }

    @Test
    func `kicks and the first result reach the host`() throws {
        let game = try type.make(options: .null, seed: 1)
        game.join(seat: 0, name: "a")
        for _ in 0..<2 { try game.step([]) }
        #expect(game.takeOutput().result == nil)
        try game.step([input(0, sequence: 1, push: 4, horn: 1)])
        let output = game.takeOutput()
        #expect(output.kicks == [GameKick(seat: 0, reason: "noise")])
        #expect(output.result == .string("done"))
    }

    @Test
    func `what the game throws reaches the host`() throws {
        #expect(throws: Rally.Refused.self) { _ = try type.make(options: .bool(false), seed: 1) }
        let game = try type.make(options: .null, seed: 1)
        game.join(seat: 0, name: "a")
        #expect(throws: Rally.Refused.self) { try game.step([input(0, sequence: 1, push: 0)]) }
    }

    @Test
    func `a capture holds clamped and rounded values, and uses its memory again`() throws {
        let game = try type.make(options: .null, seed: 1)
        game.join(seat: 1, name: "a")
        var state = WorldState(schema: type.schema)
        for _ in 0..<3 {
            try game.step((0..<20).map { input(1, sequence: $0, push: 8) })
            game.capture(into: &state)
        }
        #expect(state.tick == 3)
        #expect(state.tables[0].ids == [1])
        #expect(state.tables[0].values == [32, 0, 10, 1, 0])
        #expect(state.tables[1].ids == [0])
        let before = state.tables.map(\.values.capacity)
        for _ in 0..<10 { game.capture(into: &state) }
        let after = state.tables.map(\.values.capacity)
        #expect(before == after)
    }

    @Test
    func `the same seed and calls give the same game`() throws {
        var states: [WorldState] = []
        for seed in [7, 7, 8] as [UInt64] {
            let game = try type.make(options: .null, seed: seed)
            game.join(seat: 0, name: "a")
            try game.step([input(0, sequence: 1, push: 6)])
            var state = WorldState(schema: type.schema)
            game.capture(into: &state)
            states.append(state)
        }
        #expect(states[0] == states[1])
        #expect(states[0].tables[1] != states[2].tables[1])
    }

    @Test
    func `JSON inputs are read by name and refused out of range`() {
        let read = type.inputValues(fromJSON:)
        #expect(read(["push": 0.5, "gear": 2, "horn": true, "more": "ignored"]) == [6, 2, 1])
        #expect(read([:]) == [5, 1, 0])
        #expect(read(["push": 1]) == [8, 1, 0])
        let refused: [JSONValue] = [
            .null, [1, 2], "push", ["push": 1.01], ["push": "1"], ["gear": 3], ["gear": 1.5], ["horn": 1],
            ["push": true],
            ["gear": .null], ["push": .number(.nan)],
        ]
        for json in refused { #expect(read(json) == nil) }
    }

    @Test
    func `a brain sees the state and answers with quantised values`() throws {
        let brain = try BrainType(RallyBrain.self).make(options: .null, seed: 1)
        var state = WorldState(schema: type.schema)
        state.tables[0] = EntityTable(ids: [1, 2], values: [16, 0, 10, 2, 0, 17, 0, 10, 0, 0])
        state.tick = 1
        #expect(brain.decide(state: state, seat: 2) == nil)
        state.tick = 2
        #expect(brain.decide(state: state, seat: 1) == [4, 2, 1])
        #expect(brain.decide(state: state, seat: 2) == [6, 0, 1])
        #expect(brain.decide(state: state, seat: 0) == nil)
    }

    @Test
    func `a game with two tables of one name stops the program`() async {
        struct Twice: Game {
            struct Thing: Entity { var x = 0 }
            struct Input: GameInput { static var fields: [Field<Input>] {} }
            static let name = "twice"
            static let rules = Rules(tickRate: 1, seats: 1)
            static var replicated: Replication<Twice> {
                Entities(\.things, "thing") { Field("x", \.x, .int(0...1)) }
                Entities(\.things, "thing") { Field("x", \.x, .int(0...1)) }
            }
            var things = Table<Thing>()
            init(_ context: inout GameContext, options: JSONValue) {}
            mutating func join(_ seat: Seat, _ context: inout GameContext) {}
            mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
            mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {}
        }
        await #expect(processExitsWith: .failure) { _ = GameType(Twice.self) }
        await #expect(processExitsWith: .failure) { _ = Rules(tickRate: 129, seats: 1) }
        await #expect(processExitsWith: .failure) { _ = Rules(tickRate: 20, snapshotRate: 21, seats: 1) }
        await #expect(processExitsWith: .failure) {
            _ = Field<Rally.Car>("x", \.position, .fixed(0...1, step: 0.3))
        }
    }
}
