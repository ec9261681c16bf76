import GameKit

/// The input of the test games: a small step and a flag.
struct Push: GameInput {
    var by = 0
    var loud = false

    static var fields: [Field<Push>] {
        Field("by", \.by, .int(-8...8))
        Field("loud", \.loud)
    }
}

/// Where a player of a test game stands.
struct Pawn: Entity {
    var at = 0
}

/// A game at 20 Hz with four seats that does what its options say: a step may fail or finish, a join may be answered
/// with an event, a kick or the end.
struct Probe: Game {
    static let name = "probe"
    static let rules = Rules(tickRate: 20, seats: 4, grace: .seconds(30), maxTicksAhead: 20)
    static var replicated: Replication<Probe> {
        Entities(\.pawns, "pawn") { Field("at", \.at, .int(0...1_000_000)) }
    }

    struct Refused: Error, CustomStringConvertible {
        var description: String { "these options make no game" }
    }

    struct Broken: Error, CustomStringConvertible {
        var description: String { "it broke" }
    }

    var pawns = Table<Pawn>()
    private let options: JSONValue

    init(_ context: inout GameContext, options: JSONValue) throws {
        if options["refuse"] == true { throw Refused() }
        self.options = options
    }

    private func says(_ key: String, _ tick: UInt32) -> Bool { options[key] == .integer(Int64(tick)) }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        pawns[seat: seat.number] = Pawn()
        if options["tellWho"] == true {
            let texts = [seat.subject, seat.role].map { text in text.map { JSONValue.string($0) } ?? .null }
            context.emit("who", .array([.integer(Int64(seat.number))] + texts))
            // What is known of who plays may decide how a game goes on.
            if seat.role == "judge" { pawns[seat: seat.number]?.at = 500 }
        }
        if options["greet"] == true {
            context.emit("greeting", "to you", to: seat.number)
            context.emit("arrived", .integer(Int64(seat.number)))
        }
        if options["kickName"] == .string(seat.name) { context.kick(seat.number, reason: "no such name") }
        if options["lockWith"] == .integer(Int64(context.seats.count)) { context.isLocked = true }
        if options["finishWith"] == .integer(Int64(context.seats.count)) { context.finish("all here") }
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        pawns[seat: seat.number] = nil
        context.emit("left", .integer(Int64(seat.number)))
        if options["unlockOnLeave"] == true { context.isLocked = false }
        if options["kickAllOnLeave"] == true {
            for other in context.seats { context.kick(other.number, reason: "all go") }
        }
        if options["finishOnLeave"] == true { context.finish("somebody left") }
    }

    mutating func drop(_ seat: Seat, _ context: inout GameContext) {
        context.emit("dropped", .integer(Int64(seat.number)))
        if options["kickOnDrop"] == true { context.kick(seat.number, reason: "dropped") }
    }

    mutating func resume(_ seat: Seat, _ context: inout GameContext) {
        context.emit("back", .integer(Int64(seat.number)))
    }

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) throws {
        if says("failAt", context.tick) { throw Broken() }
        for (seat, input) in inputs {
            pawns[seat: seat]?.at += input.by + 8
            if input.loud { context.emit("loud", .integer(Int64(seat))) }
        }
        if let size = options["chatter"]?.integer {
            context.emit("chatter", .string(String(repeating: "x", count: Int(size))))
        }
        if says("banAt", context.tick) { context.ban(0, reason: "its time", for: .seconds(60)) }
        if says("kickAt", context.tick) { context.kick(0, reason: "its time") }
        if says("finishAt", context.tick) { context.finish(["winner": 0], scores: [3: 9, 0: 7]) }
    }
}

/// A second game, with one seat, at 50 Hz.
struct Other: Game {
    static let name = "other"
    static let rules = Rules(tickRate: 50, snapshotRate: 10, seats: 1, grace: .seconds(5))
    static var replicated: Replication<Other> {
        Single(\.clock, "clock") { Field("tick", \.at, .int(0...1_000_000)) }
    }

    private(set) var clock = Pawn()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        clock.at += 1
    }
}
