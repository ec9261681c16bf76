import Determinism

/// The heartbeat of a session at the server: who pings depends on the revision (protocol/spec/socketio.md §12).
package struct EngineHeartbeat: Sendable {
    /// What a heartbeat packet of the client leads to.
    package enum Reaction: Sendable, Equatable {
        /// It was asked for: the client is alive.
        case counted
        /// A pong that nobody asked for; nothing has changed.
        case ignored
        /// A ping: answer it with ``EnginePacket/pong(answering:)``.
        case answer
        /// The packet comes from the wrong side. Close with the reason `transport error`.
        case wrongDirection
    }

    private enum Side {
        case pinging(Heartbeat)
        case watching(HeartbeatWatch)
    }

    private var side: Side

    /// A heartbeat that starts with the handshake at `now`.
    package init(_ revision: EngineRevision, interval: Interval, timeout: Interval, now: Instant) {
        side =
            switch revision {
            case .four: .pinging(Heartbeat(interval: interval, timeout: timeout, now: now))
            case .three: .watching(HeartbeatWatch(interval: interval, timeout: timeout, now: now))
            }
    }

    /// When ``due(at:)`` has something to say next.
    package var deadline: Instant {
        switch side {
        case .pinging(let heartbeat): heartbeat.deadline
        case .watching(let watch): watch.deadline
        }
    }

    /// Whether a ping of the server has not been answered yet.
    package var isAwaitingPong: Bool {
        if case .pinging(let heartbeat) = side { heartbeat.isAwaitingPong } else { false }
    }

    /// How long the last ping and its pong took together; nil before the first, and where the client pings.
    package var roundTripTime: Interval? {
        if case .pinging(let heartbeat) = side { heartbeat.roundTripTime } else { nil }
    }

    /// The client was not listened to, and is again at `now`.
    package mutating func resume(at now: Instant) {
        switch side {
        case .pinging(var heartbeat):
            heartbeat.resume(at: now)
            side = .pinging(heartbeat)
        case .watching(var watch):
            watch.pingReceived(at: now)
            side = .watching(watch)
        }
    }

    /// What is due at `now`; nil before ``deadline``. In revision 3 the server never pings.
    package mutating func due(at now: Instant) -> Heartbeat.Action? {
        switch side {
        case .pinging(var heartbeat):
            let action = heartbeat.due(at: now)
            side = .pinging(heartbeat)
            return action
        case .watching(let watch):
            return watch.isTimedOut(at: now) ? .timedOut : nil
        }
    }

    /// Takes a ping of the client.
    package mutating func pingReceived(at now: Instant) -> Reaction {
        guard case .watching(var watch) = side else { return .wrongDirection }
        watch.pingReceived(at: now)
        side = .watching(watch)
        return .answer
    }

    /// Takes a pong of the client.
    package mutating func pongReceived(at now: Instant) -> Reaction {
        guard case .pinging(var heartbeat) = side else { return .wrongDirection }
        let wasAsked = heartbeat.pongReceived(at: now)
        side = .pinging(heartbeat)
        return wasAsked ? .counted : .ignored
    }
}
