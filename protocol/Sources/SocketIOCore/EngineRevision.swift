/// A revision of the Engine.IO protocol, as `EIO` in a request's query names it. A session keeps the one it began with.
package enum EngineRevision: UInt8, Sendable {
    /// The one that clients of Socket.IO 2 speak (protocol/spec/socketio.md §12).
    case three = 3
    /// The current one.
    case four = 4
}

/// How a session's packets travel (Engine.IO v4 “Transports”).
package enum EngineTransport: String, Sendable {
    /// Over HTTP: a GET that waits for packets, a POST that brings them.
    case polling
    /// One packet a WebSocket message.
    case websocket

    /// Where a session that began on this transport may move to, out of those that are allowed.
    package func upgrades(among allowed: [EngineTransport]) -> [EngineTransport] {
        self == .polling && allowed.contains(.websocket) ? [.websocket] : []
    }
}
