import Determinism
import EventLoop
import GameKit
import Glibc
import Logging
import ServerCore
import TLS

/// A game server: hosts lobbies of your games on the addresses of its configuration.
///
///     let server = MusterServer(configuration: try MusterConfiguration.load().configuration)
///     server.serve(Arena.self)
///     try server.run()
public final class MusterServer {
    private let configuration: MusterConfiguration
    private(set) var games: [GameType] = []
    private var gate = JoinGate()
    /// With what tickets of seats are signed: fresh for each process.
    private let ticketKey: [UInt8] = {
        var random = SystemRandomNumberGenerator()
        return (0..<32).map { _ in random.next() }
    }()
    private var endpoints = EndpointTable()
    private let storage: (any Storage)?
    /// Metrics of your own, shown on `/metrics`: hand it to swift-metrics' `MetricsSystem.bootstrap`.
    public let metrics = MusterMetrics()

    /// A server that is not running yet.
    ///
    /// - Parameter storage: Where results, leaderboards, bans and the audit log are kept: a ``Storage`` of your own. Nil for the file
    ///   that the configuration names, if it names one.
    public init(configuration: MusterConfiguration, storage: (any Storage)? = nil) {
        self.configuration = configuration
        self.storage = storage
    }

    /// Hosts lobbies of `game` under its name. Call before ``run(onReady:)``, once for each game.
    ///
    /// Inlinable, so that what is done at each tick is made for this very game in its own module.
    @inlinable public func serve(_ game: (some Game).Type) {
        serve(GameType(game))
    }

    @usableFromInline package func serve(_ game: GameType) {
        precondition(
            !games.contains { $0.name == game.name }, "a game named \"\(game.name)\" is served already")
        games.append(game)
    }

    /// Lets `check` decide about every join: it returns to allow it, and throws to refuse it.
    ///
    /// It runs on the server's loop and may await; meanwhile the loop goes on. No seat is taken before it returns. What it throws
    /// is logged, and the player is told the description of a ``JoinDenied``, or just "not authorized".
    public func onJoin(_ check: @escaping @Sendable (JoinAttempt) async throws -> Void) {
        gate.authorize = check
    }

    /// Has `check` say who a player is: what it returns is whom the player's seat, bans and double logins are about.
    ///
    /// It runs on the server's loop and may await, like ``onJoin(_:)``, which has the last word. Where `auth.keys` is set and
    /// the client has shown a JWT, the attempt's identity is already that of the JWT.
    public func identify(_ check: @escaping @Sendable (JoinAttempt) async throws -> PlayerIdentity) {
        gate.identify = check
    }

    /// Puts a WebSocket with messages of your own at `path`.
    ///
    /// - Parameters:
    ///   - path: Matched byte for byte; `*` stands for every path that nothing else is at.
    ///   - options: What clients may use up, and who may connect.
    ///   - makeHandler: Called once on each loop of the server, and its handler is called on that loop alone.
    public func webSocket(
        _ path: String, _ options: MessageOptions = MessageOptions(),
        _ makeHandler: @escaping @Sendable (LoopContext) -> any MessageHandler
    ) {
        endpoints.add(path) { loop in .webSocket(options.endpoint(makeHandler(loop), on: loop)) }
    }

    /// Puts Engine.IO with messages of your own at `path`, such as `/engine.io/`: for clients that cannot have a WebSocket,
    /// or not at once.
    ///
    /// - Parameters:
    ///   - path: Matched byte for byte.
    ///   - options: How clients may connect, and what they may use up.
    ///   - makeHandler: Called once on each loop of the server, and its handler is called on that loop alone.
    public func engine(
        _ path: String, _ options: EngineOptions = EngineOptions(),
        _ makeHandler: @escaping @Sendable (LoopContext) -> any MessageHandler
    ) {
        endpoints.add(path) { loop in .engine(options.endpoint(makeHandler(loop), on: loop)) }
    }

