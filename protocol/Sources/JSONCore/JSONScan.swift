import ByteKit

/// Checks a document as ``JSONValue/parse(_:limits:)`` does, and builds nothing: for text that is passed on as it is, or
/// read later, or by nobody.
///
/// The bytes are valid UTF-8, which whoever received them has checked. Keep one and use it for document after document: it
/// keeps its room.
package struct JSONScan: Sendable {
    /// Where the values stand that a scanned array holds, each without white space around it.
    package private(set) var elements: [Range<Int>] = []

    private var offset = 0
    private var values = 0
    private var limits = JSONLimits()
    /// Where the keys of the open objects stand, quotation marks left out; those of the innermost come last.
    private var keys: [Range<Int>] = []
    /// What is rare is left to the parser, which compares escaped keys and those of large objects.
    private var isRare = false
    private var keptElements = 0

    /// Objects of more members are left to the parser: comparing each key with all others would take too long.
    private static let membersMax = 16

    /// A scan that has seen nothing.
    package init() {}

    /// Checks that the bytes from `start` to the end are one array.
    ///
    /// - Parameter elementsKept: How many of its values ``elements`` is to tell of, from the first on.
    /// - Returns: False for a document that is no array; nothing was checked then.
    /// - Throws: What ``JSONValue/parse(_:limits:)`` would throw.
    package mutating func array(
        _ bytes: Span<UInt8>, from start: Int, limits: JSONLimits, elementsKept: Int = .max
    ) throws(JSONError) -> Bool {
        elements.removeAll(keepingCapacity: true)
        offset = start
        values = 0
        self.limits = limits
        isRare = false
        keptElements = elementsKept
        skipSpace(bytes)
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "[") else { return false }
        do {
            try checked(bytes)
        } catch {
            // In the parser's words, and from its place.
            _ = try JSONValue.parse(bytes, from: start, limits: limits)
            throw error
        }
        if isRare { _ = try JSONValue.parse(bytes, from: start, limits: limits) }
        return true
    }

    private mutating func checked(_ bytes: Span<UInt8>) throws(JSONError) {
        keys.removeAll(keepingCapacity: true)
        try count()
        try open(depth: 1)
        if !closes(with: UInt8(ascii: "]"), bytes) {
            repeat {
                skipSpace(bytes)
                let start = offset
                try value(bytes, depth: 1)
                if elements.count < keptElements { elements.append(start..<offset) }
            } while try continues(closing: UInt8(ascii: "]"), bytes)
        }
        skipSpace(bytes)
        guard offset == bytes.count else { throw error(.bytesAfterValue) }
    }

    private func error(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: offset) }

    private mutating func count() throws(JSONError) {
        guard values < limits.valuesMax else { throw error(.tooManyValues) }
        values += 1
    }

    private mutating func open(depth: Int) throws(JSONError) {
        guard depth <= limits.depthMax else { throw error(.tooDeep) }
        offset += 1
    }

    @inline(__always)
    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while offset < bytes.count, bytes[offset] <= 0x20, Self.isSpace(bytes[offset]) { offset += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Whether `bracket` comes next; steps past it if so.
    private mutating func closes(with bracket: UInt8, _ bytes: Span<UInt8>) -> Bool {
        skipSpace(bytes)
        guard offset < bytes.count, bytes[offset] == bracket else { return false }
        offset += 1
        return true
    }

    /// Steps past a comma (true) or `bracket` (false).
    private mutating func continues(closing bracket: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        if closes(with: bracket, bytes) { return false }
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
        offset += 1
        return true
    }

    /// Steps past a value that the cursor is on.
    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        guard offset < bytes.count else { throw error(.endOfText) }
        try count()
        switch bytes[offset] {
        case UInt8(ascii: "\""): _ = try string(bytes)
        case UInt8(ascii: "["): try array(bytes, depth: depth + 1)
        case UInt8(ascii: "{"): try object(bytes, depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(bytes)
        case UInt8(ascii: "t"): try word("true", bytes)
        case UInt8(ascii: "f"): try word("false", bytes)
        case UInt8(ascii: "n"): try word("null", bytes)
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONError) {
        for expected in word.description.utf8 {
            guard offset < bytes.count, bytes[offset] == expected else { throw error(.unexpectedByte) }
            offset += 1
        }
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        try open(depth: depth)
        if closes(with: UInt8(ascii: "]"), bytes) { return }
        repeat {
            skipSpace(bytes)
            try value(bytes, depth: depth)
        } while try continues(closing: UInt8(ascii: "]"), bytes)
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        try open(depth: depth)
        if closes(with: UInt8(ascii: "}"), bytes) { return }
        let outer = keys.count
        repeat {
            skipSpace(bytes)
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
            try key(bytes, besideKeysFrom: outer)
            skipSpace(bytes)
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
            offset += 1
            skipSpace(bytes)
            try value(bytes, depth: depth)
        } while try continues(closing: UInt8(ascii: "}"), bytes)
        keys.removeLast(keys.count - outer)
    }

    private mutating func key(_ bytes: Span<UInt8>, besideKeysFrom outer: Int) throws(JSONError) {
        let start = offset + 1
        let isPlain = try string(bytes)
        let key = start..<offset - 1
        guard isPlain, keys.count - outer < Self.membersMax else {
            isRare = true
            return
        }
        for other in keys[outer...] where Self.isSame(bytes, key, other) { throw error(.duplicateKey) }
        keys.append(key)
    }

    private static func isSame(_ bytes: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where bytes[one.lowerBound + index] != bytes[other.lowerBound + index] {
            return false
        }
        return true
    }

    /// Steps past a string; whether it holds no escape.
    private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        offset += 1
        var isPlain = true
        while true {
            skipPlain(bytes)
            guard offset < bytes.count else { throw error(.endOfText) }
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return isPlain
            case UInt8(ascii: "\\"):
                isPlain = false
                try escape(bytes)
            default: throw error(.controlCharacter)
            }
        }
    }

    /// Moves to the next quotation mark, backslash or control character, or to the end.
    @inline(__always)
    private mutating func skipPlain(_ bytes: Span<UInt8>) {
        var at = offset
        // Eight at a time: a byte's high bit is set where the byte is one of the three. Behind the first such byte there
        // may be false ones, so that only the lowest counts.
        while bytes.count - at >= 8 {
            let word = bytes.word(at: at)
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let found =
                (quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash
                | (word &- 0x2020_2020_2020_2020) & ~word
            let marks = found & 0x8080_8080_8080_8080
            guard marks == 0 else {
                offset = at + marks.trailingZeroBitCount >> 3
                return
            }
            at += 8
        }
        while at < bytes.count, bytes[at] >= 0x20, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") {
            at += 1
        }
        offset = at
    }

    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONError) {
        guard bytes.count - offset >= 2 else { throw error(.endOfText) }
        switch bytes[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u"):
            let unit = try hexadecimal(bytes, at: offset + 2)
            offset += 6
            guard unit & 0xF800 == 0xD800 else { return }
            guard unit < 0xDC00, bytes.count - offset >= 2, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u"),
                try hexadecimal(bytes, at: offset + 2) & 0xFC00 == 0xDC00
            else { throw error(.loneSurrogate) }
            offset += 6
        default: throw error(.malformedEscape)
        }
    }

    private func hexadecimal(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> UInt16 {
        guard bytes.count - start >= 4 else { throw error(.endOfText) }
        var unit: UInt16 = 0
        for index in start..<start + 4 {
            let value: UInt8
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = bytes[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = bytes[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = bytes[index] - UInt8(ascii: "A") + 10
            default: throw error(.malformedEscape)
            }
            unit = unit << 4 | UInt16(value)
        }
        return unit
    }

    /// Steps past a number. Whole ones of up to 18 digits are done with; whether others are in range is for the parser.
    private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) {
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        let whole = try digits(bytes)
        guard whole.count == 1 || bytes[whole.lowerBound] != UInt8(ascii: "0") else { throw error(.malformedNumber) }
        if whole.count > 18 { isRare = isRare || whole.count > 300 }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            if try digits(bytes).count > 100 { isRare = true }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            _ = try digits(bytes)
            isRare = true
        }
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        let start = offset
        while offset < bytes.count, bytes[offset] >= UInt8(ascii: "0"), bytes[offset] <= UInt8(ascii: "9") {
            offset += 1
        }
        guard offset > start else { throw error(.malformedNumber) }
        return start..<offset
    }
}
