import Determinism
import GameKit

/// Decides from a monotonic clock how many fixed steps a lobby owes, and how late they are.
///
/// A timer only wakes the loop; this decides. At most ``catchUpMax`` steps are run in one go. Older debt is dropped
/// and counted: trying to run it would make more debt (the "spiral of death").
package struct TickClock: Sendable {
    /// The most steps run in one turn.
    package static let catchUpMax = 3

    /// The time from one step to the next.
    package private(set) var step: Interval
    /// The length of a step in the game's own time.
    private let gameStep: Interval
    private var timeScale = TimeScale.normal
    /// When the next step is due.
    package private(set) var nextDue: Instant
    /// Steps given up because the lobby was more than ``catchUpMax`` behind.
    package private(set) var dropped: UInt64 = 0

    /// A clock whose first step is due one step after `start`.
    ///
    /// - Parameter rate: Steps a second, 1 to 128.
    package init(rate: Int, start: Instant) {
        gameStep = Interval(nanoseconds: 1_000_000_000 / Int64(rate))
        step = gameStep
        nextDue = start + step
    }

    /// Takes the next step that is due at `now`.
    ///
    /// - Parameter taken: How many steps this turn has taken already.
    /// - Returns: How late the step is, or nil when none is due, or when this turn has taken its share: then what is
    ///   still owed is dropped.
    package mutating func takeStep(at now: Instant, taken: Int) -> Interval? {
        guard now >= nextDue else { return nil }
        guard taken < Self.catchUpMax else {
            let owed = (now - nextDue).nanoseconds / step.nanoseconds + 1
            dropped += UInt64(owed)
            nextDue = Instant(nanoseconds: nextDue.nanoseconds + owed * step.nanoseconds)
            return nil
        }
        let late = now - nextDue
        nextDue = nextDue + step
        return late
    }

    /// Whether a turn that has taken so many steps is to take another.
    package func owesStep(at now: Instant, taken: Int) -> Bool { taken < Self.catchUpMax && now >= nextDue }

    /// Runs steps more or less often from the one after the next on.
    package mutating func scale(_ scale: TimeScale) {
        guard scale != timeScale else { return }
        timeScale = scale
        step = Interval(nanoseconds: gameStep.nanoseconds * Int64(scale.denominator) / Int64(scale.numerator))
    }

    /// Starts counting anew at `now`, owing nothing: after the lobby was asleep.
    package mutating func restart(at now: Instant) {
        nextDue = now + step
    }
}
