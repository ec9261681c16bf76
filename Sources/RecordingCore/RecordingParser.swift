import ByteKit
import GameKit

/// Reads a recording from bytes that come in any pieces (protocol/spec/recording.md).
///
/// Append what has come, and then call ``next()`` until it has nothing more. After an error there is nothing more to read.
package struct RecordingParser {
    /// The header, once all of it has come.
    package private(set) var header: RecordingHeader?
    /// How many steps have been read.
    package private(set) var tick: UInt32 = 0
    /// Whether the end has been read. A recording whose server was killed has none.
    package private(set) var hasEnded = false

    private var buffer: [UInt8] = []
    /// What of the buffer has been read.
    private var position = 0
    /// How much of the file stands before the buffer.
    private var dropped = 0
    private var hasFailed = false
    /// How much of the buffer is known to hold no end of the header.
    private var searched = RecordingHeader.firstLine.count

    /// A parser at the start of a file.
    package init() {}

    /// Takes bytes; they are kept until they have been read, one whole entry at most beside them.
    package mutating func append(_ bytes: [UInt8]) {
        if position > 0 {
            buffer.removeFirst(position)
            dropped += position
            position = 0
        }
        buffer += bytes
    }

    /// Whether what has come so far ends between two entries: a cut recording may end anywhere.
    package var isBetweenEntries: Bool { header != nil && position == buffer.count }

    /// The next entry, or nil when more bytes are needed. The header is read on the way.
    package mutating func next() throws(RecordingError) -> RecordingEntry? {
        let start = dropped + position
        do throws(RecordingFault) {
            if header == nil, try !readHeader() { return nil }
            return try readEntry()
        } catch {
            throw RecordingError(fault: error, offset: header == nil ? start : dropped + position)
        }
    }

    // MARK: The header

    private mutating func readHeader() throws(RecordingFault) -> Bool {
        let first = RecordingHeader.firstLine
        if searched == first.count { try checkFirstLine(first) }
        guard buffer.count > first.count else { return false }
        guard let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.count
            if buffer.count - first.count > RecordingHeader.bytesMax { throw .headerTooLong }
            return false
        }
        guard end - first.count <= RecordingHeader.bytesMax else { throw .headerTooLong }
        header = try RecordingHeader(line: Array(buffer[first.count..<end]))
        position = end + 1
        return true
    }

    private func checkFirstLine(_ first: [UInt8]) throws(RecordingFault) {
        let version = first.count - 2
        for index in 0..<min(first.count, buffer.count) where buffer[index] != first[index] {
            throw index < version ? .noRecording : .unknownVersion
        }
    }

    // MARK: Entries

    private mutating func readEntry() throws(RecordingFault) -> RecordingEntry? {
        guard position < buffer.count else { return nil }
        guard !hasEnded else { throw .trailingBytes }
        guard let kind = RecordingEntry.Kind(rawValue: buffer[position]) else { throw .unknownKind }
        guard !hasFailed || kind == .end else { throw .afterFailure }
        guard let (length, start) = try readLength(position + 1) else { return nil }
        guard length <= RecordingEntry.bytesMax else { throw .entryTooLong }
        guard buffer.count - start >= length, let header else { return nil }
        var payload = Payload(bytes: Array(buffer[start..<start + length]))
        let entry = try payload.entry(kind, at: tick, header)
        position = start + length
        switch kind {
        case .step, .failedStep:
            tick += 1
            hasFailed = kind == .failedStep
        case .end: hasEnded = true
        default: break
        }
        return entry
    }

    /// A length of at most four bytes at `offset`, and what follows it; nil when more is needed.
    private func readLength(_ offset: Int) throws(RecordingFault) -> (Int, Int)? {
        var length = 0
        for index in 0..<4 {
            guard offset + index < buffer.count else { return nil }
            let byte = Int(buffer[offset + index])
            length |= (byte & 0x7F) << (7 * index)
            guard byte < 0x80 else { continue }
            if byte == 0, index > 0 { throw .badNumber }
            return (length, offset + index + 1)
        }
        throw .entryTooLong
    }
}

