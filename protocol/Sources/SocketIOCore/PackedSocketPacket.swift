import ByteKit
import JSONCore
import MessagePackCore

/// Packets as socket.io-msgpack-parser has them: a map of `type`, `nsp`, `data` and `id`, in one binary message. Bytes
/// stand where they belong, and need no attachments (protocol/spec/socketio.md §13).
extension SocketPacket {
    /// The packet that a binary message is.
    ///
    /// Keys that it does not know are left alone: the reference's clients send their `options` along. What is absent may be nil
    /// or undefined, as python-socketio and JavaScript write it.
    package init(unpacking bytes: Span<UInt8>, limits: SocketPacketDecoder.Limits) throws(SocketPacketError) {
        guard bytes.count <= limits.packetBytesMax else { throw .tooLarge }
        let packet: JSONValue
        do throws(MessagePackError) {
            packet = try JSONValue.unpack(bytes, limits: limits.json)
        } catch {
            throw .malformedPack(error)
        }
        guard let parts = packet.object else { throw .unknownType }
        var data = parts["data"]
        // Not by a closure that answers nil: to a JSON value that is `null`.
        if data?.isNull == true { data = .none }
        let ackID = try Self.ackID(parts)
        self.init(
            namespace: try Self.namespace(parts), try Self.body(parts["type"]?.integer, data, ackID: ackID))
        if case .connect = body, bytes.count > limits.connectBytesMax { throw .tooLarge }
    }

    private static func namespace(_ parts: JSONObject) throws(SocketPacketError) -> String {
        guard let named = parts["nsp"], !named.isNull else { return mainNamespace }
        guard let name = named.string, SocketPacketEncoder.isLegal(namespace: name) else { throw .illegalNamespace }
        return name
    }

    private static func ackID(_ parts: JSONObject) throws(SocketPacketError) -> Int? {
        guard let id = parts["id"], !id.isNull else { return nil }
        guard let number = id.integer, (0...9_999_999_999).contains(number) else { throw .illegalAckID }
        return Int(number)
    }

    private static func body(_ type: Int64?, _ data: JSONValue?, ackID: Int?) throws(SocketPacketError) -> Body {
        switch type {
        case 0:
            guard let data else { return .connect(nil) }
            guard let auth = data.object else { throw .illegalPayload }
            return .connect(auth)
        case 1:
            guard data == nil else { throw .illegalPayload }
            return .disconnect
        case 2:
            guard let values = data?.array, let first = values.first else { throw .illegalPayload }
            guard let name = SocketEventName(first) else { throw .illegalEventName }
            return .event(name, Array(values.dropFirst()), ackID: ackID)
        case 3:
            guard let ackID else { throw .illegalAckID }
            guard let values = (data ?? []).array else { throw .illegalPayload }
            return .ack(values, id: ackID)
        case 4:
            guard let data, data.object != nil || data.string != nil else { throw .illegalPayload }
            return .connectError(data)
        default: throw .unknownType
        }
    }
}

extension SocketPacketEncoder {
    /// Appends an event as MessagePack.
    ///
    /// - Parameters:
    ///   - name: Short and not reserved.
    ///   - ackID: The id by which an answer is wanted.
    package static func pack(
        event name: String, namespace: String, ackID: Int?, _ arguments: SocketArguments, to packed: inout [UInt8]
    ) {
        precondition(SocketEventName(.string(name)) != nil, "An event's name is short and not reserved.")
        packHead(2, namespace, more: ackID == nil ? 1 : 2, to: &packed)
        MessagePack.append(text: "data", to: &packed)
        pack(.string(name), before: arguments.values, to: &packed)
        packID(ackID, to: &packed)
    }

    /// Appends an ack as MessagePack.
    package static func pack(ack id: Int, namespace: String, _ arguments: SocketArguments, to packed: inout [UInt8]) {
        packHead(3, namespace, more: 2, to: &packed)
        MessagePack.append(text: "data", to: &packed)
        pack(nil, before: arguments.values, to: &packed)
        packID(id, to: &packed)
    }

    /// Appends any packet as MessagePack.
    package static func pack(_ packet: SocketPacket, to packed: inout [UInt8]) {
        switch packet.body {
        case .connect(let payload): pack(0, packet.namespace, payload.map { .object($0) }, to: &packed)
        case .disconnect: pack(1, packet.namespace, nil, to: &packed)
        case .connectError(let payload): pack(4, packet.namespace, payload, to: &packed)
        case .ack(let values, let id): pack(ack: id, namespace: packet.namespace, SocketArguments(values), to: &packed)
        case .event(let name, let values, let ackID):
            packHead(2, packet.namespace, more: ackID == nil ? 1 : 2, to: &packed)
            MessagePack.append(text: "data", to: &packed)
            pack(name.value, before: values, to: &packed)
            packID(ackID, to: &packed)
        }
    }

    private static func pack(_ type: Int64, _ namespace: String, _ data: JSONValue?, to packed: inout [UInt8]) {
        packHead(type, namespace, more: data == nil ? 0 : 1, to: &packed)
        guard let data else { return }
        MessagePack.append(text: "data", to: &packed)
        MessagePack.append(data, to: &packed)
    }

    private static func packHead(_ type: Int64, _ namespace: String, more count: Int, to packed: inout [UInt8]) {
        precondition(isLegal(namespace: namespace), "A namespace begins with a slash and holds no comma.")
        MessagePack.append(mapOf: 2 + count, to: &packed)
        MessagePack.append(text: "type", to: &packed)
        MessagePack.append(integer: type, to: &packed)
        MessagePack.append(text: "nsp", to: &packed)
        MessagePack.append(text: namespace, to: &packed)
    }

    private static func pack(_ first: JSONValue?, before values: [JSONValue], to packed: inout [UInt8]) {
        MessagePack.append(arrayOf: values.count + (first == nil ? 0 : 1), to: &packed)
        if let first { MessagePack.append(first, to: &packed) }
        for value in values { MessagePack.append(value, to: &packed) }
    }

    private static func packID(_ id: Int?, to packed: inout [UInt8]) {
        guard let id else { return }
        MessagePack.append(text: "id", to: &packed)
        MessagePack.append(integer: Int64(id), to: &packed)
    }
}
