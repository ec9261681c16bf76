import ByteKit

/// Engine.IO packets in the body of an HTTP request or answer (protocol/spec/socketio.md §7).
///
/// ``EnginePayloadDecoder`` reads one; here one is written, packet by packet.
package enum EnginePayload {
    /// How the packets stand one after another.
    package enum Form: Sendable, Equatable {
        /// Revision 4: `<packet>[\x1e<packet>…]`, a binary message as `b<base64>`.
        case separated
        /// Revision 3 as text: `<length>:<packet>…`, lengths in UTF-16 code units, a binary message as `b4<base64>`.
        case counted
        /// Revision 3 as bytes: for each packet 0 for text or 1 for binary, the decimal digits of its length as bytes
        /// 0 to 9, 255, then the packet; a binary message begins with its type, the byte 4.
        case bytes

        /// What a body of this form is sent as.
        package var contentType: String {
            self == .bytes ? "application/octet-stream" : "text/plain; charset=UTF-8"
        }

        /// The form of a body that a client posts, or a server answers with; nil where the revision has none such.
        ///
        /// - Parameter contentType: The `Content-Type`; only its media type counts, and only whether it is that of bytes.
        package init?(_ revision: EngineRevision, contentType: String?) {
            let mediaType = contentType?.prefix { $0 != ";" && $0 != " " && $0 != "\t" }.lowercased()
            switch (revision, mediaType == "application/octet-stream") {
            case (.four, false): self = .separated
            case (.four, true): return nil
            case (.three, false): self = .counted
            case (.three, true): self = .bytes
            }
        }
    }

    /// Stands between two packets of revision 4.
    static let separator: UInt8 = 0x1E
    /// Ends the length of a packet in ``Form/bytes``.
    static let lengthEnd: UInt8 = 0xFF
    /// The type of a message packet in bytes: revision 3 puts it before a binary message.
    package static let binaryMessageType: UInt8 = 4

    /// Appends a text packet with its type digit to a payload; `isFirst` when the payload is empty so far.
    ///
    /// In revision 4 the packet holds no ``separator``: JSON escapes control characters, and nothing else is sent.
    package static func append(
        text packet: Span<UInt8>, to payload: inout [UInt8], form: Form, isFirst: Bool
    ) {
        switch form {
        case .separated:
            if !isFirst { payload.append(separator) }
        case .counted:
            payload.appendDecimal(utf16Count(packet))
            payload.append(UInt8(ascii: ":"))
        case .bytes:
            appendLength(packet.count, isBinary: false, to: &payload)
        }
        payload.append(packet)
    }

    /// Appends a binary message to a payload; `isFirst` when the payload is empty so far.
    package static func append(
        binary message: Span<UInt8>, to payload: inout [UInt8], form: Form, isFirst: Bool
    ) {
        switch form {
        case .separated:
            append(text: base64Packet(message, .four).span, to: &payload, form: form, isFirst: isFirst)
        case .counted:
            append(text: base64Packet(message, .three).span, to: &payload, form: form, isFirst: isFirst)
        case .bytes:
            appendLength(message.count + 1, isBinary: true, to: &payload)
            payload.append(binaryMessageType)
            payload.append(message)
        }
    }

    /// A binary message as text: `b<base64>`, in revision 3 `b4<base64>`.
    static func base64Packet(_ message: Span<UInt8>, _ revision: EngineRevision) -> [UInt8] {
        var packet = [EnginePacket.Kind.base64Message.rawValue]
        if revision == .three { packet.append(EnginePacket.Kind.message.rawValue) }
        packet += Base64.encode([UInt8](copying: message))
        return packet
    }

    /// The binary message that a text packet `b<base64>` stands for (in revision 3 `b4<base64>`); it may be empty.
    ///
    /// - Parameter bytesMax: The most bytes of the message, decoded.
    /// - Throws: `malformedBase64` for anything but padded standard base64 (RFC 4648 §4), which may be broken into lines as the
    ///   official Java client does it, `tooLarge`, and `emptyPacket` or `unknownType` where the packet begins otherwise.
    package static func message(
        ofBase64 packet: Span<UInt8>, _ revision: EngineRevision, bytesMax: Int
    ) throws(EngineError) -> [UInt8] {
        var start = 0
        for expected in revision == .four ? [EnginePacket.Kind.base64Message] : [.base64Message, .message] {
            guard start < packet.count else { throw .emptyPacket }
            guard packet[start] == expected.rawValue else { throw .unknownType(packet[start]) }
            start += 1
        }
        let text = packet.extracting(start...)
        // Four characters and a line feed are three bytes, the last four perhaps one: what cannot fit is not decoded.
        guard text.count / 5 * 3 - 2 <= bytesMax else { throw .tooLarge }
        guard let message = Base64.decode(text) ?? Base64.decodeLines(text) else { throw .malformedBase64 }
        guard message.count <= bytesMax else { throw .tooLarge }
        return message
    }

    private static func appendLength(_ length: Int, isBinary: Bool, to payload: inout [UInt8]) {
        payload.append(isBinary ? 1 : 0)
        let start = payload.count
        payload.appendDecimal(length)
        for index in start..<payload.count { payload[index] -= UInt8(ascii: "0") }
        payload.append(lengthEnd)
    }

    /// How many UTF-16 code units valid UTF-8 has.
    private static func utf16Count(_ text: Span<UInt8>) -> Int {
        var count = 0
        for index in text.indices { count += utf16Units(beginningWith: text[index]) }
        return count
    }

    /// How many UTF-16 code units the character has that begins with `byte`; none inside a character.
    static func utf16Units(beginningWith byte: UInt8) -> Int {
        switch byte {
        case 0x80...0xBF: 0
        case 0xF0...0xFF: 2
        default: 1
        }
    }
}
