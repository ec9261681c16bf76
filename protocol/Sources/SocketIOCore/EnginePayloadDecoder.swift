import ByteKit

/// Reads the packets of a payload, one at a time, from the whole body of a request or an answer.
///
/// Pass the same body each time until nil comes: packets before a malformed one count, as they were received. Time is
/// linear in the body, and nothing is kept but one decoded message.
package struct EnginePayloadDecoder: Sendable {
    /// How many packets one payload may have, unless told otherwise: each costs its own handling.
    package static let packetsMax = 256

    /// One packet of a payload.
    package enum Packet: Sendable, Equatable {
        /// A packet for ``EnginePacket``, at these bytes of the body; never empty, always UTF-8, never base64.
        case text(Range<Int>)
        /// A binary message; its bytes are ``EnginePayloadDecoder/message`` until the next call.
        case binary
    }

    /// The bytes of the binary message that came last; empty once something else has come.
    package private(set) var message: [UInt8] = []

    private let form: EnginePayload.Form
    private let messageBytesMax: Int
    /// How many packets may still come.
    private var packetsLeft: Int
    /// Where the next packet starts; nil after the last.
    private var position: Int? = 0

    /// A decoder for one body.
    ///
    /// - Parameter messageBytesMax: The most bytes of a packet: of a text with its type, of a binary message decoded.
    package init(form: EnginePayload.Form, messageBytesMax: Int, packetsMax: Int = packetsMax) {
        self.form = form
        self.messageBytesMax = messageBytesMax
        packetsLeft = packetsMax
    }

    /// The next packet of `body`; nil after the last, and after an error.
    ///
    /// - Throws: What is wrong with the next packet. The session cannot go on: close it, reason `parse error`.
    package mutating func next(_ body: Span<UInt8>) throws(EngineError) -> Packet? {
        message = []
        guard let start = position else { return nil }
        position = nil
        guard packetsLeft > 0 else { throw .tooManyPackets }
        packetsLeft -= 1
        switch form {
        case .separated: return try nextSeparated(body, from: start)
        case .counted: return try nextCounted(body, from: start)
        case .bytes: return try nextOfBytes(body, from: start)
        }
    }

    private mutating func nextSeparated(_ body: Span<UInt8>, from start: Int) throws(EngineError) -> Packet {
        var end = start
        while end < body.count, body[end] != EnginePayload.separator { end += 1 }
        let packet = try textPacket(body, start..<end, .four)
        // After a separator a packet is due, so that an empty one at the end is found.
        if end < body.count { position = end + 1 }
        return packet
    }

    private mutating func nextCounted(_ body: Span<UInt8>, from start: Int) throws(EngineError) -> Packet {
        guard start < body.count else { throw .emptyPacket }
        var end = start
        var units = try length(body, at: &end, digits: UInt8(ascii: "0"), endedBy: UInt8(ascii: ":"))
        let text = end
        while units > 0 {
            guard end < body.count else { throw .malformedLength }
            units -= EnginePayload.utf16Units(beginningWith: body[end])
            end += 1
        }
        // The rest of the last character. A length that cuts a character of two units ends below zero.
        while end < body.count, EnginePayload.utf16Units(beginningWith: body[end]) == 0 { end += 1 }
        guard units == 0 else { throw .malformedLength }
        let packet = try textPacket(body, text..<end, .three)
        if end < body.count { position = end }
        return packet
    }

    private mutating func nextOfBytes(_ body: Span<UInt8>, from start: Int) throws(EngineError) -> Packet {
        guard start < body.count else { throw .emptyPacket }
        guard body[start] <= 1 else { throw .malformedLength }
        var data = start + 1
        let length = try length(body, at: &data, digits: 0, endedBy: EnginePayload.lengthEnd)
        guard length <= body.count - data else { throw .malformedLength }
        let end = data + length
        let packet: Packet
        if body[start] == 0 {
            packet = try textPacket(body, data..<end, .three)
        } else {
            guard length > 0 else { throw .emptyPacket }
            guard body[data] == EnginePayload.binaryMessageType else { throw .unknownType(body[data]) }
            guard length - 1 <= messageBytesMax else { throw .tooLarge }
            message = [UInt8](copying: body.extracting(data + 1..<end))
            packet = .binary
        }
        if end < body.count { position = end }
        return packet
    }

    private mutating func textPacket(
        _ body: Span<UInt8>, _ range: Range<Int>, _ revision: EngineRevision
    ) throws(EngineError) -> Packet {
        guard !range.isEmpty else { throw .emptyPacket }
        let packet = body.extracting(range)
        guard packet[0] != EnginePacket.Kind.base64Message.rawValue else {
            message = try EnginePayload.message(ofBase64: packet, revision, bytesMax: messageBytesMax)
            return .binary
        }
        guard range.count <= messageBytesMax else { throw .tooLarge }
        guard UTF8Validator.isValid(packet) else { throw .malformedText }
        return .text(range)
    }

    /// Reads a length of one to nine digits, of which 0 is `digits`, and the byte that ends it.
    private func length(
        _ body: Span<UInt8>, at index: inout Int, digits: UInt8, endedBy end: UInt8
    ) throws(EngineError) -> Int {
        var length = 0
        let start = index
        while index < body.count, index - start < 9, body[index] >= digits, body[index] - digits <= 9 {
            length = length * 10 + Int(body[index] - digits)
            index += 1
        }
        guard index > start, index < body.count, body[index] == end else { throw .malformedLength }
        index += 1
        return length
    }
}
