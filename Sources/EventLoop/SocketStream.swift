import ByteKit
import CPrefetch
import CUV
import Determinism
import Glibc

/// One TCP connection or Unix socket of a loop.
///
/// The stream lives until it is closed, whether or not anyone holds it, and holds its handler as long. Errors of the
/// peer and of the network close it at once; the handler hears ``ByteStreamHandler/streamClosed(_:)``.
package final class SocketStream: LoopHandle, ByteStream {
    // The fields stand in the order that leaves no gaps: a server holds thousands of these.

    // None of them can be seen by other modules: what they can reach is checked for exclusive access at each use.
    private var isWaiting = false
    /// Whether the peer has finished sending.
    private var hasEnded = false
    private var isReading = false
    /// The open socket; -1 before and after.
    private var socket: Int32 = -1
    /// libuv's code of the error that closed the stream; 0 when none did.
    private var errorCode: Int32 = 0
    /// What has come since the stream was to be closed.
    private var dropped = ClosingInput()
    private var recipient: (any ByteStreamHandler)?
    /// Where the recipient is in memory.
    private var recipientAddress: UInt = 0
    private var pending: PendingWrite?
    private var phase: Phase
    /// The other end; local while it is not known.
    package private(set) var peer: PeerAddress

    /// How long the peer's FIN is waited for after ours.
    private static let linger = Interval.seconds(2)
    /// The capacity that ``send(_:then:)`` may leave to its caller.
    private static let keptCapacityMax = 16 * 1024

    private enum Phase {
        case connecting(ConnectionAttempt)
        case open
        /// To be closed once the pending write has gone and the peer has finished, for which the timer waits; input is
        /// discarded.
        case finishing(LoopTimer?)
        /// To be closed once the pending write has gone.
        case sendingLast
        /// Closed; with the attempt to connect that has failed, which is yet to be told so.
        case closed(ConnectionAttempt?)
    }

    private final class ConnectionAttempt {
        let completion: (Result<SocketStream, UVError>) -> Void

        init(_ completion: @escaping (Result<SocketStream, UVError>) -> Void) {
            self.completion = completion
        }
    }

    /// Takes over a connection fresh from `accept` or from another loop, and its descriptor also when that fails.
    init(loop: EventLoop, accepted: AcceptedSocket) throws(UVError) {
        peer = accepted.peer
        phase = .open
        super.init(loop: loop, kind: accepted.peer.family == .local ? UV_NAMED_PIPE : UV_TCP)
        initialise(isPipe: accepted.peer.family == .local)
        do throws(UVError) {
            try open(accepted.descriptor)
            socket = accepted.descriptor
        } catch {
            Glibc.close(accepted.descriptor)
            phase = .closed(nil)
            closeHandle()
            throw error
        }
    }

    /// A stream that is still to be connected: ``connect(to:from:options:)``.
    init(
        loop: EventLoop, connectingTo address: SocketAddress,
        completion: @escaping (Result<SocketStream, UVError>) -> Void
    ) {
        let isPipe = if case .unix = address { true } else { false }
        peer = .local
        phase = .connecting(ConnectionAttempt(completion))
        super.init(loop: loop, kind: isPipe ? UV_NAMED_PIPE : UV_TCP)
        initialise(isPipe: isPipe)
    }

    /// Who receives what happens; to be set before ``startReading()``.
    package var handler: (any ByteStreamHandler)? {
        get { recipient }
        set {
            recipient = newValue
            recipientAddress = newValue.map { UInt(bitPattern: ObjectIdentifier($0)) } ?? 0
        }
    }

    /// Whether bytes still wait for the kernel; then ``send(_:then:)`` must not be called.
    package var isBlocked: Bool { isWaiting }

    /// The other end, with its address as text.
    package var peerAddress: SocketAddress { SocketAddress(peer) }

    /// The error that closed the stream, if one did.
    package var error: UVError? { errorCode == 0 ? nil : UVError(code: errorCode) }

    /// The kernel's number of the socket, to look at it from outside; nil once it is closed.
    package var descriptor: Int32? {
        var descriptor: Int32 = -1
        return unsafe uv_fileno(base, &descriptor) == 0 ? descriptor : nil
    }

    private var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    private var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    // MARK: Reading

    /// Delivers bytes, and the end, to the handler from the next turn on.
    package func startReading() {
        loop.assertCurrent()
        precondition(recipient != nil, "a stream needs a handler before it reads")
        guard isOpen else { return }
        read()
    }

    /// Leaves further bytes with the kernel, whose window then slows the peer, until ``startReading()``.
    ///
    /// While paused the end of the stream and errors go unnoticed.
    package func pauseReading() {
        loop.assertCurrent()
        guard isOpen, isReading else { return }
        isReading = false
        _ = unsafe uv_read_stop(stream)
    }

    /// Goes on reading after ``pauseReading()``; the same as ``startReading()``.
    package func resumeReading() {
        startReading()
    }

    private func read() {
        guard !isReading, !hasEnded else { return }
        isReading = true
        let result = unsafe uv_read_start(stream, onWantsBuffer, onReadable)
        if result < 0 { fail(UVError(code: result)) }
    }

    /// There is something to read: bytes, the end or an error.
    func receive() {
        // The processor fetches it while the kernel reads.
        prefetch_object(recipientAddress)
        let count = loop.receive(from: socket)
        if count > 0 {
            received(count)
        } else if count == 0 {
            receivedEnd()
        } else if count != Int(UV_EAGAIN.rawValue) {
            fail(UVError(code: Int32(clamping: count)))
        }
    }

    /// The loop's receive buffer holds `count` bytes.
    private func received(_ count: Int) {
        guard isOpen, let recipient else {
            if !isClosed, !dropped.drop(count) { closeNow() }
            return
        }
        let buffer = unsafe loop.received(count)
        var bytes = unsafe MutableSpan(_unsafeElements: buffer)
        recipient.streamReceived(&bytes)
    }

    private func receivedEnd() {
        hasEnded = true
        isReading = false
        _ = unsafe uv_read_stop(stream)
        switch phase {
        case .open: recipient?.streamEnded(self)
        case .finishing: if !isWaiting { closeNow() }
        case .connecting, .sendingLast, .closed: break
        }
    }

    // MARK: Writing

    /// Writes `bytes` and then `shared`; see ``ByteStream/send(_:then:)``.
    ///
    /// `bytes` keeps up to 16 KiB of capacity for its next use.
    package func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        loop.assertCurrent()
        let total = bytes.count + shared.count
        if isOpen, total > 0 {
            precondition(!isWaiting, "send on a stream that is blocked")
            let written = unsafe withBuffers(bytes, shared, skipping: 0) { buffers, count in
                unsafe write(buffers, count)
            }
            if written == total {
                // The usual case: everything has gone.
            } else if written >= 0 || written == Int(UV_EAGAIN.rawValue) {
                block(PendingWrite(bytes: bytes, shared: shared), written: max(written, 0))
                bytes = []
                return
            } else {
                fail(UVError(code: Int32(clamping: written)))
            }
        }
        if bytes.capacity <= Self.keptCapacityMax {
            bytes.removeAll(keepingCapacity: true)
        } else {
            bytes = []
        }
    }

    /// Hands bytes to the kernel; returns how many it took, or libuv's code of an error.
    ///
    /// Straight, and not by `uv_try_write`: libuv has nothing queued while the stream is not blocked, and would touch four
    /// more cache lines to find that out, at each of a broadcast's deliveries. By `send` and `sendmsg`, and not by `write` and `writev`,
    /// with which the kernel touches the descriptor's directory entry and inode as well. `uv_buf_t` is an `iovec`.
    @inline(__always)
    private func write(_ buffers: UnsafePointer<uv_buf_t>, _ count: UInt32) -> Int {
        while true {
            let written: Int
            if count == 1 {
                written = unsafe Glibc.send(socket, buffers[0].base, buffers[0].len, 0)
            } else {
                let vectors = unsafe UnsafeRawPointer(buffers).assumingMemoryBound(to: iovec.self)
                var message = unsafe msghdr()
                unsafe message.msg_iov = UnsafeMutablePointer(mutating: vectors)
                unsafe message.msg_iovlen = Int(count)
                written = unsafe sendmsg(socket, &message, 0)
            }
            if written >= 0 { return written }
            let code = errno
            if code != EINTR { return -Int(code) }
        }
    }

    private func block(_ write: PendingWrite, written: Int) {
        isWaiting = true
        pending = write
        let result = unsafe withBuffers(write.bytes, write.shared, skipping: written) { buffers, count in
            Int(unsafe uv_write(write.request, stream, buffers, count, onWritten))
        }
        if result < 0 {
            pending = nil
            fail(UVError(code: Int32(clamping: result)))
        }
    }

    /// The pending write has gone, or never will.
    func pendingWritten(_ status: Int32) {
        pending = nil
        guard status >= 0 else { return fail(UVError(code: status)) }
        isWaiting = false
        switch phase {
        case .open: recipient?.streamDrained(self)
        case .finishing: finishSending()
        case .sendingLast: closeNow()
        case .connecting, .closed: break
        }
    }

    // MARK: Closing

    /// Closes the stream; see ``ByteStream/close(_:)``.
    ///
    /// After sending, the stream waits up to 2 s for the peer to finish as well and drops what it sends, up to
    /// ``ClosingInput/bytesMax``: closing a socket with unread input would reset the connection, and the peer might never
    /// see our last bytes. There is no limit to how long the peer may take to read them; whoever needs one closes with
    /// `.now`. `.afterSendingLast` leaves all that to the kernel.
    package func close(_ manner: StreamCloseManner) {
        loop.assertCurrent()
        switch (manner, phase) {
        case (.afterSending, .open):
            phase = .finishing(nil)
            read()
            if !isWaiting { finishSending() }
        case (.afterSendingLast, .open), (.afterSendingLast, .finishing):
            guard isWaiting else { return closeNow() }
            phase = .sendingLast
        case (.afterSending, .finishing), (.afterSending, .sendingLast), (.afterSendingLast, .sendingLast),
            (_, .closed):
            break
        case (.now, _), (_, .connecting):
            closeNow()
        }
    }

    private func finishSending() {
        guard case .finishing(nil) = phase else { return }
        guard !hasEnded, shutdownSending() else { return closeNow() }
        let timer = loop.makeTimer { [unowned self] in closeNow() }
        phase = .finishing(timer)
        timer.arm(at: loop.now + Self.linger)
    }

    private func closeNow() {
        switch phase {
        case .connecting(let attempt): phase = .closed(attempt)
        case .finishing(let timer):
            timer?.close()
            phase = .closed(nil)
        case .open, .sendingLast: phase = .closed(nil)
        case .closed: break
        }
        isWaiting = false
        closeHandle()
    }

    /// Takes the connection off its loop; see ``ByteStream/detach()`` and ``EventLoop/adopt(_:)``. Nil also when there is
    /// no descriptor left, of which it takes one more for the moment.
    package func detach() -> (any DetachedStream)? {
        loop.assertCurrent()
        guard isOpen, !isWaiting, let detached = DetachedSocket(socket, peer: peer) else { return nil }
        handler = nil
        // The socket lives on by its other descriptor: closing one of two sends nothing to the peer.
        closeNow()
        return detached
    }

    private func fail(_ error: UVError) {
        guard !isClosed else { return }
        errorCode = error.code
        closeNow()
    }

    override func closeAtLoopEnd() {
        close(.now)
    }

    override func handleClosed() {
        let recipient = recipient
        handler = nil
        if case .closed(let attempt?) = phase {
            phase = .closed(nil)
            attempt.completion(.failure(error ?? .canceled))
        } else {
            recipient?.streamClosed(self)
        }
    }
}

