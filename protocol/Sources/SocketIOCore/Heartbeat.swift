import Determinism

/// The pinging side of a heartbeat: a ping some time after the last pong, then a deadline for its pong.
///
/// It knows nothing of the wire. An Engine.IO session sends its `2` and hands in each `3`; a plain WebSocket sends
/// ping frames and hands in pong frames. A dead peer is found within interval plus timeout. Pongs that nobody asked
/// for change nothing, so that they cannot postpone the next ping (protocol/spec/socketio.md §6, trap 15).
package struct Heartbeat: Sendable {
    /// What the caller does now.
    package enum Action: Sendable, Equatable {
        /// Send a ping.
        case sendPing
        /// Close with the reason `ping timeout`.
        case timedOut
    }

    /// What a coarse timer is late by, and what that is rounded up with.
    private static let timerLateness = Interval.milliseconds(10)

    private let interval: Interval
    private let timeout: Interval

    /// Whether a ping is outstanding.
    package private(set) var isAwaitingPong = false

    /// When ``due(at:)`` has something to say next.
    package private(set) var deadline: Instant

    /// When the last ping was sent.
    private var sentAt = Instant.zero

    /// How long the last ping and its pong took together; nil before the first.
    package private(set) var roundTripTime: Interval?

    /// A heartbeat whose first ping is due `interval` after `now`.
    package init(interval: Interval, timeout: Interval, now: Instant) {
        precondition(interval > .zero && timeout > .zero, "A heartbeat needs an interval and a timeout.")
        self.interval = interval
        self.timeout = timeout
        deadline = now + interval
    }

    /// What is due at `now`; nil before ``deadline``.
    ///
    /// The time for the pong counts from `now`, when the ping is sent, however late that is; but not from the little that
    /// timers are always late, so that a dead peer is found within interval plus timeout. After ``Action/timedOut`` it
    /// stays so.
    package mutating func due(at now: Instant) -> Action? {
        guard now >= deadline else { return nil }
        guard !isAwaitingPong else { return .timedOut }
        isAwaitingPong = true
        sentAt = now
        deadline = (now - deadline <= Self.timerLateness ? deadline : now) + timeout
        return .sendPing
    }

    /// Takes a pong and sets the next ping `interval` after `now`.
    ///
    /// A pong past its deadline still counts as long as ``due(at:)`` has not said so: then it was the caller who was late.
    ///
    /// - Returns: false when no ping was outstanding; nothing has changed then.
    package mutating func pongReceived(at now: Instant) -> Bool {
        guard isAwaitingPong else { return false }
        isAwaitingPong = false
        roundTripTime = now - sentAt
        deadline = now + interval
        return true
    }

    /// The peer was not listened to, and is again at `now`: an outstanding pong has all its time anew.
    package mutating func resume(at now: Instant) {
        if isAwaitingPong { deadline = now + timeout }
    }
}

/// The pinged side of a heartbeat: the server is gone when no ping came for its interval plus its timeout.
///
/// Only pings count (Engine.IO v4 “Heartbeat”): other packets do not move the deadline.
package struct HeartbeatWatch: Sendable {
    private let patience: Interval

    /// When the server counts as gone.
    package private(set) var deadline: Instant

    /// A watch that starts with the handshake at `now`; `interval` and `timeout` are the server's.
    package init(interval: Interval, timeout: Interval, now: Instant) {
        patience = interval + timeout
        deadline = now + patience
    }

    /// Takes a ping; the caller answers it with a pong.
    package mutating func pingReceived(at now: Instant) {
        deadline = now + patience
    }

    /// Whether the server is gone at `now`.
    package func isTimedOut(at now: Instant) -> Bool {
        now >= deadline
    }
}
