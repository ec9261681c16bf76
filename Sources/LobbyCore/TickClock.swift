import Determinism
import GameKit

/// Decides from a monotonic clock how many fixed steps a lobby owes, and how late they are.
///
/// A timer only wakes the loop; this decides. At most ``catchUpMax`` steps are run in one go. Older debt is dropped
/// and counted: trying to run it would make more debt (the "spiral of death").
package struct TickClock: Sendable {
    /// The most steps run in one turn.
    package static let catchUpMax = 3

    /// Steps of lobbies that fall into one of these fall together: many small lobbies share one turn of the loop, instead of having
    /// a timer, a look at all sockets and a cold cache each.
    package static let slot = Interval.milliseconds(1)

    /// The time from one step to the next.
    package private(set) var step: Interval
    /// The length of a step in the game's own time.
    private let gameStep: Interval
    private var timeScale = TimeScale.normal
    /// When the next step is due.
    package private(set) var nextDue: Instant
    /// Steps given up because the lobby was more than ``catchUpMax`` behind.
    package private(set) var dropped: UInt64 = 0

    /// A clock whose first step is due one step after `start`, or up to another step later.
    ///
    /// - Parameters:
    ///   - rate: Steps a second, 1 to 128.
    ///   - place: Decides where in the time of a step this clock's are. However many clocks of a rate there are with places
    ///     from 0 on, and whenever they have started, they share that time out evenly, in whole ``slot``s: each place is the
    ///     golden section of a step after the one before.
    package init(rate: Int, start: Instant, place: UInt64 = 0) {
        gameStep = Interval(nanoseconds: 1_000_000_000 / Int64(rate))
        step = gameStep
        let section: UInt64 = 0x9E37_79B9_7F4A_7C15
        let phase = Int64((place &* section).multipliedFullWidth(by: UInt64(step.nanoseconds)).high)
        let inSlot = phase - phase % Self.slot.nanoseconds
        let soonest = (start + step).nanoseconds
        let wait = (inSlot - soonest % step.nanoseconds + step.nanoseconds) % step.nanoseconds
        nextDue = Instant(nanoseconds: soonest + wait)
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

    /// Owes nothing of the time up to `now`, in which the lobby was asleep. It keeps its place among the others.
    package mutating func restart(at now: Instant) {
        guard now >= nextDue else { return }
        let passed = (now - nextDue).nanoseconds / step.nanoseconds + 1
        nextDue = Instant(nanoseconds: nextDue.nanoseconds + passed * step.nanoseconds)
    }
}
