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
