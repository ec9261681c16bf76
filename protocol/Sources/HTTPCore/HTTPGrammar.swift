import ByteKit
package import HTTPTypes

/// The character classes of RFC 9110 §5.5–5.6 and RFC 3986, shared by everything that reads or writes a head.
package enum HTTPGrammar {
    /// Whether a byte may stand in a field value: HTAB, SP, visible ASCII, or 0x80 and above (RFC 9110 §5.5).
    static func isFieldByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    /// Whether a byte may stand in a token (RFC 9110 §5.6.2).
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        // One bit for each of the 128 bytes of ASCII.
        byte < 0x80 && (byte < 0x40 ? tokenBytesLow : tokenBytesHigh) >> UInt64(byte & 0x3F) & 1 == 1
    }

    /// `!`, `#`–`'`, `*`, `+`, `-`, `.` and the digits.
    private static let tokenBytesLow: UInt64 = 0x03FF_6CFA_0000_0000
    /// The letters, `^`, `_`, `` ` ``, `|` and `~`.
    private static let tokenBytesHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether `bytes` are one token: one or more token bytes.
    static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
        return !bytes.isEmpty
    }

    /// The method that `bytes` are, nil where they are no token.
    static func method(_ bytes: Span<UInt8>) -> HTTPRequest.Method? {
        guard isToken(bytes) else { return nil }
        return HTTPRequest.Method(text(bytes))
    }

    /// Accepts `HTTP/1.1` alone: another `HTTP/d.d` is ``HTTPError/version``, anything else the given error.
    static func checkVersion(_ text: Span<UInt8>, otherwise error: HTTPError) throws(HTTPError) {
        guard text.count == 8, isDigit(text[5]), text[6] == UInt8(ascii: "."), isDigit(text[7]) else { throw error }
        // "HTTP/", least significant byte first.
        guard text.word(at: 0) & 0xFF_FFFF_FFFF == 0x2F_5054_5448 else { throw error }
        guard text[5] == UInt8(ascii: "1"), text[7] == UInt8(ascii: "1") else { throw .version }
    }

    /// Whether a byte is one of `0`–`9`.
    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// The value of a hexadecimal digit.
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The first position of `byte` in `bytes`.
    static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>) -> Int? {
        for index in bytes.indices where bytes[index] == byte { return index }
        return nil
    }

    /// A text made of lent bytes, which are ASCII or are repaired.
    static func text(_ bytes: Span<UInt8>) -> String {
        validText(bytes) ?? String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }

    /// A text made of lent bytes, nil where they are not UTF-8.
    static func validText(_ bytes: Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }

    /// The number that `bytes` are: decimal digits only, that fit an `Int`.
    static func decimal(_ bytes: Span<UInt8>) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for index in bytes.indices {
            guard isDigit(bytes[index]) else { return nil }
            let (tens, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            let (sum, hasSpilt) = tens.addingReportingOverflow(Int(bytes[index] - UInt8(ascii: "0")))
            guard !hasOverflown, !hasSpilt else { return nil }
            value = sum
        }
        return value
    }

    /// Where `bytes` are without the blanks at their ends: what a field's value or a list's element is
    /// (RFC 9110 §5.6.3).
    static func trimmed(_ bytes: Span<UInt8>) -> Range<Int> {
        var start = 0
        var end = bytes.count
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// The next element of a comma-separated list, without the blanks around it; nil after the last.
    ///
    /// - Parameter cursor: Where it begins; afterwards, where the next one does.
    static func nextElement(_ bytes: Span<UInt8>, at cursor: inout Int) -> Range<Int>? {
        guard cursor <= bytes.count else { return nil }
        let start = cursor
        let rest = bytes.extracting(start...)
        let end = firstIndex(of: UInt8(ascii: ","), in: rest) ?? rest.count
        cursor = start + end + 1
        let element = trimmed(rest.extracting(..<end))
        return start + element.lowerBound..<start + element.upperBound
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// Whether `bytes` are `text` but for the case of ASCII letters.
    ///
    /// Swift's own comparison would also take the Kelvin sign for a K.
    static func equalIgnoringCase(_ bytes: Span<UInt8>, _ text: String) -> Bool {
        let text = text.utf8
        guard bytes.count == text.count else { return false }
        var index = 0
        for byte in text {
            guard lowercase(bytes[index]) == lowercase(byte) else { return false }
            index += 1
        }
        return true
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

extension HTTPFields {
    /// Whether a list field has `token` among its elements, in any case of letters (RFC 9110 §5.6.1).
    package func hasToken(_ token: String, in name: HTTPField.Name) -> Bool {
        for field in self where field.name == name {
            let value = field.value
            let bytes = value.utf8.span
            var cursor = 0
            while let element = HTTPGrammar.nextElement(bytes, at: &cursor) {
                if !element.isEmpty, HTTPGrammar.equalIgnoringCase(bytes.extracting(element), token) { return true }
            }
        }
        return false
    }

    /// The elements of a list field whose elements are tokens, in order; nil where one of them is no token.
    ///
    /// Empty elements are skipped, as RFC 9110 §5.6.1.2 asks of a recipient.
    package func tokens(in name: HTTPField.Name) -> [String]? {
        var tokens: [String] = []
        for field in self where field.name == name {
            let value = field.value
            let bytes = value.utf8.span
            var cursor = 0
            while let element = HTTPGrammar.nextElement(bytes, at: &cursor) {
                if element.isEmpty { continue }
                let token = bytes.extracting(element)
                guard HTTPGrammar.isToken(token) else { return nil }
                tokens.append(HTTPGrammar.text(token))
            }
        }
        return tokens
    }
}
