import GameKit
import JSONCore
import LobbyCore

/// What somebody who joins `~match` wants: `{"rank"?, "players"?, "party"?}` (protocol/spec/lobby.md §2.4).
struct MatchWish: Sendable, Equatable {
    /// Several who want to be in one team.
    struct Party: Sendable, Hashable {
        /// What they have agreed on: whoever knows it belongs to them.
        var code: String
        /// How many they are.
        var size: Int
    }

    /// Whom it is about.
    var pool: QueueTicket.Pool
    /// How good the player is.
    var rank: Int
    /// With whom the player has come; nil for nobody.
    var party: Party?
    /// What the match's lobby is to be found by.
    var filter: JSONObject

    /// Reads the wish of a request for a match of `game`.
    ///
    /// - Throws: A bad request that says what is wrong.
    init(_ request: JoinRequest, game: GameType) throws(JoinRefusal) {
        let data = request.auth["match"] ?? .null
        guard data == .null || data.object != nil else { throw .badRequest("\"match\" must be an object") }
        rank = try Self.number(data, "rank", 0...1_000_000) ?? 0
        let (seats, teams) = (game.rules.seats, max(1, game.rules.match.teams))
        let players = try Self.number(data, "players", 1...seats) ?? seats / teams * teams
        guard players % teams == 0 else {
            throw .badRequest("\"players\" must fill \(teams) teams evenly")
        }
        // Text that is the same for the same members, in whatever order they have come.
        let sorted = request.filter.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        filter = request.filter
        pool = QueueTicket.Pool(
            game: game.name, teams: teams, teamSize: players / teams,
            filter: JSONValue.array(sorted.flatMap { [.string($0.key), $0.value] }).text)
        party = try Self.party(data["party"] ?? .null, sizeMax: pool.teamSize)
    }

    /// What whoever has the wish is told: for what it waits, and how long at most.
    func queued(_ limits: MatchQueue.Limits) -> JSONObject {
        var queued: JSONObject = [
            "game": .string(pool.game), "players": .integer(Int64(pool.playerCount)),
            "seconds": .integer(Int64(limits.timeoutSeconds)),
        ]
        queued["party"] = gathered(0)
        return queued
    }

    /// How many of its party are there; nil without one.
    func gathered(_ count: Int) -> JSONValue? {
        party.map { ["size": .integer(Int64($0.size)), "here": .integer(Int64(count))] }
    }

    private static func party(_ data: JSONValue, sizeMax: Int) throws(JoinRefusal) -> Party? {
        if data == .null { return nil }
        guard let code = data["code"]?.string, (8...64).contains(code.utf8.count) else {
            throw .badRequest("the \"code\" of a party is a string of 8 to 64 bytes")
        }
        guard let size = try number(data, "size", 1...sizeMax) else {
            throw .badRequest("a party has a \"size\", 1 to \(sizeMax)")
        }
        return Party(code: code, size: size)
    }

    private static func number(
        _ data: JSONValue, _ key: String, _ range: ClosedRange<Int>
    ) throws(JoinRefusal) -> Int? {
        guard let value = data[key], value != .null else { return nil }
        guard let number = value.integer.flatMap({ Int(exactly: $0) }), range.contains(number) else {
            throw .badRequest("\"\(key)\" must be a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// A seat that is kept for somebody who was found a match.
struct KeptPlace: Sendable, Equatable {
    var lobby: String
    var seat: Int
    var team: Int?
    /// What brings to it.
    var ticket: String
}
