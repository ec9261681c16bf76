import Determinism
import HTTPCore
import HTTPTypes
import JSONCore

/// How a client came: its first request, and what it showed for a namespace.
package struct SocketHandshake: Sendable {
    /// The request's fields.
    package var fields = HTTPFields()
    /// The path and the query, as they were sent.
    package var url = ""
    /// The query's pairs; of a name that comes twice, the last.
    package var query: [(name: String, value: String)] = []
    /// The client's address.
    package var address = ""
    /// Whether it came over TLS.
    package var isSecure = false
    /// When it came, on the server's clock.
    package var issuedAt = Instant.zero
    /// What it sent with its CONNECT; an empty object where it sent nothing.
    package var auth: JSONValue = [:]

    package init() {}
}

/// A session's first request as it is kept: one array, since there is one for each idle client.
struct KeptRequest {
    /// How much is kept.
    enum Extent {
        /// The target alone.
        case target
        /// The fields, too.
        case whole
    }

    /// The target, then each field as `name:value`, in lines.
    private let lines: [UInt8]
    let isSecure: Bool

    init(_ head: HTTPRequestHead, isSecure: Bool, extent: Extent) {
        self.isSecure = isSecure
        let query = head.query.isEmpty ? "" : "?\(head.query)"
        var text = "\(head.path)\(query)"
        if extent == .whole { for field in head.fields { text += "\n\(field.name.rawName):\(field.value)" } }
        lines = Array(text.utf8)
    }

    /// What it said.
    var handshake: SocketHandshake {
        var handshake = SocketHandshake()
        let parts = lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        handshake.url = String(decoding: parts[0], as: UTF8.self)
        for part in parts.dropFirst() {
            guard let colon = part.firstIndex(of: UInt8(ascii: ":")),
                let name = HTTPField.Name(String(decoding: part[..<colon], as: UTF8.self))
            else { continue }
            handshake.fields.append(
                HTTPField(name: name, value: String(decoding: part[part.index(after: colon)...], as: UTF8.self)))
        }
        let query = handshake.url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst()
        if let query = query.first, let pairs = try? HTTPQuery(String(query)).pairs {
            handshake.query = pairs.map { ($0.name, $0.value) }
        }
        handshake.isSecure = isSecure
        return handshake
    }
}
