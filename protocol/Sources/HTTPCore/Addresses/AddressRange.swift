/// All addresses that begin with the same bits (RFC 4632 §3.1, RFC 4291 §2.3).
package struct AddressRange: Hashable, Sendable {
    private let base: IPAddress
    /// Bits that are the same, of 128: an IPv4 prefix counts the 96 bits of the mapped form too.
    private let prefixBits: Int

    /// The range that a text is: `10.0.0.0/8`, `fd00::/8`, or one address alone.
    ///
    /// Nil for anything else, also for an address with bits behind the prefix: whoever writes `10.1.2.3/8` has made a
    /// mistake in one of the two.
    package init?(_ text: String) {
        let bytes = text.utf8.span
        let slash = HTTPGrammar.firstIndex(of: UInt8(ascii: "/"), in: bytes) ?? bytes.count
        let addressText = bytes.extracting(..<slash)
        guard HTTPGrammar.firstIndex(of: UInt8(ascii: "%"), in: addressText) == nil,
            let address = IPAddress(addressText)
        else { return nil }
        var prefixBits = 128
        if slash < bytes.count {
            let digits = bytes.extracting((slash + 1)...)
            let isDotted = HTTPGrammar.firstIndex(of: UInt8(ascii: ":"), in: addressText) == nil
            guard digits.count <= 3, digits.count == 1 || digits.count > 0 && digits[0] != UInt8(ascii: "0"),
                let bits = HTTPGrammar.decimal(digits), bits <= (isDotted ? 32 : 128)
            else { return nil }
            prefixBits = isDotted ? 96 + bits : bits
        }
        guard address.bits & ~AddressRange.mask(prefixBits) == 0 else { return nil }
        base = address
        self.prefixBits = prefixBits
    }

    /// Whether the address is in the range. A range of IPv6 has no IPv4 addresses in it, however wide it is.
    package func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv4 == (base.isIPv4 && prefixBits >= 96) else { return false }
        return address.bits & AddressRange.mask(prefixBits) == base.bits
    }

    private static func mask(_ prefixBits: Int) -> UInt128 {
        prefixBits == 0 ? 0 : UInt128.max << UInt128(128 - prefixBits)
    }
}

extension AddressRange: CustomStringConvertible {
    /// Its text: `10.0.0.0/8`, or the address where it is one alone.
    package var description: String {
        if prefixBits == 128 { return base.description }
        return "\(base)/\(base.isIPv4 && prefixBits >= 96 ? prefixBits - 96 : prefixBits)"
    }
}
