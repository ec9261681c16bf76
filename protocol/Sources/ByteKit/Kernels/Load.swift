extension Span where Element == UInt8 {
    /// The eight bytes at `offset`, least significant first, in one load.
    ///
    /// - Precondition: they are all there.
    package func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
