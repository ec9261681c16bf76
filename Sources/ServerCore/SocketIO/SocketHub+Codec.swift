import ByteKit
import JSONCore
import SocketIOCore
import WebSocketCore

/// What was written of a packet: its first message stands in a buffer.
struct WrittenPacket {
    /// What the first message is.
    var opcode = WebSocketOpcode.text
    /// The binary messages that follow.
    var attachments: [[UInt8]] = []
}

/// Packets as messages, in the way of the hub's codec.
extension SocketHub {
    /// Writes an event behind what `message` holds. One that cannot be sent is logged, and left out: then nil is returned.
    func write(
        _ name: String, _ arguments: SocketArguments, in namespace: SocketNamespace, ackID: Int?,
        to message: inout [UInt8]
    ) -> WrittenPacket? {
        do {
            switch settings.codec {
            case .standard:
                return WrittenPacket(
                    attachments: try SocketPacketEncoder.append(
                        event: name, namespace: namespace.prefix, ackID: ackID, arguments,
                        attachmentsMax: settings.attachmentsMax, to: &message))
            case .messagePack:
                SocketPacketEncoder.pack(
                    event: name, namespace: namespace.name, ackID: ackID, arguments, to: &message)
                return WrittenPacket(opcode: .binary)
            case .custom(let parser):
                let packet = SocketPacket(
                    namespace: namespace.name, .event(.text(name), arguments.values, ackID: ackID))
                return try write(packet, by: parser, to: &message)
            }
        } catch {
            server.hooks.log(.error) { "the event \"\(name)\" was not sent: \(error)" }
            return nil
        }
    }

    /// Writes an ack, as above.
    func write(
        ack id: Int, _ arguments: SocketArguments, in namespace: SocketNamespace, to message: inout [UInt8]
    ) -> WrittenPacket? {
        do {
            switch settings.codec {
            case .standard:
                return WrittenPacket(
                    attachments: try SocketPacketEncoder.append(
                        ack: id, namespace: namespace.prefix, arguments, attachmentsMax: settings.attachmentsMax,
                        to: &message))
            case .messagePack:
                SocketPacketEncoder.pack(ack: id, namespace: namespace.name, arguments, to: &message)
                return WrittenPacket(opcode: .binary)
            case .custom(let parser):
                return try write(
                    SocketPacket(namespace: namespace.name, .ack(arguments.values, id: id)), by: parser, to: &message)
            }
        } catch {
            server.hooks.log(.error) { "an ack was not sent: \(error)" }
            return nil
        }
    }

    /// An event as frames, for many; nil where it cannot be sent.
    func frames(_ emission: SocketEmission, in namespace: SocketNamespace, ackID: Int? = nil) -> [UInt8]? {
        var message = takeText()
        let written = write(emission.name, arguments(of: emission), in: namespace, ackID: ackID, to: &message)
        let frames = written.map { SocketIOFrames.framed($0.opcode, message.span, $0.attachments) }
        giveBack(&message)
        return frames
    }

    /// An event as frames, where the namespace may be on another loop alone.
    func frames(_ emission: SocketEmission, inNamespace name: String) -> [UInt8]? {
        let namespace =
            existingNamespace(name) ?? SocketNamespace(name, hub: self, behaviour: SocketBehaviour(), family: nil)
        return frames(emission, in: namespace)
    }

    /// Sends a packet that is neither event nor ack; false, with a line in the log, where it cannot be written.
    @discardableResult
    func send(_ packet: SocketPacket, over transport: Transport) -> Bool {
        var message = takeText()
        defer { giveBack(&message) }
        do {
            let written = try write(packet, to: &message)
            // A CONNECT has the private id in it.
            transport.send(written.opcode, message.span, compresses: false)
            for attachment in written.attachments { transport.send(.binary, attachment.span, compresses: false) }
            return true
        } catch {
            server.hooks.log(.error) { "a packet was not sent: \(error)" }
            return false
        }
    }

    private func write(_ packet: SocketPacket, to message: inout [UInt8]) throws -> WrittenPacket {
        switch settings.codec {
        case .standard:
            let encoded = try SocketPacketEncoder.encode(packet)
            message += encoded.text
            return WrittenPacket(attachments: encoded.attachments)
        case .messagePack:
            SocketPacketEncoder.pack(packet, to: &message)
            return WrittenPacket(opcode: .binary)
        case .custom(let parser): return try write(packet, by: parser, to: &message)
        }
    }

    private func write(
        _ packet: SocketPacket, by parser: SocketParser, to message: inout [UInt8]
    ) throws -> WrittenPacket {
        let messages = try parser.encode(packet)
        var written = WrittenPacket()
        for (index, part) in messages.enumerated() {
            switch part {
            case .text(let text) where index == 0:
                message.append(EnginePacket.Kind.message.rawValue)
                message += text.utf8
            case .binary(let bytes) where index == 0:
                written.opcode = .binary
                message += bytes
            case .binary(let bytes): written.attachments.append(bytes)
            case .text: throw SocketParserFault.textBehindFirst
            }
        }
        guard !messages.isEmpty else { throw SocketParserFault.noMessage }
        return written
    }

    /// The packet that has become whole with a message, where the hub's codec is not the standard one.
    ///
    /// - Parameter decode: What puts this client's packets together, made by ``makeDecoder()``.
    func packet(
        _ message: Span<UInt8>, isText: Bool, _ decode: ((SocketParser.Message) throws -> SocketPacket?)?
    ) throws -> SocketPacket? {
        guard let decode else {
            guard !isText else { throw SocketPacketError.textInsteadOfPack }
            return try SocketPacket(unpacking: message, limits: limits)
        }
        let part: SocketParser.Message =
            isText ? .text(String(validating: message) ?? "") : .binary([UInt8](copying: message))
        guard let packet = try decode(part) else { return nil }
        guard SocketPacketEncoder.isLegal(namespace: packet.namespace) else { throw SocketPacketError.illegalNamespace }
        if case .event(let name, _, _) = packet.body, SocketEventName(name.value) == nil {
            throw SocketPacketError.illegalEventName
        }
        return packet
    }

    /// What puts a client's packets together, where the author says how.
    func makeDecoder() -> ((SocketParser.Message) throws -> SocketPacket?)? {
        guard case .custom(let parser) = settings.codec else { return nil }
        return parser.makeDecoder()
    }
}

/// What an author's parser has done that cannot be sent.
enum SocketParserFault: Error, CustomStringConvertible {
    case noMessage
    case textBehindFirst

    var description: String {
        switch self {
        case .noMessage: "The parser made no message of the packet."
        case .textBehindFirst: "Of a packet's messages only the first may be a text."
        }
    }
}
