/// An event with its name and the type of its one argument, for both sides.
///
///     extension SocketEvent where Payload == ChatLine {
///         static var chat: Self { SocketEvent("chat") }
///     }
///     namespace.on(.chat) { socket, line in socket.broadcast.emit(.chat, line) }
public struct SocketEvent<Payload: Codable>: Sendable {
    /// The name on the wire.
    public let name: String

    /// The event of that name.
    public init(_ name: String) { self.name = name }
}

/// An event that asks for an answer, with the types of its one argument and of the answer's, for both sides.
public struct SocketRequest<Payload: Codable, Answer: Codable>: Sendable {
    /// The name on the wire.
    public let name: String

    /// The request of that name.
    public init(_ name: String) { self.name = name }
}
