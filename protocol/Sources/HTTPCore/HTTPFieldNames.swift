internal import HTTPTypes

/// The field names that requests bring, each made once: a name costs two texts, and a browser sends fifteen.
///
/// Names compare in any case of letters, so a known name is read as it is registered, however it was written.
enum HTTPFieldNames {
    /// What a head's reader must know about a field beyond its text.
    enum Role: Sendable {
        case plain, host, contentLength, transferEncoding, expect
    }

    /// A name that is known.
    struct Entry: Sendable {
        let name: HTTPField.Name
        let role: Role
        fileprivate let lowercase: [UInt8]

        fileprivate init?(_ text: String, _ role: Role = .plain) {
            guard let name = HTTPField.Name(text) else { return nil }
            self.name = name
            self.role = role
            lowercase = Array(name.canonicalName.utf8)
        }
    }

    /// The known name that `bytes` are in some case of letters. They hold no control bytes.
    static func entry(_ bytes: Span<UInt8>) -> Entry? {
        guard !bytes.isEmpty else { return nil }
        for entry in slots[slot(count: bytes.count, first: bytes[0], last: bytes[bytes.count - 1])]
        where isSame(bytes, entry.lowercase.span) {
            return entry
        }
        return nil
    }

    /// In known names are letters, digits and hyphens, so setting the bit of lower case makes nothing else equal to them
    /// but control bytes.
    private static func isSame(_ bytes: Span<UInt8>, _ lowercase: Span<UInt8>) -> Bool {
        guard bytes.count == lowercase.count else { return false }
        for index in bytes.indices where bytes[index] | 0x20 != lowercase[index] { return false }
        return true
    }

    private static func slot(count: Int, first: UInt8, last: UInt8) -> Int {
        (count &+ Int(first | 0x20) &* 7 &+ Int(last | 0x20) &* 13) & 127
    }

    private static let slots: [[Entry]] = {
        let entries = [
            Entry("Host", .host), Entry("Content-Length", .contentLength),
            Entry("Transfer-Encoding", .transferEncoding), Entry("Expect", .expect),
        ]
        let plain = [
            "Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers",
            "Access-Control-Request-Method", "Authorization", "Cache-Control", "Connection", "Content-Encoding",
            "Content-Type", "Cookie", "Date", "If-Modified-Since", "If-None-Match", "Last-Event-ID", "Origin", "Pragma",
            "Priority", "Range", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User",
            "Sec-GPC", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key",
            "Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Server", "TE", "Upgrade", "Upgrade-Insecure-Requests",
            "User-Agent", "Vary", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP",
            "X-Request-ID",
        ].map { Entry($0) }
        var slots = [[Entry]](repeating: [], count: 128)
        for entry in (entries + plain).compactMap(\.self) {
            guard let first = entry.lowercase.first, let last = entry.lowercase.last else { continue }
            slots[slot(count: entry.lowercase.count, first: first, last: last)].append(entry)
        }
        return slots
    }()
}
