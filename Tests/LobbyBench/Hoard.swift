import GameKit

/// A state of 50 kB that hardly changes, for many: what it costs to let a crowd in.
struct Hoard: Game {
    struct Coin: Entity {
        var x = 0.0
        var y = 0.0
    }

    struct Input: GameInput {
        var coin = 0
        static var fields: [Field<Input>] { Field("coin", \.coin, .int(0...16_383)) }
    }

    static let name = "hoard"
    static let rules = Rules(tickRate: 10, seats: 128)
    static var replicated: Replication<Hoard> {
        Entities(\.coins, "coin") {
            Field("x", \.x, .fixed(-128...128, step: 1 / 128))
            Field("y", \.y, .fixed(-128...128, step: 1 / 128))
        }
    }

    var coins = Table<Coin>()

    init(_ context: inout GameContext, options: JSONValue) {
        for _ in 0..<12_500 {
            coins.insert(Coin(x: context.random.double(in: -127...127), y: context.random.double(in: -127...127)))
        }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (_, input) in inputs {
            let id = EntityID(input.coin)
            guard let coin = coins[id] else { continue }
            coins[id] = Coin(x: coin.y, y: coin.x)
        }
    }
}

/// The same as a player sees it, without coins until the first snapshot: a thousand bots that each made 12,500 in the second in which
/// they join would be what is measured.
struct HoardSeen: Game {
    typealias Input = Hoard.Input

    static let name = Hoard.name
    static let rules = Hoard.rules
    static var replicated: Replication<HoardSeen> {
        Entities(\.coins, "coin") {
            Field("x", \.x, .fixed(-128...128, step: 1 / 128))
            Field("y", \.y, .fixed(-128...128, step: 1 / 128))
        }
    }

    var coins = Table<Hoard.Coin>()

    init(_ context: inout GameContext, options: JSONValue) {}

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {}
}

/// Turns a coin now and then.
struct HoardBrain: Brain {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func looks(at tick: UInt32) -> Bool { random.int(in: 0...49) == 0 }

    mutating func decide(_ game: HoardSeen, seat: Int, tick: UInt32) -> Hoard.Input? {
        var input = Hoard.Input()
        input.coin = random.int(in: 0...12_499)
        return input
    }
}
