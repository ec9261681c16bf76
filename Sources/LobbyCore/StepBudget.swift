import Determinism

/// Watches how much of its loop's time a lobby takes, and says when that is too much.
///
/// Time is taken in shares of the time between two steps: 1 is a whole core. What counts is the mean of about the last
/// second, so that one slow step, or a pause of the machine, means nothing.
package struct StepBudget: Sendable {
    /// What a lobby may do.
    package enum Verdict: Sendable, Equatable {
        /// All that it is meant to.
        case whole
        /// It takes too much: every second snapshot is left out.
        case degraded
        /// It has gone on taking too much, and is to be closed, before others suffer.
        case exhausted
    }

    /// How long a lobby may take too much before it is degraded, and how little it must take for as long to be whole again.
    package static let patience = Interval.seconds(2)
    /// How long a degraded lobby may go on taking too much.
    package static let degradedPatience = Interval.seconds(8)
    /// Where a lobby is whole again, as a part of the budget.
    private static let relief = 0.8
    /// One turn counts as no more than this: a pause of the machine is not the lobby's.
    private static let shareMax = 2.0

    private let budget: Double
    private let step: Interval
    /// How much the newest turn counts.
    private let weight: Double
    /// The mean share of late.
    package private(set) var share = 0.0
    package private(set) var verdict = Verdict.whole
    /// Since when the share has been on the other side of what the verdict says.
    private var since: Instant?

    /// A budget for a lobby of that rate.
    ///
    /// - Parameter budget: The share that it may take, above 0.
    package init(_ budget: Double, rate: Int) {
        precondition(budget > 0, "a budget is above 0")
        self.budget = budget
        step = Interval(nanoseconds: 1_000_000_000 / Int64(rate))
        weight = 1 / Double(max(8, rate))
    }

    /// Notes that a turn of `steps` steps, snapshot and sending included, has taken so long.
    ///
    /// - Returns: the verdict, where it has changed.
    package mutating func note(_ cost: Interval, steps: Int, at now: Instant) -> Verdict? {
        let taken = Double(cost.nanoseconds) / Double(step.nanoseconds * Int64(max(1, steps)))
        for _ in 0..<max(1, steps) { share += (min(taken, Self.shareMax) - share) * weight }
        let isAgainst = verdict == .whole ? share > budget : share < budget * Self.relief
        let isWorse = verdict == .degraded && share > budget
        guard isAgainst || isWorse else {
            since = nil
            return nil
        }
        guard let since else {
            self.since = now
            return nil
        }
        let next: Verdict = verdict == .whole ? .degraded : isWorse ? .exhausted : .whole
        guard now - since >= (next == .exhausted ? Self.degradedPatience : Self.patience) else { return nil }
        verdict = next
        self.since = nil
        return next
    }
}
