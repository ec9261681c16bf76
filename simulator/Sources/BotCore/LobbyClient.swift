import ByteKit
import ClientCore
import Determinism
import JSONCore
import MessagePackCore
import SocketIOCore

/// How a client speaks to a lobby (protocol/spec/lobby.md §1).
package enum ClientDialect: Sendable, Equatable {
    /// JSON text and binary messages on a WebSocket of the lobby's own.
    case plain
    /// The same with binary events.
    case compact
    /// Socket.IO over a WebSocket, the lobby as a namespace.
    case socketIO
    /// Socket.IO over long polling alone.
    case polling
}

/// What a client asks for when it joins (protocol/spec/lobby.md §2).
package struct LobbyJoin: Sendable, Equatable {
    /// The player's name.
    package var name: String
    /// The game to open the lobby with.
    package var game: String?
    /// Given to the game when this join opens the lobby.
    package var options = JSONValue.null
    /// Takes a seat up again.
    package var token: String?
    /// The tick of the newest snapshot the client still has.
    package var tick: UInt32?
    /// The highest codec of snapshots that the client reads.
    package var codec: UInt8 = 0
    /// The hash of the tables that it has for codec 1.
    package var tables: String?

    /// A join as `name`.
    package init(name: String, game: String? = nil) {
        self.name = name
        self.game = game
    }

    /// The request as it travels.
    package var request: JSONObject {
        var request: JSONObject = ["name": .string(name)]
        if let game { request["game"] = .string(game) }
        if options != .null { request["options"] = options }
        if let token { request["token"] = .string(token) }
        if let tick { request["tick"] = .integer(Int64(tick)) }
        if codec > 0 { request["codec"] = .integer(Int64(codec)) }
        if let tables { request["tables"] = .string(tables) }
        return request
    }
}

/// What the server answers to a join (protocol/spec/lobby.md §2).
package struct LobbyWelcome: Sendable, Equatable {
    /// The lobby's id.
    package var lobby: String
    /// The seat's number, from 0.
    package var seat: Int
    /// Takes the seat up again.
    package var token: String
    /// Whether the seat was taken up again.
    package var isResumed: Bool
    /// The lobby's tick at the join.
    package var tick: UInt32
    /// Steps a second.
    package var tickRate: Int
    /// Snapshots a second, 1 to as many as steps.
    package var snapshotRate: Int
    /// The schema's canonical text (protocol/spec/snapshot.md §3).
    package var schema: String
    /// The codec of the snapshots: 0 or 1.
    package var codec: Int
    /// The hash of the tables for codec 1, and they themselves in base64url unless the join has named them.
    package var tablesHash, tables: String?
    /// How long the server waits for the answer to a heartbeat; nil where it has not said.
    package var heartbeatTimeout: Interval?

    /// Reads the data of a `joined` event; nil when something is missing or out of range.
    package init?(_ data: JSONValue) {
        guard let lobby = data["lobby"]?.string, let token = data["token"]?.string,
            let seat = data["seat"]?.integer.flatMap(Int.init(exactly:)), seat >= 0,
            let isResumed = data["resumed"]?.bool, let schema = data["schema"]?.string,
            let tick = data["tick"]?.integer.flatMap(UInt32.init(exactly:)),
            let tickRate = data["tickRate"]?.integer, (1...1_000).contains(tickRate),
            let snapshotRate = data["snapshotRate"]?.integer, (1...tickRate).contains(snapshotRate),
            let codec = (data["codec"] ?? 0).integer, (0...1).contains(codec)
        else { return nil }
        self.lobby = lobby
        self.seat = seat
        self.token = token
        self.isResumed = isResumed
        self.tick = tick
        self.tickRate = Int(tickRate)
        self.snapshotRate = Int(snapshotRate)
        self.schema = schema
        self.codec = Int(codec)
        tablesHash = data["tablesHash"]?.string
        tables = data["tables"]?.string
        heartbeatTimeout = data["pingTimeout"]?.integer.flatMap(Int.init(exactly:)).flatMap {
            (1...86_400_000).contains($0) ? .milliseconds($0) : nil
        }
    }
}

