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
    private static var least: SIMD4<Int32> { SIMD4(repeating: -16_383) }
    private static var most: SIMD4<Int32> { SIMD4(repeating: 16_383) }

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

    /// The rotation after this one, when the one before it was `before`: its mirror image.
    ///
    /// - Parameter unit: 1 through ``square(bits:)``.
    @inline(__always)
    func mirrored(_ before: Quaternion, bits: Int, unit: Double) -> Quaternion {
        let part = Int64(dot(before)) << 17 + Int64(Self.square(bits: bits) / 2)
        // A division of whole numbers: the half keeps what is near a whole number on its side of it (|part| is below 2^51).
        let quotient = (Double(part) + (part < 0 ? -0.5 : 0.5)) * unit
        let factor = Int32(min(max(quotient, -0x1p17), 0x1p17))
        let mirrored = (parts &* factor &+ 32_768) &>> 16 &- before.parts
        return Quaternion(mirrored.clamped(lowerBound: Self.least, upperBound: Self.most))
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
