internal import HTTPTypes

/// What ``HTTPRequestParser`` reads: for every request a head, its body in pieces, and its end.
package enum HTTPRequestEvent: Sendable, Equatable {
    /// The head, checked. A body may follow, and ``end`` does unless the connection is taken over by an upgrade.
    case head(HTTPRequestHead)
    /// Some of the body: where it lies in the bytes just given.
    case body(Range<Int>)
    /// The request is whole.
    case end
}

/// How far a request has come, for deadlines.
package enum HTTPRequestStage: Sendable, Equatable {
    /// Nothing of a next request has come.
    case idle
    /// A head has begun and not ended.
    case head
    /// The head was given out, and ``HTTPRequestEvent/end`` was not.
    case body
}

/// Reads requests from one connection, in any split (RFC 9112 §2–§3, §5–§7).
///
/// Every byte of a head is looked at twice at most, once for the line's end and once for its meaning, and no more than
/// one unfinished line is kept. Bytes of a body are not looked at and not copied.
package struct HTTPRequestParser: Sendable {
    private enum Part {
        case head
        case plain(left: Int)
        case chunked(HTTPChunks)
    }

    private let limits: HTTPLimits
    private var lines: HTTPHeadLines
    private var section: HTTPFieldSection
    private var start: StartLine?
    private var hasSkippedLine = false
    private var part = Part.head
    private var bodyBytes = 0

    private struct StartLine {
        var method: HTTPRequest.Method
        var target: HTTPTarget
    }

    /// Waits for the first request.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        lines = HTTPHeadLines(headBytesMax: limits.headBytesMax)
        section = HTTPFieldSection(fieldsMax: limits.fieldsMax)
    }

    /// Bytes of the present request's body at most: 0 at every head, so a route that takes no body says nothing.
    ///
    /// The owner sets it when it has seen the head. A known length over it is refused by the next call of
    /// ``next(_:at:)``, chunks when their sizes pass it: ``HTTPError/bodyTooLarge``.
    package var bodyBytesMax = 0

    /// How far the present request has come.
    package var stage: HTTPRequestStage {
        guard case .head = part else { return .body }
        return start != nil || lines.isMidLine ? .head : .idle
    }

    /// The next event, or nil with every byte taken.
    ///
    /// After ``HTTPRequestEvent/end`` the following bytes are the next request's: an owner that has not answered yet
    /// keeps them and calls later. After an upgrade they are the first frames, and this is not called again.
    ///
    /// - Parameter cursor: Where to begin in `bytes`; afterwards, the first byte that was not read.
    /// - Throws: Once. Answer with ``HTTPError/response()`` and close; the parser is not to be used again.
    package mutating func next(
        _ bytes: Span<UInt8>, at cursor: inout Int
    ) throws(HTTPError) -> HTTPRequestEvent? {
        switch part {
        case .head:
            return try nextHead(bytes, at: &cursor).map { .head($0) }
        case .plain(let left):
            guard left > 0 else { return end() }
            guard left <= bodyBytesMax - bodyBytes else { throw .bodyTooLarge }
            guard cursor < bytes.count else { return nil }
            let piece = cursor..<cursor + min(left, bytes.count - cursor)
            cursor = piece.upperBound
            bodyBytes += piece.count
            part = .plain(left: left - piece.count)
            return .body(piece)
        case .chunked(var chunks):
            let event = try chunks.next(bytes, at: &cursor, room: bodyBytesMax - bodyBytes)
            part = .chunked(chunks)
            switch event {
            case nil: return nil
            case .end: return end()
            case .data(let piece):
                bodyBytes += piece.count
                return .body(piece)
            }
        }
    }

    private mutating func end() -> HTTPRequestEvent {
        part = .head
        return .end
    }

    private mutating func nextHead(_ bytes: Span<UInt8>, at cursor: inout Int) throws(HTTPError) -> HTTPRequestHead? {
        while cursor < bytes.count {
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
                part = head.isChunked ? .chunked(HTTPChunks()) : .plain(left: head.contentLength ?? 0)
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
        let target = start.target
        try checkHost(authority: target.authority)
        return HTTPRequestHead(
            method: start.method, path: target.path, query: target.query, fields: section.fields, framing: try framing()
        )
    }

    private func startLine(_ line: Span<UInt8>) throws(HTTPError) -> StartLine {
        let space = UInt8(ascii: " ")
        guard let methodEnd = HTTPGrammar.firstIndex(of: space, in: line),
            let method = HTTPGrammar.method(line.extracting(..<methodEnd))
        else { throw .requestLine }
        let rest = line.extracting((methodEnd + 1)...)
        guard let targetEnd = HTTPGrammar.firstIndex(of: space, in: rest) else { throw .requestLine }
        try HTTPGrammar.checkVersion(rest.extracting((targetEnd + 1)...), otherwise: .requestLine)
        let target = rest.extracting(..<targetEnd)
        guard target.count <= limits.targetBytesMax else { throw .targetTooLong }
        return StartLine(method: method, target: try HTTPTarget(target, isOptions: method == .options))
    }

    /// One `Host` (RFC 9112 §3.2), and the same as in a target that has one (RFC 9110 §7.2).
    private func checkHost(authority: String?) throws(HTTPError) {
        guard let host = section.host else { throw .host }
        guard let authority else { return }
        let bytes = host.utf8.span
        guard HTTPGrammar.equalIgnoringCase(bytes, authority) else { throw .host }
    }

    /// How long the body is (RFC 9112 §6.3).
    private func framing() throws(HTTPError) -> HTTPBodyFraming {
        let length = section.contentLength
        switch section.transferCodings {
        case .none: break
        case _ where length != nil: throw .contentLength
        case .malformed: throw .transferEncoding
        case .unknown: throw .transferCoding
        case .chunked: break
        }
        if section.hasUnknownExpectation { throw .expectation }
        if case .chunked = section.transferCodings { return .chunked }
        return .length(length ?? 0)
    }
}
