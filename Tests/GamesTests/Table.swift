import GameKit

/// A running game and someone in each of its seats, for the tests.
final class TestTable {
    let type: GameType
    let game: any GameInstance
    private(set) var state: WorldState
    private var sequence: UInt32 = 0

    init(_ type: GameType, players: Int, seed: UInt64 = 1, options: JSONValue = .null) throws {
        self.type = type
        game = try type.make(options: options, seed: seed)
        state = WorldState(schema: type.schema)
        for seat in 0..<players { game.join(seat: seat, name: "p\(seat)") }
    }

    /// Runs one step with these seats' inputs, given as quantised values; returns what the game said.
    @discardableResult
    func step(_ inputs: [(seat: Int, values: [UInt32])] = []) throws -> [GameEvent] {
        try stepOutput(inputs).events
    }

    /// The same, with all that the game said.
    func stepOutput(_ inputs: [(seat: Int, values: [UInt32])]) throws -> GameOutput {
        sequence += 1
        let input = inputs.map { seat, values in
            SeatInput(seat: seat, input: QuantisedInput(tick: game.tick + 1, sequence: sequence, values: values))
        }
        try game.step(input)
        game.capture(into: &state)
        return game.takeOutput()
    }
}
