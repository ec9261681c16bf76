import Determinism
import JSONCore
import SocketIOCore

/// What speaks over a transport: one of the dialects.
///
/// A session turns messages into joins, inputs and events, and is told when its transport is gone. It is a class with
/// final subclasses rather than a protocol, so that a message costs one virtual call and no existential.
package class Session {
    /// How messages reach the peer. Changes when a long-polling session moves to a WebSocket.
    final var transport: Transport
    final var heartbeat: EngineHeartbeat?
    /// When something must have been joined, where ``hasJoined`` says that nothing has.
    final var joinDeadline: Instant
    /// Its subscription to the list of lobbies.
    final var subscription: ListSubscriber?
    /// Why the session ends, in Socket.IO's words. Set before the transport is told to end; a transport that ends by itself
    /// says why, unless somebody has.
    final var endReason = SocketDisconnectReason.transportClose
    /// By this the journal knows it.
    final let journalNumber: UInt64

    /// Whether the peer has joined something, so that the join deadline no longer counts. A join that a hook has not
    /// decided yet is none: a hook that never answers holds no connection.
    var hasJoined: Bool { true }

    /// A session that has just come to be.
    ///
    /// - Parameter heartbeat: Who pings, as in that revision of Engine.IO; plain WebSockets are pinged by the server. Nil
    ///   for nobody.
    init(_ transport: Transport, heartbeat revision: EngineRevision? = .four) {
        self.transport = transport
        let server = transport.server
        journalNumber = server.journal.numberSession()
        let now = server.clock()
        if let revision, let interval = transport.limits.heartbeatInterval {
            heartbeat = EngineHeartbeat(
                revision, interval: interval, timeout: transport.limits.heartbeatTimeout, now: now)
        }
        joinDeadline = now + server.settings.joinTimeout
    }

    final var server: Server { transport.server }

    /// Whether this session still speaks: its transport has not ended.
    final var isLive: Bool { transport.session === self }

    /// The transport is there; called once.
    func opened() {}

    /// A whole text message; `bytes` are valid UTF-8, lent for the call.
    func textReceived(_ bytes: Span<UInt8>) {}

    /// A whole binary message, lent for the call.
    func binaryReceived(_ bytes: Span<UInt8>) {}

    /// Whether a close frame for a broken rule of WebSocket says in words which one.
    var givesReasons: Bool { true }

    /// Whether the next binary message is part of a packet that has begun already.
    var expectsAttachment: Bool { false }

    /// A text message over the rate has come in, and is not to be acted upon.
    func textDropped(_ bytes: Span<UInt8>) {}

    /// A binary message over the rate has come in, and is not to be acted upon.
    func binaryDropped(_ bytes: Span<UInt8>) {}

    /// A WebSocket pong has come in, with its payload.
    func pongReceived(_ payload: Span<UInt8>) {}

    /// The transport can take snapshots again.
    func outboxDrained() {}

    /// The peer has sent a close frame; ``closed()`` follows.
    func peerClosed(code: UInt16?) {}

    /// The transport is gone; seats are dropped and nothing may be sent any more.
    func closed() {}

    /// A member that this session speaks for has lost its seat; tells the peer.
    func ended(_ member: Member, _ departure: Departure) {}

    /// An admin wants it to end; tells the peer.
    func dismiss(_ reason: String) {
        endReason = .serverNamespaceDisconnect
        transport.end(.kicked(reason))
    }

    /// An admin whom this session speaks for is logged in no more; tells the peer.
    func adminEnded(_ watcher: AdminWatcher) {}

    /// What became of an input that was given with `key`, and where the lobby stands. `accepted` is nil when only that was
    /// asked for. The member may have ended meanwhile.
    func inputAnswered(_ member: Member, key: JSONValue, accepted: Bool?, moment: LobbyMoment) {}

    /// What became of what a member has asked of its lobby. The member may have ended meanwhile.
    func commandAnswered(_ member: Member, key: JSONValue?, _ answer: LobbyAnswer) {}

    /// Somebody whom this session speaks for has waited for a match, and something has come of it. The member may have ended
    /// meanwhile.
    func matchDecided(_ member: WaitingMember, _ outcome: JoinOutcome) {}

    /// Sends a ping in the dialect's way.
    func sendPing() {}

    /// Takes the pong of a WebSocket; whether one was awaited.
    final func takePong() -> Bool { pongTaken() == .counted }

    /// Takes a pong in the dialect's way; nil without a heartbeat.
    final func pongTaken() -> EngineHeartbeat.Reaction? {
        let reaction = heartbeat?.pongReceived(at: server.clock())
        if reaction == .counted, let roundTripTime { server.durations.roundTrips.record(roundTripTime) }
        return reaction
    }

    /// How long the last ping and its pong took together; nil before the first, and where the client pings.
    package final var roundTripTime: Interval? { heartbeat?.roundTripTime }

    /// Whether a ping of ours has not been answered yet.
    final var awaitsPong: Bool { heartbeat?.isAwaitingPong ?? false }

    /// When ``timeReached(_:)`` has something to do next.
    var deadline: Instant {
        let beat = heartbeat?.deadline ?? .distantFuture
        return hasJoined ? beat : min(beat, joinDeadline)
    }

    /// Nothing is joined any more: the time to join something starts anew.
    final func restartJoinDeadline() {
        joinDeadline = server.clock() + server.settings.joinTimeout
        transport.armTimer()
    }

    func timeReached(_ now: Instant) {
        if !hasJoined, now >= joinDeadline {
            server.counters[.joinTimeouts] += 1
            transport.end(.joinTimeout)
            return
        }
        switch heartbeat?.due(at: now) {
        case .sendPing: sendPing()
        case .timedOut:
            server.counters[.heartbeatsMissed] += 1
            endReason = .pingTimeout
            transport.end(.heartbeatTimeout)
        case nil: break
        }
    }
}
