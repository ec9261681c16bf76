import GameKit
import JSONCore
import LobbyCore

/// Somebody who has joined `~match` and waits for others: a member without a lobby, until one is found for it.
///
/// To its session it is as good as any: it may leave, and it may be lost. What only a lobby can do is refused.
final class WaitingMember: Member, MatchWaiter {
    private unowned let matchmaker: Matchmaker
    /// Its number among those who wait on this loop.
    let number: Int
    /// What it has joined with.
    let request: JoinRequest

    init(
        session: Session, dialect: Dialect, request: JoinRequest, game: GameType, matchmaker: Matchmaker, number: Int
    ) {
        self.matchmaker = matchmaker
        self.number = number
        self.request = request
        super.init(session: session, dialect: dialect, request: request, game: game, seat: -1)
    }

    override var welcomeEvent: String { "queued" }

    override func ask(_ command: LobbyCommand, key: JSONValue?) {
        session.commandAnswered(self, key: key, LobbyAnswer(event: command.event, outcome: .failure(.notHere)))
    }

    override func leave() {
        matchmaker.cancel(number)
        session.ended(self, .left)
    }

    override func connectionLost() { matchmaker.cancel(number) }

    // MARK: What becomes of it

    func gathered(_ party: JSONValue) { emit("queued", ["party": party]) }

    func found(_ place: KeptPlace) {
        var request = request.with(lobbyID: place.lobby)
        request.ticket = place.ticket
        matchmaker.server.joinNamed(request, session: session, dialect: dialect) { [self] outcome in
            session.matchDecided(self, outcome)
        }
    }

    func failed(_ refusal: JoinRefusal) { session.matchDecided(self, .failure(refusal)) }
}
