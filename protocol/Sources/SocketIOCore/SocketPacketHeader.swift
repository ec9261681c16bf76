/// Everything of a packet's text before its JSON (Socket.IO v5 “Packet encoding”):
///
///     <type>[<attachments>-][<namespace>,][<ack id>][<JSON>]
struct SocketPacketHeader {
    var type: SocketPacketType
    var attachmentCount = 0
    /// Where the namespace stands; empty when the packet names none.
    var namespace = 0..<0
    var ackID: Int?
    /// Where the JSON starts; the end of the text when there is none.
    var payloadStart = 1

    init(_ text: Span<UInt8>, attachmentsMax: Int) throws(SocketPacketError) {
        guard text.count > 0, let type = SocketPacketType(rawValue: text[0]) else { throw .unknownType }
        self.type = type
        if type.isBinary { try readAttachmentCount(text, max: attachmentsMax) }
        try readNamespace(text)
        try readAckID(text)
    }

    private mutating func readAttachmentCount(_ text: Span<UInt8>, max: Int) throws(SocketPacketError) {
        guard let count = readDigits(text, max: 2), payloadStart < text.count,
            text[payloadStart] == UInt8(ascii: "-")
        else { throw .illegalAttachmentCount }
        guard count <= max else { throw .tooManyAttachments }
        attachmentCount = count
        payloadStart += 1
    }

    private mutating func readNamespace(_ text: Span<UInt8>) throws(SocketPacketError) {
        guard payloadStart < text.count, text[payloadStart] == UInt8(ascii: "/") else { return }
        var end = payloadStart
        while end < text.count, text[end] != UInt8(ascii: ",") {
            guard end - payloadStart < SocketPacket.namespaceBytesMax else { throw .illegalNamespace }
            end += 1
        }
        namespace = payloadStart..<end
        payloadStart = min(end + 1, text.count)
    }

    private mutating func readAckID(_ text: Span<UInt8>) throws(SocketPacketError) {
        ackID = readDigits(text, max: 10)
        guard payloadStart == text.count || !Self.isDigit(text[payloadStart]) else { throw .illegalAckID }
    }

    /// Reads up to `max` digits, which must be few enough to fit; nil when there are none.
    private mutating func readDigits(_ text: Span<UInt8>, max: Int) -> Int? {
        let start = payloadStart
        var value = 0
        while payloadStart < text.count, payloadStart - start < max, Self.isDigit(text[payloadStart]) {
            value = value * 10 + Int(text[payloadStart] - UInt8(ascii: "0"))
            payloadStart += 1
        }
        return payloadStart > start ? value : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
