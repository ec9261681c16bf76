import Determinism
import GameKit
import JSONCore
import RecordingCore
import SnapshotCore

/// One running game with its seats, its inbox, its clock and its last snapshots. It knows nothing of connections.
///
/// Belongs to one loop. Whoever hosts it calls ``step()`` when ``clock`` says so, and collects ``takeOutput()`` after
/// every call that runs the game's code.
package final class Lobby {
    /// What a snapshot message is to the client that gets it.
    package enum SnapshotKind: Sendable, Equatable {
        /// The whole state.
        case keyframe
        /// From the snapshot before.
        case delta
        /// From an older one: the client was behind.
        case catchUp
    }

    /// The lobby's name.
    package let id: String
    /// What is played.
    package let game: GameType
    /// Who sits where.
    package private(set) var seats: SeatTable
    /// When steps are due.
    package var clock: TickClock
    /// The match around the game.
    package var match: MatchTable

    /// Whether players may see different things.
    package let isGrouped: Bool

    private(set) var instance: any GameInstance
    /// What later games in this lobby are made of.
    private let options: JSONValue
    private var random: SeededRandom
    /// What writes down all that enters a game, if anything does; and the present one's.
    private let recorder: Recorder?
    private var recorded: RecordedGame?
    private var inbox: Inbox
    private var due: [SeatInput] = []
    private var missing: MissingInputs?
    var latencies: Latencies
    private var flood: InputFlood
    /// Whose connections have fallen behind, by seat: a game that begins is told.
    private var isCongested: [Bool]
    /// What everybody is shown, or those who watch where players may see different things.
    var history: SnapshotHistory
    /// What each player is shown, where that may be different things.
    var groups: GroupHistory?
    /// What snapshots of codec 1 are made with; nil where there are none.
    var codec1: Codec1?
    /// After which ticks snapshots go out.
    package let pace: SnapshotPace
    private(set) var previousSnapshotTick: UInt32?

    /// A lobby whose first step is due one step after `now`, or up to another step later.
    ///
    /// - Parameters:
    ///   - place: How many lobbies its loop has opened before: what spreads their steps evenly (``TickClock``).
    ///   - teams: How many teams there are, when they are fewer than the rules'.
    ///   - playersMax: The most players, when there are fewer than the game's seats.
    ///   - record: Opens the place where all that enters a game is written down; nil, or one that gives nil, records
    ///     nothing.
    /// - Throws: What the game's `init` throws.
    package init(
        id: String, game: GameType, options: JSONValue, seed: UInt64, now: Instant, place: UInt64 = 0,
        teams: Int? = nil, playersMax: Int? = nil, record: Recorder? = nil
    ) throws {
        self.id = id
        self.game = game
        self.options = options
        recorder = record
        random = SeededRandom(seed: seed ^ 0x7265_6D61_7463_6831)
        match = MatchTable(game.rules, teams: teams, playersMax: playersMax)
        let made = try game.make(options: options, seed: seed)
        recorded = record?.open(made, lobby: id, options: options, seed: seed)
        instance = recorded ?? made
        seats = SeatTable(count: game.rules.seats)
        isCongested = Array(repeating: false, count: game.rules.seats)
        inbox = Inbox(game.rules)
        missing = MissingInputs(game)
        latencies = Latencies(game.rules)
        flood = InputFlood(game.rules)
        history = SnapshotHistory(schema: game.schema)
        isGrouped = !game.groupedTypes.isEmpty
        if isGrouped { groups = GroupHistory(game) }
        codec1 = game.snapshotTables?.codec
        pace = game.rules.snapshotPace
        clock = TickClock(rate: game.rules.tickRate, start: now, place: place)
    }

    /// The game's rules.
    package var rules: Rules { game.rules }

    /// Whether the host or the game lets nobody new take a seat.
    package var isLocked: Bool {
        match.isLocked || match.phase != .waiting && match.phase != .starting && instance.isLocked
    }

    /// How many steps have been run.
    package var tick: UInt32 { instance.tick }

    // MARK: Seats

    /// Keeps a seat until `until` for whoever comes with the reservation's number; nil when all are taken. The game hears
    /// nothing of it.
    package func reserve(for subject: String?, until: Instant) -> (seat: Int, number: UInt64)? {
        seats.reserve(for: subject, until: until)
    }

    /// Gives a seat to a new player, or nil when all are taken.
    ///
    /// - Parameter team: The team in which the player is awaited, if in any.
    package func take(
        name: String, subject: String? = nil, role: String? = nil, token: SeatTable.TokenDigest, team: Int? = nil
    ) -> Int? {
        guard let seat = seats.take(name: name, subject: subject, role: role, token: token) else { return nil }
        seated(seat, team: team)
        return seat
    }

    /// Gives a reserved seat to a new player who has come with the reservation.
    package func claim(
        _ seat: Int, reservation: UInt64, name: String, subject: String?, role: String? = nil,
        token: SeatTable.TokenDigest, team: Int? = nil
    ) throws(SeatRefusal) {
        try seats.claim(seat, reservation: reservation, name: name, subject: subject, role: role, token: token)
        seated(seat, team: team)
    }

    /// A taken seat as the game sees it.
    private func seat(_ number: Int) -> Seat {
        let row = seats.rows[number]
        return Seat(
            number: number, name: row.name, team: match.team(of: number), subject: row.subject, role: row.role)
    }

    private func seated(_ seat: Int, team: Int?) {
        groups?.forget(seat)
        inbox.reset(seat: seat)
        inbox.credit.refill(seat)
        missing?.forget(seat)
        latencies.forget(seat)
        flood.forget(seat)
        isCongested[seat] = false
        match.join(seat, team: team)
        if match.isGameOn { instance.join(self.seat(seat)) }
    }

    /// Connects the holder of a seat again. The client's input sequence starts anew.
    ///
    /// - Parameter presented: The token that the holder has come with; nil where it is known without one.
    package func resume(_ seat: Int, newToken: SeatTable.TokenDigest, presented: SeatTable.TokenDigest?) {
        let effect = seats.resume(seat, newToken: newToken, presented: presented)
        inbox.reset(seat: seat)
        latencies.forget(seat)
        flood.forget(seat)
        if effect == .resumed {
            match.resume(seat)
            if match.isGameOn { instance.resume(seat: seat) }
        }
        setCongested(false, seat: seat)
    }

    /// Lets holders with a subject come back without a token.
    package func letReturnBySubject() { seats.returnsBySubject = true }

    /// Tells the game, from its next step on, whether the holder's connection keeps up with what it is sent.
    package func setCongested(_ isCongested: Bool, seat: Int) {
        self.isCongested[seat] = isCongested
        if match.isGameOn { instance.setCongested(isCongested, seat: seat) }
    }

    /// Notes that the holder has its newest token.
    package func confirm(_ seat: Int) {
        seats.confirm(seat)
    }

    /// The holder's connection is lost; the seat is kept for the grace time if its holder can come back.
    package func drop(_ seat: Int, at now: Instant) {
        tell(seats.drop(seat, until: now + rules.grace), of: seat)
    }

    /// Frees a seat for good.
    ///
    /// - Parameter event: Why: leave, kick, ban or expire.
    package func free(_ seat: Int, by event: SeatEvent) {
        tell(seats.free(seat, by: event), of: seat)
    }

    /// Frees all seats of a lobby that is over; the game hears nothing more.
    package func dispose() {
        for seat in seats.rows.indices { seats.free(seat, by: .dispose) }
    }

    /// A seat whose time is over, if there is one.
    package func expiredSeat(at now: Instant) -> Int? { seats.expired(at: now) }

    /// Tells the game how long the way to a player is.
    func tell(_ latency: Latency, of seat: Int) {
        if match.isGameOn { instance.setLatency(latency, seat: seat) }
    }

    private func tell(_ effect: SeatEffect, of seat: Int) {
        switch effect {
        case .dropped:
            match.drop(seat)
            if match.isGameOn { instance.drop(seat: seat) }
        case .left:
            inbox.reset(seat: seat)
            match.leave(seat)
            if match.isGameOn { instance.leave(seat: seat) }
        case .none, .joined, .resumed, .replaced: break
        }
    }

    // MARK: Inputs and steps

    /// Takes an input whose values have been checked against the schema.
    ///
    /// - Parameters:
    ///   - tick: nil for the next.
    ///   - sequence: nil for one more than the last.
    ///   - seen: The newest snapshot that the sender has; 0 for none.
    package func offer(
        seat: Int, tick: UInt32?, sequence: UInt32?, values: [UInt32], seen: UInt32 = 0
    ) -> InputVerdict {
        // No step is run just now, and nobody knows when the next one will be.
        guard match.isGameOn else { return .tooEarly }
        let next = instance.tick &+ 1
        let input = QuantisedInput(
            tick: tick ?? next, sequence: sequence ?? inbox.nextSequence(of: seat), values: values,
            // Nobody has seen what has not happened.
            seen: min(seen, instance.tick))
        let verdict = inbox.offer(SeatInput(seat: seat, input: input), nextTick: next)
        switch verdict {
        case .accepted, .full, .tooEarly:
            return flood.note(seat, at: clock.nextDue, step: clock.step) ? .flood : verdict
        // Sent again as a client may, or from before a halt of its connection.
        case .repeated, .tooLate, .flood: return verdict
        }
    }

    /// By how many ticks the latest of a seat's inputs was early since this was last asked; negative where it was late, nil
    /// where none has come.
    package func takeEarliness(of seat: Int) -> Int? { inbox.takeEarliness(of: seat) }

    /// The same, without that anybody was told: for those who look on.
    package func earliness(of seat: Int) -> Int? { inbox.earliness(of: seat) }

    /// How many inputs of a seat wait for their step.
    package func inputsWaiting(of seat: Int) -> Int { inbox.waiting(of: seat) }

    /// Passes one tick: with a step, where the game runs.
    ///
    /// - Returns: How many inputs were dropped because their seats had sent more than the rules' rate.
    /// - Throws: What the game throws; the lobby is then to be closed.
    @discardableResult
    package func step() throws -> Int {
        switch match.advance() {
        case .idle: return 0
        case .begin: try begin()
        case .play: break
        }
        let tick = instance.tick &+ 1
        defer { due.removeAll(keepingCapacity: true) }
        let overdrawn = inbox.take(tick: tick, into: &due)
        missing?.fill(&due, at: tick, seats, &inbox.credit)
        try instance.step(due)
        clock.scale(instance.timeScale)
        return overdrawn
    }

    /// Lets everyone who has a seat into the game: the one that was made with the lobby, and after it new ones, each with
    /// the next seed of the lobby's own.
    private func begin() throws {
        if match.round > 1 {
            recorded?.endRecording("another game of the lobby follows")
            let seed = random.next()
            let made = try game.make(options: options, seed: seed)
            recorded = recorder?.open(made, lobby: id, options: options, seed: seed)
            instance = recorded ?? made
            history = SnapshotHistory(schema: game.schema)
            groups?.forgetAll()
            previousSnapshotTick = nil
        }
        for (seat, row) in seats.rows.enumerated() where row.isHeld {
            inbox.reset(seat: seat)
            inbox.credit.refill(seat)
            missing?.forget(seat)
            latencies.forget(seat)
            instance.join(self.seat(seat))
            if row.state != .connected { instance.drop(seat: seat) }
            if isCongested[seat] { instance.setCongested(true, seat: seat) }
        }
    }

    /// Whether the game wants no step just now.
    package var isPaused: Bool { match.isGameOn && instance.isPaused }

    /// Passes the time of a lobby that nobody plays in, without a step.
    package func skip(to now: Instant) {
        clock.restart(at: now)
    }

    /// Ends the recording, if there is one; what happens from now on is not recorded.
    package func endRecording(_ reason: String) {
        recorded?.endRecording(reason)
    }

    /// A hash of the game as it is now, the same wherever the same has entered it (``GameInstance/fingerprint(_:)``).
    package var stateHash: UInt32 {
        var scratch = WorldState(schema: game.schema)
        return instance.fingerprint(&scratch)
    }

    /// What the game has asked for since this was last called.
    package func takeOutput() -> GameOutput {
        instance.takeOutput()
    }

    // MARK: Snapshots

    /// Whether the last step is one after which a snapshot goes out.
    package var isSnapshotDue: Bool { match.isGameOn && pace.isDue(at: instance.tick) }

    /// The tick of the newest snapshot, or nil before the first.
    package var newestSnapshotTick: UInt32? { history.newestTick }

    /// The ticks of the snapshots that are kept for those who may come back, beyond the last ones.
    package var keptSnapshotTicks: [UInt32] { history.keptTicks }

    /// The newest snapshot, or nil before the first.
    package var newestSnapshot: WorldState? { history.newest }

    /// Quantises the state after the last step and keeps it as the newest snapshot.
    ///
    /// - Parameter isNeeded: Whether somebody may come back, or go on, from the snapshot of a tick: as long as that is so it is kept
    ///   even when it is older than the others are.
    package func captureSnapshot(keeping isNeeded: (UInt32) -> Bool = { _ in false }) {
        previousSnapshotTick = history.newestTick
        // Before another one is kept: then the place that the next one takes stands for nothing, and what is behind it is not found.
        if history.placeCount > SnapshotHistory.capacity {
            history.forgetKept(unless: isNeeded)
            groups?.forgetKept(unless: history)
        }
        if let leaving = history.leavingTick, isNeeded(leaving) {
            let place = history.nextIndex
            let kept = history.keepLeaving()
            groups?.keep(place, at: kept)
        }
        guard !isGrouped else { return captureGroups() }
        guard game.schema.hasRates else { return history.add { instance.capture(into: &$0) } }
        history.add(keeping: game.schema.types.indices) { instance.capture(into: &$0) { isDue($0) } }
    }

    /// Whether a type is taken anew into the snapshot that is being made.
    func isDue(_ type: Int) -> Bool {
        guard game.schema.hasRates, let previousSnapshotTick else { return true }
        return game.schema.isDue(type, since: pace.count(at: previousSnapshotTick), at: pace.count(at: instance.tick))
    }
}
