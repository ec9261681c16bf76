import ByteKit
internal import HTTPTypes

/// The fields of one head, line by line (RFC 9112 §5), and what they say about the message's framing (§6).
struct HTTPFieldSection: Sendable {
    private(set) var fields = HTTPFields()
    /// The value of the one `Host`, checked; nil where there is none.
    private(set) var host: String?
    /// The number in `Content-Length`, nil where there is none: one field of digits only (RFC 9112 §6.2).
    private(set) var contentLength: Int?
    /// What `Transfer-Encoding` says.
    private(set) var transferCodings = HTTPTransferCodings.none
    /// Whether there is an `Expect` of something else than `100-continue`.
    private(set) var hasUnknownExpectation = false
    private let fieldsMax: Int

    init(fieldsMax: Int) {
        self.fieldsMax = fieldsMax
    }

    /// Takes one field line, whose bytes are already known to be field bytes.
    mutating func take(_ line: Span<UInt8>) throws(HTTPError) {
        guard fields.count < fieldsMax else { throw .tooManyFields }
        // One piece of memory for the usual head, none for a connection that waits.
        if fields.isEmpty { fields.reserveCapacity(min(16, fieldsMax)) }
        // A folded line begins with a blank, which is no token byte (§5.2); so does a blank before the colon (§5.1).
        guard let colon = HTTPGrammar.firstIndex(of: UInt8(ascii: ":"), in: line) else { throw .field }
        let nameBytes = line.extracting(..<colon)
        let rest = line.extracting((colon + 1)...)
        let value = rest.extracting(HTTPGrammar.trimmed(rest))
        if let entry = HTTPFieldNames.entry(nameBytes) {
            try note(entry.role, value)
            append(entry.name, value)
        } else {
            guard HTTPGrammar.isToken(nameBytes), let name = HTTPField.Name(HTTPGrammar.text(nameBytes)) else {
                throw .field
            }
            append(name, value)
        }
    }

    private mutating func append(_ name: HTTPField.Name, _ value: Span<UInt8>) {
        if let text = HTTPGrammar.validText(value) {
            fields.append(HTTPField(name: name, value: text))
        } else {
            fields.append(HTTPField(name: name, value: [UInt8](copying: value)))
        }
    }

    private mutating func note(_ role: HTTPFieldNames.Role, _ value: Span<UInt8>) throws(HTTPError) {
        switch role {
        case .plain:
            return
        case .host:
            guard host == nil, HTTPHost.isValid(value) else { throw .host }
            host = HTTPGrammar.text(value)
        case .contentLength:
            guard contentLength == nil, let length = HTTPGrammar.decimal(value) else { throw .contentLength }
            contentLength = length
        case .transferEncoding:
            transferCodings.add(value)
        case .expect:
            if !HTTPGrammar.equalIgnoringCase(value, "100-continue") { hasUnknownExpectation = true }
        }
    }
}

/// The codings in a message's `Transfer-Encoding` fields, as far as they matter (RFC 9112 §6.1).
enum HTTPTransferCodings: Sendable {
    /// There is no such field.
    case none
    /// `chunked` alone.
    case chunked
    /// Others, and then `chunked`.
    case unknown
    /// Not a list that ends in its one `chunked`: the body's end cannot be known (RFC 9112 §6.3).
    case malformed

    /// Adds the value of one more field. Repeated fields are malformed: proxies disagree on what they say.
    mutating func add(_ value: Span<UInt8>) {
        guard case .none = self else {
            self = .malformed
            return
        }
        self = .malformed
        var isLastChunked = false
        var count = 0
        var cursor = 0
        while let element = HTTPGrammar.nextElement(value, at: &cursor) {
            let coding = value.extracting(element)
            // After `chunked` there is nothing more, and a coding has no parameters that we know.
            guard !isLastChunked, HTTPGrammar.isToken(coding) else { return }
            isLastChunked = HTTPGrammar.equalIgnoringCase(coding, "chunked")
            count += 1
        }
        guard isLastChunked else { return }
        self = count == 1 ? .chunked : .unknown
    }
}
