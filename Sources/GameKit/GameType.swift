import Determinism
import JSONCore
import SnapshotCore

/// A kind of game that a server can host, whatever its Swift type.
public struct GameType: Sendable {
    /// The game's name.
    public let name: String
    /// Its rules.
    public private(set) var rules: Rules
    /// What it replicates and accepts.
    public let schema: Schema
    /// Which of the schema's types have entities that not everybody sees.
    package let groupedTypes: [Int]
    /// The quantised input of somebody who does nothing.
    package let defaultInput: [UInt32]
    /// The tables that the game gives, not looked at.
    private(set) var givenTables: [UInt8]?
    /// What its snapshots are coded with in codec 1, once that has been made (``withSnapshotTables()``); nil where there is no
    /// codec 1.
    package internal(set) var snapshotTables: SnapshotTables?
    private let makeInstance: @Sendable (GameType, JSONValue, UInt64) throws -> any GameInstance

    /// The type of `game`; checks its declarations.
    ///
    /// - Precondition: names are legal and unique, and nothing has more than 64 fields; the message says what is wrong.
    @inlinable public init<G: Game>(_ game: G.Type) {
        self.init(game) { game, replication, state in
            replication.capture(game, into: &state)
        } step: { game, entries, record, inputs, context in
            inputs.entries.removeAll(keepingCapacity: true)
            for entry in entries {
                var input = G.Input()
                record.restore(entry.input.values, into: &input)
                inputs.entries.append((entry.seat, input))
            }
            try game.step(inputs, &context)
        }
    }

    /// The type of `game`, with what its own module has made for its types.
    @usableFromInline init<G: Game>(
        _ game: G.Type, capture: @escaping RunningGame<G>.Capture, step: @escaping RunningGame<G>.Step
    ) {
        let replication = G.replicated
        let inputRecord = Record(G.Input.fields)
        name = G.name
        rules = G.rules
        schema = replication.schema(with: inputRecord)
        givenTables = G.snapshotTables
        groupedTypes = replication.parts.indices.filter { replication.parts[$0].group != nil }
        precondition(
            rules.snapshotBudget == nil || !groupedTypes.isEmpty, "rules: a snapshot budget is for entities in groups")
        var defaultInput: [UInt32] = []
        inputRecord.capture(G.Input(), into: &defaultInput)
        self.defaultInput = defaultInput
        makeInstance = { type, options, seed in
            try RunningGame<G>(
                type: type, replication: replication, inputRecord: inputRecord, capture: capture, step: step,
                options: options, seed: seed)
        }
    }

    /// The same game at another rate; inputs may be as far ahead as before in time, not in ticks.
    ///
    /// - Precondition: a tick rate is 1 to 128.
    package func with(tickRate: Int) -> GameType {
        with(rules: rules.with(tickRate: tickRate))
    }

    /// The same game with other rules.
    package func with(rules: Rules) -> GameType {
        var type = self
        type.rules = rules
        return type
    }

    /// The same game with other tables than it gives itself.
    package func with(givenTables: [UInt8]) -> GameType {
        var type = self
        type.givenTables = givenTables
        return type
    }

    /// Starts a game.
    ///
    /// - Parameters:
    ///   - options: What the lobby's creator asked for.
    ///   - seed: Decides everything that is left to chance.
    /// - Throws: What the game's initialiser throws.
    package func make(options: JSONValue, seed: UInt64) throws -> any GameInstance {
        try makeInstance(self, options, seed)
    }

    /// The input that a hand-written client sent as a JSON object with the fields' names (protocol/spec/game-messages.md
    /// §5).
    ///
    /// Bools are true or false, everything else is a number in range. Missing fields are as in the input's defaults,
    /// unknown ones are ignored.
    ///
    /// - Returns: nil when it is no object or a value is refused: counted and answered by the caller.
    package func inputValues(fromJSON json: JSONValue) -> [UInt32]? {
        guard case .object = json else { return nil }
        var values = defaultInput
        for (index, field) in schema.input.enumerated() {
            guard let member = json[field.name] else { continue }
            let number: Double
            switch (member, field.kind) {
            case (.bool(let flag), .bool): number = flag ? 1 : 0
            case (_, .bool): return nil
            case (.integer(let integer), _): number = Double(integer)
            case (.number(let real), _): number = real
            default: return nil
            }
            guard let value = schema.inputLayout.quantisers[index].quantise(refusing: number) else { return nil }
            values[index] = value
        }
        return values
    }
}

