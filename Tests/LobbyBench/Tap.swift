import Foundation
import GameKit

/// Ten players whose counters all see, ten times a second or as often as TAP_RATE says: each raises its own twice a second, and does nothing
/// else.
struct Tap: Game {
    struct Player: Entity {
        var count = 0
    }

    struct Input: GameInput {
        var by = 0
        static var fields: [Field<Input>] { Field("by", \.by, .int(0...15)) }
    }

    static let name = "tap"
    static let rate = Int(ProcessInfo.processInfo.environment["TAP_RATE"] ?? "") ?? 10
    static let rules = Rules(tickRate: rate, seats: 10)
    static var replicated: Replication<Tap> {
        Entities(\.players, "player") { Field("count", \.count, .int(0...4_095)) }
    }

    var players = Table<Player>()

    init(_ context: inout GameContext, options: JSONValue) {}

    mutating func join(_ seat: Seat, _ context: inout GameContext) { players[seat: seat.number] = Player() }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) { players[seat: seat.number] = nil }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            guard let player = players[seat: seat] else { continue }
            players[seat: seat] = Player(count: (player.count + input.by) % 4_096)
        }
    }
}

/// Sends an input twice a second.
struct TapBrain: Brain {
    private let every = UInt32(Tap.rate / 2)
    private var phase: UInt32

    init(seed: UInt64) { phase = UInt32(seed % UInt64(every)) }

    mutating func looks(at tick: UInt32) -> Bool { (tick + phase) % every == 0 }

    mutating func decide(_ game: Tap, seat: Int, tick: UInt32) -> Tap.Input? {
        var input = Tap.Input()
        input.by = 1
        return input
    }
}
