/// The number that names an entity in its table, on the server and on every client.
public typealias EntityID = UInt16

/// A thing of which there can be many: a player, a projectile, a door. A plain struct whose properties have defaults.
public protocol Entity: Sendable {
    /// The entity with its default values.
    init()
}

/// Entities of one type, always in the order of their ids.
///
/// Ids that the table gives out grow from 0 to 65,535 and then start over at the least free one, so that an id is used
/// again as late as possible: clients tell old and new entities apart by it.
public struct Table<Row: Entity>: Sendable {
    /// The ids, ascending.
    @inlinable public var ids: [EntityID] { sortedIDs }
    @usableFromInline var sortedIDs: [EntityID] = []
    @usableFromInline var rows: [Row] = []
    @usableFromInline var nextID = 0

    /// An empty table.
    @inlinable public init() {}

    /// How many entities there are.
    @inlinable public var count: Int { sortedIDs.count }

    /// Whether there are none.
    @inlinable public var isEmpty: Bool { sortedIDs.isEmpty }

    /// Adds an entity under an id that has not been used for as long as possible.
    ///
    /// - Precondition: there are fewer than 65,535.
    @discardableResult
    @inlinable public mutating func insert(_ row: Row) -> EntityID {
        precondition(sortedIDs.count < 65_535, "a table holds at most 65,535 entities")
        if nextID > 65_535 { nextID = 0 }
        var at = lowerBound(EntityID(nextID))
        while at < sortedIDs.count, Int(sortedIDs[at]) == nextID {
            at += 1
            nextID += 1
            if nextID > 65_535 { (nextID, at) = (0, 0) }
        }
        let id = EntityID(nextID)
        nextID += 1
        sortedIDs.insert(id, at: at)
        rows.insert(row, at: at)
        return id
    }

    /// The entity with that id; nil when there is none. Setting adds, replaces or, with nil, removes it.
    @inlinable public subscript(id: EntityID) -> Row? {
        get {
            let at = lowerBound(id)
            return at < sortedIDs.count && sortedIDs[at] == id ? rows[at] : nil
        }
        set {
            let at = lowerBound(id)
            let isThere = at < sortedIDs.count && sortedIDs[at] == id
            switch (isThere, newValue) {
            case (true, .some(let row)): rows[at] = row
            case (true, .none):
                sortedIDs.remove(at: at)
                rows.remove(at: at)
            case (false, .some(let row)):
                precondition(sortedIDs.count < 65_535, "a table holds at most 65,535 entities")
                sortedIDs.insert(id, at: at)
                rows.insert(row, at: at)
            case (false, .none): break
            }
        }
    }

    /// The entity whose id is the number of a seat: the custom for tables of players, so that clients find their own.
    @inlinable public subscript(seat number: Int) -> Row? {
        get { EntityID(exactly: number).flatMap { self[$0] } }
        set { if let id = EntityID(exactly: number) { self[id] = newValue } }
    }

    /// Changes every entity in turn, in the order of ids.
    @inlinable public mutating func update(_ change: (EntityID, inout Row) throws -> Void) rethrows {
        for at in rows.indices { try change(sortedIDs[at], &rows[at]) }
    }

    /// Removes the entities for which `isGone` says so.
    @inlinable public mutating func removeAll(where isGone: (EntityID, Row) -> Bool) {
        var kept = 0
        for at in sortedIDs.indices where !isGone(sortedIDs[at], rows[at]) {
            sortedIDs[kept] = sortedIDs[at]
            rows[kept] = rows[at]
            kept += 1
        }
        sortedIDs.removeLast(sortedIDs.count - kept)
        rows.removeLast(rows.count - kept)
    }

    /// Overwrites `table` with the entities' quantised values.
    @inlinable func capture(_ record: Record<Row>, into table: inout EntityTable) {
        table.ids.removeAll(keepingCapacity: true)
        table.ids.append(contentsOf: sortedIDs)
        record.capture(rows, into: &table.values)
    }

    /// Overwrites `groups` with the groups of the entities.
    @inlinable func group<World>(
        in world: World, by group: (World, EntityID, Row) -> Group, into groups: inout [UInt16]
    ) {
        groups.removeAll(keepingCapacity: true)
        for at in rows.indices { groups.append(group(world, sortedIDs[at], rows[at]).number) }
    }

    /// Gives the table one default entity for each id of `table`, and sets the fields of `record` in each.
    @inlinable mutating func restore(_ table: EntityTable, _ record: Record<Row>) {
        sortedIDs.removeAll(keepingCapacity: true)
        sortedIDs.append(contentsOf: table.ids)
        let blank = Row()
        if rows.count > sortedIDs.count { rows.removeLast(rows.count - sortedIDs.count) }
        var kept = rows.mutableSpan
        for at in kept.indices { kept[at] = blank }
        while rows.count < sortedIDs.count { rows.append(blank) }
        record.restore(table.values, into: &rows)
    }

    @inlinable func lowerBound(_ id: EntityID) -> Int {
        var low = 0
        var high = sortedIDs.count
        while low < high {
            let middle = (low + high) / 2
            if sortedIDs[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Table: Sequence {
    /// Goes through ids and entities in the order of ids, as they are now.
    public struct Iterator: IteratorProtocol {
        @usableFromInline let table: Table
        @usableFromInline var position = 0

        @inlinable init(table: Table) {
            self.table = table
        }

        /// The next entity with its id.
        @inlinable public mutating func next() -> (id: EntityID, row: Row)? {
            guard position < table.ids.count else { return nil }
            position += 1
            return (table.ids[position - 1], table.rows[position - 1])
        }
    }

    /// An iterator over the table as it is now.
    @inlinable public func makeIterator() -> Iterator { Iterator(table: self) }

    /// The entity with the least id; nil in an empty table.
    @inlinable public var first: (id: EntityID, row: Row)? {
        sortedIDs.first.map { ($0, rows[0]) }
    }
}
