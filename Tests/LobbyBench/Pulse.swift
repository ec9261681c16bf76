import GameKit

/// Ten players who talk: each says forty characters every half second, and half of what is said goes to all of them, the other half
/// back to who said it.
///
/// The scenario for which the field publishes figures: ten steps a second, ten players in a match, a message of each every
/// half second, of 35 to 44 characters, half of them echoed and half broadcast. A snapshot a second says how often each has
/// spoken, so that bots have a state to check.
struct Pulse: Game {
    struct Player: Entity {
        var count = 0
    }

    struct Input: GameInput {
        var isForAll = false
        var text: [UInt8] = []
        static var fields: [Field<Input>] {
            Field("all", \.isForAll, .bool)
            Field.bytes("text", \.text, 40)
        }
    }

    static let name = "pulse"
    static let rules = Rules(tickRate: 10, snapshotRate: 1, seats: 10)
    static var replicated: Replication<Pulse> {
        Entities(\.players, "player") { Field("count", \.count, .int(0...4_095)) }
    }

    var players = Table<Player>()

    init(_ context: inout GameContext, options: JSONValue) {}

    mutating func join(_ seat: Seat, _ context: inout GameContext) { players[seat: seat.number] = Player() }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) { players[seat: seat.number] = nil }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            guard let player = players[seat: seat] else { continue }
            players[seat: seat] = Player(count: (player.count + 1) % 4_096)
            let text = JSONValue.string(String(decoding: input.text, as: UTF8.self))
            if input.isForAll { context.emit("said", text) } else { context.emit("said", text, to: seat) }
        }
    }
}

/// Speaks every half second, at a time of its own.
struct PulseBrain: Brain {
    static let decidesEvery: Interval? = .milliseconds(500)
    private var isForAll: Bool

    init(seed: UInt64) { isForAll = seed % 2 == 0 }

    mutating func decide(_ game: Pulse, seat: Int, tick: UInt32) -> Pulse.Input? {
        isForAll.toggle()
        return Pulse.Input(isForAll: isForAll, text: Array("all the king's horses and all his men: 7".utf8))
    }
}