    /// Puts Socket.IO at `path`, with namespaces and handlers of your own.
    ///
    /// - Parameters:
    ///   - path: Matched byte for byte. At `/socket.io/` it takes the place of the lobbies' Socket.IO.
    ///   - options: How clients may connect, and what they may use up.
    ///   - configure: Called once on each loop of the server, and what it sets up is called on that loop, for the clients
    ///     that are there. Rooms, broadcasts and searches reach the clients of all loops.
    public func socketIO(
        _ path: String = "/socket.io/", _ options: SocketIOOptions = SocketIOOptions(),
        _ configure: @escaping @Sendable (SocketIOServer) -> Void
    ) {
        var options = options
        let listed = configuration.server.allowedOrigins.filter { $0 != "*" }
        if options.adminNamespace != nil, !listed.isEmpty {
            options.connection.allowedOrigins += listed
            // The page wants to send cookies, and reads no answer otherwise.
            options.connection.allowsCredentials = true
        }
        let plain = options.plainPaths.sorted { $0.key < $1.key }
        for (path, file) in options.client?.files(below: path) ?? [] { endpoints.add(path) { _ in .file(file) } }
        endpoints.add([path] + plain.map(\.key)) { [options] loop in
            let hub = SocketHub(
                server: loop.server, settings: options.settings, messageBytesMax: options.connection.maxPayload)
            let shell = SocketShell(loop: loop.loop, logger: loop.logger)
            hub.context = shell
            configure(SocketIOServer(hub: hub, loop: loop))
            if let cluster = options.cluster, hub.isFirst {
                shell.member = RedisMember(hub, in: cluster, loop: loop.loop, logger: loop.logger)
            }
            let connection = options.connection
            return [.engine(connection.endpoint(of: hub, on: loop))]
                + plain.map { .webSocket(connection.plainEndpoint(of: hub, $0.value, on: loop)) }
        }
    }

    /// Answers plain HTTP requests at `path` yourself.
    ///
    /// - Parameters:
    ///   - path: Matched byte for byte; `*` stands for every path that nothing else is at.
    ///   - bodyBytesMax: The longest body; a longer one is refused with 413.
    ///   - answer: Called on the loop of the connection once the whole request is there. It must not block.
    public func http(
        _ path: String, bodyBytesMax: Int = 65_536, _ answer: @escaping @Sendable (WebRequest) -> WebAnswer
    ) {
        endpoints.add(path) { _ in
            .http(bodyBytesMax: bodyBytesMax) { exchange in
                let answer = answer(WebRequest(exchange: exchange))
                exchange.respond(
                    answer.status, fields: answer.fields, body: answer.body, compresses: answer.compresses)
            }
        }
    }

    /// Runs until SIGTERM or SIGINT has drained it: one loop on the calling thread, others on threads of their own.
    ///
    /// A second signal stops it at once. When this has returned the process ignores both.
    ///
    /// - Parameter onReady: Called once, when all addresses accept.
    /// - Throws: ``HostError`` when an address can't be listened on or the storage not opened, and ``ConfigurationError`` for settings that contradict
    ///   each other or a certificate that can't be used, with descriptions fit for people.
    public func run(onReady: (ServerStart) -> Void = { _ in }) throws {
        let conflicts = configuration.conflicts
        guard conflicts.isEmpty else { throw ConfigurationError(problems: conflicts) }
        let secure = configuration.tls.certificate.isEmpty ? nil : try SecureListening(configuration.tls)
        // Some more than there are connections, for files, timers and peers.
        raiseDescriptorLimit(makingRoomFor: configuration.server.admission.connectionsMax + 1_024)
        var logger = Logger(label: "muster") { _ in ServerLog.standardError() }
        logger.logLevel = configuration.logLevel.loggerLevel
        let games = games.map { $0.withSnapshotTables() }
        for game in games {
            guard let problem = game.snapshotTables?.problem else { continue }
            logger.warning("the snapshot tables of \(game.name) \(problem); generic ones take their place")
        }
        gate.tokens = try configuration.auth.keys.map { try JWTVerifier(configuration.auth, path: $0) }
        let storage = try openStorage()
        let admin = try makeAdmin(storage, logger)
        let group = try LoopGroup(count: configuration.loops, configuration.server.admission)
        let recordings = try configuration.record.map { [recordMegabytes = configuration.recordMegabytes] folder in
            try RecordingStore(folder: folder, bytesMax: recordMegabytes * 1_000_000, logger: logger) {
                [weak group] in group?.count($0, $1)
            }
        }
        defer { recordings?.close() }
        let stored = storage.map {
            ServerStorage($0, season: configuration.season, logger: logger) { [weak group] in group?.count($0, $1) }
        }
        defer { stored?.finish() }
        let hosts = group.loops.indices.map {
            makeHost(of: $0, in: group, games, admin?.verifier, secure, recordings, stored, logger)
        }
        stored?.load(into: group)
        do {
            let addresses = try listen(hosts)
            for host in hosts { try host.start() }
            try hosts[0].watchSignals { group.stop() }
            try hosts[0].watchReload(secure, gate.tokens)
            onReady(
                ServerStart(
                    addresses: addresses.map(\.url), port: addresses.first?.port,
                    generatedAdminPassword: admin?.generated))
        } catch {
            group.abandon()
            throw error
        }
        // The loops' callbacks do not hold their hosts.
        try withExtendedLifetime(hosts) { try group.run() }
    }

