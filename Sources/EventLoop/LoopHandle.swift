import CUV

/// The Swift side of one libuv handle, and the one place that rules its life.
///
/// The handle's memory belongs to this object. From ``adopt()`` until the close callback the handle in turn holds
/// one retained reference to this object, so neither can go before the other: libuv's rule that a handle's memory
/// must outlive its close callback, made literal. A handle that is not closed lives as long as its loop runs.
@safe package class LoopHandle {
    /// The loop that this handle belongs to for life.
    package final let loop: EventLoop
    /// Memory of a `uv_…_t` of the kind given at creation.
    final let memory: UnsafeMutableRawPointer
    /// Whether the handle has been given to libuv to close, or was never started.
    private(set) final var isClosing = true

    /// Allocates the memory. Once libuv has initialised it, call ``adopt()``.
    init(loop: EventLoop, kind: uv_handle_type) {
        loop.assertCurrent()
        self.loop = loop
        unsafe memory = .allocate(byteCount: uv_handle_size(kind), alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// The handle as libuv's common base.
    final var base: UnsafeMutablePointer<uv_handle_t> {
        unsafe memory.assumingMemoryBound(to: uv_handle_t.self)
    }

    /// Lets the initialised handle own one reference to this object.
    final func adopt() {
        unsafe base.pointee.data = Unmanaged.passRetained(self).toOpaque()
        isClosing = false
    }

    /// Starts closing the handle, once; ``handleClosed()`` follows on a later turn.
    final func closeHandle() {
        guard !isClosing else { return }
        loop.assertCurrent()
        isClosing = true
        unsafe uv_close(base, onHandleClosed)
    }

    /// Closes whatever this is, at once, because its loop ends.
    func closeAtLoopEnd() {
        closeHandle()
    }

    /// The handle is closed; the last call.
    func handleClosed() {}
}
