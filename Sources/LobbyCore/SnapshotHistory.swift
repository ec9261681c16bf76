import SnapshotCore

/// The last snapshots of a lobby, so that a client which is behind can be sent a delta from where it stands.
///
/// A ring whose states keep their memory: a steady lobby captures without allocating.
package struct SnapshotHistory {
    /// How many snapshots are kept. At 30 a second a client may be one second behind and still get a delta.
    package static let capacity = 32

    private var ring: [WorldState]
    private var newestIndex = -1
    private var count = 0

    /// An empty history of states of `schema`.
    package init(schema: Schema) {
        ring = Array(repeating: WorldState(schema: schema), count: Self.capacity)
    }

    /// The newest snapshot, or nil before the first.
    package var newest: WorldState? { count > 0 ? ring[newestIndex] : nil }

    /// The tick of the newest snapshot.
    package var newestTick: UInt32? { count > 0 ? ring[newestIndex].tick : nil }

    /// Where the next snapshot will stand, from 0 to ``capacity`` - 1.
    var nextIndex: Int { (newestIndex + 1) % Self.capacity }

    /// Overwrites the oldest snapshot with what `capture` puts there.
    package mutating func add(_ capture: (inout WorldState) -> Void) {
        newestIndex = nextIndex
        count = min(count + 1, Self.capacity)
        capture(&ring[newestIndex])
    }

    /// The same, where `capture` leaves some tables as they are: those are as in the newest snapshot.
    package mutating func add(keeping tables: Range<Int>, _ capture: (inout WorldState) -> Void) {
        if let newest {
            for table in tables { ring[nextIndex].tables[table].overwrite(with: newest.tables[table]) }
        }
        add(capture)
    }

    /// The snapshot of `tick` if it is still there.
    package func snapshot(at tick: UInt32) -> WorldState? { index(of: tick).map { ring[$0] } }

    /// Whether the snapshot of `tick` is still there.
    package func has(_ tick: UInt32) -> Bool { index(of: tick) != nil }

    /// Where the snapshot of `tick` stands, if it is still there. Ticks rise, so the search goes from the newest back.
    func index(of tick: UInt32) -> Int? {
        for age in 0..<count {
            let index = (newestIndex - age + Self.capacity) % Self.capacity
            if ring[index].tick == tick { return index }
            if ring[index].tick < tick { return nil }
        }
        return nil
    }
}
