import ByteKit
import Determinism
import SocketIOCore
import WebSocketCore

/// How a session's messages reach its peer: over one WebSocket, or by long polling.
///
/// Whatever the transport, what is sent is whole WebSocket server frames (RFC 6455 §5.2), so that a message for many is
/// framed once; long polling makes its payloads from them. It is a class with final subclasses rather than a protocol,
/// so that a message costs one virtual call and no existential.
package class Transport {
    unowned let server: Server
    let limits: SessionLimits
    /// What speaks over this transport; nil once it has ended.
    final var session: Session?

    init(server: Server, limits: SessionLimits) {
        self.server = server
        self.limits = limits
    }

    /// The name by which Engine.IO knows it.
    var name: String { "websocket" }

    /// The peer's address, for logs and admins.
    var peerAddress: String { "" }

    /// Who is at the other end; nil where that is another loop's affair.
    var remotePeer: PeerAddress? { nil }

    /// Queues reliable, already framed bytes. When more than the limit waits for a peer that does not read, it is ended
    /// as too slow.
    func send(_ frames: [UInt8]) {}

    /// Queues one message, framed in place.
    ///
    /// - Parameter compresses: False for a message that must go out as it is: one with a secret beside text that a player
    ///   chose, say.
    func send(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>, compresses: Bool) {}

    /// Notes why the session ends, unless it is known already.
    final func note(_ departure: Departure) {
        guard let session else { return }
        server.note(.closed, session, code: departure.closeCode, detail: departure.reason)
        guard session.endReason == .transportClose else { return }
        switch departure {
        case .badMessage, .rateLimited, .slowConsumer: session.endReason = .transportError
        case .draining: session.endReason = .serverShuttingDown
        default: break
        }
    }

    /// Queues one message, compressed where that was agreed to.
    final func send(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>) {
        send(opcode, payload, compresses: true)
    }

    /// Queues a frame ahead of all that waits.
    func sendAhead(_ frame: [UInt8]) {}

    /// Queues reliable, already framed bytes that many are sent: they are not copied where that can be, and compressed once
    /// for all who agreed to that.
    func sendShared(_ frames: [UInt8], compresses: Bool) { send(frames) }

    /// Queues framed bytes that many are sent, of which only the latest matter; compressed likewise.
    func sendLatest(_ frames: [UInt8]) {}

    /// Has the processor fetch what ``sendLatest(_:)`` will touch behind this transport.
    func prefetchConnection() {}

    /// Whether a snapshot may be handed over now: nothing of an earlier turn is still unsent.
    var takesLatest: Bool { false }

    /// How many bytes wait to be sent: what a game watches to slow down.
    var queuedBytes: Int { 0 }

    /// Whether the peer has fallen behind with reading: over the high water mark, and then until it is under the low one.
    ///
    /// - Parameter before: The last answer.
    func isCongested(_ before: Bool) -> Bool {
        before ? queuedBytes >= limits.lowWaterBytes : queuedBytes > limits.highWaterBytes
    }

    /// Leaves what the peer sends with the kernel, where there is a connection of the session's own.
    func pauseReading() {}

    /// Reads what the peer sends again.
    func resumeReading() {}

    /// Ends the session for a reason of ours, and tells the peer.
    func end(_ departure: Departure) {}

    /// The session's deadline may have moved closer.
    func armTimer() {}
}

/// How WebSocket messages are compressed (RFC 7692).
package struct MessageCompression: Sendable {
    /// Our choices in the negotiation.
    package var deflate = PermessageDeflate()
    /// Shorter messages go out as they are.
    package var thresholdBytes = 1_024

    /// Each message by itself, from 1,024 bytes on.
    package init() {}
}

/// What one kind of session may use up. One object serves all sessions of a kind.
package final class SessionLimits: Sendable {
    /// The longest message a peer may send, in bytes.
    package let messageBytesMax: Int
    /// Frames in one message at most.
    package let fragmentsMax: Int
    /// The most reliable bytes that wait for one peer.
    package let outboxBytesMax: Int
    /// Messages a second, with a burst of twice as many; nil counts none.
    package let messagesPerSecond: Int?
    /// Whether input is left with the kernel while the peer does not read what it is sent, instead of ending it.
    package let waitsForReader: Bool
    /// The most bytes that wait for one peer even so: what the server says by itself is not held back by that.
    package let outboxBytesCeiling: Int
    /// How WebSocket messages are compressed for clients that offer it; nil never.
    package let compression: MessageCompression?
    /// How much may be inflated in a second, in bytes taken and made, with a burst of a second's worth; nil sets no bound.
    package let inflatedBytesPerSecond: Int?
    /// How long the server waits between a pong (or the opening) and its next ping; nil sends none.
    package let heartbeatInterval: Interval?
    /// How long a peer may take to answer a ping before it counts as dead.
    package let heartbeatTimeout: Interval

    /// With more waiting than that a peer counts as congested, a quarter of what may wait; until it is less than the other,
    /// a sixteenth.
    var highWaterBytes: Int { outboxBytesMax / 4 }
    var lowWaterBytes: Int { outboxBytesMax / 16 }

    /// Limits of your own.
    package init(
        messageBytesMax: Int, fragmentsMax: Int, outboxBytesMax: Int, messagesPerSecond: Int?, waitsForReader: Bool,
        outboxBytesCeiling: Int = .max, compression: MessageCompression? = nil, inflatedBytesPerSecond: Int? = nil,
        heartbeatInterval: Interval?, heartbeatTimeout: Interval
    ) {
        self.messageBytesMax = messageBytesMax
        self.fragmentsMax = fragmentsMax
        self.outboxBytesMax = outboxBytesMax
        self.messagesPerSecond = messagesPerSecond
        self.waitsForReader = waitsForReader
        self.outboxBytesCeiling = outboxBytesCeiling
        self.compression = compression
        self.inflatedBytesPerSecond = inflatedBytesPerSecond
        self.heartbeatInterval = heartbeatInterval
        self.heartbeatTimeout = heartbeatTimeout
    }

    /// The limits of players.
    convenience init(_ settings: ServerSettings) {
        self.init(
            messageBytesMax: settings.messageBytesMax, fragmentsMax: settings.fragmentsMax,
            outboxBytesMax: settings.outboxBytesMax, messagesPerSecond: settings.messagesPerSecond,
            waitsForReader: false, compression: settings.compression,
            inflatedBytesPerSecond: settings.inflatedBytesPerSecond, heartbeatInterval: settings.heartbeatInterval,
            heartbeatTimeout: settings.heartbeatTimeout)
    }
}
