import GameKit
import JSONCore

/// What became of a join: the seat with what its player is told, or why not.
typealias JoinOutcome = Result<(member: Member, welcome: JSONValue), JoinRefusal>

/// Where a lobby is.
enum LobbyPlace {
    case here(HostedLobby)
    /// On the loop with that number, open or to be opened.
    case there(Int)
}

/// The way into a lobby, the same for every dialect.
extension Server {
    /// How often a quick join looks for a lobby, when the one that it has found is full by the time it comes.
    private static let quickJoinsMax = 3

    /// Settles which lobby is meant, finds or opens it and takes a seat; `decided` is called at once when all of this is on
    /// this loop.
    ///
    /// The session may have ended before a later answer; the member is then to be told so. Otherwise the session tells
    /// its client the welcome, and then the member that it has.
    func join(
        _ request: JoinRequest, session: Session, dialect: Dialect, _ decided: @escaping (JoinOutcome) -> Void
    ) {
        guard mayJoin(request, from: session.transport.remotePeer) else { return decided(.failure(.tooManyJoins)) }
        var request = request
        request.session = session.journalNumber
        let subject = request.identity.subject
        request.opener = session.transport.remotePeer.map { LobbyOpener(peer: $0, subject: subject) }
        guard request.choice != .match else {
            do throws(JoinRefusal) {
                return try matchmaker.enter(request, session: session, dialect: dialect, decided)
            } catch {
                return decided(.failure(error))
            }
        }
        settle(request, decided: decided) { [weak self] request, decided in
            self?.joinNamed(request, session: session, dialect: dialect, decided)
        }
    }

    /// Settles which lobby a request means, and has `enter` try its way in: where the lobby that a quick join has found is
    /// full by then, into another one.
    ///
    /// - Parameter room: How many seats are wanted.
    func settle<Place>(
        _ request: JoinRequest, room: Int = 1, attempt: Int = 1,
        decided: @escaping (Result<Place, JoinRefusal>) -> Void,
        enter: @escaping (JoinRequest, @escaping (Result<Place, JoinRefusal>) -> Void) -> Void
    ) {
        guard request.choice != .named else { return enter(request, decided) }
        guard request.choice == .quick, attempt <= Self.quickJoinsMax else {
            return enter(request.with(lobbyID: makeLobbyCode()), decided)
        }
        findOpenLobby(request, room: room) { [weak self] found in
            guard let self else { return }
            enter(request.with(lobbyID: found ?? makeLobbyCode())) { [weak self] outcome in
                guard found != nil, case .failure(.lobbyFull) = outcome, let self else { return decided(outcome) }
                settle(request, room: room, attempt: attempt + 1, decided: decided, enter: enter)
            }
        }
    }

    /// A code that no lobby has.
    func makeLobbyCode() -> String {
        while true {
            let code = LobbyID.code(from: randomBytes(LobbyID.codeCharacters))
            if loops.withDirectory({ $0.loop(of: code) }) ?? nil == nil { return code }
        }
    }

    /// Finds or opens the lobby of the request's id and takes a seat, in one step.
    func joinNamed(
        _ request: JoinRequest, session: Session, dialect: Dialect, moves: Int = 0,
        _ decided: @escaping (JoinOutcome) -> Void
    ) {
        do throws(JoinRefusal) {
            if drainDeadline != nil, request.token == nil { throw .draining }
            switch try place(for: request) {
            case .here(let lobby):
                let joined = try lobby.join(request, session: session, dialect: dialect)
                decided(.success((joined.0, joined.welcome)))
            case .there(let loop):
                loops.join(request.counted, session: session, dialect: dialect, on: loop, moves: moves, decided)
            }
        } catch {
            decided(.failure(error))
        }
    }

    /// Finds the lobby that a join asks for, or opens it where there is room.
    func place(for request: JoinRequest) throws(JoinRefusal) -> LobbyPlace {
        let id = request.lobbyID
        if let lobby = lobby(id) { return .here(lobby) }
        if let loop = loops.withDirectory({ $0.loop(of: id) }) ?? nil, loop != loops.own { return .there(loop) }
        if request.token != nil || request.ticket != nil { throw .invalidToken }
        if request.watches { throw .noSuchLobby }
        let game = try game(of: request)
        let terms = try LobbyTerms(request.terms, rules: game.rules, metadata: request.filter)
        let load = game.rules.seats * game.rules.tickRate
        let loop = try placed(id, load: load, for: request.opener)
        guard loop == loops.own else { return .there(loop) }
        return .here(try open(id, game: game, options: request.options, terms: terms))
    }

    /// The game of a lobby that a request opens.
    func game(of request: JoinRequest) throws(JoinRefusal) -> GameType {
        guard let name = request.game ?? settings.defaultGame else { throw .noSuchLobby }
        guard let game = games.first(where: { $0.name == name }) else { throw .unknownGame(name) }
        return game
    }

    /// How many could play in a lobby that a request opens.
    func seats(ofNewLobby request: JoinRequest) throws(JoinRefusal) -> Int {
        let rules = try game(of: request).rules
        return try LobbyTerms(request.terms, rules: rules, metadata: request.filter).playersMax ?? rules.seats
    }

    /// Opens a lobby for whoever will come, on the loop where there is most room.
    func openLobby(_ request: JoinRequest, _ opened: @escaping (Result<LobbyRow, JoinRefusal>) -> Void) {
        do throws(JoinRefusal) {
            guard drainDeadline == nil else { throw .draining }
            switch try place(for: request) {
            case .here(let lobby): opened(.success(LobbyRow(lobby)))
            case .there(let loop):
                loops.ask(loop, .open(request.counted)) { answer in
                    if case .opened(let result) = answer { opened(result) }
                }
            }
        } catch {
            opened(.failure(error))
        }
    }

    /// Opens a lobby that another loop's server has placed here.
    func openHere(_ request: JoinRequest) -> Result<LobbyRow, JoinRefusal> {
        do throws(JoinRefusal) {
            guard case .here(let lobby) = try place(for: request) else { throw .noSuchLobby }
            return .success(LobbyRow(lobby))
        } catch {
            return .failure(error)
        }
    }
}

extension JoinRefusal {
    /// What a refused client is told.
    var data: JSONValue {
        .object(["code": .integer(Int64(code)), "message": .string(message)])
    }
}

extension Departure {
    /// The event that tells a player why its seat is gone; nil when it knows.
    var event: String? {
        switch self {
        case .kicked, .rateLimited: "kicked"
        case .banned: "banned"
        case .lobbyClosed: "closed"
        case .replaced: "replaced"
        default: nil
        }
    }
}
