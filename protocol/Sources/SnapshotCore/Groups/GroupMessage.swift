import ByteKit

/// Messages for clients that see only some groups of a game's entities (protocol/spec/snapshot.md §8): a header, and
/// segments that are shared by all who see their group and stand at the same tick.
///
/// A segment is a message of ``Snapshot`` without its tick and distance, so every codec serves.
package enum GroupMessage {
    /// What stands in front of the segments.
    package struct Header: Sendable, Equatable {
        /// The tick of the state that the message leads to.
        package var tick: UInt32
        /// The tick of the state it starts from; nil for nothing.
        package var baselineTick: UInt32?
        /// The tick of the state before that one, by which codec 1 knows how things move; nil for none.
        package var beforeTick: UInt32?
        /// How the segments are coded: 0 or 1.
        package var codec: UInt8
        /// Where the first segment begins.
        var bodyOffset: Int
    }

    static let kind: UInt8 = 3

    /// Whether a message is of this kind.
    static func isOne(_ message: Span<UInt8>) -> Bool { message.count > 0 && message[0] & 0x0F == kind }

    // MARK: Writing

    /// Appends what stands in front of the segments.
    ///
    /// - Precondition: The baseline is earlier than `tick`, and the state before it earlier than the baseline.
    package static func appendHeader(
        codec: UInt8 = 0, tick: UInt32, since baseline: UInt32?, before: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        bytes.append(codec << 4 | kind)
        bytes.appendVarint(UInt64(tick))
        guard let baseline else { return bytes.appendVarint(0) }
        Snapshot.appendDistance(codec: codec, tick: tick, baseline: baseline, before: before, to: &bytes)
    }

    /// Appends what all segments of codec 0 have that lead from `baseline` to `state`: its first byte, hash and body. Those of
    /// codec 1: ``Codec1/appendPayload(_:since:before:stateHash:to:)``.
    ///
    /// - Parameters:
    ///   - state: A group's.
    ///   - baseline: The same group's; nil for a group that comes into view.
    package static func appendPayload(
        _ state: WorldState, since baseline: WorldState?, schema: Schema, stateHash: UInt32?, to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        Snapshot.encode(state, since: baseline, schema: schema, stateHash: stateHash, appendingTo: &bytes)
        removeTicks(at: start, codec: 0, tick: state.tick, since: baseline?.tick, before: nil, from: &bytes)
    }

    /// Takes out of the message at `start` what is the whole message's.
    fileprivate static func removeTicks(
        at start: Int, codec: UInt8, tick: UInt32, since baseline: UInt32?, before: UInt32?, from bytes: inout [UInt8]
    ) {
        let end = bytes.count
        bytes.appendVarint(UInt64(tick))
        if let baseline {
            Snapshot.appendDistance(codec: codec, tick: tick, baseline: baseline, before: before, to: &bytes)
        }
        let length = bytes.count - end
        bytes.removeLast(length)
        bytes.removeSubrange(start + 1..<start + 1 + length)
    }

    /// Appends a segment.
    ///
    /// - Parameters:
    ///   - group: Its number.
    ///   - least: One more than the number of the segment before, or 0.
    ///   - payload: What ``appendPayload(_:since:schema:stateHash:to:)`` has made; empty for a group that is not seen any
    ///     more.
    package static func appendSegment(
        _ group: UInt16, least: inout Int, _ payload: ArraySlice<UInt8>, to bytes: inout [UInt8]
    ) {
        bytes.appendVarint(UInt64(Int(group) - least))
        least = Int(group) + 1
        bytes.appendVarint(UInt64(payload.count))
        bytes.append(contentsOf: payload)
    }

    // MARK: Reading

    /// Reads what stands in front of the segments.
    package static func header(of message: Span<UInt8>) throws(SnapshotError) -> Header {
        guard message.count > 0 else { throw .truncated }
        let first = message[0]
        guard first & 0x0F == kind else { throw .unknownKind }
        guard first & 0x30 <= 0x10 else { throw .unknownCodec }
        guard first & 0xC0 == 0 else { throw .reservedFlag }
        var offset = 1
        guard let tick = UInt32(exactly: try number(message, at: &offset, or: .badTick)), tick > 0 else {
            throw .badTick
        }
        var header = Header(tick: tick, codec: first >> 4, bodyOffset: 0)
        if offset < message.count, message[offset] == 0 {
            offset += 1
        } else {
            (header.baselineTick, header.beforeTick) = try Snapshot.distance(
                of: message, codec: header.codec, tick: tick, at: &offset)
        }
        header.bodyOffset = offset
        return header
    }

    /// One segment: its group and where its payload stands.
    struct Segment: Equatable {
        var group: UInt16
        var payload: Range<Int>
    }

    /// Reads where the next segment stands.
    ///
    /// - Parameter least: One more than the number of the segment before, or 0.
    static func nextSegment(
        of message: Span<UInt8>, at offset: inout Int, least: inout Int
    ) throws(SnapshotError) -> Segment {
        let gap = try number(message, at: &offset, or: .badNumber)
        guard gap <= 65_535, let group = UInt16(exactly: least + Int(gap)) else { throw .badNumber }
        let length = try number(message, at: &offset, or: .badNumber)
        guard length <= UInt64(message.count - offset) else { throw .truncated }
        let end = offset + Int(length)
        let segment = Segment(group: group, payload: offset..<end)
        offset = end
        least = Int(group) + 1
        return segment
    }

    /// Overwrites `whole` with the message that a segment is short for.
    ///
    /// - Parameter hasStep: Whether the group was there in the state before the baseline.
    static func restore(
        _ payload: Range<Int>, of message: Span<UInt8>, _ header: Header, hasStep: Bool, into whole: inout [UInt8]
    ) throws(SnapshotError) {
        whole.removeAll(keepingCapacity: true)
        let first = message[payload.lowerBound]
        guard first >> 4 & 3 == header.codec else { throw .unknownCodec }
        whole.append(first)
        whole.appendVarint(UInt64(header.tick))
        if first & 0x0F == Snapshot.deltaKind {
            guard let baseline = header.baselineTick else { throw .wrongBaseline }
            Snapshot.appendDistance(
                codec: header.codec, tick: header.tick, baseline: baseline,
                before: hasStep ? header.beforeTick : nil, to: &whole)
        }
        for at in payload.dropFirst() { whole.append(message[at]) }
    }

    private static func number(
        _ message: Span<UInt8>, at offset: inout Int, or error: SnapshotError
    ) throws(SnapshotError) -> UInt64 {
        guard let number = message.varint(at: &offset) else {
            throw message.endsInsideVarint(at: offset) ? .truncated : error
        }
        return number
    }
}

