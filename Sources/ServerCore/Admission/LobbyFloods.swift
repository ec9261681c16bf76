import ByteKit

/// On whose account a lobby is.
struct LobbyOpener: Sendable, Equatable {
    /// Who has asked for it.
    var peer: PeerAddress
    /// Whether it has been taken from the address's allowance of openings already.
    var isCharged = false
}

/// What one address may make of lobbies (limits.md): how often it joins, how often it opens one, and how many it has open.
extension Server {
    /// Whether whoever is at the other end may join once more just now. Who resumes a seat may.
    func mayJoin(_ request: JoinRequest, from peer: PeerAddress?) -> Bool {
        guard request.token == nil, let peer else { return true }
        guard !joinAllowance.take(peer, at: clock()) else { return true }
        counters[.joinsRateLimited] += 1
        return false
    }

    /// The loop of a lobby that is to be opened, on that account.
    func placed(_ id: String, load: Int, for opener: LobbyOpener?) throws(JoinRefusal) -> Int {
        let limits = settings.admission
        do throws(JoinRefusal) {
            if let opener, !opener.isCharged, !lobbyOpenings.take(opener.peer, at: clock()) { throw .tooManyOpenings }
            let key = opener.flatMap { limits.exempts($0.peer) ? nil : $0.peer.admissionKey }
            let placed = loops.withDirectory { [loops, settings] directory -> Result<Int, JoinRefusal> in
                do throws(JoinRefusal) {
                    return .success(
                        try directory.place(
                            id, load: load, near: loops.own, lobbiesMax: settings.lobbiesMax, opener: key,
                            openerMax: limits.lobbiesPerAddressMax))
                } catch {
                    return .failure(error)
                }
            }
            return try (placed ?? .failure(.tooManyLobbies)).get()
        } catch {
            if error != .tooManyLobbies { counters[.openingsRefused] += 1 }
            throw error
        }
    }
}

extension JoinRequest {
    /// The same request once its lobby has been placed: nobody is to be counted again.
    var counted: JoinRequest {
        var request = self
        request.opener = nil
        return request
    }
}
