internal import HTTPCore

/// Reads `Sec-WebSocket-Extensions` (RFC 6455 §9.1), one byte after another and none of them twice.
///
/// What it finds are ranges of the field's bytes. A quoted value must be a token between its quotes, so one without
/// escapes is a range too; the few that have some are refused, since no token needs them.
struct ExtensionScanner {
    /// What comes next in the field.
    enum Element: Equatable {
        /// The name of an extension; the parameters that follow are its own.
        case name(Range<Int>)
        /// A parameter of the extension last named, with its value if it has one.
        case parameter(Range<Int>, value: Range<Int>?)
    }

    private var offset = 0
    private var isInExtension = false

    /// The next element, nil at the end.
    ///
    /// - Throws: ``WebSocketHandshakeError/extensions`` where the field breaks the grammar.
    mutating func next(_ field: Span<UInt8>) throws(WebSocketHandshakeError) -> Element? {
        skipBlanks(field)
        if isInExtension {
            guard offset < field.count else { return nil }
            switch field[offset] {
            case UInt8(ascii: ";"):
                offset += 1
                return try parameter(field)
            case UInt8(ascii: ","):
                isInExtension = false
            default: throw .extensions
            }
        }
        // Empty elements of a list are skipped (RFC 9110 §5.6.1.2).
        while offset < field.count, field[offset] == UInt8(ascii: ",") {
            offset += 1
            skipBlanks(field)
        }
        guard offset < field.count else { return nil }
        isInExtension = true
        return .name(try token(field))
    }

    private mutating func parameter(_ field: Span<UInt8>) throws(WebSocketHandshakeError) -> Element {
        skipBlanks(field)
        let name = try token(field)
        skipBlanks(field)
        guard offset < field.count, field[offset] == UInt8(ascii: "=") else { return .parameter(name, value: nil) }
        offset += 1
        skipBlanks(field)
        guard offset < field.count, field[offset] == UInt8(ascii: "\"") else {
            return .parameter(name, value: try token(field))
        }
        offset += 1
        let value = try token(field)
        guard offset < field.count, field[offset] == UInt8(ascii: "\"") else { throw .extensions }
        offset += 1
        return .parameter(name, value: value)
    }

    private mutating func token(_ field: Span<UInt8>) throws(WebSocketHandshakeError) -> Range<Int> {
        let start = offset
        while offset < field.count, HTTPGrammar.isTokenByte(field[offset]) { offset += 1 }
        guard offset > start else { throw .extensions }
        return start..<offset
    }

    private mutating func skipBlanks(_ field: Span<UInt8>) {
        while offset < field.count, field[offset] == UInt8(ascii: " ") || field[offset] == UInt8(ascii: "\t") {
            offset += 1
        }
    }
}