extension Codec1 {
    /// Appends what all segments have that lead from `baseline` to `state`: its first byte, hash and body.
    ///
    /// - Parameters:
    ///   - state: A group's.
    ///   - baseline: The same group's; nil for a group that comes into view.
    ///   - before: The same group's before that; nil where there is none.
    package mutating func appendPayload(
        _ state: WorldState, since baseline: WorldState?, before: WorldState?, stateHash: UInt32?,
        to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        encode(state, since: baseline, before: before, stateHash: stateHash, appendingTo: &bytes)
        GroupMessage.removeTicks(
            at: start, codec: 1, tick: state.tick, since: baseline?.tick, before: before?.tick, from: &bytes)
    }
}

extension SnapshotReceiver {
    /// What a message of any kind says of itself: the ticks to which and from which it leads, nil for nothing, and whether it
    /// carries a hash; of one in segments, whether its first does.
    package static func heading(
        of message: Span<UInt8>
    ) throws(SnapshotError) -> (tick: UInt32, baselineTick: UInt32?, isChecked: Bool) {
        guard GroupMessage.isOne(message) else {
            let header = try Snapshot.header(of: message)
            return (header.tick, header.baselineTick, header.stateHash != nil)
        }
        let header = try GroupMessage.header(of: message)
        var (offset, least) = (header.bodyOffset, 0)
        guard offset < message.count else { return (header.tick, header.baselineTick, false) }
        let first = try GroupMessage.nextSegment(of: message, at: &offset, least: &least).payload.first
        return (header.tick, header.baselineTick, first.map { message[$0] & Snapshot.hashFlag != 0 } ?? false)
    }
}
