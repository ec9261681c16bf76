import CUV
import Glibc

/// Calls a closure on its loop each time the process receives one signal.
///
/// The signal's usual effect is suspended while at least one watcher of it exists. Several loops may watch the same
/// signal. Deliveries that come faster than the loop turns may be merged into one, as the kernel does. After its last
/// watcher the signal is ignored: whoever asks a process to end often asks twice, and the second time must not kill it
/// on its way out.
package final class SignalWatcher: LoopHandle {
    private let number: Int32
    private var handler: (() -> Void)?

    init(loop: EventLoop, number: Int32, handler: @escaping () -> Void) throws(UVError) {
        self.handler = handler
        self.number = number
        super.init(loop: loop, kind: UV_SIGNAL)
        try unsafe UVError.check(uv_signal_init(loop.loop, signal))
        adopt()
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
        guard handler != nil else { return }
        closeHandle()
        handler = nil
        var action = sigaction()
        guard unsafe sigaction(number, nil, &action) == 0 else { return }
        // libuv has just given the signal its default effect back if this was the last watcher.
        guard unsafe action.__sigaction_handler.sa_handler == nil else { return }
        unsafe action.__sigaction_handler.sa_handler = SIG_IGN
        unsafe sigaction(number, &action, nil)
    }

    func raised() {
        handler?()
    }

    override func closeAtLoopEnd() {
        close()
    }
}
