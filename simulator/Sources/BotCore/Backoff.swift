import Determinism

/// How long to wait before the next attempt: twice as long each time, up to a limit, and never the same for two
/// clients.
///
/// A wait is drawn between half of its step and the whole, also at the limit: clients that lost their server together must
/// not come back together.
package struct Backoff: Sendable {
    /// More doublings than any pair of waits has between them; a shift by more would be no shift.
    private static let doublingsMax = 62

    private let first: Interval
    private let longest: Interval
    /// How many waits have been drawn since the last reset.
    package private(set) var attempts = 0

    /// Waits from `first` on, at most `longest`.
    package init(first: Interval = .milliseconds(100), longest: Interval = .seconds(5)) {
        precondition(first > .zero && longest >= first, "waits are positive and ordered")
        self.first = first
        self.longest = longest
    }

    /// The next wait.
    package mutating func next(using random: inout SeededRandom) -> Interval {
        let doublings = Int64(min(attempts, Self.doublingsMax))
        let isAtLimit = first.nanoseconds > longest.nanoseconds >> doublings
        let step = isAtLimit ? longest : Interval(nanoseconds: first.nanoseconds << doublings)
        attempts += 1
        return jittered(step, using: &random)
    }

    private func jittered(_ step: Interval, using random: inout SeededRandom) -> Interval {
        let half = Int(step.nanoseconds / 2)
        return Interval(nanoseconds: Int64(random.int(in: half...Int(step.nanoseconds))))
    }

    /// An attempt has succeeded: the next wait is a short one again.
    package mutating func reset() {
        attempts = 0
    }
}
