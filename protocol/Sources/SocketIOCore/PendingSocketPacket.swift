import JSONCore

/// A packet whose attachments are arriving.
struct PendingSocketPacket: Sendable {
    enum Content: Sendable {
        /// Placeholders stand where attachments belong.
        case body(SocketPacket.Body)
        /// An event whose only argument is the only attachment.
        case soleAttachment(SocketEventName, ackID: Int?)
    }

    let namespace: String
    let content: Content
    let count: Int
    /// How many more bytes the packet may have.
    var bytesLeft: Int
    var attachments: [[UInt8]] = []

    init(namespace: String, content: Content, count: Int, bytesLeft: Int) {
        self.namespace = namespace
        self.content = content
        self.count = count
        self.bytesLeft = bytesLeft
    }

    /// Whether every attachment has arrived.
    var isComplete: Bool { attachments.count == count }

    /// The packet with its attachments in place of their placeholders.
    func assembled() throws(SocketPacketError) -> SocketPacket {
        switch content {
        case .soleAttachment(let name, let ackID):
            return SocketPacket(namespace: namespace, .event(name, [.binary(attachments[0])], ackID: ackID))
        case .body(.event(let name, let values, let ackID)):
            return SocketPacket(namespace: namespace, .event(name, try filled(values), ackID: ackID))
        case .body(.ack(let values, let id)):
            return SocketPacket(namespace: namespace, .ack(try filled(values), id: id))
        case .body(.connect), .body(.disconnect), .body(.connectError):
            preconditionFailure("Only events and acks have attachments.")
        }
    }

    private func filled(_ values: [JSONValue]) throws(SocketPacketError) -> [JSONValue] {
        var filling = Filling(attachments: attachments)
        return try filling.fill(values)
    }
}

/// Puts attachments in place, each once at most: otherwise a small packet could hold a large one thousands of times.
private struct Filling {
    let attachments: [[UInt8]]
    /// Bit n is set when attachment n has its place.
    private var used: UInt64 = 0

    init(attachments: [[UInt8]]) {
        self.attachments = attachments
    }

    mutating func fill(_ values: [JSONValue]) throws(SocketPacketError) -> [JSONValue] {
        var filled: [JSONValue] = []
        filled.reserveCapacity(values.count)
        for value in values { filled.append(try fill(value)) }
        return filled
    }

    private mutating func fill(_ value: JSONValue) throws(SocketPacketError) -> JSONValue {
        switch value {
        case .array(let values): return .array(try fill(values))
        case .object(let object):
            guard !object.isPlaceholder else { return .binary(try attachment(for: object)) }
            return .object(try object.mapValues { value throws(SocketPacketError) in try fill(value) })
        default: return value
        }
    }

    private mutating func attachment(for placeholder: JSONObject) throws(SocketPacketError) -> [UInt8] {
        guard placeholder.count == 2, let number = placeholder["num"]?.integer,
            let index = Int(exactly: number), attachments.indices.contains(index), used & 1 << index == 0
        else { throw .illegalPlaceholder }
        used |= 1 << index
        return attachments[index]
    }
}

extension JSONObject {
    /// Whether receivers take this object for an attachment's place (Socket.IO v5 “Binary”).
    var isPlaceholder: Bool { self["_placeholder"]?.bool == true }
}

/// The payload that nearly every binary event has, `["<name>",{"_placeholder":true,"num":0}]`: recognised as a whole,
/// as it is what each player's input and each snapshot comes in.
enum SoleAttachment {
    /// What follows the name.
    static let tail = Array(#"",{"_placeholder":true,"num":0}]"#.utf8)

    /// The event's name when the payload has this form to the byte and the name needs no unescaping; nil sends
    /// the packet the general way, with the same result.
    static func eventName(
        _ header: SocketPacketHeader, _ text: Span<UInt8>
    ) throws(SocketPacketError) -> SocketEventName? {
        let start = header.payloadStart
        let end = text.count - tail.count
        guard header.type == .binaryEvent, header.attachmentCount == 1, end - start >= 2,
            text[start] == UInt8(ascii: "["), text[start + 1] == UInt8(ascii: "\"")
        else { return nil }
        for index in tail.indices where text[end + index] != tail[index] { return nil }
        for index in start + 2..<end where !isPlain(text[index]) { return nil }
        guard let name = String(validating: text.extracting(start + 2..<end)) else { return nil }
        guard let name = SocketEventName(.string(name)) else { throw .illegalEventName }
        return name
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
