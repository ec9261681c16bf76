/// What a client holds of the groups that it sees (protocol/spec/snapshot.md §8.3): a message that fails changes nothing.
struct GroupReceiver: Sendable {
    /// A group's state.
    struct Held: Sendable, Equatable {
        var group: UInt16
        var state: WorldState
    }

    private static let sparesMax = 64

    private let schema: Schema
    /// The tick of the newest message; nil before the first.
    private var tick: UInt32?
    /// By number.
    private(set) var held: [Held] = []
    /// What the message under way makes of them.
    private var next: [Held] = []
    /// Which of those held it replaces or takes away.
    private var dropped: [Int] = []
    /// States that serve again.
    private var spares: [WorldState] = []
    private var whole: [UInt8] = []

    /// Nothing is seen yet.
    init(schema: Schema) {
        self.schema = schema
    }

    /// Forgets everything.
    mutating func removeAll() {
        tick = nil
        held.removeAll(keepingCapacity: true)
    }

    /// Applies a message, and overwrites `result` with all that is then seen together. After an error its contents mean nothing.
    mutating func receive(_ message: Span<UInt8>, into result: inout WorldState) throws(SnapshotError) {
        let header = try GroupMessage.header(of: message)
        if let baseline = header.baselineTick, baseline != tick { throw .wrongBaseline }
        try readSegments(of: message, header)
        try merge(into: &result)
        for place in dropped where spares.count < Self.sparesMax { spares.append(held[place].state) }
        swap(&held, &next)
        next.removeAll(keepingCapacity: true)
        tick = header.tick
        result.tick = header.tick
    }

    /// Makes ``next`` of what is held and of the message's segments.
    private mutating func readSegments(
        of message: Span<UInt8>, _ header: GroupMessage.Header
    ) throws(SnapshotError) {
        next.removeAll(keepingCapacity: true)
        dropped.removeAll(keepingCapacity: true)
        var (offset, least, place) = (header.bodyOffset, 0, 0)
        if header.baselineTick == nil {
            dropped.append(contentsOf: held.indices)
            place = held.count
        }
        while offset < message.count {
            let segment = try GroupMessage.nextSegment(of: message, at: &offset, least: &least)
            keep(&place, below: Int(segment.group))
            let isHeld = place < held.count && held[place].group == segment.group
            defer { if isHeld { place += 1 } }
            if isHeld { dropped.append(place) }
            guard !segment.payload.isEmpty else {
                guard segment.group > 0 else { throw .badIdentifiers }
                continue
            }
            let state = try read(segment.payload, of: message, header, since: isHeld ? place : nil)
            next.append(Held(group: segment.group, state: state))
        }
        keep(&place, below: .max)
        guard next.first?.group == 0 else { throw .badIdentifiers }
    }

    /// Groups without a segment are as they were.
    private mutating func keep(_ place: inout Int, below group: Int) {
        while place < held.count, held[place].group < group {
            next.append(held[place])
            place += 1
        }
    }

    private mutating func read(
        _ payload: Range<Int>, of message: Span<UInt8>, _ header: GroupMessage.Header, since place: Int?
    ) throws(SnapshotError) -> WorldState {
        var bytes: [UInt8] = []
        swap(&bytes, &whole)
        defer { swap(&bytes, &whole) }
        try GroupMessage.restore(payload, of: message, header, into: &bytes)
        var state = spares.popLast() ?? WorldState(schema: schema)
        // It may not have changed for long.
        if let place, let tick { held[place].state.tick = tick }
        try Snapshot.apply(
            bytes.span, to: place.map { held[$0].state }, schema: schema, into: &state)
        return state
    }

    /// Puts the tables of all groups together, each in the order of ids.
    private func merge(into result: inout WorldState) throws(SnapshotError) {
        var rows: [Int] = []
        for type in schema.types.indices {
            guard schema.types[type].multiplicity == .table else {
                result.tables[type].overwrite(with: next[0].state.tables[type])
                continue
            }
            result.tables[type].removeAll()
            rows.removeAll(keepingCapacity: true)
            for _ in next.indices { rows.append(0) }
            let width = schema.layouts[type].fieldCount
            while let place = nextPlace(rows, type) {
                let row = rows[place]
                rows[place] += 1
                let id = next[place].state.tables[type].ids[row]
                guard result.tables[type].ids.last != id else { throw .badIdentifiers }
                result.tables[type].ids.append(id)
                for at in row * width..<(row + 1) * width {
                    result.tables[type].values.append(next[place].state.tables[type].values[at])
                }
            }
            guard result.tables[type].ids.count <= 65_535 else { throw .badIdentifiers }
        }
    }

    /// The group that has the least id of those that are not merged yet.
    private func nextPlace(_ rows: [Int], _ type: Int) -> Int? {
        var (best, least) = (Int?.none, UInt16.max)
        for place in next.indices where rows[place] < next[place].state.tables[type].ids.count {
            let id = next[place].state.tables[type].ids[rows[place]]
            if best == nil || id < least { (best, least) = (place, id) }
        }
        return best
    }
}
