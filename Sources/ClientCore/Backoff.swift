import Determinism

/// How long to wait before the next attempt: twice as long each time, up to a limit, and never the same for two
/// clients.
///
/// A wait is drawn from around its step, also at the limit: clients that lost their server together must not come back
/// together, however long it was away.
package struct Backoff: Sendable {
    /// More doublings than any pair of waits has between them; a shift by more would be no shift.
    private static let doublingsMax = 62

    private let first: Interval
    private let longest: Interval
    private let jitter: Double
    /// How many waits have been drawn since the last reset.
    package private(set) var attempts = 0

    /// Waits from `first` on, at most `longest`.
    ///
    /// - Parameter jitter: How much of its step a wait may be shorter or longer, 0 to 1; none is longer than `longest`.
    package init(first: Interval = .milliseconds(100), longest: Interval = .seconds(5), jitter: Double = 0.5) {
        precondition(first > .zero && longest >= first, "waits are positive and ordered")
        precondition((0...1).contains(jitter), "jitter is a part of the wait")
        self.first = first
        self.longest = longest
        self.jitter = jitter
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
        let deviation = Int64(Double(step.nanoseconds) * jitter)
        let shortest = max(1, step.nanoseconds - deviation)
        let above = longest.nanoseconds - step.nanoseconds
        return Interval(
            nanoseconds: Int64(random.int(in: Int(shortest)...Int(step.nanoseconds + min(deviation, above)))))
    }

    /// An attempt has succeeded: the next wait is a short one again.
    package mutating func reset() {
        attempts = 0
    }
}
