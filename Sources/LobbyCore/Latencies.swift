import Determinism
import GameKit

/// Measures how long the way to each player is, about once a second: from inputs that name a snapshot for the first time.
struct Latencies {
    private struct Measure {
        /// The newest snapshot that was measured by.
        var seen: UInt32 = 0
        /// The tick from which on the next is looked at.
        var due: UInt32 = 0
        /// In milliseconds, smoothed; nil before the first.
        var smooth: (roundTrip: Double, clockOffset: Double)?
        /// What the game was told last.
        var told: Latency?
    }

    /// How much a new measurement counts beside those before.
    private static let weight = 0.25

    private var measures: [Measure]
    private let ticksBetween: UInt32

    init(_ rules: Rules) {
        measures = Array(repeating: Measure(), count: rules.seats)
        ticksBetween = UInt32(rules.tickRate)
    }

    /// Whether an input whose sender has seen that snapshot is to be measured.
    func isDue(_ seat: Int, seen: UInt32, tick: UInt32) -> Bool {
        seen > measures[seat].seen && seen <= tick && tick >= measures[seat].due
    }

    /// Takes a measurement of an input that has just come.
    ///
    /// - Parameters:
    ///   - ahead: How many ticks after the last step's the input is meant for.
    ///   - sinceStep: How long ago that step was due.
    ///   - step: The time between two.
    /// - Returns: How old the snapshot is by now, and what the game is to be told; nil where it knows.
    mutating func measure(
        _ seat: Int, seen: UInt32, tick: UInt32, ahead: Int, sinceStep: Interval, step: Interval
    ) -> (age: Interval, latency: Latency?) {
        let (step, since) = (Double(step.nanoseconds) / 1e6, Double(max(0, sinceStep.nanoseconds)) / 1e6)
        let roundTrip = Double(tick - seen) * step + since
        var smooth = measures[seat].smooth ?? (roundTrip, 0)
        smooth.roundTrip += (roundTrip - smooth.roundTrip) * Self.weight
        // Half a round trip ago the lobby was not as far, and the client had got to the tick that the input is for.
        let offset = Double(ahead) * step - since + smooth.roundTrip / 2
        if measures[seat].smooth == nil { smooth.clockOffset = offset }
        smooth.clockOffset += (offset - smooth.clockOffset) * Self.weight
        let latency = Latency(
            roundTrip: Int(smooth.roundTrip.rounded()), clockOffset: Int(smooth.clockOffset.rounded()))
        let isNew = latency != measures[seat].told
        measures[seat] = Measure(seen: seen, due: tick + ticksBetween, smooth: smooth, told: latency)
        return (Interval(nanoseconds: Int64(roundTrip * 1e6)), isNew ? latency : nil)
    }

    /// How long the way to a seat's player and back is, in milliseconds, smoothed; nil before it was measured.
    func roundTrip(of seat: Int) -> Double? { measures[seat].smooth?.roundTrip }

    /// Forgets all about a seat: it has another holder, or another connection.
    mutating func forget(_ seat: Int) { measures[seat] = Measure() }
}

extension Lobby {
    /// Whether an input of a player's, whose sender has seen that snapshot, is one to measure the way to the player by.
    package func isLatencyDue(_ seat: Int, seen: UInt32) -> Bool { latencies.isDue(seat, seen: seen, tick: tick) }

    /// How long the way to a player and back is, in milliseconds, what its client keeps waiting included; nil where nothing says so.
    package func roundTripMilliseconds(of seat: Int) -> Double? { latencies.roundTrip(of: seat) }

    /// Measures the way to a player by an input that has just come, and tells the game.
    ///
    /// - Parameter meant: The tick that it is meant for.
    /// - Returns: How long ago the step was due that the snapshot shows.
    @discardableResult
    package func measureLatency(_ seat: Int, seen: UInt32, meant: UInt32, at now: Instant) -> Interval {
        let sinceStep = now - (clock.nextDue - clock.step)
        let (age, latency) = latencies.measure(
            seat, seen: seen, tick: tick, ahead: Int(meant) - Int(tick), sinceStep: sinceStep, step: clock.step)
        if let latency { tell(latency, of: seat) }
        return age
    }
}
