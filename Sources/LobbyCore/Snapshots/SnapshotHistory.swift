import SnapshotCore

/// The last snapshots of a lobby, so that a client which is behind can be sent a delta from where it stands; and older ones that
/// somebody may come back with whose connection is gone (docs/decisions/0006-resume-tokens.md).
///
/// A ring whose states keep their memory: a steady lobby captures without allocating. What is kept beyond it stands behind it.
package struct SnapshotHistory {
    /// How many snapshots are kept for everybody. At 30 a second a client may be one second behind and still get a delta.
    package static let capacity = 32
    /// How many are kept beyond them for those who may come back.
    package static let keptMax = 64
    /// The most memory that those take.
    package static let keptBytesMax = 2 * 1_048_576

    /// The ring, and behind it those that are kept longer, of which some places are empty: tick 0.
    private var states: [WorldState]
    private let empty: WorldState
    private var newestIndex = -1
    private var count = 0
    /// For how many snapshots nothing has been kept behind the ring, and after how many its memory is given back.
    private var unusedCount = 0
    private static let unusedMax = 256

    /// An empty history of states of `schema`.
    package init(schema: Schema) {
        empty = WorldState(schema: schema)
        states = Array(repeating: empty, count: Self.capacity)
    }

    /// The newest snapshot, or nil before the first.
    package var newest: WorldState? { count > 0 ? states[newestIndex] : nil }

    /// The tick of the newest snapshot.
    package var newestTick: UInt32? { count > 0 ? states[newestIndex].tick : nil }

    /// Where the next snapshot will stand, from 0 to ``capacity`` - 1.
    var nextIndex: Int { (newestIndex + 1) % Self.capacity }

    /// Overwrites the oldest snapshot with what `capture` puts there.
    package mutating func add(_ capture: (inout WorldState) -> Void) {
        newestIndex = nextIndex
        count = min(count + 1, Self.capacity)
        capture(&states[newestIndex])
    }

    /// The same, where `capture` leaves some tables as they are: those are as in the newest snapshot.
    package mutating func add(keeping tables: Range<Int>, _ capture: (inout WorldState) -> Void) {
        if let newest {
            for table in tables { states[nextIndex].tables[table].overwrite(with: newest.tables[table]) }
        }
        add(capture)
    }

    /// The snapshot of `tick` if it is still there.
    package func snapshot(at tick: UInt32) -> WorldState? { index(of: tick).map { states[$0] } }

    /// Whether the snapshot of `tick` is still there.
    package func has(_ tick: UInt32) -> Bool { index(of: tick) != nil }

    /// Where the snapshot of `tick` stands, if it is still there. Ticks rise, so the search goes from the newest back.
    func index(of tick: UInt32) -> Int? {
        for age in 0..<count {
            let index = (newestIndex - age + Self.capacity) % Self.capacity
            if states[index].tick == tick { return index }
            if states[index].tick < tick { return nil }
        }
        guard states.count > Self.capacity, tick > 0 else { return nil }
        return states[Self.capacity...].firstIndex { $0.tick == tick }
    }

    // MARK: Those that are kept longer

    /// The ticks of those that are kept beyond the ring.
    package var keptTicks: [UInt32] { states[Self.capacity...].map(\.tick).filter { $0 > 0 } }

    /// Whether a place is one of those behind the ring.
    static func isKept(_ index: Int) -> Bool { index >= capacity }

    /// The tick of the snapshot that the next one overwrites; nil while none is.
    var leavingTick: UInt32? { count == Self.capacity ? states[nextIndex].tick : nil }

    /// Keeps the snapshot that the next one would overwrite. Where there are too many the oldest of them goes.
    ///
    /// - Returns: Where it stands from now on; what stood there stands where it was.
    mutating func keepLeaving() -> Int {
        unusedCount = 0
        let size = states[nextIndex].byteCount
        while keptBytes + size > Self.keptBytesMax || keptCount == Self.keptMax, let oldest = oldestKept {
            states[oldest].tick = 0
        }
        let free = states[Self.capacity...].firstIndex { $0.tick == 0 } ?? states.count
        if free == states.count { states.append(empty) }
        states.swapAt(nextIndex, free)
        return free
    }

    /// Forgets what is kept beyond the ring and not needed any more. Its memory serves the next ones for a while.
    mutating func forgetKept(unless isNeeded: (UInt32) -> Bool) {
        for index in Self.capacity..<states.count
        where states[index].tick > 0 && !isNeeded(states[index].tick) {
            states[index].tick = 0
        }
        unusedCount = keptCount == 0 ? unusedCount + 1 : 0
        guard unusedCount > Self.unusedMax else { return }
        states.removeLast(states.count - Self.capacity)
    }

    /// How many places there are, behind the ring too.
    var placeCount: Int { states.count }

    private var keptCount: Int { states[Self.capacity...].count { $0.tick > 0 } }

    private var keptBytes: Int { states[Self.capacity...].reduce(0) { $0 + ($1.tick > 0 ? $1.byteCount : 0) } }

    private var oldestKept: Int? {
        states.indices.dropFirst(Self.capacity).filter { states[$0].tick > 0 }.min { states[$0].tick < states[$1].tick }
    }
}

extension WorldState {
    /// How many bytes its entities take.
    fileprivate var byteCount: Int { tables.reduce(0) { $0 + $1.ids.count * 2 + $1.values.count * 4 } }
}
