/// Why a client is no longer in a namespace, as the client sees it; the texts are the official ones.
public enum ClientDisconnectReason: String, Sendable, Equatable, CaseIterable {
    /// The server has ended the client's place in the namespace. The client does not come back by itself.
    case serverDisconnect = "io server disconnect"
    /// The client has left the namespace.
    case clientDisconnect = "io client disconnect"
    /// The server sent no heartbeat in time.
    case pingTimeout = "ping timeout"
    /// The connection was closed, or lost.
    case transportClose = "transport close"
    /// A request failed, or the server broke a rule of HTTP, WebSocket or Engine.IO.
    case transportError = "transport error"
    /// The server sent what is no packet of Socket.IO.
    case parseError = "parse error"
}
