/// Reads the texts of addresses: dotted IPv4 (RFC 3986 §3.2.2) and IPv6 (RFC 4291 §2.2).
enum AddressText {
    /// Four numbers up to 255 without leading zeros; nil for anything else.
    static func ipv4(_ text: Span<UInt8>) -> UInt32? {
        guard text.count >= 7, text.count <= 15 else { return nil }
        var address: UInt32 = 0
        var parts = 0
        var start = 0
        while start <= text.count {
            let rest = text.extracting(start...)
            let end = HTTPGrammar.firstIndex(of: UInt8(ascii: "."), in: rest) ?? rest.count
            guard end <= 3, end == 1 || end > 0 && rest[0] != UInt8(ascii: "0"),
                let part = HTTPGrammar.decimal(rest.extracting(..<end)), part <= 255
            else { return nil }
            address = address << 8 | UInt32(part)
            parts += 1
            start += end + 1
        }
        return parts == 4 ? address : nil
    }

    /// Eight groups of one to four hexadecimal digits, the last two perhaps as IPv4, one run of zeros perhaps as `::`;
    /// nil for anything else.
    static func ipv6(_ text: Span<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        guard text.count >= 2, text.count <= 45 else { return nil }
        var address: UInt128 = 0
        var groups = 0
        /// How many groups stand before `::`.
        var gap: Int?
        var index = 0
        if text[0] == colon {
            guard text[1] == colon else { return nil }
            gap = 0
            index = 2
        }
        while index < text.count {
            guard groups < 8 else { return nil }
            let rest = text.extracting(index...)
            let end = HTTPGrammar.firstIndex(of: colon, in: rest) ?? rest.count
            if end == rest.count, let last = ipv4(rest) {
                guard groups < 7 else { return nil }
                address = address << 32 | UInt128(last)
                groups += 2
                break
            }
            guard let group = hexGroup(rest.extracting(..<end)) else { return nil }
            address = address << 16 | UInt128(group)
            groups += 1
            index += end
            guard index < text.count else { break }
            // A single colon has a group after it.
            index += 1
            guard index < text.count else { return nil }
            guard text[index] == colon else { continue }
            guard gap == nil else { return nil }
            gap = groups
            index += 1
        }
        guard let gap else { return groups == 8 ? address : nil }
        // `::` stands for one group at least.
        guard groups < 8 else { return nil }
        let tailBits = UInt128((groups - gap) * 16)
        let tail = tailBits == 0 ? 0 : address & (UInt128.max >> (128 - tailBits))
        return (address >> tailBits) << UInt128((8 - gap) * 16) | tail
    }

    private static func hexGroup(_ text: Span<UInt8>) -> UInt16? {
        guard !text.isEmpty, text.count <= 4 else { return nil }
        var value: UInt16 = 0
        for index in text.indices {
            guard let digit = HTTPGrammar.hexDigit(text[index]) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
