/// Base64 with padding (RFC 4648 §4) and its URL alphabet without padding (§5), strict in both directions.
package enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// `bytes` in the standard alphabet, padded.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text = encode(bytes, alphabet: standard)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }

    /// `bytes` in the URL alphabet, unpadded: for ids and tokens.
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes, alphabet: url), as: UTF8.self)
    }

    /// The bytes that padded standard base64 stands for; nil for any other character, wrong padding, or bits
    /// set in the last character that stand for nothing.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        return decode(text, end: end, sixtyTwo: UInt8(ascii: "+"), sixtyThree: UInt8(ascii: "/"))
    }

    /// The same, where a line feed may stand behind any whole four characters, as encoders for mail write it (RFC 2045 §6.8).
    package static func decodeLines(_ text: Span<UInt8>) -> [UInt8]? {
        let lineFeed = UInt8(ascii: "\n")
        var joined: [UInt8] = []
        joined.reserveCapacity(text.count)
        for index in text.indices {
            if text[index] != lineFeed {
                joined.append(text[index])
            } else if index == 0 || joined.count % 4 != 0 || text[index - 1] == lineFeed {
                return nil
            }
        }
        return decode(joined.span)
    }

    /// The bytes that unpadded URL base64 stands for, or nil as in ``decode(_:)``.
    package static func decodeURL(_ text: Span<UInt8>) -> [UInt8]? {
        decode(text, end: text.count, sixtyTwo: UInt8(ascii: "-"), sixtyThree: UInt8(ascii: "_"))
    }

    private static func encode(_ bytes: [UInt8], alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(pending >> bits & 63)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(pending << (6 - bits) & 63)]) }
        return text
    }

    private static func decode(
        _ text: Span<UInt8>, end: Int, sixtyTwo: UInt8, sixtyThree: UInt8
    ) -> [UInt8]? {
        guard end % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end * 3 / 4)
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for index in 0..<end {
            let value: UInt8
            switch text[index] {
            case let c where c >= UInt8(ascii: "A") && c <= UInt8(ascii: "Z"): value = c - 65
            case let c where c >= UInt8(ascii: "a") && c <= UInt8(ascii: "z"): value = c - 71
            case let c where c >= UInt8(ascii: "0") && c <= UInt8(ascii: "9"): value = c + 4
            case sixtyTwo: value = 62
            case sixtyThree: value = 63
            default: return nil
            }
            pending = (pending << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        guard pending & ((1 << bits) - 1) == 0 else { return nil }
        return bytes
    }
}
