import ByteKit
import GameKit

/// Writes the entries of one recording (protocol/spec/recording.md §3).
package struct RecordingEncoder {
    /// What has been written since ``take()``.
    package private(set) var bytes: [UInt8] = []
    /// How many steps have been written.
    package private(set) var tick: UInt32 = 0
    private let layout: RecordLayout
    /// One entry on its way, kept for its memory.
    private var payload: [UInt8] = []

    /// An encoder that has written the header.
    package init(_ header: RecordingHeader) {
        layout = header.schema.inputLayout
        bytes = header.encoded
    }

    /// Hands out what has been written, and begins anew.
    package mutating func take() -> [UInt8] {
        let taken = bytes
        bytes = []
        bytes.reserveCapacity(taken.count)
        return taken
    }

    /// Writes an entry.
    ///
    /// - Precondition: What it holds is as the game's rules and schema allow.
    package mutating func append(_ entry: RecordingEntry) {
        payload.removeAll(keepingCapacity: true)
        switch entry {
        case .step(let inputs, let fingerprint):
            payload.appendLittleEndian(fingerprint)
            end(step: inputs, .step)
        case .failedStep(let inputs): end(step: inputs, .failedStep)
        case .join(let seat): join(seat)
        case .leave(let seat): end(seat, .leave)
        case .drop(let seat): end(seat, .drop)
        case .resume(let seat): end(seat, .resume)
        case .congested(let seat, let isCongested):
            payload.append(isCongested ? 1 : 0)
            end(seat, .congested)
        case .latency(let seat, let latency):
            payload.appendVarint(UInt64(latency.roundTrip))
            payload.appendVarint(ZigZag.number(of: Int64(latency.clockOffset)))
            end(seat, .latency)
        case .end(let reason):
            payload += Self.cut(reason, RecordingEntry.reasonBytesMax)
            end(.end)
        }
    }

    private mutating func join(_ seat: Seat) {
        var kind = seat.team == nil ? RecordingEntry.Kind.join : .joinTeam
        payload.appendVarint(UInt64(seat.number))
        if seat.subject != nil || seat.role != nil {
            kind = .joinKnown
            payload.appendVarint(seat.team.map { UInt64($0) + 1 } ?? 0)
            for text in [seat.subject, seat.role] {
                let bytes = Self.cut(text ?? "", RecordingEntry.identityBytesMax)
                payload.appendVarint(UInt64(bytes.count))
                payload += bytes
            }
        } else if let team = seat.team {
            payload.appendVarint(UInt64(team))
        }
        payload += Self.cut(seat.name, RecordingEntry.nameBytesMax)
        end(kind)
    }

    private mutating func end(_ kind: RecordingEntry.Kind) {
        bytes.append(kind.rawValue)
        bytes.appendVarint(UInt64(payload.count))
        bytes += payload
    }

    private mutating func end(_ seat: Int, _ kind: RecordingEntry.Kind) {
        payload.appendVarint(UInt64(seat))
        end(kind)
    }

    private mutating func end(step inputs: [SeatInput], _ kind: RecordingEntry.Kind) {
        tick += 1
        payload.appendVarint(UInt64(inputs.count))
        for entry in inputs {
            payload.appendVarint(UInt64(entry.seat))
            payload.appendVarint(ZigZag.number(of: Int64(entry.input.tick) - Int64(tick)))
            payload.appendVarint(UInt64(entry.input.sequence))
            payload.appendVarint(entry.input.seen == 0 ? 0 : UInt64(tick - entry.input.seen))
            var writer = BitWriter(appendingTo: payload)
            for (index, quantiser) in layout.quantisers.enumerated() {
                writer.write(entry.input.values[index], width: quantiser.width)
            }
            payload = writer.finish()
        }
        end(kind)
    }

    /// The text's bytes, as many whole characters as there is room for.
    private static func cut(_ text: String, _ bytesMax: Int) -> [UInt8] {
        guard text.utf8.count > bytesMax else { return Array(text.utf8) }
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let next = Array(String(scalar).utf8)
            guard bytes.count + next.count <= bytesMax else { break }
            bytes += next
        }
        return bytes
    }
}

/// Whole numbers of either sign as ones that are not negative, small ones small: 0, −1, 1, −2 become 0, 1, 2, 3.
enum ZigZag {
    /// The number of an integer.
    static func number(of integer: Int64) -> UInt64 { UInt64(bitPattern: integer << 1 ^ integer >> 63) }

    /// The integer of a number.
    static func integer(of number: UInt64) -> Int64 { Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1) }
}
