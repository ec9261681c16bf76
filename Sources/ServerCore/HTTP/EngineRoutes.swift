import HTTPCore
import HTTPTypes
import SocketIOCore
import WebSocketCore

/// Requests of Engine.IO: each is checked anew, and opens a session, serves one, or is refused
/// (protocol/spec/socketio.md §7–11).
extension Server {
    /// Answers a whole request.
    func answer(_ exchange: HTTPExchange, at endpoint: EngineEndpoint) {
        let head = exchange.head
        let verdict = endpoint.origins.verdict(head.fields)
        addFields(to: exchange, endpoint, verdict)
        if head.method == .options, let fields = endpoint.origins.preflightFields(head.fields) {
            exchange.answerFields = [.cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
            return exchange.respond(.noContent, fields: fields, body: [])
        }
        do throws(EngineRefusal) {
            let request = try engineRequest(head, verdict)
            let session = sessionNamed(in: request, at: endpoint)
            try act(on: request, session, exchange, endpoint)
        } catch {
            counters[.handshakesRefused] += 1
            tell(error, exchange, endpoint)
            guard error == .sessionUnknown, !engineSessions.mayGuess(exchange.peer, at: clock()) else {
                return exchange.refuse(error)
            }
            counters[.sessionGuessesRefused] += 1
            exchange.refuse(error, status: .tooManyRequests, fields: [.retryAfter: "60"], keepsAlive: false)
        }
    }

    /// The longest body of a request whose head has come; a session is told of its POST.
    func engineBodyBytesMax(_ exchange: HTTPExchange, at endpoint: EngineEndpoint) -> Int {
        let head = exchange.head
        guard head.method == .post else { return settings.bodyBytesMax }
        let verdict = endpoint.origins.verdict(head.fields)
        addFields(to: exchange, endpoint, verdict)
        guard let request = try? engineRequest(head, verdict),
            let session = sessionNamed(in: request, at: endpoint), let polling = session.polling,
            request.decide(endpoint.policy, session: status(of: session, head)) == .post
        else { return settings.bodyBytesMax }
        polling.begin(exchange)
        return endpoint.limits.messageBytesMax
    }

    private func addFields(to exchange: HTTPExchange, _ endpoint: EngineEndpoint, _ verdict: HTTPOriginVerdict) {
        exchange.answerFields = endpoint.origins.fields(for: verdict)
        exchange.answerFields[.cacheControl] = "no-store"
        exchange.answerFields[.xContentTypeOptions] = "nosniff"
        if let fields = endpoint.hooks.answerFields { exchange.answerFields.append(contentsOf: fields(exchange)) }
    }

    private func engineRequest(
        _ head: HTTPRequestHead, _ verdict: HTTPOriginVerdict
    ) throws(EngineRefusal) -> EngineRequest {
        guard let query = try? HTTPQuery(head.query) else { throw .badRequest }
        return EngineRequest(
            query: try EngineQuery(query.pairs.lazy.map { ($0.name, $0.value) }),
            method: head.method == .get ? .get : head.method == .post ? .post : .other,
            isUpgrade: head.asksForWebSocket, origin: verdict.ofEngine)
    }

    /// The session that a request names. What has ended is a little late to say so, and one that has ended is known until
    /// a poll has been told, but to nobody who would move it to a WebSocket.
    private func sessionNamed(in request: EngineRequest, at endpoint: EngineEndpoint) -> EngineSession? {
        guard let sid = request.query.sid else { return nil }
        engineSessions.session(sid, at: endpoint)?.polling?.timeReached(clock())
        guard let session = engineSessions.session(sid, at: endpoint) else { return nil }
        return session.isClosing && request.isUpgrade ? nil : session
    }

    private func status(of session: EngineSession, _ head: HTTPRequestHead) -> EngineSessionStatus {
        guard let cookie = session.handshake.endpoint.cookie, let value = session.handshake.cookie else {
            return session.status(isProven: true)
        }
        return session.status(isProven: cookie.isPresent(in: head.fields[values: .cookie], value: value))
    }

    private func act(
        on request: EngineRequest, _ session: EngineSession?, _ exchange: HTTPExchange, _ endpoint: EngineEndpoint
    ) throws(EngineRefusal) {
        let decision = request.decide(endpoint.policy, session: session.map { status(of: $0, exchange.head) })
        switch (decision, session) {
        case (.handshake(let revision), _):
            guard let check = endpoint.hooks.check else { return open(exchange, request, revision, endpoint) }
            self.check(exchange, by: check) { [unowned self] refusal in
                tell(.forbidden(refusal.message), exchange, endpoint)
                exchange.refuse(.forbidden(refusal.message), status: refusal.status, fields: refusal.fields)
            } admitted: { [unowned self] in
                open(exchange, request, revision, endpoint)
            }
        case (.poll, let session?): session.polling?.take(EnginePoll(exchange, request.query))
        case (.post, let session?):
            session.polling?.take(post: exchange, isScript: request.query.scriptIndex != nil)
        case (.upgrade, let session?):
            upgrade(exchange, endpoint) { EngineProbeSession($0, target: session) }
        case (.uselessUpgrade, _): upgrade(exchange, endpoint) { UselessSession($0) }
        case (.refused(let refusal), _): throw refusal
        case (.poll, nil), (.post, nil), (.upgrade, nil): throw .sessionUnknown
        }
    }

    // MARK: Handshakes

    private func open(
        _ exchange: HTTPExchange, _ request: EngineRequest, _ revision: EngineRevision, _ endpoint: EngineEndpoint
    ) {
        let form = EngineForm(revision: revision, isBase64: request.query.isBase64)
        let handshake = openHandshake(exchange, form, endpoint)
        if request.isUpgrade {
            open(exchange, handshake)
        } else {
            open(exchange, handshake, EnginePoll(exchange, request.query))
        }
    }

    /// What a new session's first request settles; its answer gets the cookies.
    private func openHandshake(
        _ exchange: HTTPExchange, _ form: EngineForm, _ endpoint: EngineEndpoint
    ) -> EngineHandshake {
        var value: String?
        if let cookie = endpoint.cookie {
            let fresh = EngineID.make(from: randomBytes(EngineID.randomByteCount))
            value = fresh
            exchange.answerFields.append(
                HTTPField(name: .setCookie, value: cookie.field(value: fresh, isSecure: exchange.isSecure)))
        }
        if let fields = endpoint.hooks.handshakeFields { exchange.answerFields.append(contentsOf: fields(exchange)) }
        let request = endpoint.keepsRequest.map {
            KeptRequest(exchange.head, isSecure: exchange.isSecure, extent: $0)
        }
        return EngineHandshake(
            endpoint: endpoint, form: form, cookie: value, request: request,
            isForeignToAdmins: adminOrigins.isForeign(exchange.head.fields))
    }

    private func open(_ exchange: HTTPExchange, _ handshake: EngineHandshake, _ poll: EnginePoll) {
        guard loops.withDirectory({ $0.pollings.admit(exchange.peer, at: clock()) }) == .admitted else {
            counters[.pollingsRefused] += 1
            return exchange.respond(.serviceUnavailable, text: "too many sessions", fields: [.retryAfter: "5"])
        }
        let endpoint = handshake.endpoint
        let transport = PollingTransport(
            server: self, limits: endpoint.limits, form: handshake.form, peer: exchange.peer,
            slot: engineSessions.takeSlot())
        transport.open(endpoint.makeSession(transport, handshake), poll)
    }

    private func open(_ exchange: HTTPExchange, _ handshake: EngineHandshake) {
        upgrade(exchange, handshake.endpoint) { transport in
            let session = handshake.endpoint.makeSession(transport, handshake)
            transport.adopt(session, form: handshake.form)
            return session
        }
    }

    /// Makes a request of Engine.IO a WebSocket; one that does not ask for it correctly is refused.
    private func upgrade(
        _ exchange: HTTPExchange, _ endpoint: EngineEndpoint, _ makeSession: (WebSocketTransport) -> Session
    ) {
        do throws(WebSocketHandshakeError) {
            let handshake = try WebSocketHandshake.check(exchange.head)
            let answer = answer(handshake, endpoint.limits, fields: exchange.answerFields)
            exchange.upgrade(answer, limits: endpoint.limits, makeSession)
        } catch {
            counters[.handshakesRefused] += 1
            exchange.respond(raw: error.response(), keepsAlive: false)
        }
    }
}

extension EngineEndpoint {
    /// Where players speak Socket.IO.
    convenience init(players server: Server) {
        let settings = server.settings
        self.init(
            limits: server.playerLimits, policy: EnginePolicy(transports: settings.engineTransports),
            origins: server.origins, cookie: settings.setsSessionCookie ? EngineCookie() : nil
        ) { transport, handshake in
            SocketIOSession(transport, handshake)
        }
    }
}

extension HTTPExchange {
    /// Refuses a request of Engine.IO: with JSON, or in words where a WebSocket was asked for, and the end of the
    /// connection.
    ///
    /// - Parameter status: The refusal's own where nothing else is said.
    func refuse(
        _ refusal: EngineRefusal, status: HTTPResponse.Status? = nil, fields: HTTPFields = [:], keepsAlive: Bool = true
    ) {
        let status = status ?? HTTPResponse.Status(code: refusal.status)
        var fields = fields
        guard head.asksForWebSocket || !keepsAlive else {
            fields[.contentType] = "application/json"
            return respond(status, fields: fields, body: refusal.json)
        }
        for field in answerFields { fields.append(field) }
        fields[.contentType] = head.asksForWebSocket ? "text/plain; charset=UTF-8" : "application/json"
        let answer = HTTPWriter.response(
            status, fields: fields, body: head.asksForWebSocket ? Array(refusal.message.utf8) : refusal.json,
            connection: .close, isForHead: head.method == .head)
        respond(raw: answer, keepsAlive: false)
    }
}

extension HTTPRequestHead {
    /// Whether the request asks for a WebSocket, correctly or not.
    var asksForWebSocket: Bool { fields.hasToken("websocket", in: .upgrade) }
}

extension HTTPOriginVerdict {
    /// The verdict in Engine.IO's words.
    fileprivate var ofEngine: EngineRequest.Origin {
        switch self {
        case .absent, .allowed: .allowed
        case .foreign: .foreign
        case .malformed: .malformed
        }
    }
}
