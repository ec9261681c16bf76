import ByteKit

/// The grammar of a `Host` field: `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2).
enum HTTPHost {
    /// Whether `host` is a name, an IPv4 or a bracketed IPv6 address, perhaps with a port up to 65535.
    ///
    /// An empty host, user information and addresses of future versions are refused.
    static func isValid(_ host: String) -> Bool {
        let bytes = Array(host.utf8)
        let text = bytes.span
        guard !text.isEmpty else { return false }
        let end: Int
        if text[0] == UInt8(ascii: "[") {
            guard let bracket = HTTPGrammar.firstIndex(of: UInt8(ascii: "]"), in: text),
                isIPv6(text.extracting(1..<bracket))
            else { return false }
            end = bracket + 1
        } else {
            end = HTTPGrammar.firstIndex(of: UInt8(ascii: ":"), in: text) ?? text.count
            guard isRegisteredName(text.extracting(..<end)) else { return false }
        }
        guard end < text.count else { return true }
        return text[end] == UInt8(ascii: ":") && isPort(text.extracting((end + 1)...))
    }

    private static func isPort(_ text: Span<UInt8>) -> Bool {
        text.isEmpty || decimal(text, digitsMax: 5).map { $0 <= 65535 } ?? false
    }

    /// `1*( unreserved / pct-encoded / sub-delims )`; IPv4 addresses are among them.
    private static func isRegisteredName(_ text: Span<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            switch byte {
            case UInt8(ascii: "%"):
                guard index + 1 < text.count, HTTPGrammar.hexDigit(text[index]) != nil,
                    HTTPGrammar.hexDigit(text[index + 1]) != nil
                else { return false }
                index += 2
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
                continue
            case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"):
                return false
            default:
                guard HTTPGrammar.isTokenByte(byte) else { return false }
            }
        }
        return !text.isEmpty
    }

    /// Eight groups of one to four hexadecimal digits, the last two perhaps as IPv4, one run of zeros as `::`.
    private static func isIPv6(_ text: Span<UInt8>) -> Bool {
        var groups = 0
        var isShortened = false
        var index = 0
        if text.count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
            isShortened = true
            index = 2
        }
        while index < text.count {
            var end = index
            while end < text.count, HTTPGrammar.hexDigit(text[end]) != nil { end += 1 }
            if end < text.count, text[end] == UInt8(ascii: ".") {
                guard isIPv4(text.extracting(index...)) else { return false }
                groups += 2
                index = text.count
                break
            }
            guard end > index, end - index <= 4 else { return false }
            groups += 1
            index = end
            guard index < text.count else { break }
            guard text[index] == UInt8(ascii: ":"), index + 1 < text.count else { return false }
            index += 1
            if text[index] == UInt8(ascii: ":") {
                guard !isShortened else { return false }
                isShortened = true
                index += 1
            }
        }
        return isShortened ? groups < 8 : groups == 8
    }

    private static func isIPv4(_ text: Span<UInt8>) -> Bool {
        var parts = 0
        var rest = 0
        while rest <= text.count {
            var end = rest
            while end < text.count, text[end] != UInt8(ascii: ".") { end += 1 }
            guard let part = decimal(text.extracting(rest..<end), digitsMax: 3), part <= 255 else { return false }
            parts += 1
            rest = end + 1
        }
        return parts == 4
    }

    private static func decimal(_ text: Span<UInt8>, digitsMax: Int) -> Int? {
        guard !text.isEmpty, text.count <= digitsMax else { return nil }
        var value = 0
        for index in text.indices {
            guard HTTPGrammar.isDigit(text[index]) else { return nil }
            value = value * 10 + Int(text[index] - 0x30)
        }
        return value
    }
}
