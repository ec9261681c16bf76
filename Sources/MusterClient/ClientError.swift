public import JSONCore

/// What a client's functions throw, beside ``SocketIOCore/AckError``.
public enum ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address is none; the text says what it should be.
    case address(String)
    /// The system refuses a thread or descriptors.
    case system(String)
    /// What TLS needs cannot be had: authorities that cannot be read, mostly.
    case tls(String)
    /// The server does not let the client into the namespace: the `message` and `data` of its error.
    case refused(message: String, data: JSONValue?)
    /// There is no connection, and none is tried any more; or there was one, in whose place none is wanted.
    case unreachable(String)

    /// A sentence.
    public var description: String {
        switch self {
        case .address(let text): text
        case .system(let text): "The system refuses: \(text)."
        case .tls(let text): "TLS cannot be set up: \(text)."
        case .refused(let message, _): "The server refuses the namespace: \(message)."
        case .unreachable(let text): "There is no connection: \(text)."
        }
    }
}
