import Determinism
import LobbyCore

/// Who comes in, and who does not: the one way into a seat, whatever the dialect, the transport and the loop.
extension HostedLobby {
    /// Seats whoever has made a request: by its token, by being who it is, by a ticket, or anew.
    func arrive(
        _ request: JoinRequest, newToken: SeatTable.TokenDigest
    ) throws(JoinRefusal) -> (seat: Int, isResumed: Bool) {
        if let presented = request.token {
            return (try comeBack(request, presented: Server.digest(of: presented), newToken), true)
        }
        let subject = request.identity.subject
        try checkBans(of: subject, request)
        if let subject, let own = lobby.seats.seat(of: subject) {
            switch server.settings.duplicateLogins {
            case .allow: break
            case .refuse: throw .alreadyHere
            case .replace:
                comeBack(to: own, newToken, presented: nil)
                return (own, true)
            }
        }
        if let ticket = request.ticket { return (try claim(ticket, request, newToken), false) }
        try admit(request)
        guard server.maySitDown(subject) else { throw .tooManyJoins }
        let role = request.identity.role
        guard let seat = lobby.take(name: request.name, subject: subject, role: role, token: newToken) else {
            throw .lobbyFull
        }
        server.counters[.joins] += 1
        return (seat, false)
    }

    private func comeBack(
        _ request: JoinRequest, presented: SeatTable.TokenDigest, _ newToken: SeatTable.TokenDigest
    ) throws(JoinRefusal) -> Int {
        guard let seat = lobby.seats.seat(withToken: presented) else { throw refusal(ofToken: presented) }
        let holder = lobby.seats.rows[seat].subject
        if let holder, let subject = request.identity.subject, holder != subject { throw .invalidToken }
        try checkBans(of: holder ?? request.identity.subject, request)
        comeBack(to: seat, newToken, presented: presented)
        return seat
    }

    private func comeBack(to seat: Int, _ newToken: SeatTable.TokenDigest, presented: SeatTable.TokenDigest?) {
        // The old connection may not have noticed yet that it is dead: the token decides, not the socket.
        replaceMember(at: seat)
        lobby.resume(seat, newToken: newToken, presented: presented)
        server.counters[.resumes] += 1
    }

    /// Whether somebody new may come in.
    func admit(_ request: JoinRequest) throws(JoinRefusal) {
        guard server.drainDeadline == nil else { throw .draining }
        guard terms.admits(password: request.shownPassword) else { throw .wrongPassword }
        guard !lobby.isLocked else { throw .lobbyLocked }
        guard playerCount < playersMax else { throw .lobbyFull }
    }

    /// Why a token that belongs to no seat brings nobody back.
    private func refusal(ofToken digest: SeatTable.TokenDigest) -> JoinRefusal {
        switch lobby.seats.fate(ofToken: digest) {
        case nil: .invalidToken
        case .used: .used
        case .expired: .expired("the seat was kept until its grace time ended")
        case .left: .expired("the seat was given up")
        case .kicked: .kicked("")
        case .banned: .banned("")
        }
    }
}
