@testable import SnapshotCore
import Testing

@Suite("Schema (protocol/spec/snapshot.md §3)")
struct SchemaTests {
    @Test(arguments: UInt64(1)...200)
    func `a schema reads back from its text`(seed: UInt64) throws {
        let schema = RandomWorld(seed: seed).schema
        #expect(try Schema.parse(schema.text) == schema)
    }

    @Test
    func `the text is what the specification shows`() {
        let schema = Schema(
            types: [
                .init("player", .table, [.init("x", .fixed(-32...32, step: 1 / 64)), .init("up", .bool)]),
                .init("match", .single, [.init("turn", .enumeration(3)), .init("aim", .angle(bits: 8))]),
            ], input: [.init("dx", .int(-1...1))])
        let lines = [
            "muster-schema 1", "table player", "field x fixed -32 32 0.015625", "field up bool", "single match",
            "field turn enum 3", "field aim angle 8", "input", "field dx int -1 1", "",
        ]
        #expect(schema.text == lines.joined(separator: "\n"))
        #expect(schema.hashText.count == 16)
    }

    @Test func `a vector is one line in the text and its components everywhere else`() throws {
        let schema = VectorTests.vectors
        #expect(schema.text.contains("\nfield at vec3 -32 32 0.015625 linear\nfield holder entity body\n"))
        #expect(schema.types[0].fields.map(\.name) == ["at.x", "at.y", "at.z", "holder"])
        #expect(schema.types[0].fields.allSatisfy { $0.name == "holder" || $0.kind == .fixed(-32...32, step: 1 / 64) })
        #expect(schema.layouts[0].quantisers.map(\.maximum) == [4096, 4096, 4096, 65_536])
        #expect(schema.layouts[0].quantisers[3].number(of: 0) == -1)
        #expect(schema.layouts[0].quantisers[3].quantise(refusing: 65_535) == 65_536)
        #expect(try Schema.parse(schema.text) == schema)
    }

    @Test func `a vector without all its components, or an entity of no table, is no declaration`() {
        let vector = Schema.Field.vector("at", 3, -1...1, step: 0.5)
        for fields in [Array(vector.dropLast()), Array(vector.dropFirst()), vector.reversed(), vector + vector] {
            #expect(Schema.problem(types: [.init("a", .table, fields)], input: []) != nil)
        }
        #expect(Schema.problem(types: [.init("a", .table, vector + [.init("at", .bool)])], input: []) != nil)
        let single = Schema.EntityType("one", .single, [.init("of", .entity(of: "one"))])
        #expect(Schema.problem(types: [single], input: []) == "field \"of\": there is no table \"one\"")
    }

    @Test func `bytes are one line in the text, and a count and words everywhere else`() throws {
        let schema = Schema(types: [.init("one", .table, Schema.Field.bytes("tag", 6))], input: [])
        #expect(schema.text.contains("\nfield tag bytes 6\n"))
        #expect(schema.types[0].fields.map(\.name) == ["tag.count", "tag.word1", "tag.word2"])
        #expect(schema.layouts[0].quantisers.map(\.maximum) == [6, .max, .max])
        #expect(try Schema.parse(schema.text) == schema)
        for count in ["0", "65", "06", "6 linear", "6 parent tag"] {
            let text = "muster-schema 1\ntable one\nfield tag bytes \(count)\ninput\n"
            #expect(throws: SchemaError.self, "\(count)") { try Schema.parse(text) }
        }
        let parts = Schema.Field.bytes("tag", 6)
        for fields in [Array(parts.dropLast()), parts.reversed(), parts + parts] {
            #expect(Schema.problem(types: [.init("a", .table, fields)], input: []) != nil)
        }
    }

    @Test func `a parent is of a type before, by a field that refers to it, and has the same field`() throws {
        func problem(_ types: [Schema.EntityType], input: [Schema.Field] = []) -> String? {
            Schema.problem(types: types, input: input)
        }
        let x = FieldKind.fixed(0...8, step: 0.5)
        let cart = Schema.EntityType("cart", .table, [.init("x", x)])
        func box(_ field: Schema.Field, on table: String = "cart") -> Schema.EntityType {
            .init("box", .table, [.init("on", .entity(of: table)), field])
        }
        let good = box(.init("x", x, .parent("on")))
        #expect(problem([cart, good]) == nil)
        let schema = Schema(types: [cart, good], input: [])
        #expect(schema.text.contains("\nfield x fixed 0 8 0.5 parent on\n"))
        #expect(try Schema.parse(schema.text) == schema)
        #expect(problem([good, cart]) != nil, "a type behind its own")
        #expect(problem([cart, box(.init("y", x, .parent("on")))]) != nil, "a field that the parent does not have")
        #expect(problem([cart, box(.init("x", .bool, .parent("on")))]) != nil, "of another kind")
        #expect(problem([cart, box(.init("x", x, .parent("x")))]) != nil, "by a field that refers to nothing")
        #expect(problem([cart, box(.init("x", x, .parent("on")), on: "box")]) != nil, "its own type")
        let turn = Schema.Field("x", .quaternion(bits: 9), .parent("on"))
        #expect(problem([.init("cart", .table, [.init("x", .quaternion(bits: 9))]), box(turn)]) != nil, "a rotation")
        #expect(problem([cart], input: [.init("x", x, .parent("on"))]) != nil, "the input")
    }

