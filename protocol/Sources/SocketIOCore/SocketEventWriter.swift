import ByteKit
import JSONCore

/// Events and acks, written behind what a buffer holds.
extension SocketPacketEncoder {
    /// Appends the text of an event, with Engine.IO's `4`.
    ///
    /// - Parameters:
    ///   - name: Short and not reserved.
    ///   - namespace: What packets name the namespace by: `/lobby,`; nothing for `/`.
    ///   - ackID: The id by which an answer is wanted.
    /// - Returns: the attachments that follow.
    /// - Throws: ``SocketPacketError/tooManyAttachments``; then nothing was appended.
    package static func append(
        event name: String, namespace: [UInt8], ackID: Int?, _ arguments: SocketArguments, attachmentsMax: Int,
        to text: inout [UInt8]
    ) throws(SocketPacketError) -> [[UInt8]] {
        precondition(SocketEventName(.string(name)) != nil, "An event's name is short and not reserved.")
        return try append(
            .event, namespace: namespace, ackID: ackID, name: name, arguments, attachmentsMax: attachmentsMax, to: &text
        )
    }

    /// Appends the text of an ack, with Engine.IO's `4`; see ``append(event:namespace:ackID:_:attachmentsMax:to:)``.
    package static func append(
        ack id: Int, namespace: [UInt8], _ arguments: SocketArguments, attachmentsMax: Int, to text: inout [UInt8]
    ) throws(SocketPacketError) -> [[UInt8]] {
        try append(
            .ack, namespace: namespace, ackID: id, name: nil, arguments, attachmentsMax: attachmentsMax, to: &text)
    }

    private static func append(
        _ type: SocketPacketType, namespace: [UInt8], ackID: Int?, name: String?, _ arguments: SocketArguments,
        attachmentsMax: Int, to text: inout [UInt8]
    ) throws(SocketPacketError) -> [[UInt8]] {
        guard arguments.containsBinary else {
            text.append(EnginePacket.Kind.message.rawValue)
            text.append(type.rawValue)
            _ = appendBody(namespace: namespace, ackID: ackID, name: name, arguments, to: &text)
            return []
        }
        // How many attachments there are stands in front, and is known once the rest is written.
        var body: [UInt8] = []
        let attachments = appendBody(namespace: namespace, ackID: ackID, name: name, arguments, to: &body)
        guard attachments.count <= attachmentsMax else { throw .tooManyAttachments }
        text.append(EnginePacket.Kind.message.rawValue)
        text.append((type == .event ? SocketPacketType.binaryEvent : .binaryAck).rawValue)
        text.appendDecimal(attachments.count)
        text.append(UInt8(ascii: "-"))
        text += body
        return attachments
    }

    private static func appendBody(
        namespace: [UInt8], ackID: Int?, name: String?, _ arguments: SocketArguments, to text: inout [UInt8]
    ) -> [[UInt8]] {
        text += namespace
        if let ackID { text.appendDecimal(ackID) }
        text.append(UInt8(ascii: "["))
        if let name {
            JSONValue.write(string: name, to: &text)
            if !arguments.isEmpty { text.append(UInt8(ascii: ",")) }
        }
        let attachments = arguments.append(to: &text)
        text.append(UInt8(ascii: "]"))
        return attachments
    }

    /// What packets name a namespace by: `/lobby,`, and nothing for `/`.
    package static func prefix(ofNamespace namespace: String) -> [UInt8] {
        precondition(isLegal(namespace: namespace), "A namespace begins with a slash and holds no comma.")
        return namespace == SocketPacket.mainNamespace ? [] : Array("\(namespace),".utf8)
    }
}
