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
    /// - Parameter isCompressed: Whether `payload` is the beginning of a compressed message (RFC 7692 §6).
    /// - Precondition: A control frame is final, not compressed, and has at most 125 bytes of payload.
    package static func append(
        _ opcode: WebSocketOpcode, _ payload: Span<UInt8>, to out: inout [UInt8], mask: UInt32? = nil,
        isFinal: Bool = true, isCompressed: Bool = false
    ) {
        precondition(
            !opcode.isControl || isFinal && !isCompressed && payload.count <= controlBytesMax,
            "control frames are final, plain, and 125 bytes at most")
        let first = opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
        guard payload.count <= 0xFFFF else {
            return appendLong(first, payload, to: &out, mask: mask)
        }
        // Up to here the whole head fits into one word.
        var head = UInt64(first)
        var headCount = 2
        if payload.count <= 125 {
            head |= UInt64(payload.count) << 8
        } else {
            head |= 126 << 8 | UInt64(UInt16(payload.count).byteSwapped) << 16
            headCount = 4
        }
        if let mask {
            head |= 0x80 << 8 | UInt64(mask) << (headCount * 8)
            headCount += 4
        }
        out.append(head: head, headCount: headCount, then: payload)
        if let mask { applyMask(mask, toLast: payload.count, of: &out) }
    }

    private static func appendLong(
        _ first: UInt8, _ payload: Span<UInt8>, to out: inout [UInt8], mask: UInt32?
    ) {
        out.makeRoom(for: payload.count + 14)
        out.append(first)
        out.append(mask == nil ? 127 : 0x80 | 127)
        out.appendBigEndian(UInt64(payload.count))
        if let mask { out.appendLittleEndian(mask) }
        out.append(payload)
        if let mask { applyMask(mask, toLast: payload.count, of: &out) }
    }

    private static func applyMask(_ mask: UInt32, toLast count: Int, of out: inout [UInt8]) {
        let start = out.count - count
        var span = out.mutableSpan
        var masked = span._mutatingExtracting(start...)
        ByteKit.applyMask(&masked, key: mask)
    }

    /// One unmasked frame of its own: framed once, sent to many.
    package static func framed(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        append(opcode, payload, to: &out)
        return out
    }

    /// Where the payload of an unmasked frame begins.
    package static func payloadStart(ofUnmasked frame: Span<UInt8>) -> Int {
        precondition(frame.count >= 2, "a frame has a head")
        switch frame[1] {
        case 127: return 10
        case 126: return 4
        default: return 2
        }
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
}

extension [UInt8] {
    /// Makes room for `more` bytes by doubling at least, so that appending piece by piece stays linear;
    /// `reserveCapacity` alone grows to the exact size and copies everything each time.
    mutating func makeRoom(for more: Int) {
        if capacity - count < more { reserveCapacity(Swift.max(count + more, capacity * 2)) }
    }
}
