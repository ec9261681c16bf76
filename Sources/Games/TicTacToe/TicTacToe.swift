import GameKit

/// Three in a row, turn by turn, round after round. Seat 0 plays crosses, seat 1 noughts; they begin in turn.
///
/// Options: `rounds`, 1 to 1,000, after which the game finishes; without it there is no end.
struct TicTacToe: Game {
    /// What is in a cell.
    enum Mark: Int, CaseIterable, FieldValue {
        case none, cross, nought

        init(seat: Int) { self = seat == 0 ? .cross : .nought }
        var other: Mark { self == .cross ? .nought : .cross }
        var name: String { self == .cross ? "cross" : "nought" }
    }

    /// Where the match stands.
    enum Phase: Int, CaseIterable, FieldValue { case waiting, playing, over }

    /// One of the nine cells; its id is its number, row by row.
    struct Cell: Entity {
        var mark = Mark.none
    }

    /// The match. `winner` stays none in a draw.
    struct Match: Sendable {
        var phase = Phase.waiting
        var turn = Mark.cross
        var winner = Mark.none
        var round = 1
    }

    /// The cell to mark.
    struct Input: GameInput {
        var cell = 0
        static var fields: [Field<Input>] { Field("cell", \.cell, .int(0...8)) }
    }

    static let name = "tictactoe"
    static let rules = Rules(tickRate: 10, seats: 2, grace: .seconds(60))
    static var replicated: Replication<TicTacToe> {
        Single(\.match, "match") {
            Field("phase", \.phase)
            Field("turn", \.turn)
            Field("winner", \.winner)
            Field("round", \.round, .int(1...65_535))
        }
        Entities(\.cells, "cell") { Field("mark", \.mark) }
    }

    static let lines: [[EntityID]] = [
        [0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6],
    ]

    var match = Match()
    var cells = Table<Cell>()
    private var nextRoundTick: UInt32 = 0
    /// Rounds won, by seat.
    private var wins = [0, 0]
    private let rounds: Int?

    init(_ context: inout GameContext, options: JSONValue) throws {
        rounds = try OptionsError.integer("rounds", in: 1...1_000, of: options)
        for _ in 0..<9 { cells.insert(Cell()) }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        if context.seats.count == 2 { begin(round: 1) }
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        begin(round: 1)
        wins = [0, 0]
        match.phase = .waiting
    }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            if let reason = refusal(of: EntityID(input.cell), by: Mark(seat: seat)) {
                context.emit("refused", ["reason": .string(reason)], to: seat)
            } else {
                play(EntityID(input.cell), Mark(seat: seat), &context)
            }
        }
        if match.phase == .over, context.tick >= nextRoundTick { begin(round: match.round + 1) }
    }

    /// Whether three in a row have this mark.
    func hasLine(_ mark: Mark) -> Bool {
        Self.lines.contains { line in line.allSatisfy { cells[$0]?.mark == mark } }
    }

    private func refusal(of cell: EntityID, by mark: Mark) -> String? {
        switch match.phase {
        case .waiting: "waiting for a second player"
        case .over: "the round is over"
        case .playing where match.turn != mark: "not your turn"
        case .playing: cells[cell]?.mark == Mark.none ? nil : "the cell is taken"
        }
    }

    private mutating func play(_ cell: EntityID, _ mark: Mark, _ context: inout GameContext) {
        cells[cell]?.mark = mark
        match.turn = mark.other
        let isWon = hasLine(mark)
        guard isWon || !cells.contains(where: { $0.row.mark == .none }) else { return }
        match.phase = .over
        match.winner = isWon ? mark : .none
        nextRoundTick = context.tick + 2 * UInt32(context.tickRate)
        context.emit("round-over", ["winner": isWon ? .string(mark.name) : .null])
        if isWon { wins[mark == .cross ? 0 : 1] += 1 }
        if match.round == rounds { finish(&context) }
    }

    private func finish(_ context: inout GameContext) {
        let winner: JSONValue = wins[0] == wins[1] ? .null : wins[0] > wins[1] ? 0 : 1
        context.finish(["winner": winner], scores: [0: wins[0], 1: wins[1]])
    }

    private mutating func begin(round: Int) {
        cells.update { _, cell in cell.mark = .none }
        match = Match(phase: .playing, turn: round % 2 == 1 ? .cross : .nought, winner: .none, round: round)
    }
}
