import Determinism

/// The server's side of a session's move from polling to a WebSocket, of which there is one try at a time
/// (protocol/spec/socketio.md §8).
///
/// Each text message of the new WebSocket comes here until the upgrade has ended; one that is no packet, a binary
/// message and the WebSocket's end cancel it, too. Meanwhile the session goes on over polling.
package struct EngineUpgrade: Sendable {
    /// How long a try may take, from the opening of the WebSocket.
    package static let timeout = Interval.seconds(10)

    /// What the caller does now.
    package enum Action: Sendable, Equatable {
        /// Answer `3probe` on the WebSocket, and a poll that waits with a noop, at once.
        case answerProbe
        /// Move the session to the WebSocket, with its outbox. A poll that still waits gets a noop.
        case complete
        /// Close the WebSocket. The session stays on polling and may be tried again.
        case cancel
    }

    private enum State {
        case waitingForProbe
        case probed
        case ended
    }

    private var state = State.waitingForProbe

    /// When ``due(at:)`` cancels.
    package let deadline: Instant

    /// A try that begins with the opening of the WebSocket at `now`.
    package init(now: Instant, timeout: Interval = timeout) {
        deadline = now + timeout
    }

    /// Takes a packet of the WebSocket. After ``Action/complete`` and ``Action/cancel`` none may come.
    ///
    /// Only `2probe` and then `5` are right: a `5` without a probe has not shown that the client hears us.
    package mutating func received(_ packet: EnginePacket) -> Action {
        precondition(state != .ended, "An upgrade that has ended takes no packets.")
        switch (state, packet.kind, packet.isProbe) {
        case (.waitingForProbe, .ping, true):
            state = .probed
            return .answerProbe
        case (.probed, .upgrade, _):
            state = .ended
            return .complete
        default:
            return cancel()
        }
    }

    /// Gives up because of anything but a packet: a binary message, or the WebSocket's end.
    package mutating func cancel() -> Action {
        state = .ended
        return .cancel
    }

    /// Cancels at the ``deadline``; nil before, and after the end.
    package mutating func due(at now: Instant) -> Action? {
        guard state != .ended, now >= deadline else { return nil }
        return cancel()
    }
}

/// The client's side of a session's move from polling to a WebSocket.
///
/// When the WebSocket is open the client sends `2probe` (``EnginePacket/probePing``) on it, then hands in each packet
/// that comes there. Anything that is no packet, and the WebSocket's end, mean that polling goes on.
package struct EngineProbe: Sendable {
    /// What the caller does now.
    package enum Action: Sendable, Equatable {
        /// Begin no further poll or post, and call ``pollingPaused()`` when those under way have ended.
        case pausePolling
        /// Send `5` (``EnginePacket/upgrade``) and move to the WebSocket.
        case upgrade
        /// Close the WebSocket and stay with polling.
        case giveUp
    }

    private enum State {
        case waitingForAnswer
        case pausing
        case ended
    }

    private var state = State.waitingForAnswer

    /// A probe that has just been sent.
    package init() {}

    /// Takes a packet of the WebSocket, before the `5` is sent.
    package mutating func received(_ packet: EnginePacket) -> Action {
        guard state == .waitingForAnswer, packet.kind == .pong, packet.isProbe else {
            state = .ended
            return .giveUp
        }
        state = .pausing
        return .pausePolling
    }

    /// Takes the end of the last poll or post; nil when the probe has been given up meanwhile.
    package mutating func pollingPaused() -> Action? {
        guard state == .pausing else { return nil }
        state = .ended
        return .upgrade
    }
}
