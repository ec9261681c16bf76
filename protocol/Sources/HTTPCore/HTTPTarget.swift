/// The target of a request line, in the forms that an origin server takes (RFC 9112 §3.2).
struct HTTPTarget: Sendable {
    /// As it was sent, from its slash; `*` in asterisk form; `/` where an absolute form has no path.
    let path: String
    /// What follows the first `?`, as it was sent.
    let query: String
    /// Host and port of a target in absolute form, which `Host` must repeat.
    let authority: String?

    /// Whether `bytes` are a target in origin form: a slash, then bytes 0x21–0x7E without `#` (RFC 9112 §3.2.1).
    static func isOriginForm(_ bytes: Span<UInt8>) -> Bool {
        !bytes.isEmpty && bytes[0] == UInt8(ascii: "/") && hasOnlyTargetBytes(bytes)
    }

    /// - Parameter isOptions: Whether the method is OPTIONS, the only one that may ask for `*` (RFC 9112 §3.2.4).
    init(_ target: Span<UInt8>, isOptions: Bool) throws(HTTPError) {
        guard !target.isEmpty, HTTPTarget.hasOnlyTargetBytes(target) else { throw .target }
        var pathStart = 0
        switch target[0] {
        case UInt8(ascii: "/"):
            authority = nil
        case UInt8(ascii: "*"):
            guard isOptions, target.count == 1 else { throw .target }
            authority = nil
        default:
            guard let start = HTTPTarget.authorityStart(target) else { throw .target }
            pathStart = start
            while pathStart < target.count, target[pathStart] != UInt8(ascii: "/"),
                target[pathStart] != UInt8(ascii: "?")
            {
                pathStart += 1
            }
            let host = target.extracting(start..<pathStart)
            // User information is among what is no host: such a target may look like another one's (RFC 9110 §4.2.4).
            guard HTTPHost.isValid(host) else { throw .target }
            authority = HTTPGrammar.text(host)
        }
        let rest = target.extracting(pathStart...)
        let pathEnd = HTTPGrammar.firstIndex(of: UInt8(ascii: "?"), in: rest) ?? rest.count
        path = pathEnd == 0 ? "/" : HTTPGrammar.text(rest.extracting(..<pathEnd))
        query = pathEnd < rest.count ? HTTPGrammar.text(rest.extracting((pathEnd + 1)...)) : ""
    }

    private static func hasOnlyTargetBytes(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x21, byte <= 0x7E, byte != UInt8(ascii: "#") else { return false }
        }
        return true
    }

    /// Where the authority begins behind `http://` or `https://` in any case of letters; nil without one of them.
    private static func authorityStart(_ target: Span<UInt8>) -> Int? {
        for scheme in ["http://", "https://"] where target.count > scheme.utf8.count {
            let start = scheme.utf8.count
            if HTTPGrammar.equalIgnoringCase(target.extracting(..<start), scheme) { return start }
        }
        return nil
    }
}
