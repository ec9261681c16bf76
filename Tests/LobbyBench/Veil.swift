import GameKit

/// The swarm in a fog: each of eight players sees the bodies near their own, about half of them.
struct Veil: Game {
    typealias Input = Swarm.Input

    static let name = "veil"
    static let rules = Swarm.rules
    private static let grid = GroupGrid(x: -64...64, y: -64...64, cell: 32)
    static var replicated: Replication<Veil> {
        Entities(\.swarm.bodies, "body", in: { _, _, body in grid.group(x: body.x, y: body.y) }) {
            Field("x", \.x, .fixed(-64...64, step: 1 / 64))
            Field("y", \.y, .fixed(-64...64, step: 1 / 64))
        }
    }

    var swarm: Swarm

    init(_ context: inout GameContext, options: JSONValue) {
        swarm = Swarm(&context, options: options)
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) { swarm.step(inputs, &context) }

    func view(of seat: Seat, _ view: inout View) {
        guard let own = swarm.bodies[seat: seat.number] else { return }
        view.add(Self.grid, x: own.x, y: own.y, radius: 32)
    }
}

/// Steers at random, as in the swarm.
struct VeilBrain: Brain {
    private var brain: SwarmBrain

    init(seed: UInt64) { brain = SwarmBrain(seed: seed) }

    mutating func looks(at tick: UInt32) -> Bool { brain.looks(at: tick) }

    mutating func decide(_ game: Veil, seat: Int, tick: UInt32) -> Swarm.Input? {
        brain.decide(game.swarm, seat: seat, tick: tick)
    }
}
