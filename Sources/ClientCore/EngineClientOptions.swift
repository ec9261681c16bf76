import Determinism
import HTTPTypes
import SocketIOCore

/// How a client connects to an Engine.IO server.
package struct EngineClientOptions {
    /// The `Host` field: host and port.
    package var host: String
    /// The path, with a slash at both ends.
    package var path = "/socket.io/"
    /// More of the query: `name=value` pairs, encoded, with `&` between them; empty for none.
    package var query = ""
    /// More fields of every request.
    package var fields = HTTPFields()
    /// The transports that may be used; the first one opens the session.
    package var transports: [EngineTransport] = [.polling, .websocket]
    /// Whether a session that began with polling moves to a WebSocket where the server offers that.
    package var upgrades = true
    /// Whether the next transport is tried where one cannot open a session.
    package var triesAllTransports = false
    /// What to offer over a WebSocket, or nil not to offer compression.
    package var compression: ClientCompression?
    /// Whether heartbeats are answered: not by a test's client that misbehaves.
    package var answersPings = true
    /// The longest message that is taken.
    package var messageBytesMax = 1 << 24
    /// What a server may leave unread of ours before it counts as dead.
    package var outboxBytesMax = 1 << 24
    /// The most packets of one POST: python-engineio takes no more than these.
    package var postPacketsMax = 16
    /// How long a move to a WebSocket may take to be accepted.
    package var upgradeTimeout = EngineUpgrade.timeout
    /// How long the end of a session may take.
    package var closeTimeout = Interval.seconds(5)

    /// Options with the defaults above.
    package init(host: String) { self.host = host }

    func target(_ transport: EngineTransport, sid: String? = nil) -> String {
        var target = "\(path)?EIO=4&transport=\(transport.rawValue)"
        // A server's id may hold anything.
        if let sid { target += "&sid=\(PercentEncoding.encode(sid))" }
        if !query.isEmpty { target += "&\(query)" }
        return target
    }
}
