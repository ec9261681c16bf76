import ByteKit
import CUV
import Determinism
import Glibc

/// One TCP connection or Unix socket of a loop.
///
/// The stream lives until it is closed, whether or not anyone holds it, and holds its handler as long. Errors of the
/// peer and of the network close it at once; the handler hears ``ByteStreamHandler/streamClosed(_:)``.
package final class SocketStream: LoopHandle, ByteStream {
    /// Who receives what happens; to be set before ``startReading()``.
    package var handler: (any ByteStreamHandler)?
    /// Whether bytes still wait for the kernel; then ``send(_:then:)`` must not be called.
    package private(set) var isBlocked = false
    /// The other end.
    package private(set) var peerAddress: SocketAddress
    /// The error that closed the stream, if one did.
    package private(set) var error: UVError?

    private var phase: Phase
    /// Whether the peer has finished sending.
    private var hasEnded = false
    private var isReading = false
    private var pending: PendingWrite?
    private var lingerTimer: LoopTimer?
    private var completion: ((Result<SocketStream, UVError>) -> Void)?

    /// How long the peer's FIN is waited for after ours.
    private static let linger = Interval.seconds(2)
    /// The capacity that ``send(_:then:)`` may leave to its caller.
    private static let keptCapacityMax = 16 * 1024

    private enum Phase {
        case connecting
        case open
        /// To be closed once the pending write has gone and the peer has finished; input is discarded.
        case finishing
        case closed
    }

    /// Takes over a connection fresh from `accept`, and its descriptor also when that fails.
    init(loop: EventLoop, accepted: AcceptedSocket) throws(UVError) {
        peerAddress = accepted.peer.address
        phase = .open
        super.init(loop: loop, kind: peerAddress.handleKind)
        initialise()
        do throws(UVError) {
            try open(accepted.descriptor)
        } catch {
            Glibc.close(accepted.descriptor)
            phase = .closed
            closeHandle()
            throw error
        }
    }

    /// A stream that is still to be connected: ``connect(from:)``.
    init(
        loop: EventLoop, connectingTo address: SocketAddress,
        completion: @escaping (Result<SocketStream, UVError>) -> Void
    ) {
        peerAddress = address
        phase = .connecting
        self.completion = completion
        super.init(loop: loop, kind: address.handleKind)
        initialise()
    }

    // MARK: Reading

    /// Delivers bytes, and the end, to the handler from the next turn on.
    package func startReading() {
        loop.assertCurrent()
        precondition(handler != nil, "a stream needs a handler before it reads")
        guard phase == .open else { return }
        read()
    }

    /// Leaves further bytes with the kernel, whose window then slows the peer, until ``startReading()``.
    ///
    /// While paused the end of the stream and errors go unnoticed.
    package func pauseReading() {
        loop.assertCurrent()
        guard phase == .open, isReading else { return }
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
        let result = unsafe uv_read_start(stream, onWantsBuffer, onRead)
        if result < 0 { fail(UVError(code: result)) }
    }

    /// The loop's receive buffer holds `count` bytes; or `count` is the end or an error.
    func received(_ count: Int) {
        if count > 0 {
            guard phase == .open, let handler else { return }
            let buffer = unsafe loop.received(count)
            var bytes = unsafe MutableSpan(_unsafeElements: buffer)
            handler.streamReceived(&bytes)
        } else if count == Int(UV_EOF.rawValue) {
            hasEnded = true
            isReading = false
            switch phase {
            case .open: handler?.streamEnded(self)
            case .finishing: if !isBlocked { closeNow() }
            case .connecting, .closed: break
            }
        } else if count < 0 {
            fail(UVError(code: Int32(clamping: count)))
        }
    }

    // MARK: Writing

    /// Writes `bytes` and then `shared`; see ``ByteStream/send(_:then:)``.
    ///
    /// `bytes` keeps up to 16 KiB of capacity for its next use.
    package func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        loop.assertCurrent()
        let total = bytes.count + shared.count
        if phase == .open, total > 0 {
            precondition(!isBlocked, "send on a stream that is blocked")
            let written = unsafe withBuffers(bytes, shared, skipping: 0) { buffers, count in
                unsafe uv_try_write(stream, buffers, count)
            }
            if Int(written) == total {
                // The usual case: everything has gone.
            } else if written >= 0 || written == UV_EAGAIN.rawValue {
                block(PendingWrite(bytes: bytes, shared: shared), written: max(Int(written), 0))
                bytes = []
                return
            } else {
                fail(UVError(code: written))
            }
        }
        if bytes.capacity <= Self.keptCapacityMax {
            bytes.removeAll(keepingCapacity: true)
        } else {
            bytes = []
        }
    }

    private func block(_ write: PendingWrite, written: Int) {
        isBlocked = true
        pending = write
        let result = unsafe withBuffers(write.bytes, write.shared, skipping: written) { buffers, count in
            unsafe uv_write(write.request, stream, buffers, count, onWritten)
        }
        if result < 0 {
            pending = nil
            fail(UVError(code: result))
        }
    }

    /// The pending write has gone, or never will.
    func pendingWritten(_ status: Int32) {
        pending = nil
        guard status >= 0 else { return fail(UVError(code: status)) }
        isBlocked = false
        switch phase {
        case .open: handler?.streamDrained(self)
        case .finishing: finishSending()
        case .connecting, .closed: break
        }
    }

    // MARK: Closing

    /// Closes the stream; see ``ByteStream/close(_:)``.
    ///
    /// After sending, the stream waits up to 2 s for the peer to finish as well and discards what it sends: closing a
    /// socket with unread input would reset the connection, and the peer might never see our last bytes. There is no
    /// limit to how long the peer may take to read them; whoever needs one closes with `.now`.
    package func close(_ manner: StreamCloseManner) {
        loop.assertCurrent()
        switch (manner, phase) {
        case (.afterSending, .open):
            phase = .finishing
            read()
            if !isBlocked { finishSending() }
        case (.afterSending, .finishing), (_, .closed):
            break
        case (.now, _), (.afterSending, .connecting):
            closeNow()
        }
    }

    private func finishSending() {
        guard phase == .finishing else { return }
        guard !hasEnded, shutdownSending() else { return closeNow() }
        let timer = loop.makeTimer { [unowned self] in closeNow() }
        lingerTimer = timer
        timer.arm(at: loop.now + Self.linger)
    }

    private func closeNow() {
        phase = .closed
        isBlocked = false
        lingerTimer?.close()
        lingerTimer = nil
        closeHandle()
    }

    private func fail(_ error: UVError) {
        guard phase != .closed else { return }
        self.error = error
        closeNow()
    }

    override func closeAtLoopEnd() {
        close(.now)
    }

    override func handleClosed() {
        let handler = handler
        self.handler = nil
        if let completion {
            self.completion = nil
            completion(.failure(error ?? .canceled))
        } else {
            handler?.streamClosed(self)
        }
    }
}

