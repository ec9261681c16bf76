import JSONCore

/// The listed lobbies of all loops, as a loop knows them that has somebody to show them to; in the order of their ids' bytes.
struct LobbyBook {
    /// One of them.
    struct Entry {
        let row: LobbyRow
        /// The loop that has told of it. For a moment two loops may tell of one id, when a lobby has closed and been opened anew.
        let loop: Int
        /// Another one for each change.
        let version: UInt64
        /// The row as JSON.
        let text: [UInt8]
    }

    private(set) var entries: [Entry] = []
    /// Grows with each change.
    private(set) var version: UInt64 = 0

    /// Takes what a loop has told.
    mutating func apply(_ changes: LobbyChanges, from loop: Int) {
        guard !changes.isEmpty else { return }
        version += 1
        if changes.isWhole { entries.removeAll { $0.loop == loop } }
        for id in changes.removed {
            let place = place(of: id, loop)
            if isAt(place, id, loop) { entries.remove(at: place) }
        }
        for row in changes.rows {
            var text: [UInt8] = []
            row.json.write(to: &text)
            let entry = Entry(row: row, loop: loop, version: version, text: text)
            let place = place(of: row.id, loop)
            if isAt(place, row.id, loop) { entries[place] = entry } else { entries.insert(entry, at: place) }
        }
    }

    /// Where an entry is or would be.
    private func place(of id: String, _ loop: Int) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            let other = entries[middle]
            let comesBefore =
                other.row.id == id ? other.loop < loop : other.row.id.utf8.lexicographicallyPrecedes(id.utf8)
            if comesBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func isAt(_ place: Int, _ id: String, _ loop: Int) -> Bool {
        place < entries.count && entries[place].loop == loop && entries[place].row.id == id
    }

    /// What a query is shown.
    ///
    /// - Parameter looks: How many entries may be looked at; it is less by those that were.
    func page(_ query: LobbyQuery, looks: inout Int) -> [Entry] {
        var page: [Entry] = []
        for entry in entries where page.count < query.limit {
            looks -= 1
            if page.last?.row.id != entry.row.id, query.matches(entry.row) { page.append(entry) }
        }
        return page
    }
}
