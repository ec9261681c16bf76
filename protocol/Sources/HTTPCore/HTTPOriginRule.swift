package import HTTPTypes

/// The `Origin` of a request (RFC 6454 §7.3), judged by an ``HTTPOriginRule``.
package enum HTTPOriginVerdict: Sendable, Equatable {
    /// The request has none: it does not come from a page, or from a page's own GET.
    case absent
    /// The origin may read answers and open WebSockets.
    case allowed(String)
    /// The origin is well formed, and none that is served.
    case foreign
    /// Several fields, or bytes that no origin holds.
    case malformed
}

/// Which web origins a server serves: one rule for HTTP and WebSocket, checked on every request.
package struct HTTPOriginRule: Sendable, Equatable {
    private let origins: Set<String>
    private let allowsAny: Bool
    private let allowsCredentials: Bool
    /// Whether answers are for all origins, and so name none.
    private let namesNone: Bool

    /// A rule for the server's own host and `origins`, such as `https://game.example`; with `*` among them, for all.
    ///
    /// - Parameters:
    ///   - allowsCredentials: Whether pages of the listed origins may send cookies. With `*` they may not, unless each origin
    ///     is echoed: any page can then act as its visitor.
    ///   - echoesOrigins: Whether `*` names each origin in the answer.
    package init(origins: [String] = [], allowsCredentials: Bool = false, echoesOrigins: Bool = false) {
        allowsAny = origins.contains("*")
        namesNone = allowsAny && !echoesOrigins
        self.origins = Set(origins.map { $0.lowercased() })
        self.allowsCredentials = allowsCredentials && !namesNone
    }

    /// Judges the origin of a request by its fields `Origin` and `Host`.
    ///
    /// The own host is the one in `Host`, with its port, whatever the scheme: behind a proxy that ends TLS the server
    /// does not know it.
    package func verdict(_ fields: HTTPFields) -> HTTPOriginVerdict {
        let values = fields[values: .origin]
        guard let origin = values.first else { return .absent }
        guard values.count == 1, Self.isWellFormed(origin) else { return .malformed }
        let host = fields.first { $0.name.canonicalName == "host" }?.value
        guard allowsAny || origins.contains(origin.lowercased()) || Self.host(of: origin) == host?.lowercased() else {
            return .foreign
        }
        return .allowed(origin)
    }

    /// Whether a request comes from a page whose origin is not served.
    package func isForeign(_ fields: HTTPFields) -> Bool {
        switch verdict(fields) {
        case .absent, .allowed: false
        case .foreign, .malformed: true
        }
    }

    /// The fields that an answer has because of the origin, also one that refuses (Fetch §3.3.3).
    package func fields(for verdict: HTTPOriginVerdict) -> HTTPFields {
        guard !namesNone else { return [.accessControlAllowOrigin: "*"] }
        var fields: HTTPFields = [.vary: "Origin"]
        guard case .allowed(let origin) = verdict else { return fields }
        fields[.accessControlAllowOrigin] = origin
        if allowsCredentials { fields[.accessControlAllowCredentials] = "true" }
        return fields
    }

    /// The fields that answer a preflight, with 204 and no body; nil where the request is none, or its origin may not.
    ///
    /// The fields that the page asks to send are allowed as they stand: what they say is checked where they are read.
    ///
    /// - Parameters:
    ///   - methods: What `Access-Control-Allow-Methods` lists.
    ///   - maxAgeSeconds: How long a browser may remember the answer.
    package func preflightFields(
        _ request: HTTPFields, methods: String = "GET, POST", maxAgeSeconds: Int = 600
    ) -> HTTPFields? {
        let verdict = verdict(request)
        guard case .allowed = verdict, request[values: .accessControlRequestMethod].count == 1 else { return nil }
        var fields = fields(for: verdict)
        fields[.vary] =
            namesNone
            ? "Access-Control-Request-Headers" : "Origin, Access-Control-Request-Headers"
        fields[.accessControlAllowMethods] = methods
        fields[.accessControlMaxAge] = String(maxAgeSeconds)
        let names = request[values: .accessControlRequestHeaders].joined(separator: ",")
        if !names.isEmpty, Self.isListOfTokens(names) { fields[.accessControlAllowHeaders] = names }
        return fields
    }

    /// Whether `origin` is visible ASCII alone.
    private static func isWellFormed(_ origin: String) -> Bool {
        !origin.isEmpty && origin.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// The host and port of `scheme://host[:port]`, in small letters; nil for `null` and anything else.
    private static func host(of origin: String) -> String? {
        let parts = origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count > 1, parts[0].last == ":", parts[1].isEmpty, !parts[2].isEmpty else {
            return nil
        }
        return parts[2].lowercased()
    }

    /// Whether `text` is tokens with commas and blanks between them.
    private static func isListOfTokens(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            HTTPGrammar.isTokenByte($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ")
        }
    }
}
