import CUV
import Synchronization

/// Calls a closure on its loop each time the process receives one signal.
///
/// The signal's usual effect is suspended while at least one watcher of it exists. Several loops may watch the same
/// signal. Deliveries that come faster than the loop turns may be merged into one, as the kernel does. After its last
/// watcher the signal is ignored: whoever asks a process to end often asks twice, and the second time must not kill it
/// on its way out.
package final class SignalWatcher: LoopHandle {
    private var handler: (() -> Void)?

    init(loop: EventLoop, number: Int32, handler: @escaping () -> Void) throws(UVError) {
        self.handler = handler
        super.init(loop: loop, kind: UV_SIGNAL)
        try unsafe UVError.check(uv_signal_init(loop.loop, signal))
        adopt()
        SignalGuard.keep(number)
        do throws(UVError) {
            try unsafe UVError.check(uv_signal_start(signal, onSignal, number))
        } catch {
            close()
            throw error
        }
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
/// libuv gives a signal its default effect back with its last watcher; with this there is none that is the last. Its loop
/// never runs, and stays.
private enum SignalGuard {
    private static let numbers = Mutex<Set<Int32>>([])
    private static let loop = Mutex<UInt?>(nil)

    static func keep(_ number: Int32) {
        guard numbers.withLock({ $0.insert(number).inserted }) else { return }
        loop.withLock { address in
            let loop: UnsafeMutablePointer<uv_loop_t>
            if let address, let made = unsafe UnsafeMutablePointer<uv_loop_t>(bitPattern: address) {
                unsafe loop = made
            } else {
                unsafe loop = .allocate(capacity: 1)
                guard unsafe uv_loop_init(loop) == 0 else { return unsafe loop.deallocate() }
                address = UInt(bitPattern: loop)
            }
            let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
            guard unsafe uv_signal_init(loop, handle) == 0 else { return unsafe handle.deallocate() }
            // One that cannot be caught is refused to the watcher as well.
            _ = unsafe uv_signal_start(handle, { _, _ in }, number)
        }
    }
}