    @Test func `a type says in how many snapshots it is one time`() throws {
        let types = [("fast", 1), ("slow", 3), ("late", 64)].map { Schema.EntityType($0, .table, [], every: $1) }
        let schema = Schema(types: types, input: [])
        #expect(schema.text == "muster-schema 1\ntable fast\ntable slow every 3\ntable late every 64\ninput\n")
        #expect(try Schema.parse(schema.text) == schema)
        for line in ["table a every 1", "table a every 65", "table a every", "table a often 3", "table a every 03"] {
            #expect(throws: SchemaError.self, "\(line)") { try Schema.parse("muster-schema 1\n\(line)\ninput\n") }
        }
        #expect(schema.hasRates && !Schema(types: [], input: []).hasRates)
        let due = (1...12).filter { schema.isDue(1, since: $0 - 1, at: $0) }
        #expect(due == [2, 5, 8, 11], "each third, at a place that is the type's own")
        #expect(schema.isDue(1, since: 2, at: 6), "left out snapshots count")
    }

    @Test(arguments: [
        (
            "field x int 0 9", "field x int 0 10",
            "\"field x int 0 10\" of \"a\" in the game, \"field x int 0 9\" of \"a\" in the client"
        ),
        ("field x int 0 9", "", "\"input\" in the game, \"field x int 0 9\" of \"a\" in the client"),
        ("", "field y bool", "\"field y bool\" of \"a\" in the game, \"input\" in the client"),
    ])
    func `a schema that differs is refused with the first field that does`(
        theirs: String, ours: String, words: String
    ) throws {
        func schema(_ line: String) throws -> Schema {
            try Schema.parse("muster-schema 1\ntable a every 2\n\(line)\(line.isEmpty ? "" : "\n")input\n")
        }
        let (game, client) = (try schema(ours), try schema(theirs))
        #expect(game.mismatch(with: client.text) == "the client was built for another schema: \(words)")
        #expect(game.mismatch(with: game.text) == nil && game.mismatch(with: game.hashText) == nil)
        #expect(game.mismatch(with: client.hashText)?.contains(client.hashText) == true)
        #expect(game.mismatch(with: "muster-schema 1\n")?.contains("neither") == true)
    }

    @Test(arguments: [
        (1.0, "1"), (0.1, "0.1"), (1e-9, "0.000000001"), (1.5e-7, "0.00000015"), (-32.25, "-32.25"), (0.0, "0"),
        (-0.0, "0"), (0x1p53, "9007199254740992"), (123456.789, "123456.789"),
    ])
    func `numbers are written without exponent`(number: Double, text: String) {
        let (low, high) = (min(number, 0), max(number, 0))
        let kind = FieldKind.fixed(low...high, step: max(number.magnitude, 1e-9))
        let schema = Schema(types: [], input: [.init("x", kind)])
        #expect(schema.text.split(separator: " ").contains { $0.split(separator: "\n")[0] == text })
    }

    @Test(arguments: [
        ("", SchemaError.unknownVersion), ("muster-schema 2\ninput\n", .unknownVersion),
        ("muster-schema 1", .syntax(line: 1)), ("muster-schema 1\n", .syntax(line: 2)),
        ("muster-schema 1\ninput", .syntax(line: 2)),
        ("muster-schema 1\nfield x bool\ninput\n", .syntax(line: 2)),
        ("muster-schema 1\ninput\ntable a\n", .syntax(line: 3)), ("muster-schema 1\n\ninput\n", .syntax(line: 2)),
        ("muster-schema 1\ninput\nfield x bool 1\n", .syntax(line: 3)),
        ("muster-schema 1\ninput\nfield x int 2 1\n", .syntax(line: 3)),
        ("muster-schema 1\ninput\nfield x fixed nan 1 1\n", .syntax(line: 3)),
        ("muster-schema 1\ninput\nfield x fixed 0 inf 1\n", .invalid),
        ("muster-schema 1\ninput\nfield x fixed 0 1 0.3\n", .invalid),
        ("muster-schema 1\ninput\nfield x fixed 0 1 0\n", .invalid),
        ("muster-schema 1\ninput\nfield x angle 25\n", .invalid),
        ("muster-schema 1\ninput\nfield x enum 0\n", .invalid),
        ("muster-schema 1\ninput\nfield x int 0 4294967296\n", .invalid),
        ("muster-schema 1\ninput\nfield x int -9223372036854775808 0\n", .invalid),
        ("muster-schema 1\ninput\nfield x-y bool\n", .invalid),
        ("muster-schema 1\ninput\nfield \u{E4} bool\n", .invalid), ("muster-schema 1\ntable \ninput\n", .invalid),
        ("muster-schema 1\ntable a\ntable a\ninput\n", .invalid),
        ("muster-schema 1\ninput\nfield x bool\nfield x bool\n", .invalid),
        ("muster-schema 1\ninput\nfield x entity a\n", .invalid),
        ("muster-schema 1\ninput\nfield x entity\n", .syntax(line: 3)),
        ("muster-schema 1\ninput\nfield x vec4 0 1 1\n", .syntax(line: 3)),
        ("muster-schema 1\ninput\nfield x vec2 0 1\n", .syntax(line: 3)),
        ("muster-schema 1\ninput\nfield x vec2 0 1 1\nfield x bool\n", .invalid),
        ("muster-schema 1\ninput\nfield x.y bool\n", .invalid),
        ("muster-schema 1\ninput\nfield x int +1 2\n", .notCanonical),
        ("muster-schema 1\ninput\nfield x fixed 0 1.0 1\n", .notCanonical),
        ("muster-schema 1\ninput\nfield x fixed 0 1e0 1\n", .notCanonical),
        ("muster-schema 1\r\ninput\r\n", .unknownVersion),
    ])
    func `another text is refused with its reason`(text: String, error: SchemaError) {
        #expect(throws: error) { try Schema.parse(text) }
    }

