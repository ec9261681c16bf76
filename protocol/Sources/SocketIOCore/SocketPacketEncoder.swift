import ByteKit
import JSONCore

/// Writes Socket.IO packets as messages of an Engine.IO session over WebSocket: a text that begins with Engine.IO's
/// `4`, then the attachments, each a binary message, in order and with no other Socket.IO packet in between.
package enum SocketPacketEncoder {
    /// The messages of `packet`.
    ///
    /// An event or ack that holds bytes becomes a binary one; its attachments are numbered depth first, arrays and
    /// objects in order. An object in it that a receiver would take for a placeholder gets `"_placeholder":false`:
    /// passed on from another player, it would make official clients close.
    ///
    /// - Throws: ``SocketPacketError`` for a name, a namespace or an ack id that receivers refuse, for too many
    ///   attachments, or bytes where they cannot be.
    package static func encode(
        _ packet: SocketPacket
    ) throws(SocketPacketError) -> (text: [UInt8], attachments: [[UInt8]]) {
        guard isLegal(namespace: packet.namespace) else { throw .illegalNamespace }
        switch packet.body {
        case .connect(let payload):
            return (try control(.connect, packet.namespace, payload.map { .object($0) }), [])
        case .disconnect:
            return (try control(.disconnect, packet.namespace, nil), [])
        case .connectError(let payload):
            guard payload.object != nil || payload.string != nil else { throw .illegalPayload }
            return (try control(.connectError, packet.namespace, payload), [])
        case .event(let name, let values, let ackID):
            guard SocketEventName(name.value) != nil else { throw .illegalEventName }
            return try data(.event, packet.namespace, [name.value] + values, ackID)
        case .ack(let values, let id):
            return try data(.ack, packet.namespace, values, id)
        }
    }

    /// The text of an event whose only argument is its only attachment, such as a snapshot:
    /// `451-/lobby/x,["snapshot",{"_placeholder":true,"num":0}]`. It is the same each time; keep it.
    package static func soleAttachmentText(event name: String, namespace: String) -> [UInt8] {
        precondition(SocketEventName(.string(name)) != nil, "An event's name is short and not reserved.")
        var text = start(.binaryEvent, namespace: namespace, attachmentCount: 1)
        text.append(UInt8(ascii: "["))
        JSONValue.write(string: name, to: &text)
        text.removeLast()
        text.append(contentsOf: SoleAttachment.tail)
        return text
    }

    /// The text that confirms a client's place in `namespace`: `40/lobby/x,{"sid":"…"}`.
    package static func connected(namespace: String, sid: String) -> [UInt8] {
        text(.connect, namespace: namespace, payload: ["sid": .string(sid)])
    }

    /// The text that refuses a client its place in `namespace`: `44/lobby/x,{"message":"…"}`.
    package static func connectError(namespace: String, message: String) -> [UInt8] {
        text(.connectError, namespace: namespace, payload: ["message": .string(message)])
    }

    /// The text that makes a client leave `namespace`, or tells that it does: `41/lobby/x,`.
    package static func disconnect(namespace: String) -> [UInt8] {
        start(.disconnect, namespace: namespace)
    }

    /// Whether packets can name `namespace`: it begins with `/`, holds no comma and has 128 bytes at most.
    package static func isLegal(namespace: String) -> Bool {
        namespace.utf8.first == UInt8(ascii: "/") && !namespace.utf8.contains(UInt8(ascii: ","))
            && namespace.utf8.count <= SocketPacket.namespaceBytesMax
    }

    private static func control(
        _ type: SocketPacketType, _ namespace: String, _ payload: JSONValue?
    ) throws(SocketPacketError) -> [UInt8] {
        guard payload?.containsBinary != true else { throw .binaryNotAllowed }
        return text(type, namespace: namespace, payload: payload)
    }

    private static func data(
        _ type: SocketPacketType, _ namespace: String, _ values: [JSONValue], _ ackID: Int?
    ) throws(SocketPacketError) -> (text: [UInt8], attachments: [[UInt8]]) {
        guard ackID.map({ (0...9_999_999_999).contains($0) }) ?? true else { throw .illegalAckID }
        let payload = JSONValue.array(values)
        guard payload.containsBinary else { return (text(type, namespace: namespace, ackID, payload: payload), []) }
        var extraction = Extraction()
        let emptied = extraction.extract(payload)
        let count = extraction.attachments.count
        guard count <= SocketPacket.attachmentsMax else { throw .tooManyAttachments }
        let binaryType: SocketPacketType = type == .event ? .binaryEvent : .binaryAck
        let text = text(binaryType, namespace: namespace, attachmentCount: count, ackID, payload: emptied)
        return (text, extraction.attachments)
    }

    private static func text(
        _ type: SocketPacketType, namespace: String, attachmentCount: Int = 0, _ ackID: Int? = nil,
        payload: JSONValue?
    ) -> [UInt8] {
        var text = start(type, namespace: namespace, attachmentCount: attachmentCount)
        if let ackID { text.appendDecimal(ackID) }
        payload?.write(to: &text)
        return text
    }

    /// The text up to the ack id.
    private static func start(
        _ type: SocketPacketType, namespace: String, attachmentCount: Int = 0
    ) -> [UInt8] {
        precondition(isLegal(namespace: namespace), "A namespace begins with a slash and holds no comma.")
        var text: [UInt8] = []
        text.reserveCapacity(96)
        text.append(EnginePacket.Kind.message.rawValue)
        text.append(type.rawValue)
        if type.isBinary {
            text.appendDecimal(attachmentCount)
            text.append(UInt8(ascii: "-"))
        }
        if namespace != SocketPacket.mainNamespace {
            text.append(contentsOf: namespace.utf8)
            text.append(UInt8(ascii: ","))
        }
        return text
    }
}

/// Takes the bytes out of a payload and leaves placeholders.
struct Extraction {
    var attachments: [[UInt8]] = []

    mutating func extract(_ value: JSONValue) -> JSONValue {
        switch value {
        case .binary(let bytes):
            attachments.append(bytes)
            return ["_placeholder": true, "num": .integer(Int64(attachments.count - 1))]
        case .array(let values):
            return .array(values.map { extract($0) })
        case .object(var object):
            if object.isPlaceholder { object["_placeholder"] = false }
            return .object(object.mapValues { extract($0) })
        case .null, .bool, .integer, .number, .string:
            return value
        }
    }
}
