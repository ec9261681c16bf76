import CUV
import Determinism

/// A one-shot timer of a loop.
///
/// It never fires early: instants are rounded up to the millisecond that libuv counts in. Close it when it is no
/// longer needed; until then its loop keeps it, and with it what the closure captures.
package final class LoopTimer: LoopHandle {
    private var fire: (() -> Void)?

    init(loop: EventLoop, fire: @escaping () -> Void) {
        self.fire = fire
        super.init(loop: loop, kind: UV_TIMER)
        let result = unsafe uv_timer_init(loop.loop, timer)
        precondition(result == 0, "uv_timer_init cannot fail")
        adopt()
    }

    private var timer: UnsafeMutablePointer<uv_timer_t> {
        unsafe memory.assumingMemoryBound(to: uv_timer_t.self)
    }

    /// Fires once at `instant`, or on the next turn of the loop when that has passed.
    ///
    /// An earlier instant still outstanding is replaced. On a closed timer the call does nothing.
    package func arm(at instant: Instant) {
        loop.assertCurrent()
        guard !isClosing else { return }
        let dueMilliseconds = (max(instant.nanoseconds, 0) + 999_999) / 1_000_000
        let loopMilliseconds = Int64(unsafe uv_now(loop.loop))
        // libuv fires what is due until nothing is. A timer that arms itself for the past must not be due again in
        // the same turn, or the loop would never come to its sockets.
        let soonest: Int64 = loop.isFiringTimers ? 1 : 0
        let delay = max(dueMilliseconds - loopMilliseconds, soonest)
        let result = unsafe uv_timer_start(timer, onTimer, UInt64(delay), 0)
        precondition(result == 0, "uv_timer_start fails only on a closing timer")
    }

    /// Takes back the arming, if there is one. The timer may be armed again.
    package func cancel() {
        loop.assertCurrent()
        guard !isClosing else { return }
        _ = unsafe uv_timer_stop(timer)
    }

    /// Ends the timer; it does not fire any more.
    package func close() {
        closeHandle()
        fire = nil
    }

    func fired() {
        loop.isFiringTimers = true
        fire?()
        loop.isFiringTimers = false
    }

    override func closeAtLoopEnd() {
        close()
    }
}
