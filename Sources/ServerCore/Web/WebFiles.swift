import HTTPCore
import HTTPTypes

/// The page at `/` and what it loads, carried in the binary. `scripts/embed` writes their texts into this folder.
enum WebFiles {
    static let page = WebFile(markup, type: "text/html")

    /// What the page loads, by path.
    static let byPath = [
        "/page.css": WebFile(style, type: "text/css"),
        "/page.js": WebFile(program, type: "text/javascript"),
        "/muster.js": WebFile(module, type: "text/javascript"),
    ]
}

/// A file of the page, with the response fields that it is always sent with.
struct WebFile: Sendable {
    private let body: [UInt8]
    private let fields: HTTPFields

    /// - Parameter type: The media type; the text is UTF-8.
    init(_ text: String, type: String) {
        body = Array(text.utf8)
        fields = [
            .contentType: "\(type); charset=utf-8", .cacheControl: "no-cache", .vary: "Accept",
            .contentSecurityPolicy: Self.policy, .xContentTypeOptions: "nosniff",
        ]
    }

    /// Nothing but the server's own files, and connections to it ('self' covers its WebSockets, CSP 3). The icon is
    /// an empty `data:` address, which spares the request for one.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
        form-action 'self'; frame-ancestors 'none'
        """

    /// Answers a request for this file.
    func answer(_ exchange: HTTPExchange) {
        exchange.respond(.ok, fields: fields, body: body)
    }
}
