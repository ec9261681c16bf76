public import JSONCore

/// One Socket.IO v5 packet with its attachments in place: what one side says within a namespace.
public struct SocketPacket: Sendable, Equatable {
    /// What the packet says.
    public enum Body: Sendable, Equatable {
        /// Asks to join the namespace, with auth from the client; or confirms it, with the `sid` from the server.
        case connect(JSONObject?)
        /// Leaves the namespace, or makes the client leave. The session stays.
        case disconnect
        /// An event. With an ack id, its sender waits for an ``ack(_:id:)``.
        case event(SocketEventName, [JSONValue], ackID: Int?)
        /// The answer to the event that carried `id`.
        case ack([JSONValue], id: Int)
        /// Refuses to let the client join, from the server: an object with `message` and perhaps `data`, or text.
        case connectError(JSONValue)
    }

    /// The namespace, which begins with `/` and holds no comma; `/` unless the packet names one. Compared as bytes.
    public var namespace: String

    /// What the packet says.
    public var body: Body

    /// A packet.
    public init(namespace: String = SocketPacket.mainNamespace, _ body: Body) {
        self.namespace = namespace
        self.body = body
    }

    /// The namespace of packets that name none.
    public static let mainNamespace = "/"

    /// The most attachments a packet may have unless a limit says otherwise: official peers close on more.
    package static let attachmentsMax = 10

    /// The most attachments that any limit may allow.
    package static let attachmentsCeiling = 64

    /// The most bytes of a namespace.
    package static let namespaceBytesMax = 128
}

/// A packet's type on the wire (Socket.IO v5 “Packet types”).
enum SocketPacketType: UInt8 {
    case connect = 0x30
    case disconnect
    case event
    case ack
    case connectError
    case binaryEvent
    case binaryAck

    /// Whether attachments follow.
    var isBinary: Bool { self == .binaryEvent || self == .binaryAck }
}

/// What an event is called: text, or a whole number, which is another name than its digits as text.
public enum SocketEventName: Sendable, Equatable, ExpressibleByStringLiteral {
    /// The usual name.
    case text(String)
    /// A number, which official clients may use.
    case number(Int64)

    /// The most bytes of a text name.
    public static let bytesMax = 128

    /// A text name.
    public init(stringLiteral name: String) { self = .text(name) }

    /// The name that the first value of an event's payload is; nil for anything but a short text that is not reserved,
    /// or a whole number.
    public init?(_ value: JSONValue) {
        switch value {
        case .integer(let number): self = .number(number)
        case .string(let text) where text.utf8.count <= Self.bytesMax && !Self.isReserved(text): self = .text(text)
        default: return nil
        }
    }

    /// The first value of an event's payload.
    public var value: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .integer(number)
        }
    }

    /// The text of a text name.
    public var text: String? { if case .text(let text) = self { text } else { nil } }

    /// Whether official peers use `name` for themselves and refuse it in both directions.
    public static func isReserved(_ name: String) -> Bool {
        switch name {
        case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener": true
        default: false
        }
    }
}
