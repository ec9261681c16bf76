/// Where a lobby stands around its game.
package enum MatchPhase: String, Sendable, CaseIterable {
    /// Players come, choose teams and say that they are ready. No step is run.
    case waiting
    /// Everyone is ready, and the countdown runs.
    case starting
    /// The game runs.
    case running
    /// The game has finished, and a rematch may be asked for.
    case finished
    /// Nothing more comes: the lobby is to be closed.
    case over
}

/// What somebody may ask of a lobby, beside playing.
package enum MatchVerb: String, Sendable, CaseIterable {
    /// To be told who is there.
    case players
    /// To say that one is ready, or not any more.
    case ready
    /// To change one's own team.
    case team
    /// To put somebody else into a team.
    case assign
    /// To begin although not everyone is ready.
    case start
    /// To vote for another game.
    case rematch
    /// To remove a player.
    case kick
    /// To let nobody new in, or to let them in again.
    case lock
    /// To change what is said of the lobby.
    case terms
    /// To make another player the host.
    case host
    /// To keep a player from talking, or not any more.
    case mute
    /// To say something.
    case chat
}

/// Who asks.
package enum MatchRole: Sendable, CaseIterable {
    /// Whoever has no seat: a watcher, somebody who has not joined or has left.
    case outsider
    /// Whoever has a seat.
    case player
    /// The player who leads.
    case host
    /// Somebody from outside who is trusted.
    case admin
}

/// Why something that was asked of a lobby is not done: nothing has changed.
package enum MatchRefusal: Error, Sendable, Equatable {
    /// The lobby is not at a place where it can be.
    case notNow
    /// Only the host may ask for it.
    case notHost
    /// Whoever has no seat may not ask for it.
    case notHere
    /// The rules have no such thing: no teams, no ready check, no rematch, no chat.
    case notInRules
    /// Nobody sits there, or oneself does.
    case noSuchSeat
    /// There is no such team, or it has no room.
    case teamFull
    /// Too few are there to begin, or a team is empty.
    case tooFew
    /// The request is not what it must be; the text says how it must be.
    case malformed(String)
    /// The player may not talk, for so many seconds more.
    case muted(reason: String, seconds: Int)
    /// Too much was said in too short a time.
    case tooFast
    /// The message is too long.
    case tooLong
    /// Nothing is left of the message once it is cleaned.
    case empty
    /// The player has just said the same.
    case repeated
    /// Whom it is for is not connected.
    case away

    /// By this a client tells one refusal from another.
    package var code: String {
        switch self {
        case .notNow: "not-now"
        case .notHost: "not-host"
        case .notHere: "not-here"
        case .notInRules: "not-in-rules"
        case .noSuchSeat: "no-such-seat"
        case .teamFull: "team-full"
        case .tooFew: "too-few"
        case .malformed: "malformed"
        case .muted: "muted"
        case .tooFast: "too-fast"
        case .tooLong: "too-long"
        case .empty: "empty"
        case .repeated: "repeated"
        case .away: "away"
        }
    }

    /// The refusal in words, for the player.
    package var message: String {
        switch self {
        case .notNow: "not at this time of the match"
        case .notHost: "only the host may do that"
        case .notHere: "only players may do that"
        case .notInRules: "this lobby has no such thing"
        case .noSuchSeat: "there is nobody else of that seat"
        case .teamFull: "there is no room in that team"
        case .tooFew: "too few players to begin, or nobody in a team"
        case .malformed(let text): text
        case .muted(let reason, let seconds):
            reason.isEmpty ? "muted for \(seconds) s" : "muted for \(seconds) s: \(reason)"
        case .tooFast: "too many messages in a short time"
        case .tooLong: "the message is too long"
        case .empty: "there is nothing to say in that message"
        case .repeated: "that was said just now"
        case .away: "that player is not connected"
        }
    }
}

extension MatchVerb {
    /// Who may do it in a phase.
    private enum Authority {
        case nobody, players, leaders
    }

    /// The table: every verb in every phase.
    ///
    /// | verb | waiting | starting | running | finished |
    /// |---|---|---|---|---|
    /// | players, chat | players | players | players | players |
    /// | ready | players | players | – | – |
    /// | team | players | – | – | – |
    /// | assign, start | leaders | – | – | – |
    /// | rematch | – | – | – | players |
    /// | kick, lock, terms, host, mute | leaders | leaders | leaders | leaders |
    ///
    /// Players are whoever has a seat, leaders the host and admins. In a lobby that is over nobody may do anything.
    private func authority(in phase: MatchPhase) -> Authority {
        if phase == .over { return .nobody }
        switch self {
        case .players, .chat: return .players
        case .ready: return phase == .waiting || phase == .starting ? .players : .nobody
        case .team: return phase == .waiting ? .players : .nobody
        case .assign, .start: return phase == .waiting ? .leaders : .nobody
        case .rematch: return phase == .finished ? .players : .nobody
        case .kick, .lock, .terms, .host, .mute: return .leaders
        }
    }

    /// Checks that whoever asks may do it in that phase.
    ///
    /// - Throws: ``MatchRefusal/notHere``, ``MatchRefusal/notNow`` or ``MatchRefusal/notHost``, in this order.
    package func check(_ role: MatchRole, in phase: MatchPhase) throws(MatchRefusal) {
        guard role != .outsider else { throw .notHere }
        switch authority(in: phase) {
        case .nobody: throw .notNow
        case .players: guard role != .admin else { throw .notHere }
        case .leaders: guard role != .player else { throw .notHost }
        }
    }
}