/// An entry without its kind and length.
private struct Payload {
    let bytes: [UInt8]
    var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter tick: How many steps stand before it.
    mutating func entry(
        _ kind: RecordingEntry.Kind, at tick: UInt32, _ header: RecordingHeader
    ) throws(RecordingFault) -> RecordingEntry {
        let entry: RecordingEntry
        switch kind {
        case .step:
            guard let fingerprint = bytes.span.uint32LittleEndian(at: 0) else { throw .truncated }
            offset = 4
            entry = .step(try inputs(at: tick, header), fingerprint: fingerprint)
        case .failedStep: entry = .failedStep(try inputs(at: tick, header))
        case .join: entry = .join(Seat(number: try seat(header), name: try text(RecordingEntry.nameBytesMax)))
        case .joinTeam:
            let (number, team) = (try seat(header), try seat(header))
            entry = .join(Seat(number: number, name: try text(RecordingEntry.nameBytesMax), team: team))
        case .joinKnown: entry = .join(try knownSeat(header))
        case .leave: entry = .leave(seat: try seat(header))
        case .drop: entry = .drop(seat: try seat(header))
        case .resume: entry = .resume(seat: try seat(header))
        case .congested:
            let flag = try number(max: 1)
            entry = .congested(seat: try seat(header), flag == 1)
        case .latency:
            let latency = try latency()
            entry = .latency(seat: try seat(header), latency)
        case .end: entry = .end(reason: try text(RecordingEntry.reasonBytesMax))
        }
        guard offset == bytes.count else { throw .trailingBytes }
        return entry
    }

    private mutating func number(max: UInt64) throws(RecordingFault) -> UInt64 {
        var end = offset
        guard let number = bytes.span.varint(at: &end) else {
            let isThere = bytes[offset...].contains { $0 < 0x80 } || bytes.count - offset >= 10
            throw isThere ? .badNumber : .truncated
        }
        guard number <= max else { throw .badNumber }
        offset = end
        return number
    }

    private mutating func seat(_ header: RecordingHeader) throws(RecordingFault) -> Int {
        Int(try number(max: UInt64(header.rules.seats - 1)))
    }

    private mutating func latency() throws(RecordingFault) -> Latency {
        let roundTrip = Int(try number(max: UInt64(Latency.millisecondsMax)))
        let offset = ZigZag.integer(of: try number(max: 2 * UInt64(Latency.millisecondsMax)))
        return Latency(roundTrip: roundTrip, clockOffset: Int(offset))
    }

    private mutating func knownSeat(_ header: RecordingHeader) throws(RecordingFault) -> Seat {
        let seat = try seat(header)
        let team = Int(try number(max: UInt64(header.rules.seats))) - 1
        let (subject, role) = (try identity(), try identity())
        guard subject != nil || role != nil else { throw .badText }
        let name = try text(RecordingEntry.nameBytesMax)
        return Seat(number: seat, name: name, team: team < 0 ? nil : team, subject: subject, role: role)
    }

    /// A subject or role; nil where there is none.
    private mutating func identity() throws(RecordingFault) -> String? {
        let count = Int(try number(max: UInt64(RecordingEntry.identityBytesMax)))
        guard bytes.count - offset >= count else { throw .truncated }
        let text = try text(count, upTo: offset + count)
        return text.isEmpty ? nil : text
    }

    /// - Parameter end: Where it ends; nil where the entry does.
    private mutating func text(_ bytesMax: Int, upTo end: Int? = nil) throws(RecordingFault) -> String {
        let end = end ?? bytes.count
        guard end - offset <= bytesMax, let text = String(validating: bytes[offset..<end], as: UTF8.self) else {
            throw .badText
        }
        offset = end
        return text
    }

    private mutating func inputs(
        at tick: UInt32, _ header: RecordingHeader
    ) throws(RecordingFault) -> [SeatInput] {
        guard tick < .max else { throw .badNumber }
        let count = try number(max: UInt64(RecordingEntry.bytesMax))
        var inputs: [SeatInput] = []
        // Nothing is set aside for a count that the bytes may not bear out: an input takes four at least.
        inputs.reserveCapacity(min(Int(count), (bytes.count - offset) / 4))
        for _ in 0..<count { inputs.append(try input(at: tick + 1, header)) }
        return inputs
    }

    private mutating func input(at tick: UInt32, _ header: RecordingHeader) throws(RecordingFault) -> SeatInput {
        let seat = try seat(header)
        let distance = ZigZag.integer(of: try number(max: 1 << 33))
        guard let meant = UInt32(exactly: Int64(tick) + distance) else { throw .badNumber }
        let sequence = UInt32(try number(max: UInt64(UInt32.max)))
        let age = UInt32(try number(max: UInt64(tick - 1)))
        var values: [UInt32] = []
        values.reserveCapacity(header.schema.inputLayout.fieldCount)
        var reader = BitReader(at: offset)
        for quantiser in header.schema.inputLayout.quantisers {
            guard let value = reader.read(width: quantiser.width, from: bytes.span) else { throw .truncated }
            guard value <= quantiser.maximum else { throw .valueOutOfRange }
            values.append(value)
        }
        guard reader.paddingIsZero(in: bytes.span) else { throw .trailingBytes }
        offset = reader.byteOffset
        return SeatInput(
            seat: seat,
            input: QuantisedInput(
                tick: meant, sequence: sequence, values: values, seen: age == 0 ? 0 : tick - age))
    }
}
