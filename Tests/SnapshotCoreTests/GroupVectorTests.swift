import Foundation
import Testing

@testable import SnapshotCore

/// Written like `VectorTests`: `MUSTER_RECORD_VECTORS=1` writes the file anew.
@Suite("Golden vectors of groups (protocol/vectors/groups.json)")
struct GroupVectorTests {
    private static let file = VectorTests.file.deletingLastPathComponent().appending(path: "groups.json")

    @Test func `the committed vectors are what the codec writes and reads`() throws {
        let document = try Self.document()
        if ProcessInfo.processInfo.environment["MUSTER_RECORD_VECTORS"] != nil {
            try Data(document.utf8).write(to: Self.file)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == document)
    }

    private static func document() throws -> String {
        let (move, moves) = GroupTests.move()
        var schemas = [("move", move)]
        var (tables, messages) = ([String](), [String]())
        try append(moves, "from one group to another", "move", move, to: &messages)
        appendErrors(moves, move, to: &messages)
        appendErrorsOfCodec1(moves, move, &tables, to: &messages)
        for seed in UInt64(1)...12 {
            var groups = GroupWorld(seed: seed)
            schemas.append(("random\(seed)", groups.world.schema))
            var sent: [[UInt8]] = []
            for round in 0..<5 {
                sent.append(groups.message(afresh: round == 0, isChecked: round % 2 == 1))
                groups.advance()
            }
            try append(sent, "random\(seed)", "random\(seed)", groups.world.schema, to: &messages)
        }
        for seed in codingSeeds {
            var groups = GroupWorld(seed: seed)
            let id = "random\(seed)"
            let coding = codec1(groups.world.schema, id, &tables)
            var sent: [[UInt8]] = []
            for round in 0..<12 {
                // Some in between are of codec 0, as a server may send them.
                groups.codec1 = round == 7 ? nil : coding
                sent.append(groups.message(afresh: round == 0 || round == 9, isChecked: round % 2 == 1))
                for _ in 0..<(round == 5 ? 12 : round % 2 + 1) { groups.advance() }
            }
            try append(sent, "\(id) codec 1", id, groups.world.schema, coding, to: &messages)
        }
        let texts = schemas.map {
            "{\"id\":\"\($0)\",\"hash\":\"\($1.hashText)\",\"text\":\(VectorTests.quoted($1.text))}"
        }
        return "{\"version\":1,\n\"schemas\":[\n\(texts.joined(separator: ",\n"))\n],\n"
            + "\"tables\":[\n\(tables.joined(separator: ",\n"))\n],\n"
            + "\"messages\":[\n\(messages.joined(separator: ",\n"))\n]}\n"
    }

    /// Of random worlds, those that are also written in codec 1.
    private static let codingSeeds: [UInt64] = [2, 5, 9]

    /// The generic tables of a schema, which are written down under its id.
    private static func codec1(_ schema: Schema, _ id: String, _ tables: inout [String]) -> Codec1 {
        let made = TableTrainer(schema: schema).tables()
        tables.append(
            "{\"id\":\"\(id)\",\"schema\":\"\(id)\",\"hash\":\"\(made.hashText)\","
                + "\"bytes\":\"\(VectorTests.hex(made.bytes))\"}")
        return Codec1(schema: schema, tables: made)
    }

    private static func append(
        _ sent: [[UInt8]], _ id: String, _ schemaID: String, _ schema: Schema, _ codec1: Codec1? = nil,
        to messages: inout [String]
    ) throws {
        var receiver = SnapshotReceiver(schema: schema)
        receiver.codec1 = codec1
        var before = "null"
        for (round, message) in sent.enumerated() {
            let baseline = json(receiver)
            try receiver.receive(message.span)
            let coding = codec1 == nil ? "" : "\"tables\":\"\(schemaID)\",\"before\":\(before),"
            messages.append(
                "{\"id\":\"\(id) \(round)\",\"schema\":\"\(schemaID)\",\"baseline\":\(baseline),\(coding)"
                    + "\"message\":\"\(VectorTests.hex(message))\",\(json(receiver).dropFirst())")
            before = try GroupMessage.header(of: message.span).baselineTick == nil ? "null" : baseline
        }
    }

