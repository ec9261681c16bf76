/// Little- and big-endian integers and varints, read from lent bytes.
///
/// Every reader checks before it subscripts and answers `nil` when the bytes end too early, so that what a
/// peer sent can never trap.
extension Span where Element == UInt8 {
    /// The two bytes at `offset`, most significant first, or nil when they are not all there.
    package func uint16BigEndian(at offset: Int) -> UInt16? {
        guard offset >= 0, count - offset >= 2 else { return nil }
        return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// The four bytes at `offset`, least significant first, or nil when they are not all there.
    package func uint32LittleEndian(at offset: Int) -> UInt32? {
        guard offset >= 0, count - offset >= 4 else { return nil }
        return UInt32(self[offset]) | UInt32(self[offset + 1]) << 8
            | UInt32(self[offset + 2]) << 16 | UInt32(self[offset + 3]) << 24
    }

    /// The varint at `offset`, which moves past it: 7 bits a byte, least significant group first, the top bit
    /// set on all but the last byte (protocol/spec/snapshot.md §2).
    ///
    /// - Returns: nil, with `offset` unchanged, when the bytes end too early, when the value needs more than 64 bits, or
    ///   when it is not in its shortest form: there is one encoding for each value.
    package func varint(at offset: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var position = offset
        while position < count, shift < 64 {
            let byte = self[position]
            position += 1
            let group = UInt64(byte & 0x7F)
            if shift == 63, group > 1 { return nil }
            value |= group << shift
            if byte & 0x80 == 0 {
                if byte == 0, shift > 0 { return nil }
                offset = position
                return value
            }
            shift += 7
        }
        return nil
    }
}

extension [UInt8] {
    /// Appends two bytes, most significant first.
    package mutating func appendBigEndian(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends eight bytes, most significant first.
    package mutating func appendBigEndian(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    /// Appends four bytes, least significant first.
    package mutating func appendLittleEndian(_ value: UInt32) {
        for shift in stride(from: 0, through: 24, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }

    /// Appends eight bytes, least significant first.
    package mutating func appendLittleEndian(_ value: UInt64) {
        appendLittleEndian(UInt32(truncatingIfNeeded: value))
        appendLittleEndian(UInt32(truncatingIfNeeded: value >> 32))
    }

    /// Appends a varint in its shortest form (protocol/spec/snapshot.md §2).
    package mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a whole number in decimal.
    package mutating func appendDecimal(_ value: Int) {
        append(contentsOf: String(value).utf8)
    }
}
