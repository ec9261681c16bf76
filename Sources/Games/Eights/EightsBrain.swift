import GameKit

/// Plays the first card that fits, keeps its eights for when nothing else does, and then names the suit it has most of.
struct EightsBrain: Brain {
    /// The move it has answered, and when: an answer is on its way for a while.
    private var answered: (round: Int, move: Int, tick: UInt32)?

    init(seed: UInt64) {}

    mutating func decide(_ game: Eights, seat: Int, tick: UInt32) -> Eights.Input? {
        let round = game.round
        guard round.phase == .playing, round.turn == seat else { return nil }
        if let answered, answered.round == round.number, answered.move == round.move, tick < answered.tick + 20 {
            return nil
        }
        answered = (round.number, round.move, tick)
        let hand = game.hand(of: seat)
        let fitting = hand.filter(game.fits)
        var input = Eights.Input()
        input.card = fitting.first { !Eights.isEight($0) } ?? fitting.first ?? -1
        input.suit = Self.favourite(of: hand)
        return input
    }

    /// The suit of which there is most; the first of equals.
    private static func favourite(of hand: [Int]) -> Int {
        var counts = [0, 0, 0, 0]
        for card in hand where !Eights.isEight(card) && card < 52 { counts[Eights.suit(of: card)] += 1 }
        return counts.indices.first { counts[$0] == counts.max() } ?? 0
    }
}
