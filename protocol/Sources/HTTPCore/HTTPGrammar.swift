import ByteKit
package import HTTPTypes

/// The character classes of RFC 9110 §5.5–5.6 and RFC 3986, shared by everything that reads or writes a head.
enum HTTPGrammar {
    /// Whether a byte may stand in a field value: HTAB, SP, visible ASCII, or 0x80 and above (RFC 9110 §5.5).
    static func isFieldByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    /// Whether a byte may stand in a token (RFC 9110 §5.6.2).
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"): true
        case UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        case UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"): true
        default: false
        }
    }

    /// Whether `bytes` are one token: one or more token bytes.
    static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
        return !bytes.isEmpty
    }

    /// Whether `bytes` are a target in origin form: a slash, then bytes 0x21–0x7E without `#` (RFC 9112 §3.2.1).
    static func isOriginForm(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes[0] == UInt8(ascii: "/") else { return false }
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x21, byte <= 0x7E, byte != UInt8(ascii: "#") else { return false }
        }
        return true
    }

    /// Accepts `HTTP/1.1` alone: another `HTTP/d.d` is ``HTTPError/version``, anything else the given error.
    static func checkVersion(_ text: Span<UInt8>, otherwise error: HTTPError) throws(HTTPError) {
        guard text.count == 8, isDigit(text[5]), text[6] == UInt8(ascii: "."), isDigit(text[7]) else { throw error }
        for (index, byte) in "HTTP/".utf8.enumerated() where text[index] != byte { throw error }
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
        String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }

    /// Whether two texts are the same bytes but for the case of ASCII letters.
    ///
    /// Swift's own comparison would also take the Kelvin sign for a K.
    static func equalIgnoringCase(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        left.elementsEqual(right) { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

extension HTTPFields {
    /// Whether a list field has `token` among its elements, in any case of letters (RFC 9110 §5.6.1).
    package func hasToken(_ token: String, in name: HTTPField.Name) -> Bool {
        self[values: name].contains { value in
            value.utf8.split(separator: UInt8(ascii: ",")).contains {
                HTTPGrammar.equalIgnoringCase(HTTPFields.trimmed($0), token.utf8)
            }
        }
    }

    /// The elements of a list field whose elements are tokens, in order; nil where one of them is no token.
    ///
    /// Empty elements are skipped, as RFC 9110 §5.6.1.2 asks of a recipient.
    package func tokens(in name: HTTPField.Name) -> [String]? {
        var tokens: [String] = []
        for value in self[values: name] {
            for element in value.utf8.split(separator: UInt8(ascii: ",")) {
                let token = HTTPFields.trimmed(element)
                if token.isEmpty { continue }
                guard token.allSatisfy(HTTPGrammar.isTokenByte) else { return nil }
                tokens.append(String(decoding: token, as: UTF8.self))
            }
        }
        return tokens
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var text = text
        while let first = text.first, isBlank(first) { text.removeFirst() }
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}
