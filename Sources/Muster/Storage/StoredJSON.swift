import JSONCore
import StorageKit

// What is stored, as anyone may see it (protocol/spec/lobby.md §5.4): names, and no subjects, which may say who somebody is. The
// audit log is for admins.

extension Leaderboard {
    func json(of query: LeaderboardQuery) -> JSONValue {
        [
            "game": .string(query.game), "season": .string(query.season), "order": .string(query.order.rawValue),
            "players": .integer(Int64(players)), "rows": .array(rows.map(\.json)),
        ]
    }
}

extension Leaderboard.Row {
    fileprivate var json: JSONValue {
        [
            "rank": .integer(Int64(rank)), "name": .string(name), "guest": .bool(subject == nil),
            "score": .integer(Int64(score)), "matches": .integer(Int64(matches)),
        ]
    }
}

extension StoredPage<StoredMatch> {
    var json: JSONValue {
        ["results": .array(rows.map(\.json)), "next": next.map { .integer($0) } ?? .null]
    }
}

extension StoredMatch {
    fileprivate var json: JSONValue {
        // As the game said it: its size was checked when it was written.
        let parsed = try? JSONValue.parse(Array(result.utf8).span, limits: JSONLimits(depthMax: 128, valuesMax: 65_536))
        return [
            "id": .string(id), "game": .string(game), "lobby": .string(lobby), "season": .string(season),
            "startedAt": .integer(startedAt), "endedAt": .integer(endedAt),
            "players": .array(players.map(\.json)), "result": parsed ?? .null,
        ]
    }
}

extension StoredMatch.Player {
    fileprivate var json: JSONValue {
        var row: JSONObject = ["seat": .integer(Int64(seat)), "name": .string(name)]
        if let team { row["team"] = .integer(Int64(team)) }
        if let score { row["score"] = .integer(Int64(score)) }
        return .object(row)
    }
}

extension StoredPage<AuditEntry> {
    var json: JSONValue {
        ["entries": .array(rows.map(\.json)), "next": next.map { .integer($0) } ?? .null]
    }
}

extension AuditEntry {
    /// One entry (protocol/spec/admin.md §6).
    package var json: JSONValue {
        [
            "id": .string(id), "at": .integer(at), "actor": .string(actor), "address": .string(address),
            "action": .string(action), "target": .string(target), "reason": .string(reason),
            "outcome": .string(outcome),
        ]
    }
}
