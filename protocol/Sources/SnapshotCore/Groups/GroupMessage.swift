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
        /// Where the first segment begins.
        var bodyOffset: Int
    }

    static let kind: UInt8 = 3

    /// Whether a message is of this kind.
    static func isOne(_ message: Span<UInt8>) -> Bool { message.count > 0 && message[0] & 0x0F == kind }

    // MARK: Writing

    /// Appends what stands in front of the segments.
    ///
    /// - Precondition: The baseline is earlier than `tick`.
    package static func appendHeader(tick: UInt32, since baseline: UInt32?, to bytes: inout [UInt8]) {
        bytes.append(kind)
        bytes.appendVarint(UInt64(tick))
        bytes.appendVarint(UInt64(baseline.map { tick - $0 } ?? 0))
    }

    /// Appends what all segments have that lead from `baseline` to `state`: its first byte, hash and body.
    ///
    /// - Parameters:
    ///   - state: A group's.
    ///   - baseline: The same group's; nil for a group that comes into view.
    package static func appendPayload(
        _ state: WorldState, since baseline: WorldState?, schema: Schema, stateHash: UInt32?, to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        Snapshot.encode(state, since: baseline, schema: schema, stateHash: stateHash, appendingTo: &bytes)
        let distance = baseline.map { varintLength(state.tick - $0.tick) } ?? 0
        let head = start + 1
        bytes.removeSubrange(head..<head + varintLength(state.tick) + distance)
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

    private static func varintLength(_ number: UInt32) -> Int {
        max(1, (UInt32.bitWidth - number.leadingZeroBitCount + 6) / 7)
    }

    // MARK: Reading

    /// Reads what stands in front of the segments.
    package static func header(of message: Span<UInt8>) throws(SnapshotError) -> Header {
        guard message.count > 0 else { throw .truncated }
        let first = message[0]
        guard first & 0x0F == kind else { throw .unknownKind }
        guard first & 0x30 == 0 else { throw .unknownCodec }
        guard first & 0xC0 == 0 else { throw .reservedFlag }
        var offset = 1
        let tick = try number(message, at: &offset, or: .badTick)
        let distance = try number(message, at: &offset, or: .badTick)
        guard tick > 0, tick <= UInt32.max, distance < tick else { throw .badTick }
        return Header(
            tick: UInt32(tick), baselineTick: distance == 0 ? nil : UInt32(tick - distance), bodyOffset: offset)
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
    static func restore(
        _ payload: Range<Int>, of message: Span<UInt8>, _ header: Header, into whole: inout [UInt8]
    ) throws(SnapshotError) {
        whole.removeAll(keepingCapacity: true)
        let first = message[payload.lowerBound]
        whole.append(first)
        whole.appendVarint(UInt64(header.tick))
        if first & 0x0F == Snapshot.deltaKind {
            guard let baseline = header.baselineTick else { throw .wrongBaseline }
            whole.appendVarint(UInt64(header.tick - baseline))
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