    private static func appendErrors(_ moves: [[UInt8]], _ schema: Schema, to messages: inout [String]) {
        let cases: [(String, [UInt8], SnapshotError)] = [
            ("no tick", [0x03], .truncated), ("no distance", [0x03, 11], .truncated),
            ("codec of the message", [0x23, 11, 1], .unknownCodec), ("flag", [0x43, 11, 1], .reservedFlag),
            ("other flag", [0x83, 11, 1], .reservedFlag), ("tick 0", [0x03, 0, 0], .badTick),
            ("tick not shortest", [0x03, 0x8B, 0x00, 1], .badTick), ("distance to tick 0", [0x03, 11, 11], .badTick),
            ("another baseline", [0x03, 11, 2], .wrongBaseline),
            ("a group without a length", [0x03, 11, 1, 5], .truncated),
            ("a length over the end", [0x03, 11, 1, 5, 2, 0x01], .truncated),
            ("a number not shortest", [0x03, 11, 1, 0x85, 0x00, 0], .badNumber),
            ("a length not shortest", [0x03, 11, 1, 5, 0x80, 0x00], .badNumber),
            ("group 65,536", [0x03, 11, 1, 0x80, 0x80, 0x04, 0], .badNumber),
            ("group 65,536 by its gap", [0x03, 11, 1, 5, 0, 0xFA, 0xFF, 0x03, 0], .badNumber),
            ("group 0 is gone", [0x03, 11, 1, 0, 0], .badIdentifiers),
            ("nothing from nothing", [0x03, 11, 0], .badIdentifiers),
            ("from nothing without group 0", [0x03, 11, 0, 5, 2, 0x01, 0x00], .badIdentifiers),
            ("a delta from nothing", [0x03, 11, 0, 0, 2, 0x02, 0x00], .wrongBaseline),
            ("a delta of what is not there", [0x03, 11, 1, 6, 2, 0x02, 0x00], .wrongBaseline),
            ("a segment of another kind", [0x03, 11, 1, 5, 1, 0x03], .unknownKind),
            ("a segment of codec 3", [0x03, 11, 1, 5, 1, 0x31], .unknownCodec),
            ("a segment's flag", [0x03, 11, 1, 5, 1, 0x81], .reservedFlag),
            ("half a segment", [0x03, 11, 1, 5, 1, 0x02], .truncated),
            ("a byte more in a segment", [0x03, 11, 1, 5, 3, 0x02, 0x00, 0x00], .trailingBytes),
            ("one entity in two groups", [0x03, 11, 1, 6, 3, 0x01, 0x41, 0x05], .badIdentifiers),
            ("a wrong hash", [0x03, 11, 1, 5, 6, 0x42, 1, 2, 3, 4, 0x00], .stateHashMismatch),
        ]
        for (id, bytes, expected) in cases {
            messages.append(failure(id, bytes, expected, moves, schema, nil))
        }
    }

    private static func appendErrorsOfCodec1(
        _ moves: [[UInt8]], _ schema: Schema, _ tables: inout [String], to messages: inout [String]
    ) {
        let codec1 = codec1(schema, "move", &tables)
        let cases: [(String, [UInt8], SnapshotError)] = [
            ("codec 1 without a distance", [0x13, 11], .truncated),
            ("codec 1 with a step and no distance", [0x13, 11, 1], .badTick),
            ("codec 1 with half a step", [0x13, 11, 15], .truncated),
            ("codec 1 with a short step in the long form", [0x13, 11, 15, 6], .badTick),
            ("codec 1 with a step to tick 0", [0x13, 11, 15, 10], .badTick),
            ("codec 1 from another baseline", [0x13, 11, 16], .wrongBaseline),
            ("codec 1 with a state before that the client had not", [0x13, 11, 9], .wrongBaseline),
            ("codec 1 with a segment of codec 0", [0x13, 11, 8, 5, 2, 0x02, 0x00], .unknownCodec),
            ("codec 0 with a segment of codec 1", [0x03, 11, 1, 5, 2, 0x12, 0x00], .unknownCodec),
            ("codec 1 with a delta of what is not there", [0x13, 11, 8, 6, 1, 0x12], .wrongBaseline),
        ]
        for (id, bytes, expected) in cases {
            messages.append(failure(id, bytes, expected, moves, schema, codec1))
        }
    }

    /// A message that is refused behind the first of `moves`.
    private static func failure(
        _ id: String, _ bytes: [UInt8], _ expected: SnapshotError, _ moves: [[UInt8]], _ schema: Schema,
        _ codec1: Codec1?
    ) -> String {
        var receiver = SnapshotReceiver(schema: schema)
        receiver.codec1 = codec1
        var name = ""
        let first = moves[0]
        do throws(SnapshotError) {
            try receiver.receive(first.span)
            try receiver.receive(bytes.span)
            Issue.record("\(id) was applied")
        } catch {
            #expect(error == expected, "\(id)")
            name = "\(error)"
        }
        let coding = codec1 == nil ? "" : "\"tables\":\"move\",\"before\":null,"
        return "{\"id\":\"error: \(id)\",\"schema\":\"move\",\"baseline\":\(json(receiver)),\(coding)"
            + "\"message\":\"\(VectorTests.hex(bytes))\",\"error\":\"\(name)\"}"
    }

    /// What a client has: `{"state", "groups"}`, or null.
    private static func json(_ receiver: SnapshotReceiver) -> String {
        guard let state = receiver.state else { return "null" }
        let groups = receiver.groups.held.map { held in
            // A group that has not changed for a while is of the newest tick all the same.
            var group = held.state
            group.tick = state.tick
            return "[\(held.group),\(VectorTests.json(group, receiver.schema))]"
        }
        return "{\"state\":\(VectorTests.json(state, receiver.schema)),\"groups\":[\(groups.joined(separator: ","))]}"
    }
}
