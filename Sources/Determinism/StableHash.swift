/// A 64-bit FNV-1a hash: the same for the same bytes on every machine, run and build, unlike `Hasher`.
///
/// For traces, schema fingerprints and seeds derived from names; not for secrets.
public struct StableHash: Sendable {
    /// The hash of everything fed so far.
    public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The hash of nothing.
    public init() {}

    /// Feeds one byte.
    public mutating func feed(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    /// Feeds the eight bytes of a word, least significant first.
    public mutating func feed(_ word: UInt64) {
        for shift in stride(from: 0, through: 56, by: 8) {
            feed(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
    }

    /// Feeds bytes in order.
    public mutating func feed(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { feed(byte) }
    }
}

/// A 64-bit hash over whole words: an eighth of the steps that ``StableHash`` takes, and as stable. For what is hashed
/// all the time and compared with nothing but itself, like the trace of a simulated world.
public struct WordHash: Sendable {
    /// The hash of everything fed so far.
    public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The hash of nothing.
    public init() {}

    /// Feeds one word.
    public mutating func feed(_ word: UInt64) {
        value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
        // A product's low bits know nothing of the word's high ones.
        value ^= value >> 32
    }
}
