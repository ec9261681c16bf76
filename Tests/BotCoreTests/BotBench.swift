import BotCore
import Determinism
import GameKit
import ScriptedServer
import JSONCore
import SnapshotCore

/// A game of one number, for bots to play.
struct Tally: Game {
    struct Board: Sendable { var total = 0 }

    struct Input: GameInput {
        var add = 0
        static var fields: [Field<Input>] { Field("add", \.add, .int(0...9)) }
    }

    static let name = "tally"
    static let rules = Rules(tickRate: 20, snapshotRate: 10, seats: 4)
    static var replicated: Replication<Tally> {
        Single(\.board, "board") { Field("total", \.total, .int(0...1000)) }
    }

    var board = Board()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (_, input) in inputs { board.total += input.add }
    }
}

/// Adds its seat's number where the total is odd, and has nothing to say where it is even. Does not look at tick 100.
struct TallyBrain: Brain {
    init(seed: UInt64) {}
    mutating func looks(at tick: UInt32) -> Bool { tick != 100 }
    mutating func decide(_ game: Tally, seat: Int, tick: UInt32) -> Tally.Input? {
        game.board.total.isMultiple(of: 2) ? nil : Tally.Input(add: seat)
    }
}

/// Adds one every half second, whatever it sees.
struct TickingBrain: Brain {
    static let decidesEvery: Interval? = .milliseconds(500)
    init(seed: UInt64) {}
    mutating func decide(_ game: Tally, seat: Int, tick: UInt32) -> Tally.Input? { Tally.Input(add: 1) }
}

/// One bot, a scripted server, and what the test makes the one say to the other.
final class BotBench {
    let server = ScriptedServer()
    let context: BotContext
    let bot: Bot
    let schema = GameType(Tally.self).schema

    init(_ change: (inout BotSettings) -> Void = { _ in }) {
        let server = server
        context = BotContext(dialer: server) { server.now }
        var settings = BotSettings(
            lobby: "a", name: "bot", brain: BrainType(TallyBrain.self), seed: 5, startAt: server.now,
            endAt: server.now + .seconds(60))
        change(&settings)
        bot = Bot(settings, context)
    }

    var report: BotReport { context.report }
    var stream: ScriptedStream { server.stream }

    /// Lets time pass up to an instant, with every wake of the bot on the way.
    func advance(_ interval: Interval) {
        let end = server.now + interval
        while let wake = bot.nextWake, wake <= end {
            server.now = max(wake, server.now)
            bot.advance()
            bot.flush()
        }
        server.now = end
    }

    /// Answers the upgrade and takes the join that follows.
    func upgrade() -> JSONValue? {
        stream.upgrade()
        bot.flush()
        guard case .text(let text)? = stream.takeSent().first else { return nil }
        return try? JSONValue.parse(Array(text.utf8).span)
    }

    func welcome(seat: Int = 3, token: String = "t1", resumed: Bool = false, tick: UInt32 = 0) -> JSONValue {
        [
            "lobby": "a", "game": "tally", "name": "bot", "seat": .integer(Int64(seat)), "seats": 4,
            "token": .string(token), "resumed": .bool(resumed), "tick": .integer(Int64(tick)), "tickRate": 20,
            "snapshotRate": 10, "schema": .string(schema.text), "schemaHash": .string(schema.hashText),
        ]
    }

    /// The same for a client that gets codec 1 with the tables of that hash.
    func welcome(resumed: Bool = false, tick: UInt32 = 0, codec hash: String, _ tables: String?) -> JSONValue {
        guard case .object(var welcome) = welcome(resumed: resumed, tick: tick) else { return .null }
        (welcome["codec"], welcome["tablesHash"]) = (1, .string(hash))
        if let tables { welcome["tables"] = .string(tables) }
        return .object(welcome)
    }

    func event(_ name: String, _ data: JSONValue) {
        stream.text(JSONValue.object(["event": .string(name), "data": data]).text)
        bot.flush()
    }

    /// From the start to the seat.
    @discardableResult
    func join(seat: Int = 3, token: String = "t1") -> JSONValue? {
        advance(.zero)
        let request = upgrade()
        event("joined", welcome(seat: seat, token: token))
        return request
    }

    func state(_ tick: UInt32, _ total: UInt32) -> WorldState {
        var state = WorldState(schema: schema)
        state.tick = tick
        state.tables[0].values = [total]
        return state
    }

    /// Sends the state as a snapshot.
    func snapshot(_ tick: UInt32, _ total: UInt32, since: (UInt32, UInt32)? = nil, hash: UInt32? = nil) {
        let state = state(tick, total)
        let baseline = since.map { self.state($0.0, $0.1) }
        stream.binary(Snapshot.encode(state, since: baseline, schema: schema, stateHash: hash ?? state.hash))
        bot.flush()
    }

    /// The client messages that have come.
    func messages() -> [ClientMessage] {
        stream.takeBinary().compactMap { try? ClientMessage(decoding: $0.span, schema: schema) }
    }
}
