import Determinism

/// Lets a line about what peers do wrong into the log once a minute for each kind, so that no peer can fill the disk.
struct LogGate {
    /// How many kinds are told apart. While all of them are held back, lines of another kind are left out.
    static let kindsMax = 16
    private static let wait = Interval.seconds(60)

    private struct Kind {
        var text: String
        /// Until when lines are held back.
        var until: Instant
        var heldBack: Int
    }

    private var kinds: [Kind] = []

    /// Whether a line of that kind may be logged now.
    ///
    /// - Returns: How many of the kind were left out since the last that was logged; nil if this one is left out too.
    mutating func pass(_ text: String, at now: Instant) -> Int? {
        if let index = kinds.firstIndex(where: { $0.text == text }) {
            guard now >= kinds[index].until else {
                kinds[index].heldBack += 1
                return nil
            }
            let heldBack = kinds[index].heldBack
            kinds[index] = Kind(text: text, until: now + Self.wait, heldBack: 0)
            return heldBack
        }
        if kinds.count == Self.kindsMax {
            guard let index = kinds.firstIndex(where: { $0.until <= now }) else { return nil }
            kinds.remove(at: index)
        }
        kinds.append(Kind(text: text, until: now + Self.wait, heldBack: 0))
        return 0
    }
}
