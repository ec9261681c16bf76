import CUV

// Every function that libuv calls. Each recovers its object from the handle and calls one method of it.

/// The object that a handle's `data` refers to; `T` is what created the handle.
private func owner<T: LoopHandle>(
    _ handle: UnsafeMutableRawPointer?, as type: T.Type = T.self
) -> T {
    guard let data = unsafe handle?.assumingMemoryBound(to: uv_handle_t.self).pointee.data else {
        preconditionFailure("libuv called back for a handle without an owner")
    }
    return unsafe Unmanaged<T>.fromOpaque(data).takeUnretainedValue()
}

/// The loop that a `uv_loop_t` is the inside of.
private func eventLoop(_ loop: UnsafeMutablePointer<uv_loop_t>?) -> EventLoop {
    guard let data = unsafe loop?.pointee.data else {
        preconditionFailure("libuv called back for a loop without an owner")
    }
    return unsafe Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue()
}

/// Releases the reference that the handle has held since `adopt()`: here and nowhere else.
func onHandleClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    let object: LoopHandle = unsafe owner(handle)
    object.handleClosed()
    unsafe Unmanaged.passUnretained(object).release()
}

func onWake(_ handle: UnsafeMutablePointer<uv_async_t>?) {
    unsafe eventLoop(handle?.pointee.loop).runPosted()
}

func onPrepare(_ handle: UnsafeMutablePointer<uv_prepare_t>?) {
    unsafe eventLoop(handle?.pointee.loop).endTurn()
}

/// Counts the handles that have an owner; `context` is an `Int`.
func onWalkCounting(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ context: UnsafeMutableRawPointer?) {
    guard unsafe handle?.pointee.data != nil else { return }
    unsafe context?.assumingMemoryBound(to: Int.self).pointee += 1
}

func onWalkClosing(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ context: UnsafeMutableRawPointer?) {
    guard unsafe handle?.pointee.data != nil else { return }
    let object: LoopHandle = unsafe owner(handle)
    object.closeAtLoopEnd()
}

func onTimer(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    let timer: LoopTimer = unsafe owner(handle)
    timer.fired()
}

func onExpired(_ handle: UnsafeMutablePointer<uv_poll_t>?, _ status: Int32, _ events: Int32) {
    let timer: PreciseTimer = unsafe owner(handle)
    timer.expired()
}

func onSignal(_ handle: UnsafeMutablePointer<uv_signal_t>?, _ number: Int32) {
    let watcher: SignalWatcher = unsafe owner(handle)
    watcher.raised()
}

func onAcceptable(_ handle: UnsafeMutablePointer<uv_poll_t>?, _ status: Int32, _ events: Int32) {
    let listener: Listener = unsafe owner(handle)
    listener.acceptWaiting()
}

func onConnect(_ request: UnsafeMutablePointer<uv_connect_t>?, _ status: Int32) {
    let stream: SocketStream = unsafe owner(request?.pointee.handle)
    unsafe request?.deallocate()
    stream.connected(status)
}

/// libuv is given no buffer, and then leaves the reading to ``onReadable`` (`UV_ENOBUFS`).
func onWantsBuffer(
    _ handle: UnsafeMutablePointer<uv_handle_t>?, _ suggested: Int, _ buffer: UnsafeMutablePointer<uv_buf_t>?
) {
    unsafe buffer?.pointee = uv_buf_init(nil, 0)
}

func onReadable(
    _ handle: UnsafeMutablePointer<uv_stream_t>?, _ status: Int, _ buffer: UnsafePointer<uv_buf_t>?
) {
    let stream: SocketStream = unsafe owner(handle)
    stream.receive()
    stream.loop.noteRead()
}

func onWritten(_ request: UnsafeMutablePointer<uv_write_t>?, _ status: Int32) {
    let stream: SocketStream = unsafe owner(request?.pointee.handle)
    stream.pendingWritten(status)
}
