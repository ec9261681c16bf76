import Determinism
import GameKit
import JSONCore
import LobbyCore

/// Which lobbies an admin wants to be shown, and in which order (protocol/spec/admin.md §4).
struct AdminLobbyQuery: Sendable {
    /// What is listed can be in the order of.
    enum Order: String, CaseIterable, Sendable {
        case id, players, lateness, cpu, bytes
    }

    static let arguments = [
        AdminArgument("search", .text(64)), AdminArgument("sort", .word(Order.allCases.map(\.rawValue))),
        AdminArgument("offset", .integer(0...100_000)), AdminArgument("limit", .integer(1...100)),
    ]

    /// In small letters; it is in the id, the title, the game's name, or the name or subject of somebody who sits there.
    let search: String
    let order: Order
    let offset: Int
    let limit: Int

    init(_ call: AdminCall) {
        search = (call.text("search") ?? "").lowercased()
        order = call.text("sort").flatMap(Order.init) ?? .id
        offset = call.integer("offset") ?? 0
        limit = call.integer("limit") ?? 50
    }

    fileprivate func matches(_ hosted: HostedLobby) -> Bool {
        if search.isEmpty { return true }
        let texts = [hosted.id, hosted.terms.title, hosted.lobby.game.name]
        if texts.contains(where: { $0.lowercased().contains(search) }) { return true }
        return hosted.lobby.seats.rows.contains { row in
            row.isHeld
                && (row.name.lowercased().contains(search) || row.subject?.lowercased().contains(search) ?? false)
        }
    }

    /// By what a lobby stands where it does; the highest first.
    fileprivate func weight(_ hosted: HostedLobby) -> Double {
        let load = hosted.load.figures(at: hosted.server.clock())
        return switch order {
        case .id: 0
        case .players: Double(hosted.playerCount)
        case .lateness: load.latenessMax.seconds
        case .cpu: hosted.cpuShare
        case .bytes: load.bytesPerSecond
        }
    }

    fileprivate func sort(_ rows: inout [AdminLobbyRow]) {
        rows.sort {
            $0.weight == $1.weight ? $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) : $0.weight > $1.weight
        }
    }
}

/// One lobby as admins are shown it, and where it stands in a list.
struct AdminLobbyRow: Sendable {
    let id: String
    let weight: Double
    let json: JSONValue
}

extension AdminHub {
    /// The lobbies of all loops that a query wants, and how many there are.
    func listLobbies(_ call: AdminCall, _ answered: @escaping (AdminOutcome) -> Void) {
        let query = AdminLobbyQuery(call)
        server.loops.askAll(.adminLobbies(query)) { answers in
            var (rows, count): ([AdminLobbyRow], Int) = ([], 0)
            for case .adminLobbies(let more, let moreCount) in answers {
                rows += more
                count += moreCount
            }
            query.sort(&rows)
            let page = rows.dropFirst(query.offset).prefix(query.limit)
            answered(.success(["count": .integer(Int64(count)), "lobbies": .array(page.map(\.json))]))
        }
    }

    /// This loop's part: as many as may come to the page, and how many there are.
    func lobbies(_ query: AdminLobbyQuery) -> ([AdminLobbyRow], count: Int) {
        let found = server.lobbies.filter(query.matches)
        // Shown only if it comes to the page: most do not.
        var places = found.map { AdminLobbyRow(id: $0.id, weight: query.weight($0), json: .null) }
        query.sort(&places)
        let rows = places.prefix(query.offset + query.limit).compactMap { place in
            server.lobby(place.id).map { AdminLobbyRow(id: place.id, weight: place.weight, json: $0.adminRow) }
        }
        return (rows, found.count)
    }
}
