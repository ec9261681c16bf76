extension Span where Element == UInt32 {
    /// The first index from `start` on at which this and `other` differ; the count where there is none.
    ///
    /// - Precondition: both have the same count, and `start` is not beyond it.
    package func firstDifference(from other: Span<UInt32>, at start: Int) -> Int {
        precondition(count == other.count && start >= 0 && start <= count, "spans of different counts")
        let total = count
        var index = start
        unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                // Sixteen at a time, without looking which: most are equal.
                while index &+ 16 <= total {
                    let at = index &* 4
                    let ours = unsafe left.loadUnaligned(fromByteOffset: at, as: SIMD8<UInt64>.self)
                    let theirs = unsafe right.loadUnaligned(fromByteOffset: at, as: SIMD8<UInt64>.self)
                    let difference = ours ^ theirs
                    let half = difference.lowHalf | difference.highHalf
                    let quarter = half.lowHalf | half.highHalf
                    if quarter.x | quarter.y != 0 { break }
                    index &+= 16
                }
                // Then two at a time, up to those that differ.
                while index &+ 2 <= total {
                    let at = index &* 4
                    let ours = unsafe left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    let theirs = unsafe right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    if ours != theirs { return }
                    index &+= 2
                }
            }
        }
        while index < total, self[index] == other[index] { index &+= 1 }
        return index
    }
}
