/// A table whose entities come and go between two states: who goes, who comes, and the rows of those that stay
/// (protocol/spec/snapshot.md §9.7).
struct Population: Sendable {
    var removed: [UInt16] = []
    var spawned: [UInt16] = []
    private var keptIds: [UInt16] = []
    /// Those that stay: as they become (an encoder's), as they were, as they were one step before; as a decoder found them.
    private(set) var kept: [UInt32] = []
    private(set) var base: [UInt32] = []
    private(set) var before: [UInt32] = []
    var result: [UInt32] = []
    /// Those that come: an encoder's, and as a decoder found them.
    private(set) var rows: [UInt32] = []
    var spawnedValues: [UInt32] = []

    /// Finds out who goes and who comes.
    mutating func compare(_ ids: [UInt16], with baseline: [UInt16]) {
        removed.removeAll(keepingCapacity: true)
        spawned.removeAll(keepingCapacity: true)
        var old = 0
        for id in ids {
            while old < baseline.count, baseline[old] < id {
                removed.append(baseline[old])
                old += 1
            }
            if old < baseline.count, baseline[old] == id {
                old += 1
            } else {
                spawned.append(id)
            }
        }
        while old < baseline.count {
            removed.append(baseline[old])
            old += 1
        }
    }

    /// Takes the rows of those that stay out of the baseline and the state before it.
    mutating func separate(_ baseline: EntityTable, _ history: [UInt32], width: Int) throws(SnapshotError) {
        guard baseline.ids.count - removed.count + spawned.count <= CodingModel.entitiesMax else {
            throw .badIdentifiers
        }
        keptIds.removeAll(keepingCapacity: true)
        base.removeAll(keepingCapacity: true)
        before.removeAll(keepingCapacity: true)
        var (gone, came) = (0, 0)
        for row in baseline.ids.indices {
            let id = baseline.ids[row]
            while came < spawned.count, spawned[came] < id { came += 1 }
            guard came == spawned.count || spawned[came] != id else { throw .badIdentifiers }
            if gone < removed.count, removed[gone] == id {
                gone += 1
                continue
            }
            keptIds.append(id)
            base.append(contentsOf: baseline.values[row * width..<(row + 1) * width])
            before.append(contentsOf: history[row * width..<(row + 1) * width])
        }
        guard gone == removed.count else { throw .badIdentifiers }
        result.removeAll(keepingCapacity: true)
        result.append(contentsOf: base)
    }

    /// Takes the rows of those that stay and of those that come out of what the table becomes.
    mutating func take(from table: EntityTable, width: Int) {
        kept.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        var came = 0
        for row in table.ids.indices {
            let values = table.values[row * width..<(row + 1) * width]
            if came < spawned.count, spawned[came] == table.ids[row] {
                came += 1
                rows.append(contentsOf: values)
            } else {
                kept.append(contentsOf: values)
            }
        }
    }

    /// Puts those that stay and those that come together in order.
    func merge(into table: inout EntityTable, width: Int) {
        table.removeAll()
        var came = 0
        for row in 0...keptIds.count {
            while came < spawned.count, row == keptIds.count || spawned[came] < keptIds[row] {
                table.ids.append(spawned[came])
                table.values.append(contentsOf: spawnedValues[came * width..<(came + 1) * width])
                came += 1
            }
            guard row < keptIds.count else { break }
            table.ids.append(keptIds[row])
            table.values.append(contentsOf: result[row * width..<(row + 1) * width])
        }
    }
}

extension EntityTable {
    /// This table's values for another's entities, in its order; the other's own for entities that are not here.
    func align(to table: EntityTable, width: Int, into aligned: inout [UInt32]) {
        aligned.removeAll(keepingCapacity: true)
        var row = 0
        for other in table.ids.indices {
            while row < ids.count, ids[row] < table.ids[other] { row += 1 }
            let isHere = row < ids.count && ids[row] == table.ids[other]
            let start = (isHere ? row : other) * width
            aligned.append(contentsOf: (isHere ? values : table.values)[start..<start + width])
        }
    }
}
