import ByteKit

/// Strings and numbers (RFC 8259 §6–§7).
extension JSONParser {
    /// Reads a string; the cursor is on its opening quote and ends after its closing one.
    mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        let start = offset
        offset += 1
        let content = offset
        guard try skipPlain(bytes) == UInt8(ascii: "\"") else { return try escapedString(bytes, from: start) }
        guard let text = String(validating: bytes.extracting(content..<offset)) else {
            throw error(.invalidUTF8, at: start)
        }
        offset += 1
        return text
    }

    /// Moves to the next quote or backslash, and returns it.
    private mutating func skipPlain(_ bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
        while true {
            let byte = try peek(bytes)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return byte }
            guard byte >= 0x20 else { throw error(.controlCharacter) }
            offset += 1
        }
    }

    /// Reads on a string that holds escapes: the cursor is on the first backslash.
    private mutating func escapedString(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> String {
        var text = [UInt8](copying: bytes.extracting(start + 1..<offset))
        while try peek(bytes) == UInt8(ascii: "\\") {
            try escape(bytes, into: &text)
            let plain = offset
            _ = try skipPlain(bytes)
            text.append(bytes.extracting(plain..<offset))
        }
        offset += 1
        guard let string = String(validating: text.span) else { throw error(.invalidUTF8, at: start) }
        return string
    }

    private mutating func escape(_ bytes: Span<UInt8>, into text: inout [UInt8]) throws(JSONError) {
        let start = offset
        offset += 1
        let letter = try peek(bytes)
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try unicodeEscape(bytes, from: start)).utf8)
        default: throw error(.malformedEscape, at: start)
        }
    }

    /// Reads the digits of `\u`, and a whole second escape when the first is the high half of a pair.
    private mutating func unicodeEscape(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try hexadecimal(bytes, from: start)
        if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
        guard unit < 0xDC00, bytes.count - offset >= 2, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw error(.loneSurrogate, at: start) }
        offset += 2
        let low = try hexadecimal(bytes, from: offset - 2)
        let combined = 0x10000 + UInt32(unit & 0x3FF) << 10 + UInt32(low & 0x3FF)
        guard (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(combined) else {
            throw error(.loneSurrogate, at: start)
        }
        return scalar
    }

    private mutating func hexadecimal(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let digit = try peek(bytes)
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
            default: throw error(.malformedEscape, at: start)
            }
            unit = unit << 4 | UInt16(value)
            offset += 1
        }
        return unit
    }

    /// Reads a number; the cursor is on its sign or first digit.
    mutating func number(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        let start = offset
        let isNegative = bytes[offset] == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        let digits = offset
        let magnitude = try wholeDigits(bytes, from: start)
        if bytes[digits] == UInt8(ascii: "0"), offset - digits > 1 { throw error(.malformedNumber, at: start) }
        let wholeEnd = offset
        if skip(bytes, where: { $0 == UInt8(ascii: ".") }) { _ = try wholeDigits(bytes, from: start) }
        if skip(bytes, where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            _ = skip(bytes) { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
            _ = try wholeDigits(bytes, from: start)
        }
        if offset == wholeEnd, let magnitude, !(isNegative && magnitude == 0) {
            return .integer(isNegative ? -magnitude : magnitude)
        }
        return try double(bytes, from: start)
    }

    /// Reads one digit or more; their value, or nil when it does not fit.
    private mutating func wholeDigits(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int64? {
        let first = offset
        var value: Int64? = 0
        while offset < bytes.count, bytes[offset] >= UInt8(ascii: "0"), bytes[offset] <= UInt8(ascii: "9") {
            value = value?.appending(digit: Int64(bytes[offset] - UInt8(ascii: "0")))
            offset += 1
        }
        guard offset > first else { throw error(.malformedNumber, at: start) }
        return value
    }

    /// Whether the next byte is as `isWanted` says; steps past it if so.
    private mutating func skip(_ bytes: Span<UInt8>, where isWanted: (UInt8) -> Bool) -> Bool {
        guard offset < bytes.count, isWanted(bytes[offset]) else { return false }
        offset += 1
        return true
    }

    /// The double nearest to the number from `start` to the cursor, whose grammar was checked.
    private func double(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> JSONValue {
        // No sender writes longer ones: the largest double in plain digits has 309.
        guard offset - start <= 512, let text = String(validating: bytes.extracting(start..<offset)),
            let value = Double(text), value.isFinite
        else { throw error(.numberOutOfRange, at: start) }
        // Beyond Int64 only -2^63 is left that fits; it takes the long way round.
        return Int64(text).map { $0 == .min ? .integer($0) : .number(value) } ?? .number(value)
    }
}

extension Int64 {
    /// This number with one more decimal digit at its end, or nil when that does not fit.
    fileprivate func appending(digit: Int64) -> Int64? {
        let (shifted, overflows) = multipliedReportingOverflow(by: 10)
        let (value, overflowsToo) = shifted.addingReportingOverflow(digit)
        return overflows || overflowsToo ? nil : value
    }
}

extension String {
    /// A copy of `bytes`, or nil when they are not valid UTF-8.
    package init?(validating bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: text)
    }
}
