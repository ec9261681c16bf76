import ByteKit
import JSONCore
import SocketIOCore

/// What puts the packets of one connection together, in the way that client and server have chosen.
struct ClientDecoder {
    private let codec: SocketCodec
    private let limits: SocketPacketDecoder.Limits
    private let isStandard: Bool
    private var standard: SocketPacketDecoder
    private var custom: ((SocketParser.Message) throws -> SocketPacket?)?

    init(_ codec: SocketCodec, _ limits: SocketPacketDecoder.Limits) {
        self.codec = codec
        self.limits = limits
        isStandard = codec.isStandard
        standard = SocketPacketDecoder(limits: limits)
        reset()
    }

    /// Forgets the packet under way: there is a new connection.
    mutating func reset() {
        standard.reset()
        if case .custom(let parser) = codec { custom = parser.makeDecoder() }
    }

    /// The packet that has become whole with a text.
    mutating func text(_ text: Span<UInt8>) throws -> SocketPacket? {
        if isStandard { return try standard.text(text) }
        guard custom != nil else { throw SocketPacketError.textInsteadOfPack }
        return try decode(.text(String(validating: text) ?? ""))
    }

    /// The packet that has become whole with a binary message.
    mutating func binary(_ bytes: Span<UInt8>) throws -> SocketPacket? {
        if isStandard { return try standard.binary(bytes) }
        guard custom != nil else { return try SocketPacket(unpacking: bytes, limits: limits) }
        return try decode(.binary([UInt8](copying: bytes)))
    }

    private func decode(_ message: SocketParser.Message) throws -> SocketPacket? { try custom?(message) }
}

/// Packets of its namespaces, as messages.
extension ClientManager {
    func send(
        event name: String, _ arguments: SocketArguments, of socket: NamespaceClient, ackID: Int?, compresses: Bool,
        attachmentsMax: Int
    ) throws {
        switch codec {
        case .standard:
            var text: [UInt8] = []
            let attachments = try SocketPacketEncoder.append(
                event: name, namespace: socket.prefix, ackID: ackID, arguments, attachmentsMax: attachmentsMax,
                to: &text)
            send(text, attachments, compresses: compresses)
        case .messagePack:
            var packed: [UInt8] = []
            SocketPacketEncoder.pack(
                event: name, namespace: socket.namespace, ackID: ackID, arguments, to: &packed)
            send(binary: packed, compresses: compresses)
        case .custom(let parser):
            let event = SocketPacket.Body.event(.text(name), arguments.values, ackID: ackID)
            try send(SocketPacket(namespace: socket.namespace, event), by: parser, compresses: compresses)
        }
    }

    func send(
        ack id: Int, _ arguments: SocketArguments, of socket: NamespaceClient, attachmentsMax: Int
    ) throws {
        switch codec {
        case .standard:
            var text: [UInt8] = []
            let attachments = try SocketPacketEncoder.append(
                ack: id, namespace: socket.prefix, arguments, attachmentsMax: attachmentsMax, to: &text)
            send(text, attachments, compresses: true)
        case .messagePack:
            var packed: [UInt8] = []
            SocketPacketEncoder.pack(ack: id, namespace: socket.namespace, arguments, to: &packed)
            send(binary: packed, compresses: true)
        case .custom(let parser):
            try send(
                SocketPacket(namespace: socket.namespace, .ack(arguments.values, id: id)), by: parser, compresses: true)
        }
    }

    /// Sends a packet that is neither event nor ack.
    func send(_ body: SocketPacket.Body, of socket: NamespaceClient, compresses: Bool) throws {
        let packet = SocketPacket(namespace: socket.namespace, body)
        switch codec {
        case .standard:
            let encoded = try SocketPacketEncoder.encode(packet)
            send(encoded.text, encoded.attachments, compresses: compresses)
        case .messagePack:
            var packed: [UInt8] = []
            SocketPacketEncoder.pack(packet, to: &packed)
            send(binary: packed, compresses: compresses)
        case .custom(let parser): try send(packet, by: parser, compresses: compresses)
        }
    }

    private func send(_ text: [UInt8], _ attachments: [[UInt8]], compresses: Bool) {
        send(text: text, compresses: compresses)
        for attachment in attachments { send(binary: attachment, compresses: compresses) }
    }

    private func send(_ packet: SocketPacket, by parser: SocketParser, compresses: Bool) throws {
        for message in try parser.encode(packet) {
            switch message {
            case .text(let text):
                send(text: [EnginePacket.Kind.message.rawValue] + text.utf8, compresses: compresses)
            case .binary(let bytes): send(binary: bytes, compresses: compresses)
            }
        }
    }
}
