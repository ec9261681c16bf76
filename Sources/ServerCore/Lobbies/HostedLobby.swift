import Determinism
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore

/// One lobby with its members: runs its steps, and sends what comes of them to whoever holds a seat.
///
/// Snapshots and events are encoded once, framed once for each dialect, and the same bytes go to every member in step.
package final class HostedLobby {
    unowned let server: Server
    package let lobby: Lobby
    /// Another one for each lobby that this process has had, also for those of one id.
    let number: UInt64
    /// Who is connected, by seat.
    package private(set) var members: [LocalMember?]
    /// Where who sat down last came from, by seat; nil where that says nothing.
    private(set) var guestAddresses: [String?]
    package private(set) var isClosed = false
    var frames: SnapshotFrames
    /// What may be on the way back with those whose connections are gone.
    var returning = ReturningClients()
    /// What whoever opened it has said of it.
    var terms: LobbyTerms
    /// Who may talk, once somebody has said something or was muted.
    var chat: ChatTable?
    /// Whether everyone is being told what has changed around the game.
    var isAnnouncing = false
    private var emptySince: Instant?
    private var pausedSince: Instant?
    /// What an admin has said who has paused the lobby; nil while none has.
    var adminPause: AdminPause?
    var load = LobbyLoad()
    private var budget: StepBudget
    /// What the turn under way has taken, and whether a snapshot is due at its end.
    private var isSnapshotSkipped = false
    private var turn = (steps: 0, cost: Interval.zero, snapshotIsDue: false)
    /// The event streams, once there is one; the spectators, once there is one or what they see is held back.
    private(set) var gallery: Gallery?
    var audience: Audience?

    package var id: String { lobby.id }
    var nextDue: Instant { lobby.clock.nextDue }
    /// How much of its loop's time it has taken of late; 1 is all.
    var cpuShare: Double { budget.share }

    init(
        server: Server, id: String, game: GameType, options: JSONValue, terms: LobbyTerms, seed: UInt64
    ) throws {
        self.server = server
        self.terms = terms
        number = UInt64(server.loops.own) << 48 | server.counters[.lobbiesOpened]
        let now = server.clock()
        lobby = try Lobby(
            id: id, game: game, options: options, seed: seed, now: now, place: server.counters[.lobbiesOpened],
            teams: terms.teams, playersMax: terms.playersMax, record: server.recorder)
        members = Array(repeating: nil, count: lobby.seats.rows.count)
        guestAddresses = Array(repeating: nil, count: lobby.seats.rows.count)
        if server.settings.duplicateLogins == .replace { lobby.letReturnBySubject() }
        frames = SnapshotFrames(lobbyID: id, kept: lobby.isGrouped ? members.count : 2)
        emptySince = now
        budget = StepBudget(Double(server.settings.lobbyBudgetPercent) / 100, rate: game.rules.tickRate)
        let delay = max(server.settings.watchDelay, game.rules.watch.delay, terms.watchDelay)
        if delay > .zero, server.settings.isWatchable { audience = Audience(of: self, delay: delay) }
    }

    // MARK: Joining

    /// The most that play at once.
    var playersMax: Int { terms.playersMax ?? lobby.seats.rows.count }

    /// How many seats are taken.
    var playerCount: Int { lobby.seats.takenCount }

    /// Whether anybody may take a seat just now.
    var isOpen: Bool { !terms.hasPassword && !lobby.isLocked && playerCount < playersMax && !isClosed }

    /// Gives `session` a seat, new or resumed.
    ///
    /// The session tells its client the welcome, then calls ``settle()``: what the game said about the join comes after
    /// it, and may end the seat again.
    func join(
        _ request: JoinRequest, session: Session, dialect: Dialect
    ) throws(JoinRefusal) -> (LocalMember, welcome: JSONValue) {
        // Whoever has a token has been here, where there never was another schema; or is told what has become of the token.
        if request.token == nil, let problem = request.schema.flatMap(lobby.game.schema.mismatch) {
            throw .otherSchema(problem)
        }
        if request.watches { return try admitSpectator(request, session: session, dialect: dialect) }
        let token = server.makeToken()
        let (seat, isResumed) = try arrive(request, newToken: token.digest)
        if !isResumed { chat?.joined(seat, person: request.person, at: server.clock()) }
        emptySince = nil
        let member = LocalMember(session: session, dialect: dialect, request: request, hosted: self, seat: seat)
        if isResumed, let tick = request.lastTick {
            member.basis = SnapshotBasis(codec: member.basis.codec, tick: tick)
            member.flow = SnapshotFlow(returningWith: self.number(ofSnapshot: tick))
        }
        members[seat] = member
        guestAddresses[seat] = request.guestAddress
        note(isResumed ? .resumed : .joined, seat, session: request.session)
        server.hooks.log(.debug) {
            "\(request.peerAddress) \(isResumed ? "resumed" : "joined") seat \(seat) of \(request.lobbyID)"
        }
        return (member, welcome(member, request, token: token.text, isResumed: isResumed))
    }

    /// Ends the connection that has a seat, which another one takes over.
    func replaceMember(at seat: Int) {
        guard let old = members[seat] else { return }
        note(.replaced, seat, session: old.sessionNumber)
        members[seat] = nil
        old.session.ended(old, .replaced)
    }

    /// What a member is told when it has joined (protocol/spec/lobby.md §2).
    private func welcome(
        _ member: LocalMember, _ request: JoinRequest, token: String, isResumed: Bool
    ) -> JSONValue {
        var welcome = introduction(to: request)
        addCodec(of: member, to: &welcome, request)
        welcome["seat"] = .integer(Int64(member.seat))
        welcome["name"] = .string(lobby.seats.rows[member.seat].name)
        welcome["token"] = .string(token)
        welcome["resumed"] = .bool(isResumed)
        addMatch(to: &welcome, seat: member.seat)
        return .object(welcome)
    }

    /// What everybody who comes is told of the lobby, with a seat or without: its schema only unless they have named it.
    func introduction(to request: JoinRequest) -> JSONObject {
        let schema = lobby.game.schema
        var introduction: JSONObject = [
            "lobby": .string(id), "game": .string(lobby.game.name), "tick": .integer(Int64(lobby.tick)),
            "tickRate": .integer(Int64(lobby.rules.tickRate)),
            "snapshotRate": .integer(Int64(lobby.rules.snapshotRate)),
            "seats": .integer(Int64(playersMax)),
            "pingInterval": .integer(server.settings.heartbeatInterval.nanoseconds / 1_000_000),
            "pingTimeout": .integer(server.settings.heartbeatTimeout.nanoseconds / 1_000_000),
            "schemaHash": .string(schema.hashText),
        ]
        if request.schema != schema.hashText { introduction["schema"] = .string(schema.text) }
        return introduction
    }

    // MARK: Leaving

    /// The member's connection is gone: the seat is kept for the grace time.
    func connectionLost(_ member: LocalMember) {
        guard members[member.seat] === member else { return }
        members[member.seat] = nil
        returning.add(member.flow, of: member.seat)
        server.counters[.drops] += 1
        note(.dropped, member.seat, session: member.sessionNumber)
        lobby.drop(member.seat, at: server.clock())
        settle()
    }

    /// The member leaves for good, of its own will or not.
    func leave(_ member: LocalMember, _ departure: Departure) {
        guard members[member.seat] === member else { return }
        vacate(member.seat, departure, by: .leave)
    }

    /// Frees a seat; its player, if connected, is told why.
    func vacate(_ seat: Int, _ departure: Departure, by event: SeatEvent) {
        let member = members[seat]
        members[seat] = nil
        if departure == .left { server.counters[.leaves] += 1 }
        let kind: JournalKind = event == .kick ? .kicked : event == .ban ? .banned : .left
        note(kind, seat, session: member?.sessionNumber ?? 0, code: departure.closeCode, detail: departure.reason)
        lobby.free(seat, by: event)
        chat?.left(seat)
        member.map { $0.session.ended($0, departure) }
        settle()
    }

    /// Closes the lobby: every member is told why and every seat is freed.
    package func close(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        for seat in members.indices {
            guard let member = members[seat] else { continue }
            members[seat] = nil
            note(.lobbyClosed, seat, session: member.sessionNumber, code: 4000, detail: reason)
            member.session.ended(member, .lobbyClosed(reason))
        }
        lobby.dispose()
        closeWatching(reason)
        lobby.endRecording(reason)
        server.forget(self)
    }

    // MARK: Watching

    /// The gallery, opened for the first who asks.
    func openGallery() -> Gallery {
        let gallery = gallery ?? Gallery(of: self)
        self.gallery = gallery
        return gallery
    }

    /// Ends every event stream, with an event that says why.
    func endWatching(_ event: String, _ data: JSONValue) {
        gallery?.end(event, data)
    }

    private func closeWatching(_ reason: String) {
        guard let audience else { return endWatching("closed", ["reason": .string(reason)]) }
        audience.lobbyClosed(reason)
    }

    /// Delivers what a join, drop or leave made the game say, tells what it has changed around the game, and notes when the
    /// lobby became empty.
    func settle() {
        deliverOutput()
        announceMatch()
        if lobby.seats.heldCount == 0, emptySince == nil { emptySince = server.clock() }
    }

    // MARK: Steps

    /// Begins a turn in which steps are due; false where none are to be run, for nobody plays.
    func beginTurn() -> Bool {
        let now = server.clock()
        gallery?.lobbyRuns(now)
        if let emptySince {
            expireSeats(now)
            if lobby.seats.reservedCount > 0 {
                // Whoever has a seat kept is expected.
                self.emptySince = now
                lobby.skip(to: now)
            } else if now >= emptySince + server.settings.emptyLobbyTime {
                close("the lobby was empty")
            } else {
                lobby.skip(to: now)
            }
            return false
        }
        expireSeats(now)
        if adminPause?.stepsAllowed == 0 || waitsPaused(now) {
            lobby.skip(to: now)
            return false
        }
        noteCongestion()
        turn = (0, .zero, false)
        return !isClosed
    }

    /// Whether the game is paused, and has not been for too long: nobody is to be kept waiting for good.
    private func waitsPaused(_ now: Instant) -> Bool {
        guard lobby.isPaused else {
            pausedSince = nil
            return false
        }
        let since = pausedSince ?? now
        guard now - since >= server.settings.pauseTime else {
            pausedSince = since
            return true
        }
        pausedSince = nil
        server.counters[.pausesEnded] += 1
        return false
    }

    /// Runs the next step of the turn, and ends the turn after its last with at most one snapshot.
    ///
    /// - Returns: whether another step is owed.
    func continueTurn() -> Bool {
        let begun = server.clock()
        let stepsBefore = turn.steps
        if !isClosed, turn.steps < TickClock.catchUpMax, adminPause?.stepsAllowed != 0,
            let late = lobby.clock.takeStep(at: begun, taken: turn.steps)
        {
            turn.steps += 1
            server.durations.lateness.record(late)
            server.timeline.stepped(late)
            load.stepped(late, at: begun)
            server.counters[.steps] += 1
            guard step() else { return false }
            adminPause?.stepsAllowed -= 1
            turn.snapshotIsDue = turn.snapshotIsDue || lobby.isSnapshotDue
        }
        let stepped = server.clock()
        if turn.steps > stepsBefore { server.durations.steps.record(stepped - begun) }
        let owesMore = adminPause?.stepsAllowed != 0 && lobby.clock.owesStep(at: stepped, taken: turn.steps)
        if !owesMore, !isClosed { endTurn(stepped) }
        turn.cost = turn.cost + (server.clock() - begun)
        if !owesMore, !isClosed { noteCost() }
        return owesMore && !isClosed
    }

    private func endTurn(_ now: Instant) {
        let droppedBefore = lobby.clock.dropped
        _ = lobby.clock.takeStep(at: now, taken: turn.steps)
        let dropped = lobby.clock.dropped - droppedBefore
        server.counters[.stepsDropped] += dropped
        if turn.snapshotIsDue {
            isSnapshotSkipped = budget.verdict == .degraded && !isSnapshotSkipped
            if isSnapshotSkipped { server.counters[.snapshotsDegraded] += 1 } else { broadcastSnapshot() }
        }
        if dropped > 0 { emit("skipped", ["steps": .integer(Int64(clamping: dropped))]) }
    }

    /// Degrades a lobby that takes more of its loop's time than it may, or closes it: others shall not suffer.
    private func noteCost() {
        guard let verdict = budget.note(turn.cost, steps: turn.steps, at: server.clock()) else { return }
        let share = Int(budget.share * 100)
        switch verdict {
        case .whole:
            server.hooks.log(.info) { "lobby \(self.id) takes \(share) % of its time: every snapshot is sent again" }
        case .degraded:
            server.counters[.lobbiesDegraded] += 1
            server.hooks.log(.warning) {
                "lobby \(self.id) takes \(share) % of its time: every second snapshot is left out"
            }
        case .exhausted:
            server.counters[.lobbiesExhausted] += 1
            server.hooks.log(.error) { "lobby \(self.id) takes \(share) % of its time, and is closed" }
            close("the lobby takes more time than it may")
        }
    }

    /// Lets the game know which players' connections have fallen behind, or have caught up.
    ///
    /// Since the last step other lobbies have driven all of them out of the cache. To wait for memory several times in a row at
    /// each of them would cost as much as all the rest.
    private func noteCongestion() {
        for case let member? in members { member.prefetch(.member) }
        for case let member? in members { member.prefetch(.session) }
        for case let member? in members { member.prefetch(.transport) }
        for case let member? in members { member.prefetch(.connection) }
        for case let member? in members {
            if let isCongested = member.congestionChange() { lobby.setCongested(isCongested, seat: member.seat) }
        }
    }

    private func step() -> Bool {
        do {
            let overdrawn = try lobby.step()
            if overdrawn > 0 { server.counters[.inputsOverdrawn] += UInt64(overdrawn) }
        } catch {
            fail("\(error)")
            return false
        }
        announceMatch()
        deliverOutput()
        return !isClosed
    }

    private func expireSeats(_ now: Instant) {
        while let seat = lobby.expiredSeat(at: now) {
            server.counters[lobby.seats.rows[seat].isHeld ? .graceExpired : .reservationsExpired] += 1
            note(.expired, seat)
            lobby.free(seat, by: .expire)
            chat?.left(seat)
            settle()
        }
    }
}
