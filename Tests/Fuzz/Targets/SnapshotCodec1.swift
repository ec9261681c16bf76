internal import SnapshotCore

/// The fuzz target `snapshot-codec1`: what a server may send to a client that reads codec 1. The first byte chooses between
/// tables, one message to any baseline, and a run of messages; the second the schema.
package func fuzzSnapshotCodec1(_ input: [UInt8]) {
    var settings = Settings(input)
    let choice = settings.byte()
    let stage = SnapshotStage.chosen(by: settings.byte())
    switch choice % 3 {
    case 0: readTables(stage, Array(settings.rest), behindHeader: choice & 4 > 0)
    case 1: readMessage(stage, &settings, behindHeader: choice & 4 > 0, trained: choice & 8 > 0)
    default: play(stage, &settings, trained: choice & 8 > 0)
    }
}

/// Bytes are tables or they are not; by those that are, states come back as they were.
private func readTables(_ stage: SnapshotStage, _ rest: [UInt8], behindHeader: Bool) {
    let bytes = behindHeader ? Array(stage.generic.bytes.prefix(9)) + rest : rest
    let tables: CodingTables
    do throws(CodingTablesError) {
        tables = try CodingTables(bytes, for: stage.schema)
    } catch {
        return
    }
    precondition(tables.bytes == bytes, "tables of other bytes")
    var codec = Codec1(schema: stage.schema, tables: tables)
    for index in 2..<6 { checkRoundTrip(&codec, stage.states[index], stage.states[index - 1], stage.states[index - 2]) }
}

/// A message is refused, or leads to a legal state; that state can be sent on.
private func readMessage(_ stage: SnapshotStage, _ settings: inout Settings, behindHeader: Bool, trained: Bool) {
    let at = settings.byte() % stage.states.count
    let (baseline, step) = (stage.states[at], settings.byte() % 8)
    let before = step > 0 && at >= step ? stage.states[at - step] : nil
    var message = Array(settings.rest)
    if behindHeader {
        message = []
        Snapshot.appendHeader(
            codec: 1, tick: baseline.tick + 1 + UInt32(settings.byte() % 20),
            baseline: settings.byte() & 1 == 0 ? nil : baseline.tick, before: before?.tick, nil, to: &message)
        message += settings.rest
    }
    var codec = Codec1(schema: stage.schema, tables: trained ? stage.trained : stage.generic)
    var result = WorldState(schema: stage.schema)
    do throws(SnapshotError) {
        try codec.apply(message.span, to: baseline, before: before, into: &result)
    } catch {
        return
    }
    stage.check(result)
    checkRoundTrip(&codec, result, baseline.tick < result.tick ? baseline : nil, before)
}

private func checkRoundTrip(
    _ codec: inout Codec1, _ state: WorldState, _ baseline: WorldState?, _ before: WorldState?
) {
    var (message, result): ([UInt8], WorldState) = ([], state)
    codec.encode(
        state, since: baseline, before: baseline == nil ? nil : before, stateHash: state.hash, appendingTo: &message)
    do throws(SnapshotError) {
        try codec.apply(message.span, to: baseline, before: before, into: &result)
    } catch {
        preconditionFailure("a message of our own is refused: \(error)")
    }
    precondition(result == state, "another state")
}

/// A server that believes anything of its client sends it deltas from any state it ever had, in either codec, whole, cut or
/// changed. The client then has the server's state, or says that it needs a keyframe; and it refuses no message without
/// cause.
private func play(_ stage: SnapshotStage, _ settings: inout Settings, trained: Bool) {
    let tables = trained ? stage.trained : stage.generic
    var codec = Codec1(schema: stage.schema, tables: tables)
    var client = SnapshotReceiver(schema: stage.schema, tables: tables)
    // The states that the client has.
    var (held, heldBefore): (Int?, Int?)
    var now = 0
    while !settings.rest.isEmpty {
        let order = settings.byte()
        now += 1 + order & 3
        guard now < stage.states.count else { return }
        let link = settings.byte()
        // In step, or as any ack may ask for it.
        let baseline = order & 4 == 0 ? held : link & 15 == 0 ? nil : now - min(now, link & 15)
        let step = order & 8 == 0 ? heldBefore : baseline.map { $0 - link >> 4 }
        let before = baseline.flatMap { from in step.flatMap { 0..<from ~= $0 ? $0 : nil } }
        let state = stage.states[now]
        let (old, prior) = (baseline.map { stage.states[$0] }, before.map { stage.states[$0] })
        var message: [UInt8] = []
        if order & 16 == 0 {
            codec.encode(state, since: old, before: prior, stateHash: state.hash, appendingTo: &message)
        } else {
            Snapshot.encode(state, since: old, schema: stage.schema, stateHash: state.hash, appendingTo: &message)
        }
        let isWhole = order & 32 == 0
        if !isWhole { damage(&message, &settings) }
        let known = client.state
        let isKnown = baseline == nil || baseline == held && (order & 16 > 0 || before == nil || before == heldBefore)
        do throws(SnapshotError) {
            try client.receive(message.span)
            precondition(client.state == state, "a state that the server has not")
            precondition(!isWhole || isKnown, "a delta from a state that the client does not have")
            (heldBefore, held) = (baseline == nil ? nil : held, now)
        } catch {
            precondition(client.state == known, "a refused message has changed the state")
            precondition(!isWhole || error == .wrongBaseline && !isKnown, "a good message is refused: \(error)")
            // It asks for a keyframe.
            message.removeAll()
            codec.encode(state, since: nil, before: nil, stateHash: state.hash, appendingTo: &message)
            let isTaken: Void? = try? client.receive(message.span)
            precondition(isTaken != nil && client.state == state, "a keyframe is refused")
            (heldBefore, held) = (nil, now)
        }
    }
}

/// Cuts a message or changes a byte of it, behind the first ones, which say that there is a hash.
private func damage(_ message: inout [UInt8], _ settings: inout Settings) {
    let (place, change) = (settings.byte(), UInt8(settings.byte()))
    guard message.count > 1 else { return }
    let at = 1 + place % (message.count - 1)
    if change == 0 { message.removeSubrange(at...) } else { message[at] ^= change }
}
