import ByteKit
import HTTPCore
public import HTTPTypes
import ServerCore

/// One HTTP request to a path of your own.
public struct WebRequest {
    let exchange: HTTPExchange

    /// GET, POST and so on.
    public var method: HTTPRequest.Method { exchange.head.method }
    /// The path as it was sent.
    public var path: String { exchange.head.path }
    /// What follows the first `?`, as it was sent.
    public var query: String { exchange.head.query }
    /// The request's fields.
    public var fields: HTTPFields { exchange.head.fields }
    /// The whole body.
    public var body: [UInt8] { exchange.body }
    /// The client's address.
    public var address: String { exchange.peer.description }
}

/// The answer to a ``WebRequest``.
public struct WebAnswer {
    /// The status; 200 unless you say otherwise.
    public var status: HTTPResponse.Status
    /// The fields. `Content-Length` and `Connection` are added.
    public var fields: HTTPFields
    /// The content.
    public var body: [UInt8]
    /// Whether text or JSON of 1 KiB to 1 MiB may be compressed for a client that takes it. Say false for a body that
    /// holds a secret beside text that somebody else has chosen: its length would tell of the secret.
    public var compresses = true

    /// An answer of bytes.
    public init(_ status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// An answer of HTML.
    public init(_ status: HTTPResponse.Status = .ok, html: String) {
        self.init(status, fields: [.contentType: "text/html; charset=utf-8"], body: Array(html.utf8))
    }

    /// An answer of plain text.
    public init(_ status: HTTPResponse.Status = .ok, text: String) {
        self.init(
            status, fields: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: Array(text.utf8))
    }
}
