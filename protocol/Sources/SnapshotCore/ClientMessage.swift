import ByteKit

/// One input as it travels: quantised, with the tick it is meant for (protocol/spec/game-messages.md §2).
@usableFromInline package struct QuantisedInput: Sendable, Equatable {
    /// The tick that it is meant for.
    package var tick: UInt32
    /// The sender's own number for it, ascending from input to input.
    package var sequence: UInt32
    /// One value for each input field, in the schema's order, within the fields' maxima.
    @usableFromInline package var values: [UInt32]
    /// The newest snapshot that the sender had; 0 where that is not known. Not of the input itself on the wire: a message says
    /// it once for all of its inputs.
    package var seen: UInt32

    /// An input; the caller keeps the rules.
    package init(tick: UInt32, sequence: UInt32, values: [UInt32], seen: UInt32 = 0) {
        self.tick = tick
        self.sequence = sequence
        self.values = values
        self.seen = seen
    }

    /// Becomes a copy of `other` in its own memory.
    package mutating func overwrite(with other: QuantisedInput) {
        (tick, sequence, seen) = (other.tick, other.sequence, other.seen)
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: other.values)
    }
}

/// Why a client asks for a keyframe (protocol/spec/game-messages.md §4).
@usableFromInline package enum KeyframeReason: UInt8, Sendable {
    /// It has just joined, or lost what it had.
    case join = 0
    /// A state hash differed.
    case hashMismatch = 1
    /// A message could not be applied.
    case cannotApply = 2
}

/// Why bytes are not a client message.
@usableFromInline package enum ClientMessageError: Error, Sendable, Equatable {
    /// The message ends too early.
    case truncated
    /// The first byte names no message.
    case unknownKind
    /// A tick, sequence, count or reason is out of range, not in its shortest form or not ascending.
    case badNumber
    /// A value above its field's maximum.
    case valueOutOfRange
    /// Bytes, or bits that are not zero, after the end.
    case trailingBytes
}

/// A binary message from a client to the lobby it sits in (protocol/spec/game-messages.md).
@usableFromInline package enum ClientMessage: Sendable, Equatable {
    /// Inputs, oldest first, and the newest snapshot tick the client has applied (0 for none).
    case inputs(ack: UInt32, [QuantisedInput])
    /// Only the newest snapshot tick the client has applied.
    case ack(UInt32)
    /// The client needs a keyframe.
    case keyframeRequest(KeyframeReason)

    /// At most this many inputs in one message.
    package static let inputsMax = 8

    /// The message's bytes.
    ///
    /// - Precondition: 1 to 8 inputs, sequences ascending, values within their maxima.
    @inlinable package func encode(schema: Schema) -> [UInt8] { encode(schema.inputLayout) }

    // The schema stays with the caller, who would otherwise retain all of it for the call.
    @usableFromInline func encode(_ layout: RecordLayout) -> [UInt8] {
        switch self {
        case .ack(let tick):
            var bytes: [UInt8] = [9]
            bytes.appendVarint(UInt64(tick))
            return bytes
        case .keyframeRequest(let reason):
            return [10, reason.rawValue]
        case .inputs(let ack, let inputs):
            precondition((1...Self.inputsMax).contains(inputs.count), "not 1 to 8 inputs in a message")
            var bytes: [UInt8] = []
            bytes.reserveCapacity(32)
            bytes.append(8 | UInt8(inputs.count) << 4)
            bytes.appendVarint(UInt64(ack))
            for input in inputs {
                bytes.appendVarint(UInt64(input.tick))
                bytes.appendVarint(UInt64(input.sequence))
                var writer = BitWriter(appendingTo: consume bytes)
                layout.write(input.values, from: 0, to: &writer)
                bytes = writer.finish()
            }
            return bytes
        }
    }

    /// Reads a client's message; everything in it is checked.
    @inlinable package init(decoding bytes: Span<UInt8>, schema: Schema) throws(ClientMessageError) {
        try self.init(decoding: bytes, schema.inputLayout)
    }

    @usableFromInline init(decoding bytes: Span<UInt8>, _ layout: RecordLayout) throws(ClientMessageError) {
        var inputs: [QuantisedInput] = []
        switch try Self.read(bytes, layout, into: &inputs) {
        case .inputs(let ack, _): self = .inputs(ack: ack, inputs)
        case .ack(let tick): self = .ack(tick)
        case .keyframeRequest(let reason): self = .keyframeRequest(reason)
        }
    }

    /// What a message is, with its inputs elsewhere.
    package enum Head {
        /// So many inputs, and the newest snapshot tick the client has applied.
        case inputs(ack: UInt32, count: Int)
        /// See ``ClientMessage/ack(_:)``.
        case ack(UInt32)
        /// See ``ClientMessage/keyframeRequest(_:)``.
        case keyframeRequest(KeyframeReason)
    }

    /// Reads a client's message; everything in it is checked.
    ///
    /// - Parameter inputs: Its first places get the inputs, in memory that is used again: where it has been read into
    ///   before, and nobody else holds what it has, nothing is allocated.
    package static func read(
        _ bytes: Span<UInt8>, _ layout: RecordLayout, into inputs: inout [QuantisedInput]
    ) throws(ClientMessageError) -> Head {
        guard bytes.count > 0 else { throw .truncated }
        let count = Int(bytes[0] >> 4)
        var offset = 1
        let head: Head
        switch bytes[0] & 0x0F {
        case 8:
            guard (1...inputsMax).contains(count) else { throw .badNumber }
            head = .inputs(ack: try number(bytes, at: &offset), count: count)
            try readInputs(count, bytes, at: &offset, layout, into: &inputs)
        case 9 where count == 0:
            head = .ack(try number(bytes, at: &offset))
        case 10 where count == 0:
            guard bytes.count > 1 else { throw .truncated }
            guard let reason = KeyframeReason(rawValue: bytes[1]) else { throw .badNumber }
            offset = 2
            head = .keyframeRequest(reason)
        default:
            throw .unknownKind
        }
        guard offset == bytes.count else { throw .trailingBytes }
        return head
    }

    private static func readInputs(
        _ count: Int, _ bytes: Span<UInt8>, at offset: inout Int, _ layout: RecordLayout,
        into inputs: inout [QuantisedInput]
    ) throws(ClientMessageError) {
        for index in 0..<count {
            let tick = try number(bytes, at: &offset)
            let sequence = try number(bytes, at: &offset)
            if index > 0, inputs[index - 1].sequence >= sequence { throw .badNumber }
            if index == inputs.count { inputs.append(QuantisedInput(tick: 0, sequence: 0, values: [])) }
            inputs[index].tick = tick
            inputs[index].sequence = sequence
            var reader = BitReader(at: offset)
            try layout.read(from: bytes, &reader, into: &inputs[index].values)
            guard reader.paddingIsZero(in: bytes) else { throw .trailingBytes }
            offset = reader.byteOffset
        }
    }

    private static func number(_ bytes: Span<UInt8>, at offset: inout Int) throws(ClientMessageError) -> UInt32 {
        guard let number = bytes.varint(at: &offset) else {
            throw bytes.endsInsideVarint(at: offset) ? .truncated : .badNumber
        }
        guard let value = UInt32(exactly: number) else { throw .badNumber }
        return value
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes from `offset` are the beginning of a varint whose end is missing.
    func endsInsideVarint(at offset: Int) -> Bool {
        guard count - offset < 10 else { return false }
        for index in offset..<count where self[index] & 0x80 == 0 { return false }
        return true
    }
}
