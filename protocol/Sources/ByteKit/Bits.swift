/// Packs values of 0 to 32 bits, first value in the least significant bits of the first byte
/// (protocol/spec/snapshot.md §2).
package struct BitWriter {
    /// The bytes so far, without those that are pending.
    private var bytes: [UInt8]
    /// The last bits, fewer than 64: the array is looked at once in eight bytes.
    @usableFromInline var pending: UInt64 = 0
    @usableFromInline var pendingBits: UInt64 = 0

    /// Starts after `bytes`, which stay as they are. An array that nobody else holds keeps its memory.
    package init(appendingTo bytes: consuming [UInt8] = []) {
        self.bytes = bytes
    }

    /// Appends the low `width` bits of `value`; the bits above must be zero. `width` is 0 to 32.
    @inlinable package mutating func write(_ value: UInt32, width: Int) {
        assert(width == 32 || value >> UInt32(width) == 0, "a value wider than its field")
        let before = pendingBits
        pending |= UInt64(value) &<< before
        pendingBits &+= UInt64(width)
        guard pendingBits >= 64 else { return }
        appendPending()
        // What did not fit: of at most 32 bits at least one did, so the shift is less than 64.
        pending = UInt64(value) &>> (64 &- before)
        pendingBits &-= 64
    }

    /// Appends one bit.
    @inlinable package mutating func write(_ bit: Bool) {
        write(bit ? 1 : 0, width: 1)
    }

    @usableFromInline mutating func appendPending() {
        bytes.appendWord(pending)
    }

    /// Fills the last byte with zero bits and returns all bytes.
    package consuming func finish() -> [UInt8] {
        for shift in stride(from: 0, to: pendingBits, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: pending >> shift))
        }
        return bytes
    }
}

/// Reads what ``BitWriter`` packed, from bytes that are lent at each call.
package struct BitReader {
    /// The next bit to read, counted from the start of the bytes.
    package private(set) var position: Int

    /// Starts at a byte offset.
    package init(at byteOffset: Int = 0) {
        position = byteOffset * 8
    }

    /// The next `width` bits (0 to 32), or nil when fewer are left.
    package mutating func read(width: Int, from bytes: Span<UInt8>) -> UInt32? {
        guard position >= 0, width <= bytes.count * 8 - position else { return nil }
        let index = position >> 3
        let skip = position & 7
        // The value lies in the next five bytes at most: one load has it, but near the end of the bytes.
        let word = index + 8 <= bytes.count ? bytes.word(at: index) : Self.lastWord(of: bytes, at: index)
        position += width
        let mask: UInt64 = (1 << UInt64(width)) - 1
        return UInt32(truncatingIfNeeded: (word >> UInt64(skip)) & mask)
    }

    private static func lastWord(of bytes: Span<UInt8>, at index: Int) -> UInt64 {
        var word: UInt64 = 0
        for at in stride(from: bytes.count - 1, through: index, by: -1) { word = word << 8 | UInt64(bytes[at]) }
        return word
    }

    /// The next bit, or nil at the end.
    package mutating func readBit(from bytes: Span<UInt8>) -> Bool? {
        read(width: 1, from: bytes).map { $0 == 1 }
    }

    /// The offset of the first byte not yet begun.
    package var byteOffset: Int { (position + 7) >> 3 }

    /// Whether the bits left in the last begun byte are all zero, as ``BitWriter/finish()`` leaves them.
    package func paddingIsZero(in bytes: Span<UInt8>) -> Bool {
        let used = position & 7
        guard used > 0 else { return true }
        let index = position >> 3
        return index < bytes.count && bytes[index] >> UInt8(used) == 0
    }
}
