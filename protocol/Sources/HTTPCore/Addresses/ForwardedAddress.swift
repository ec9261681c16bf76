package import HTTPTypes

/// Finds a client's address behind proxies, from `X-Forwarded-For`: a list to which each proxy adds, at the right, the
/// address that it was called from. What stands further left is hearsay.
package enum ForwardedAddress {
    /// Entries that are looked at, from the right; no chain of proxies is that long.
    package static let entriesMax = 64

    /// The address of the client that a request came from.
    ///
    /// - Parameters:
    ///   - peer: Who sent the request over the connection.
    ///   - fields: The request's. Repeated `X-Forwarded-For` fields are one list, in their order.
    ///   - trusted: The proxies whose word is taken.
    /// - Returns: `peer` where it is no trusted proxy. Else the first address from the right that is none; where an entry is
    ///   no address, or all are trusted, the last trusted proxy that was come to.
    package static func client(peer: IPAddress, fields: HTTPFields, trusted: [AddressRange]) -> IPAddress {
        guard trusted.contains(where: { $0.contains(peer) }) else { return peer }
        var client = peer
        var entriesLeft = entriesMax
        for field in fields.reversed() where field.name.canonicalName == "x-forwarded-for" {
            let value = field.value
            let bytes = value.utf8.span
            var end = bytes.count
            while end >= 0 {
                guard entriesLeft > 0 else { return client }
                entriesLeft -= 1
                var start = end
                while start > 0, bytes[start - 1] != UInt8(ascii: ",") { start -= 1 }
                let element = bytes.extracting(start..<end)
                end = start - 1
                let entry = element.extracting(HTTPGrammar.trimmed(element))
                // Lists may have empty elements (RFC 9110 §5.6.1.2).
                if entry.isEmpty { continue }
                guard let address = address(entry) else { return client }
                client = address
                guard trusted.contains(where: { $0.contains(address) }) else { return client }
            }
        }
        return client
    }

    /// The address in an entry: alone, in brackets, with a port, with a zone.
    private static func address(_ entry: Span<UInt8>) -> IPAddress? {
        if entry[0] == UInt8(ascii: "[") {
            guard let bracket = HTTPGrammar.firstIndex(of: UInt8(ascii: "]"), in: entry) else { return nil }
            let inside = entry.extracting(1..<bracket)
            guard HTTPGrammar.firstIndex(of: UInt8(ascii: ":"), in: inside) != nil,
                isPortOrNothing(entry.extracting((bracket + 1)...))
            else { return nil }
            return IPAddress(inside)
        }
        if let address = IPAddress(entry) { return address }
        // One colon that is not of an IPv6 address is a port's.
        guard let colon = HTTPGrammar.firstIndex(of: UInt8(ascii: ":"), in: entry),
            isPortOrNothing(entry.extracting(colon...)), let ipv4 = AddressText.ipv4(entry.extracting(..<colon))
        else { return nil }
        return IPAddress(ipv4: ipv4)
    }

    private static func isPortOrNothing(_ text: Span<UInt8>) -> Bool {
        guard !text.isEmpty else { return true }
        guard text[0] == UInt8(ascii: ":"), text.count <= 6 else { return false }
        return HTTPGrammar.decimal(text.extracting(1...)).map { $0 <= 65535 } ?? false
    }
}
