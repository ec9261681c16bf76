import ByteKit

/// Why a snapshot message was not applied. The state it would have changed is then as it was.
package enum SnapshotError: Error, Sendable, Equatable {
    /// The message ends too early, or announces more than its bytes can hold.
    case truncated
    /// The first byte names no snapshot message of this version.
    case unknownKind
    /// The first byte names a codec that this version does not have.
    case unknownCodec
    /// The reserved flag is set.
    case reservedFlag
    /// The tick or the baseline distance is not a number in range.
    case badTick
    /// A delta, and its baseline is not the state at hand: ask for a keyframe.
    case wrongBaseline
    /// A count or gap is over its limit or not in its shortest form.
    case badNumber
    /// Ids that are not ascending, removed without being there, or spawned while being there.
    case badIdentifiers
    /// A value above its field's maximum.
    case valueOutOfRange
    /// Bytes, or bits that are not zero, after the end.
    case trailingBytes
    /// Applied, but the result is not the state the sender had: ask for a keyframe.
    case stateHashMismatch
}

/// Snapshot messages in codec 0, plain bits (protocol/spec/snapshot.md §5).
///
/// Messages keep no coding state from one to the next: all clients with the same baseline can be sent the same bytes.
package enum Snapshot {
    /// What the first bytes of a message say.
    package struct Header: Sendable, Equatable {
        /// The tick of the state that the message leads to.
        package var tick: UInt32
        /// The tick of the state it starts from; nil for a keyframe.
        package var baselineTick: UInt32?
        /// The hash that the resulting state must have, where the message carries one.
        package var stateHash: UInt32?
        /// Where the body begins.
        var bodyOffset: Int
    }

    static let keyframeKind: UInt8 = 1
    static let deltaKind: UInt8 = 2
    static let hashFlag: UInt8 = 0x40

    /// The message that leads from `baseline` to `state`; a keyframe when there is no baseline.
    ///
    /// - Parameters:
    ///   - state: Legal for `schema`, at tick 1 or later.
    ///   - baseline: An earlier state of the same game.
    ///   - stateHash: The hash of `state` when the receiver is to check it.
    package static func encode(
        _ state: WorldState, since baseline: WorldState?, schema: Schema, stateHash: UInt32? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(state, since: baseline, schema: schema, stateHash: stateHash, appendingTo: &bytes)
        return bytes
    }

    /// The same, behind the bytes that are there: in memory that is used again nothing is allocated.
    package static func encode(
        _ state: WorldState, since baseline: WorldState?, schema: Schema, stateHash: UInt32?,
        appendingTo out: inout [UInt8]
    ) {
        precondition(state.tables.count == schema.types.count, "a state of another schema")
        var bytes: [UInt8] = []
        swap(&bytes, &out)
        let kind = baseline == nil ? keyframeKind : deltaKind
        bytes.append(kind | (stateHash == nil ? 0 : hashFlag))
        bytes.appendVarint(UInt64(state.tick))
        if let baseline {
            precondition(baseline.tick < state.tick, "a baseline that is not earlier")
            bytes.appendVarint(UInt64(state.tick - baseline.tick))
        }
        if let stateHash { bytes.appendLittleEndian(stateHash) }
        var writer = BitWriter(appendingTo: consume bytes)
        for index in schema.types.indices {
            let encoder = TableEncoder(layout: schema.layouts[index], type: schema.types[index])
            if let baseline {
                encoder.writeDelta(of: state.tables[index], since: baseline.tables[index], to: &writer)
            } else {
                encoder.writeWhole(state.tables[index], to: &writer)
            }
        }
        out = writer.finish()
    }

    /// Reads the header, which decides whether the message can be applied to what the client has.
    package static func header(of message: Span<UInt8>) throws(SnapshotError) -> Header {
        guard message.count > 0 else { throw .truncated }
        let first = message[0]
        guard first & 0x0F == keyframeKind || first & 0x0F == deltaKind else { throw .unknownKind }
        guard first & 0x30 == 0 else { throw .unknownCodec }
        guard first & 0x80 == 0 else { throw .reservedFlag }
        var offset = 1
        let tick = try tickNumber(message, at: &offset)
        var header = Header(tick: tick, baselineTick: nil, stateHash: nil, bodyOffset: 0)
        if first & 0x0F == deltaKind {
            let distance = try tickNumber(message, at: &offset)
            guard distance < tick else { throw .badTick }
            header.baselineTick = tick - distance
        }
        if first & hashFlag != 0 {
            guard let hash = message.uint32LittleEndian(at: offset) else { throw .truncated }
            header.stateHash = hash
            offset += 4
        }
        header.bodyOffset = offset
        return header
    }

    private static func tickNumber(_ message: Span<UInt8>, at offset: inout Int) throws(SnapshotError) -> UInt32 {
        guard let number = message.varint(at: &offset) else {
            throw message.endsInsideVarint(at: offset) ? .truncated : .badTick
        }
        guard number > 0, let tick = UInt32(exactly: number) else { throw .badTick }
        return tick
    }

    /// The state that `message` leads to from `baseline`.
    package static func apply(
        _ message: Span<UInt8>, to baseline: WorldState?, schema: Schema
    ) throws(SnapshotError) -> WorldState {
        var state = WorldState(schema: schema)
        try apply(message, to: baseline, schema: schema, into: &state)
        return state
    }

    /// The same, into a state whose memory is used again.
    ///
    /// - Parameters:
    ///   - message: One whole message.
    ///   - baseline: The client's newest state; not looked at for a keyframe.
    ///   - schema: The schema of both states.
    ///   - result: Any state of the schema. After an error its contents mean nothing.
    package static func apply(
        _ message: Span<UInt8>, to baseline: WorldState?, schema: Schema, into result: inout WorldState
    ) throws(SnapshotError) {
        let header = try header(of: message)
        precondition(result.tables.count == schema.types.count, "a state of another schema")
        let start = try tables(of: baseline, at: header.baselineTick, schema)
        result.tick = header.tick
        var reader = BitReader(at: header.bodyOffset)
        // Spans: an element taken out of an array is retained, with all that it holds.
        let (decoders, before) = (schema.decoders.span, start.span)
        var tables = result.tables.mutableSpan
        for index in decoders.indices {
            if header.baselineTick != nil {
                try decoders[index].readDelta(message, &reader, since: before[index], into: &tables[index])
            } else {
                try decoders[index].readWhole(message, &reader, into: &tables[index])
            }
        }
        guard reader.paddingIsZero(in: message), reader.byteOffset == message.count else { throw .trailingBytes }
        if let expected = header.stateHash, expected != result.hash { throw .stateHashMismatch }
    }

    /// The tables that a message starts from; none for a keyframe.
    private static func tables(
        of baseline: WorldState?, at tick: UInt32?, _ schema: Schema
    ) throws(SnapshotError) -> [EntityTable] {
        guard let tick else { return [] }
        guard let baseline, baseline.tick == tick else { throw .wrongBaseline }
        precondition(baseline.tables.count == schema.types.count, "a baseline of another schema")
        return baseline.tables
    }
}

/// A client's hold on the newest state: two states used in turn, so that a message that fails changes nothing.
@usableFromInline package struct SnapshotReceiver: Sendable {
    /// The game's schema.
    package let schema: Schema
    /// The newest state; nil until the first keyframe.
    @inlinable package var state: WorldState? { hasState ? current : nil }
    @usableFromInline private(set) var current: WorldState
    private var spare: WorldState
    /// Where only some groups are seen: what is held of each.
    private(set) var groups: GroupReceiver
    @usableFromInline private(set) var hasState = false

    /// A client that has no state yet.
    package init(schema: Schema) {
        self.schema = schema
        current = WorldState(schema: schema)
        spare = current
        groups = GroupReceiver(schema: schema)
    }

    /// Applies a message. After an error ``state`` is what it was.
    package mutating func receive(_ message: Span<UInt8>) throws(SnapshotError) {
        if GroupMessage.isOne(message) {
            try groups.receive(message, into: &spare)
        } else {
            try Snapshot.apply(message, to: hasState ? current : nil, schema: schema, into: &spare)
            groups.removeAll()
        }
        swap(&current, &spare)
        hasState = true
    }
}
