import ByteKit
import HTTPCore
import HTTPTypes
import JSONCore
import MessagePackCore
import SocketIOCore
import WebSocketCore

/// What the server answers to an HTTP request.
extension Server {
    /// The longest body that a request may have, decided when its head is there.
    func bodyBytesMax(for exchange: HTTPExchange) -> Int {
        switch endpoint(exchange.head.path) {
        case .http(let bodyBytesMax, _): bodyBytesMax
        case .engine(let endpoint): engineBodyBytesMax(exchange, at: endpoint)
        case .webSocket: settings.bodyBytesMax
        case nil where exchange.head.path == Self.playersPath: engineBodyBytesMax(exchange, at: playerEngine)
        case nil: settings.bodyBytesMax
        }
    }

    /// Where players speak Socket.IO.
    static let playersPath = "/socket.io/"

    /// What the author has put at a path.
    func endpoint(_ path: String) -> Endpoint? {
        endpoints.isEmpty ? nil : endpoints[path] ?? endpoints["*"]
    }

    /// Answers a whole request: an endpoint of the author's, an upgrade, one of the pages, or an error.
    func answer(_ exchange: HTTPExchange) {
        let head = exchange.head
        switch endpoint(head.path) {
        case .http(_, let answer): return answer(exchange)
        case .webSocket(let endpoint): return upgrade(exchange, to: endpoint)
        case .engine(let endpoint): return answer(exchange, at: endpoint)
        case nil: break
        }
        switch head.path {
        case Self.playersPath: answer(exchange, at: playerEngine)
        case let path where path.hasPrefix("/api/"): answerAPI(exchange)
        case let path where path.hasPrefix("/lobby/"):
            let id = String(path.dropFirst(7))
            guard LobbyChoice(place: id) != nil else { return exchange.respond(.notFound) }
            upgrade(exchange, toLobby: id)
        default: answerPage(exchange)
        }
    }

    private func answerPage(_ exchange: HTTPExchange) {
        let head = exchange.head
        guard head.method == .get || head.method == .head else {
            return exchange.respond(.methodNotAllowed, fields: [.allow: "GET, HEAD"])
        }
        switch head.path {
        case "/":
            // A browser asks for HTML by name; `curl` takes anything, and is told the addresses.
            let wantsPage = head.fields[values: .accept].contains { $0.lowercased().contains("text/html") }
            guard wantsPage, let page = WebFiles.file(at: "/") else {
                return exchange.respond(.ok, text: Self.welcome, fields: [.vary: "Accept"])
            }
            return page.answer(exchange)
        case "/health", "/health/ready": answerReadiness(exchange)
        case "/health/live": answerLiveness(exchange)
        case "/metrics": answerMetrics(exchange)
        case let path:
            guard let file = WebFiles.file(at: path) else { return exchange.respond(.notFound) }
            return file.answer(exchange)
        }
    }

    private static let welcome = """
        Muster is running.

        Play arena:     this address in a browser
        Join a lobby:   WebSocket /lobby/<id>, or Socket.IO namespace /lobby/<id>; ~quick and ~new for any or a new one
        Open lobbies:   GET /api/lobbies, /api/lobbies/<id>
        Watch one:      GET /api/lobbies/<id>/events
        Health:         GET /health/ready, /health/live
        Metrics:        GET /metrics
        """

    /// Upgrades a player's request, in the compact dialect where the client offers that.
    private func upgrade(_ exchange: HTTPExchange, toLobby id: String) {
        guard let handshake = handshake(exchange, origins: origins) else { return }
        let compact = handshake.subprotocols.first { $0 == CompactEvent.subprotocol }
        exchange.upgrade(answer(handshake, playerLimits, subprotocol: compact), limits: playerLimits) {
            PlainSession($0, lobbyID: id, dialect: compact == nil ? .plain : .compact)
        }
    }

    /// Upgrades a request to a WebSocket of the author's.
    private func upgrade(_ exchange: HTTPExchange, to endpoint: MessageEndpoint) {
        if let fields = endpoint.hooks.answerFields { exchange.answerFields = fields(exchange) }
        guard let handshake = handshake(exchange, origins: endpoint.origins, hooks: endpoint.hooks) else { return }
        guard let check = endpoint.hooks.check else { return open(exchange, handshake, endpoint) }
        self.check(exchange, by: check) { [unowned self] refusal in
            tell(refusal.message, code: EngineRefusal.forbidden().code, exchange, endpoint.hooks)
            exchange.respond(refusal.status, text: refusal.message, fields: refusal.fields)
        } admitted: { [unowned self] in
            open(exchange, handshake, endpoint)
        }
    }

    private func open(_ exchange: HTTPExchange, _ handshake: WebSocketHandshake, _ endpoint: MessageEndpoint) {
        let subprotocol = handshake.subprotocols.first(where: endpoint.subprotocols.contains)
        if let fields = endpoint.hooks.handshakeFields { exchange.answerFields.append(contentsOf: fields(exchange)) }
        let answer = answer(handshake, endpoint.limits, subprotocol: subprotocol, fields: exchange.answerFields)
        exchange.upgrade(answer, limits: endpoint.limits) {
            endpoint.makeSession($0, exchange)
        }
    }

    /// Checks that a request may become a WebSocket; refuses it and returns nil when not.
    func handshake(
        _ exchange: HTTPExchange, origins: HTTPOriginRule, hooks: EndpointHooks? = nil
    ) -> WebSocketHandshake? {
        do throws(WebSocketHandshakeError) {
            let handshake = try WebSocketHandshake.check(exchange.head)
            switch origins.verdict(exchange.head.fields) {
            case .absent, .allowed: return handshake
            case .foreign, .malformed: break
            }
            if let hooks { tell("Forbidden", code: EngineRefusal.forbidden().code, exchange, hooks) }
            exchange.respond(.forbidden, text: "this origin may not connect")
        } catch {
            if let hooks { tell("\(error)", code: EngineRefusal.badRequest.code, exchange, hooks) }
            exchange.respond(raw: error.response(), keepsAlive: false)
        }
        counters[.handshakesRefused] += 1
        return nil
    }
}

extension Server {
    /// The answer to a handshake, with compression where both sides want it and its contexts fit.
    func answer(
        _ handshake: WebSocketHandshake, _ limits: SessionLimits, subprotocol: String? = nil, fields: HTTPFields = [:]
    ) -> WebSocketAnswer {
        var agreement = limits.compression?.deflate.agreement(for: handshake.offers)
        if let agreed = agreement, !deflatePool.hasRoom(for: agreed, role: .server) {
            counters[.compressionsDeclined] += 1
            agreement = nil
        }
        return WebSocketAnswer(
            response: handshake.response(subprotocol: subprotocol, extensions: agreement, fields: fields),
            agreement: agreement)
    }
}

/// Answers that are the last on their connection.
enum HTTPAnswer {
    static let compressedBody = HTTPWriter.response(
        .unsupportedMediaType, fields: [.acceptEncoding: "identity"], text: "Unsupported Media Type", connection: .close
    )

    static let requestTimeout = HTTPWriter.response(.requestTimeout, text: "Request Timeout", connection: .close)

    static let overloaded = HTTPWriter.response(
        .serviceUnavailable, fields: [.retryAfter: "5"], text: "too many connections", connection: .close)
}
