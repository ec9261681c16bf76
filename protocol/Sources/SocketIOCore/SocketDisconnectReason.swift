/// Why a client has left a namespace, as the server sees it; the texts are the official ones.
public enum SocketDisconnectReason: String, Sendable, Equatable, CaseIterable {
    /// The server has ended the client's place in the namespace, or its connection.
    case serverNamespaceDisconnect = "server namespace disconnect"
    /// The client has left the namespace.
    case clientNamespaceDisconnect = "client namespace disconnect"
    /// The server ends.
    case serverShuttingDown = "server shutting down"
    /// The client did not answer a heartbeat in time.
    case pingTimeout = "ping timeout"
    /// The connection was closed, or lost.
    case transportClose = "transport close"
    /// The connection broke a rule of HTTP, WebSocket or Engine.IO, or the client did not read.
    case transportError = "transport error"
    /// The client sent what is no packet of Engine.IO.
    case parseError = "parse error"
    /// The client sent what is no packet of Socket.IO.
    case forcedClose = "forced close"
    /// The client sent a packet that it may not send now: for a namespace it is not in, a second CONNECT.
    case forcedServerClose = "forced server close"

    /// Whether the client may want to come back to the same place: neither side has ended it on purpose.
    public var isRecoverable: Bool {
        switch self {
        case .serverNamespaceDisconnect, .clientNamespaceDisconnect, .parseError: false
        default: true
        }
    }
}
