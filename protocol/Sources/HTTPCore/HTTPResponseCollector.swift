import ByteKit
internal import HTTPTypes

/// One response with its body.
package struct HTTPWholeResponse: Sendable, Equatable {
    /// Status and fields.
    package var head: HTTPResponseHead
    /// All of the body; empty where there is none.
    package var body: [UInt8]
}

/// Reads responses with their bodies from one connection, in any split: for clients that poll.
///
/// A body is as long as `Content-Length` says, or comes in chunks; without either there is none. Bodies that end with the
/// connection are not read. Not for the answers to HEAD.
package struct HTTPResponseCollector: Sendable {
    private enum Framing {
        case length(Int)
        case chunks(HTTPChunks)
    }

    private var parser: HTTPResponseParser
    private let bodyBytesMax: Int
    private var head: HTTPResponseHead?
    private var framing = Framing.length(0)
    private var body: [UInt8] = []

    /// Whether part of a response has come, and not all of it.
    package private(set) var isMidway = false

    /// Waits for the first response.
    package init(limits: HTTPLimits = HTTPLimits(), bodyBytesMax: Int = 1 << 20) {
        parser = HTTPResponseParser(limits: limits)
        self.bodyBytesMax = bodyBytesMax
    }

    /// The next whole response, or nil with every byte taken. Interim responses (1xx) are responses, too.
    ///
    /// - Parameter cursor: Where to begin in `bytes`; afterwards, the first byte that was not read.
    /// - Throws: Once; ``HTTPError/bodyTooLarge`` and ``HTTPError/transferCoding`` among others. Close.
    package mutating func next(_ bytes: Span<UInt8>, at cursor: inout Int) throws(HTTPError) -> HTTPWholeResponse? {
        if cursor < bytes.count { isMidway = true }
        if head == nil, let head = try parser.next(bytes, at: &cursor) {
            self.head = head
            framing = try framing(of: head)
        }
        guard let head, try takeBody(bytes, at: &cursor) else { return nil }
        self.head = nil
        isMidway = false
        var whole: [UInt8] = []
        swap(&whole, &body)
        return HTTPWholeResponse(head: head, body: whole)
    }

    private func framing(of head: HTTPResponseHead) throws(HTTPError) -> Framing {
        let code = head.status.code
        let hasContent = code >= 200 && code != 204 && code != 304
        let codings = head.fields[values: .transferEncoding]
        guard codings.isEmpty else {
            guard codings.count == 1, codings[0].lowercased() == "chunked" else { throw .transferCoding }
            guard hasContent, head.contentLength == nil else { throw .contentLength }
            return .chunks(HTTPChunks())
        }
        let length = hasContent ? head.contentLength ?? 0 : 0
        guard length <= bodyBytesMax else { throw .bodyTooLarge }
        return .length(length)
    }

    /// Takes what there is of the body; whether that is all of it.
    private mutating func takeBody(_ bytes: Span<UInt8>, at cursor: inout Int) throws(HTTPError) -> Bool {
        switch framing {
        case .length(let length):
            let end = cursor + min(length - body.count, bytes.count - cursor)
            body.append(bytes.extracting(cursor..<end))
            cursor = end
            return body.count == length
        case .chunks(var chunks):
            while let event = try chunks.next(bytes, at: &cursor, room: bodyBytesMax - body.count) {
                guard case .data(let range) = event else { return true }
                body.append(bytes.extracting(range))
            }
            framing = .chunks(chunks)
            return false
        }
    }
}