/// Why a join was refused.
package struct LobbyRefusal: Sendable, Equatable {
    /// The close code of protocol/spec/websocket.md §5; nil when the server named none.
    package var code: Int?
    /// The reason in words.
    package var message: String

    /// Reads `{"code", "message"}`.
    init(_ data: JSONValue, message: String = "") {
        code = data["code"]?.integer.flatMap(Int.init(exactly:))
        self.message = data["message"]?.string ?? message
    }
}

/// How a client's place in a lobby ended.
package struct LobbyEnd: Sendable, Equatable {
    /// What ended it.
    package enum Cause: Sendable, Equatable {
        /// The client left, as it wanted.
        case left
        /// An admin or the game removed the player.
        case kicked
        /// The lobby is gone.
        case lobbyClosed
        /// Another connection took up the seat with its token.
        case replaced
        /// The server sent no heartbeat in time.
        case heartbeatMissed
        /// The server sent what no server may send.
        case malformed
        /// The connection ended in any other way.
        case lost
    }

    /// What ended it.
    package var cause: Cause
    /// The reason in words.
    package var reason: String
    /// The close code of protocol/spec/websocket.md §5; nil without one.
    package var code: Int?

    /// Whether the token may still take the seat up again.
    package var mayResume: Bool {
        switch cause {
        case .heartbeatMissed, .malformed, .lost: true
        case .left, .kicked, .lobbyClosed, .replaced: false
        }
    }

    /// What a plain WebSocket's end means (protocol/spec/websocket.md §5).
    init(_ close: ConnectionClose) {
        switch close.code {
        case 1000: cause = .left
        case 4000: cause = .lobbyClosed
        case 4003: cause = .kicked
        case 4006: cause = .replaced
        default: cause = .lost
        }
        reason = close.code.map { "\($0) \(close.reason)" } ?? close.reason
        code = close.code.map(Int.init)
    }

    init(_ cause: Cause, _ reason: String) {
        self.cause = cause
        self.reason = reason
    }

    /// The end that one of the events before it announces; nil for every other event.
    init?(event: String, _ data: JSONValue) {
        switch event {
        case "kicked": cause = .kicked
        case "closed": cause = .lobbyClosed
        case "replaced": cause = .replaced
        default: return nil
        }
        reason = data["reason"]?.string ?? ""
    }
}

/// What a ``LobbyClient`` tells its owner.
package protocol LobbyClientOwner: AnyObject {
    /// The connection stands and the join has been sent.
    func lobbyConnected()
    /// The join has been answered with a seat.
    func lobbyJoined(_ welcome: LobbyWelcome)
    /// The join has been refused: the last call.
    func lobbyRefused(_ refusal: LobbyRefusal)
    /// An event of the lobby or its game.
    func lobbyEvent(_ name: String, _ data: JSONValue)
    /// A snapshot message, lent for the call, and when it came.
    func lobbySnapshot(_ message: Span<UInt8>, at now: Instant)
    /// A heartbeat has come and has been answered.
    func lobbyHeartbeat()
    /// The answer to ``LobbyClient/askTime()``: where the lobby stands, and how early inputs came.
    func lobbyTime(_ answer: JSONValue)
    /// The place in the lobby is lost, or there never was one: the last call.
    func lobbyEnded(_ end: LobbyEnd)
}

