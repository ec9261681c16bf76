/// The cookie that a handshake may set, on both transports: for proxies that keep a session at one server, and as a proof
/// that scripts of the page cannot read (protocol/spec/socketio.md §11).
package struct EngineCookie: Sendable, Equatable {
    /// When browsers send the cookie with requests from other sites (RFC 6265bis “SameSite”).
    package enum SameSite: String, Sendable {
        case strict = "Strict"
        case lax = "Lax"
        /// Always, but over TLS alone: browsers drop it without `Secure`.
        case none = "None"
    }

    /// The name: a token (RFC 9110 §5.6.2).
    package let name: String
    /// The path under which browsers send it.
    package let path: String
    private let maxAgeSeconds: Int?
    private let sameSite: SameSite

    /// A cookie; nil where the name is no token, the path does not begin with `/` or holds what would end it, or the age
    /// is below zero.
    ///
    /// - Parameter maxAgeSeconds: Nil for a cookie that ends with the browser.
    package init?(
        name: String = "io", path: String = "/", maxAgeSeconds: Int? = nil, sameSite: SameSite = .lax
    ) {
        guard Self.isToken(name), path.utf8.first == UInt8(ascii: "/"),
            path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ";") }), (maxAgeSeconds ?? 0) >= 0
        else { return nil }
        self.name = name
        self.path = path
        self.maxAgeSeconds = maxAgeSeconds
        self.sameSite = sameSite
    }

    /// The value of the `Set-Cookie` field: `io=<value>; Path=/; HttpOnly; SameSite=Lax`.
    ///
    /// - Parameters:
    ///   - value: Ours, of the base64 URL alphabet; never what a client sent.
    ///   - isSecure: Whether the client came over TLS, as far as the server can know.
    package func field(value: String, isSecure: Bool) -> String {
        precondition(value.utf8.allSatisfy(Self.isTokenByte), "A cookie's value is of our own making.")
        var field = "\(name)=\(value)"
        if let maxAgeSeconds { field += "; Max-Age=\(maxAgeSeconds)" }
        field += "; Path=\(path); HttpOnly"
        if isSecure { field += "; Secure" }
        return field + "; SameSite=\(sameSite.rawValue)"
    }

    /// Whether a request's `Cookie` fields hold this cookie exactly once, with that value.
    ///
    /// Takes the same time wherever the values differ: the value is a secret.
    package func isPresent(in fields: some Sequence<String>, value: String) -> Bool {
        var found: [Substring] = []
        for field in fields {
            for pair in field.split(separator: ";") {
                let pair = pair.drop { $0 == " " || $0 == "\t" }
                guard let equals = pair.firstIndex(of: "="), pair[..<equals].utf8.elementsEqual(name.utf8) else {
                    continue
                }
                found.append(pair[pair.index(after: equals)...])
            }
        }
        guard found.count == 1, found[0].utf8.count == value.utf8.count else { return false }
        return zip(found[0].utf8, value.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "^")...UInt8(ascii: "z"), UInt8(ascii: "|"), UInt8(ascii: "~"): true
        case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
