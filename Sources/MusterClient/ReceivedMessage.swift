import ClientCore
public import JSONCore
public import SocketIOCore

/// One event that the server has sent.
public struct ReceivedMessage: Sendable {
    /// The event's name.
    public let name: String
    /// What it says.
    public let arguments: SocketArguments
    private let ack: AckTicket?
    private let state: SocketState

    init(_ event: ClientEvent, _ state: SocketState) {
        name = event.name
        arguments = SocketArguments(event.values)
        ack = event.ack
        self.state = state
    }

    /// Whether the server waits for an answer.
    public var wantsReply: Bool { ack != nil }

    /// Answers, where the server waits for that; it takes the first answer alone.
    public func reply(_ values: JSONValue...) { reply(with: SocketArguments(values)) }

    /// Answers with arguments that are there already, such as those of the event.
    public func reply(with arguments: SocketArguments) {
        guard let ack else { return }
        state.run { $0?.core.acknowledge(ack, arguments) }
    }

    /// Answers with a value of a type of yours.
    ///
    /// - Throws: `EncodingError`, where it has no form in JSON.
    public func reply(encoding value: some Encodable) throws { reply(try JSONValue(encoding: value)) }
}

/// Something that went wrong with one event, and with nothing else.
public enum SocketProblem: Sendable {
    /// Why an event was dropped.
    public enum Reason: Sendable, Equatable {
        /// As many wait as may: for a connection, or for a handler.
        case bufferFull
        /// It was volatile, and could not go out at once.
        case notWritable
        /// It cannot be said in a packet: too many attachments, mostly.
        case illegal
    }

    /// It is neither sent nor handled.
    case dropped(event: String, Reason)
    /// Its handler has thrown: what it was sent was of another type, mostly.
    case handlerFailed(event: String, any Error)
}
