/// Where a server listens.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A TCP port of an address: an IPv4 or IPv6 literal without brackets, or a name. Port 0 takes a free one.
    case ip(host: String, port: Int)
    /// The same with TLS.
    case tls(host: String, port: Int)
    /// A Unix socket at a path of 1 … 107 bytes.
    case unix(path: String)

    /// The forms that ``init(_:)`` takes.
    static let forms = "HOST:PORT, [IPv6]:PORT, https://HOST:PORT or unix:/PATH"

    /// Reads `127.0.0.1:7777`, `localhost:7777`, `[::1]:7777` or `unix:/run/muster.sock`; nil for anything else.
    ///
    /// `https://` before a host means TLS; `http://` means what nothing means.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard (1...107).contains(path.utf8.count), !path.utf8.contains(0) else { return nil }
            self = .unix(path: path)
            return
        }
        let isSecure = text.hasPrefix("https://")
        let rest = isSecure ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : Substring(text)
        guard let colon = rest.lastIndex(of: ":"),
            let port = Self.port(rest[rest.index(after: colon)...]),
            let host = Self.host(rest[..<colon])
        else { return nil }
        self = isSecure ? .tls(host: host, port: port) : .ip(host: host, port: port)
    }

    /// Whether TLS is spoken there.
    public var isSecure: Bool {
        if case .tls = self { true } else { false }
    }

    /// `127.0.0.1:7777`, `[::1]:7777`, `https://127.0.0.1:7777` or `unix:/run/muster.sock`.
    public var description: String {
        switch self {
        case .ip(let host, let port): Self.text(host, port)
        case .tls(let host, let port): "https://" + Self.text(host, port)
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func text(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { return nil }
        return Int(text).flatMap { $0 <= 65_535 ? $0 : nil }
    }

    private static func host(_ text: Substring) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let literal = text.dropFirst().dropLast()
            let isLiteral = literal.contains(":") && literal.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
            return isLiteral ? String(literal) : nil
        }
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isName && (1...253).contains(text.utf8.count) ? String(text) : nil
    }
}
