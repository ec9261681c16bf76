internal import BotCore
package import ByteKit

/// One end of a simulated connection: what a server or a bot sees as its socket.
///
/// Every call into the handler is an event of the stream's node; nothing is called from within ``send(_:then:)`` or
/// ``close(_:)``. A stream is used on its node's turns, and not after ``SimulatedNetwork/tearDown()``.
package final class SimulatedStream: ByteStream {
    /// How far the stream is with closing.
    enum State {
        case open
        /// Closed after sending, and the kernel has not taken everything yet, or the peer has not finished.
        case finishing
        /// No socket any more; the handler has heard of it or will.
        case closed
    }

    /// Who receives what happens on this stream. Dropped when the stream has closed.
    package var handler: (any ByteStreamHandler)?
    /// The process, or the loop of one, that this end belongs to.
    package private(set) var node: SimulatedNode
    /// Which end it is.
    package let side: PipeSide
    /// The connection's number in traces, counted from 1 in the order they were opened.
    package let connection: Int

    // The network holds a pipe until both ends are closed, and a closed end does not touch it.
    private unowned var pipe: SimulatedPipe?
    var state: State = .open
    /// Once closed after sending, what has come since; nil where the peer's end is not waited for.
    var dropped: ClosingInput?
    /// Whether all has been sent, and the peer's end is waited for.
    var isLingering = false
    /// Whether ``finishSending()`` or a close has ended what this side sends.
    private var hasFinished = false
    package var isBlocked: Bool { waits }
    // What other modules can reach is checked for exclusive access at each use; this is not.
    private(set) var waits = false
    /// Whether the program has stopped reading, by a fault.
    var isReadingStalled = false
    /// Whether the program has stopped reading, of its own will.
    private var isReadingPaused = false
    /// Whether what arrives is read.
    var isReading: Bool { state == .open && !isReadingStalled && !isReadingPaused }

    /// An end that belongs to no pipe yet.
    init(_ side: PipeSide, connection: Int, node: SimulatedNode) {
        self.side = side
        self.connection = connection
        self.node = node
    }

    /// The process at the other end; nil before the connection stands.
    package var peerNode: SimulatedNode? { pipe?.end(side.other).node }

    /// Makes this an end of `pipe`.
    func join(_ pipe: SimulatedPipe) {
        self.pipe = pipe
    }

    package func pauseReading() {
        isReadingPaused = true
    }

    package func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        if state == .open { pipe?.resumeReading(side) }
    }

    package func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        defer { bytes.removeAll(keepingCapacity: true) }
        guard state == .open, !hasFinished else { return }
        precondition(!waits, "a blocked stream was sent to")
        guard !bytes.isEmpty || !shared.isEmpty else { return }
        waits = pipe?.send(bytes, shared, from: side) ?? false
    }

    package func close(_ manner: StreamCloseManner) {
        guard state != .closed else { return }
        hasFinished = true
        if state == .open, manner == .afterSending { dropped = ClosingInput() }
        if manner == .now { dropped = nil }
        state = .finishing
        pipe?.close(side, manner)
    }

    package func detach() -> (any DetachedStream)? {
        guard state == .open, !waits, let pipe else { return nil }
        handler = nil
        isReadingPaused = true
        pipe.detach(self)
        return DetachedSimulatedStream(connection: connection)
    }

    /// Its connection's line is another one from now on.
    func change(to conditions: NetworkConditions) { pipe?.change(to: conditions) }

    /// Makes this a stream of another loop, which reads once it is told to.
    func move(to node: SimulatedNode) { self.node = node }

    /// Ends what this side sends (FIN) and goes on receiving: a half-close, for tests and hostile clients.
    package func finishSending() {
        guard state == .open, !hasFinished else { return }
        hasFinished = true
        pipe?.finish(side)
    }

    /// Reports that everything handed to the stream is in the kernel.
    func reportDrained() {
        waits = false
        handler?.streamDrained(self)
    }

    /// Reports that the stream is closed, and lets go of the handler.
    func reportClosed() {
        waits = false
        let handler = handler
        self.handler = nil
        handler?.streamClosed(self)
    }
}

/// An end of a connection between two loops, by the connection's number: ``SimulatedNetwork/attach(_:to:)``.
struct DetachedSimulatedStream: DetachedStream {
    let connection: Int
}
