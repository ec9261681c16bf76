import Determinism
import GameKit
import JSONCore
import LobbyCore

/// What loops tell each other of those who wait for a match. A number is the waiting member's on its own loop.
enum QueueMessage: Sendable {
    // To the first loop.
    indirect case enter(Int, MatchWish)
    case cancel(Int)
    // From the first loop.
    /// So many of its party are there.
    case gathering(Int, here: Int)
    case found(Int, KeptPlace)
    case failed(Int, JoinRefusal)
}

/// Those of one loop who wait for a match. The queue is on the first loop, at its ``QueueDesk``.
final class Matchmaker {
    /// The loop that has the queue.
    static let loop = 0

    private unowned let server: Server
    private var waiting: [Int: WaitingMember] = [:]
    private var lastNumber = 0
    /// The queue; used on the first loop only.
    private(set) lazy var desk = QueueDesk(server: server)

    init(server: Server) {
        self.server = server
    }

    /// Puts somebody into the queue. The session gets a ``WaitingMember`` at once, and
    /// ``Session/matchDecided(_:_:)`` once something has come of it.
    func enter(
        _ request: JoinRequest, session: Session, dialect: Dialect, _ decided: (JoinOutcome) -> Void
    ) throws(JoinRefusal) {
        guard server.drainDeadline == nil else { throw .draining }
        guard let name = request.game ?? server.settings.defaultGame else { throw .noSuchLobby }
        guard let game = server.games.first(where: { $0.name == name }) else { throw .unknownGame(name) }
        if let hash = request.schemaHash, hash != game.schema.hashText {
            throw .badRequest("the client was built for schema \(hash), the game speaks \(game.schema.hashText)")
        }
        let wish = try MatchWish(request, game: game)
        lastNumber += 1
        let member = WaitingMember(
            session: session, dialect: dialect, request: request, game: game, matchmaker: self, number: lastNumber)
        waiting[lastNumber] = member
        server.counters[.queueEntered] += 1
        var welcome: JSONObject = [
            "game": .string(name), "players": .integer(Int64(wish.pool.playerCount)),
            "seconds": .integer(Int64(server.settings.queue.timeoutSeconds)),
        ]
        if let party = wish.party { welcome["party"] = ["size": .integer(Int64(party.size)), "here": 0] }
        decided(.success((member, .object(welcome))))
        say(.enter(member.number, wish))
    }

    /// Takes somebody out of the queue.
    func cancel(_ member: WaitingMember) {
        guard waiting.removeValue(forKey: member.number) != nil else { return }
        server.counters[.queueLeft] += 1
        say(.cancel(member.number))
    }

    private func say(_ message: QueueMessage) {
        guard server.loops.own != Self.loop else { return desk.receive(message, from: Self.loop) }
        server.loops.link(to: Self.loop).say(.queue(message))
    }

    /// Takes what the first loop has to tell, or what it is told.
    func receive(_ message: QueueMessage, from loop: Int) {
        switch message {
        case .enter, .cancel: desk.receive(message, from: loop)
        case .gathering(let number, let here):
            guard let member = waiting[number], let wish = try? MatchWish(member.request, game: member.game),
                let party = wish.party
            else { return }
            let counts: JSONValue = ["size": .integer(Int64(party.size)), "here": .integer(Int64(here))]
            member.emit("queued", ["party": counts])
        case .found(let number, let kept):
            guard let member = waiting.removeValue(forKey: number) else { return }
            var request = member.request.with(lobbyID: kept.lobby)
            request.kept = kept
            server.joinNamed(request, session: member.session, dialect: member.dialect) { outcome in
                member.session.matchDecided(member, outcome)
            }
        case .failed(let number, let refusal):
            guard let member = waiting.removeValue(forKey: number) else { return }
            member.session.matchDecided(member, .failure(refusal))
        }
    }
}

extension Server {
    /// Opens a lobby for a match that was found, and keeps a seat in it for everyone: in that team, if in any.
    func openMatch(
        _ request: JoinRequest, teams: [Int?], _ opened: @escaping (Result<[KeptPlace], JoinRefusal>) -> Void
    ) {
        do throws(JoinRefusal) {
            guard drainDeadline == nil else { throw .draining }
            switch try place(for: request) {
            case .here(let lobby): opened(.success(try lobby.keep(teams: teams)))
            case .there(let loop):
                loops.ask(loop, .openMatch(request, teams: teams)) { answer in
                    if case .matchOpened(let result) = answer { opened(result) }
                }
            }
        } catch {
            opened(.failure(error))
        }
    }

    /// Opens such a lobby here, where another loop's server has placed it.
    func openMatchHere(_ request: JoinRequest, teams: [Int?]) -> Result<[KeptPlace], JoinRefusal> {
        do throws(JoinRefusal) {
            guard case .here(let lobby) = try place(for: request) else { throw .noSuchLobby }
            return .success(try lobby.keep(teams: teams))
        } catch {
            return .failure(error)
        }
    }
}

extension HostedLobby {
    /// Keeps a seat for everyone of a match that was found.
    fileprivate func keep(teams: [Int?]) throws(JoinRefusal) -> [KeptPlace] {
        let until = server.clock() + KeptPlace.time
        var places: [KeptPlace] = []
        for team in teams {
            guard let kept = lobby.reserve(for: nil, until: until) else { throw .lobbyFull }
            places.append(KeptPlace(lobby: id, seat: kept.seat, reservation: kept.number, team: team))
        }
        return places
    }

    /// Seats somebody for whom a seat was kept.
    func claim(
        _ kept: KeptPlace, _ request: JoinRequest, _ newToken: SeatTable.TokenDigest
    ) throws(JoinRefusal) -> Int {
        do throws(SeatRefusal) {
            try lobby.claim(
                kept.seat, reservation: kept.reservation, name: request.name, subject: request.identity.subject,
                token: newToken, team: kept.team)
        } catch {
            throw JoinRefusal.expired("the seat was kept until its time was over")
        }
        server.counters[.joins] += 1
        return kept.seat
    }
}
