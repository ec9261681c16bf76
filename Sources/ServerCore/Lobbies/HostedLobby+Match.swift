import GameKit
import JSONCore
import LobbyCore

/// What players are told of the match around their game, and what they ask of it (protocol/spec/lobby.md §4.1).
extension HostedLobby {
    // MARK: Telling

    /// What a welcome says beside the seat, in a lobby with a match around its game.
    func addMatch(to welcome: inout JSONObject, seat: Int) {
        let match = lobby.match
        guard match.rules.isStaged else { return }
        welcome["phase"] = .string(match.phase.rawValue)
        welcome["round"] = .integer(Int64(match.round))
        if match.rules.hasHost { welcome["host"] = match.host.map { .integer(Int64($0)) } ?? .null }
        if let team = match.team(of: seat) { welcome["team"] = .integer(Int64(team)) }
    }

    /// Tells everyone what has changed around the game.
    func announceMatch() {
        // Sending may end slow members, and with them change the match again: what is older must not come after.
        guard !isAnnouncing else { return }
        isAnnouncing = true
        defer { isAnnouncing = false }
        while !isClosed {
            let changes = lobby.match.takeChanges()
            if changes.isEmpty { return }
            if changes.contains(.phase) { phaseChanged() }
            if changes.contains(.players), !isClosed { emit("players", players) }
        }
    }

    private func phaseChanged() {
        let match = lobby.match
        if match.phase == .over { return close("the game is over") }
        if match.phase == .running, match.round > 1 { gameBegunAnew() }
        emit("phase", phaseData)
    }

    /// Where the match stands.
    var phaseData: JSONValue {
        let match = lobby.match
        var data: JSONObject = ["phase": .string(match.phase.rawValue), "round": .integer(Int64(match.round))]
        if match.ticksLeft > 0 { data["ticks"] = .integer(Int64(match.ticksLeft)) }
        return .object(data)
    }

    /// Who is there, as far as it concerns the match.
    var players: JSONValue {
        let match = lobby.match
        var rows: [JSONValue] = []
        for (seat, row) in lobby.seats.rows.enumerated() {
            guard row.isHeld, let player = match.players[seat] else { continue }
            var entry: JSONObject = [
                "seat": .integer(Int64(seat)), "name": .string(row.name), "connected": .bool(player.isConnected),
            ]
            if match.phase == .waiting || match.phase == .starting { entry["ready"] = .bool(player.isReady) }
            if match.phase == .finished { entry["rematch"] = .bool(player.wantsRematch) }
            if let team = player.team { entry["team"] = .integer(Int64(team)) }
            rows.append(.object(entry))
        }
        var data: JSONObject = ["players": .array(rows)]
        if match.rules.hasHost { data["host"] = match.host.map { .integer(Int64($0)) } ?? .null }
        if lobby.isLocked { data["locked"] = true }
        return .object(data)
    }

    /// The game has finished: tells everyone, hands the result on, and closes the lobby unless a rematch may be.
    func gameFinished(_ result: JSONValue, scores: [GameScore]) {
        emit("finished", result)
        guard !isClosed, lobby.match.isGameOn else { return }
        server.hooks.results?(lobby.matchResult(result, scores: scores))
        lobby.match.gameFinished()
        if lobby.match.phase == .over { close("the game is over") } else { announceMatch() }
    }

    // MARK: Asking

    /// Does what somebody asks, or says why not.
    ///
    /// - Parameter seat: The asker's; nil for an admin.
    /// - Returns: What the asker is told.
    func carryOut(_ command: LobbyCommand, by seat: Int?) -> Result<JSONValue, MatchRefusal> {
        do throws(MatchRefusal) {
            let answer = try attempt(command, by: seat)
            settle()
            return .success(answer)
        } catch {
            if case .chat = command { server.counters[.chatRefused] += 1 }
            return .failure(error)
        }
    }

    private func attempt(_ command: LobbyCommand, by seat: Int?) throws(MatchRefusal) -> JSONValue {
        let role = seat.map { lobby.match.role(of: $0) } ?? .admin
        // Who is not here cannot have a seat to speak for.
        let own = seat ?? -1
        switch command {
        case .players:
            try MatchVerb.players.check(role, in: lobby.match.phase)
            return players
        case .ready(let isReady): try lobby.match.setReady(isReady, own)
        case .team(let team, let other):
            let target = other ?? own
            try lobby.match.setTeam(team, of: target, by: role, isOwn: target == own)
        case .start: try lobby.match.start(by: role)
        case .rematch(let wants): try lobby.match.voteRematch(wants, own)
        case .kick(let other, let reason):
            try MatchVerb.kick.check(role, in: lobby.match.phase)
            guard other != own, kick(seat: other, reason: reason) else { throw .noSuchSeat }
        case .lock(let isLocked):
            try lobby.match.setLocked(isLocked, by: role)
        case .terms(let change): try changeTerms(change, by: role)
        case .host(let other): try lobby.match.setHost(other, by: role)
        case .mute(let other, let seconds, let reason):
            try mute(other, seconds: seconds, reason: reason, by: role, own: own)
        case .chat(let text, let target): return try say(text, to: target, by: own)
        }
        return .null
    }

    private func changeTerms(_ change: JSONValue, by role: MatchRole) throws(MatchRefusal) {
        try MatchVerb.terms.check(role, in: lobby.match.phase)
        guard case .object = change else { throw .malformed("the data must be an object of terms") }
        do throws(JoinRefusal) {
            terms = try terms.changed(by: change, rules: lobby.rules)
        } catch {
            throw .malformed(error.message)
        }
        emit("terms", .object(terms.shown))
    }
}
