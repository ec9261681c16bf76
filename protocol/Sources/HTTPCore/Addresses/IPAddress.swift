import ByteKit

/// An IPv4 or IPv6 address as one number of 128 bits.
///
/// An IPv4 address is its mapped form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), so a peer is the same however the socket
/// that took it shows it.
package struct IPAddress: Hashable, Sendable {
    /// The address, the first byte of its text in the most significant place.
    package let bits: UInt128

    /// The address with those bits.
    package init(bits: UInt128) {
        self.bits = bits
    }

    /// An IPv4 address, its first part in the most significant byte.
    package init(ipv4: UInt32) {
        bits = 0xFFFF_0000_0000 | UInt128(ipv4)
    }

    /// The address that a text is: `192.0.2.1`, `2001:db8::1`, also `fe80::1%eth0`, whose zone is left out: it names a
    /// cable of one machine. Nil for anything else, also for brackets, ports and leading zeros in IPv4.
    package init?(_ text: String) {
        let bytes = text.utf8.span
        self.init(bytes)
    }

    /// The address that the bytes of a text are.
    package init?(_ text: Span<UInt8>) {
        if let ipv4 = AddressText.ipv4(text) {
            self.init(ipv4: ipv4)
            return
        }
        let zone = HTTPGrammar.firstIndex(of: UInt8(ascii: "%"), in: text) ?? text.count
        guard zone == text.count || zone + 1 < text.count, let bits = AddressText.ipv6(text.extracting(..<zone)) else {
            return nil
        }
        self.init(bits: bits)
    }

    /// Whether it is an IPv4 address, mapped or not.
    package var isIPv4: Bool { bits >> 32 == 0xFFFF }
}

extension IPAddress: CustomStringConvertible {
    /// Its text: `192.0.2.1`, or as RFC 5952 §4 writes IPv6.
    package var description: String { PeerAddress(self, port: 0).host }
}

extension IPAddress {
    /// The address of a peer without its port; nil for a process of this machine.
    package init?(_ peer: PeerAddress) {
        guard peer.family != .local else { return nil }
        self.init(bits: UInt128(peer.high) << 64 | UInt128(peer.low))
    }
}

extension PeerAddress {
    /// The peer at an address; port 0 where nobody knows it.
    package init(_ address: IPAddress, port: UInt16) {
        self.init(
            ipv6: UInt64(truncatingIfNeeded: address.bits >> 64), UInt64(truncatingIfNeeded: address.bits), port: port)
    }
}
