import LobbyCore

/// What has changed in a loop's listed lobbies since somebody was told last.
struct LobbyChanges: Sendable {
    /// Those that are new or have changed.
    var rows: [LobbyRow] = []
    /// The ids of those that are listed no more.
    var removed: [String] = []
    /// Whether `rows` are all there are.
    var isWhole = false

    var isEmpty: Bool { rows.isEmpty && removed.isEmpty && !isWhole }
}

/// Finds what has changed in the list of this loop's lobbies, by looking at each: nothing has to say that it has changed, so
/// nothing can be forgotten, and while nobody is told no lobby does anything for it.
struct LobbyCensus {
    /// What a lobby's row was made of when it was last looked at.
    private struct Mark: Equatable {
        var number: UInt64
        var players: Int
        var isLocked: Bool
        var terms: Int
    }

    /// In the order of opening, which is that of their numbers.
    private var marks: [(mark: Mark, id: String)] = []

    /// What has changed since the last call; the first tells all.
    mutating func changes(in lobbies: [HostedLobby]) -> LobbyChanges {
        var changes = LobbyChanges()
        var fresh: [(mark: Mark, id: String)] = []
        fresh.reserveCapacity(lobbies.count)
        var old = 0
        for hosted in lobbies where hosted.terms.isListed {
            while old < marks.count, marks[old].mark.number < hosted.number {
                changes.removed.append(marks[old].id)
                old += 1
            }
            let mark = Mark(
                number: hosted.number, players: hosted.playerCount, isLocked: hosted.lobby.isLocked,
                terms: hosted.terms.revision)
            if old < marks.count, marks[old].mark.number == hosted.number {
                if marks[old].mark != mark { changes.rows.append(LobbyRow(hosted)) }
                old += 1
            } else {
                changes.rows.append(LobbyRow(hosted))
            }
            fresh.append((mark, hosted.id))
        }
        changes.removed += marks[old...].map(\.id)
        marks = fresh
        return changes
    }

    /// All listed lobbies of this loop.
    static func whole(_ lobbies: [HostedLobby]) -> LobbyChanges {
        LobbyChanges(rows: lobbies.filter(\.terms.isListed).map { LobbyRow($0) }, isWhole: true)
    }
}
