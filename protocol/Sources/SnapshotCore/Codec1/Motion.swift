/// How far a step is carried on: the ticks that a delta spans against those of the step before it
/// (protocol/spec/snapshot.md §9.5).
struct Motion: Sendable {
    /// Beyond this many ticks nothing is expected to go on as it was.
    static let ticksMax = 16

    let mode: CodingMode
    /// A step's part that is added: this many times, divided by the other.
    private let times: Int
    private let divisor: Int
    /// 1 through twice the divisor.
    private let part: Double
    /// How often a rotation is repeated; 0 when a part of it is to be taken.
    let repetitions: Int

    /// - Parameters:
    ///   - ticks: What the delta spans, at least 1.
    ///   - before: What the step before it spans; 0 when there is none.
    init(ticks: UInt32, before: UInt32) {
        let isKnown = before > 0 && (ticks <= Self.ticksMax || ticks == before)
        mode = ticks == before ? .steady : .jump
        times = !isKnown ? 0 : ticks == before ? 1 : Int(ticks)
        divisor = !isKnown || ticks == before ? 1 : Int(before)
        part = 0.5 / Double(divisor)
        repetitions = (times + divisor / 2) / divisor
    }

    /// New entities: what came before them is no step in time, but carried on as if it were one.
    static let row = Motion(mode: .whole)

    private init(mode: CodingMode) {
        self.mode = mode
        (times, divisor, part, repetitions) = (1, 1, 0.5, 0)
    }

    /// How far a step leads in the time of the delta; to the nearest whole number, halves away from zero.
    @inline(__always)
    func carried(_ step: Int) -> Int {
        guard times != divisor else { return step }
        // A division of whole numbers: the half keeps what is near a whole number on its side of it (all is below 2^51).
        let size = Int((Double(Int(step.magnitude) * times * 2 + divisor) + 0.5) * part)
        return step < 0 ? -size : size
    }
}
