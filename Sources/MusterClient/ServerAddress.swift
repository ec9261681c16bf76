import EventLoop

/// Where a server is: what `--server` names.
package struct ServerAddress: Sendable, Equatable {
    /// The host as in a URL: IPv6 in brackets.
    package var host: String
    /// The port, 1 to 65535.
    package var port: Int
    /// Whether TLS is spoken there.
    package var isSecure = false

    /// The `Host` field of a request.
    package var authority: String { "\(host):\(port)" }

    /// The host by itself: what a certificate has to be for.
    package var name: String {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return isBracketed ? String(host.dropFirst().dropLast()) : host
    }

    /// What the loop connects to.
    package var socketAddress: SocketAddress { .ip(host: name, port: port) }

    /// The forms that ``init(_:)`` takes.
    package static let forms = "http://HOST:PORT or https://HOST:PORT"

    /// Reads `http://HOST:PORT`, `ws://HOST:PORT` or `HOST:PORT`, or with TLS `https://HOST:PORT` or `wss://HOST:PORT`; the
    /// port is 80, or 443, unless named. Nil for anything else.
    package init?(_ text: String) {
        var rest = Substring(text)
        let schemes = [("http://", false), ("ws://", false), ("https://", true), ("wss://", true)]
        for (scheme, isSecure) in schemes where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            self.isSecure = isSecure
            break
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.isEmpty, !rest.contains("/"), !rest.contains("@"), !rest.contains("?") else { return nil }
        let afterBracket = rest.firstIndex(of: "]") ?? rest.startIndex
        guard let colon = rest[afterBracket...].lastIndex(of: ":") else {
            host = String(rest)
            port = isSecure ? 443 : 80
            return
        }
        guard let port = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(port) else { return nil }
        host = String(rest[..<colon])
        self.port = port
        // More colons are an IPv6 address, which is only unambiguous in brackets.
        guard !host.isEmpty, host.hasPrefix("[") || !host.contains(":") else { return nil }
    }
}
