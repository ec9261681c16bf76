import ByteKit
internal import JSONCore

/// Extensions: what MessagePack itself has no type for.
extension MessagePackReader {
    /// Reads on behind the prefix of an extension; nil for JavaScript's undefined.
    mutating func extended(
        _ prefix: UInt8, _ bytes: Span<UInt8>, _ start: Int
    ) throws(MessagePackError) -> JSONValue? {
        let isFixed = prefix >= 0xD4
        let length = isFixed ? 1 << Int(prefix - 0xD4) : try count(ofBytes: 1 << Int(prefix - 0xC7), bytes)
        let type = Int8(truncatingIfNeeded: try bigEndian(1, bytes))
        guard length <= bytes.count - offset else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        switch (type, length) {
        // notepack.io 2, which tells these apart by their prefix: bytes have a length even where it is 1 or 8.
        case (0, _) where !isFixed: return .binary(try take(length, bytes))
        case (0, 1):
            offset += 1
            return nil
        case (0, 8): return .date(milliseconds: Int64(bitPattern: try bigEndian(8, bytes)))
        // MessagePack's specification, “Timestamp extension type”.
        case (-1, 4): return Self.date(seconds: Int64(try bigEndian(4, bytes)), nanoseconds: 0)
        case (-1, 8):
            let packed = try bigEndian(8, bytes)
            return Self.date(seconds: Int64(packed & (1 << 34 - 1)), nanoseconds: packed >> 34)
        case (-1, 12):
            let nanoseconds = try bigEndian(4, bytes)
            return Self.date(seconds: Int64(bitPattern: try bigEndian(8, bytes)), nanoseconds: nanoseconds)
        default: throw MessagePackError(.unknownExtension, at: start)
        }
    }

    private static func date(seconds: Int64, nanoseconds: UInt64) -> JSONValue {
        let limit = JSONValue.datesMax / 1000
        guard nanoseconds < 1_000_000_000, (-limit - 1...limit).contains(seconds) else { return .null }
        return .date(milliseconds: seconds * 1000 + Int64(nanoseconds / 1_000_000))
    }
}
