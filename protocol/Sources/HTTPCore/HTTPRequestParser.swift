package import HTTPTypes

/// The head of one HTTP/1.1 request, checked.
package struct HTTPRequestHead: Sendable, Equatable {
    /// Any token; which ones are served is the router's affair.
    package var method: HTTPRequest.Method
    /// The path as it was sent, percent-encoding and all: it is matched byte for byte, never decoded.
    package var path: String
    /// What follows the first `?`, as it was sent; empty where there is none. ``HTTPQuery`` reads it.
    package var query: String
    /// The fields in their order. There is exactly one `Host`.
    package var fields: HTTPFields

    /// A head for a test, or one that something else has parsed.
    package init(method: HTTPRequest.Method, path: String, query: String = "", fields: HTTPFields = [:]) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
    }

    /// Whether the client will send another request on this connection (RFC 9112 §9.3).
    package var keepAlive: Bool { !fields.hasToken("close", in: .connection) }
}

/// Reads request heads from one connection, in any split (RFC 9112 §2–§3, §5).
///
/// Bodies are not read: a request that announces one is refused. Every byte is looked at twice at most, once for the
/// line's end and once for its meaning, and no more than one unfinished line is kept.
package struct HTTPRequestParser: Sendable {
    private let limits: HTTPLimits
    private var lines: HTTPHeadLines
    private var section: HTTPFieldSection
    private var start: StartLine?
    private var hasSkippedLine = false

    private struct StartLine {
        var method: HTTPRequest.Method
        var path: String
        var query: String
    }

    /// Waits for the first request.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        lines = HTTPHeadLines(headBytesMax: limits.headBytesMax)
        section = HTTPFieldSection(fieldsMax: limits.fieldsMax)
    }

    /// Whether a head has begun and not ended: what a deadline for slow clients asks.
    package private(set) var isMidHead = false

    /// The next whole head, or nil with every byte taken when it has not ended yet.
    ///
    /// - Parameter cursor: Where to begin in `bytes`; afterwards, the first byte that is not of this head. After an
    ///   upgrade, those that follow are the first frames.
    /// - Throws: Once. Answer with ``HTTPError/response()`` and close; the parser is not to be used again.
    package mutating func next(
        _ bytes: Span<UInt8>, at cursor: inout Int
    ) throws(HTTPError) -> HTTPRequestHead? {
        while cursor < bytes.count {
            isMidHead = true
            let isFirst = start == nil
            let line = try lines.next(
                bytes, at: &cursor, lineBytesMax: isFirst ? limits.startLineBytesMax : limits.headBytesMax,
                tooLong: isFirst ? .targetTooLong : .headTooLarge)
            let head: HTTPRequestHead? =
                switch line {
                case nil: nil
                case .input(let range): try take(bytes.extracting(range))
                case .kept(let kept): try take(kept.span)
                }
            if let head {
                self = HTTPRequestParser(limits: limits)
                return head
            }
        }
        return nil
    }

    private mutating func take(_ line: Span<UInt8>) throws(HTTPError) -> HTTPRequestHead? {
        guard let start else {
            // One empty line before the request is what old clients leave behind a body (RFC 9112 §2.2).
            if line.isEmpty, !hasSkippedLine {
                hasSkippedLine = true
            } else {
                self.start = try startLine(line)
            }
            return nil
        }
        guard line.isEmpty else {
            try section.take(line)
            return nil
        }
        try checkFraming()
        return HTTPRequestHead(method: start.method, path: start.path, query: start.query, fields: section.fields)
    }

    private func startLine(_ line: Span<UInt8>) throws(HTTPError) -> StartLine {
        let space = UInt8(ascii: " ")
        guard let methodEnd = HTTPGrammar.firstIndex(of: space, in: line),
            HTTPGrammar.isToken(line.extracting(..<methodEnd)),
            let method = HTTPRequest.Method(HTTPGrammar.text(line.extracting(..<methodEnd)))
        else { throw .requestLine }
        let rest = line.extracting((methodEnd + 1)...)
        guard let targetEnd = HTTPGrammar.firstIndex(of: space, in: rest) else { throw .requestLine }
        try HTTPGrammar.checkVersion(rest.extracting((targetEnd + 1)...), otherwise: .requestLine)
        let target = rest.extracting(..<targetEnd)
        guard target.count <= limits.targetBytesMax else { throw .targetTooLong }
        guard HTTPGrammar.isOriginForm(target) else { throw .target }
        guard let mark = HTTPGrammar.firstIndex(of: UInt8(ascii: "?"), in: target) else {
            return StartLine(method: method, path: HTTPGrammar.text(target), query: "")
        }
        return StartLine(
            method: method, path: HTTPGrammar.text(target.extracting(..<mark)),
            query: HTTPGrammar.text(target.extracting((mark + 1)...)))
    }

    private func checkFraming() throws(HTTPError) {
        let hosts = section.fields.filter { $0.name.canonicalName == "host" }
        guard hosts.count == 1, HTTPHost.isValid(hosts[0].value) else { throw .host }
        let length = try section.contentLength()
        if section.fields.contains(.transferEncoding) {
            throw length == nil ? .transferEncoding : .contentLength
        }
        if let length, length > 0 { throw .bodyNotAccepted }
    }
}
