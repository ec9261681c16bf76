import CUV

/// Calls a closure on its loop each time the process receives one signal.
///
/// The signal's usual effect is suspended while at least one watcher of it exists. Several loops may watch the same
/// signal. Deliveries that come faster than the loop turns may be merged into one, as the kernel does.
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
