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

/// Somebody who waits for a match, and is told what becomes of it.
protocol MatchWaiter: AnyObject {
    /// Somebody of its party has come or gone: `{"size", "here"}`.
    func gathered(_ party: JSONValue)
    /// It was found a match, and waits no more.
    func found(_ place: KeptPlace)
    /// It is not to be found one, and waits no more.
    func failed(_ refusal: JoinRefusal)
}

/// Those of one loop who wait for a match. The queue is on the first loop, at its ``QueueDesk``.
final class Matchmaker {
    /// The loop that has the queue.
    static let loop = 0

    unowned let server: Server
    private var waiting: [Int: (waiter: any MatchWaiter, wish: MatchWish)] = [:]
    private var lastNumber = 0
    /// The queue; used on the first loop only.
    private(set) lazy var desk = QueueDesk(server: server)
    /// Those who wait without a connection; used on the first loop only.
    private(set) lazy var places = QueuePlaces(matchmaker: self)

    init(server: Server) {
        self.server = server
    }

    /// Puts somebody into the queue. The session gets a ``WaitingMember`` at once, and
    /// ``Session/matchDecided(_:_:)`` once something has come of it.
    func enter(
        _ request: JoinRequest, session: Session, dialect: Dialect, _ decided: (JoinOutcome) -> Void
    ) throws(JoinRefusal) {
        let (game, wish) = try wish(of: request)
        let member = WaitingMember(
            session: session, dialect: dialect, request: request, game: game, matchmaker: self, number: makeNumber())
        decided(.success((member, .object(wish.queued(server.settings.queue)))))
        admit(member, number: member.number, wish)
    }

    /// What a request wishes for, of a game that this server hosts.
    func wish(of request: JoinRequest) throws(JoinRefusal) -> (GameType, MatchWish) {
        guard server.drainDeadline == nil else { throw .draining }
        let game = try server.game(of: request)
        if let problem = request.schema.flatMap(game.schema.mismatch) { throw .otherSchema(problem) }
        return (game, try MatchWish(request, game: game))
    }

    /// A number that no other waiter of this loop has had.
    func makeNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// Has somebody wait. It may be told at once what has come of it.
    func admit(_ waiter: any MatchWaiter, number: Int, _ wish: MatchWish) {
        waiting[number] = (waiter, wish)
        server.counters[.queueEntered] += 1
        say(.enter(number, wish))
    }

    /// Takes somebody out of the queue.
    func cancel(_ number: Int) {
        guard waiting.removeValue(forKey: number) != nil else { return }
        server.counters[.queueLeft] += 1
        say(.cancel(number))
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
            guard let (waiter, wish) = waiting[number], let party = wish.gathered(here) else { return }
            waiter.gathered(party)
        case .found(let number, let place): waiting.removeValue(forKey: number)?.waiter.found(place)
        case .failed(let number, let refusal): waiting.removeValue(forKey: number)?.waiter.failed(refusal)
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
        let expires = server.clock() + server.settings.reservationTime
        var places: [KeptPlace] = []
        for team in teams {
            guard let kept = lobby.reserve(for: nil, until: expires) else { throw .lobbyFull }
            server.counters[.seatsReserved] += 1
            var ticket = SeatTicket(kept, expires: expires)
            ticket.team = team
            places.append(KeptPlace(lobby: id, seat: kept.seat, team: team, ticket: ticket.text(for: self)))
        }
        return places
    }
}
