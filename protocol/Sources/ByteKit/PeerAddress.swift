/// Who is at the other end of a connection: an IP address with its port, or a process of this machine.
///
/// A small value without allocations, made at each accept; its text is made when somebody asks. An IPv4 address in
/// IPv6 clothes (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is the IPv4 address.
package struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// What kind of address it is.
    package enum Family: UInt8, Sendable {
        /// A Unix socket or a pipe: whoever it is runs on this machine.
        case local
        /// An IPv4 address.
        case ipv4
        /// An IPv6 address.
        case ipv6
    }

    /// The first eight bytes of the address as IPv6, as a big-endian number.
    package let high: UInt64
    /// The last eight bytes; of an IPv4 address `0x0000_FFFF` and its four bytes.
    package let low: UInt64
    /// The port; 0 for a local peer.
    package let port: UInt16
    /// The kind of address.
    package let family: Family

    /// The peer of a Unix socket.
    package static let local = PeerAddress()

    private init() {
        high = 0
        low = 0
        port = 0
        family = .local
    }

    /// The IPv4 address whose bytes are `address` as a big-endian number.
    package init(ipv4 address: UInt32, port: UInt16) {
        high = 0
        low = Self.mappedPrefix | UInt64(address)
        self.port = port
        family = .ipv4
    }

    /// The IPv6 address, or the IPv4 address that it stands for, whose bytes are `high` and `low` as big-endian numbers.
    package init(ipv6 high: UInt64, _ low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
        family = high == 0 && low & ~UInt64(UInt32.max) == Self.mappedPrefix ? .ipv4 : .ipv6
    }

    private static let mappedPrefix: UInt64 = 0xFFFF << 32

    /// Whether the peer is on this machine: `127.0.0.0/8`, `::1`, or local.
    package var isLoopback: Bool {
        switch family {
        case .local: true
        case .ipv4: UInt8(truncatingIfNeeded: low >> 24) == 127
        case .ipv6: high == 0 && low == 1
        }
    }

    /// The address alone: `192.0.2.1`, `2001:db8::1` (RFC 5952 §4), or nothing for a local peer.
    package var host: String {
        switch family {
        case .local: ""
        case .ipv4: ipv4Host
        case .ipv6: ipv6Host
        }
    }

    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `unix:`.
    package var description: String {
        switch family {
        case .local: "unix:"
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        }
    }

    private var ipv4Host: String {
        let bytes = [low >> 24, low >> 16, low >> 8, low].map { UInt8(truncatingIfNeeded: $0) }
        return "\(bytes[0]).\(bytes[1]).\(bytes[2]).\(bytes[3])"
    }

    private var ipv6Host: String {
        let groups = [high, low].flatMap { (half: UInt64) -> [UInt16] in
            [half >> 48, half >> 32, half >> 16, half].map { UInt16(truncatingIfNeeded: $0) }
        }
        let gap = longestZeroes(groups)
        var text = ""
        var index = 0
        while index < 8 {
            if index == gap.lowerBound, !gap.isEmpty {
                text += "::"
                index = gap.upperBound
            } else {
                if !text.isEmpty, !text.hasSuffix("::") { text += ":" }
                text += String(groups[index], radix: 16)
                index += 1
            }
        }
        return text
    }
}

/// The first of the longest runs of two or more zeroes (RFC 5952 §4.2); empty when there is none.
private func longestZeroes(_ groups: [UInt16]) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for (index, group) in groups.enumerated() {
        if group != 0 {
            start = index + 1
        } else if index + 1 - start > max(longest.count, 1) {
            longest = start..<index + 1
        }
    }
    return longest
}
