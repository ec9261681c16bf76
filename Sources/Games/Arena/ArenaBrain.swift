import GameKit

/// Plays the arena with some sense: fetches what it lacks, hunts the nearest enemy, shoots when nothing is between.
struct ArenaBrain: Brain {
    private var random: SeededRandom
    /// Where it is going while it has nothing better to do, or to get around a wall.
    private var detour: (dx: Int, dy: Int, endTick: UInt32)?
    private var last = ArenaMap.Vector(x: 0, y: 0)

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func decide(_ game: Arena, seat: Int, tick: UInt32) -> Arena.Input? {
        guard let me = game.players[seat: seat], me.isAlive else { return nil }
        var input = Arena.Input()
        let enemy = nearestEnemy(of: me, seat, game)
        let wanted = wishes(of: me, game)
        input.aim = me.aim
        if let enemy {
            let isInSight = ArenaMap.isClear(from: me.position, to: enemy, Arena.shotHalf)
            input.aim = ArenaMap.direction(along: ArenaMap.Vector(x: enemy.x - me.x, y: enemy.y - me.y))
            input.fire = isInSight && me.ammo > 0
        }
        (input.dx, input.dy) = heading(me, to: wanted ?? enemy, tick)
        last = me.position
        return input
    }

    private func nearestEnemy(of me: Arena.Player, _ seat: Int, _ game: Arena) -> ArenaMap.Vector? {
        var nearest = Nearest(to: me.position)
        for (id, player) in game.players where Int(id) != seat && player.isAlive {
            if player.team != me.team || me.team < 0 { nearest.consider(player.position) }
        }
        return nearest.place
    }

    /// The nearest pickup of a kind that it needs.
    private func wishes(of me: Arena.Player, _ game: Arena) -> ArenaMap.Vector? {
        var nearest = Nearest(to: me.position)
        for (_, pickup) in game.pickups {
            let isNeeded =
                switch pickup.kind {
                case .health: me.health <= 50
                case .ammo: me.ammo < 8
                }
            if isNeeded { nearest.consider(ArenaMap.Vector(x: pickup.x, y: pickup.y)) }
        }
        return nearest.place
    }

    /// Straight to the goal; some steps at random when it got stuck or has no goal.
    private mutating func heading(_ me: Arena.Player, to goal: ArenaMap.Vector?, _ tick: UInt32) -> (Int, Int) {
        if let detour, tick < detour.endTick { return (detour.dx, detour.dy) }
        detour = nil
        let isStuck = (me.x - last.x).magnitude + (me.y - last.y).magnitude < 0.05
        guard let goal, !isStuck || random.int(in: 0...3) == 0 else {
            let way = (dx: random.int(in: -1...1), dy: random.int(in: -1...1), endTick: tick + 15)
            detour = way
            return (way.dx, way.dy)
        }
        func step(_ distance: Double) -> Int { distance.magnitude < 0.2 ? 0 : distance > 0 ? 1 : -1 }
        return (step(goal.x - me.x), step(goal.y - me.y))
    }
}

/// The nearest of all places considered; the first of several as near.
private struct Nearest {
    private let origin: ArenaMap.Vector
    private(set) var place: ArenaMap.Vector?
    private var distance = Double.infinity

    init(to origin: ArenaMap.Vector) {
        self.origin = origin
    }

    mutating func consider(_ place: ArenaMap.Vector) {
        let (dx, dy) = (place.x - origin.x, place.y - origin.y)
        guard dx * dx + dy * dy < distance else { return }
        distance = dx * dx + dy * dy
        self.place = place
    }
}
