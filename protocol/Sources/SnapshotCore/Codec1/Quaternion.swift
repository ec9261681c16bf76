/// A rotation in whole numbers: x, y, z, w, of length √2 · (2^bits - 1) (protocol/spec/snapshot.md §9.6).
///
/// Everything here is exact in 48 bits, so that any language gets the same, and nothing overflows; the one square root is that of
/// IEEE 754.
struct Quaternion: Sendable {
    static var scale: Int32 { 8 }

    /// The squared length.
    @inline(__always)
    static func square(bits: Int) -> Int32 {
        let maximum = (1 &<< Int32(truncatingIfNeeded: bits) &- 1) &* scale
        return 2 &* maximum &* maximum
    }

    /// Numbers that are no rotations, which a peer may send, stay where 32 bits are enough.
    private static var least: SIMD4<Int32> { SIMD4(repeating: -16_383) }
    private static var most: SIMD4<Int32> { SIMD4(repeating: 16_383) }

    var parts: SIMD4<Int32>

    @inline(__always)
    init(_ parts: SIMD4<Int32>) { self.parts = parts }

    /// The rotation that a field's value stands for.
    @inline(__always)
    init(_ value: UInt32, bits: Int) {
        let packed = PackedQuaternion(value, bits: bits)
        let maximum = 1 &<< Int32(truncatingIfNeeded: bits) &- 1
        let small = (packed.components &* 2 &- SIMD4(repeating: maximum)) &* Self.scale
        let rest = Self.square(bits: bits) &- small.x &* small.x &- small.y &* small.y &- small.z &* small.z
        let largest = Int32(truncatingIfNeeded: Double(max(rest, 0)).squareRoot().nearest)
        // Which component it is nobody can foretell: no branch asks.
        let (place, x, y, z) = (packed.largest, small.x, small.y, small.z)
        parts = SIMD4(
            place == 0 ? largest : x, place == 1 ? largest : place < 1 ? x : y,
            place == 2 ? largest : place < 2 ? y : z, place == 3 ? largest : z)
    }

    /// The index of each component.
    @inline(__always)
    static var places: SIMD4<Int32> { SIMD4(0, 1, 2, 3) }

    @inline(__always)
    func dot(_ other: Quaternion) -> Int32 { (parts &* other.parts).wrappedSum() }

    /// Where a rotation leads that came from `before` in the step before, when that step is taken so many times more.
    ///
    /// Each rotation is 2 cos · the one before it - the one before that, cos being the cosine of half the angle between two: all
    /// of them are sums of the first two, by factors that follow each other in the same way.
    ///
    /// - Parameter times: 1 through 16.
    @inline(__always)
    func turned(from before: Quaternion, times: Int, bits: Int) -> Quaternion {
        // A division of whole numbers, to the nearest: its halves are odd multiples of an odd number, which no product is.
        let product = Int(dot(before))
        let sign = product >> (Int.bitWidth - 1)
        let part = 0x1p17 / Double(Self.square(bits: bits))
        let cosine = min((Double((product ^ sign) &- sign) * part).nearest, 1 << 17)
        var (ours, theirs) = (cosine, 1 << 16)
        for _ in 1..<times { (ours, theirs) = ((cosine &* ours &+ 32_768) >> 16 &- theirs, ours) }
        // Of the two signs that stand for one rotation the one before has that which is nearer.
        theirs = (theirs ^ sign) &- sign
        // Both halves of each factor by themselves, so that 32 bits are enough: the factors are below 2^21, components below 2^14.
        let high = sum(of: before, ours >> 8, theirs >> 8)
        let low = sum(of: before, ours & 255, theirs & 255)
        let turned = (high &+ (low &+ 32_768) &>> 8) &>> 8
        return Quaternion(turned.clamped(lowerBound: Self.least, upperBound: Self.most))
    }

    /// So many times this, less so many times the one before it.
    @inline(__always)
    private func sum(of before: Quaternion, _ ours: Int, _ theirs: Int) -> SIMD4<Int32> {
        Int32(truncatingIfNeeded: ours) &* parts &- Int32(truncatingIfNeeded: theirs) &* before.parts
    }
}

/// A quaternion as a field holds it: which component is left out, and the other three.
struct PackedQuaternion {
    var largest: Int
    /// In x, y, z; w is nothing.
    var components: SIMD4<Int32>

    @inline(__always)
    init(_ value: UInt32, bits: Int) {
        let width = UInt32(truncatingIfNeeded: bits)
        let mask: UInt32 = 1 &<< width &- 1
        largest = Int(value &>> (3 &* width))
        components = SIMD4(
            Int32(truncatingIfNeeded: value &>> (2 &* width) & mask), Int32(truncatingIfNeeded: value &>> width & mask),
            Int32(truncatingIfNeeded: value & mask), 0)
    }
}
