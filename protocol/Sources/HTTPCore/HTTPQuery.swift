import ByteKit

/// The pairs of a URL's query, decoded: `%XX` and `+` as HTML forms write them (WHATWG URL §5.1).
package struct HTTPQuery: Sendable, Equatable {
    /// One `name=value`; the value is empty where there is no `=`.
    package struct Pair: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    /// All pairs in their order. Empty ones (`&&`) are left out.
    package let pairs: [Pair]

    /// Reads the raw query of a request head.
    ///
    /// - Throws: ``HTTPError/query`` for a `%` without two hexadecimal digits, text that is not UTF-8 once decoded, or
    ///   more than `pairsMax` pairs.
    package init(_ query: String, pairsMax: Int = 64) throws(HTTPError) {
        let bytes = Array(query.utf8)
        var pairs: [Pair] = []
        var start = 0
        while start < bytes.count {
            let rest = bytes.span.extracting(start...)
            let end = HTTPGrammar.firstIndex(of: UInt8(ascii: "&"), in: rest) ?? rest.count
            if end > 0 {
                guard pairs.count < pairsMax else { throw .query }
                pairs.append(try HTTPQuery.pair(rest.extracting(..<end)))
            }
            start += end + 1
        }
        self.pairs = pairs
    }

    /// The value of a name the caller knows, or nil where the query has none of that name.
    ///
    /// - Throws: ``HTTPError/query`` where the name stands more than once: two readers might take different ones.
    package func value(_ name: String) throws(HTTPError) -> String? {
        // By bytes: Swift's own comparison knows more equal texts than the peer does.
        let found = pairs.filter { $0.name.utf8.elementsEqual(name.utf8) }
        guard found.count <= 1 else { throw .query }
        return found.first?.value
    }

    private static func pair(_ text: Span<UInt8>) throws(HTTPError) -> Pair {
        guard let equals = HTTPGrammar.firstIndex(of: UInt8(ascii: "="), in: text) else {
            return Pair(name: try decode(text), value: "")
        }
        return Pair(
            name: try decode(text.extracting(..<equals)), value: try decode(text.extracting((equals + 1)...)))
    }

    private static func decode(_ text: Span<UInt8>) throws(HTTPError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            switch byte {
            case UInt8(ascii: "+"):
                decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard text.count - index >= 2, let high = HTTPGrammar.hexDigit(text[index]),
                    let low = HTTPGrammar.hexDigit(text[index + 1])
                else { throw .query }
                decoded.append(high << 4 | low)
                index += 2
            default:
                decoded.append(byte)
            }
        }
        guard UTF8Validator.isValid(decoded.span) else { throw .query }
        return String(decoding: decoded, as: UTF8.self)
    }
}
