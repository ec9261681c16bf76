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
/// A body is as long as `Content-Length` says; without one there is none. Chunks, and bodies that end with the
/// connection, are not read. Not for the answers to HEAD.
package struct HTTPResponseCollector: Sendable {
    private var parser: HTTPResponseParser
    private let bodyBytesMax: Int
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

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
        if head == nil { head = try parser.next(bytes, at: &cursor) }
        guard let head else { return nil }
        guard !head.fields.contains(.transferEncoding) else { throw .transferCoding }
        let code = head.status.code
        let length = code < 200 || code == 204 || code == 304 ? 0 : head.contentLength ?? 0
        guard length <= bodyBytesMax else { throw .bodyTooLarge }
        let end = cursor + min(length - body.count, bytes.count - cursor)
        body.append(bytes.extracting(cursor..<end))
        cursor = end
        guard body.count == length else { return nil }
        self.head = nil
        var whole: [UInt8] = []
        swap(&whole, &body)
        return HTTPWholeResponse(head: head, body: whole)
    }
}
