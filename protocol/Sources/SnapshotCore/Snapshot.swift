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
        /// The tick of an earlier state by which things are known to move; only in deltas of codec 1.
        package var beforeTick: UInt32?
        /// How the body is coded: 0 or 1.
        package var codec: UInt8
        /// The hash that the resulting state must have, where the message carries one.
        package var stateHash: UInt32?
        /// Where the body begins.
        var bodyOffset: Int
    }

    static let keyframeKind: UInt8 = 1
    static let deltaKind: UInt8 = 2
    static let hashFlag: UInt8 = 0x40
    /// In the distance of codec 1, in place of the step: the step follows.
    private static let longStep: UInt64 = 7

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
        appendHeader(codec: 0, tick: state.tick, baseline: baseline?.tick, before: nil, stateHash, to: &bytes)
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

    /// Appends what comes before the body of a message of `codec` (protocol/spec/snapshot.md §5.1).
    ///
    /// - Precondition: `before` is earlier than `baseline`, and that than `tick`.
    package static func appendHeader(
        codec: UInt8, tick: UInt32, baseline: UInt32?, before: UInt32?, _ stateHash: UInt32?, to bytes: inout [UInt8]
    ) {
        let first = codec << 4 | (stateHash == nil ? 0 : hashFlag)
        if let baseline {
            bytes.append(first | deltaKind)
            bytes.appendVarint(UInt64(tick))
            appendDistance(codec: codec, tick: tick, baseline: baseline, before: before, to: &bytes)
        } else {
            bytes.append(first | keyframeKind)
            bytes.appendVarint(UInt64(tick))
        }
        if let stateHash { bytes.appendLittleEndian(stateHash) }
    }

    /// Appends how far back the baseline is, and in codec 1 the state before it.
    static func appendDistance(
        codec: UInt8, tick: UInt32, baseline: UInt32, before: UInt32?, to bytes: inout [UInt8]
    ) {
        precondition(
            baseline < tick && before ?? 0 < baseline, "a baseline, or the state before it, that is not earlier")
        let distance = UInt64(tick - baseline)
        guard codec > 0 else { return bytes.appendVarint(distance) }
        let step = UInt64(before.map { baseline - $0 } ?? 0)
        bytes.appendVarint(distance << 3 | min(step, longStep))
        if step >= longStep { bytes.appendVarint(step) }
    }

    /// Reads how far back the baseline is, and in codec 1 the state before it.
    static func distance(
        of message: Span<UInt8>, codec: UInt8, tick: UInt32, at offset: inout Int
    ) throws(SnapshotError) -> (baseline: UInt32, before: UInt32?) {
        let number = try number(message, at: &offset)
        let distance = codec == 0 ? number : number >> 3
        guard distance > 0, distance < tick else { throw .badTick }
        let baseline = tick - UInt32(distance)
        var step = codec == 0 ? 0 : number & longStep
        if step == longStep {
            step = try Self.number(message, at: &offset)
            guard step >= longStep else { throw .badTick }
        }
        guard step < baseline else { throw .badTick }
        return (baseline, step > 0 ? baseline - UInt32(step) : nil)
    }

    /// Reads the header, which decides whether the message can be applied to what the client has.
    package static func header(of message: Span<UInt8>) throws(SnapshotError) -> Header {
        guard message.count > 0 else { throw .truncated }
        let first = message[0]
        guard first & 0x0F == keyframeKind || first & 0x0F == deltaKind else { throw .unknownKind }
        guard first & 0x30 <= 0x10 else { throw .unknownCodec }
        guard first & 0x80 == 0 else { throw .reservedFlag }
        var offset = 1
        guard let tick = UInt32(exactly: try number(message, at: &offset)), tick > 0 else { throw .badTick }
        var header = Header(tick: tick, codec: first >> 4 & 3, bodyOffset: 0)
        if first & 0x0F == deltaKind {
            (header.baselineTick, header.beforeTick) = try distance(
                of: message, codec: header.codec, tick: tick, at: &offset)
        }
        if first & hashFlag != 0 {
            guard let hash = message.uint32LittleEndian(at: offset) else { throw .truncated }
            header.stateHash = hash
            offset += 4
        }
        header.bodyOffset = offset
        return header
    }

    private static func number(_ message: Span<UInt8>, at offset: inout Int) throws(SnapshotError) -> UInt64 {
        guard let number = message.varint(at: &offset) else {
            throw message.endsInsideVarint(at: offset) ? .truncated : .badTick
        }
        return number
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
        guard header.codec == 0 else { throw .unknownCodec }
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
