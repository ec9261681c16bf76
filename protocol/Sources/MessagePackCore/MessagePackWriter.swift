import ByteKit
package import JSONCore

/// Writes MessagePack behind what a buffer holds, byte for byte as notepack.io does: always in the shortest form, doubles
/// that are whole as whole numbers, as JavaScript has no other.
package enum MessagePack {
    /// Appends a value. Infinities and NaN become `null`, as in JSON.
    package static func append(_ value: JSONValue, to packed: inout [UInt8]) {
        switch value {
        case .null: appendNull(to: &packed)
        case .bool(let value): packed.append(value ? 0xC3 : 0xC2)
        case .integer(let value): append(integer: value, to: &packed)
        case .number(let value): append(number: value, to: &packed)
        case .string(let value): append(text: value, to: &packed)
        case .array(let values):
            append(arrayOf: values.count, to: &packed)
            for value in values { append(value, to: &packed) }
        case .object(let object):
            append(mapOf: object.count, to: &packed)
            for member in object.members {
                append(text: member.key, to: &packed)
                append(member.value, to: &packed)
            }
        case .binary(let bytes): append(bytes: bytes, to: &packed)
        }
    }

    /// Appends nil.
    package static func appendNull(to packed: inout [UInt8]) { packed.append(0xC0) }

    /// Appends the head of an array; `count` values are to follow.
    package static func append(arrayOf count: Int, to packed: inout [UInt8]) {
        append(count, fixed: 0x90, below: 16, sixteen: 0xDC, to: &packed)
    }

    /// Appends the head of a map; `count` keys are to follow, each before its value.
    package static func append(mapOf count: Int, to packed: inout [UInt8]) {
        append(count, fixed: 0x80, below: 16, sixteen: 0xDE, to: &packed)
    }

    /// Appends a text, or a key.
    package static func append(text: String, to packed: inout [UInt8]) {
        let count = text.utf8.count
        if count >= 32, count < 256 {
            packed.append(0xD9)
            packed.append(UInt8(count))
        } else {
            append(count, fixed: 0xA0, below: 32, sixteen: 0xDA, to: &packed)
        }
        packed.append(contentsOf: text.utf8)
    }

    /// Appends bytes.
    package static func append(bytes: [UInt8], to packed: inout [UInt8]) {
        if bytes.count < 256 {
            packed.append(0xC4)
            packed.append(UInt8(bytes.count))
        } else {
            append(bytes.count, fixed: 0, below: 0, sixteen: 0xC5, to: &packed)
        }
        packed += bytes
    }

    /// Appends a whole number.
    package static func append(integer value: Int64, to packed: inout [UInt8]) {
        guard value < 0 else { return append(unsigned: UInt64(value), to: &packed) }
        let bits = UInt64(bitPattern: value)
        switch value {
        case (-0x20)...: packed.append(UInt8(truncatingIfNeeded: bits))
        case (-0x80)...: append(0xD0, bits, width: 1, to: &packed)
        case (-0x8000)...: append(0xD1, bits, width: 2, to: &packed)
        case (-0x8000_0000)...: append(0xD2, bits, width: 4, to: &packed)
        default: append(0xD3, bits, width: 8, to: &packed)
        }
    }

    private static func append(unsigned value: UInt64, to packed: inout [UInt8]) {
        switch value {
        case ..<0x80: packed.append(UInt8(value))
        case ..<0x100: append(0xCC, value, width: 1, to: &packed)
        case ..<0x1_0000: append(0xCD, value, width: 2, to: &packed)
        case ..<0x1_0000_0000: append(0xCE, value, width: 4, to: &packed)
        default: append(0xCF, value, width: 8, to: &packed)
        }
    }

    private static func append(number value: Double, to packed: inout [UInt8]) {
        if !value.isFinite {
            appendNull(to: &packed)
        } else if let whole = Int64(exactly: value) {
            append(integer: whole, to: &packed)
        } else if let whole = UInt64(exactly: value) {
            append(unsigned: whole, to: &packed)
        } else {
            append(0xCB, value.bitPattern, width: 8, to: &packed)
        }
    }

    /// Appends a length: within the prefix where it is small, else in two or in four bytes behind it.
    private static func append(
        _ count: Int, fixed: UInt8, below limit: Int, sixteen: UInt8, to packed: inout [UInt8]
    ) {
        precondition(count <= Int(UInt32.max), "MessagePack counts up to 2^32 - 1.")
        if count < limit {
            packed.append(fixed | UInt8(count))
        } else if count < 0x1_0000 {
            append(sixteen, UInt64(count), width: 2, to: &packed)
        } else {
            append(sixteen + 1, UInt64(count), width: 4, to: &packed)
        }
    }

    /// Appends a prefix and the last `width` bytes of `value`, most significant first.
    private static func append(_ prefix: UInt8, _ value: UInt64, width: Int, to packed: inout [UInt8]) {
        packed.append(prefix)
        for shift in stride(from: width * 8 - 8, through: 0, by: -8) {
            packed.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}

extension JSONValue {
    /// This value in MessagePack; see ``MessagePack/append(_:to:)``.
    package var packed: [UInt8] {
        var packed: [UInt8] = []
        MessagePack.append(self, to: &packed)
        return packed
    }
}