// MARK: Connecting

extension SocketStream {
    /// Starts connecting; the outcome comes through ``connected(_:)`` or the close callback.
    func connect(from source: String?) {
        do throws(UVError) {
            let remote = try RawAddress(peerAddress)
            if let source { try bind(to: source, family: remote.family) }
            peerAddress = remote.address
            try start(remote)
        } catch {
            fail(error)
        }
    }

    private func start(_ remote: RawAddress) throws(UVError) {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        if case .unix(let path) = peerAddress {
            unsafe uv_pipe_connect(request, pipe, path, onConnect)
            return
        }
        let result = unsafe remote.withPointer { unsafe uv_tcp_connect(request, tcp, $0, onConnect) }
        guard result < 0 else { return }
        unsafe request.deallocate()
        throw UVError(code: result)
    }

    /// Opens the socket ahead of connecting and fixes its local address, with a port for each remote address.
    private func bind(to source: String, family: Int32) throws(UVError) {
        let local = try RawAddress(.ip(host: source, port: 0))
        guard local.family == family else { throw .invalidArgument }
        let descriptor = try openSocket(family: family)
        do throws(UVError) {
            // The port is chosen when connecting, so that the pairs of addresses count and not the local ports.
            try setOption(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
            try unsafe UVError.checkSystem(local.withPointer { unsafe Glibc.bind(descriptor, $0, local.length) })
            try open(descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    /// The attempt to connect has ended; on a failure the close callback tells the owner.
    func connected(_ status: Int32) {
        guard status >= 0 else { return fail(UVError(code: status)) }
        guard phase == .connecting else { return }
        phase = .open
        let completion = completion
        self.completion = nil
        completion?(.success(self))
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

    private func initialise() {
        let result: Int32
        switch peerAddress {
        case .unix: result = unsafe uv_pipe_init(loop.loop, pipe, 0)
        case .ip: result = unsafe uv_tcp_init(loop.loop, tcp)
        }
        precondition(result == 0, "a handle without a socket cannot fail to initialise")
        adopt()
        // We gather what belongs together ourselves; holding back a small write would only delay it. Without a
        // socket yet, libuv notes it for later and cannot fail.
        if case .ip = peerAddress { _ = unsafe uv_tcp_nodelay(tcp, 1) }
    }

    private func open(_ descriptor: Int32) throws(UVError) {
        switch peerAddress {
        case .unix: try unsafe UVError.check(uv_pipe_open(pipe, descriptor))
        case .ip: try unsafe UVError.check(uv_tcp_open(tcp, descriptor))
        }
    }

    /// Sends our FIN. False when the connection has gone already.
    private func shutdownSending() -> Bool {
        var descriptor: Int32 = -1
        guard unsafe uv_fileno(base, &descriptor) == 0 else { return false }
        return Glibc.shutdown(descriptor, Int32(SHUT_WR)) == 0
    }
}

extension SocketAddress {
    /// The kind of libuv handle for a connection of this address.
    fileprivate var handleKind: uv_handle_type {
        switch self {
        case .ip: UV_TCP
        case .unix: UV_NAMED_PIPE
        }
    }
}
