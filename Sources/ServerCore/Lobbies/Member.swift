import CPrefetch
import Determinism
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore

/// How a member is spoken to.
package enum Dialect: String, Sendable {
    /// JSON text and binary messages on a WebSocket of the lobby's own.
    case plain
    /// The same with binary events.
    case compact
    /// The lobby as a namespace.
    case socketIO = "socketio"
}

/// One connected player of a lobby: the link between a seat and the session that speaks for it.
///
/// Sessions know this class alone; whether the lobby is on the session's own loop or on another is the affair of its two
/// subclasses, ``LocalMember`` and ``RemoteMember``; one that waits for a match is a ``WaitingMember``.
package class Member {
    // What each delivery of a snapshot touches stands first, so that it lies in one cache line.

    final let session: Session
    /// Its seat; -1 for one that has none.
    package final let seat: Int
    /// What the client has been handed of the lobby's snapshots, and what of it is under way. The lobby's affair.
    final var basis = SnapshotBasis()
    final var flow = SnapshotFlow()
    package final let dialect: Dialect
    /// Which lobby its join was for: what its namespace is called.
    final let choice: LobbyChoice
    private var isConfirmed = false
    /// Whether its peer has fallen behind, when that was last looked at.
    private var isCongested = false
    final let lobbyID: String
    final let game: GameType

    final var transport: Transport { session.transport }

    /// Has the processor fetch what a delivery touches, one thing after the other: each is found by the one before.
    final func prefetch(_ part: PrefetchedPart) {
        switch part {
        case .member: prefetch_object(UInt(bitPattern: ObjectIdentifier(self)))
        case .session: prefetch_object(UInt(bitPattern: ObjectIdentifier(session)))
        case .transport: prefetch_object(UInt(bitPattern: ObjectIdentifier(session.transport)))
        case .connection: session.transport.prefetchConnection()
        }
    }

    /// What a delivery touches.
    enum PrefetchedPart {
        case member, session, transport, connection
    }

    /// Whether it plays: one that waits for a match or watches does not.
    final var hasSeat: Bool { seat >= 0 }

    /// The number by which the journal knows its client's session, on whatever loop that is.
    var clientNumber: UInt64 { session.journalNumber }

    /// The Socket.IO namespace in which it is spoken to.
    final var namespace: String { "/lobby/\(choice.alias ?? lobbyID)" }

    init(session: Session, dialect: Dialect, request: JoinRequest, game: GameType, seat: Int) {
        self.session = session
        self.dialect = dialect
        lobbyID = request.lobbyID
        choice = request.choice
        self.game = game
        self.seat = seat
    }

    /// Emits an event to this member alone.
    final func emit(_ name: String, _ data: JSONValue) {
        if session.server.eventSample.isOpen { session.server.sample(.sent, name, of: self, data) }
        switch dialect {
        case .plain: transport.send(PlainFrames.event(name, data))
        case .compact: transport.send(CompactFrames.event(name, data))
        case .socketIO: transport.send(SocketIOFrames.event(namespace: namespace, name, data))
        }
    }

    /// Looks anew whether the peer has fallen behind with reading; nil where nothing has changed.
    final func congestionChange() -> Bool? {
        let now = transport.isCongested(isCongested)
        guard now != isCongested else { return nil }
        isCongested = now
        return now
    }

    /// The player has sent something since it joined, so it has its token.
    final func confirm() {
        guard !isConfirmed else { return }
        isConfirmed = true
        confirmed()
    }

    // MARK: What the kinds do in their own way

    /// The event that tells the client what has come of its join.
    var welcomeEvent: String { "joined" }

    /// The first sign that the player has its token.
    func confirmed() {}

    /// The session has told its client the welcome: what the game said about the join may follow.
    func welcomed() {}

    /// Takes inputs whose values are in their ranges.
    ///
    /// - Parameter seen: The newest snapshot that their sender has; 0 for none.
    func take(_ inputs: ArraySlice<QuantisedInput>, seen: UInt32) {}

    /// Takes an input whose values are in their ranges. With a key, ``Session/inputAnswered(_:key:accepted:moment:)`` says
    /// what became of it, at once or on a later turn.
    func take(_ input: OfferedInput, key: JSONValue?) {}

    /// Takes the tick of the newest snapshot that the client says it has; 0 for none.
    func acknowledge(_ tick: UInt32) {}

    /// Asks something of the lobby; ``Session/commandAnswered(_:key:_:)`` says what became of it, at once or on a later turn.
    func ask(_ command: LobbyCommand, key: JSONValue?) {}

    /// Has ``Session/inputAnswered(_:key:accepted:moment:)`` say at which tick the lobby is.
    func askTick(key: JSONValue) {}

    /// The client can't go on from what it has, or says that its state differs: the next snapshot is to be a keyframe.
    func needsKeyframe(isMismatch: Bool) {}

    /// The transport can take a snapshot again.
    func transportDrained() {}

    /// The player leaves for good; the session is told that the member has ended.
    func leave() {}

    /// The member's connection is gone.
    func connectionLost() {}
}

