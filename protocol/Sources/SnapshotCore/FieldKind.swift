/// What a replicated field or an input field can hold, and so how it is quantised (protocol/spec/snapshot.md §3.1).
public enum FieldKind: Sendable, Hashable {
    /// True or false, in one bit.
    case bool
    /// A whole number in a range of at most 2³² values; bounds within ±2⁵³.
    case int(ClosedRange<Int>)
    /// A number in a range, rounded to the nearest multiple of `step` above the lower bound.
    ///
    /// The range is a whole number of steps, at most 2³² − 1; a step is at least 10⁻⁹ and bounds are within ±2⁵³.
    case fixed(ClosedRange<Double>, step: Double)
    /// An angle in radians that wraps at 2π, in 2 to the power of `bits` (1 to 24) directions.
    case angle(bits: Int)
    /// One of that many alternatives (1 to 65,536), numbered from 0.
    case enumeration(Int)
    /// A rotation: which of x, y, z, w has the largest magnitude, and the other three in `bits` (2 to 10) bits each.
    case quaternion(bits: Int)
    /// Which entity of the table with that name: its id, or -1 for none.
    case entity(of: String)

    /// Why no such field can exist, or nil when it can.
    package var problem: String? {
        let farthest = 0x1p53
        switch self {
        case .bool:
            return nil
        case .int(let range):
            guard Double(range.lowerBound) >= -farthest, Double(range.upperBound) <= farthest else {
                return "its bounds are beyond 2^53"
            }
            return range.upperBound - range.lowerBound <= Int(UInt32.max) ? nil : "its range is wider than 2^32 values"
        case .fixed(let range, let step):
            guard range.lowerBound >= -farthest, range.upperBound <= farthest else {
                return "its bounds are beyond 2^53"
            }
            guard step >= 1e-9, step <= farthest else { return "its step is not between 1e-9 and 2^53" }
            let steps = (range.upperBound - range.lowerBound) / step
            guard steps <= Double(UInt32.max) else { return "its range has more than 2^32 - 1 steps" }
            let whole = Double(UInt32(min(steps + 0.5, Double(UInt32.max))))
            return (steps - whole).magnitude <= 1e-6 ? nil : "its range is not a whole number of steps"
        case .angle(let bits):
            return (1...24).contains(bits) ? nil : "its bits are not 1 to 24"
        case .enumeration(let count):
            return (1...65_536).contains(count) ? nil : "its alternatives are not 1 to 65,536"
        case .quaternion(let bits):
            return (2...10).contains(bits) ? nil : "its bits are not 2 to 10"
        case .entity:
            return nil
        }
    }
}

/// A field kind made ready for use: turns numbers into quantised values and back (protocol/spec/snapshot.md §3.1).
///
/// A number here is the field's value as a `Double`: 0 or 1 for a bool, the ordinal for an enumeration, radians for an
/// angle.
@usableFromInline package struct Quantiser: Sendable, Equatable {
    /// The largest quantised value; the smallest is 0.
    @usableFromInline package let maximum: UInt32
    /// How many bits hold a quantised value, 0 to 32.
    @usableFromInline package let width: Int
    @usableFromInline let origin: Double
    @usableFromInline let step: Double
    @usableFromInline let wraps: Bool
    @usableFromInline let isWhole: Bool

    /// - Precondition: `kind` has no problem.
    package init(_ kind: FieldKind) {
        switch kind {
        case .bool:
            (maximum, origin, step, wraps, isWhole) = (1, 0, 1, false, true)
        case .int(let range):
            let last = UInt32(range.upperBound - range.lowerBound)
            (maximum, origin, step, wraps, isWhole) = (last, Double(range.lowerBound), 1, false, true)
        case .fixed(let range, let step):
            let steps = (range.upperBound - range.lowerBound) / step
            let last = UInt32(min(steps + 0.5, Double(UInt32.max)))
            (maximum, origin, self.step, wraps, isWhole) = (last, range.lowerBound, step, false, false)
        case .angle(let bits):
            let count = UInt32(1) << UInt32(bits)
            (maximum, origin, step, wraps, isWhole) = (count - 1, 0, 2 * Double.pi / Double(count), true, false)
        case .enumeration(let count):
            (maximum, origin, step, wraps, isWhole) = (UInt32(count - 1), 0, 1, false, true)
        case .quaternion(let bits):
            let last = UInt32(truncatingIfNeeded: (UInt64(4) << UInt64(3 * bits)) - 1)
            (maximum, origin, step, wraps, isWhole) = (last, 0, 1, false, true)
        case .entity:
            (maximum, origin, step, wraps, isWhole) = (65_536, -1, 1, false, true)
        }
        width = UInt32.bitWidth - maximum.leadingZeroBitCount
    }

    /// The nearest quantised value; numbers outside the range give its nearest end, NaN the lower one.
    @inlinable package func quantise(_ number: Double) -> UInt32 {
        if wraps {
            let steps = Self.fraction(of: number / (2 * Double.pi)) * (Double(maximum) + 1) + 0.5
            return UInt32(steps) & maximum
        }
        let steps = (number - origin) / step + 0.5
        guard steps >= 1 else { return 0 }
        return steps < Double(maximum) ? UInt32(steps) : maximum
    }

    /// The quantised value of a number that must be in range, and whole where the kind is; nil when it is not.
    package func quantise(refusing number: Double) -> UInt32? {
        guard number.isFinite else { return nil }
        if wraps { return quantise(number) }
        let steps = (number - origin) / step
        guard steps >= 0, steps <= Double(maximum) else { return nil }
        if isWhole, steps != Double(UInt32(steps)) { return nil }
        return quantise(number)
    }

    /// What is left of turns without the whole ones, 0 to 1; 0 when there is no such number.
    ///
    /// Conversions to integers truncate, so nothing here needs `floor`, for which some builds call the C library.
    @inlinable static func fraction(of turns: Double) -> Double {
        guard turns.magnitude < 0x1p53 else { return 0 }
        let rest = turns - Double(Int64(turns))
        return rest < 0 ? rest + 1 : rest
    }

    /// The number that a quantised value stands for.
    @inlinable package func number(of value: UInt32) -> Double {
        origin + Double(value) * step
    }
}
