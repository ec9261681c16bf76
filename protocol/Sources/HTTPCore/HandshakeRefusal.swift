public import HTTPTypes

/// Refuses a client its connection: the answer to its handshake.
public struct HandshakeRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the client is told.
    public var message: String
    /// The status of the answer, 300 to 599.
    public var status: HTTPResponse.Status
    /// More fields of the answer, such as `Retry-After`.
    public var fields: HTTPFields

    /// A refusal.
    public init(_ message: String = "Forbidden", status: HTTPResponse.Status = .forbidden, fields: HTTPFields = [:]) {
        precondition((300...599).contains(status.code), "the status of a refusal is from 300 to 599")
        self.message = message
        self.status = status
        self.fields = fields
    }

    /// What the client is told.
    public var description: String { message }
}
