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
    /// Asks the author's hook, if there is one.
    func authorize(_ request: JoinRequest, _ decided: @escaping (JoinRefusal?) -> Void) {
        guard let authorize = hooks.authorize else { return decided(nil) }
        authorize(request, decided)
    }

    /// Finds or opens the lobby and takes a seat, in one step; `decided` is called at once when the lobby is on this loop.
    ///
    /// The session may have ended before a later answer; the member is then to be told so. Otherwise the session tells
    /// its client the welcome, and then the member that it has.
    func join(
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
                loops.join(request, session: session, dialect: dialect, on: loop, moves: moves, decided)
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
        if request.token != nil { throw .invalidToken }
        guard let name = request.game ?? settings.defaultGame else { throw .noSuchLobby }
        guard let game = games.first(where: { $0.name == name }) else { throw .unknownGame(name) }
        let load = game.rules.seats * game.rules.tickRate
        let placed = loops.withDirectory { [loops, settings] directory in
            directory.place(id, load: load, near: loops.own, lobbiesMax: settings.lobbiesMax)
        }
        guard let loop = placed ?? nil else { throw .tooManyLobbies }
        return loop == loops.own ? .here(try open(id, game: game, options: request.options)) : .there(loop)
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
        case .kicked: "kicked"
        case .lobbyClosed: "closed"
        case .replaced: "replaced"
        default: nil
        }
    }
}
