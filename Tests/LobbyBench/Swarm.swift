import GameKit

/// Sixty-four bodies that move at each of thirty steps a second, and that all see twenty times; each of eight players steers
/// one of them.
struct Swarm: Game {
    struct Body: Entity {
        var x = 0.0
        var y = 0.0
        var dx = 0.0
        var dy = 0.0
    }

    struct Input: GameInput {
        var dx = 0
        var dy = 0
        static var fields: [Field<Input>] {
            Field("dx", \.dx, .int(-1...1))
            Field("dy", \.dy, .int(-1...1))
        }
    }

    static let name = "swarm"
    static let rules = Rules(tickRate: 30, snapshotRate: 20, seats: 8)
    static var replicated: Replication<Swarm> {
        Entities(\.bodies, "body") {
            Field("x", \.x, .fixed(-64...64, step: 1 / 64))
            Field("y", \.y, .fixed(-64...64, step: 1 / 64))
        }
    }

    var bodies = Table<Body>()

    init(_ context: inout GameContext, options: JSONValue) {
        for _ in 0..<64 {
            var body = Body()
            body.x = context.random.double(in: -60...60)
            body.y = context.random.double(in: -60...60)
            body.dx = context.random.double(in: -8...8)
            body.dy = context.random.double(in: -8...8)
            bodies.insert(body)
        }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            guard var body = bodies[seat: seat] else { continue }
            body.dx += Double(input.dx) / 4
            body.dy += Double(input.dy) / 4
            bodies[seat: seat] = body
        }
        let dt = context.dt
        bodies.update { _, body in
            body.x += body.dx * dt
            body.y += body.dy * dt
            if body.x.magnitude > 63 { body.dx = -body.dx }
            if body.y.magnitude > 63 { body.dy = -body.dy }
            body.x = min(63, max(-63, body.x))
            body.y = min(63, max(-63, body.y))
        }
    }
}

/// Steers at random, twice a second.
struct SwarmBrain: Brain {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func looks(at tick: UInt32) -> Bool { random.int(in: 0...9) == 0 }

    mutating func decide(_ game: Swarm, seat: Int, tick: UInt32) -> Swarm.Input? {
        var input = Swarm.Input()
        input.dx = random.int(in: -1...1)
        input.dy = random.int(in: -1...1)
        return input
    }
}
