import JSONCore
import SocketIOCore
import WebSocketCore

/// Framed messages of the Socket.IO dialect.
enum SocketIOFrames {
    /// An Engine.IO ping.
    static let ping = text(EnginePacket.ping)
    /// An Engine.IO packet that says nothing.
    static let noop = text(EnginePacket.noop)
    /// The answer to a client that tries a WebSocket.
    static let probePong = text(EnginePacket.probePong)
    /// The end of an Engine.IO session over long polling.
    static let close = text(EnginePacket.close)

    /// An Engine.IO packet as a text frame.
    static func text(_ packet: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        WebSocketFrame.append(.text, packet.span, to: &frame)
        return frame
    }

    /// A Socket.IO packet as a text frame and a binary frame for each attachment.
    ///
    /// - Precondition: The packet is one that receivers accept: the server's own are, and an author's events are
    ///   checked where they are emitted.
    static func packet(_ packet: SocketPacket) -> [UInt8] {
        do throws(SocketPacketError) {
            let encoded = try SocketPacketEncoder.encode(packet)
            return framed(.text, encoded.text.span, encoded.attachments)
        } catch {
            preconditionFailure("an event that no Socket.IO client would accept: \(error)")
        }
    }

    /// A packet's first message as a frame, and a binary frame for each attachment.
    static func framed(_ opcode: WebSocketOpcode, _ message: Span<UInt8>, _ attachments: [[UInt8]]) -> [UInt8] {
        var frames: [UInt8] = []
        frames.reserveCapacity(attachments.reduce(message.count + 10) { $0 + $1.count + 10 })
        WebSocketFrame.append(opcode, message, to: &frames)
        for attachment in attachments { WebSocketFrame.append(.binary, attachment.span, to: &frames) }
        return frames
    }

    /// An event with one argument.
    static func event(namespace: String, _ name: String, _ data: JSONValue) -> [UInt8] {
        packet(SocketPacket(namespace: namespace, .event(.text(name), [data], ackID: nil)))
    }

    /// The text frame that announces a snapshot; the snapshot follows as one binary frame.
    static func snapshotHeader(namespace: String) -> [UInt8] {
        text(SocketPacketEncoder.soleAttachmentText(event: "snapshot", namespace: namespace))
    }
}
