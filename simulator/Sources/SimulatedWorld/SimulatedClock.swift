package import Determinism

/// What a process of the world reads as the time: the world's, and what its own work has taken in this turn.
///
/// A slow process takes time while it works, as a step that is too dear does: each reading costs. When its turn ends it owes that
/// time, and hears nothing until it has passed.
package final class SimulatedClock {
    private let time: SimulatedTime
    /// What each reading takes; zero for a process that is infinitely fast.
    package var readingCost = Interval.zero
    /// What this turn has taken so far.
    package private(set) var debt = Interval.zero
    /// Told of a reading that is before the one before it: that is nobody's clock.
    package var wentBack: (() -> Void)?
    /// How far the next reading is to be before the last one, for a clock with a planted bug.
    package var leapBack: Interval?
    private var last = Instant.zero
    /// Until when its last turn has taken it: should it be made to go on earlier, it still has that behind it.
    private var busyUntil = Instant.zero

    /// A clock that costs nothing to read.
    package init(_ time: SimulatedTime) { self.time = time }

    /// The time.
    package func read() -> Instant {
        if readingCost > .zero { debt = debt + readingCost }
        var now = max(time.present, busyUntil) + debt
        if let leap = leapBack {
            leapBack = nil
            now = Instant(nanoseconds: last.nanoseconds - leap.nanoseconds)
        }
        if now < last { wentBack?() }
        last = now
        return now
    }

    /// Ends the turn: what it has taken, which is not owed any more.
    package func settle() -> Interval {
        guard debt > .zero else { return .zero }
        busyUntil = max(time.present, busyUntil) + debt
        debt = .zero
        return busyUntil - time.present
    }
}
