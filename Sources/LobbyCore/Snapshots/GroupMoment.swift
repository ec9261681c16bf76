import GameKit
import SnapshotCore

/// One snapshot of a lobby whose players see different things: the entities group by group, and what each seat saw.
///
/// Each type's entities lie behind each other in one table, whatever groups they are in. So the memory that a lobby takes goes
/// with how many entities there are, and not with how they are spread: things that walk from group to group allocate nothing.
struct GroupMoment {
    /// The tick; 0 for one that stands for nothing.
    private(set) var tick: UInt32 = 0
    /// The groups that have entities, ascending; group 0 first, with or without.
    private(set) var groups: [UInt16] = []
    /// By type the entities of all groups, one group behind the other, in each of them in the order of ids.
    private var tables: [EntityTable]
    /// For each type, where each group's entities begin; behind the last group's, how many there are.
    private var starts: [Int] = []
    /// What each seat sees.
    var views: [View]
    /// Whether each seat's client was told all that it saw, if it was sent this snapshot.
    var isWhole: [Bool]

    /// Memory that putting entities in order takes.
    struct Sorting {
        fileprivate var places: [Int] = []
        fileprivate var cursors: [Int] = []
    }

    /// One that stands for nothing.
    init(schema: Schema, seats: Int) {
        tables = WorldState(schema: schema).tables
        views = Array(repeating: View(), count: seats)
        isWhole = Array(repeating: true, count: seats)
    }

    /// It stands for nothing any more.
    mutating func forget() { tick = 0 }

    // MARK: Taking a snapshot

    /// Overwrites the entities with those of a whole state.
    ///
    /// - Parameter rowGroups: The groups of each type's entities, in their order; empty for a type that everybody sees.
    mutating func take(_ whole: WorldState, _ rowGroups: [[UInt16]], _ schema: Schema, _ sorting: inout Sorting) {
        tick = whole.tick
        for seat in isWhole.indices { isWhole[seat] = true }
        listGroups(rowGroups)
        starts.removeAll(keepingCapacity: true)
        for type in whole.tables.indices {
            guard rowGroups[type].isEmpty else {
                distribute(whole.tables[type], type, rowGroups[type], schema.layouts[type].fieldCount, &sorting)
                continue
            }
            starts.append(0)
            for _ in groups.indices { starts.append(whole.tables[type].ids.count) }
            tables[type].overwrite(with: whole.tables[type])
        }
    }

    private mutating func listGroups(_ rowGroups: [[UInt16]]) {
        groups.removeAll(keepingCapacity: true)
        groups.append(Group.all.number)
        for type in rowGroups.indices {
            for group in rowGroups[type] {
                let place = groups.lowerBound(of: group)
                if place == groups.count || groups[place] != group { groups.insert(group, at: place) }
            }
        }
    }

    /// Puts the entities of a type in the order of their groups.
    private mutating func distribute(
        _ table: EntityTable, _ type: Int, _ rowGroups: [UInt16], _ width: Int, _ sorting: inout Sorting
    ) {
        let first = starts.count
        for _ in 0...groups.count { starts.append(0) }
        sorting.places.removeAll(keepingCapacity: true)
        for group in rowGroups {
            let place = groups.lowerBound(of: group)
            sorting.places.append(place)
            starts[first + place + 1] += 1
        }
        sorting.cursors.removeAll(keepingCapacity: true)
        for place in groups.indices {
            sorting.cursors.append(starts[first + place])
            starts[first + place + 1] += starts[first + place]
        }
        // For the room: each row is overwritten.
        tables[type].overwrite(with: table)
        var (ids, values): ([UInt16], [UInt32]) = ([], [])
        swap(&ids, &tables[type].ids)
        swap(&values, &tables[type].values)
        for row in sorting.places.indices {
            let to = sorting.cursors[sorting.places[row]]
            sorting.cursors[sorting.places[row]] += 1
            ids[to] = table.ids[row]
            for field in 0..<width { values[to * width + field] = table.values[row * width + field] }
        }
        swap(&ids, &tables[type].ids)
        swap(&values, &tables[type].values)
    }

    // MARK: Reading

    /// Where a group stands among ``groups``; nil where it has no entities.
    func place(of group: UInt16) -> Int? {
        let place = groups.lowerBound(of: group)
        return place < groups.count && groups[place] == group ? place : nil
    }

    /// Where a group stands that a seat saw; nil where it did not, or it had no entities.
    func place(of group: UInt16, seenBy seat: Int) -> Int? {
        let seen = views[seat].numbers
        let at = seen.lowerBound(of: group)
        return at < seen.count && seen[at] == group ? place(of: group) : nil
    }

    /// The ids of a group's entities of one type.
    func ids(ofType type: Int, at place: Int) -> ArraySlice<UInt16> { tables[type].ids[rows(ofType: type, at: place)] }

    private func rows(ofType type: Int, at place: Int) -> Range<Int> {
        let first = type * (groups.count + 1) + place
        return starts[first]..<starts[first + 1]
    }

    /// Overwrites `state` with a group's, as if it were of `tick`.
    func load(_ place: Int, tick: UInt32, _ schema: Schema, into state: inout WorldState) {
        state.tick = tick
        for type in tables.indices {
            let rows = rows(ofType: type, at: place)
            let width = schema.layouts[type].fieldCount
            state.tables[type].removeAll()
            guard schema.types[type].multiplicity == .table || place == 0 else {
                // Singles are in group 0; of other groups they are zeros.
                state.tables[type].ids.append(0)
                for _ in 0..<width { state.tables[type].values.append(0) }
                continue
            }
            state.tables[type].ids.append(contentsOf: tables[type].ids[rows])
            state.tables[type].values.append(
                contentsOf: tables[type].values[rows.lowerBound * width..<rows.upperBound * width])
        }
    }

    /// Whether a group has the same entities with the same values as one of another moment.
    func isSame(_ place: Int, as other: Int, of moment: GroupMoment, _ schema: Schema) -> Bool {
        for type in tables.indices where schema.types[type].multiplicity == .table || place == 0 {
            let (rows, others) = (rows(ofType: type, at: place), moment.rows(ofType: type, at: other))
            let width = schema.layouts[type].fieldCount
            guard tables[type].ids[rows] == moment.tables[type].ids[others],
                tables[type].values[rows.lowerBound * width..<rows.upperBound * width]
                    == moment.tables[type].values[others.lowerBound * width..<others.upperBound * width]
            else { return false }
        }
        return true
    }
}

extension [UInt16] {
    /// Where `element` stands, or would be inserted; they are ascending.
    func lowerBound(of element: UInt16) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
