/// Checks UTF-8 as it arrives in pieces, and fails at the first byte that no valid text can have there.
///
/// Refuses overlong forms, surrogates and values above U+10FFFF (RFC 3629 §3, RFC 6455 §8.1).
package struct UTF8Validator: Sendable {
    /// How many continuation bytes the current character still needs.
    private var needed: UInt8 = 0
    /// The range that the next continuation byte must be in: it is narrower after E0, ED, F0 and F4.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    package init() {}

    /// Whether the text so far ends between characters.
    package var isComplete: Bool { needed == 0 }

    /// Takes the next piece. False as soon as the text cannot be valid any more.
    package mutating func consume(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            if needed == 0 {
                // Eight bytes of ASCII at a time: most text is little else.
                while bytes.count - index >= 8, bytes.word(at: index) & 0x8080_8080_8080_8080 == 0 { index += 8 }
                guard index < bytes.count else { return true }
            }
            let byte = bytes[index]
            index += 1
            if needed == 0 {
                guard byte >= 0x80 else { continue }
                guard start(byte) else { return false }
            } else {
                guard byte >= low, byte <= high else { return false }
                needed -= 1
                low = 0x80
                high = 0xBF
            }
        }
        return true
    }

    /// Whether `bytes` are whole, valid text.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var validator = UTF8Validator()
        return validator.consume(bytes) && validator.isComplete
    }

    private mutating func start(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: needed = 1
        case 0xE0: (needed, low) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE...0xEF: needed = 2
        case 0xED: (needed, high) = (2, 0x9F)
        case 0xF0: (needed, low) = (3, 0x90)
        case 0xF1...0xF3: needed = 3
        case 0xF4: (needed, high) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
