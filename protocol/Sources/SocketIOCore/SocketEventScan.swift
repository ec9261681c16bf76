import ByteKit
import JSONCore

/// Where the parts of a text event, or of a text ack, stand in its packet.
package struct ScannedEvent: Sendable, Equatable {
    /// Where the namespace stands; empty when the packet names none, which is `/`.
    package let namespace: Range<Int>
    /// Where the event's name stands, without its quotation marks; it has no escapes. Nil for an ack.
    package let name: Range<Int>?
    /// The id by which the sender wants an answer, or that of an ack.
    package let ackID: Int?
    /// Where the arguments stand: what follows the name in the array's brackets, or all of it.
    package let arguments: Range<Int>
}

/// Finds the parts of the packets that a server gets most of, text events and acks, in one pass that checks all that
/// ``SocketPacketDecoder`` checks and builds nothing.
///
/// Keep one for many sessions: it holds nothing of a packet.
package struct SocketEventScan: Sendable {
    private let limits: SocketPacketDecoder.Limits
    private var json = JSONScan()

    /// A scan within those limits.
    package init(limits: SocketPacketDecoder.Limits) {
        self.limits = limits
    }

    /// Scans the data of an Engine.IO message, without its `4`.
    ///
    /// - Returns: nil for a packet that ``SocketPacketDecoder`` has to look at: another type, attachments, a name that is a
    ///   number or has escapes, no payload.
    /// - Throws: what ``SocketPacketDecoder/text(_:)`` would throw.
    package mutating func packet(_ text: Span<UInt8>) throws(SocketPacketError) -> ScannedEvent? {
        guard text.count > 1, text.count <= limits.packetBytesMax else { return nil }
        let isEvent = text[0] == SocketPacketType.event.rawValue
        guard isEvent || text[0] == SocketPacketType.ack.rawValue else { return nil }
        let header = try SocketPacketHeader(text, attachmentsMax: limits.attachmentsMax)
        guard header.payloadStart < text.count, isEvent || header.ackID != nil else { return nil }
        do {
            guard
                try json.array(text, from: header.payloadStart, limits: limits.json, elementsKept: isEvent ? 1 : 0)
            else { return nil }
        } catch {
            throw .malformedPayload(error)
        }
        var end = text.count - 1
        while text[end] != UInt8(ascii: "]") { end -= 1 }
        guard isEvent else {
            var start = header.payloadStart
            while text[start] != UInt8(ascii: "[") { start += 1 }
            return ScannedEvent(
                namespace: header.namespace, name: nil, ackID: header.ackID, arguments: start + 1..<end)
        }
        guard let first = json.elements.first, let name = Self.name(text, first) else { return nil }
        var start = first.upperBound
        while start < end, text[start] != UInt8(ascii: ",") { start += 1 }
        return ScannedEvent(
            namespace: header.namespace, name: name, ackID: header.ackID, arguments: min(start + 1, end)..<end)
    }

    /// Where a plain, short name stands that is not reserved.
    private static func name(_ text: Span<UInt8>, _ element: Range<Int>) -> Range<Int>? {
        guard element.count >= 2, element.count - 2 <= SocketEventName.bytesMax,
            text[element.lowerBound] == UInt8(ascii: "\"")
        else { return nil }
        let name = element.lowerBound + 1..<element.upperBound - 1
        for index in name where text[index] == UInt8(ascii: "\\") { return nil }
        switch name.count {
        case 7, 10, 11, 13, 14:
            guard let word = String(validating: text.extracting(name)), !SocketEventName.isReserved(word) else {
                return nil
            }
        default: break
        }
        return name
    }
}
