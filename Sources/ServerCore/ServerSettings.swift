import Determinism
import LobbyCore
import SocketIOCore

/// What the server core needs to know before it starts. Every limit has a row in `docs/limits.md`.
package struct ServerSettings: Sendable {
    /// How long the server waits between a pong (or the opening) and its next ping.
    package var heartbeatInterval = Interval.seconds(25)
    /// How long a peer may take to answer a ping before it counts as dead.
    package var heartbeatTimeout = Interval.seconds(20)
    /// How long a TLS handshake may take.
    package var handshakeTimeout = Interval.seconds(5)
    /// How long a connection may take to send its whole request head.
    package var headTimeout = Interval.seconds(10)
    /// How long a request may take to send its body, once its head is there.
    package var bodyTimeout = Interval.seconds(20)
    /// How long a connection is kept for a next request.
    package var keepAliveTimeout = Interval.seconds(15)
    /// How long an upgraded connection may go without joining anything.
    package var joinTimeout = Interval.seconds(10)
    /// How long a message, or a packet with its attachments, may take from its first byte to its last.
    package var messageTimeout = Interval.seconds(15)
    /// How long a peer may take to answer our close frame.
    package var closeTimeout = Interval.seconds(5)
    /// How long queued bytes may wait for a peer that does not read.
    package var writeTimeout = Interval.seconds(10)
    /// The longest message a peer may send, in bytes.
    package var messageBytesMax = 65_536
    /// The most frames in which one message may come.
    package var fragmentsMax = 64
    /// The longest body of a request, in bytes, where a route sets no limit of its own.
    package var bodyBytesMax = 65_536
    /// The most reliable bytes that wait for one connection.
    package var outboxBytesMax = 262_144
    /// How many connections are let in, and how fast; the rest is refused with 503.
    package var admission = AdmissionLimits()
    /// Whether every connection of a listed proxy (``AdmissionLimits/proxies``) has to begin with a PROXY header of version
    /// 2, which then says who the client is.
    package var proxyProtocol = false
    /// How long a listed proxy may take to send that header.
    package var proxyHeaderTimeout = Interval.seconds(1)
    /// How WebSocket messages are compressed for clients that offer it; nil never.
    package var compression: MessageCompression?
    /// The most bytes that compression contexts of WebSockets may take, of all loops together. What a connection may come
    /// to hold is reserved at its handshake; where it does not fit, compression is not agreed to.
    package var compressionBytesMax = 67_108_864
    /// How much one connection may have inflated in a second, in bytes taken and made, with a burst of a second's worth;
    /// beyond it the connection is closed.
    package var inflatedBytesPerSecond = 33_554_432
    /// The shortest body of an answer that is compressed for who takes that, in bytes.
    package var compressionThreshold = 1_024
    /// How long a player who was kicked from a lobby may not come back to it; zero lets them back at once.
    package var kickTime = Interval.seconds(60)
    /// How long a seat is kept for whoever has its ticket.
    package var reservationTime = Interval.seconds(15)
    /// With what tickets of seats are signed: 32 bytes that nobody else has, the same for all loops of the process and for no
    /// other process; while it is empty no seat is kept.
    package var ticketKey: [UInt8] = []
    /// What a request for `/metrics` from elsewhere has to bear; nil lets only this machine see them.
    package var metricsToken: String?
    /// Whether players may join who have not shown who they are.
    package var letsGuestsIn = true
    /// What becomes of a join by somebody who has a seat in the lobby already.
    package var duplicateLogins = DuplicateLogins.allow
    /// Whether anyone may see the state of a lobby without joining it.
    package var isWatchable = true
    /// How long after the players those who watch see what happens, at least; games and terms may want more.
    package var watchDelay = Interval.zero
    /// The most who may watch at a time, spectators and event streams; more are refused.
    package var watchersMax = 1_000
    /// The most who may watch one lobby at a time; more are refused.
    package var watchersPerLobbyMax = 100
    /// The most who may subscribe to the list of lobbies at a time; more are refused.
    package var subscribersMax = 1_000
    /// How often an event stream is sent a comment, so that nobody on the way takes it for dead.
    package var watcherHeartbeatInterval = Interval.seconds(15)
    /// The most lobbies at a time.
    package var lobbiesMax = 2_000
    /// How those are matched who wait for others.
    package var queue = MatchQueue.Limits()
    /// The most namespaces one connection may be in.
    package var namespacesMax = 16
    /// Messages a second that one connection may send, with a burst of twice as many; the rest is dropped.
    package var messagesPerSecond = 240
    /// How much of its loop's time one lobby may take, in hundredths; beyond it, it is degraded, then closed.
    package var lobbyBudgetPercent = 80
    /// How long a lobby without players is kept.
    package var emptyLobbyTime = Interval.seconds(30)
    /// How long a game may be paused; then it takes a step, and may pause again.
    package var pauseTime = Interval.seconds(600)
    /// The game of a lobby that is created by a join which names none; nil refuses such joins.
    package var defaultGame: String?
    /// The web origins that may connect besides the server's own host; `["*"]` allows every one.
    package var allowedOrigins: [String] = []
    /// The transports by which players may speak Socket.IO.
    package var engineTransports: [EngineTransport] = [.polling, .websocket]
    /// Whether a Socket.IO handshake sets a cookie that each further request of the session must show.
    package var setsSessionCookie = false
    /// How long a drain waits for players to leave before the rest is closed.
    package var drainTime = Interval.seconds(5)
    /// How long the answer to a refused admin login is held back.
    package var adminRefusalDelay = Interval.seconds(1)
    /// How long an admin's session holds.
    package var adminSessionTime = Interval.seconds(43_200)
    /// What the official Socket.IO Admin UI is shown.
    package var adminUIMode = AdminUIMode.production
    /// How often admins are sent the overview, and pages of the Admin UI what they want to know.
    package var overviewInterval = Interval.seconds(1)

    /// Whether WebSocket messages are compressed for clients that offer it, each by itself, from 1,024 bytes on.
    package var compressesMessages: Bool {
        get { compression != nil }
        set { compression = newValue ? compression ?? MessageCompression() : nil }
    }

    /// The defaults above.
    package init() {}
}
