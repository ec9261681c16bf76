import CUV
import Synchronization

/// Calls a closure on its loop each time the process receives one signal.
///
/// Several loops may watch the same signal. Deliveries that come faster than the loop turns may be merged into one, as the
/// kernel does. From its first watcher on, the signal has lost its usual effect for good, also once nobody watches it any
/// more: whoever asks a process to end often asks twice, and the second time must not kill it on its way out.
package final class SignalWatcher: LoopHandle {
    private var handler: (() -> Void)?

    init(loop: EventLoop, number: Int32, handler: @escaping () -> Void) throws(UVError) {
        self.handler = handler
        super.init(loop: loop, kind: UV_SIGNAL)
        try unsafe UVError.check(uv_signal_init(loop.loop, signal))
        adopt()
        do throws(UVError) {
            try unsafe UVError.check(uv_signal_start(signal, onSignal, number))
        } catch {
            close()
            throw error
        }
        SignalGuard.keep(number)
    }

    private var signal: UnsafeMutablePointer<uv_signal_t> {
        unsafe memory.assumingMemoryBound(to: uv_signal_t.self)
    }

    /// Stops watching; the handler is not called any more.
    package func close() {
        closeHandle()
        handler = nil
    }

    func raised() {
        handler?()
    }

    override func closeAtLoopEnd() {
        close()
    }
}

/// Watches each signal that was ever watched, for good and without effect.
///
/// libuv gives a signal its default effect back with its last watcher; with this there is none that is the last.
private struct SignalGuard {
    private static let shared = Mutex(SignalGuard())

    private var numbers: Set<Int32> = []
    /// The address of a loop that never runs, and stays; nil until a signal is watched, or where there was no room for it.
    private var loop: UInt?

    static func keep(_ number: Int32) { shared.withLock { $0.keep(number) } }

    private mutating func keep(_ number: Int32) {
        guard numbers.insert(number).inserted else { return }
        loop = loop ?? Self.makeLoop()
        guard let loop, let loop = unsafe UnsafeMutablePointer<uv_loop_t>(bitPattern: loop) else { return }
        let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
        guard unsafe uv_signal_init(loop, handle) == 0 else { return unsafe handle.deallocate() }
        _ = unsafe uv_signal_start(handle, { _, _ in }, number)
    }

    private static func makeLoop() -> UInt? {
        let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
        guard unsafe uv_loop_init(loop) == 0 else {
            unsafe loop.deallocate()
            return nil
        }
        return UInt(bitPattern: loop)
    }
}
