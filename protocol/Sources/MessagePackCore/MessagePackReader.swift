import ByteKit
package import JSONCore

extension JSONValue {
    /// The value that `bytes` are in MessagePack, read strictly and within `limits`.
    ///
    /// Numbers are as exact as ``JSONCore/JSONValue`` has them: whole ones beyond 63 bits become
    /// ``JSONCore/JSONValue/number(_:)``, infinities and NaN `null`, as in JSON. See ``MessagePackReader`` for extensions.
    package static func unpack(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(MessagePackError) -> JSONValue {
        var reader = MessagePackReader(limits: limits)
        let value = try reader.value(bytes)
        try reader.end(bytes)
        return value
    }
}

/// Reads MessagePack from lent bytes, value by value, by recursive descent that the limits bound.
///
/// Strict: the keys of a map are text, and those of its values differ; text is UTF-8, and nothing is taken from a length that the bytes do not
/// hold. Longer forms than needed are taken, as other writers make them. Of the extensions those are read that Socket.IO's
/// libraries write: type 0 as in notepack.io 2 (undefined, bytes, dates) and the timestamps of MessagePack's
/// specification. A date becomes the text that `JSON.stringify` makes of one, so that a handler sees the same
/// whatever a client writes.
///
/// The bytes, always the same, are lent to each call, as a value that holds a span cannot be stored.
package struct MessagePackReader: Sendable {
    /// The next byte to read.
    package internal(set) var offset: Int
    private var values = 0
    private let limits: JSONLimits

    /// A reader that begins at `start`, which is at most the number of bytes. The limits hold for all that it reads.
    package init(from start: Int = 0, limits: JSONLimits = JSONLimits()) {
        offset = start
        self.limits = limits
    }

    /// Makes sure that everything has been read.
    package func end(_ bytes: Span<UInt8>) throws(MessagePackError) {
        guard offset == bytes.count else { throw MessagePackError(.bytesAfterValue, at: offset) }
    }

    /// Reads a value; JavaScript's undefined is `null`.
    ///
    /// - Parameter depth: How many arrays and maps the caller has opened around it.
    package mutating func value(_ bytes: Span<UInt8>, depth: Int = 0) throws(MessagePackError) -> JSONValue {
        try definedValue(bytes, depth: depth) ?? .null
    }

    /// Reads a value; nil where JavaScript's undefined stands.
    ///
    /// - Parameter depth: How many arrays and maps the caller has opened around it.
    package mutating func definedValue(
        _ bytes: Span<UInt8>, depth: Int = 0
    ) throws(MessagePackError) -> JSONValue? {
        let start = offset
        let prefix = try nextByte(bytes)
        guard values < limits.valuesMax else { throw MessagePackError(.tooManyValues, at: start) }
        values += 1
        switch prefix {
        case 0x00...0x7F: return .integer(Int64(prefix))
        case 0xE0...0xFF: return .integer(Int64(Int8(bitPattern: prefix)))
        case 0x80...0x8F, 0xDE, 0xDF:
            return .object(try object(of: try mapCount(prefix, bytes) ?? 0, bytes, depth: depth + 1, start))
        case 0x90...0x9F, 0xDC, 0xDD:
            return .array(try array(of: try arrayCount(prefix, bytes) ?? 0, bytes, depth: depth + 1, start))
        case 0xA0...0xBF, 0xD9, 0xDA, 0xDB:
            return .string(try text(ofLength: try textLength(prefix, bytes) ?? 0, bytes, start))
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4, 0xC5, 0xC6: return .binary(try take(try count(ofBytes: 1 << Int(prefix - 0xC4), bytes), bytes))
        case 0xCA: return number(Double(Float(bitPattern: UInt32(truncatingIfNeeded: try bigEndian(4, bytes)))))
        case 0xCB: return number(Double(bitPattern: try bigEndian(8, bytes)))
        case 0xCC, 0xCD, 0xCE, 0xCF:
            let whole = try bigEndian(1 << Int(prefix - 0xCC), bytes)
            return Int64(exactly: whole).map { .integer($0) } ?? .number(Double(whole))
        case 0xD0: return .integer(Int64(Int8(truncatingIfNeeded: try bigEndian(1, bytes))))
        case 0xD1: return .integer(Int64(Int16(truncatingIfNeeded: try bigEndian(2, bytes))))
        case 0xD2: return .integer(Int64(Int32(truncatingIfNeeded: try bigEndian(4, bytes))))
        case 0xD3: return .integer(Int64(bitPattern: try bigEndian(8, bytes)))
        case 0xC7...0xC9, 0xD4...0xD8: return try extended(prefix, bytes, start)
        default: throw MessagePackError(.unusedByte, at: start)
        }
    }

    /// Steps past an array's head: how many values are to follow. Nil, having read nothing, where something else stands.
    package mutating func arrayCount(_ bytes: Span<UInt8>) throws(MessagePackError) -> Int? {
        let start = offset
        let count = try arrayCount(try nextByte(bytes), bytes)
        if count == nil { offset = start }
        return count
    }

    /// Steps past a map's head: how many keys, each before its value, are to follow. Nil, having read nothing, where
    /// something else stands.
    package mutating func mapCount(_ bytes: Span<UInt8>) throws(MessagePackError) -> Int? {
        let start = offset
        let count = try mapCount(try nextByte(bytes), bytes)
        if count == nil { offset = start }
        return count
    }

    /// Reads a text, such as a key. Nil, having read nothing, where something else stands.
    package mutating func text(_ bytes: Span<UInt8>) throws(MessagePackError) -> String? {
        let start = offset
        guard let length = try textLength(try nextByte(bytes), bytes) else {
            offset = start
            return nil
        }
        return try text(ofLength: length, bytes, start)
    }

    private mutating func arrayCount(_ prefix: UInt8, _ bytes: Span<UInt8>) throws(MessagePackError) -> Int? {
        switch prefix {
        case 0x90...0x9F: Int(prefix & 0x0F)
        case 0xDC: try count(ofBytes: 2, bytes)
        case 0xDD: try count(ofBytes: 4, bytes)
        default: nil
        }
    }

    private mutating func mapCount(_ prefix: UInt8, _ bytes: Span<UInt8>) throws(MessagePackError) -> Int? {
        switch prefix {
        case 0x80...0x8F: Int(prefix & 0x0F)
        case 0xDE: try count(ofBytes: 2, bytes)
        case 0xDF: try count(ofBytes: 4, bytes)
        default: nil
        }
    }

    private mutating func textLength(_ prefix: UInt8, _ bytes: Span<UInt8>) throws(MessagePackError) -> Int? {
        switch prefix {
        case 0xA0...0xBF: Int(prefix & 0x1F)
        case 0xD9: try count(ofBytes: 1, bytes)
        case 0xDA: try count(ofBytes: 2, bytes)
        case 0xDB: try count(ofBytes: 4, bytes)
        default: nil
        }
    }

    private mutating func array(
        of count: Int, _ bytes: Span<UInt8>, depth: Int, _ start: Int
    ) throws(MessagePackError) -> [JSONValue] {
        guard depth <= limits.depthMax else { throw MessagePackError(.tooDeep, at: start) }
        // Before anything is set aside for them: each takes a byte at least.
        guard count <= bytes.count - offset else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        guard count <= limits.valuesMax - values else { throw MessagePackError(.tooManyValues, at: start) }
        var elements: [JSONValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try value(bytes, depth: depth)) }
        return elements
    }

