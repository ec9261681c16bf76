package import HTTPTypes

/// How a body is packed on its way (RFC 9110 §8.4.1).
package enum HTTPContentCoding: String, Sendable {
    /// As it is.
    case identity
    /// The gzip format (RFC 1952).
    case gzip
    /// The zlib format (RFC 1950), which HTTP calls `deflate`.
    case deflate

    /// The coding that a client wants most among those offered (RFC 9110 §12.5.3).
    ///
    /// The highest weight wins, and among equal ones the first offered. Identity that the client does not name is the
    /// last choice (a `*` names it), but always one: who refuses it and takes nothing else that is offered is sent it all the same, as
    /// the RFC advises. What is no list element of `Accept-Encoding` is passed over; of a coding that stands twice the
    /// first counts.
    ///
    /// - Parameters:
    ///   - offered: Codings other than identity, the server's favourite first.
    ///   - fields: The request's. Without `Accept-Encoding` the body stays as it is.
    package static func best(of offered: [HTTPContentCoding] = [.gzip, .deflate], for fields: HTTPFields)
        -> HTTPContentCoding
    {
        let weights = Weights(fields)
        var (best, bestWeight) = (HTTPContentCoding.identity, weights.weight(of: .identity))
        for coding in offered {
            let weight = weights.weight(of: coding)
            // A tie with identity goes to what is smaller.
            guard weight > bestWeight || weight > 0 && weight == bestWeight && best == .identity else { continue }
            (best, bestWeight) = (coding, weight)
        }
        return best
    }

    /// The weights in a request's `Accept-Encoding`, in thousandths.
    private struct Weights {
        private(set) var gzip: Int?
        private(set) var deflate: Int?
        private(set) var identity: Int?
        private var others: Int?

        init(_ fields: HTTPFields) {
            for field in fields where field.name == .acceptEncoding {
                let value = field.value
                let bytes = value.utf8.span
                var cursor = 0
                while let element = HTTPGrammar.nextElement(bytes, at: &cursor) { take(bytes.extracting(element)) }
            }
        }

        func weight(of coding: HTTPContentCoding) -> Int {
            switch coding {
            case .gzip: gzip ?? others ?? 0
            case .deflate: deflate ?? others ?? 0
            case .identity: identity ?? others ?? 0
            }
        }

        /// Takes `coding [ OWS ";" OWS "q=" qvalue ]`.
        private mutating func take(_ element: Span<UInt8>) {
            let end = HTTPGrammar.firstIndex(of: UInt8(ascii: ";"), in: element) ?? element.count
            let name = element.extracting(HTTPGrammar.trimmed(element.extracting(..<end)))
            var weight = 1_000
            if end < element.count {
                let rest = element.extracting((end + 1)...)
                guard let given = HTTPWeight.thousandths(rest.extracting(HTTPGrammar.trimmed(rest))) else { return }
                weight = given
            }
            if HTTPGrammar.equalIgnoringCase(name, "gzip") || HTTPGrammar.equalIgnoringCase(name, "x-gzip") {
                gzip = gzip ?? weight
            } else if HTTPGrammar.equalIgnoringCase(name, "deflate") {
                deflate = deflate ?? weight
            } else if HTTPGrammar.equalIgnoringCase(name, "identity") {
                identity = identity ?? weight
            } else if HTTPGrammar.equalIgnoringCase(name, "*") {
                others = others ?? weight
            }
        }
    }
}

/// A weight in a list of what a client prefers (RFC 9110 §12.4.2).
enum HTTPWeight {
    /// The thousandths in `q=` and a number from 0 to 1 with at most three decimals; nil for anything else.
    static func thousandths(_ text: Span<UInt8>) -> Int? {
        guard text.count >= 3, text.count <= 7, text[0] | 0x20 == UInt8(ascii: "q"), text[1] == UInt8(ascii: "="),
            HTTPGrammar.isDigit(text[2])
        else { return nil }
        var weight = Int(text[2] - UInt8(ascii: "0")) * 1_000
        if text.count > 3 {
            guard text[3] == UInt8(ascii: ".") else { return nil }
            var unit = 100
            for index in 4..<text.count {
                guard HTTPGrammar.isDigit(text[index]) else { return nil }
                weight += Int(text[index] - UInt8(ascii: "0")) * unit
                unit /= 10
            }
        }
        return weight <= 1_000 ? weight : nil
    }
}