/// One client of one lobby, whatever its dialect: joins when its connection stands, then passes on what comes.
///
/// Holds its owner until it has ended: who lets go of one that has not is to call ``abort()``, after which the owner hears
/// nothing more.
package class LobbyClient {
    // What each message takes comes first: a process has thousands of these, and each cache line is a miss.

    /// Who is told what arrives.
    final var owner: (any LobbyClientOwner)?
    final let clock: () -> Instant
    /// When the server was last heard of, where its silence is counted here; nil before the upgrade.
    final var heardAt: Instant?
    /// Whether ``leave()`` has been called.
    final var isLeaving = false
    /// The end that the server has announced before closing.
    final var announcedEnd: LobbyEnd?

    init(clock: @escaping () -> Instant) {
        self.clock = clock
    }

    /// A client that joins `lobby` once it is started.
    ///
    /// - Parameters:
    ///   - silenceMax: How long a plain connection may bring nothing before the server counts as dead; a Socket.IO
    ///     server says so itself.
    ///   - compression: What to offer, or nil not to offer compression.
    ///   - answersHeartbeats: False for a client that misbehaves: ``sendPong()`` is its only answer.
    package static func make(
        _ dialect: ClientDialect, lobby: String, host: String, join: LobbyJoin, silenceMax: Interval,
        compression: ClientCompression? = nil, answersHeartbeats: Bool = true, random: SeededRandom,
        _ context: ClientContext
    ) -> LobbyClient {
        switch dialect {
        case .plain, .compact:
            var options = WebSocketClient.Options(target: "/lobby/\(lobby)", host: host)
            options.compression = compression
            options.answersPings = answersHeartbeats
            if dialect == .compact { options.subprotocol = CompactEvent.subprotocol }
            return PlainLobbyClient(options, join: join, silenceMax: silenceMax, random: random, context)
        case .socketIO, .polling:
            var options = EngineClientOptions(host: host)
            options.transports = dialect == .polling ? [.polling] : [.websocket]
            options.compression = compression
            options.answersPings = answersHeartbeats
            return SocketIOLobbyClient(options, lobby: lobby, join: join, random: random, context)
        }
    }

    /// Connects and joins. Once.
    package final func start(for owner: any LobbyClientOwner) {
        self.owner = owner
        connect()
    }

    func connect() { preconditionFailure("a dialect must say how it connects") }

    /// Sends a binary client message (protocol/spec/game-messages.md).
    package func send(_ message: [UInt8]) { preconditionFailure("a dialect must say how it sends") }

    /// Asks where the lobby stands; ``LobbyClientOwner/lobbyTime(_:)`` follows.
    package func askTime() { preconditionFailure("a dialect must say how it asks") }

    /// Sends an event without data, whose answer nobody waits for.
    package func say(_ event: String) { preconditionFailure("a dialect must say how it speaks") }

    /// Answers a heartbeat, whether there was one or not: for clients that misbehave.
    package func sendPong() { preconditionFailure("a dialect must say how it answers") }

    /// Gives the seat up; ``LobbyClientOwner/lobbyEnded(_:)`` follows when the server has let go.
    package func leave() { preconditionFailure("a dialect must say how it leaves") }

    /// When ``timeReached(_:)`` has something to do next.
    package var deadline: Instant? { nil }

    /// Acts on a server that has been silent for too long.
    package func timeReached(_ now: Instant) {}

    /// Drops the connection at once, as a crash would. The owner is not told.
    package func abort() { preconditionFailure("a dialect must say how it ends") }

    /// An event of the lobby: the owner hears it, and an announced end is kept.
    final func received(_ event: String, _ data: JSONValue) {
        if event == "joined" {
            guard let welcome = LobbyWelcome(data) else {
                let owner = owner
                abort()
                owner?.lobbyEnded(LobbyEnd(.malformed, "a malformed joined event"))
                return
            }
            owner?.lobbyJoined(welcome)
        } else {
            announcedEnd = LobbyEnd(event: event, data) ?? announcedEnd
            owner?.lobbyEvent(event, data)
        }
    }

    final func refuse(_ refusal: LobbyRefusal) {
        let owner = owner
        self.owner = nil
        owner?.lobbyRefused(refusal)
    }

    final func end(_ end: LobbyEnd) {
        let owner = owner
        self.owner = nil
        owner?.lobbyEnded(end)
    }
}
