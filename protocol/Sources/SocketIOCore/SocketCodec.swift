/// How a server's packets travel. Its clients must have chosen the same.
public enum SocketCodec: Sendable {
    /// The reference's own way: a text with JSON, then a binary message for each of its bytes.
    case standard
    /// The way of socket.io-msgpack-parser, and of python-socketio's `msgpack`: one binary message, MessagePack.
    case messagePack
    /// A way of your own.
    case custom(SocketParser)

    /// Whether it is the reference's own.
    package var isStandard: Bool { if case .standard = self { true } else { false } }
}

/// A way of your own for packets to travel: a custom parser, as the reference calls it.
///
/// A packet is one message, a text or bytes, and perhaps further messages of bytes.
public struct SocketParser: Sendable {
    /// A message of Engine.IO.
    public enum Message: Sendable, Equatable {
        /// A text.
        case text(String)
        /// Bytes.
        case binary([UInt8])
    }

    /// The messages of a packet, one at least; only the first may be a text. A packet that is sent to many is encoded once.
    /// When it throws, the packet is not sent, and a line is logged.
    public let encode: @Sendable (SocketPacket) throws -> [Message]

    /// Makes what puts one client's packets together. It is given that client's messages in their order, each within the limit of
    /// size; it returns a packet once one is whole. When it throws, the client is ended. What a packet may hold beyond the size of
    /// its messages is bounded by it alone.
    public let makeDecoder: @Sendable () -> (Message) throws -> SocketPacket?

    /// A parser.
    public init(
        encode: @escaping @Sendable (SocketPacket) throws -> [Message],
        makeDecoder: @escaping @Sendable () -> (Message) throws -> SocketPacket?
    ) {
        self.encode = encode
        self.makeDecoder = makeDecoder
    }
}
