import Compression
import HTTPCore
import HTTPTypes

/// Answers' bodies compressed on the way out, for who takes that (RFC 9110 §8.4).
extension Server {
    /// Longer bodies are sent as they are: compressing one takes the loop up to ten milliseconds.
    static let compressedBodyBytesMax = 1 << 20

    /// Compresses a body of text or JSON if it is long enough to gain by it and the client takes it, and says so in
    /// `fields`; also that another client may be answered otherwise.
    func compress(_ body: inout [UInt8], fields: inout HTTPFields, for head: HTTPRequestHead) {
        guard (settings.compressionThreshold...Self.compressedBodyBytesMax).contains(body.count),
            !fields.contains(.contentEncoding), !fields.contains(.contentRange), Self.isText(fields[.contentType])
        else { return }
        fields.addVary("Accept-Encoding")
        let coding = HTTPContentCoding.best(for: head.fields)
        let packed: [UInt8]
        switch coding {
        case .identity: return
        case .gzip: packed = gzip(body.span, level: 1)
        case .deflate: packed = zlibDeflate(body.span, level: 1)
        }
        guard packed.count < body.count else { return }
        counters[.bodiesCompressed] += 1
        body = packed
        fields[.contentEncoding] = coding.rawValue
        // The same meaning in other bytes: no longer what a strong tag names (RFC 9110 §8.8.1).
        if let tag = fields[.eTag], !tag.hasPrefix("W/") { fields[.eTag] = "W/" + tag }
    }

    private static func isText(_ type: String?) -> Bool {
        guard let type = type?.lowercased() else { return false }
        return type.hasPrefix("text/") || type.hasPrefix("application/json")
    }
}

extension HTTPFields {
    /// Says that the answer depends on one more field of the request (RFC 9110 §12.5.5).
    mutating func addVary(_ name: String) {
        guard !hasToken(name, in: .vary), !hasToken("*", in: .vary) else { return }
        self[.vary] = self[.vary].map { "\($0), \(name)" } ?? name
    }
}
