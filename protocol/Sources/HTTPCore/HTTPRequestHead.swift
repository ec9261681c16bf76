package import HTTPTypes

/// How a request's body ends (RFC 9112 §6).
package enum HTTPBodyFraming: Sendable, Equatable {
    /// After so many bytes; 0 where there is no body.
    case length(Int)
    /// With the last chunk.
    case chunked
}

/// The head of one HTTP/1.1 request, checked.
package struct HTTPRequestHead: Sendable, Equatable {
    /// Any token; which ones are served is the router's affair.
    package var method: HTTPRequest.Method
    /// The path as it was sent, percent-encoding and all: it is matched byte for byte, never decoded. `*` for
    /// `OPTIONS *`.
    package var path: String
    /// What follows the first `?`, as it was sent; empty where there is none. ``HTTPQuery`` reads it.
    package var query: String
    /// The fields in their order. There is exactly one `Host`. Known names are spelt as they are registered.
    package var fields: HTTPFields
    /// How the body ends that follows.
    package var framing: HTTPBodyFraming

    /// A head for a test, or one that something else has parsed.
    package init(
        method: HTTPRequest.Method, path: String, query: String = "", fields: HTTPFields = [:],
        framing: HTTPBodyFraming = .length(0)
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.framing = framing
    }

    /// Whether the client will send another request on this connection (RFC 9112 §9.3).
    package var keepsAlive: Bool { !fields.hasToken("close", in: .connection) }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    ///
    /// Send ``HTTPWriter/continueResponse`` once ``HTTPRequestParser/next(_:at:)`` has returned nil after the head of a
    /// request that ``hasBody``: then none of the body has come, and its length is within the limit.
    package var expectsContinue: Bool { fields.contains(.expect) }

    /// The body's length where it is known; 0 without a body, nil for chunks.
    package var contentLength: Int? {
        guard case .length(let length) = framing else { return nil }
        return length
    }

    /// Whether the body comes in chunks.
    package var isChunked: Bool { framing == .chunked }

    /// Whether a body follows, though chunks may turn out to hold nothing.
    package var hasBody: Bool { framing != .length(0) }

    /// How the body is compressed, nil where it is not. Nothing here decompresses: answer 415.
    package var contentCoding: String? {
        guard let coding = fields[.contentEncoding] else { return nil }
        let bytes = coding.utf8.span
        return HTTPGrammar.equalIgnoringCase(bytes, "identity") ? nil : coding
    }

    /// The value of `Host`, which is also the host of a target in absolute form; empty in a head without one.
    package var host: String {
        fields.first { $0.name.canonicalName == "host" }?.value ?? ""
    }
}
