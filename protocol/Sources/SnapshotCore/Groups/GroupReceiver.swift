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
    /// What was held before the newest message, by which codec 1 knows how things move; its tick is nil where the message started
    /// from nothing.
    private var before: (tick: UInt32?, held: [Held], dropped: [Int]) = (nil, [], [])
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
        before.tick = nil
    }

    /// Applies a message, and overwrites `result` with all that is then seen together. After an error its contents mean nothing.
    ///
    /// - Parameter codec1: What messages of codec 1 are read with; nil where none are.
    mutating func receive(
        _ message: Span<UInt8>, _ codec1: inout Codec1?, into result: inout WorldState
    ) throws(SnapshotError) {
        let header = try GroupMessage.header(of: message)
        if header.codec == 1, codec1 == nil { throw .unknownCodec }
        if let baseline = header.baselineTick, baseline != tick { throw .wrongBaseline }
        if let step = header.beforeTick, step != before.tick { throw .wrongBaseline }
        try readSegments(of: message, header, &codec1)
        try merge(into: &result)
        advance(header)
        result.tick = header.tick
    }

    /// What the message has made is held from now on, and what was held is what was before.
    private mutating func advance(_ header: GroupMessage.Header) {
        for place in before.dropped where spares.count < Self.sparesMax { spares.append(before.held[place].state) }
        swap(&before.held, &held)
        swap(&before.dropped, &dropped)
        swap(&held, &next)
        next.removeAll(keepingCapacity: true)
        before.tick = header.baselineTick
        tick = header.tick
    }

    /// Makes ``next`` of what is held and of the message's segments.
    private mutating func readSegments(
        of message: Span<UInt8>, _ header: GroupMessage.Header, _ codec1: inout Codec1?
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
            next.append(Held(group: segment.group, state: spares.popLast() ?? WorldState(schema: schema)))
            try read(segment.payload, of: message, header, since: isHeld ? place : nil, &codec1)
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

    /// Reads a segment into the last of ``next``.
    private mutating func read(
        _ payload: Range<Int>, of message: Span<UInt8>, _ header: GroupMessage.Header, since place: Int?,
        _ codec1: inout Codec1?
    ) throws(SnapshotError) {
        let last = next.count - 1
        let group = next[last].group
        let step = header.beforeTick == nil ? nil : before.held.firstIndex { $0.group == group }
        var bytes: [UInt8] = []
        swap(&bytes, &whole)
        defer { swap(&bytes, &whole) }
        try GroupMessage.restore(payload, of: message, header, hasStep: step != nil, into: &bytes)
        // They may not have changed for long.
        if let place, let tick { held[place].state.tick = tick }
        if let step, let tick = before.tick { before.held[step].state.tick = tick }
        let baseline = place.map { held[$0].state }
        if header.codec == 0 {
            return try Snapshot.apply(bytes.span, to: baseline, schema: schema, into: &next[last].state)
        }
        try codec1?.apply(
            bytes.span, to: baseline, before: step.map { before.held[$0].state }, into: &next[last].state)
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
