import ByteKit
import CUV
import Determinism
import Glibc
import Synchronization

/// One libuv loop: sockets, timers, signals and posted work of one thread.
///
/// A loop belongs to the thread that made it until ``run()`` is called, and from then on to the thread that runs it.
/// Only ``post(_:)``, ``stop()``, ``enqueue(_:)``, ``now`` and ``isCurrent`` may be used from other threads; everything
/// else ends the process there, in release builds too. Callbacks run to completion, one after the other, and may call
/// anything but ``run()``.
///
/// A loop that has made handles must be run, if only to be stopped: ``run()`` is what closes them.
///
/// `@unchecked Sendable` holds because `owner` and `mailbox` are synchronised, `wake` is used by other threads only
/// for `uv_async_send` while `mailbox` is locked and open, and all other state is reached only after
/// ``assertCurrent()`` or from libuv's callbacks, which run on the owning thread.
@safe package final class EventLoop: @unchecked Sendable {
    /// How many bytes one read can deliver.
    package static let receiveBufferByteCount = 64 * 1024

    let loop: UnsafeMutablePointer<uv_loop_t>
    private let wake: UnsafeMutablePointer<uv_async_t>
    private let prepare: UnsafeMutablePointer<uv_prepare_t>
    /// Lent to one read at a time: reads do not nest, because libuv does not run within a callback.
    private let receiveBuffer: UnsafeMutableRawPointer

    private let owner: Atomic<pthread_t>
    private let mailbox = Mutex(Mailbox())
    private var batch: [Job] = []
    private var stage = Stage.ready
    /// Whether a ``LoopTimer`` is just firing.
    var isFiringTimers = false

    /// Called once per turn of the loop, right before it waits for the kernel: the place to write what was gathered
    /// for many streams during the turn, and to look at what has become due. A turn with more than ``readsMax`` reads is ended
    /// so in between. Also called once when the loop has been stopped, before it closes what is left.
    package var beforeWaiting: (() -> Void)? {
        get { turnEnds }
        set {
            assertCurrent()
            turnEnds = newValue
        }
    }
    // Not to be seen by other modules: what they can reach is checked for exclusive access at each use.
    private var turnEnds: (() -> Void)?

    /// After so many reads what has become due is looked at: libuv would go on for up to 48 times 1,024 while it waits.
    package static let readsMax = 64
    private var reads = 0
    /// Until when the sockets have their share of the time.
    private var readsUntil = Instant.zero

    /// Makes a loop and ignores SIGPIPE in this process, where it stays ignored.
    ///
    /// - Throws: What the kernel refuses, mostly `EMFILE`: a loop needs some descriptors.
    package init() throws(UVError) {
        Self.ignoreBrokenPipes
        unsafe loop = .allocate(capacity: 1)
        unsafe wake = .allocate(capacity: 1)
        unsafe prepare = .allocate(capacity: 1)
        unsafe receiveBuffer = .allocate(byteCount: Self.receiveBufferByteCount, alignment: 16)
        owner = Atomic(pthread_self())
        do throws(UVError) {
            try unsafe UVError.check(uv_loop_init(loop))
        } catch {
            stage = .failed
            throw error
        }
        unsafe loop.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe uv_prepare_init(loop, prepare)
        _ = unsafe uv_prepare_start(prepare, onPrepare)
        unsafe prepare.pointee.data = nil
        do throws(UVError) {
            try unsafe UVError.check(uv_async_init(loop, wake, onWake))
        } catch {
            stage = .failed
            unsafe uv_close(prepareBase, nil)
            closeLoop()
            throw error
        }
        unsafe wake.pointee.data = nil
    }

    deinit {
        // A handle holds its loop, so none but our own two is left here.
        if stage == .ready { closeOwnHandles() }
        unsafe receiveBuffer.deallocate()
        unsafe prepare.deallocate()
        unsafe wake.deallocate()
        unsafe loop.deallocate()
    }

    /// Runs the loop on the calling thread, which owns it from now on, until ``stop()``.
    ///
    /// Then it runs what was posted before the end, closes every handle that is left (streams as with `.now`), and
    /// returns when all have been closed and told so. A loop runs once.
    package func run() {
        precondition(stage == .ready, "a loop runs once")
        owner.store(pthread_self(), ordering: .releasing)
        stage = .running
        _ = unsafe uv_run(loop, UV_RUN_DEFAULT)
        endMailbox()
        endTurn()
        turnEnds = nil
        repeat {
            unsafe uv_walk(loop, onWalkClosing, nil)
            _ = unsafe uv_run(loop, UV_RUN_NOWAIT)
        } while liveHandles() > 0
        closeOwnHandles()
    }

    /// How many handles exist: timers, streams, listeners and signal watchers not yet wholly closed.
    package func liveHandles() -> Int {
        assertCurrent()
        guard stage != .ended else { return 0 }
        var count = 0
        unsafe uv_walk(loop, onWalkCounting, &count)
        return count
    }

    /// The present, on the machine's monotonic clock; never cached. From any thread.
    package var now: Instant { Instant(nanoseconds: Int64(uv_hrtime())) }

    /// Whether the calling thread is the one that owns the loop. From any thread.
    package var isCurrent: Bool { owner.load(ordering: .acquiring) == pthread_self() }

    /// Ends the process when called on another thread than the loop's.
    package func assertCurrent() {
        precondition(isCurrent, "used outside the thread of its event loop")
    }

    /// Reads what has come on a socket into the buffer that all share: how many bytes, 0 at the end, or libuv's code of an
    /// error.
    ///
    /// Straight, and not by libuv, which reads with `read`: with `recv` the kernel does not touch the descriptor's directory
    /// entry and inode.
    func receive(from socket: Int32) -> Int {
        while true {
            let count = unsafe recv(socket, receiveBuffer, Self.receiveBufferByteCount, 0)
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { return -Int(code) }
        }
    }

    /// The first bytes of the buffer, to be looked at before the next read.
    func received(_ count: Int) -> UnsafeMutableBufferPointer<UInt8> {
        unsafe UnsafeMutableBufferPointer(start: receiveBuffer.assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// The loop is about to wait, or has read enough.
    func endTurn() {
        reads = 0
        turnEnds?()
    }

    /// A read has been handled. What a turn ended in between has taken, the sockets have next: a loop with more due than it can
    /// do would hardly read any more.
    func noteRead() {
        reads += 1
        guard reads >= Self.readsMax else { return }
        let begun = now
        guard begun >= readsUntil else { return reads = 0 }
        endTurn()
        let ended = now
        readsUntil = ended + (ended - begun)
    }

    private var prepareBase: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(prepare).assumingMemoryBound(to: uv_handle_t.self)
    }

    private func closeOwnHandles() {
        unsafe uv_close(prepareBase, nil)
        unsafe uv_close(UnsafeMutableRawPointer(wake).assumingMemoryBound(to: uv_handle_t.self), nil)
        closeLoop()
        stage = .ended
    }

    private func closeLoop() {
        _ = unsafe uv_run(loop, UV_RUN_DEFAULT)
        let result = unsafe uv_loop_close(loop)
        precondition(result == 0, "a handle has outlived its loop")
    }

    /// A write to a closed socket is an error of that write, not a signal. Done once per process.
    private static let ignoreBrokenPipes: Void = {
        _ = signal(SIGPIPE, SIG_IGN)
    }()

    private enum Stage {
        case failed, ready, running, ended
    }
}

// MARK: Work from other threads

extension EventLoop {
    /// What waits to be run on the loop.
    enum Job: Sendable {
        case closure(@Sendable () -> Void)
        case job(UnownedJob)
    }

    /// The most closures that wait; more are refused. Jobs of tasks are not counted: each belongs to something bounded.
    package static let mailboxMax = 65_536

    /// The jobs of all threads, in the order in which they came.
    struct Mailbox: Sendable {
        var jobs: [Job] = []
        var isStopping = false
        var isOpen = true
    }

    /// Runs `job` on a coming turn of the loop, after everything posted earlier; from any thread.
    ///
    /// Many posts between two turns wake the loop once. A job posted by a job runs a turn later.
    ///
    /// - Returns: False when the loop has ended, or ``mailboxMax`` jobs wait already; the job is then dropped.
    @discardableResult
    package func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        accept(.closure(job), atMost: Self.mailboxMax)
    }

    /// Makes ``run()`` end soon; from any thread, also before the loop runs, any number of times.
    package func stop() {
        mailbox.withLock { mailbox in
            mailbox.isStopping = true
            if mailbox.isOpen { signalWake() }
        }
    }

    @discardableResult
    func accept(_ job: Job, atMost limit: Int = .max) -> Bool {
        mailbox.withLock { mailbox in
            guard mailbox.isOpen, mailbox.jobs.count < limit else { return false }
            mailbox.jobs.append(job)
            if mailbox.jobs.count == 1 { signalWake() }
            return true
        }
    }

    /// Under the mailbox's lock, so that it cannot meet the closing of `wake`.
    private func signalWake() {
        let result = unsafe uv_async_send(wake)
        precondition(result == 0, "uv_async_send cannot fail")
    }

    /// Runs what has been posted so far.
    func runPosted() {
        let isStopping = mailbox.withLock { mailbox in
            swap(&mailbox.jobs, &batch)
            return mailbox.isStopping
        }
        runBatch()
        if isStopping { unsafe uv_stop(loop) }
    }

    private func endMailbox() {
        mailbox.withLock { mailbox in
            mailbox.isOpen = false
            swap(&mailbox.jobs, &batch)
        }
        runBatch()
    }

    private func runBatch() {
        for job in batch {
            switch job {
            case .closure(let closure): closure()
            case .job(let job): run(job)
            }
        }
        batch.removeAll(keepingCapacity: true)
    }
}

