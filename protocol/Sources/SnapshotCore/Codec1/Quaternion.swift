/// A rotation in whole numbers: x, y, z, w, of length √2 · (2^bits - 1) (protocol/spec/snapshot.md §9.6).
///
/// Everything here is exact in 53 bits, so that any language gets the same; the one square root is that of IEEE 754.
struct Quaternion: Sendable {
    static var scale: Int32 { 8 }

    /// The squared length.
    @inline(__always)
    static func square(bits: Int) -> Int32 {
        let maximum = (Int32(1) << Int32(bits) - 1) * scale
        return 2 * maximum * maximum
    }

    /// Numbers that are no rotations, which a peer may send, stay where 32 bits are enough.
    private static var least: Int { -16_383 }
    private static var most: Int { 16_383 }

    var parts: SIMD4<Int32>

    @inline(__always)
    init(_ parts: SIMD4<Int32>) { self.parts = parts }

    /// The rotation that a field's value stands for.
    @inline(__always)
    init(_ value: UInt32, bits: Int) {
        let packed = PackedQuaternion(value, bits: bits)
        let maximum = Int32(1) << Int32(bits) - 1
        let small = (packed.components &* 2 &- SIMD4(repeating: maximum)) &* Self.scale
        let rest = Self.square(bits: bits) - small.x * small.x - small.y * small.y - small.z * small.z
        let largest = Int32((Double(max(rest, 0)).squareRoot() + 0.5))
        switch packed.largest {
        case 0: parts = SIMD4(largest, small.x, small.y, small.z)
        case 1: parts = SIMD4(small.x, largest, small.y, small.z)
        case 2: parts = SIMD4(small.x, small.y, largest, small.z)
        default: parts = SIMD4(small.x, small.y, small.z, largest)
        }
    }

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
        let square = Double(Self.square(bits: bits))
        // A division of whole numbers: the half keeps what is near a whole number on its side of it (all is below 2^45).
        let cosine = min(Int((Double(dot(before)) * 0x1p17 + square / 2 + 0.5) / square), 1 << 17)
        var (ours, theirs) = (cosine, 1 << 16)
        for _ in 1..<times { (ours, theirs) = ((cosine * ours + 32_768) >> 16 - theirs, ours) }
        var turned = SIMD4<Int32>()
        for part in 0..<4 {
            let sum = (ours * Int(parts[part]) - theirs * Int(before.parts[part]) + 32_768) >> 16
            turned[part] = Int32(truncatingIfNeeded: min(max(sum, Self.least), Self.most))
        }
        return Quaternion(turned)
    }
}

/// A quaternion as a field holds it: which component is left out, and the other three.
struct PackedQuaternion {
    var largest: Int
    /// In x, y, z; w is nothing.
    var components: SIMD4<Int32>

    @inline(__always)
    init(_ value: UInt32, bits: Int) {
        let width = UInt32(bits)
        let mask: UInt32 = 1 << width - 1
        largest = Int(value >> (3 * width))
        components = SIMD4(
            Int32(value >> (2 * width) & mask), Int32(value >> width & mask), Int32(value & mask), 0)
    }
}
