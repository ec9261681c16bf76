import Glibc

/// A thread of its own, for a loop to run on.
@safe package final class LoopThread {
    private let thread: pthread_t
    private var hasJoined = false

    /// Starts a thread that runs `body` to its end.
    ///
    /// - Throws: What the kernel refuses: `EAGAIN` when there may be no more threads.
    package init(_ body: @escaping @Sendable () -> Void) throws(UVError) {
        let box = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, unsafe box.toOpaque())
        if result != 0 { unsafe box.release() }
        try UVError.check(-result)
        self.thread = thread
    }

    /// Waits until the body has returned. Once.
    package func join() {
        precondition(!hasJoined, "a thread is joined once")
        hasJoined = true
        _ = pthread_join(thread, nil)
    }

    /// Lets the thread go on by itself: nobody waits for it. Once, in place of ``join()``.
    package func detach() {
        precondition(!hasJoined, "a thread is joined or detached once")
        hasJoined = true
        _ = pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
