/// `bytes` cut into pieces whose lengths are `sizes` over and over; in one piece where there are none.
///
/// A size of 0 counts as 1, so that every list of bytes is a way to cut.
package func pieces(of bytes: [UInt8], sizes: [Int]) -> [[UInt8]] {
    guard !sizes.isEmpty else { return [bytes] }
    var pieces: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + max(1, sizes[pieces.count % sizes.count]))
        pieces.append(Array(bytes[start..<end]))
        start = end
    }
    return pieces
}

/// Takes settings from the front of a fuzzer's input; zeros once it is used up.
package struct Settings {
    /// What has not been taken.
    package private(set) var rest: ArraySlice<UInt8>

    /// The settings of one input.
    package init(_ input: [UInt8]) {
        rest = input[...]
    }

    /// One byte.
    package mutating func byte() -> Int {
        rest.popFirst().map(Int.init) ?? 0
    }

    /// That many bytes, or as many as are left.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        let bytes = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return bytes
    }

    /// Up to seven sizes of pieces, mostly small.
    package mutating func sizes() -> [Int] {
        let count = byte() & 7
        return (0..<count).map { _ in byte() }
    }
}
