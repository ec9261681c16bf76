import ByteKit
import Determinism

/// On whose account a lobby is.
struct LobbyOpener: Sendable, Equatable {
    /// Who has asked for it.
    var peer: PeerAddress
    /// Who it is, where that has been shown.
    var subject: String?
    /// Whether it has been taken from the address's allowance of openings already.
    var isCharged = false
}

/// Of whose open lobbies there are so many at most.
struct OpenerAccount: Sendable, Equatable {
    let key: UInt64
    let lobbiesMax: Int
}

extension AdmissionLimits {
    /// By what a known player is counted. Not for secrets: authors choose subjects.
    static func key(ofSubject subject: String) -> UInt64 {
        var hash = StableHash()
        hash.feed(subject.utf8)
        return hash.value
    }
}

/// What one address, and one known player, may make of lobbies (limits.md): how often it joins, how often it opens one, and how many it has open.
extension Server {
    /// Whether whoever is at the other end may join once more just now. Who resumes a seat may.
    func mayJoin(_ request: JoinRequest, from peer: PeerAddress?) -> Bool {
        guard request.token == nil, let peer else { return true }
        guard !joinAllowance.take(peer, at: clock()) else { return true }
        counters[.joinsRateLimited] += 1
        return false
    }

    /// Whether a known player may sit down once more just now, in any lobby. Whoever gives a seat up gets nothing back.
    func maySitDown(_ subject: String?) -> Bool {
        guard let subject, !sittings.take(key: AdmissionLimits.key(ofSubject: subject), at: clock()) else {
            return true
        }
        counters[.joinsRateLimited] += 1
        return false
    }

    /// On whose accounts a lobby is, which a known player is to open no more often than its rate.
    private func accounts(of opener: LobbyOpener?) throws(JoinRefusal) -> [OpenerAccount] {
        guard let opener else { return [] }
        let limits = settings.admission
        var accounts: [OpenerAccount] = []
        if let subject = opener.subject {
            let key = AdmissionLimits.key(ofSubject: subject)
            guard identityOpenings.take(key: key, at: clock()) else { throw .tooManyOpenings }
            accounts.append(OpenerAccount(key: key, lobbiesMax: limits.lobbiesPerIdentityMax))
        }
        if !limits.exempts(opener.peer) {
            accounts.append(OpenerAccount(key: opener.peer.admissionKey, lobbiesMax: limits.lobbiesPerAddressMax))
        }
        return accounts
    }

    /// The loop of a lobby that is to be opened, on that account.
    func placed(_ id: String, load: Int, for opener: LobbyOpener?) throws(JoinRefusal) -> Int {
        do throws(JoinRefusal) {
            if let opener, !opener.isCharged, !lobbyOpenings.take(opener.peer, at: clock()) { throw .tooManyOpenings }
            let openers = try accounts(of: opener)
            let placed = loops.withDirectory { [loops, settings] directory -> Result<Int, JoinRefusal> in
                do throws(JoinRefusal) {
                    return .success(
                        try directory.place(
                            id, load: load, near: loops.own, lobbiesMax: settings.lobbiesMax,
                            openers: openers))
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
