import Determinism
import SnapshotCore
import Testing

@Suite("Snapshot messages (protocol/spec/snapshot.md §5, §6)")
struct SnapshotTests {
    @Test(arguments: UInt64(1)...60)
    func `what a keyframe or delta is applied to becomes what was encoded`(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        var receiver = SnapshotReceiver(schema: world.schema)
        var sent: WorldState?
        for round in 0..<40 {
            if round % 13 == 0 { sent = nil }
            let hash = round % 2 == 0 ? world.state.hash : nil
            let message = Snapshot.encode(world.state, since: sent, schema: world.schema, stateHash: hash)
            try receiver.receive(message.span)
            #expect(receiver.state == world.state, "seed \(seed), round \(round)")
            sent = world.state
            for _ in 0..<(round % 3 + 1) { world.advance() }
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `every truncated message is refused and leaves the state alone`(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        var receiver = SnapshotReceiver(schema: world.schema)
        try receiver.receive(Snapshot.encode(world.state, since: nil, schema: world.schema).span)
        let before = world.state
        world.advance()
        let delta = Snapshot.encode(world.state, since: before, schema: world.schema, stateHash: world.state.hash)
        let keyframe = Snapshot.encode(world.state, since: nil, schema: world.schema)
        for message in [delta, keyframe] {
            for length in 0..<message.count {
                #expect(throws: SnapshotError.self) { try receiver.receive(message.span.extracting(first: length)) }
            }
        }
        #expect(receiver.state == before)
    }

    @Test(arguments: UInt64(1)...20)
    func `a damaged message is refused or gives a legal state`(seed: UInt64) {
        var world = RandomWorld(seed: seed)
        let baseline = world.state
        world.advance()
        let messages = [baseline, nil].map { Snapshot.encode(world.state, since: $0, schema: world.schema) }
        var random = SeededRandom(seed: seed)
        var result = WorldState(schema: world.schema)
        var (applied, refused) = (0, 0)
        for round in 0..<5_000 {
            var bytes = messages[round % 2]
            for _ in 0..<random.int(in: 1...3) {
                let at = random.int(in: 0...bytes.count - 1)
                switch random.int(in: 0...3) {
                case 0: bytes[at] ^= 1 << UInt8(random.int(in: 0...7))
                case 1: bytes[at] = UInt8(random.int(in: 0...255))
                case 2: bytes.insert(UInt8(random.int(in: 0...255)), at: at)
                default: if bytes.count > 1 { bytes.remove(at: at) }
                }
            }
            do {
                try Snapshot.apply(bytes.span, to: baseline, schema: world.schema, into: &result)
                applied += 1
                if !world.isLegal(result) { Issue.record("illegal state, seed \(seed), round \(round)") }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0, "\(applied) applied")
    }

    @Test
    func `a state hash that does not match is told and changes nothing`() throws {
        let world = RandomWorld(seed: 3)
        let message = Snapshot.encode(world.state, since: nil, schema: world.schema, stateHash: world.state.hash ^ 1)
        var receiver = SnapshotReceiver(schema: world.schema)
        #expect(throws: SnapshotError.stateHashMismatch) { try receiver.receive(message.span) }
        #expect(receiver.state == nil)
    }

    @Test
    func `a delta on another baseline is refused, a keyframe never is`() throws {
        var world = RandomWorld(seed: 5)
        let first = world.state
        world.advance()
        let second = world.state
        world.advance()
        let delta = Snapshot.encode(world.state, since: second, schema: world.schema)
        let keyframe = Snapshot.encode(world.state, since: nil, schema: world.schema)
        #expect(throws: SnapshotError.wrongBaseline) {
            try Snapshot.apply(delta.span, to: first, schema: world.schema)
        }
        #expect(throws: SnapshotError.wrongBaseline) { try Snapshot.apply(delta.span, to: nil, schema: world.schema) }
        let result = try Snapshot.apply(keyframe.span, to: first, schema: world.schema)
        #expect(result == world.state)
    }

    @Test
    func `long runs of unchanged entities and a full table come through`() throws {
        let schema = Schema(types: [.init("t", .table, [.init("a", .int(0...9))])], input: [])
        var before = WorldState(schema: schema)
        before.tick = 1
        before.tables[0] = EntityTable(
            ids: [UInt16](0..<65_535), values: [UInt32](repeating: 3, count: 65_535))
        let keyframe = Snapshot.encode(before, since: nil, schema: schema)
        let read = try Snapshot.apply(keyframe.span, to: nil, schema: schema)
        #expect(read == before)
        var after = before
        after.tick = 2
        for changed in [0, 31, 32, 33, 64, 97, 129, 162, 65_534] { after.tables[0].values[changed] = 4 }
        let delta = Snapshot.encode(after, since: before, schema: schema)
        #expect(delta.count == 3 + (2 + 65_535 + 9 * 4 + 7) / 8)
        let next = try Snapshot.apply(delta.span, to: before, schema: schema)
        #expect(next == after)
    }

    @Test
    func `a prefix stays in front`() {
        let world = RandomWorld(seed: 7)
        let plain = Snapshot.encode(world.state, since: nil, schema: world.schema)
        var framed: [UInt8] = [1, 2, 3]
        Snapshot.encode(world.state, since: nil, schema: world.schema, stateHash: nil, appendingTo: &framed)
        #expect(framed == [1, 2, 3] + plain)
    }

    @Test
    func `the state hash is MurmurHash3 over words`() {
        var one = StateHash()
        one.feed(0x7473_6574)
        #expect(one.finish() == 0xBA6B_D213)
        var zero = StateHash()
        zero.feed(0)
        #expect(zero.finish() == 0x2362_F9DE)
        #expect(StateHash().finish() == 0)
    }
}
