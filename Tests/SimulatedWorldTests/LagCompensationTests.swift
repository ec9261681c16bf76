import BotCore
import Determinism
import GameKit
import LobbyCore
import ServerCore
import SimulatedWorld
import Testing

@testable import Games

/// In seat 0 one who stands still and shoots at where the other will be by the time the shot is there, as it sees it; in the
/// others one who runs up and down before it.
private struct Duel: Brain {
    private static let (firstX, otherX) = (-19.0, -16.0)

    private var way = 1
    private var before: (y: Double, tick: UInt32)?

    init(seed: UInt64) {}

    mutating func decide(_ game: Arena, seat: Int, tick: UInt32) -> Arena.Input? {
        guard let me = game.players[seat: seat], me.isAlive else { return Arena.Input() }
        var input = Arena.Input()
        let goal = seat == 0 ? ArenaMap.Vector(x: Self.firstX, y: 0) : ArenaMap.Vector(x: Self.otherX, y: me.y)
        let isThere = (me.x - goal.x).magnitude < 0.2 && (me.y - goal.y).magnitude < 0.2
        if !isThere {
            (input.dx, input.dy) = path(me, to: goal, tick)
        } else if seat == 0 {
            aim(&input, me, at: game.players[seat: 1], tick)
        } else {
            if me.y > 8 { way = -1 } else if me.y < -8 { way = 1 }
            input.dy = way
        }
        return input
    }

    /// Up and to the left, along whatever is in the way, until no wall is; then straight there, and the last of the way in single
    /// steps, each seen before the next, since it is a round trip before what is done shows.
    private func path(_ me: Arena.Player, to goal: ArenaMap.Vector, _ tick: UInt32) -> (Int, Int) {
        if me.x > -15 { return (-1, me.y < 10.8 ? 1 : 0) }
        let isNear = (goal.x - me.x).magnitude < 3 && (goal.y - me.y).magnitude < 3
        if isNear, tick % 20 != 0 { return (0, 0) }
        func step(_ distance: Double) -> Int { distance.magnitude < 0.15 ? 0 : distance > 0 ? 1 : -1 }
        return (step(goal.x - me.x), step(goal.y - me.y))
    }

    /// Shoots at one who runs on as it did in the last ticks, and does not turn soon.
    private mutating func aim(_ input: inout Arena.Input, _ me: Arena.Player, at other: Arena.Player?, _ tick: UInt32) {
        guard let other, other.isAlive else { return before = nil }
        defer { before = (other.y, tick) }
        guard let before, tick > before.tick, (other.x - Self.otherX).magnitude < 0.3 else { return }
        let speed = (other.y - before.y) / Double(tick - before.tick)
        guard speed.magnitude > 0.15, speed.magnitude < 0.25, (other.y + speed * 15).magnitude < 5 else { return }
        let each = Arena.shotSpeed / Double(Arena.rules.tickRate)
        let flight = (1...60).first { ticks in
            let (dx, dy) = (other.x - me.x, other.y + speed * Double(ticks) - me.y)
            return (dx * dx + dy * dy).squareRoot() <= each * Double(ticks)
        }
        let spot = other.y + speed * Double(flight ?? 0)
        // Straight across its way: elsewhere a shot that comes late meets it after all.
        guard spot.magnitude < 1.5 else { return }
        input.aim = ArenaMap.direction(along: ArenaMap.Vector(x: other.x - me.x, y: spot - me.y))
        input.fire = true
    }
}

@Suite("Shots hit what their shooter saw (lag compensation)")
struct LagCompensationTests {
    /// How many shots of a duel of four minutes hit, over a line that takes so long there and back.
    private func duel(milliseconds: Int, rewind: Interval, loops: Int = 1) -> (shots: Int, hits: Int) {
        var options = SimulationOptions(seed: 4, playTime: .seconds(240))
        (options.bots, options.lobbies, options.loops) = (2, 1, loops)
        var line = LinkConditions()
        line.latency = .milliseconds(milliseconds / 2)
        options.conditions = NetworkConditions(both: line)
        var rules = Arena.rules
        rules.rewind = rewind
        let simulation = Simulation(
            options, game: GameType(Arena.self).with(rules: rules), brain: BrainType(Duel.self))
        let schema = GameType(Arena.self).schema
        var (shots, hits) = (0, 0)
        var last: (ammo: UInt32, health: UInt32)?
        let fields = schema.types[1].fields.map(\.name)
        func value(_ name: String, of row: Int, _ table: EntityTable) -> UInt32 {
            fields.firstIndex(of: name).map { table.values[row * fields.count + $0] } ?? 0
        }
        while !simulation.crowd.isFinished {
            simulation.time.run(for: .milliseconds(33))
            guard let state = simulation.servers.lazy.flatMap(\.lobbies).first?.lobby.newestSnapshot,
                state.tables[1].ids == [0, 1]
            else { continue }
            let now = (value("ammo", of: 0, state.tables[1]), value("health", of: 1, state.tables[1]))
            if let last {
                if now.0 < last.ammo { shots += Int(last.ammo - now.0) }
                if now.1 < last.health { hits += Int(last.health - now.1) / Arena.damage }
            }
            last = now
        }
        return (shots, hits)
    }

    @Test(arguments: [1, 2])
    func `with a round trip of 150 ms shots at what is seen hit, and without rewinding they miss`(_ loops: Int) {
        let fair = duel(milliseconds: 150, rewind: .milliseconds(250), loops: loops)
        #expect(fair.shots >= 15 && fair.hits >= fair.shots - 1, "\(fair)")
        let unfair = duel(milliseconds: 150, rewind: .zero, loops: loops)
        #expect(unfair.shots >= 15 && unfair.hits == 0, "\(unfair)")
    }

    @Test func `nearby nothing has to be made up for`() {
        let near = duel(milliseconds: 0, rewind: .zero)
        #expect(near.shots >= 15 && near.hits >= near.shots - 1, "\(near)")
    }

    @Test func `beyond the cap the rest is the shooter's own`() {
        let far = duel(milliseconds: 500, rewind: .milliseconds(250))
        #expect(far.shots >= 15 && far.hits == 0, "\(far)")
        let further = duel(milliseconds: 400, rewind: .milliseconds(500))
        #expect(further.shots >= 15 && further.hits >= further.shots - 1, "\(further)")
    }
}
