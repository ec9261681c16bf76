import ByteKit

/// What a frame is (RFC 6455 §5.2).
package enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Whether the frame may stand inside a fragmented message and is at most 125 bytes long (§5.5).
    package var isControl: Bool { rawValue & 0x8 != 0 }
}

/// Writes frames (RFC 6455 §5.2), lengths in their shortest form.
///
/// Server frames have no mask. A client's mask key is passed in, first byte in the least significant bits, fresh and
/// unpredictable for each frame (§5.3, §10.3).
package enum WebSocketFrame {
    /// Payload bytes of a control frame at most (§5.5).
    package static let controlBytesMax = 125
    /// Bytes of a close reason at most: a control frame without its code.
    package static let reasonBytesMax = 123

    /// Appends one frame to `out`.
    ///
    /// - Precondition: A control frame is final and has at most 125 bytes of payload.
    package static func append(
        _ opcode: WebSocketOpcode, _ payload: Span<UInt8>, to out: inout [UInt8], mask: UInt32? = nil,
        isFinal: Bool = true
    ) {
        precondition(
            !opcode.isControl || isFinal && payload.count <= controlBytesMax,
            "control frames are final and 125 bytes at most")
        out.makeRoom(for: payload.count + 14)
        out.append(opcode.rawValue | (isFinal ? 0x80 : 0))
        appendLength(payload.count, to: &out, maskBit: mask == nil ? 0 : 0x80)
        if let mask { out.appendLittleEndian(mask) }
        let start = out.count
        out.append(payload)
        guard let mask else { return }
        var span = out.mutableSpan
        var masked = span._mutatingExtracting(start...)
        applyMask(&masked, key: mask, phase: 0)
    }

    /// One unmasked frame of its own: framed once, sent to many.
    package static func framed(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        append(opcode, payload, to: &out)
        return out
    }

    /// Appends a close frame (§5.5.1).
    ///
    /// - Parameters:
    ///   - code: Nil for a frame without a body, as the answer to one. A code that may not be sent (1005, 1006, 1015 …)
    ///     is a mistake of ours and stops the program.
    ///   - reason: Cut to 123 bytes at a character's boundary.
    package static func appendClose(
        code: UInt16?, reason: String = "", to out: inout [UInt8], mask: UInt32? = nil
    ) {
        var payload: [UInt8] = []
        if let code {
            precondition(WebSocketCloseCode.isSendable(code), "a close code that may not be sent")
            payload.appendBigEndian(code)
            let text = Array(reason.utf8)
            var end = min(text.count, reasonBytesMax)
            // Not before a continuation byte: that would cut a character in two.
            while end < text.count, end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
            payload.append(contentsOf: text[..<end])
        }
        append(.close, payload.span, to: &out, mask: mask)
    }

    private static func appendLength(_ length: Int, to out: inout [UInt8], maskBit: UInt8) {
        switch length {
        case ...125:
            out.append(maskBit | UInt8(length))
        case ...0xFFFF:
            out.append(maskBit | 126)
            out.appendBigEndian(UInt16(length))
        default:
            out.append(maskBit | 127)
            out.appendBigEndian(UInt64(length))
        }
    }
}

extension [UInt8] {
    /// Makes room for `more` bytes by doubling at least, so that appending piece by piece stays linear;
    /// `reserveCapacity` alone grows to the exact size and copies everything each time.
    mutating func makeRoom(for more: Int) {
        if capacity - count < more { reserveCapacity(Swift.max(count + more, capacity * 2)) }
    }
}
