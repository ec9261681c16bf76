internal import GRDB
import StorageKit

/// What is written, statement by statement, within one transaction.
extension Database {
    func write(_ record: StorageRecord) throws {
        switch record {
        case .match(let match): try write(match)
        case .ban(let ban): try write(ban)
        case .unban(let target):
            let (kind, value) = target.columns
            try execute(literal: "DELETE FROM bans WHERE kind = \(kind) AND value = \(value)")
        case .audit(let entry):
            try execute(
                literal: """
                    INSERT INTO audit (id, at, actor, address, action, target, reason, outcome)
                    VALUES (\(entry.id), \(entry.at), \(entry.actor), \(entry.address), \(entry.action), \
                    \(entry.target), \(entry.reason), \(entry.outcome)) ON CONFLICT (id) DO NOTHING
                    """)
        case .user(let user):
            try execute(
                literal: """
                    INSERT OR REPLACE INTO users (name, role, password, stamp, since)
                    VALUES (\(user.name), \(user.role), \(user.password), \(user.stamp), \(user.since))
                    """)
        case .removeUser(let name): try execute(literal: "DELETE FROM users WHERE name = \(name)")
        case .setting(let name, let value?):
            try execute(
                literal: """
                    INSERT INTO settings (name, value) VALUES (\(name), \(value))
                    ON CONFLICT (name) DO UPDATE SET value = excluded.value
                    """)
        case .setting(let name, nil): try execute(literal: "DELETE FROM settings WHERE name = \(name)")
        }
    }

    private func write(_ ban: StoredBan) throws {
        let (kind, value) = ban.target.columns
        // Those that have ended are of no use to anybody.
        try execute(literal: "DELETE FROM bans WHERE until <= \(ban.since)")
        try execute(
            literal: """
                INSERT OR REPLACE INTO bans (kind, value, reason, actor, since, until)
                VALUES (\(kind), \(value), \(ban.reason), \(ban.actor), \(ban.since), \(ban.until))
                """)
    }

    /// A match that is there already has added to its leaderboards, and does not again.
    private func write(_ match: StoredMatch) throws {
        try execute(
            literal: """
                INSERT INTO matches (id, game, lobby, season, started_at, ended_at, result)
                VALUES (\(match.id), \(match.game), \(match.lobby), \(match.season), \(match.startedAt), \
                \(match.endedAt), \(match.result)) ON CONFLICT (id) DO NOTHING
                """)
        guard changesCount > 0 else { return }
        let number = lastInsertedRowID
        for player in match.players {
            try execute(
                literal: """
                    INSERT INTO players (match, seat, name, subject, team, score)
                    VALUES (\(number), \(player.seat), \(player.name), \(player.subject), \(player.team), \
                    \(player.score))
                    """)
            guard let score = player.score else { continue }
            try add(score, of: player, game: match.game, season: "")
            if !match.season.isEmpty { try add(score, of: player, game: match.game, season: match.season) }
        }
    }

    private func add(_ score: Int, of player: StoredMatch.Player, game: String, season: String) throws {
        let score = max(-SQLiteStorage.scoreMax, min(SQLiteStorage.scoreMax, score))
        try execute(
            literal: """
                INSERT INTO scores (game, season, player, is_guest, name, best, least, sum, matches)
                VALUES (\(game), \(season), \(player.subject ?? player.name), \(player.subject == nil), \(player.name), \
                \(score), \(score), \(score), 1)
                ON CONFLICT (game, season, player, is_guest) DO UPDATE SET
                    name = excluded.name, best = max(best, excluded.best), least = min(least, excluded.least),
                    sum = sum + excluded.sum, matches = matches + 1
                """)
    }

    /// Removes what is older than the newest that are kept. Numbers only grow, so that this costs a look at the last one.
    func trim(_ keep: (matches: Int64, audit: Int64)) throws {
        try execute(
            literal: "DELETE FROM matches WHERE number <= (SELECT max(number) FROM matches) - \(keep.matches)")
        try execute(literal: "DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - \(keep.audit)")
    }
}

extension StoredBan.Target {
    /// How it is kept.
    var columns: (kind: String, value: String) {
        switch self {
        case .subject(let subject): ("subject", subject)
        case .address(let address): ("address", address)
        }
    }

    init?(kind: String, value: String) {
        switch kind {
        case "subject": self = .subject(value)
        case "address": self = .address(value)
        default: return nil
        }
    }
}
