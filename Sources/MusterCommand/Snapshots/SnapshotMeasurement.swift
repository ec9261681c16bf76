import Foundation
import JSONCore
import SnapshotCore

/// What the snapshots of a recording cost in bytes and time, each decoded and compared.
struct SnapshotMeasurement {
    private static let passes = 5

    private(set) var isExact = true
    private(set) var sizes: [Int] = []
    /// The best of several passes for each message, summed up; in nanoseconds.
    private var encoding = 0.0
    private var decoding = 0.0
    private var plain = 0.0
    /// By how much the messages behind those that catch up are larger, altogether; nil where none catches up.
    private var stepBytes: Int?

    /// - Parameter tables: Those of codec 1; nil measures codec 0.
    init(_ states: [WorldState], _ rule: SnapshotRule, tables: CodingTables?) {
        let schema = BodyRecording.schema
        var codec = tables.map { Codec1(schema: schema, tables: $0) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 << 16)
        var result = WorldState(schema: schema)
        for link in rule.links(states.count) {
            let state = states[link.frame]
            let (baseline, before) = (link.baseline.map { states[$0] }, link.before.map { states[$0] })
            var (encode, decode, pass) = (UInt64.max, UInt64.max, UInt64.max)
            for _ in 0..<Self.passes {
                bytes.removeAll(keepingCapacity: true)
                let start = DispatchTime.now().uptimeNanoseconds
                if codec == nil {
                    Snapshot.encode(state, since: baseline, schema: schema, stateHash: nil, appendingTo: &bytes)
                } else {
                    codec?.encode(state, since: baseline, before: before, stateHash: nil, appendingTo: &bytes)
                }
                let encoded = DispatchTime.now().uptimeNanoseconds
                do throws(SnapshotError) {
                    if codec == nil {
                        try Snapshot.apply(bytes.span, to: baseline, schema: schema, into: &result)
                    } else {
                        try codec?.apply(bytes.span, to: baseline, before: before, into: &result)
                    }
                } catch {
                    isExact = false
                }
                let decoded = DispatchTime.now().uptimeNanoseconds
                // The plain pass: every value of the state looked at once.
                isExact = isExact && result == state
                let compared = DispatchTime.now().uptimeNanoseconds
                encode = min(encode, encoded - start)
                decode = min(decode, decoded - encoded)
                pass = min(pass, compared - decoded)
            }
            sizes.append(bytes.count)
            encoding += Double(encode)
            decoding += Double(decode)
            plain += Double(pass)
            guard let next = rule.successors(of: link) else { continue }
            var sizes = [0, 0]
            for (index, link) in [next.late, next.inStep].enumerated() {
                bytes.removeAll(keepingCapacity: true)
                codec?.encode(
                    states[link.frame], since: link.baseline.map { states[$0] }, before: link.before.map { states[$0] },
                    stateHash: nil, appendingTo: &bytes)
                sizes[index] = bytes.count
            }
            stepBytes = (stepBytes ?? 0) + sizes[0] - sizes[1]
        }
    }

    private var entities: Double { Double(max(1, sizes.count * BodyRecording.bodies)) }

    /// Bytes of a message, headers and all.
    var bytesPerMessage: Double { Double(sizes.reduce(0, +)) / Double(max(1, sizes.count)) }

    /// All of it as one object.
    var json: JSONValue {
        let sorted = sizes.sorted()
        func size(_ part: Double) -> JSONValue {
            sorted.isEmpty ? .null : .integer(Int64(sorted[Int(Double(sorted.count - 1) * part)]))
        }
        var members: JSONObject = [
            "exact": .bool(isExact), "messages": .integer(Int64(sizes.count)),
            "bytes_per_message": .number(bytesPerMessage), "bytes_p50": size(0.5), "bytes_p95": size(0.95),
            "bytes_max": size(1),
            "encode_ns_per_entity": .number(encoding / entities), "decode_ns_per_entity": .number(decoding / entities),
            "plain_ns_per_entity": .number(plain / entities), "encode_to_plain": .number(encoding / max(plain, 1)),
            "decode_to_plain": .number(decoding / max(plain, 1)),
        ]
        if let stepBytes {
            let steps = Double(stepBytes) / Double(max(1, sizes.count))
            members["step_bytes"] = .number(steps)
            members["catch_up_bytes"] = .number(bytesPerMessage + steps)
        }
        return .object(members)
    }
}
