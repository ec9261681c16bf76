import ByteKit

/// Snapshot messages in codec 1: a range coder with trained tables, each value predicted from the baseline and the state before
/// it (protocol/spec/snapshot.md §9).
///
/// Messages keep no coding state from one to the next. What is kept here is memory for the next one.
package struct Codec1: Sendable {
    /// The schema of all states.
    package let schema: Schema
    /// The frequencies that both ends have.
    package let tables: CodingTables
    let model: CodingModel
    private var scratch = CodingScratch()
    private var bytes: [UInt8] = []
    /// What an encoder's walk fills: nothing.
    private var nothing = EntityTable(ids: [], values: [])

    /// - Precondition: `tables` were made for `schema`.
    package init(schema: Schema, tables: CodingTables) {
        precondition(schema.hash == tables.schemaHash, "tables of another schema")
        self.schema = schema
        self.tables = tables
        model = CodingModel(schema)
    }

    /// Appends the message that leads from `baseline` to `state`; a keyframe when there is no baseline.
    ///
    /// - Parameters:
    ///   - state: Legal for the schema, at tick 1 or later.
    ///   - baseline: An earlier state of the same game.
    ///   - before: A state earlier than the baseline that the receiver has too, by which it knows how things move; nil when
    ///     there is none.
    ///   - stateHash: The hash of `state` when the receiver is to check it.
    package mutating func encode(
        _ state: WorldState, since baseline: WorldState?, before: WorldState?, stateHash: UInt32?,
        appendingTo out: inout [UInt8]
    ) {
        precondition(state.tables.count == schema.types.count, "a state of another schema")
        var bytes: [UInt8] = []
        swap(&bytes, &out)
        Snapshot.appendHeader(
            codec: 1, tick: state.tick, baseline: baseline?.tick, before: before?.tick, stateHash, to: &bytes)
        var coder = RangeEncoder(appendingTo: consume bytes, intervals: tables.intervals)
        do {
            try model.code(&coder, state, since: baseline, before: before, into: &nothing, &scratch)
        } catch {
            preconditionFailure("an encoder refuses nothing")
        }
        out = coder.finish()
    }

    /// The state that `message` leads to, into a state whose memory is used again.
    ///
    /// - Parameters:
    ///   - message: One whole message of codec 1.
    ///   - baseline: The state that its header names; not looked at for a keyframe.
    ///   - before: The one earlier than the baseline that its header names, if it names one.
    ///   - result: Any state of the schema. After an error its contents mean nothing.
    package mutating func apply(
        _ message: Span<UInt8>, to baseline: WorldState?, before: WorldState?, into result: inout WorldState
    ) throws(SnapshotError) {
        let header = try Snapshot.header(of: message)
        guard header.codec == 1 else { throw .unknownCodec }
        guard header.baselineTick == nil || header.baselineTick == baseline?.tick,
            header.beforeTick == nil || header.beforeTick == before?.tick
        else { throw .wrongBaseline }
        precondition(result.tables.count == schema.types.count, "a state of another schema")
        bytes.removeAll(keepingCapacity: true)
        bytes.append(message)
        var coder = RangeDecoder(bytes, at: header.bodyOffset, intervals: tables.intervals)
        result.tick = header.tick
        try model.decode(
            &coder, since: header.baselineTick == nil ? nil : baseline, before: header.beforeTick == nil ? nil : before,
            into: &result, &scratch)
        if let expected = header.stateHash, expected != result.hash { throw .stateHashMismatch }
    }
}

extension CodingModel {
    /// Walks through what a message of `state` says; not for decoders.
    func code<Coder: SymbolCoder>(
        _ coder: inout Coder, _ state: WorldState, since baseline: WorldState?, before: WorldState?,
        into nothing: inout EntityTable, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        guard let baseline else {
            for index in types.indices {
                try types[index].codeWhole(&coder, state.tables[index], into: &nothing, &scratch)
            }
            return
        }
        let motion = Motion(ticks: state.tick - baseline.tick, before: before.map { baseline.tick - $0.tick } ?? 0)
        let parents = ParentMotion.Tables(base: baseline.tables, now: state.tables)
        for index in types.indices {
            try types[index].codeDelta(
                &coder, state.tables[index], since: baseline.tables[index],
                before: (before ?? baseline).tables[index], into: &nothing, parents, motion, &scratch)
        }
    }

    /// Reads the tables of `result`, whose tick is set.
    fileprivate func decode(
        _ coder: inout RangeDecoder, since baseline: WorldState?, before: WorldState?,
        into result: inout WorldState, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        let nothing = EntityTable(ids: [], values: [])
        let motion = baseline.map { baseline in
            Motion(ticks: result.tick - baseline.tick, before: before.map { baseline.tick - $0.tick } ?? 0)
        }
        for index in types.indices {
            if let baseline, let motion {
                // Taken out, since those before it are looked at meanwhile.
                var table = EntityTable(ids: [], values: [])
                swap(&table, &result.tables[index])
                defer { swap(&table, &result.tables[index]) }
                try types[index].codeDelta(
                    &coder, baseline.tables[index], since: baseline.tables[index],
                    before: (before ?? baseline).tables[index], into: &table,
                    ParentMotion.Tables(base: baseline.tables, now: result.tables), motion, &scratch)
            } else {
                try types[index].codeWhole(&coder, nothing, into: &result.tables[index], &scratch)
            }
        }
        try coder.checkEnd()
    }
}
