import Compression
import Determinism
import HTTPCore
import HTTPTypes

/// The server's pages and what they load, and the API's description, carried in the binary. `scripts/embed` writes them into the folder Embedded.
enum WebFiles {}

/// A file of the pages in its two forms, plain and gzip, each with its tag and the response fields that it is always sent
/// with. Made when it is first asked for, and kept.
package struct WebFile: Sendable {
    private let plain: Form
    private let gzipped: Form

    private struct Form: Sendable {
        let body: [UInt8]
        let tag: HTTPEntityTag
        let fields: HTTPFields
    }

    /// A file.
    ///
    /// - Parameter type: The media type; the text is UTF-8.
    package init(_ text: String, type: String) {
        let body = Array(text.utf8)
        var fields: HTTPFields = [
            .contentType: "\(type); charset=utf-8", .cacheControl: "no-cache", .vary: "Accept, Accept-Encoding",
            .contentSecurityPolicy: Self.policy, .xContentTypeOptions: "nosniff",
        ]
        plain = Self.form(body, fields)
        fields[.contentEncoding] = HTTPContentCoding.gzip.rawValue
        gzipped = Self.form(gzip(body.span, level: 9), fields)
    }

    /// A strong tag names bytes, so each form has its own (RFC 9110 §8.8.3.3).
    private static func form(_ body: [UInt8], _ fields: HTTPFields) -> Form {
        var hash = StableHash()
        hash.feed(body)
        let tag = HTTPEntityTag(String(hash.value, radix: 16))
        var fields = fields
        fields[.eTag] = tag.text
        return Form(body: body, tag: tag, fields: fields)
    }

    /// Nothing but the server's own files, and connections to it ('self' covers its WebSockets, CSP 3). The icon is
    /// an empty `data:` address, which spares the request for one.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
        form-action 'self'; frame-ancestors 'none'
        """

    /// Answers a request for this file: 304 if the client has it.
    package func answer(_ exchange: HTTPExchange) {
        let wantsGzip = HTTPContentCoding.best(of: [.gzip], for: exchange.head.fields) == HTTPContentCoding.gzip
        let form = wantsGzip ? gzipped : plain
        guard !form.tag.isNamed(in: exchange.head.fields) else {
            return exchange.respondNotModified(form.tag, fields: form.fields)
        }
        exchange.respond(.ok, fields: form.fields, body: form.body, compresses: false)
    }
}

extension Endpoint {
    /// A file to be read.
    package static func file(_ file: WebFile) -> Endpoint {
        .http(bodyBytesMax: 0) { exchange in
            guard exchange.head.method == .get || exchange.head.method == .head else {
                return exchange.respond(.methodNotAllowed, fields: [.allow: "GET, HEAD"])
            }
            file.answer(exchange)
        }
    }
}

extension HTTPExchange {
    /// Answers that the client's copy is still good, with what a 304 repeats of the fields (RFC 9110 §15.4.5).
    func respondNotModified(_ tag: HTTPEntityTag, fields: HTTPFields) {
        var kept: HTTPFields = [.eTag: tag.text]
        for name in [HTTPField.Name.cacheControl, .vary] { kept[name] = fields[name] }
        respond(.notModified, fields: kept, body: [])
    }
}
