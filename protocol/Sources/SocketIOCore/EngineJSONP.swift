import ByteKit

/// Payloads for browsers that can only load scripts and post forms: revision 3 with `j` in the query
/// (protocol/spec/socketio.md §12).
package enum EngineJSONP {
    /// What an answer is sent as. Browsers run nothing else that is marked `nosniff`.
    package static let contentType = "text/javascript; charset=UTF-8"

    /// A payload as a script that calls the client's function of that index: `___eio[3]("…");`.
    ///
    /// - Parameter payload: In ``EnginePayload/Form/counted``, UTF-8.
    package static func script(_ payload: Span<UInt8>, index: Int) -> [UInt8] {
        var script = Array("___eio[\(index)](\"".utf8)
        var position = 0
        while position < payload.count {
            let byte = payload[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                script += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, UInt8(ascii: "<"):
                // `<` so that no text can end a script element that the answer is copied into.
                script += Array("\\u00".utf8) + [hexDigit(byte >> 4), hexDigit(byte & 15)]
            case 0xE2 where isLineSeparator(payload, afterFirstAt: position):
                script += Array("\\u202".utf8) + [payload[position + 1] - 0xA8 + UInt8(ascii: "8")]
                position += 2
            default:
                script.append(byte)
            }
        }
        return script + Array("\");".utf8)
    }

    /// The payload in the body of a posted form, `d=<payload>`, for ``EnginePayload/Form/counted``.
    ///
    /// The client writes line ends as `\n` before encoding, as browsers change those in forms, and a `\n` that was there
    /// as `\\n`.
    ///
    /// - Returns: Nil when the form has another first field, or an escape that is none.
    package static func payload(ofForm body: Span<UInt8>) -> [UInt8]? {
        guard body.count >= 2, body[0] == UInt8(ascii: "d"), body[1] == UInt8(ascii: "=") else { return nil }
        var payload: [UInt8] = []
        payload.reserveCapacity(body.count)
        var position = 2
        while position < body.count, body[position] != UInt8(ascii: "&") {
            let byte = body[position]
            position += 1
            switch byte {
            case UInt8(ascii: "+"):
                payload.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard body.count - position >= 2, let high = value(ofHexDigit: body[position]),
                    let low = value(ofHexDigit: body[position + 1])
                else { return nil }
                payload.append(high << 4 | low)
                position += 2
            default:
                payload.append(byte)
            }
        }
        return withLineEnds(payload)
    }

    private static func withLineEnds(_ escaped: [UInt8]) -> [UInt8] {
        let (backslash, n) = (UInt8(ascii: "\\"), UInt8(ascii: "n"))
        var text: [UInt8] = []
        text.reserveCapacity(escaped.count)
        var rest = escaped[...]
        while let byte = rest.popFirst() {
            if byte == backslash, rest.first == n {
                rest.removeFirst()
                text.append(UInt8(ascii: "\n"))
            } else if byte == backslash, rest.starts(with: [backslash, n]) {
                rest.removeFirst(2)
                text += [backslash, n]
            } else {
                text.append(byte)
            }
        }
        return text
    }

    /// U+2028 and U+2029 end a line in scripts of old; in UTF-8 they are `E2 80 A8` and `E2 80 A9`.
    private static func isLineSeparator(_ text: Span<UInt8>, afterFirstAt position: Int) -> Bool {
        text.count - position >= 2 && text[position] == 0x80 && (text[position + 1] & 0xFE) == 0xA8
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(ofHexDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
