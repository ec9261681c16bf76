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
            guard !exchange.wantsEventStream else { return streamList(query, exchange) }
            listLobbies(query) { exchange.respond(json: .array($0), fields: [.vary: "Accept"]) }
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
            do throws(JoinRefusal) {
                guard !lobby.terms.hasPassword else {
                    throw .notAuthorized("this lobby is shown to its players only")
                }
                // Nobody says who it is here.
                try lobby.checkWatching(role: nil)
                return answer(lobby)
            } catch {
                return exchange.respond(.forbidden, error: error.message)
            }
        }
        guard loops.withDirectory({ $0.loop(of: id) }) ?? nil != nil else {
            return exchange.respond(.notFound, error: "no such lobby")
        }
        // It is about to be opened, or was opened anew elsewhere while we came here.
        exchange.respondElsewhere("the lobby cannot be reached just now")
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
        case .badRequest, .otherSchema: .badRequest
        case .notAuthorized, .invalidToken, .wrongPassword, .kicked, .banned, .expired, .used: .forbidden
        case .noSuchLobby, .unknownGame: .notFound
        case .lobbyFull, .tooManyWatch, .lobbyLocked, .lobbyExists, .alreadyHere: .conflict
        case .tooManyOpenings, .tooManyReservations, .tooManyOpenLobbies, .tooManyJoins: .tooManyRequests
        case .tooManyLobbies, .draining, .queueFull: .serviceUnavailable
        case .noMatch: .gone
        case .gameFailed: .unprocessableContent
        }
    }
}
