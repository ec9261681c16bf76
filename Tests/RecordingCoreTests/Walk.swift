import GameKit
import RecordingCore

/// A game of steps and chance, with a part that nobody sees.
struct Walk: Game {
    struct Walker: Entity {
        var at = 0
        var isAway = false
    }

    struct Stride: GameInput {
        var by = 0
        static var fields: [Field<Stride>] { Field("by", \.by, .int(-3...3)) }
    }

    struct Stumbled: Error {}

    static let name = "walk"
    static let rules = Rules(tickRate: 20, seats: 3)
    static var replicated: Replication<Walk> {
        Entities(\.walkers, "walker") {
            Field("at", \.at, .int(-1_000_000...1_000_000))
            Field("isAway", \.isAway)
        }
    }

    var walkers = Table<Walker>()
    private let stumbleTick: UInt32?
    private let jitter: Int

    init(_ context: inout GameContext, options: JSONValue) throws {
        stumbleTick = options["stumbleAt"]?.integer.flatMap { UInt32(exactly: $0) }
        jitter = options["jitter"]?.integer.flatMap { Int(exactly: $0) } ?? 1
        if options["refuse"] == true { throw Stumbled() }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) { walkers[seat: seat.number] = Walker() }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { walkers[seat: seat.number] = nil }
    mutating func drop(_ seat: Seat, _ context: inout GameContext) { walkers[seat: seat.number]?.isAway = true }
    mutating func resume(_ seat: Seat, _ context: inout GameContext) { walkers[seat: seat.number]?.isAway = false }

    mutating func step(_ inputs: Inputs<Stride>, _ context: inout GameContext) throws {
        for (seat, stride) in inputs { walkers[seat: seat]?.at += stride.by * 10 }
        for seat in context.seats where seat.isCongested { walkers[seat: seat.number]?.at += 1 }
        let chance = context.random.int(in: 0...jitter)
        walkers.update { _, walker in walker.at += chance }
        if context.tick == stumbleTick { throw Stumbled() }
    }
}

/// Keeps what is recorded.
final class MemorySink: RecordingSink {
    private(set) var bytes: [UInt8] = []
    private(set) var writes = 0
    private(set) var hasEnded = false
    /// After so many writes there is no more room.
    var writesMax = Int.max

    func write(_ bytes: [UInt8]) -> Bool {
        guard writes < writesMax else { return false }
        self.bytes += bytes
        writes += 1
        return true
    }

    func end() { hasEnded = true }
}

/// A recorder that fills the sink.
func recorder(_ sink: MemorySink) -> Recorder { Recorder(build: "test") { _ in sink } }

/// Plays what stands in `bytes`, handed out in pieces.
func player(
    _ bytes: [UInt8], games: [GameType] = [GameType(Walk.self)], pieces: Int = 100, isStrict: Bool = true
) throws -> RecordingPlayer {
    var rest = bytes[...]
    return try RecordingPlayer(games: games, isStrict: isStrict) {
        let piece = Array(rest.prefix(pieces))
        rest = rest.dropFirst(pieces)
        return piece
    }
}
