import GameKit
import JSONCore

/// How one game in a lobby has ended: what there is to keep of it.
package struct MatchResult: Sendable, Equatable {
    /// Somebody who sat there at the end.
    package struct Player: Sendable, Equatable {
        /// The seat's number.
        package let seat: Int
        /// What the player was called; not unique.
        package let name: String
        /// Who it was, where somebody has vouched for that.
        package let subject: String?
        /// The player's team; nil in a game without teams.
        package let team: Int?
        /// What the game said that the player has scored, if it did.
        package let score: Int?
    }

    /// The lobby's id.
    package let lobby: String
    /// The game's name.
    package let game: String
    /// Which game of the lobby it was, from 1.
    package let round: Int
    /// The lobby's ticks, counted since it was opened, before the first step and after the last.
    package let startedTick: UInt64
    package let endedTick: UInt64
    /// Ticks in a second.
    package let tickRate: Int
    /// Who sat there at the end, by seat.
    package let players: [Player]
    /// What the game said when it finished.
    package let result: JSONValue
}

extension Lobby {
    /// What there is to keep of the game that has just finished.
    package func matchResult(_ result: JSONValue, scores: [GameScore] = []) -> MatchResult {
        let players = seats.rows.enumerated().compactMap { seat, row -> MatchResult.Player? in
            guard row.isHeld else { return nil }
            let score = scores.first { $0.seat == seat }?.score
            return MatchResult.Player(
                seat: seat, name: row.name, subject: row.subject, team: match.team(of: seat), score: score)
        }
        return MatchResult(
            lobby: id, game: game.name, round: match.round, startedTick: match.startedTick, endedTick: match.tick,
            tickRate: rules.tickRate, players: players, result: result)
    }
}
