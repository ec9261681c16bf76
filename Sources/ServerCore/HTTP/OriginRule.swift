import HTTPCore
import HTTPTypes

/// Which web pages may use this server: one rule for WebSocket, long polling and the rest.
///
/// A browser says in `Origin` which page a request comes from (RFC 6454 §7). Pages from the server's own host are
/// allowed, and those from a list. What sends no `Origin` is no browser's page.
package struct OriginRule: Sendable {
    /// The origins allowed besides the server's own host, as `scheme://host[:port]`; `*` allows every one.
    package var allowed: [String]

    /// A rule that allows the server's own host and `allowed`.
    package init(allowed: [String] = []) {
        self.allowed = allowed
    }

    /// Whether the request may be served.
    package func allows(_ head: HTTPRequestHead) -> Bool {
        let origins = head.fields[values: .origin]
        guard let origin = origins.first else { return true }
        guard origins.count == 1 else { return false }
        if allowed.contains("*") || allowed.contains(origin) { return true }
        // The host is compared as the browser wrote it to both places.
        let parts = origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        let hostField = head.fields.first { $0.name.canonicalName == "host" }
        guard let host = hostField?.value, parts.count == 3, parts[0].last == ":", parts[1].isEmpty else {
            return false
        }
        return parts[2].lowercased() == host.lowercased()
    }
}