/// One seat's input for one step, as the host hands it in.
@usableFromInline package struct SeatInput: Sendable, Equatable {
    /// Who sent it.
    @usableFromInline package var seat: Int
    /// The tick, sequence and values that were sent, checked against the schema.
    @usableFromInline package var input: QuantisedInput

    /// An input of a seat.
    package init(seat: Int, input: QuantisedInput) {
        self.seat = seat
        self.input = input
    }
}

/// One running game, as its host sees it. Belongs to one loop.
///
/// Whatever a call makes the game say waits in ``takeOutput()``.
package protocol GameInstance: AnyObject {
    /// What kind of game this is.
    var type: GameType { get }
    /// The number of steps so far.
    var tick: UInt32 { get }
    /// The taken seats, by number.
    var seats: [Seat] { get }
    /// Whether the game lets nobody new take a seat.
    var isLocked: Bool { get }
    /// Whether the game wants no steps, until something else happens to it.
    var isPaused: Bool { get }
    /// How fast the game wants its time to pass.
    var timeScale: TimeScale { get }
    /// Seats a player. Precondition: the seat exists and is free.
    func join(_ seat: Seat)
    /// Empties a seat for good. Does nothing when it is free.
    func leave(seat number: Int)
    /// Tells the game that a player's connection is gone. Does nothing when the seat is free or already dropped.
    func drop(seat number: Int)
    /// Tells the game that a dropped player is back. Does nothing when the seat is free or connected.
    func resume(seat number: Int)
    /// Says whether a player's connection keeps up, from the next step on. Does nothing when the seat is free.
    func setCongested(_ isCongested: Bool, seat number: Int)
    /// Says how long the way to a player is, from the next step on. Does nothing when the seat is free.
    func setLatency(_ latency: Latency, seat number: Int)
    /// Runs one step. Inputs may come in any order; those of free seats are left out.
    ///
    /// - Throws: What the game throws; the game is then broken and must not be called again.
    func step(_ inputs: [SeatInput]) throws
    /// Overwrites `state`, one of this game's schema, with the quantised state after the last step.
    func capture(into state: inout WorldState)
    /// The same for the tables of the types that are due; those of the others stay as they are in `state`.
    func capture(into state: inout WorldState, where isDue: (Int) -> Bool)
    /// Overwrites `groups` with the groups of the entities that the last capture has put into a table, in their order.
    /// Precondition: the type is one of those whose entities are in groups.
    func groupEntities(ofType type: Int, into groups: inout [UInt16])
    /// Adds to `view` what the holder of a seat sees after the last step. Nothing when the seat is free.
    func look(seat number: Int, into view: inout View)
    /// A hash of the tick, all that clients see, the seats and their connections, the lock, and where the game's chance
    /// stands. The same on every machine and in every build for the same inputs. What a game hides from everybody is
    /// not in it until it shows.
    ///
    /// - Parameter scratch: A state of this game's schema, which is overwritten.
    func fingerprint(_ scratch: inout WorldState) -> UInt32
    /// What the game has asked for since this was last called.
    func takeOutput() -> GameOutput
}

extension GameInstance {
    /// Seats a guest of a game without teams.
    package func join(seat number: Int, name: String) { join(Seat(number: number, name: name)) }
}

/// The one implementation: a game value and its context.
@usableFromInline final class RunningGame<G: Game>: GameInstance {
    /// Runs a step of the game with inputs in their order, whose values the record tells how to read; the third is where
    /// they are read into.
    @usableFromInline typealias Step =
        @Sendable (inout G, [SeatInput], Record<G.Input>, inout Inputs<G.Input>, inout GameContext) throws -> Void
    /// Overwrites a state with what clients see of the game.
    @usableFromInline typealias Capture = @Sendable (G, Replication<G>, inout WorldState) -> Void

    let type: GameType
    private var game: G
    private var context: GameContext
    private let replication: Replication<G>
    private let inputRecord: Record<G.Input>
    private let runStep: Step
    private let runCapture: Capture
    private var ordered: [SeatInput] = []
    private var decoded = Inputs<G.Input>([])

