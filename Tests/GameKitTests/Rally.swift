import GameKit

/// A game that shows everything the kit can do, for the tests.
struct Rally: Game {
    enum Gear: Int, CaseIterable, FieldValue { case neutral, first, second }

    struct Car: Entity {
        var position = 0.0
        var lap: Float = 0
        var fuel = 10
        var gear = Gear.neutral
        var isOut = false
        var secret = 1
    }

    struct Race: Sendable {
        var phase = 0
        var heading = 0.0
    }

    struct Input: GameInput {
        var push = 0.25
        var gear = Gear.first
        var horn = false
        static var fields: [Field<Input>] {
            Field("push", \.push, .fixed(-1...1, step: 0.25))
            Field("gear", \.gear)
            Field("horn", \.horn)
        }
    }

    struct Refused: Error {}

    static let name = "rally"
    static let rules = Rules(tickRate: 10, seats: 3)
    static var replicated: Replication<Rally> {
        Entities(\.cars, "car") {
            Field("position", \.position, .fixed(-8...8, step: 0.5))
            Field("lap", \.lap, .fixed(0...4, step: 0.25))
            Field("fuel", \.fuel, .int(0...10))
            Field("gear", \.gear)
            Field("isOut", \.isOut)
        }
        Single(\.race, "race") {
            Field("phase", \.phase, .int(0...3))
            Field("heading", \.heading, .angle(bits: 8))
        }
    }

    var cars = Table<Car>()
    var race = Race()
    var log: [String] = []

    init(_ context: inout GameContext, options: JSONValue) throws {
        if options == .bool(false) { throw Refused() }
        race.phase = context.random.int(in: 0...3)
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        cars[seat: seat.number] = Car()
        context.emit("joined", .string(seat.name))
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) { cars[seat: seat.number] = nil }
    mutating func drop(_ seat: Seat, _ context: inout GameContext) { context.emit("dropped") }
    mutating func resume(_ seat: Seat, _ context: inout GameContext) { context.emit("resumed") }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) throws {
        for (seat, input) in inputs {
            cars[seat: seat]?.position += input.push
            cars[seat: seat]?.gear = input.gear
            context.emit("took", .string("\(seat) \(input.push)"), to: seat)
            if input.horn { context.kick(seat, reason: "noise") }
        }
        if inputs.last(of: 0)?.push == -1 { throw Refused() }
        if context.tick == 3 { context.finish(.string("done")) }
        if context.tick == 3 { context.finish(.string("again")) }
    }
}

/// Pushes as far as its seat's car is from the origin.
struct RallyBrain: Brain {
    init(seed: UInt64) {}

    func decide(_ game: Rally, seat: Int, tick: UInt32) -> Rally.Input? {
        guard let car = game.cars[seat: seat], tick > 1 else { return nil }
        var input = Rally.Input()
        input.push = car.position
        input.gear = car.gear
        input.horn = car.secret == 1
        return input
    }
}
