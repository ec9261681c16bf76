package import HTTPTypes

/// Why a message, a query or a request to be written was refused. Nothing more can be read from a connection after one.
///
/// The owner answers with ``response()`` where a request was refused, and closes.
package enum HTTPError: Error, Equatable, Sendable {
    /// A control byte, a bare CR or a bare LF inside a head (RFC 9112 §2.2).
    case controlByte
    /// Not `method SP target SP version` (RFC 9112 §3).
    case requestLine
    /// Not `version SP status SP reason` (RFC 9112 §4).
    case statusLine
    /// Another version than HTTP/1.1.
    case version
    /// A target in none of the forms of RFC 9112 §3.2 that an origin server takes, or with a byte outside 0x21–0x7E or a
    /// fragment.
    case target
    /// A target or request line over its limit.
    case targetTooLong
    /// A field line that is folded, has no colon, or has no token before it (RFC 9112 §5).
    case field
    /// More bytes of head than the limit.
    case headTooLarge
    /// More fields than the limit.
    case tooManyFields
    /// No `Host`, several, one that is not `host [":" port]`, or another than the target's (RFC 9112 §3.2).
    case host
    /// `Content-Length` that is repeated, not a number, or beside `Transfer-Encoding` (RFC 9112 §6.3).
    case contentLength
    /// `Transfer-Encoding` whose last coding is not one `chunked`, so that nobody knows where the body ends
    /// (RFC 9112 §6.3).
    case transferEncoding
    /// A transfer coding besides `chunked` (RFC 9112 §6.1).
    case transferCoding
    /// A chunk without a size or a line's end, with an extension, or a trailer (RFC 9112 §7.1).
    case chunk
    /// A body over the limit that its owner has set.
    case bodyTooLarge
    /// An expectation other than `100-continue` (RFC 9110 §10.1.1).
    case expectation
    /// A query with bad percent-encoding, text that is not UTF-8, too many pairs, or a known name twice.
    case query

    /// The status to answer with; 502 where it was the peer's response that was wrong.
    package var status: HTTPResponse.Status {
        switch self {
        case .controlByte, .requestLine, .target, .field, .host, .contentLength, .transferEncoding, .chunk, .query:
            .badRequest
        case .bodyTooLarge: .contentTooLarge
        case .targetTooLong: .uriTooLong
        case .expectation: .expectationFailed
        case .headTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
        case .transferCoding: .notImplemented
        case .statusLine: .badGateway
        case .version: .httpVersionNotSupported
        }
    }

    /// The whole answer to a refused request: the status, its name as text, and `Connection: close`.
    package func response() -> [UInt8] {
        HTTPWriter.response(status, text: status.reasonPhrase, connection: .close)
    }
}
