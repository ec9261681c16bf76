import ByteKit

extension JSONValue {
    /// The value that `bytes` are, read strictly (RFC 8259) and within `limits`.
    ///
    /// Stricter than a browser in these points: duplicate keys, lone surrogates and numbers beyond the range of a double are
    /// refused. A whole number beyond 64 bits, and `-0`, become ``number(_:)``.
    public static func parse(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        try parse(bytes, from: 0, limits: limits)
    }

    /// The value that the bytes from `start` to the end are; `start` is at most `bytes.count`.
    package static func parse(
        _ bytes: Span<UInt8>, from start: Int, limits: JSONLimits
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(from: start, limits: limits)
        return try parser.document(bytes)
    }
}

/// Reads one document by recursive descent; ``JSONLimits/depthMax`` bounds the recursion.
///
/// The bytes are lent to each call, as a value that holds a span cannot be stored.
struct JSONParser {
    /// The next byte to read.
    var offset: Int
    private var values = 0
    private let limits: JSONLimits

    init(from start: Int, limits: JSONLimits) {
        offset = start
        self.limits = limits
    }

    mutating func document(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        let value = try value(bytes, depth: 0)
        skipSpace(bytes)
        guard offset == bytes.count else { throw error(.bytesAfterValue) }
        return value
    }

    func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        JSONError(reason: reason, offset: offset ?? self.offset)
    }

    /// The byte at the cursor.
    func peek(_ bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
        guard offset < bytes.count else { throw error(.endOfText) }
        return bytes[offset]
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): offset += 1
            default: return
            }
        }
    }

    /// Reads a value; `depth` is how many arrays and objects are open around it.
    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        skipSpace(bytes)
        let byte = try peek(bytes)
        guard values < limits.valuesMax else { throw error(.tooManyValues) }
        values += 1
        switch byte {
        case UInt8(ascii: "\""): return .string(try string(bytes))
        case UInt8(ascii: "["): return try array(bytes, depth: depth + 1)
        case UInt8(ascii: "{"): return try object(bytes, depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(bytes)
        case UInt8(ascii: "t"): return try word("true", .bool(true), bytes)
        case UInt8(ascii: "f"): return try word("false", .bool(false), bytes)
        case UInt8(ascii: "n"): return try word("null", .null, bytes)
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue, _ bytes: Span<UInt8>
    ) throws(JSONError) -> JSONValue {
        for expected in word.description.utf8 {
            guard try peek(bytes) == expected else { throw error(.unexpectedByte) }
            offset += 1
        }
        return value
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        try open(bytes, depth: depth)
        var elements: [JSONValue] = []
        if try closes(with: UInt8(ascii: "]"), bytes) { return .array([]) }
        repeat {
            elements.append(try value(bytes, depth: depth))
        } while try continues(closing: UInt8(ascii: "]"), bytes)
        return .array(elements)
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        try open(bytes, depth: depth)
        var members: [JSONObject.Member] = []
        var keys = JSONKeySet()
        if try closes(with: UInt8(ascii: "}"), bytes) { return .object(JSONObject()) }
        repeat {
            skipSpace(bytes)
            guard try peek(bytes) == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
            let start = offset
            let key = try string(bytes)
            guard keys.insert(key, beside: members) else { throw error(.duplicateKey, at: start) }
            skipSpace(bytes)
            guard try peek(bytes) == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
            offset += 1
            members.append(JSONObject.Member(key: key, value: try value(bytes, depth: depth)))
        } while try continues(closing: UInt8(ascii: "}"), bytes)
        return .object(JSONObject(distinct: members))
    }

    /// Steps past an opening bracket.
    private mutating func open(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        guard depth <= limits.depthMax else { throw error(.tooDeep) }
        offset += 1
    }

    /// Whether `bracket` comes next; steps past it if so.
    private mutating func closes(with bracket: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        skipSpace(bytes)
        guard try peek(bytes) == bracket else { return false }
        offset += 1
        return true
    }

    /// Steps past a comma (true) or `bracket` (false).
    private mutating func continues(closing bracket: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        if try closes(with: bracket, bytes) { return false }
        guard bytes[offset] == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
        offset += 1
        return true
    }
}
