import Determinism
import SnapshotCore
import Testing

@Suite("Client messages (protocol/spec/game-messages.md)")
struct ClientMessageTests {
    static func randomMessage(_ world: inout RandomWorld) -> ClientMessage {
        var random = world.random
        defer { world.random = random }
        switch random.int(in: 0...5) {
        case 0: return .ack(UInt32(random.int(in: 0...Int(UInt32.max))))
        case 1: return .keyframeRequest([.join, .hashMismatch, .cannotApply][random.int(in: 0...2)])
        default:
            var sequence = UInt32(random.int(in: 0...1_000))
            let inputs = (0..<random.int(in: 1...8)).map { _ in
                sequence += UInt32(random.int(in: 1...300))
                return QuantisedInput(
                    tick: UInt32(random.int(in: 0...100_000)), sequence: sequence,
                    values: world.values(world.schema.inputLayout, &random))
            }
            return .inputs(ack: UInt32(random.int(in: 0...1_000_000)), inputs)
        }
    }

    @Test(arguments: UInt64(1)...100)
    func `a message reads back, and no part of it does`(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        let message = Self.randomMessage(&world)
        let bytes = message.encode(schema: world.schema)
        let decoded = try ClientMessage(decoding: bytes.span, schema: world.schema)
        #expect(decoded == message)
        for length in 0..<bytes.count {
            #expect(throws: ClientMessageError.self, "seed \(seed)") {
                try ClientMessage(decoding: bytes.span.extracting(first: length), schema: world.schema)
            }
        }
        #expect(throws: ClientMessageError.trailingBytes) {
            try ClientMessage(decoding: (bytes + [0]).span, schema: world.schema)
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `damaged bytes are refused or give values in range`(seed: UInt64) {
        var world = RandomWorld(seed: seed)
        for _ in 0..<2_000 {
            var bytes = Self.randomMessage(&world).encode(schema: world.schema)
            bytes[world.random.int(in: 0...bytes.count - 1)] = UInt8(world.random.int(in: 0...255))
            guard let message = try? ClientMessage(decoding: bytes.span, schema: world.schema) else { continue }
            // What was accepted is the one encoding of itself, so it is in range.
            #expect(message.encode(schema: world.schema) == bytes)
        }
    }

    @Test
    func `sequences must ascend and counts be 1 to 8`() {
        let schema = Schema(types: [], input: [.init("b", .bool)])
        let cases: [([UInt8], ClientMessageError)] = [
            ([], .truncated), ([0x08, 0], .badNumber), ([0x98, 0], .badNumber),
            ([0x28, 0, 1, 5, 1, 2, 5, 1], .badNumber),
            ([0x18, 0, 1, 1, 2], .trailingBytes), ([0x0A, 3], .badNumber), ([0x1A, 0], .unknownKind),
            ([0x19, 0], .unknownKind),
            ([0x01, 0], .unknownKind), ([0x09, 0x80, 0x00], .badNumber),
            ([0x09, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .badNumber),
        ]
        for (bytes, error) in cases {
            #expect(throws: error) { try ClientMessage(decoding: bytes.span, schema: schema) }
        }
    }
}
