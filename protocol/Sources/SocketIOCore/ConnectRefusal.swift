public import JSONCore

/// Why a client may not join a namespace.
public struct ConnectRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the client is told: the `message` of its error.
    public var message: String
    /// What goes with it: the `data` of its error; nil for nothing.
    public var data: JSONValue?

    /// A refusal.
    public init(_ message: String, data: JSONValue? = nil) {
        self.message = message
        self.data = data
    }

    /// What the client is told.
    public var description: String { message }
}
