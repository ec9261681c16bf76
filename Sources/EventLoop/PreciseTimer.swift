import CUV
import Determinism
import Glibc

/// A one-shot timer that fires within microseconds of its instant: a timerfd in the loop's poll.
///
/// ``LoopTimer`` counts in libuv's whole milliseconds, which is half a millisecond late on the average; a fixed tick wants better. This one costs
/// a descriptor and a system call for each arming, so a loop has one, for its next step or deadline.
package final class PreciseTimer: LoopHandle {
    private let descriptor: Int32
    private var fire: (() -> Void)?

    /// A timer of `loop` that calls `fire`.
    ///
    /// - Throws: `EMFILE` and its like.
    package init(loop: EventLoop, fire: @escaping () -> Void) throws(UVError) {
        let flags = Int32(TFD_NONBLOCK) | Int32(TFD_CLOEXEC)
        descriptor = timerfd_create(CLOCK_MONOTONIC, flags)
        self.fire = fire
        super.init(loop: loop, kind: UV_POLL)
        try UVError.checkSystem(descriptor)
        let result = unsafe uv_poll_init(loop.loop, poll, descriptor)
        guard result == 0 else {
            Glibc.close(descriptor)
            throw UVError(code: result)
        }
        adopt()
        let started = unsafe uv_poll_start(poll, Int32(UV_READABLE.rawValue), onExpired)
        precondition(started == 0, "uv_poll_start fails only on a descriptor that is used twice")
    }

    private var poll: UnsafeMutablePointer<uv_poll_t> {
        unsafe memory.assumingMemoryBound(to: uv_poll_t.self)
    }

    /// Fires once at `instant`, or on the next turn of the loop when that has passed. Replaces what was armed before.
    package func arm(at instant: Instant) {
        // Zero would disarm it.
        set(nanoseconds: max(1, instant.nanoseconds))
    }

    /// Takes back the arming, if there is one.
    package func cancel() {
        set(nanoseconds: 0)
    }

    private func set(nanoseconds: Int64) {
        loop.assertCurrent()
        guard !isClosing else { return }
        let value = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var setting = itimerspec(it_interval: timespec(), it_value: value)
        let result = unsafe timerfd_settime(descriptor, Int32(TFD_TIMER_ABSTIME), &setting, nil)
        precondition(result == 0, "timerfd_settime fails only for a bad time")
    }

    /// Ends the timer; it does not fire any more.
    package func close() {
        guard !isClosing else { return }
        closeHandle()
        Glibc.close(descriptor)
        fire = nil
    }

    func expired() {
        var count: UInt64 = 0
        // Nothing to read means that it was armed anew since.
        guard unsafe read(descriptor, &count, 8) == 8 else { return }
        fire?()
    }

    override func closeAtLoopEnd() {
        close()
    }
}
