package import HTTPTypes

/// The head of one HTTP/1.1 response, as a client reads it.
package struct HTTPResponseHead: Sendable, Equatable {
    /// The status and its reason.
    package var status: HTTPResponse.Status
    /// The fields in their order.
    package var fields: HTTPFields

    /// The number in `Content-Length`, nil where there is none.
    package var contentLength: Int?

    /// A head for a test, or one that something else has parsed.
    package init(status: HTTPResponse.Status, fields: HTTPFields = [:], contentLength: Int? = nil) {
        self.status = status
        self.fields = fields
        self.contentLength = contentLength
    }

    /// Whether the server will answer another request on this connection (RFC 9112 §9.3).
    package var keepsAlive: Bool { !fields.hasToken("close", in: .connection) }
}

/// Reads response heads from one connection, in any split: the client's side of ``HTTPRequestParser``.
///
/// Bodies are the caller's; ``HTTPResponseCollector`` is one that takes them.
package struct HTTPResponseParser: Sendable {
    private let limits: HTTPLimits
    private var lines: HTTPHeadLines
    private var section: HTTPFieldSection
    private var status: HTTPResponse.Status?

    /// Waits for the first response.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        lines = HTTPHeadLines(headBytesMax: limits.headBytesMax)
        section = HTTPFieldSection(fieldsMax: limits.fieldsMax)
    }

    /// The next whole head, or nil with every byte taken when it has not ended yet.
    ///
    /// - Parameter cursor: Where to begin in `bytes`; afterwards, the first byte that is not of this head.
    /// - Throws: Once. Close; the parser is not to be used again.
    package mutating func next(
        _ bytes: Span<UInt8>, at cursor: inout Int
    ) throws(HTTPError) -> HTTPResponseHead? {
        while cursor < bytes.count {
            let line = try lines.next(
                bytes, at: &cursor, lineBytesMax: limits.headBytesMax, tooLong: .headTooLarge)
            let head: HTTPResponseHead? =
                switch line {
                case nil: nil
                case .input(let range): try take(bytes.extracting(range))
                case .kept(let kept): try take(kept.span)
                }
            if let head {
                self = HTTPResponseParser(limits: limits)
                return head
            }
        }
        return nil
    }

    private mutating func take(_ line: Span<UInt8>) throws(HTTPError) -> HTTPResponseHead? {
        guard let status else {
            self.status = try statusLine(line)
            return nil
        }
        guard line.isEmpty else {
            try section.take(line)
            return nil
        }
        return HTTPResponseHead(status: status, fields: section.fields, contentLength: section.contentLength)
    }

    /// `HTTP/1.1 SP 3DIGIT SP [ reason ]` (RFC 9112 §4).
    private func statusLine(_ line: Span<UInt8>) throws(HTTPError) -> HTTPResponse.Status {
        guard line.count >= 13, line[8] == UInt8(ascii: " "), line[12] == UInt8(ascii: " ") else { throw .statusLine }
        try HTTPGrammar.checkVersion(line.extracting(..<8), otherwise: .statusLine)
        var code = 0
        for index in 9..<12 {
            guard HTTPGrammar.isDigit(line[index]) else { throw .statusLine }
            code = code * 10 + Int(line[index] - UInt8(ascii: "0"))
        }
        guard code >= 100 else { throw .statusLine }
        return HTTPResponse.Status(code: code, reasonPhrase: HTTPGrammar.text(line.extracting(13...)))
    }
}