    /// Reads members; those that are undefined are left out, as `JSON.stringify` leaves them out.
    private mutating func object(
        of count: Int, _ bytes: Span<UInt8>, depth: Int, _ start: Int
    ) throws(MessagePackError) -> JSONObject {
        guard depth <= limits.depthMax else { throw MessagePackError(.tooDeep, at: start) }
        guard count <= (bytes.count - offset) / 2 else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        guard count <= limits.valuesMax - values else { throw MessagePackError(.tooManyValues, at: start) }
        var members: [JSONObject.Member] = []
        members.reserveCapacity(count)
        var keys = JSONKeySet()
        for _ in 0..<count {
            let place = offset
            guard let key = try text(bytes) else { throw MessagePackError(.keyNotText, at: place) }
            guard keys.insert(key, beside: members) else { throw MessagePackError(.duplicateKey, at: place) }
            guard let value = try definedValue(bytes, depth: depth) else { continue }
            members.append(JSONObject.Member(key: key, value: value))
        }
        return JSONObject(distinct: members)
    }

    private mutating func text(
        ofLength length: Int, _ bytes: Span<UInt8>, _ start: Int
    ) throws(MessagePackError) -> String {
        guard length <= bytes.count - offset else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        guard let text = String(validating: bytes.extracting(offset..<offset + length)) else {
            throw MessagePackError(.invalidUTF8, at: start)
        }
        offset += length
        return text
    }

    private func number(_ value: Double) -> JSONValue { value.isFinite ? .number(value) : .null }
}

/// The parts of which values are made.
extension MessagePackReader {
    private mutating func nextByte(_ bytes: Span<UInt8>) throws(MessagePackError) -> UInt8 {
        guard offset < bytes.count else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        offset += 1
        return bytes[offset - 1]
    }

    /// Reads a whole number of up to eight bytes, most significant first.
    mutating func bigEndian(_ width: Int, _ bytes: Span<UInt8>) throws(MessagePackError) -> UInt64 {
        guard width <= bytes.count - offset else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        var value: UInt64 = 0
        for index in offset..<offset + width { value = value << 8 | UInt64(bytes[index]) }
        offset += width
        return value
    }

    /// Reads a length of up to four bytes.
    mutating func count(ofBytes width: Int, _ bytes: Span<UInt8>) throws(MessagePackError) -> Int {
        Int(truncatingIfNeeded: try bigEndian(width, bytes))
    }

    /// Copies that many bytes.
    mutating func take(_ count: Int, _ bytes: Span<UInt8>) throws(MessagePackError) -> [UInt8] {
        guard count <= bytes.count - offset else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        offset += count
        return [UInt8](copying: bytes.extracting(offset - count..<offset))
    }
}