    init(
        type: GameType, replication: Replication<G>, inputRecord: Record<G.Input>, capture: @escaping Capture,
        step: @escaping Step, options: JSONValue, seed: UInt64
    ) throws {
        var context = GameContext(tickRate: type.rules.tickRate, seed: seed)
        if type.rules.rewind > .zero { context.seenTicks = SeenTicks(type.rules) }
        game = try G(&context, options: options)
        self.context = context
        self.type = type
        self.replication = replication
        self.inputRecord = inputRecord
        runStep = step
        runCapture = capture
    }

    /// The context's. By itself, since the context is lent to the game, and each look into it is checked for that.
    private(set) var tick: UInt32 = 0
    var seats: [Seat] { context.seats }
    var isLocked: Bool { context.isLocked }
    var isPaused: Bool { context.isPaused }
    var timeScale: TimeScale { context.timeScale }

    func join(_ seat: Seat) {
        precondition((0..<type.rules.seats).contains(seat.number), "a seat that the game does not have")
        precondition(index(of: seat.number) == nil, "a seat that is taken")
        let at = context.seats.firstIndex { $0.number > seat.number } ?? context.seats.count
        context.seats.insert(seat, at: at)
        context.seenTicks?.forget(seat.number)
        game.join(seat, &context)
    }

    func leave(seat number: Int) {
        guard let at = index(of: number) else { return }
        let seat = context.seats.remove(at: at)
        game.leave(seat, &context)
    }

    func drop(seat number: Int) {
        guard let at = index(of: number), context.seats[at].isConnected else { return }
        context.seats[at].isConnected = false
        context.seats[at].isCongested = false
        context.seats[at].latency = nil
        let seat = context.seats[at]
        game.drop(seat, &context)
    }

    func resume(seat number: Int) {
        guard let at = index(of: number), !context.seats[at].isConnected else { return }
        context.seats[at].isConnected = true
        let seat = context.seats[at]
        game.resume(seat, &context)
    }

    func setCongested(_ isCongested: Bool, seat number: Int) {
        guard let at = index(of: number) else { return }
        context.seats[at].isCongested = isCongested
    }

    func setLatency(_ latency: Latency, seat number: Int) {
        guard let at = index(of: number) else { return }
        context.seats[at].latency = latency
    }

    func step(_ inputs: [SeatInput]) throws {
        tick += 1
        context.tick = tick
        ordered.append(contentsOf: inputs)
        ordered.sort { left, right in
            (left.input.tick, left.seat, left.input.sequence) < (right.input.tick, right.seat, right.input.sequence)
        }
        ordered.removeAll { index(of: $0.seat) == nil }
        defer { ordered.removeAll(keepingCapacity: true) }
        context.isPaused = false
        if context.seenTicks != nil { for entry in ordered { context.seenTicks?.note(entry, at: tick) } }
        while let timer = context.timers.next(at: tick) { game.timer(timer, &context) }
        try runStep(&game, ordered, inputRecord, &decoded, &context)
    }

    func capture(into state: inout WorldState) {
        state.tick = context.tick
        runCapture(game, replication, &state)
    }

    func capture(into state: inout WorldState, where isDue: (Int) -> Bool) {
        state.tick = context.tick
        replication.capture(game, into: &state, where: isDue)
    }

    func groupEntities(ofType type: Int, into groups: inout [UInt16]) {
        guard let group = replication.parts[type].group else { preconditionFailure("a type without groups") }
        group(game, &groups)
    }

    func look(seat number: Int, into view: inout View) {
        if let at = index(of: number) { game.view(of: context.seats[at], &view) }
    }

    func fingerprint(_ scratch: inout WorldState) -> UInt32 {
        capture(into: &scratch)
        var hash = WordHash()
        hash.feed(UInt64(scratch.hash))
        context.feed(&hash)
        return UInt32(truncatingIfNeeded: hash.value ^ hash.value >> 32)
    }

    func takeOutput() -> GameOutput {
        let output = context.output
        context.output = GameOutput()
        return output
    }

    private func index(of number: Int) -> Int? {
        context.seats.firstIndex { $0.number == number }
    }
}
