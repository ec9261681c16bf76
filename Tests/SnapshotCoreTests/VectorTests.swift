import ByteKit
import Determinism
import Foundation
import SnapshotCore
import Testing

/// The golden vectors, written from the codec as it is. `MUSTER_RECORD_VECTORS=1` writes the file anew; a change of it is
/// a change of the wire.
@Suite("Golden vectors (protocol/vectors/snapshot.json)")
struct VectorTests {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "protocol/vectors/snapshot.json")

    @Test
    func `the committed vectors are what the codec writes and reads`() throws {
        let document = try Self.document()
        if ProcessInfo.processInfo.environment["MUSTER_RECORD_VECTORS"] != nil {
            try Data(document.utf8).write(to: Self.file)
        }
        let committed = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(committed == document)
    }

    static let small = Schema(
        types: [
            .init(
                "unit", .table,
                [.init("x", .fixed(-32...32, step: 1 / 64)), .init("hp", .int(0...100)), .init("up", .bool)]),
            .init("match", .single, [.init("turn", .enumeration(3)), .init("aim", .angle(bits: 10))]),
        ], input: [.init("dx", .int(-1...1)), .init("aim", .angle(bits: 10)), .init("fire", .bool)])

    /// Vectors, and entities that name others.
    static let vectors = Schema(
        types: [
            .init(
                "body", .table,
                Schema.Field.vector("at", 3, -32...32, step: 1 / 64, .linear) + [.init("holder", .entity(of: "body"))]),
            .init("wind", .single, Schema.Field.vector("way", 2, -1...1, step: 0.125)),
        ], input: Schema.Field.vector("move", 2, -1...1, step: 0.5) + [.init("aim", .entity(of: "body"))])

    static func document() throws -> String {
        var schemas = [("small", small), ("vectors", vectors)]
        var snapshots: [String] = []
        var messages: [String] = []
        try appendSmall(&snapshots)
        try appendVectors(&snapshots, &messages)
        appendErrors(&snapshots)
        appendClientErrors(&messages)
        for seed in UInt64(1)...12 {
            var world = RandomWorld(seed: seed)
            schemas.append(("random\(seed)", world.schema))
            let id = "random\(seed)"
            var baseline: WorldState?
            for round in 0..<4 {
                let hash = round % 2 == 0 ? world.state.hash : nil
                let message = Snapshot.encode(world.state, since: baseline, schema: world.schema, stateHash: hash)
                snapshots.append(try snapshot("\(id)-\(round)", id, world.schema, baseline, message))
                baseline = world.state
                world.advance()
                messages.append(
                    client("\(id)-input-\(round)", id, world.schema, ClientMessageTests.randomMessage(&world)))
            }
        }
        let groups = [
            ("schemas", schemas.map { "{\"id\":\"\($0)\",\"hash\":\"\($1.hashText)\",\"text\":\(quoted($1.text))}" }),
            ("quantise", quantise()), ("snapshots", snapshots), ("clientMessages", messages),
        ]
        let body = groups.map { "\"\($0)\":[\n\($1.joined(separator: ",\n"))\n]" }
        return "{\"version\":1,\n\(body.joined(separator: ",\n"))}\n"
    }

    static func appendSmall(_ snapshots: inout [String]) throws {
        var first = WorldState(schema: small)
        first.tick = 300
        first.tables[0] = EntityTable(ids: [0, 1, 9, 700], values: [0, 100, 1, 4096, 0, 0, 2048, 50, 1, 5, 6, 0])
        first.tables[1].values = [2, 1023]
        var second = first
        second.tick = 301
        var third = second
        third.tick = 430
        third.tables[0] = EntityTable(ids: [0, 8, 9, 65535], values: [0, 100, 1, 1, 2, 1, 2049, 50, 1, 7, 8, 1])
        var fourth = third
        fourth.tick = 431
        fourth.tables[1].values = [0, 3]
        var empty = WorldState(schema: small)
        empty.tick = 432
        var many = empty
        many.tick = 433
        many.tables[0] = EntityTable(ids: [UInt16](5..<105), values: (0..<300).map { $0 % 3 == 0 ? 4_000 : 1 })
        var moved = many
        moved.tick = 434
        for row in [0, 33, 66, 98] { moved.tables[0].values[row * 3] = UInt32(row) }
        for (id, state, baseline, hash) in [
            ("keyframe", first, nil, first.hash), ("nothing changed", second, first, nil),
            ("removed, spawned and changed", third, second, third.hash), ("only the single", fourth, third, nil),
            ("all removed", empty, fourth, empty.hash), ("empty keyframe", empty, nil, nil),
            ("a hundred spawned", many, empty, many.hash), ("four of a hundred move", moved, many, nil),
        ] as [(String, WorldState, WorldState?, UInt32?)] {
            let message = Snapshot.encode(state, since: baseline, schema: small, stateHash: hash)
            snapshots.append(try snapshot(id, "small", small, baseline, message))
        }
    }

    static func appendVectors(_ snapshots: inout [String], _ messages: inout [String]) throws {
        var first = WorldState(schema: vectors)
        first.tick = 7
        first.tables[0] = EntityTable(ids: [2, 65_535], values: [0, 2048, 4096, 0, 1, 2, 3, 65_536])
        first.tables[1].values = [0, 16]
        var second = first
        second.tick = 8
        second.tables[0].values = [5, 2048, 4095, 3, 1, 2, 3, 65_536]
        for (id, state, baseline) in [("vectors", first, nil), ("one vector moves", second, first)]
            as [(
                String, WorldState, WorldState?
            )]
        {
            let message = Snapshot.encode(state, since: baseline, schema: vectors, stateHash: state.hash)
            snapshots.append(try snapshot(id, "vectors", vectors, baseline, message))
        }
        let input = QuantisedInput(tick: 9, sequence: 1, values: [4, 0, 3], seen: 0)
        messages.append(client("an input of vectors", "vectors", vectors, .inputs(ack: 8, [input])))
    }

    static func appendErrors(_ snapshots: inout [String]) {
        var base = WorldState(schema: small)
        base.tick = 5
        base.tables[0] = EntityTable(ids: [3], values: [1, 2, 1])
        let cases: [(String, [UInt8], SnapshotError)] = [
            ("nothing", [], .truncated), ("no tick", [0x01], .truncated), ("half a tick", [0x01, 0x80], .truncated),
            ("kind 0", [0x00, 1], .unknownKind), ("reserved kind", [0x07, 6, 1], .unknownKind),
            ("client kind", [0x18, 1], .unknownKind), ("codec 1", [0x11, 1], .unknownCodec),
            ("codec 3", [0x32, 6, 1], .unknownCodec), ("flag", [0x81, 1], .reservedFlag),
            ("tick 0", [0x01, 0], .badTick),
            ("tick over 32 bits", [0x01, 0x80, 0x80, 0x80, 0x80, 0x10, 0], .badTick),
            ("tick not shortest", [0x01, 0x81, 0x00, 0], .badTick), ("distance 0", [0x02, 6, 0, 0], .badTick),
            ("distance to tick 0", [0x02, 6, 6, 0], .badTick), ("half a hash", [0x41, 6, 1, 2, 3], .truncated),
            ("another baseline", [0x02, 9, 3, 0], .wrongBaseline), ("no body", [0x02, 6, 1], .truncated),
            ("padding", [0x02, 6, 1, 0x04], .trailingBytes), ("one byte more", [0x02, 6, 1, 0, 0], .trailingBytes),
            ("count not shortest", [0x01, 6, 0x08, 0, 0], .badNumber),
            ("count over 65,535", [0x01, 6, 0xFF, 0xFF, 0xFF], .badNumber),
            ("more ids than bits", [0x01, 6, 0xFF, 0xFF, 0x17], .truncated),
            ("removes what is not there", delta([(3, 2), (1, 4), (4, 4), (0, 4), (0, 1), (0, 1)]), .badIdentifiers),
            ("spawns what is there", delta([(3, 2), (0, 4), (1, 4), (3, 4), (0, 32)]), .badIdentifiers),
            ("removes and spawns one id", delta([(3, 2), (1, 4), (3, 4), (1, 4), (3, 4), (0, 32)]), .badIdentifiers),
            ("spawns more than fits", delta([(3, 2), (0, 4), (2, 4), (0, 4), (0, 4), (0, 32)]), .truncated),
            ("id 65,536", keyframe([(2, 4), (0x1F_FFFF, 24), (0, 4), (0, 32), (0, 32)]), .badIdentifiers),
            ("value over its maximum", delta([(0, 1), (1, 1), (3, 2), (0, 10)]), .valueOutOfRange),
            ("wrong hash", [0x42, 6, 1, 1, 2, 3, 4, 0], .stateHashMismatch),
        ]
        for (id, bytes, expected) in cases {
            var name = ""
            do throws(SnapshotError) {
                _ = try Snapshot.apply(bytes.span, to: base, schema: small)
                Issue.record("\(id) was applied")
            } catch {
                #expect(error == expected, "\(id)")
                name = "\(error)"
            }
            snapshots.append(
                "{\"id\":\"error: \(id)\",\"schema\":\"small\",\"baseline\":\(json(base, small)),"
                    + "\"message\":\"\(hex(bytes))\",\"error\":\"\(name)\"}")
        }
    }

    static func delta(_ body: [(UInt32, Int)]) -> [UInt8] { packed([0x02, 6, 1], body) }

    static func keyframe(_ body: [(UInt32, Int)]) -> [UInt8] { packed([0x01, 6], body) }

    static func packed(_ header: [UInt8], _ body: [(UInt32, Int)]) -> [UInt8] {
        var writer = BitWriter(appendingTo: header)
        for (value, width) in body { writer.write(value, width: width) }
        return writer.finish()
    }

    static func appendClientErrors(_ messages: inout [String]) {
        let cases: [[UInt8]] = [
            [], [0x01, 0], [0x08, 0], [0x98, 0], [0x18], [0x18, 0x80], [0x18, 0, 1, 1], [0x18, 0, 1, 1, 0x03, 0],
            [0x18, 0, 1, 1, 0x00, 0xE0], [0x28, 0, 1, 5, 0, 0, 2, 5, 0, 0], [0x18, 0, 1, 1, 0, 0, 0], [0x09],
            [0x19, 0],
            [0x09, 1, 1], [0x09, 0x80, 0], [0x09, 0xFF, 0xFF, 0xFF, 0xFF, 0x10], [0x0A], [0x0A, 3], [0x0A, 0, 0],
            [0x1A, 0],
            [0x0B, 0],
        ]
        for (index, bytes) in cases.enumerated() {
            do throws(ClientMessageError) {
                _ = try ClientMessage(decoding: bytes.span, schema: small)
                Issue.record("\(bytes) was accepted")
            } catch {
                messages.append(
                    "{\"id\":\"error \(index)\",\"schema\":\"small\",\"message\":\"\(hex(bytes))\",\"error\":\"\(error)\"}"
                )
            }
        }
    }

    static func snapshot(
        _ id: String, _ schemaID: String, _ schema: Schema, _ baseline: WorldState?, _ message: [UInt8]
    ) throws -> String {
        let state = try Snapshot.apply(message.span, to: baseline, schema: schema)
        return
            "{\"id\":\"\(id)\",\"schema\":\"\(schemaID)\",\"baseline\":\(baseline.map { json($0, schema) } ?? "null"),"
            + "\"message\":\"\(hex(message))\",\"state\":\(json(state, schema)),\"hash\":\(state.hash)}"
    }

    static func client(_ id: String, _ schemaID: String, _ schema: Schema, _ message: ClientMessage) -> String {
        let decoded =
            switch message {
            case .ack(let tick): "{\"kind\":\"ack\",\"ack\":\(tick)}"
            case .keyframeRequest(let reason): "{\"kind\":\"keyframeRequest\",\"reason\":\(reason.rawValue)}"
            case .inputs(let ack, let inputs):
                "{\"kind\":\"inputs\",\"ack\":\(ack),\"inputs\":["
                    + inputs.map { "[\($0.tick),\($0.sequence),\($0.values)]" }.joined(separator: ",") + "]}"
            }
        return "{\"id\":\"\(id)\",\"schema\":\"\(schemaID)\",\"message\":\"\(hex(message.encode(schema: schema)))\","
            + "\"decoded\":\(decoded)}"
    }

    /// Kinds with numbers, what they become, and what that reads back as.
    static func quantise() -> [String] {
        let cases: [(String, FieldKind, [Double])] = [
            ("fixed -32 32 0.015625", .fixed(-32...32, step: 1 / 64), [-32, -0.0078125, 0, 1.5, 31.9999, 32, 40]),
            ("fixed 0 1 0.1", .fixed(0...1, step: 0.1), [0, 0.04, 0.05, 0.15, 0.35, 0.949, 1]),
            ("angle 10", .angle(bits: 10), [0, 1, 3.14159, 6.2831, -1, 100]),
            ("int -5 5", .int(-5...5), [-5, 0, 2.4, 2.5, 99]), ("bool", .bool, [0, 1]),
            ("enum 3", .enumeration(3), [0, 2]),
        ]
        return cases.flatMap { text, kind, numbers in
            let quantiser = Quantiser(kind)
            return numbers.map { number in
                let value = quantiser.quantise(number)
                let back = quantiser.number(of: value)
                return "{\"kind\":\"\(text)\",\"number\":\(number),\"value\":\(value),\"back\":\(back)}"
            }
        }
    }

    static func json(_ state: WorldState, _ schema: Schema) -> String {
        let tables = zip(state.tables, schema.layouts).map { table, layout in
            let rows = table.ids.indices.map { row in
                let start = row * layout.fieldCount
                return "\(Array(table.values[start..<start + layout.fieldCount]))"
            }
            return "{\"ids\":\(table.ids),\"rows\":[\(rows.joined(separator: ","))]}"
        }
        return "{\"tick\":\(state.tick),\"tables\":[\(tables.joined(separator: ","))]}".replacing(" ", with: "")
    }

    static func quoted(_ text: String) -> String { "\"" + text.replacing("\n", with: "\\n") + "\"" }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
    }
}
