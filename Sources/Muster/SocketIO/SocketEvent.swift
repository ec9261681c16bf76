public import JSONCore
import ServerCore
public import SocketIOCore

/// What an event or an ack says: JSON values, with bytes anywhere in them.
public typealias SocketArguments = SocketIOCore.SocketArguments

/// An event with its name and the type of its one argument.
public typealias SocketEvent = SocketIOCore.SocketEvent

/// An event that asks for an answer, with the types of its one argument and of the answer's.
public typealias SocketRequest = SocketIOCore.SocketRequest

/// Why there is no ack.
public typealias AckError = SocketIOCore.AckError

/// Why a client has left a namespace.
public typealias DisconnectReason = SocketIOCore.SocketDisconnectReason

/// Refuses an event: throw it from a handler. A client on a plain WebSocket is told with `exception`; Socket.IO has no way to tell.
public struct EventRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the client is told.
    public var message: String
    /// What goes with it; nil for nothing.
    public var data: JSONValue?

    /// A refusal.
    public init(_ message: String, data: JSONValue? = nil) {
        self.message = message
        self.data = data
    }

    /// What the client is told.
    public var description: String { message }
}

/// Refuses a client its place in a namespace: throw it from ``SocketHandling/use(_:)``.
public typealias ConnectRefusal = SocketIOCore.ConnectRefusal

/// One event that a client has sent.
public struct SocketMessage {
    let socket: NamespaceSocket
    let event: ReceivedEvent

    /// The event's name.
    public var name: String { event.name }

    /// What it says. Cheap to send on as it is; decoded when its values are asked for.
    public var arguments: SocketArguments { event.arguments }

    /// Whether the client waits for an answer.
    public var wantsReply: Bool { event.ackID != nil }

    /// Answers, where the client waits for that; it takes the first answer alone.
    public func reply(_ values: JSONValue...) { reply(with: SocketArguments(values)) }

    /// Answers with arguments that are there already, such as those of the event.
    public func reply(with arguments: SocketArguments) {
        if let id = event.ackID { socket.acknowledge(id, arguments) }
    }

    /// Answers with a value of a type of yours.
    public func reply(encoding value: some Encodable) throws { reply(try JSONValue(encoding: value)) }
}

/// What those who were asked have answered.
public struct AckAnswers: Sendable {
    /// Each answer's arguments, in the order in which they came.
    public let answers: [SocketArguments]
    /// How many were asked and did not answer: in time, or before they went.
    public let missing: Int
    /// Which servers they are, where servers were asked: their names, or `unknown` for one that has never answered.
    public let missingServers: [String]

    init(_ answers: SocketAnswers) {
        self.answers = answers.answers
        missing = answers.missing
        missingServers = answers.missingServers
    }
}
