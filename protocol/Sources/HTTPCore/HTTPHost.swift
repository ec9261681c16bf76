import ByteKit

/// The grammar of a `Host` field: `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2).
enum HTTPHost {
    /// Whether `host` is a name, an IPv4 or a bracketed IPv6 address, perhaps with a port up to 65535.
    ///
    /// An empty host, user information and addresses of future versions are refused.
    static func isValid(_ text: Span<UInt8>) -> Bool {
        guard !text.isEmpty else { return false }
        let end: Int
        if text[0] == UInt8(ascii: "[") {
            guard let bracket = HTTPGrammar.firstIndex(of: UInt8(ascii: "]"), in: text),
                AddressText.ipv6(text.extracting(1..<bracket)) != nil
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
        text.isEmpty || text.count <= 5 && HTTPGrammar.decimal(text).map { $0 <= 65535 } ?? false
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
}