// MARK: Connecting

extension SocketStream {
    /// Starts connecting; the outcome comes through ``connected(_:)`` or the close callback.
    func connect(to address: SocketAddress, from source: String?, options: SocketOptions) {
        do throws(UVError) {
            let remote = try RawAddress(address)
            peer = remote.peer
            switch address {
            case .ip:
                try openConnecting(remote.family, from: source, options: options)
                let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
                let result = unsafe remote.withPointer { unsafe uv_tcp_connect(request, tcp, $0, onConnect) }
                guard result < 0 else { return }
                unsafe request.deallocate()
                throw UVError(code: result)
            case .unix(let path):
                guard source == nil else { throw .invalidArgument }
                let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
                unsafe uv_pipe_connect(request, pipe, path, onConnect)
            }
        } catch {
            fail(error)
        }
    }

    /// Opens the socket ahead of connecting, sets its options and fixes its local address if it is to have a certain one.
    private func openConnecting(_ family: Int32, from source: String?, options: SocketOptions) throws(UVError) {
        let descriptor = try openSocket(family: family)
        do throws(UVError) {
            try options.apply(to: descriptor)
            if let source { try bind(descriptor, family, to: source) }
            try open(descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private func bind(_ descriptor: Int32, _ family: Int32, to source: String) throws(UVError) {
        let local = try RawAddress(.ip(host: source, port: 0))
        guard local.family == family else { throw .invalidArgument }
        // The port is chosen when connecting, so that the pairs of addresses count and not the local ports.
        try setOption(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
        try unsafe UVError.checkSystem(local.withPointer { unsafe Glibc.bind(descriptor, $0, local.length) })
    }

    /// The attempt to connect has ended; on a failure the close callback tells the owner.
    func connected(_ status: Int32) {
        guard status >= 0 else { return fail(UVError(code: status)) }
        guard case .connecting(let attempt) = phase else { return }
        phase = .open
        socket = descriptor ?? -1
        attempt.completion(.success(self))
    }
}

// MARK: The two kinds of handle

extension SocketStream {
    private var stream: UnsafeMutablePointer<uv_stream_t> {
        unsafe memory.assumingMemoryBound(to: uv_stream_t.self)
    }

    private var tcp: UnsafeMutablePointer<uv_tcp_t> {
        unsafe memory.assumingMemoryBound(to: uv_tcp_t.self)
    }

    private var pipe: UnsafeMutablePointer<uv_pipe_t> {
        unsafe memory.assumingMemoryBound(to: uv_pipe_t.self)
    }

    private func initialise(isPipe: Bool) {
        let result = isPipe ? unsafe uv_pipe_init(loop.loop, pipe, 0) : unsafe uv_tcp_init(loop.loop, tcp)
        precondition(result == 0, "a handle without a socket cannot fail to initialise")
        adopt()
    }

    private func open(_ descriptor: Int32) throws(UVError) {
        let isPipe = unsafe base.pointee.type == UV_NAMED_PIPE
        try unsafe UVError.check(isPipe ? uv_pipe_open(pipe, descriptor) : uv_tcp_open(tcp, descriptor))
    }

    /// Sends our FIN. False when the connection has gone already.
    private func shutdownSending() -> Bool {
        guard let descriptor else { return false }
        return Glibc.shutdown(descriptor, Int32(SHUT_WR)) == 0
    }
}
