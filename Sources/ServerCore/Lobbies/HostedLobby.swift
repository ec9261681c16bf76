import Determinism
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore
import WebSocketCore

/// One lobby with its members: runs its steps, and sends what comes of them to whoever holds a seat.
///
/// Snapshots and events are encoded once, framed once for each dialect, and the same bytes go to every member in step.
package final class HostedLobby {
    unowned let server: Server
    package let lobby: Lobby
    /// Who is connected, by seat.
    package private(set) var members: [LocalMember?]
    package private(set) var isClosed = false
    /// The snapshot frames of the present tick, by baseline.
    private var framed: [FramedSnapshot] = []
    private var snapshotHeader: [UInt8]
    private var emptySince: Instant?
    /// Those who watch without a seat, once somebody does.
    private var gallery: Gallery?

    package var id: String { lobby.id }
    var nextDue: Instant { lobby.clock.nextDue }

    init(server: Server, id: String, game: GameType, options: JSONValue, seed: UInt64) throws {
        self.server = server
        let now = server.clock()
        lobby = try Lobby(id: id, game: game, options: options, seed: seed, now: now)
        members = Array(repeating: nil, count: lobby.seats.rows.count)
        snapshotHeader = SocketIOFrames.snapshotHeader(namespace: "/lobby/\(id)")
        emptySince = now
    }

    // MARK: Joining

    /// Gives `session` a seat, new or resumed.
    ///
    /// The session tells its client the welcome, then calls ``settle()``: what the game said about the join comes after
    /// it, and may end the seat again.
    func join(
        _ request: JoinRequest, session: Session, dialect: Dialect
    ) throws(JoinRefusal) -> (LocalMember, welcome: JSONValue) {
        if let hash = request.schemaHash, hash != lobby.game.schema.hashText {
            throw .badRequest(
                "the client was built for schema \(hash), this lobby speaks \(lobby.game.schema.hashText)")
        }
        let token = server.makeToken()
        let seat: Int
        let isResumed = request.token != nil
        if let presented = request.token {
            seat = try resume(presented, newToken: token.digest)
        } else {
            guard server.drainDeadline == nil else { throw .draining }
            guard let free = lobby.take(name: request.name, token: token.digest) else { throw .lobbyFull }
            seat = free
            server.counters[.joins] += 1
        }
        emptySince = nil
        let member = LocalMember(session: session, dialect: dialect, hosted: self, seat: seat)
        member.lastSentTick = isResumed ? request.lastTick : nil
        members[seat] = member
        server.hooks.log(.debug) {
            "\(request.peerAddress) \(isResumed ? "resumed" : "joined") seat \(seat) of \(request.lobbyID)"
        }
        return (member, welcome(member, token: token.text, isResumed: isResumed))
    }

    private func resume(_ presented: String, newToken: [UInt8]) throws(JoinRefusal) -> Int {
        let digest = Server.digest(of: presented)
        guard let seat = lobby.seats.seat(withToken: digest) else { throw .invalidToken }
        // The old connection may not have noticed yet that it is dead: the token decides, not the socket.
        if let old = members[seat] {
            members[seat] = nil
            old.session.ended(old, .replaced)
        }
        lobby.resume(seat, newToken: newToken, presented: digest)
        server.counters[.resumes] += 1
        return seat
    }

    /// What a member is told when it has joined (protocol/spec/lobby.md §2).
    private func welcome(_ member: LocalMember, token: String, isResumed: Bool) -> JSONValue {
        .object([
            "lobby": .string(id), "game": .string(lobby.game.name), "seat": .integer(Int64(member.seat)),
            "name": .string(lobby.seats.rows[member.seat].name), "token": .string(token),
            "resumed": .bool(isResumed), "tick": .integer(Int64(lobby.tick)),
            "tickRate": .integer(Int64(lobby.rules.tickRate)),
            "snapshotEvery": .integer(Int64(lobby.rules.snapshotEvery)),
            "seats": .integer(Int64(lobby.seats.rows.count)),
            "pingInterval": .integer(server.settings.heartbeatInterval.nanoseconds / 1_000_000),
            "pingTimeout": .integer(server.settings.heartbeatTimeout.nanoseconds / 1_000_000),
            "schemaHash": .string(lobby.game.schema.hashText), "schema": .string(lobby.game.schema.text),
        ])
    }

    // MARK: Leaving

    /// The member's connection is gone: the seat is kept for the grace time.
    func connectionLost(_ member: LocalMember) {
        guard members[member.seat] === member else { return }
        members[member.seat] = nil
        server.counters[.drops] += 1
        lobby.drop(member.seat, at: server.clock())
        settle()
    }

    /// The member leaves for good, of its own will or not.
    func leave(_ member: LocalMember, _ departure: Departure) {
        guard members[member.seat] === member else { return }
        vacate(member.seat, departure)
    }

    /// Removes whoever holds a seat, connected or not. False when the seat is free.
    package func kick(seat: Int, reason: String) -> Bool {
        guard lobby.seats.rows.indices.contains(seat), lobby.seats.rows[seat].state != .free else { return false }
        server.counters[.kicks] += 1
        vacate(seat, .kicked(reason))
        return true
    }

    private func vacate(_ seat: Int, _ departure: Departure) {
        let member = members[seat]
        members[seat] = nil
        if departure == .left { server.counters[.leaves] += 1 }
        lobby.leave(seat)
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
            member.session.ended(member, .lobbyClosed(reason))
        }
        endWatching("closed", ["reason": .string(reason)])
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

    /// Delivers what a join, drop or leave made the game say, and notes when the lobby became empty.
    func settle() {
        deliverOutput()
        if lobby.seats.takenCount == 0, emptySince == nil { emptySince = server.clock() }
    }

    // MARK: Steps

    /// Runs the steps that are due, then sends at most one snapshot.
    func run() {
        let now = server.clock()
        gallery?.lobbyRuns(now)
        if let emptySince {
            if now >= emptySince + server.settings.emptyLobbyTime {
                close("the lobby was empty")
                return
            }
            lobby.skip(to: now)
            return
        }
        expireSeats(now)
        noteCongestion()
        let droppedBefore = lobby.clock.dropped
        var taken = 0
        var snapshotIsDue = false
        while !isClosed, let late = lobby.clock.takeStep(at: now, taken: taken) {
            taken += 1
            server.lateness.record(late)
            server.counters[.steps] += 1
            guard step() else { return }
            snapshotIsDue = snapshotIsDue || lobby.isSnapshotDue
        }
        server.counters[.stepsDropped] += lobby.clock.dropped - droppedBefore
        if snapshotIsDue, !isClosed { broadcastSnapshot() }
    }

    /// Lets the game know which players' connections have fallen behind, or have caught up.
    private func noteCongestion() {
        for case let member? in members {
            if let isCongested = member.congestionChange() { lobby.setCongested(isCongested, seat: member.seat) }
        }
    }

    private func step() -> Bool {
        do {
            try lobby.step()
        } catch {
            fail("\(error)")
            return false
        }
        deliverOutput()
        return !isClosed
    }

    /// Ends this lobby alone: its game has failed.
    private func fail(_ error: String) {
        server.counters[.lobbiesFailed] += 1
        server.hooks.log(.error) { "lobby \(self.id): the game failed at tick \(self.lobby.tick): \(error)" }
        close("the game failed: \(error)")
    }

    private func expireSeats(_ now: Instant) {
        while let seat = lobby.seats.expired(at: now) {
            server.counters[.graceExpired] += 1
            lobby.leave(seat)
            settle()
        }
    }

    /// Sends what the game emitted, carries out its kicks, and closes the lobby when it has finished.
    private func deliverOutput() {
        let output = lobby.takeOutput()
        if let fault = output.fault {
            fail(fault)
            return
        }
        for event in output.events {
            if let seat = event.seat {
                if members.indices.contains(seat) { members[seat].map { $0.emit(event.name, event.data) } }
            } else {
                emit(event.name, event.data)
            }
        }
        for kick in output.kicks { _ = self.kick(seat: kick.seat, reason: kick.reason) }
        if let result = output.result, !isClosed {
            emit("finished", result)
            close("the game is over")
        }
    }

    // MARK: Inputs

    /// Takes an input of a member: ranges are checked already.
    func receive(tick: UInt32?, sequence: UInt32?, values: [UInt32], from member: LocalMember) -> InputVerdict {
        let verdict = lobby.offer(seat: member.seat, tick: tick, sequence: sequence, values: values)
        switch verdict {
        case .accepted: server.counters[.inputsAccepted] += 1
        case .repeated: server.counters[.inputsRepeated] += 1
        case .tooEarly: server.counters[.inputsTooEarly] += 1
        case .full: server.counters[.inputsOverflowed] += 1
        }
        return verdict
    }

    // MARK: Sending

    /// Emits an event to every connected member: encoded once, framed once for each dialect.
    ///
    /// Sending may end a slow member, and with it others whom the game then kicks: they are sent no more.
    package func emit(_ name: String, _ data: JSONValue) {
        var plain: [UInt8]?
        var socketIO: [UInt8]?
        for case let member? in members where members[member.seat] === member {
            switch member.dialect {
            case .plain:
                let frames = plain ?? PlainFrames.event(name, data)
                plain = frames
                member.transport.sendShared(frames, compresses: true)
            case .socketIO:
                let frames = socketIO ?? SocketIOFrames.event(namespace: "/lobby/\(id)", name, data)
                socketIO = frames
                member.transport.sendShared(frames, compresses: true)
            }
        }
    }

    private func broadcastSnapshot() {
        lobby.captureSnapshot()
        framed.removeAll(keepingCapacity: true)
        for case let member? in members { sendSnapshot(to: member) }
        gallery?.snapshotTaken()
    }

    /// Sends the newest snapshot to a member that can take it, as a delta from the last one it was sent.
    func sendSnapshot(to member: LocalMember) {
        guard let newest = lobby.newestSnapshotTick, member.lastSentTick != newest else { return }
        guard member.transport.takesLatest else {
            server.counters[.snapshotsSkipped] += 1
            return
        }
        let frames = frames(baseline: member.lastSentTick)
        switch frames.kind {
        case .keyframe: server.counters[.keyframesSent] += 1
        case .catchUp: server.counters[.catchUpsSent] += 1
        case .delta: break
        }
        member.lastSentTick = newest
        server.counters[.snapshotsSent] += 1
        member.transport.sendLatest(member.dialect == .plain ? frames.plain : frames.socketIO)
    }

    private func frames(baseline tick: UInt32?) -> FramedSnapshot {
        let baseline = lobby.baseline(tick)
        if let known = framed.first(where: { $0.baseline == baseline }) { return known }
        let message = lobby.snapshotMessage(baseline: baseline)
        var plain: [UInt8] = []
        WebSocketFrame.append(.binary, message.bytes.span, to: &plain)
        let fresh = FramedSnapshot(
            baseline: baseline, kind: message.kind, plain: plain, socketIO: snapshotHeader + plain)
        framed.append(fresh)
        return fresh
    }
}

/// One snapshot message, framed for each dialect.
private struct FramedSnapshot {
    var baseline: UInt32?
    var kind: Lobby.SnapshotKind
    var plain: [UInt8]
    var socketIO: [UInt8]
}
