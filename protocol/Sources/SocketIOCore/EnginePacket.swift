import ByteKit

/// One Engine.IO packet as a text message of a WebSocket carries it, or a payload: a type digit, then data.
///
/// A binary message of the WebSocket is a message packet without a type digit, and never comes here.
package struct EnginePacket: Sendable, Equatable {
    /// What a packet is for, by its first byte (Engine.IO v4 “Packet types”).
    package enum Kind: UInt8, Sendable {
        /// The handshake, from the server: ``EngineOpen``.
        case open = 0x30
        /// The session ends. A server acts on it too (protocol/spec/socketio.md §6, trap 14).
        case close
        /// A heartbeat, from the server; or a client's probe of a transport.
        case ping
        /// The answer to a ping.
        case pong
        /// Data for the layer above: a Socket.IO packet.
        case message
        /// The end of a transport upgrade, from the client.
        case upgrade
        /// Nothing; it answers a poll.
        case noop
        /// A binary message as padded base64, for clients that cannot send bytes.
        case base64Message = 0x62
    }

    /// What the packet is for.
    package let kind: Kind

    /// Whether it is the `2probe` or `3probe` of a transport upgrade.
    package let isProbe: Bool

    /// Where a packet's data starts in its text. It may be empty.
    package static let dataStart = 1

    /// The packet that `text`, one whole message, is. Data where none is expected is ignored.
    package init(_ text: Span<UInt8>) throws(EngineError) {
        guard text.count > 0 else { throw .emptyPacket }
        guard let kind = Kind(rawValue: text[0]) else { throw .unknownType(text[0]) }
        self.kind = kind
        isProbe = (kind == .ping || kind == .pong) && Self.endsInProbe(text)
    }

    private static func endsInProbe(_ text: Span<UInt8>) -> Bool {
        guard text.count == 6 else { return false }
        var index = dataStart
        for byte in "probe".utf8 {
            guard text[index] == byte else { return false }
            index += 1
        }
        return true
    }
}

/// The packets that are always the same, ready to send.
extension EnginePacket {
    /// `1`
    package static let close: [UInt8] = [Kind.close.rawValue]
    /// `2`, the server's heartbeat.
    package static let ping: [UInt8] = [Kind.ping.rawValue]
    /// `3`, the client's answer.
    package static let pong: [UInt8] = [Kind.pong.rawValue]
    /// `2probe`, with which a client tries a transport.
    package static let probePing: [UInt8] = Array("2probe".utf8)
    /// `3probe`, the server's answer to a client that tries a transport.
    package static let probePong: [UInt8] = Array("3probe".utf8)
    /// `5`, with which a client moves to the transport that it tried.
    package static let upgrade: [UInt8] = [Kind.upgrade.rawValue]
    /// `6`
    package static let noop: [UInt8] = [Kind.noop.rawValue]

    /// The answer to a ping, given whole, with the same data: what a server of revision 3 sends (Engine.IO v3 “pong”).
    package static func pong(answering ping: Span<UInt8>) -> [UInt8] {
        var pong = pong
        if ping.count > dataStart { pong.append(ping.extracting(dataStart...)) }
        return pong
    }
}

/// Why a message is no Engine.IO packet, or a body no payload. The session cannot go on: close it with the reason `parse error`.
package enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A text message of no bytes.
    case emptyPacket
    /// The first byte names no type.
    case unknownType(UInt8)
    /// The open packet's data is not the JSON object of the handshake.
    case malformedOpen
    /// A payload's packet is not UTF-8.
    case malformedText
    /// Base64 with other characters, other padding, or bits that stand for nothing.
    case malformedBase64
    /// The length of a packet is no number, or not that of the packet (revision 3).
    case malformedLength
    /// More packets than a payload may have.
    case tooManyPackets
    /// A packet is larger than allowed.
    case tooLarge

    /// A sentence for a log.
    package var description: String {
        switch self {
        case .emptyPacket: "An Engine.IO packet has at least its type."
        case .unknownType(let byte): "No Engine.IO packet begins with byte \(byte)."
        case .malformedOpen: "The Engine.IO handshake is malformed."
        case .malformedText: "A packet is not UTF-8."
        case .malformedBase64: "A binary message is not base64."
        case .malformedLength: "The length of a packet is malformed."
        case .tooManyPackets: "There are too many packets in one payload."
        case .tooLarge: "A packet is too large."
        }
    }
}
