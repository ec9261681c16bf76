import ByteKit

extension JSONValue {
    /// Appends this value as compact JSON that every parser takes.
    ///
    /// Strings escape `"`, `\` and control characters and nothing else. Whole numbers are exact; other numbers are
    /// the shortest text that reads back as the same double, always with a fraction or an exponent; infinities and NaN
    /// become `null`. Bytes become a string of padded base64, as JSON has none: a sender that can do better takes
    /// them out before (protocol/spec/socketio.md §4).
    public func write(to text: inout [UInt8]) {
        switch self {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): text.append(contentsOf: value.description.utf8)
        case .number(let value): text.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
        case .string(let value): Self.write(string: value, to: &text)
        case .array(let values): Self.write(array: values, to: &text)
        case .object(let object): object.write(to: &text)
        case .binary(let bytes):
            text.append(UInt8(ascii: "\""))
            text.append(contentsOf: Base64.encode(bytes))
            text.append(UInt8(ascii: "\""))
        }
    }

    /// This value as compact JSON; see ``write(to:)``.
    public var text: String {
        var text: [UInt8] = []
        write(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func write(array values: [JSONValue], to text: inout [UInt8]) {
        text.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            value.write(to: &text)
        }
        text.append(UInt8(ascii: "]"))
    }

    /// Appends `string` as a JSON string.
    package static func write(string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        if string.utf8.allSatisfy({ !needsEscape($0) }) {
            text.append(contentsOf: string.utf8)
        } else {
            for byte in string.utf8 {
                if needsEscape(byte) { writeEscape(of: byte, to: &text) } else { text.append(byte) }
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Escapes as `JSON.stringify` writes them.
    private static func writeEscape(of byte: UInt8, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): text.append(contentsOf: "\\\"".utf8)
        case UInt8(ascii: "\\"): text.append(contentsOf: "\\\\".utf8)
        case 0x08: text.append(contentsOf: "\\b".utf8)
        case 0x09: text.append(contentsOf: "\\t".utf8)
        case 0x0A: text.append(contentsOf: "\\n".utf8)
        case 0x0C: text.append(contentsOf: "\\f".utf8)
        case 0x0D: text.append(contentsOf: "\\r".utf8)
        default:
            text.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
            text.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}

extension JSONObject {
    /// Appends the members as a compact JSON object; see ``JSONValue/write(to:)``.
    public func write(to text: inout [UInt8]) {
        text.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            JSONValue.write(string: member.key, to: &text)
            text.append(UInt8(ascii: ":"))
            member.value.write(to: &text)
        }
        text.append(UInt8(ascii: "}"))
    }
}
