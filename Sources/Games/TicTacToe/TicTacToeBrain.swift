import GameKit

/// Wins where it can, blocks where it must, and otherwise plays anywhere.
struct TicTacToeBrain: Brain {
    private var random: SeededRandom
    /// The position it has answered, and when: a move is on its way for a while.
    private var answered: (round: Int, empty: Int, tick: UInt32)?

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func decide(_ game: TicTacToe, seat: Int, tick: UInt32) -> TicTacToe.Input? {
        let mine = TicTacToe.Mark(seat: seat)
        guard game.match.phase == .playing, game.match.turn == mine else { return nil }
        let empty = game.cells.filter { $0.row.mark == .none }.map(\.id)
        if let answered, answered.round == game.match.round, answered.empty == empty.count, tick < answered.tick + 20 {
            return nil
        }
        guard !empty.isEmpty else { return nil }
        answered = (game.match.round, empty.count, tick)
        let choice =
            completing(mine, empty, game) ?? completing(mine.other, empty, game)
            ?? empty[random.int(in: 0...empty.count - 1)]
        var input = TicTacToe.Input()
        input.cell = Int(choice)
        return input
    }

    /// An empty cell that gives somebody three in a row.
    private func completing(_ mark: TicTacToe.Mark, _ empty: [EntityID], _ game: TicTacToe) -> EntityID? {
        empty.first { cell in
            var next = game
            next.cells[cell]?.mark = mark
            return next.hasLine(mark)
        }
    }
}
