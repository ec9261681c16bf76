import Determinism
import SocketIOCore

/// What speaks over an upgraded connection: one of the dialects.
///
/// A session turns messages into joins, inputs and events, and is told when the connection is gone. It is a class with
/// two final subclasses rather than a protocol, so that a message costs one virtual call and no existential.
class Session {
    unowned let connection: Connection
    var heartbeat: Heartbeat
    private var joinDeadline: Instant

    /// Whether the peer has joined something, so that the join deadline no longer counts. A join that a hook has not
    /// decided yet is none: a hook that never answers holds no connection.
    var hasJoined: Bool { preconditionFailure("a dialect must say whether it has joined") }

    init(connection: Connection) {
        self.connection = connection
        let server = connection.server
        let now = server.clock()
        heartbeat = Heartbeat(
            interval: server.settings.heartbeatInterval, timeout: server.settings.heartbeatTimeout, now: now)
        joinDeadline = now + server.settings.joinTimeout
    }

    /// The upgrade has been answered.
    func opened() {}

    /// A whole text message; `bytes` are valid UTF-8, lent for the call.
    func textReceived(_ bytes: Span<UInt8>) {}

    /// A whole binary message, lent for the call.
    func binaryReceived(_ bytes: Span<UInt8>) {}

    /// Whether the next binary message is part of a packet that has begun already.
    var expectsAttachment: Bool { false }

    /// A text message over the rate has come in, and is not to be acted upon.
    func textDropped(_ bytes: Span<UInt8>) {}

    /// A WebSocket pong has come in.
    func pongReceived() {}

    /// The connection can take snapshots again.
    func outboxDrained() {}

    /// The connection is gone; seats are dropped and nothing may be sent any more.
    func closed() {}

    /// A member that this session speaks for has lost its seat; tells the peer.
    func ended(_ member: Member, _ departure: Departure) {}

    /// Sends a ping in the dialect's way.
    func sendPing() {}

    /// When ``timeReached(_:)`` has something to do next.
    final var deadline: Instant {
        hasJoined ? heartbeat.deadline : min(heartbeat.deadline, joinDeadline)
    }

    /// Nothing is joined any more: the time to join something starts anew.
    final func restartJoinDeadline() {
        joinDeadline = connection.server.clock() + connection.server.settings.joinTimeout
        connection.armTimer()
    }

    final func timeReached(_ now: Instant) {
        if !hasJoined, now >= joinDeadline {
            connection.server.counters[.joinTimeouts] += 1
            connection.end(.joinTimeout)
            return
        }
        switch heartbeat.due(at: now) {
        case .sendPing: sendPing()
        case .timedOut:
            connection.server.counters[.heartbeatsMissed] += 1
            connection.end(.heartbeatTimeout)
        case nil: break
        }
    }
}