    /// Who may log in as admin; nil for nobody.
    private func makeAdmin(
        _ storage: (any Storage)?, _ logger: Logger
    ) throws -> (verifier: AdminVerifier, generated: String?)? {
        // A storage that does not answer keeps no server from starting.
        let users = (try? storage?.answer(within: ServerStorage.loadTime) { try await $0.users() }) ?? nil
        let isLocal = configuration.listen.allSatisfy(\.isLocal)
        let hasUsers = users?.isEmpty == false
        let admin = try configuration.admin.makeVerifier(storage: storage, hasUsers: hasUsers, isLocal: isLocal)
        guard configuration.admin.isEnabled else { return nil }
        if configuration.admin.password == nil, !hasUsers, !isLocal {
            logger.warning(
                "nobody can log in as admin: other machines reach this server, so set admin.password, or add somebody with muster users add"
            )
        } else if let open = configuration.listen.first(where: { !$0.isLocal && !$0.isSecure }) {
            logger.warning("admins' passwords can be read on their way to \(open): have TLS there, or before it")
        }
        return admin
    }

    private func openStorage() throws -> (any Storage)? {
        if let storage { return storage }
        guard !configuration.storage.isEmpty else { return nil }
        do {
            return try SQLiteStorage(path: configuration.storage)
        } catch {
            throw HostError(cannotOpenStorage: error)
        }
    }

    /// The server of one loop, on its loop.
    private func makeHost(
        of number: Int, in group: LoopGroup, _ games: [GameType], _ admin: AdminVerifier?, _ secure: SecureListening?,
        _ recordings: RecordingStore?, _ storage: ServerStorage?, _ logger: Logger
    ) -> LoopHost {
        let loop = group.loops[number]
        let workspace = TLSWorkspace()
        let hooks = ShellHooks(
            loop: loop, gate: gate, admin: admin, recordings: recordings, storage: storage, metrics: metrics,
            logger: logger
        ).hooks
        var settings = configuration.server
        settings.ticketKey = ticketKey
        let server = Server(
            settings: settings, games: games, hooks: hooks, entropy: SystemRandomNumberGenerator(),
            links: group.links(of: number, workspace), clock: { loop.now })
        server.endpoints = endpoints.endpoints(for: LoopContext(loop: loop, server: server, logger: logger))
        group.add(server, of: number)
        let arrivals = Arrivals(server: server, secure: secure, workspace: workspace)
        return LoopHost(loop: loop, server: server, arrivals: arrivals, logger: logger)
    }

    /// Listens on every loop. The kernel spreads what comes to an IP address over them; a Unix socket is the first
    /// loop's alone.
    private func listen(_ hosts: [LoopHost]) throws -> [ListenPlace] {
        let places = try hosts[0].listen(
            on: configuration.listen.map(\.place), sharing: hosts.count > 1 ? .opens : .none)
        let shared = places.filter { $0.port != nil }
        for host in hosts.dropFirst() { _ = try host.listen(on: shared, sharing: .joins) }
        return places
    }
}

/// What an operator is told when a server has started.
public struct ServerStart: Sendable {
    /// Where it listens: `http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`, with real ports.
    public var addresses: [String]
    /// The port of the first address, if it has one.
    public var port: Int?
    /// The admin's password if none was set and a fresh one was made; shown once, kept nowhere.
    public var generatedAdminPassword: String?
}

/// What a join hook gets to decide about.
public struct JoinAttempt: Sendable {
    /// The lobby to be joined; it may not be open yet. `~new` for a new one, `~quick` for any with room.
    public var lobby: String
    /// The game named by the client, if any.
    public var game: String?
    /// The player's name, cleaned.
    public var name: String
    /// Whether this resumes a seat.
    public var isResume: Bool
    /// Whether it is for a seat. False for a lobby that is only opened, by `POST /api/lobbies`.
    public var takesSeat: Bool
    /// The peer's address.
    public var address: String
    /// Everything that the client sent with its join, as JSON text: tokens of your own and the like.
    public var payload: String
    /// Who it is, as far as a JWT or your own check has shown.
    public var identity: PlayerIdentity
}

/// Refuses a join with a text that the player is told.
public struct JoinDenied: Error, CustomStringConvertible {
    /// What the player is told.
    public var description: String

    /// A refusal that says `reason`.
    public init(_ reason: String) {
        description = reason
    }
}

extension LogLevel {
    var loggerLevel: Logger.Level {
        switch self {
        case .error: .error
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        }
    }
}
