import ByteKit

/// Why the bytes before a connection's first request are no PROXY header that we take. Close without an answer.
package enum ProxyHeaderError: Error, Equatable, Sendable {
    /// The bytes do not begin as version 2 does. Version 1, which is text, is not taken.
    case signature
    /// Another version than 2.
    case version
    /// Neither LOCAL nor PROXY.
    case command
    /// Not TCP over IPv4 or IPv6, nor unspecified.
    case family
    /// Fewer bytes than the family's addresses, or more than ``ProxyHeader/bytesMax`` in all.
    case length
}

/// What a proxy says about a connection that it has passed on: the PROXY protocol, version 2, binary
/// (HAProxy's proxy-protocol.txt, §2.2).
package struct ProxyHeader: Sendable, Equatable {
    /// Bytes of a header with all its extensions: what the protocol's authors promise never to exceed.
    package static let bytesMax = 536

    /// The client's address; nil where the proxy speaks for itself (LOCAL, a health check) or does not know.
    package let source: IPAddress?
    /// The client's port, 0 without an address.
    package let sourcePort: UInt16
}

/// Reads the one PROXY header at a connection's beginning, in any split. It keeps 52 bytes at most; extensions (TLVs) are
/// skipped unread.
package struct ProxyHeaderParser: Sendable {
    /// `CR LF CR LF NUL CR LF Q U I T LF`.
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let fixedBytes = 16

    private enum Family {
        case unspecified, ipv4, ipv6

        /// Bytes of two addresses and two ports.
        var addressBytes: Int {
            switch self {
            case .unspecified: 0
            case .ipv4: 12
            case .ipv6: 36
            }
        }
    }

    private var kept: [UInt8] = []
    private var isLocal = false
    private var family = Family.unspecified
    private var skipBytes = 0

    /// Waits for the first byte.
    package init() {}

    /// The header, or nil with every byte taken when it has not ended yet. It is not to be called after that.
    ///
    /// - Parameter cursor: Where to begin in `bytes`; afterwards, the first byte of what the proxy passes on.
    /// - Throws: At the first byte that cannot be right. Close; the parser is not to be used again.
    package mutating func next(_ bytes: Span<UInt8>, at cursor: inout Int) throws(ProxyHeaderError) -> ProxyHeader? {
        while kept.count < ProxyHeaderParser.fixedBytes
            || kept.count < ProxyHeaderParser.fixedBytes + family.addressBytes
        {
            guard cursor < bytes.count else { return nil }
            let byte = bytes[cursor]
            try check(byte)
            kept.append(byte)
            cursor += 1
        }
        let skipped = min(skipBytes, bytes.count - cursor)
        cursor += skipped
        skipBytes -= skipped
        return skipBytes == 0 ? header() : nil
    }

    /// Checks the byte that comes next, and takes what the fixed part says.
    private mutating func check(_ byte: UInt8) throws(ProxyHeaderError) {
        switch kept.count {
        case 0..<12:
            guard byte == ProxyHeaderParser.signature[kept.count] else { throw .signature }
        case 12:
            guard byte >> 4 == 2 else { throw .version }
            guard byte & 0x0F <= 1 else { throw .command }
            isLocal = byte & 0x0F == 0
        case 13:
            switch byte {
            case 0x00: family = .unspecified
            case 0x11: family = .ipv4
            case 0x21: family = .ipv6
            // What LOCAL says of its own connection is of no interest, whatever it is.
            default: guard isLocal else { throw .family }
            }
            if isLocal { family = .unspecified }
        case 15:
            let length = Int(kept[14]) << 8 | Int(byte)
            guard length >= family.addressBytes, length <= ProxyHeader.bytesMax - ProxyHeaderParser.fixedBytes else {
                throw .length
            }
            skipBytes = length - family.addressBytes
        default:
            break
        }
    }

    private func header() -> ProxyHeader {
        func number(_ range: Range<Int>) -> UInt128 { kept[range].reduce(0) { $0 << 8 | UInt128($1) } }
        switch family {
        case .unspecified:
            return ProxyHeader(source: nil, sourcePort: 0)
        case .ipv4:
            return ProxyHeader(
                source: IPAddress(ipv4: UInt32(truncatingIfNeeded: number(16..<20))),
                sourcePort: UInt16(truncatingIfNeeded: number(24..<26)))
        case .ipv6:
            return ProxyHeader(
                source: IPAddress(bits: number(16..<32)), sourcePort: UInt16(truncatingIfNeeded: number(48..<50)))
        }
    }
}
