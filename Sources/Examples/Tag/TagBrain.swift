import GameKit

/// Runs after the others while it is "it", and away from whoever is.
struct TagBrain: Brain {
    init(seed: UInt64) {}

    mutating func decide(_ game: Tag, seat: Int, tick: UInt32) -> Tag.Input? {
        guard let me = game.runners[seat: seat] else { return nil }
        let others = game.runners.filter { Int($0.id) != seat && (me.isIt || $0.row.isIt) }
        guard let other = others.first?.row else { return nil }
        let way = me.isIt ? 1 : -1
        var input = Tag.Input()
        input.dx = other.x > me.x ? way : -way
        input.dy = other.y > me.y ? way : -way
        return input
    }
}
