import GameKit
import HTTPCore
import JSONCore
import LobbyCore

/// Which lobbies somebody wants to be shown (protocol/spec/lobby.md §5.1).
struct LobbyQuery: Sendable, Equatable {
    /// The most rows of a list.
    static let rowsMax = 50

    /// Only those in which this game is played.
    var game: String?
    /// Only those whose title has this text, in any case.
    var title: String?
    /// Only those that a new player could join at once, without a password.
    var isOpen = false
    /// Of those: only with so many free seats.
    var room = 1
    /// Only those whose metadata has all of these.
    var metadata = JSONObject()
    /// Only those whose ids come behind this one, in the order of bytes.
    var after: String?
    /// How many at most, 1 to ``rowsMax``.
    var limit = rowsMax

    /// All lobbies.
    init() {}

    /// Reads the query of a request.
    init(_ query: HTTPQuery) throws(LobbyQueryError) {
        for pair in query.pairs {
            let value = pair.value
            switch pair.name {
            case "game": game = value
            case "title": title = value.lowercased()
            case "after": after = value
            case "open":
                guard value == "true" || value == "false" else { throw LobbyQueryError("open is true or false") }
                isOpen = value == "true"
            case "limit":
                guard let limit = Int(value), (1...Self.rowsMax).contains(limit) else {
                    throw LobbyQueryError("limit is 1 to \(Self.rowsMax)")
                }
                self.limit = limit
            case let name where name.hasPrefix("metadata."):
                // What is a number or a flag to the lobby is text here.
                metadata[String(name.dropFirst(9))] = .string(value)
            default:
                throw LobbyQueryError("there is no \"\(pair.name)\": game, title, open, metadata.NAME, after, limit")
            }
        }
    }

    /// Reads the data of an event: an object with the same members, where `metadata` is one.
    init(_ data: JSONValue) throws(LobbyQueryError) {
        if data == .null { return }
        guard case .object(let members) = data else { throw LobbyQueryError("a query is an object") }
        for member in members.members where member.value != .null {
            let value = member.value
            switch member.key {
            case "game": game = try Self.text(value, "game")
            case "title": title = try Self.text(value, "title").lowercased()
            case "after": after = try Self.text(value, "after")
            case "open":
                guard let flag = value.bool else { throw LobbyQueryError("open is true or false") }
                isOpen = flag
            case "limit":
                guard let limit = value.integer.flatMap({ Int(exactly: $0) }), (1...Self.rowsMax).contains(limit) else {
                    throw LobbyQueryError("limit is 1 to \(Self.rowsMax)")
                }
                self.limit = limit
            case "metadata":
                do throws(JoinRefusal) {
                    metadata = try LobbyTerms.metadata(value)
                } catch {
                    throw LobbyQueryError(error.message)
                }
            default: throw LobbyQueryError("there is no \"\(member.key)\": game, title, open, metadata, after, limit")
            }
        }
    }

    private static func text(_ value: JSONValue, _ name: String) throws(LobbyQueryError) -> String {
        guard let text = value.string, text.utf8.count <= 256 else {
            throw LobbyQueryError("\(name) is a string of at most 256 bytes")
        }
        return text
    }

    /// Whether a lobby is to be shown.
    func matches(_ hosted: HostedLobby) -> Bool {
        hosted.terms.isListed
            && matches(
                hosted.id, game: hosted.lobby.game.name, hosted.terms,
                isOpen: hosted.isOpen && hosted.playerCount + room <= hosted.playersMax)
    }

    /// Whether one of the list is; no list asks for room.
    func matches(_ row: LobbyRow) -> Bool { matches(row.id, game: row.game, row.terms, isOpen: row.isOpen) }

    private func matches(
        _ id: String, game name: String, _ terms: LobbyTerms, isOpen canBeJoined: @autoclosure () -> Bool
    ) -> Bool {
        guard game == nil || game == name, !isOpen || canBeJoined() else { return false }
        if let after, !after.utf8.lexicographicallyPrecedes(id.utf8) { return false }
        if let title, !terms.title.lowercased().contains(title) { return false }
        return metadata.members.allSatisfy { member in
            guard let own = terms.metadata[member.key] else { return false }
            return own == member.value || member.value.string == own.plainText
        }
    }
}

/// A query that cannot be served; the text says why.
struct LobbyQueryError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

extension JSONValue {
    /// A scalar as it would stand in a query; nil for what is none.
    fileprivate var plainText: String? {
        switch self {
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let integer): "\(integer)"
        case .string(let text): text
        default: nil
        }
    }
}

extension Server {
    /// The listed lobbies of all loops that a query wants, in the order of their ids.
    func listLobbies(_ query: LobbyQuery = LobbyQuery(), _ answered: @escaping ([JSONValue]) -> Void) {
        loops.askAll(.lobbies(query)) { answers in
            var rows: [LobbyRow] = []
            for case .lobbies(let more) in answers { rows += more }
            rows.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
            answered(rows.prefix(query.limit).map(\.json))
        }
    }

    /// This loop's part of such a list.
    func rows(_ query: LobbyQuery) -> [LobbyRow] {
        var rows = lobbies.filter(query.matches).map(LobbyRow.init)
        rows.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        return Array(rows.prefix(query.limit))
    }

    /// The id of the fullest lobby that a quick join may take, or nil.
    func findOpenLobby(_ request: JoinRequest, room: Int, _ found: @escaping (String?) -> Void) {
        var query = LobbyQuery()
        query.game = request.game ?? settings.defaultGame
        query.isOpen = true
        query.room = room
        query.metadata = request.filter
        loops.askAll(.fullest(query)) { answers in
            var best: LobbyRow?
            for case .lobbies(let rows) in answers {
                for row in rows where row.players > best?.players ?? -1 { best = row }
            }
            found(best?.id)
        }
    }

    /// This loop's fullest lobby that a query wants; none or one.
    func fullest(_ query: LobbyQuery) -> [LobbyRow] {
        var best: HostedLobby?
        for lobby in lobbies where lobby.playerCount > best?.playerCount ?? -1 && query.matches(lobby) { best = lobby }
        return best.map { [LobbyRow($0)] } ?? []
    }
}

/// One lobby of a list.
struct LobbyRow: Sendable {
    let id: String
    /// How many seats are taken.
    let players: Int
    /// What is played there, what was said of it, and whether anybody may join: by what it is found.
    let game: String
    let terms: LobbyTerms
    let isOpen: Bool
    let json: JSONValue

    init(_ hosted: HostedLobby) {
        id = hosted.id
        players = hosted.playerCount
        game = hosted.lobby.game.name
        terms = hosted.terms
        isOpen = hosted.isOpen
        json = hosted.publicRow
    }
}
