import GameKit
import Testing

@testable import Games

/// An arena with nothing to collect and players where the test wants them, all facing right.
private final class Rig {
    var arena: Arena
    var context = GameContext(tickRate: 30, seed: 1)

    init(_ places: [(Double, Double)]) throws {
        arena = try Arena(&context, options: .null)
        arena.pickups = Table()
        for (number, place) in places.enumerated() {
            arena.join(Seat(number: number, name: "p"), &context)
            arena.players[seat: number]?.x = place.0
            arena.players[seat: number]?.y = place.1
        }
    }

    /// Holds one input for seat 0 during some ticks.
    func hold(ticks: Int, _ change: (inout Arena.Input) -> Void = { _ in }) {
        var input = Arena.Input()
        change(&input)
        for tick in 0..<ticks {
            context.tick += 1
            arena.step(Inputs(tick == 0 ? [(seat: 0, input: input)] : []), &context)
        }
    }
}

@Suite("Arena")
struct ArenaTests {
    @Test
    func `a player moves at six units a second in every direction`() throws {
        let rig = try Rig([(-10, 0)])
        rig.hold(ticks: 15) { $0.dx = 1 }
        var player = try #require(rig.arena.players[0])
        #expect((player.x + 7).magnitude < 1e-9 && player.y == 0)
        rig.hold(ticks: 15) { ($0.dx, $0.dy) = (-1, 1) }
        player = try #require(rig.arena.players[0])
        let (dx, dy) = (player.x + 7, player.y)
        #expect(((dx * dx + dy * dy).squareRoot() - 3).magnitude < 1e-9)
    }

    @Test
    func `a wall stops a player, who slides along it`() throws {
        let rig = try Rig([(-3, 0)])
        rig.hold(ticks: 60) { $0.dx = 1 }
        #expect(rig.arena.players[0].map { $0.x <= -1.5 && $0.x > -1.75 } == true)
        rig.hold(ticks: 15) { ($0.dx, $0.dy) = (1, 1) }
        #expect(rig.arena.players[0].map { $0.y > 1.9 && $0.x <= -1.5 } == true)
    }

    @Test
    func `nobody leaves the field`() throws {
        let rig = try Rig([(18, 11)])
        rig.hold(ticks: 90) { ($0.dx, $0.dy) = (1, 1) }
        #expect(rig.arena.players[0].map { $0.x <= 19.5 && $0.y <= 11.5 } == true)
    }

    @Test
    func `four hits score, and the victim respawns after three seconds`() throws {
        let rig = try Rig([(-12, -10), (-9, -10)])
        rig.hold(ticks: 32) { $0.fire = true }
        #expect(rig.arena.players[0]?.ammo == 16)
        #expect(rig.arena.players[1]?.health == 0)
        #expect(rig.arena.players[0]?.score == 1)
        #expect(rig.context.output.events.map(\.name) == ["frag"])
        rig.hold(ticks: 95)
        #expect(rig.arena.players[1]?.health == 100)
    }

    @Test
    func `walls stop shots, and without ammunition there are none`() throws {
        let rig = try Rig([(-3, 0), (3, 0)])
        rig.arena.players[0]?.ammo = 2
        rig.hold(ticks: 120) { $0.fire = true }
        #expect(rig.arena.players[1]?.health == 100)
        #expect(rig.arena.players[0]?.ammo == 0)
        #expect(rig.arena.projectiles.isEmpty)
    }

    @Test
    func `a pickup is taken by who needs it and comes back ten seconds later`() throws {
        let rig = try Rig([(-3, 0)])
        var pickup = Arena.Pickup()
        (pickup.x, pickup.y, pickup.kind) = (-3, 0.5, .health)
        rig.arena.pickups.insert(pickup)
        rig.hold(ticks: 5)
        #expect(rig.arena.pickups.count == 1)
        rig.arena.players[0]?.health = 30
        rig.hold(ticks: 1)
        #expect(rig.arena.players[0]?.health == 80)
        #expect(rig.arena.pickups.isEmpty)
        rig.hold(ticks: 299)
        #expect(rig.arena.pickups.isEmpty)
        rig.hold(ticks: 1)
        #expect(rig.arena.pickups.count == 1)
    }

    @Test
    func `a round ends with its scores and the next begins`() throws {
        let table = try TestTable(GameType(Arena.self), players: 2, options: ["roundSeconds": 10])
        var events: [GameEvent] = []
        for _ in 0..<300 { events += try table.step() }
        #expect(events.map(\.name) == ["round-over"])
        #expect(events.first?.data["round"] == 1)
        #expect(table.state.tables[0].values == [1, 10])
    }

    @Test(arguments: [["roundSeconds": 9], ["roundSeconds": "60"], ["roundSeconds": 60.5]] as [JSONValue])
    func `unusable options are refused`(options: JSONValue) {
        #expect(throws: OptionsError.self) { _ = try GameType(Arena.self).make(options: options, seed: 1) }
    }

    @Test
    func `directions are unit vectors, a quarter turn apart where they should be`() {
        let directions = ArenaMap.directions
        #expect(directions.count == 256)
        for (index, direction) in directions.enumerated() {
            let length = direction.x * direction.x + direction.y * direction.y
            #expect((length - 1).magnitude < 1e-14)
            let turned = directions[(index + 64) % 256]
            #expect(turned.x == -direction.y && turned.y == direction.x)
            #expect(ArenaMap.direction(along: direction) == index)
        }
    }
}
