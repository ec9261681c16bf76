/// By how much parents have moved from the baseline on, which is what their children are expected to do
/// (protocol/spec/snapshot.md §9.5).
enum ParentMotion {
    /// In place of a movement: there is no parent that was there and still is.
    static let none = Int.min

    /// The tables of both ends, by type: of the baseline, and those of the message that have been coded.
    struct Tables {
        let base: [EntityTable]
        let now: [EntityTable]
    }

    /// Finds for each value of `rows` how far what it moves with has moved.
    static func find(_ plan: ModePlan, _ rows: [UInt32], _ tables: Tables, into pulls: inout [Int]) {
        pulls.removeAll(keepingCapacity: true)
        guard !plan.parents.isEmpty else { return }
        for row in stride(from: 0, to: rows.count, by: plan.columns.count) {
            for link in plan.parents {
                guard let link, rows[row + link.reference] > 0 else {
                    pulls.append(none)
                    continue
                }
                let id = UInt16(rows[row + link.reference] - 1)
                let (base, now) = (tables.base[link.type], tables.now[link.type])
                guard let old = base.row(of: id), let new = now.row(of: id) else {
                    pulls.append(none)
                    continue
                }
                let place = link.column
                pulls.append(Int(now.values[new * link.width + place]) - Int(base.values[old * link.width + place]))
            }
        }
    }
}

extension EntityTable {
    /// Where an entity's row stands; nil where it is not there.
    fileprivate func row(of id: UInt16) -> Int? {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < ids.count && ids[low] == id ? low : nil
    }
}