/// An input as a client offers it.
struct OfferedInput: Sendable {
    /// The tick that it is meant for; nil for the next.
    var tick: UInt32?
    /// Its number; nil for one more than the last.
    var sequence: UInt32?
    /// The quantised values, each in its range.
    var values: [UInt32]
    /// The newest snapshot that its sender has; 0 for none.
    var seen: UInt32 = 0
}

/// Where a lobby stands in time, as a client is told that has asked with an input: enough to pace its inputs by, and to know
/// how far apart the clocks are (protocol/spec/lobby.md §4.3).
struct LobbyMoment: Sendable {
    /// The tick of the last step.
    var tick: UInt32
    /// How long ago that step was due.
    var age: Interval
    /// By how many ticks the latest of the client's inputs was early since it was last told; nil where none has come.
    var early: Int?

    /// As it is told, beside `first`.
    func data(_ first: JSONObject = [:]) -> JSONValue {
        var data = first
        data["tick"] = .integer(Int64(tick))
        data["age"] = .number(Double(age.nanoseconds / 1_000) / 1_000)
        if let early { data["early"] = .integer(Int64(early)) }
        return .object(data)
    }
}

/// A member whose lobby is on its session's own loop, or whose session is a ``GuestSession``.
///
/// One without a seat is a ``Spectator``.
package class LocalMember: Member {
    final unowned let hosted: HostedLobby
    private var keyframeRequests = KeyframeRequests()
    /// By what the player is known again when it comes back to another seat; nil where nothing says so.
    final let person: String?
    /// The number of its session, on whatever loop that is.
    final let sessionNumber: UInt64
    /// Counts the members of its loop, and when it came: for pages of the official Admin UI.
    final let socketNumber: UInt64
    final let since: Instant

    init(session: Session, dialect: Dialect, request: JoinRequest, hosted: HostedLobby, seat: Int) {
        self.hosted = hosted
        person = request.person
        sessionNumber = request.session
        hosted.server.lastSocketNumber += 1
        socketNumber = hosted.server.lastSocketNumber
        since = hosted.server.clock()
        super.init(session: session, dialect: dialect, request: request, game: hosted.lobby.game, seat: seat)
        basis = SnapshotBasis(codec: hosted.codec(for: request))
    }

    override var clientNumber: UInt64 { sessionNumber }

    override func confirmed() { hosted.lobby.confirm(seat) }

    override func welcomed() {
        hosted.sendSnapshot(to: self)
        hosted.settle()
    }

    override func take(_ inputs: ArraySlice<QuantisedInput>, seen: UInt32) {
        acknowledge(seen)
        for input in inputs {
            let verdict = hosted.receive(
                tick: input.tick, sequence: input.sequence, values: input.values, seen: seen, from: self)
            if verdict == .flood { return }
        }
    }

    override func take(_ input: OfferedInput, key: JSONValue?) {
        acknowledge(input.seen)
        let verdict = hosted.receive(
            tick: input.tick, sequence: input.sequence, values: input.values, seen: input.seen, from: self)
        guard let key, verdict != .flood else { return }
        session.inputAnswered(self, key: key, accepted: verdict == .accepted, moment: hosted.moment(for: seat))
    }

    override func acknowledge(_ tick: UInt32) {
        guard tick > 0 else { return }
        // What was held back for it goes now, as it would when a socket has drained.
        if flow.note(acked: hosted.number(ofSnapshot: tick), at: hosted.server.clock()) { transportDrained() }
    }

    override func ask(_ command: LobbyCommand, key: JSONValue?) {
        let outcome = hosted.carryOut(command, by: seat)
        session.commandAnswered(self, key: key, LobbyAnswer(event: command.event, outcome: outcome))
    }

    override func askTick(key: JSONValue) {
        session.inputAnswered(self, key: key, accepted: nil, moment: hosted.moment(for: seat))
    }

    override func needsKeyframe(isMismatch: Bool) {
        switch keyframeRequests.take(isMismatch: isMismatch, at: hosted.server.clock()) {
        case .keyframe: basis.forget()
        case .nothing: hosted.server.counters[.keyframesRefused] += 1
        case .kick: _ = hosted.kick(seat: seat, reason: "its states differ from the server's time and again")
        }
    }

    override func transportDrained() { hosted.sendSnapshot(to: self) }

    override func leave() { hosted.leave(self, .left) }

    override func connectionLost() { hosted.connectionLost(self) }
}
