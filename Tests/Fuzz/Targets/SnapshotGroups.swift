internal import SnapshotCore

/// The fuzz target `snapshot-groups`: messages in segments, to a client that sees some groups. A message that is refused has
/// changed nothing; any other leads to a legal state, and one that the server has made to what the client may see.
package func fuzzSnapshotGroups(_ input: [UInt8]) {
    var settings = Settings(input)
    let choice = settings.byte()
    let stage = SnapshotStage.chosen(by: settings.byte())
    var server = GroupStage(stage: stage)
    var client = SnapshotReceiver(schema: stage.schema, tables: choice & 1 == 0 ? stage.trained : nil)
    receive(server.message(view: 0b1011, afresh: true, isChecked: true), by: &client, server)
    if choice & 2 == 0 {
        server.advance(by: 1)
        var other = server
        // What stands in front of a message's segments, or nothing.
        let header = other.message(view: 1, afresh: choice & 8 > 0, isChecked: true).prefix(choice & 4 == 0 ? 3 : 0)
        let known = client.state
        let message = header + settings.rest
        do throws(SnapshotError) {
            try client.receive(message.span)
            client.state.map(stage.check)
        } catch {
            precondition(client.state == known, "a refused message has changed the state")
        }
        server.advance(by: 1)
        receive(server.message(view: choice >> 4, afresh: true, isChecked: true), by: &client, server)
    }
    while choice & 2 > 0, !settings.rest.isEmpty {
        let order = settings.byte()
        guard server.advance(by: 1 + order & 3) else { return }
        receive(
            server.message(view: settings.byte(), afresh: order & 4 > 0, isChecked: order & 8 > 0), by: &client, server)
    }
}

private func receive(_ message: [UInt8], by client: inout SnapshotReceiver, _ server: GroupStage) {
    do throws(SnapshotError) {
        try client.receive(message.span)
    } catch {
        preconditionFailure("a good message is refused: \(error)")
    }
    precondition(client.state == server.seen, "another state than the client may see")
}

/// The entities of a stage in eight groups, by their ids, which they change at times.
private struct GroupStage {
    let stage: SnapshotStage
    private var now = 0
    private var view: UInt8 = 1
    private var sent: (tick: UInt32, groups: [(group: UInt16, state: WorldState)])?

    init(stage: SnapshotStage) {
        self.stage = stage
    }

    /// Goes on to a later state, if there is one.
    @discardableResult mutating func advance(by count: Int) -> Bool {
        now += count
        return now < stage.states.count
    }

    /// What somebody sees who sees these groups together.
    private func state(of groups: UInt8) -> WorldState {
        var state = WorldState(schema: stage.schema)
        state.tick = stage.states[now].tick
        for (type, table) in stage.states[now].tables.enumerated() {
            guard stage.schema.types[type].multiplicity == .table else {
                if groups & 1 > 0 { state.tables[type] = table }
                continue
            }
            let width = stage.schema.layouts[type].fieldCount
            for (row, id) in table.ids.enumerated() where groups >> ((UInt8(id & 7) &+ UInt8(now / 5)) & 7) & 1 > 0 {
                state.tables[type].ids.append(id)
                state.tables[type].values += table.values[row * width..<(row + 1) * width]
            }
        }
        return state
    }

    /// What the client may see.
    var seen: WorldState { state(of: view) }

    /// The next message to somebody who sees the groups whose bits are set, and the first.
    mutating func message(view: Int, afresh: Bool, isChecked: Bool) -> [UInt8] {
        self.view = UInt8(truncatingIfNeeded: view) | 1
        let before = afresh ? nil : sent
        var groups: [(group: UInt16, state: WorldState)] = []
        var (bytes, least): ([UInt8], Int) = ([], 0)
        let tick = stage.states[now].tick
        GroupMessage.appendHeader(tick: tick, since: before?.tick, to: &bytes)
        for group in UInt16(0)..<8 {
            let new = state(of: self.view & 1 << UInt8(group))
            let old = before?.groups.first { $0.group == group }?.state
            let isEmpty = zip(new.tables, stage.schema.types).allSatisfy {
                $1.multiplicity == .single || $0.ids.isEmpty
            }
            var payload: [UInt8] = []
            if group == 0 || !isEmpty {
                groups.append((group, new))
                GroupMessage.appendPayload(
                    new, since: old, schema: stage.schema, stateHash: isChecked ? new.hash : nil, to: &payload)
            } else if old == nil {
                continue
            }
            GroupMessage.appendSegment(group, least: &least, payload[...], to: &bytes)
        }
        sent = (tick, groups)
        return bytes
    }
}
