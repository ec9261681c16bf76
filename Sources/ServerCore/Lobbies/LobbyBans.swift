import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore

/// Taking seats away, and seeing to it that their players stay away.
extension HostedLobby {
    /// Removes whoever holds a seat, connected or not, and lets them not back for a short time. False when nobody does.
    package func kick(seat: Int, reason: String) -> Bool { kick(seat, .kicked(reason)) }

    /// Removes everybody who holds a seat; the lobby stays.
    func clear(_ reason: String) {
        for seat in lobby.seats.rows.indices { _ = kick(seat: seat, reason: reason) }
    }

    private func kick(_ seat: Int, _ departure: Departure) -> Bool {
        guard isHeld(seat) else { return false }
        server.counters[.kicks] += 1
        if server.settings.kickTime > .zero {
            keepOut(seat, from: id, .kicked, departure.reason, for: server.settings.kickTime)
        }
        vacate(seat, departure, by: .kick)
        return true
    }

    /// Removes a player that goes on sending far more inputs than its game's rate.
    func endFlood(of seat: Int) {
        server.counters[.inputFloods] += 1
        _ = kick(seat, .rateLimited)
    }

    /// Removes whoever holds a seat, connected or not, and bans them. False when nobody does.
    ///
    /// - Parameters:
    ///   - time: For how long; nil for as long as the lobby lives, or the server.
    ///   - isEverywhere: From all lobbies, and not only from this one.
    ///   - actor: The admin who says so; empty for others.
    package func ban(
        seat: Int, reason: String, for time: Interval?, everywhere isEverywhere: Bool = false, by actor: String = ""
    ) -> Bool {
        guard isHeld(seat) else { return false }
        server.counters[.bans] += 1
        let bans = keepOut(seat, from: isEverywhere ? nil : id, .banned, reason, by: actor, for: time)
        vacate(seat, .banned(reason), by: .ban)
        if isEverywhere { server.evictEverywhere(bans) }
        return true
    }

    /// Does what a game has said about a seat.
    func carryOut(_ kick: GameKick) {
        guard let ban = kick.ban else { return _ = self.kick(seat: kick.seat, reason: kick.reason) }
        _ = self.ban(seat: kick.seat, reason: kick.reason, for: ban.time)
    }

    private func isHeld(_ seat: Int) -> Bool {
        lobby.seats.rows.indices.contains(seat) && lobby.seats.rows[seat].isHeld
    }

    /// Whom a ban of a seat's holder is about: its subject, so that no address helps, and the guests of its address, so
    /// that it does not help to be nobody. An address that says nothing about who is there is not banned.
    private func targets(of seat: Int) -> [BanTarget] {
        let subject = lobby.seats.rows[seat].subject.map { BanTarget.subject($0) }
        let guests = guestAddresses[seat].map { BanTarget.guests(address: $0) }
        return [subject, guests].compactMap { $0 }
    }

    @discardableResult
    private func keepOut(
        _ seat: Int, from lobby: String?, _ kind: Ban.Kind, _ reason: String, by actor: String = "", for time: Interval?
    ) -> [Ban] {
        let until = time.map { server.clock() + $0 } ?? .distantFuture
        let bans = targets(of: seat).map { Ban(of: $0, from: lobby, kind, reason: reason, by: actor, until: until) }
        server.add(bans)
        return bans
    }

    /// Frees the seats of those whom a ban is about.
    func evict(_ ban: Ban) {
        for seat in lobby.seats.rows.indices where isHeld(seat) && isAbout(ban.target, seat) {
            server.counters[.bans] += 1
            vacate(seat, .banned(ban.reason), by: .ban)
        }
        audience?.evict(ban)
    }

    private func isAbout(_ target: BanTarget, _ seat: Int) -> Bool {
        switch target {
        case .subject(let subject): lobby.seats.rows[seat].subject == subject
        case .guests(let address): lobby.seats.rows[seat].subject == nil && guestAddresses[seat] == address
        }
    }

    /// Refuses whoever is kept out, from this lobby or from all.
    func checkBans(of subject: String?, _ request: JoinRequest) throws(JoinRefusal) {
        let target = subject.map { BanTarget.subject($0) } ?? request.guestAddress.map { .guests(address: $0) }
        guard let target, let ban = server.ban(of: target, from: id) else { return }
        server.counters[.joinsBarred] += 1
        throw ban.refusal
    }
}

extension Server {
    /// Notes bans, for all loops.
    package func add(_ bans: [Ban]) {
        let now = clock()
        loops.withDirectory { [hooks] directory in
            for ban in bans {
                directory.bans.add(ban, at: now)
                guard ban.isStored, let changed = hooks.bansChanged else { continue }
                let time = ban.until == .distantFuture ? nil : ban.until - now
                changed(.banned(ban.target, reason: ban.reason, actor: ban.actor, time: time))
            }
        }
    }

    /// Keeps somebody out of one of this loop's lobbies, or of all, and frees the seats that they have there.
    ///
    /// - Parameter time: For how long; nil for as long as the lobby lives, or for ever.
    func ban(
        _ target: BanTarget, from lobby: HostedLobby?, reason: String, for time: Interval?, by actor: String
    ) {
        let until = time.map { clock() + $0 } ?? .distantFuture
        let ban = Ban(of: target, from: lobby?.id, .banned, reason: reason, by: actor, until: until)
        add([ban])
        if let lobby { lobby.evict(ban) } else { evictEverywhere([ban]) }
    }

    /// What keeps a target out of a lobby, or, without one, out of all.
    func ban(of target: BanTarget, from lobby: String?) -> Ban? {
        let now = clock()
        return loops.withDirectory { $0.bans.ban(of: target, from: lobby, at: now) } ?? nil
    }

    /// What keeps everybody from an address out who has not shown to be anybody; nil where nothing does.
    func ban(ofGuestsFrom peer: PeerAddress?) -> Ban? {
        guard let peer, !settings.admission.exempts(peer) else { return nil }
        return ban(of: .guests(address: peer.banText), from: nil)
    }

    /// Every ban that holds, of all lobbies.
    package var bans: [Ban] {
        let now = clock()
        return loops.withDirectory { $0.bans.active(at: now) } ?? []
    }

    /// Lets somebody in again; whether they were kept out.
    package func lift(_ target: BanTarget, from lobby: String?) -> Bool {
        loops.withDirectory { [hooks] directory in
            guard directory.bans.lift(target, from: lobby) else { return false }
            if lobby == nil { hooks.bansChanged?(.lifted(target)) }
            return true
        } ?? false
    }

    /// Frees every seat, on every loop, of those whom bans from all lobbies are about.
    func evictEverywhere(_ bans: [Ban]) {
        for ban in bans { loops.askAll(.evict(ban)) { _ in } }
    }

    /// Frees the seats of this loop's lobbies that a ban is about.
    func evict(_ ban: Ban) {
        for lobby in lobbies { lobby.evict(ban) }
    }
}
