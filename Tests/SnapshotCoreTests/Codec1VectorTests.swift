import Foundation
import FuzzTargets
import SnapshotCore
import Testing

/// The golden vectors of codec 1, written from the codec as it is; `MUSTER_RECORD_VECTORS=1` writes the file anew.
@Suite("Golden vectors of codec 1 (protocol/vectors/codec1.json)")
struct Codec1VectorTests {
    static let file = VectorTests.file.deletingLastPathComponent().appending(path: "codec1.json")

    @Test func `the committed vectors are what the codec writes and reads`() throws {
        let document = try Self.document()
        if ProcessInfo.processInfo.environment["MUSTER_RECORD_VECTORS"] != nil {
            try Data(document.utf8).write(to: Self.file)
        }
        let committed = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(committed == document)
    }

    static let cubes = Schema(
        types: [
            .init(
                "cube", .table,
                [
                    .init("orientation", .quaternion(bits: 9), .linear),
                    .init("x", .fixed(-32...32, step: 1 / 512), .linear),
                    .init("y", .fixed(-32...32, step: 1 / 512), .linear),
                    .init("z", .fixed(0...16, step: 1 / 512), .linear), .init("interacting", .bool),
                ])
        ], input: [])

    static let kinds = Schema(
        types: [
            .init(
                "unit", .table,
                [
                    .init("flag", .bool), .init("far", .int(-5...4_294_967_290), .linear), .init("hp", .int(0...100)),
                    .init("x", .fixed(-32...32, step: 1 / 64), .linear), .init("aim", .angle(bits: 10), .linear),
                    .init("look", .angle(bits: 1)), .init("team", .enumeration(3)), .init("none", .enumeration(1)),
                    .init("turn", .quaternion(bits: 10), .linear), .init("pose", .quaternion(bits: 2)),
                ]),
            .init("match", .single, [.init("clock", .int(0...100_000), .linear), .init("turn", .enumeration(3))]),
            .init("mark", .table, []),
        ], input: [])

    /// Things with parents, bytes and rates.
    static let carried = Schema(types: MovingWorld.carried, input: [])

    static func document() throws -> String {
        var schemas: [String] = []
        var tables: [String] = []
        var snapshots: [String] = []
        for (id, schema) in [
            ("cubes", cubes), ("kinds", kinds), ("vectors", VectorTests.vectors), ("carried", carried),
        ] {
            var world = MovingWorld(seed: 5, schema: schema)
            var states = [world.state]
            for index in 1..<22 {
                world.advance(by: index == 12 ? 20 : index == 8 ? 2 : 1)
                states.append(world.state)
            }
            try append("\(id)-trained", id, trained(states, schema), states, schema, &tables, &snapshots)
            try append("\(id)-generic", id, TableTrainer(schema: schema).tables(), states, schema, &tables, &snapshots)
            schemas.append(text(id, schema))
        }
        for seed in UInt64(1)...6 {
            let history = Codec1Tests.History(seed: seed, count: 12)
            let id = "random\(seed)"
            schemas.append(text(id, history.schema))
            let generic = TableTrainer(schema: history.schema).tables()
            try append(id, id, generic, history.states, history.schema, &tables, &snapshots)
        }
        try appendErrors(&snapshots)
        let groups = [("schemas", schemas), ("tables", tables), ("snapshots", snapshots)]
        let body = groups.map { "\"\($0)\":[\n\($1.joined(separator: ",\n"))\n]" }
        return "{\"version\":1,\n\(body.joined(separator: ",\n"))}\n"
    }

    private static func text(_ id: String, _ schema: Schema) -> String {
        "{\"id\":\"\(id)\",\"hash\":\"\(schema.hashText)\",\"text\":\(VectorTests.quoted(schema.text))}"
    }

    private static func trained(_ states: [WorldState], _ schema: Schema) -> CodingTables {
        var trainer = TableTrainer(schema: schema)
        for index in 2..<states.count {
            trainer.learn(states[index], since: states[index - 1], before: states[index - 2])
            trainer.learn(states[index], since: nil, before: nil)
        }
        return trainer.tables()
    }

