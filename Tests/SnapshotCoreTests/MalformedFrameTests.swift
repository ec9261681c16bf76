import SnapshotCore
import Testing

/// A client message or a snapshot that is wrong in one way.
struct MalformedFrame: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let error: String

    init(_ what: String, _ bytes: [UInt8], _ error: String) {
        (testDescription, self.bytes, self.error) = (what, bytes, error)
    }

    /// Inputs of three bits: a flag, and 0 to 2 of 3.
    static let schema = Schema(
        types: [Schema.EntityType("thing", .table, [Schema.Field("at", .int(0...9))])],
        input: [.init("flag", .bool), .init("way", .int(0...2))])

    static let messages: [MalformedFrame] = [
        MalformedFrame("nothing", [], "truncated"),
        MalformedFrame("no inputs", [0x08, 0], "badNumber"),
        MalformedFrame("nine inputs", [0x98, 0] + (0..<9).flatMap { [1, $0 + 1, 0] as [UInt8] }, "badNumber"),
        MalformedFrame("fifteen inputs of which none is there", [0xF8, 0], "badNumber"),
        MalformedFrame("eight inputs of which one is there", [0x88, 0, 1, 1, 0], "truncated"),
        MalformedFrame("a value above its maximum", [0x18, 0, 1, 1, 0b110], "valueOutOfRange"),
        MalformedFrame("bits behind the values", [0x18, 0, 1, 1, 0b1000], "trailingBytes"),
        MalformedFrame("a byte behind the values", [0x18, 0, 1, 1, 0, 0], "trailingBytes"),
        MalformedFrame("values that are missing", [0x18, 0, 1, 1], "truncated"),
        MalformedFrame("an ack that is cut", [0x18, 0x80], "truncated"),
        MalformedFrame("a tick above 2³²", [0x18, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 1, 0], "badNumber"),
        MalformedFrame("a tick not in its shortest form", [0x18, 0, 0x81, 0, 1, 0], "badNumber"),
        MalformedFrame(
            "a tick of eleven bytes", [0x18, 0] + Array(repeating: 0x80, count: 10) + [1, 1, 0], "badNumber"),
        MalformedFrame("a sequence above 2³²", [0x18, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0], "badNumber"),
        MalformedFrame("a sequence twice", [0x28, 0, 1, 5, 0, 1, 5, 0], "badNumber"),
        MalformedFrame("sequences that go back", [0x28, 0, 1, 5, 0, 1, 4, 0], "badNumber"),
        MalformedFrame("an ack above 2³²", [0x09, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F], "badNumber"),
        MalformedFrame("an ack with a count", [0x19, 0], "unknownKind"),
        MalformedFrame("a keyframe request without a reason", [0x0A], "truncated"),
        MalformedFrame("a reason that there is not", [0x0A, 3], "badNumber"),
        MalformedFrame("a snapshot for the server", [0x01, 0], "unknownKind"),
        MalformedFrame("another version's message", [0x0F, 0], "unknownKind"),
    ]
}

/// Malformed snapshots are those of `protocol/vectors/snapshot.json`, malformed JSON inputs those of GameTypeTests: numbers that are
/// no number of JSON, infinite, out of range, or −0.
@Suite("Malformed game frames (abuse G-16)")
struct MalformedFrameTests {
    @Test(arguments: MalformedFrame.messages)
    func `it is refused as a whole, and so is each of its beginnings`(_ frame: MalformedFrame) {
        do throws(ClientMessageError) {
            _ = try ClientMessage(decoding: frame.bytes.span, schema: MalformedFrame.schema)
            Issue.record("it was taken")
        } catch {
            #expect("\(error)" == frame.error)
        }
    }

    @Test func `a message cut at any bit is refused, or is the one whose last bits were zero`() throws {
        let schema = MalformedFrame.schema
        let inputs = (1...8).map { QuantisedInput(tick: 300 * $0, sequence: $0, values: [1, $0 % 3]) }
        let whole = ClientMessage.inputs(ack: 12_345, inputs).encode(schema: schema)
        for bits in 0..<whole.count * 8 {
            var cut = Array(whole.prefix((bits + 7) / 8))
            if bits % 8 != 0 { cut[cut.count - 1] &= UInt8(1 << (bits % 8) - 1) }
            guard let message = try? ClientMessage(decoding: cut.span, schema: schema) else { continue }
            #expect(message.encode(schema: schema) == cut && cut.count == whole.count, "bit \(bits)")
        }
    }

    @Test func `a count that the bytes do not bear out sets nothing aside`() throws {
        let schema = MalformedFrame.schema
        var world = WorldState(schema: schema)
        world.tick = 1
        (world.tables[0].ids, world.tables[0].values) = ([3], [4])
        let message = Snapshot.encode(world, since: nil, schema: schema)
        var result = WorldState(schema: schema)
        var refused = 0
        // Each byte as large as it can be, and each as the beginning of the largest number.
        for at in message.indices {
            for filling in [[0xFF] as [UInt8], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0x03]] {
                let bytes = Array(message[..<at]) + filling + Array(message[(at + 1)...])
                do {
                    try Snapshot.apply(bytes.span, to: nil, schema: schema, into: &result)
                } catch {
                    refused += 1
                }
                #expect(result.tables[0].values.capacity <= 4 * message.count + 64)
            }
        }
        #expect(refused > 2 * message.count)
    }
}
