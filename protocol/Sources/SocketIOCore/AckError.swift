/// Why there is no ack.
public enum AckError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The other side did not answer in time. It may have got the event.
    case timedOut
    /// The other side has gone, or the event could not be sent.
    case disconnected

    /// A sentence.
    public var description: String {
        switch self {
        case .timedOut: "The other side did not answer in time."
        case .disconnected: "The other side has gone before it answered."
        }
    }
}
