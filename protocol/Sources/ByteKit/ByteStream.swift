/// One bidirectional byte stream: a TCP or Unix socket, or a pipe of the simulated network.
///
/// This is the one narrow interface between the server's state machines and the world. A stream and its
/// handler belong to one loop; nothing here may be called from another thread.
package protocol ByteStream: AnyObject {
    /// Who receives what happens on this stream. Held strongly until the stream has closed.
    var handler: (any ByteStreamHandler)? { get set }

    /// Whether bytes of an earlier ``send(_:then:)`` still wait for the kernel.
    ///
    /// While this is true nothing more may be sent; ``ByteStreamHandler/streamDrained(_:)`` tells when it
    /// has become false. So a stream never owns more than one call's bytes.
    var isBlocked: Bool { get }

    /// Whether bytes cannot flow yet, because a layer below still agrees with the peer on how (TLS).
    ///
    /// While this is true nothing has been received, and what is sent waits. A plain stream is never handshaking.
    var isHandshaking: Bool { get }

    /// What a layer below found wrong with the peer's bytes, so that it ended the stream (TLS); nil otherwise. The text
    /// is one of few, without anything of the peer's in it.
    var failure: String? { get }

    /// Stops delivering what arrives until ``resumeReading()``: the way to slow a peer that sends more than its owner
    /// can hold.
    ///
    /// What the kernel holds already stays there, and TCP slows the peer. Within
    /// ``ByteStreamHandler/streamReceived(_:)`` it takes effect after that call. While paused, the peer's end and errors
    /// of the connection may go unnoticed. Pausing twice, or a closed stream, does nothing.
    func pauseReading()

    /// Delivers again what arrives, from a later turn on. On a stream that is not paused, or closed, it does nothing.
    func resumeReading()

    /// Writes `bytes` and then `shared` as one gathered write, and keeps what the kernel does not take.
    ///
    /// - Parameters:
    ///   - bytes: Emptied by the call; its capacity may be kept for reuse.
    ///   - shared: The same array is handed to many streams; it is retained, never copied, while it waits.
    /// - Precondition: `isBlocked` is false. On a closed stream the call does nothing.
    func send(_ bytes: inout [UInt8], then shared: [UInt8])

    /// Closes the stream after what is pending has been written (`.afterSending`, `.afterSendingLast`), or at once (`.now`).
    ///
    /// Either way no further bytes are delivered, and ``ByteStreamHandler/streamClosed(_:)`` follows once, on a
    /// later turn. Closing twice is allowed; `.now` after `.afterSending` takes effect.
    func close(_ manner: StreamCloseManner)

    /// Takes the connection off its loop, so that another one can go on with it. What was not delivered is not lost, nor
    /// is the peer's end, which may be told again.
    ///
    /// The handler is let go of and hears nothing more; this object is of no more use. Not from within
    /// ``ByteStreamHandler/streamReceived(_:)``.
    ///
    /// - Returns: nil when the stream cannot move, at all or just now: it is blocked, handshaking or closed, or there is
    ///   nothing to move it with. Nothing has changed then.
    func detach() -> (any DetachedStream)?
}

/// A connection between two loops. Nothing of it is read or written until another loop has made a stream of it, in the
/// way of its kind.
package protocol DetachedStream: Sendable {}

extension ByteStream {
    /// Nil: the stream stays where it is.
    package func detach() -> (any DetachedStream)? { nil }

    /// False: bytes flow as soon as there is a stream.
    package var isHandshaking: Bool { false }

    /// Nil: a plain stream takes any bytes.
    package var failure: String? { nil }
}

/// How a ``ByteStream`` is to be closed.
package enum StreamCloseManner: Sendable {
    /// Write what is pending, then close; a peer that is still sending gets time to finish.
    case afterSending
    /// Write what is pending, then close at once: for a peer that has said it sends no more (RFC 6455 §5.5.1).
    ///
    /// It spares the wait for the peer's end. If the peer sends all the same, it may lose our last bytes.
    case afterSendingLast
    /// Discard what is pending.
    case now
}

/// What a peer still sends to a stream that is closing: dropped, for a peer that has much under way must be able to read
/// our last bytes, but no more of it than a message too long and what the kernels hold.
package struct ClosingInput {
    /// The most bytes that are dropped, twice the longest messages that anybody sends at once; then the stream is closed,
    /// and the peer is told by a reset.
    package static let bytesMax = 33_554_432

    private var bytes: UInt32 = 0

    /// Nothing has been dropped yet.
    package init() {}

    /// Counts bytes that are dropped; whether that is still within the bound.
    package mutating func drop(_ count: Int) -> Bool {
        bytes += UInt32(clamping: min(count, Self.bytesMax + 1 - Int(bytes)))
        return bytes <= Self.bytesMax
    }
}

/// What a ``ByteStream`` tells its owner.
package protocol ByteStreamHandler: AnyObject {
    /// Bytes have arrived. `bytes` is lent for the call and may be changed in place (RFC 6455 §5.3 unmasking).
    func streamReceived(_ bytes: inout MutableSpan<UInt8>)
    /// Everything handed to the stream has gone; it may be sent to again.
    func streamDrained(_ stream: any ByteStream)
    /// The peer has finished sending (FIN). The owner normally closes.
    func streamEnded(_ stream: any ByteStream)
    /// The stream is closed, by either side or by an error. The last call.
    func streamClosed(_ stream: any ByteStream)
}
