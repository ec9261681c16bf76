import ByteKit
import HTTPCore
import HTTPTypes
import JSONCore

/// Lobbies over HTTP: the list, opening one, what one shows, and who watches it (protocol/spec/lobby.md §5).
extension Server {
    /// The lobbies that a query wants.
    func answerList(_ exchange: HTTPExchange) {
        guard listAllowance.take(exchange.peer, at: clock()) else {
            counters[.listsRefused] += 1
            return exchange.respond(
                .tooManyRequests, error: "too many lists in a short time", fields: [.retryAfter: "1"])
        }
        do {
            let query = try LobbyQuery(try HTTPQuery(exchange.head.query))
            listLobbies(query) { exchange.respond(json: .array($0)) }
        } catch let error as LobbyQueryError {
            exchange.respond(.badRequest, error: error.message)
        } catch {
            exchange.respond(.badRequest, error: "\(error)")
        }
    }

    /// Opens a lobby in which nobody sits yet.
    func openLobby(_ exchange: HTTPExchange) {
        do throws(JoinRefusal) {
            let body = try exchange.json()
            let named = body["id"] ?? .null
            guard named == .null || named.string != nil else { throw JoinRefusal.badRequest(LobbyID.rule) }
            let id = named.string ?? LobbyChoice.new.alias ?? ""
            var request = try JoinRequest(lobbyID: id, auth: body, peerAddress: exchange.peer.description)
            guard request.choice == .new || request.choice == .named, request.token == nil else {
                throw JoinRefusal.badRequest(
                    "only a new lobby is opened here: \"id\", \"game\", \"lobby\", \"options\"")
            }
            request.takesSeat = false
            request.opener = LobbyOpener(peer: exchange.peer, isCharged: true)
            guard lobbyOpenings.take(exchange.peer, at: clock()) else { throw JoinRefusal.tooManyOpenings }
            identify(request, from: exchange.peer) { [weak self] outcome in
                switch outcome {
                case .failure(let refusal): exchange.refuse(refusal)
                case .success(let request): self?.open(request, for: exchange)
                }
            }
        } catch {
            exchange.refuse(error)
        }
    }

    private func open(_ request: JoinRequest, for exchange: HTTPExchange) {
        let request = request.choice == .new ? request.with(lobbyID: makeLobbyCode()) : request
        if loops.withDirectory({ $0.loop(of: request.lobbyID) }) ?? nil != nil { return exchange.refuse(.lobbyExists) }
        openLobby(request) { result in
            switch result {
            case .failure(let refusal): exchange.refuse(refusal)
            case .success(let row):
                let fields: HTTPFields = [.location: "/api/lobbies/\(row.id)", .cacheControl: "no-store"]
                exchange.respond(.created, json: row.json, fields: fields)
            }
        }
    }

    /// The newest state of a lobby.
    func answerState(of id: String, _ exchange: HTTPExchange) {
        withLobby(id, exchange) { $0.openGallery().answerState(exchange) }
    }

    /// The state of a lobby as it changes.
    func watch(_ id: String, _ exchange: HTTPExchange) {
        withLobby(id, exchange) { watch($0, exchange) }
    }

    private func withLobby(_ id: String, _ exchange: HTTPExchange, _ answer: (HostedLobby) -> Void) {
        guard settings.isWatchable else {
            return exchange.respond(.forbidden, error: "this server shows its lobbies to their players only")
        }
        if let lobby = lobby(id) {
            guard !lobby.terms.hasPassword else {
                return exchange.respond(.forbidden, error: "this lobby is shown to its players only")
            }
            return answer(lobby)
        }
        guard loops.withDirectory({ $0.loop(of: id) }) ?? nil != nil else {
            return exchange.respond(.notFound, error: "no such lobby")
        }
        // It is about to be opened, or was opened anew elsewhere while we came here.
        exchange.respondElsewhere("the lobby cannot be reached just now")
    }

    private func watch(_ hosted: HostedLobby, _ exchange: HTTPExchange) {
        let request: WatchRequest
        do {
            request = try WatchRequest(exchange.head)
        } catch {
            return exchange.respond(.badRequest, error: error.message)
        }
        guard drainDeadline == nil else { return refuseWatcher(exchange, "the server is shutting down") }
        let gallery = hosted.openGallery()
        guard gallery.count < settings.watchersPerLobbyMax, admitWatcher() else {
            return refuseWatcher(exchange, "too many watch already")
        }
        gallery.open(exchange, request)
    }

    /// Counts one more event stream, if there may be.
    func admitWatcher() -> Bool {
        let isAdmitted = loops.withDirectory { [settings] directory in
            guard directory.watcherCount < settings.watchersMax else { return false }
            directory.watcherCount += 1
            return true
        }
        return isAdmitted ?? false
    }

    /// That many event streams have ended.
    func releaseWatchers(_ count: Int) {
        guard count > 0 else { return }
        _ = loops.withDirectory { $0.watcherCount -= count }
    }

    func refuseWatcher(_ exchange: HTTPExchange, _ reason: String) {
        counters[.watchersRefused] += 1
        exchange.respond(.serviceUnavailable, error: reason, fields: [.retryAfter: "5"])
    }
}

extension HTTPExchange {
    /// The body as JSON; null where there is none.
    func json() throws(JoinRefusal) -> JSONValue {
        guard !body.isEmpty else { return .null }
        let body = body
        do {
            return try JSONValue.parse(body.span, limits: JSONLimits())
        } catch {
            throw .badRequest("the body is no JSON: \(error)")
        }
    }

    /// Answers what the game socket would be told, with the same code.
    func refuse(_ refusal: JoinRefusal) {
        let waits: HTTPFields =
            refusal.status == .tooManyRequests || refusal.status == .serviceUnavailable
            ? [.retryAfter: "5"] : [:]
        respond(
            refusal.status, json: ["error": .string(refusal.message), "code": .integer(Int64(refusal.code))],
            fields: waits)
    }

    /// Answers that the connection is on another loop than what the request is about, and could not move there.
    func respondElsewhere(_ reason: String) {
        respond(.serviceUnavailable, error: reason, fields: [.retryAfter: "1"])
    }
}

extension JoinRefusal {
    /// The status that says it over HTTP.
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .badRequest: .badRequest
        case .notAuthorized, .invalidToken, .wrongPassword, .kicked, .banned, .expired, .used: .forbidden
        case .noSuchLobby, .unknownGame: .notFound
        case .lobbyFull, .lobbyLocked, .lobbyExists, .alreadyHere: .conflict
        case .tooManyOpenings, .tooManyReservations, .tooManyOpenLobbies, .tooManyJoins: .tooManyRequests
        case .tooManyLobbies, .draining, .queueFull: .serviceUnavailable
        case .noMatch: .gone
        case .gameFailed: .unprocessableContent
        }
    }
}
