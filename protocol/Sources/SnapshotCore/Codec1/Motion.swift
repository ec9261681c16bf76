/// How far a step is carried on: the ticks that a delta spans against those of the step before it
/// (protocol/spec/snapshot.md §9.5).
struct Motion: Sendable {
    /// Beyond this many ticks nothing is expected to go on as it was.
    static let ticksMax = 16

    let mode: CodingMode
    /// Whether a step is taken as it is. Otherwise it is taken some times and divided; here four times as often, twice the divisor
    /// and one more, and 1 through four times the divisor.
    private let isWhole: Bool
    private let times: Int
    private let rounding: Int
    private let part: Double
    /// How often a rotation is repeated; 0 when a part of it is to be taken.
    let repetitions: Int

    /// - Parameters:
    ///   - ticks: What the delta spans, at least 1.
    ///   - before: What the step before it spans; 0 when there is none.
    init(ticks: UInt32, before: UInt32) {
        let isKnown = before > 0 && (ticks <= Self.ticksMax || ticks == before)
        mode = ticks == before ? .steady : .jump
        let times = !isKnown ? 0 : ticks == before ? 1 : Int(ticks)
        let divisor = !isKnown || ticks == before ? 1 : Int(before)
        isWhole = times == divisor
        (self.times, rounding, part) = (4 * times, 2 * divisor + 1, 0.25 / Double(divisor))
        repetitions = (times + divisor / 2) / divisor
    }

    /// New entities: what came before them is no step in time, but carried on as if it were one.
    static let row = Motion(mode: .whole)

    private init(mode: CodingMode) {
        self.mode = mode
        (isWhole, times, rounding, part, repetitions) = (true, 4, 3, 0.25, 0)
    }

    /// How far a step leads in the time of the delta; to the nearest whole number, halves away from zero.
    @inline(__always)
    func carried(_ step: Int) -> Int {
        guard !isWhole else { return step }
        // A division of whole numbers, each twice as large and one more: none is on the border of two (all is below 2^50).
        let sign = step >> (Int.bitWidth - 1)
        let size = (Double(((step ^ sign) &- sign) &* times &+ rounding) * part - 0.5).nearest
        return (size ^ sign) &- sign
    }
}

extension Double {
    /// The nearest whole number to one within ±2^50, by which side of a half it is on; what is no such number gives any.
    ///
    /// Beside 1.5 · 2^52 there are only whole numbers. Unlike a conversion this has nothing to check.
    @inline(__always)
    var nearest: Int {
        let shift = 0x1.8p52
        return Int(truncatingIfNeeded: (self + shift).bitPattern &- shift.bitPattern)
    }
}
