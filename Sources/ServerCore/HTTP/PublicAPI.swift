import ByteKit
import HTTPCore
import HTTPTypes
import JSONCore

/// What anyone may ask under `/api` (protocol/spec/lobby.md §5): every answer is JSON, or an event stream.
extension Server {
    func answerAPI(_ exchange: HTTPExchange) {
        guard origins.admits(exchange) else { return }
        let head = exchange.head
        if head.method == .post, head.path == "/api/lobbies" { return openLobby(exchange) }
        if head.method == .post, let id = Self.lobby(ofSeats: head.path) { return reserve(in: id, exchange) }
        guard head.method == .get || head.method == .head, Self.lobby(ofSeats: head.path) == nil else {
            let methods = Self.methods(of: head.path)
            return exchange.respond(
                .methodNotAllowed, error: "only \(methods)", fields: [.allow: "\(methods), OPTIONS"])
        }
        let parts = exchange.head.path.dropFirst("/api/".count).split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("lobbies", 1): answerList(exchange)
        case ("lobbies", 2): withLobby(String(parts[1]), exchange) { $0.openGallery().answerState(exchange) }
        case ("lobbies", 3) where parts[2] == "events":
            withLobby(String(parts[1]), exchange) { watch($0, exchange) }
        case ("leaderboards", 2): answerLeaderboard(of: String(parts[1]), exchange)
        case ("results", 1): answerResults(exchange)
        default: exchange.respond(.notFound, error: "no such path")
        }
    }

    /// How a path under `/api` may be asked.
    static func methods(of path: String) -> String {
        if lobby(ofSeats: path) != nil { return "POST" }
        return path == "/api/lobbies" ? "GET, HEAD, POST" : "GET, HEAD"
    }

    /// The id in `/api/lobbies/<id>/seats`; nil for another path.
    private static func lobby(ofSeats path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[1] == "api", parts[2] == "lobbies", parts[4] == "seats" else { return nil }
        return String(parts[3])
    }

    /// Keeps seats of a lobby, and answers with their tickets.
    private func reserve(in id: String, _ exchange: HTTPExchange) {
        let data: JSONValue
        do {
            data = exchange.body.isEmpty ? .null : try JSONValue.parse(exchange.body.span, limits: JSONLimits())
        } catch {
            return exchange.respond(.badRequest, error: "\(error)")
        }
        reserve(in: id, data, from: exchange.peer, isMember: false) { outcome in
            switch outcome {
            case .failure(let refusal): exchange.refuse(refusal)
            case .success(let answer): exchange.respond(.created, json: answer, fields: [.cacheControl: "no-store"])
            }
        }
    }

    private func answerList(_ exchange: HTTPExchange) {
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
    private func openLobby(_ exchange: HTTPExchange) {
        do {
            let body = try JSONValue.parse(exchange.body.span, limits: JSONLimits())
            let id = body["id"]?.string ?? LobbyChoice.new.alias ?? ""
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
        } catch let refusal as JoinRefusal {
            exchange.refuse(refusal)
        } catch {
            exchange.respond(.badRequest, error: "\(error)")
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
        exchange.respond(
            .serviceUnavailable, error: "the lobby cannot be reached just now", fields: [.retryAfter: "1"])
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
    private func admitWatcher() -> Bool {
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

    private func refuseWatcher(_ exchange: HTTPExchange, _ reason: String) {
        counters[.watchersRefused] += 1
        exchange.respond(.serviceUnavailable, error: reason, fields: [.retryAfter: "5"])
    }
}

extension HTTPExchange {
    /// Answers that a lobby may not be opened.
    fileprivate func refuse(_ refusal: JoinRefusal) {
        respond(refusal.status, json: ["error": .string(refusal.message), "code": .integer(Int64(refusal.code))])
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
        case .tooManyLobbies, .draining, .queueFull, .noMatch: .serviceUnavailable
        case .gameFailed: .unprocessableContent
        }
    }
}