    /// A keyframe, a delta after it, deltas in step, and ones that skip states.
    private static func append(
        _ id: String, _ schemaID: String, _ coding: CodingTables, _ states: [WorldState], _ schema: Schema,
        _ tables: inout [String], _ snapshots: inout [String]
    ) throws {
        tables.append(
            "{\"id\":\"\(id)\",\"schema\":\"\(schemaID)\",\"hash\":\"\(coding.hashText)\","
                + "\"generic\":\(coding == TableTrainer(schema: schema).tables()),"
                + "\"bytes\":\"\(VectorTests.hex(coding.bytes))\"}")
        var codec = Codec1(schema: schema, tables: coding)
        for index in states.indices {
            var links: [(String, Int?, Int?)] = [("in step", index - 1, index - 2)]
            if index % 5 == 0 { links.append(("keyframe", nil, nil)) }
            if index % 5 == 1 { links.append(("after a keyframe", index - 1, nil)) }
            if index % 4 == 2 { links += [("behind", index - 6, index - 7), ("far behind", index - 6, index - 9)] }
            for (name, base, prior) in links where (base ?? 0) >= 0 && (prior ?? 0) >= 0 {
                let (baseline, before) = (base.map { states[$0] }, prior.map { states[$0] })
                let state = states[index]
                var message: [UInt8] = []
                codec.encode(
                    state, since: baseline, before: before, stateHash: index % 3 == 0 ? state.hash : nil,
                    appendingTo: &message)
                var result = WorldState(schema: schema)
                try codec.apply(message.span, to: baseline, before: before, into: &result)
                #expect(result == state)
                snapshots.append(
                    "{\"id\":\"\(id)-\(index) \(name)\",\"schema\":\"\(schemaID)\",\"tables\":\"\(id)\","
                        + "\"baseline\":\(baseline.map { VectorTests.json($0, schema) } ?? "null"),"
                        + "\"before\":\(before.map { VectorTests.json($0, schema) } ?? "null"),"
                        + "\"message\":\"\(VectorTests.hex(message))\","
                        + "\"state\":\(VectorTests.json(state, schema)),\"hash\":\(state.hash)}")
            }
        }
    }

    private static func appendErrors(_ snapshots: inout [String]) throws {
        var world = MovingWorld(seed: 5, schema: cubes)
        let before = world.state
        world.advance()
        let baseline = world.state
        world.advance()
        let tables = TableTrainer(schema: cubes).tables()
        var codec = Codec1(schema: cubes, tables: tables)
        var whole: [UInt8] = []
        codec.encode(world.state, since: nil, before: nil, stateHash: nil, appendingTo: &whole)
        let cases: [(String, [UInt8], SnapshotError)] = [
            ("no tick", [0x12], .truncated), ("no distance", [0x12, 3], .truncated),
            ("no step", [0x12, 30, 15], .truncated), ("half a hash", [0x52, 3, 9, 1, 2, 3], .truncated),
            ("the reserved flag", [0x92, 3, 9], .reservedFlag), ("codec 2", [0x22, 3, 9, 1], .unknownCodec),
            ("distance 0", [0x12, 3, 1], .badTick), ("step to tick 0", [0x12, 3, 10], .badTick),
            ("a short step in the long form", [0x12, 30, 15, 6], .badTick),
            ("a distance that is too long", [0x12, 3, 0x88, 0x80, 0x80, 0x80, 0x80, 0x01], .badTick),
            ("another baseline", [0x12, 4, 8], .wrongBaseline),
            ("bytes behind the body", whole + [0, 0, 0, 0, 0], .trailingBytes),
        ]
        for (id, message, expected) in cases {
            var result = WorldState(schema: cubes)
            var name = ""
            do throws(SnapshotError) {
                try codec.apply(message.span, to: baseline, before: before, into: &result)
                Issue.record("\(id) was applied")
            } catch {
                #expect(error == expected, "\(id)")
                name = "\(error)"
            }
            snapshots.append(
                "{\"id\":\"error: \(id)\",\"schema\":\"cubes\",\"tables\":\"cubes-generic\","
                    + "\"baseline\":\(VectorTests.json(baseline, cubes)),\"before\":\(VectorTests.json(before, cubes)),"
                    + "\"message\":\"\(VectorTests.hex(message))\",\"error\":\"\(name)\"}")
        }
    }
}
