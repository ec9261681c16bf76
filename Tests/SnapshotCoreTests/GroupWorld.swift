import Determinism
import SnapshotCore

/// A random world whose entities are in groups, as somebody sees it who sees more and fewer of them.
struct GroupWorld {
    var world: RandomWorld
    private var random: SeededRandom
    /// The group of each entity, by type and id.
    private var homes: [[UInt16: UInt16]]
    /// What is seen, ascending, 0 among it.
    private(set) var view: [UInt16] = [0]
    /// What was sent: the states of the groups that were seen, by number.
    typealias Sent = (tick: UInt32, groups: [(group: UInt16, state: WorldState)])
    /// What was last sent, and what before that; nil before the first message and behind one from nothing.
    private(set) var sent: Sent?
    private var sentBefore: Sent?
    /// What messages of codec 1 are made with; nil for codec 0.
    var codec1: Codec1?

    init(seed: UInt64) {
        world = RandomWorld(seed: seed)
        random = SeededRandom(seed: seed ^ 0x67)
        homes = world.schema.types.map { _ in [:] }
        moveGroups()
    }

    private static let groups: [UInt16] = [0, 1, 2, 200, 201, 65_535]

    mutating func advance() {
        world.advance()
        moveGroups()
    }

    private mutating func moveGroups() {
        for type in world.schema.types.indices {
            for id in world.state.tables[type].ids where homes[type][id] == nil || random.int(in: 0...9) == 0 {
                homes[type][id] = Self.groups[random.int(in: 0...Self.groups.count - 1)]
            }
        }
        if random.int(in: 0...1) == 0 {
            view = Self.groups.filter { $0 == 0 || random.int(in: 0...1) == 0 }
        }
    }

    /// What a group's state is; with `groups`, that of all of them together.
    func state(of groups: Set<UInt16>) -> WorldState {
        var state = WorldState(schema: world.schema)
        state.tick = world.state.tick
        for (type, table) in world.state.tables.enumerated() {
            guard world.schema.types[type].multiplicity == .table else {
                if groups.contains(0) { state.tables[type] = table }
                continue
            }
            let width = world.schema.layouts[type].fieldCount
            for (row, id) in table.ids.enumerated() where groups.contains(homes[type][id] ?? 0) {
                state.tables[type].ids.append(id)
                state.tables[type].values += table.values[row * width..<(row + 1) * width]
            }
        }
        return state
    }

    private func isEmpty(_ state: WorldState) -> Bool {
        zip(state.tables, world.schema.types).allSatisfy { $1.multiplicity == .single || $0.ids.isEmpty }
    }

    /// The states of what is seen, group by group; those without entities are left out.
    var seen: [(group: UInt16, state: WorldState)] {
        view.map { ($0, state(of: [$0])) }.filter { $0.0 == 0 || !isEmpty($0.1) }
    }

    /// The next message, made as the specification says and by nothing but the message's own parts.
    mutating func message(afresh: Bool, isChecked: Bool) -> [UInt8] {
        let (base, before) = afresh ? (nil, nil) : (sent, codec1 == nil ? nil : sentBefore)
        let now = seen
        var bytes: [UInt8] = []
        GroupMessage.appendHeader(
            codec: codec1 == nil ? 0 : 1, tick: world.state.tick, since: base?.tick, before: before?.tick, to: &bytes)
        var least = 0
        for group in Self.groups {
            let old = base?.groups.first { $0.group == group }?.state
            guard let new = now.first(where: { $0.group == group })?.state else {
                if old != nil { GroupMessage.appendSegment(group, least: &least, [], to: &bytes) }
                continue
            }
            if let old, old.tables == new.tables, !isChecked { continue }
            var payload: [UInt8] = []
            let hash = old == nil || isChecked ? new.hash : nil
            if codec1 == nil {
                GroupMessage.appendPayload(new, since: old, schema: world.schema, stateHash: hash, to: &payload)
            } else {
                let step = old == nil ? nil : before?.groups.first { $0.group == group }?.state
                codec1?.appendPayload(new, since: old, before: step, stateHash: hash, to: &payload)
            }
            GroupMessage.appendSegment(group, least: &least, payload[...], to: &bytes)
        }
        (sentBefore, sent) = (base, (world.state.tick, now))
        return bytes
    }
}
