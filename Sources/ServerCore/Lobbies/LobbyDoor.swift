import LobbyCore

/// What a lobby says to those whom it does not let in.
extension HostedLobby {
    /// Why a token that belongs to no seat brings nobody back.
    func refusal(ofToken digest: SeatTable.TokenDigest) -> JoinRefusal {
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
