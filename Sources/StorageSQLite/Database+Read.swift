internal import GRDB
import StorageKit

/// What is asked, each within one transaction that sees the file as it was at one moment.
extension Database {
    func matches(of game: String?, before: Int64?, limit: Int) throws -> StoredPage<StoredMatch> {
        let limit = limit.clamped
        let before = before ?? Int64.max
        let rows = try Row.fetchAll(
            self,
            literal: game.map {
                """
                SELECT * FROM matches WHERE game = \($0) AND number < \(before) ORDER BY number DESC LIMIT \(limit + 1)
                """
            } ?? "SELECT * FROM matches WHERE number < \(before) ORDER BY number DESC LIMIT \(limit + 1)")
        let matches = try rows.prefix(limit).map { row in
            StoredMatch(
                id: row["id"], game: row["game"], lobby: row["lobby"], season: row["season"],
                startedAt: row["started_at"], endedAt: row["ended_at"], players: try players(of: row["number"]),
                result: row["result"])
        }
        return StoredPage(rows: matches, next: rows.next(behind: limit))
    }

    private func players(of match: Int64) throws -> [StoredMatch.Player] {
        try Row.fetchAll(self, literal: "SELECT * FROM players WHERE match = \(match) ORDER BY seat").map { row in
            StoredMatch.Player(
                seat: row["seat"], name: row["name"], subject: row["subject"], team: row["team"], score: row["score"])
        }
    }

    // MARK: Leaderboards

    func leaderboard(_ query: LeaderboardQuery) throws -> Leaderboard {
        let limit = query.limit.clamped
        let board: SQL = "game = \(query.game) AND season = \(query.season)"
        let count = try Int.fetchOne(self, literal: "SELECT count(*) FROM scores WHERE \(board)") ?? 0
        let first: Int
        switch query.place {
        case .rank(let rank): first = max(1, rank)
        case .around(let name):
            guard let rank = try rank(of: name, on: board, query.order) else {
                return Leaderboard(players: count, rows: [])
            }
            first = max(1, rank - limit / 2)
        }
        let rows = try Row.fetchAll(
            self,
            literal: """
                SELECT name, player, is_guest, matches, \(query.order.column) AS score FROM scores WHERE \(board)
                ORDER BY \(query.order.sorting), number LIMIT \(limit) OFFSET \(first - 1)
                """)
        return Leaderboard(
            players: count,
            rows: rows.enumerated().map { offset, row in
                Leaderboard.Row(
                    rank: first + offset, name: row["name"], subject: row["is_guest"] ? nil : row["player"],
                    score: row["score"], matches: row["matches"])
            })
    }

    /// The rank of the player of that name, the best placed of several: one more than how many are before it.
    private func rank(of name: String, on board: SQL, _ order: LeaderboardOrder) throws -> Int? {
        let own = try Row.fetchOne(
            self,
            literal: """
                SELECT number, \(order.column) AS score FROM scores WHERE \(board) AND name = \(name)
                ORDER BY \(order.sorting), number LIMIT 1
                """)
        guard let own else { return nil }
        let (number, score): (Int64, Int) = (own["number"], own["score"])
        let before: SQL =
            order == .least ? "\(order.column) < \(score)" : "\(order.column) > \(score)"
        let count = try Int.fetchOne(
            self,
            literal: """
                SELECT (SELECT count(*) FROM scores WHERE \(board) AND \(before))
                    + (SELECT count(*) FROM scores WHERE \(board) AND \(order.column) = \(score) AND number < \(number))
                """)
        return (count ?? 0) + 1
    }

    // MARK: Moderation

    func bans(at time: UnixMilliseconds) throws -> [StoredBan] {
        let rows = try Row.fetchAll(
            self,
            literal: """
                SELECT * FROM bans WHERE until IS NULL OR until > \(time) ORDER BY since, kind, value
                """)
        return rows.compactMap { row in
            StoredBan.Target(kind: row["kind"], value: row["value"]).map {
                StoredBan($0, reason: row["reason"], actor: row["actor"], since: row["since"], until: row["until"])
            }
        }
    }

    func audit(_ query: AuditQuery) throws -> StoredPage<AuditEntry> {
        let limit = query.limit.clamped
        var condition: SQL = "number < \(query.before ?? Int64.max)"
        if let actor = query.actor { condition += " AND actor = \(actor)" }
        if let action = query.action { condition += " AND action = \(action)" }
        if let target = query.target { condition += " AND substr(target, 1, length(\(target))) = \(target)" }
        if let outcome = query.outcome { condition += " AND outcome = \(outcome)" }
        if let since = query.since { condition += " AND at >= \(since)" }
        let rows = try Row.fetchAll(
            self,
            literal: "SELECT * FROM audit WHERE \(condition) ORDER BY number DESC LIMIT \(limit + 1)")
        let entries = rows.prefix(limit).map { row in
            AuditEntry(
                id: row["id"], at: row["at"], actor: row["actor"], address: row["address"], action: row["action"],
                target: row["target"], reason: row["reason"], outcome: row["outcome"])
        }
        return StoredPage(rows: entries, next: rows.next(behind: limit))
    }

    func users() throws -> [StoredUser] {
        try Row.fetchAll(self, literal: "SELECT * FROM users ORDER BY name").map { row in
            StoredUser(
                name: row["name"], role: row["role"], password: row["password"], stamp: row["stamp"],
                since: row["since"])
        }
    }
}

extension Row {
    fileprivate static func fetchAll(_ db: Database, literal: SQL) throws -> [Row] {
        let (sql, arguments) = try literal.build(db)
        return try fetchAll(db, sql: sql, arguments: arguments)
    }

    fileprivate static func fetchOne(_ db: Database, literal: SQL) throws -> Row? {
        let (sql, arguments) = try literal.build(db)
        return try fetchOne(db, sql: sql, arguments: arguments)
    }
}

extension Int {
    fileprivate static func fetchOne(_ db: Database, literal: SQL) throws -> Int? {
        let (sql, arguments) = try literal.build(db)
        return try fetchOne(db, sql: sql, arguments: arguments)
    }

    /// A limit within its bounds.
    fileprivate var clamped: Int { Swift.min(100, Swift.max(1, self)) }
}

extension [Row] {
    /// Of a list with one row more than was asked for: where the next page goes on, if there is one.
    fileprivate func next(behind limit: Int) -> Int64? {
        count > limit ? self[limit - 1]["number"] : nil
    }
}

extension LeaderboardOrder {
    fileprivate var column: SQL {
        switch self {
        case .best: "best"
        case .least: "least"
        case .sum: "sum"
        }
    }

    fileprivate var sorting: SQL {
        switch self {
        case .best: "best DESC"
        case .least: "least"
        case .sum: "sum DESC"
        }
    }
}