    @Test
    func `65 fields are refused, 64 are not`() throws {
        let fields = (0..<65).map { "field f\($0) bool\n" }
        for owner in ["muster-schema 1\ninput\n", "muster-schema 1\ntable t\n"] {
            let end = owner.hasSuffix("input\n") ? "" : "input\n"
            #expect(throws: SchemaError.invalid) { try Schema.parse(owner + fields.joined() + end) }
            _ = try Schema.parse(owner + fields.dropLast().joined() + end)
        }
    }

    @Test
    func `a text over 64 KiB is refused unread`() {
        let text = String(repeating: "x", count: 65_537)
        #expect(throws: SchemaError.tooLong) { try Schema.parse(text) }
    }

    @Test
    func `widths are the bits of the maximum`() {
        let widths: [(FieldKind, Int, UInt32)] = [
            (.bool, 1, 1), (.int(5...5), 0, 0), (.int(-1...1), 2, 2), (.int(0...3), 2, 3), (.int(0...4), 3, 4),
            (.int(0...4_294_967_295), 32, .max), (.fixed(-32...32, step: 1 / 64), 13, 4_096),
            (.angle(bits: 10), 10, 1_023),
            (.enumeration(1), 0, 0), (.enumeration(65_536), 16, 65_535),
        ]
        for (kind, width, maximum) in widths {
            #expect(Quantiser(kind).width == width)
            #expect(Quantiser(kind).maximum == maximum)
        }
    }

    @Test
    func `captured numbers are clamped and rounded to the nearest step`() {
        let fixed = Quantiser(.fixed(-2...2, step: 0.5))
        let cases: [(Double, UInt32)] = [
            (-2, 0), (2, 8), (0, 4), (0.24, 4), (0.25, 5), (-3, 0), (99, 8), (.infinity, 8), (-.infinity, 0), (.nan, 0),
        ]
        for (number, value) in cases { #expect(fixed.quantise(number) == value) }
        #expect(fixed.number(of: 5) == 0.5)
    }

    @Test
    func `angles wrap at a full turn`() {
        let angle = Quantiser(.angle(bits: 2))
        let quarter = Double.pi / 2
        let cases: [(Double, UInt32)] = [
            (0, 0), (quarter, 1), (4 * quarter, 0), (-quarter, 3), (3.6 * quarter, 0), (9 * quarter, 1), (.nan, 0),
            (.infinity, 0), (1e300, angle.quantise(1e300)),
        ]
        for (number, value) in cases { #expect(angle.quantise(number) == value) }
    }

    @Test
    func `numbers from outside are refused rather than clamped`() {
        let int = Quantiser(.int(-1...1))
        #expect(int.quantise(refusing: 1) == 2)
        for number in [1.5, 2, -2, .nan, .infinity] { #expect(int.quantise(refusing: number) == nil) }
        let fixed = Quantiser(.fixed(0...1, step: 0.25))
        #expect(fixed.quantise(refusing: 0.3) == 1)
        #expect(fixed.quantise(refusing: 1.01) == nil)
        #expect(Quantiser(.angle(bits: 8)).quantise(refusing: -1e9) != nil)
    }

    @Test
    func `every quantised value survives the way to a number and back`() {
        for kind in [FieldKind.fixed(-32...32, step: 0.1), .int(-300...7), .angle(bits: 12), .enumeration(77)] {
            let quantiser = Quantiser(kind)
            for value in 0...quantiser.maximum where quantiser.quantise(quantiser.number(of: value)) != value {
                Issue.record("\(kind): \(value)")
            }
        }
    }

    @Test
    func `an impossible declaration stops the program with a reason`() async {
        await #expect(processExitsWith: .failure) {
            _ = Schema(types: [.init("a b", .table, [])], input: [])
        }
    }
}