// MARK: What a loop makes

extension EventLoop {
    /// Makes a timer that calls `fire` on this loop; see ``LoopTimer``.
    package func makeTimer(_ fire: @escaping () -> Void) -> LoopTimer {
        LoopTimer(loop: self, fire: fire)
    }

    /// Calls `handler` each time the process receives signal `number`, until the watcher is closed.
    ///
    /// - Throws: `invalidArgument` for a number that cannot be caught.
    package func onSignal(_ number: Int32, _ handler: @escaping () -> Void) throws(UVError) -> SignalWatcher {
        try SignalWatcher(loop: self, number: number, handler: handler)
    }

    /// Accepts connections at `address` until the listener is closed.
    ///
    /// - Parameters:
    ///   - backlog: How many connections the kernel completes ahead of us; it caps this at `somaxconn`.
    ///   - sharing: Whether several loops may listen at one IP address and port.
    ///   - options: Those of each connection.
    ///   - refusal: What a connection is told before it is closed for want of a descriptor; by default nothing.
    ///   - onAccept: Gets each connection. It sets `handler` and calls `startReading()`, or closes.
    /// - Throws: `addressInUse`, or what else the kernel or the look-up of a name answers.
    package func listen(
        _ address: SocketAddress, backlog: Int = 4096, sharing: PortSharing = .none,
        options: SocketOptions = SocketOptions(), refusal: [UInt8] = [], onAccept: @escaping (SocketStream) -> Void
    ) throws(UVError) -> Listener {
        assertCurrent()
        let socket = try ListeningSocket(
            at: RawAddress(address), backlog: backlog, sharing: sharing, options: options)
        return try Listener(loop: self, socket: socket, refusal: refusal, onAccept: onAccept)
    }

    /// Connects to `address`.
    ///
    /// - Parameters:
    ///   - source: Local IP literal to connect from; by default the kernel chooses.
    ///   - options: Those of a TCP connection.
    ///   - handler: Becomes the stream's handler.
    ///   - completion: Called once on a later turn. After a success the caller may send and start reading. After a
    ///     failure the stream is closed, and `handler` has heard nothing.
    /// - Returns: The stream on its way. Closing it gives up, and the completion gets `canceled`.
    @discardableResult
    package func connect(
        _ address: SocketAddress, from source: String? = nil, options: SocketOptions = SocketOptions(),
        handler: any ByteStreamHandler, completion: @escaping (Result<SocketStream, UVError>) -> Void
    ) -> SocketStream {
        let stream = SocketStream(loop: self, connectingTo: address, completion: completion)
        stream.handler = handler
        stream.connect(to: address, from: source, options: options)
        return stream
    }
}
