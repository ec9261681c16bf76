import Determinism
import GameKit

/// Notices whoever goes on sending far more inputs than the rules' rate: more than ``factor`` times as many in each of two seconds in
/// a row.
///
/// After a halt of the connection all that was sent meanwhile comes at once, within one second; that is no flood.
struct InputFlood {
    /// How many times the rate is too much.
    static let factor = 3
    private static let second = Interval.seconds(1)

    private struct Window {
        var start = Instant.zero
        var count = 0
        /// Whether the second before it held too many.
        var followsFlood = false
    }

    private var windows: [Window]
    private let most: Int
    private let tickRate: Int64

    init(_ rules: Rules) {
        windows = Array(repeating: Window(), count: rules.seats)
        most = Self.factor * rules.inputRate
        tickRate = Int64(rules.tickRate)
    }

    /// Counts an input; whether its sender has been at it for too long.
    ///
    /// - Parameters:
    ///   - now: About the present: when the next step is due, which goes on in a pause, too.
    ///   - step: The time between two steps: where a game's time passes faster, more inputs come.
    mutating func note(_ seat: Int, at now: Instant, step: Interval) -> Bool {
        let length = min(Self.second, Interval(nanoseconds: step.nanoseconds * tickRate))
        if now - windows[seat].start >= length {
            let isNext = now - windows[seat].start < length + length
            windows[seat] = Window(start: now, followsFlood: isNext && windows[seat].count > most)
        }
        windows[seat].count += 1
        return windows[seat].followsFlood && windows[seat].count > most
    }

    /// A seat has a new holder, or its holder a new connection.
    mutating func forget(_ seat: Int) { windows[seat] = Window() }
}
