import Determinism
import FuzzTargets
import SnapshotCore
import Testing

/// Codec 1 against codec 0, which says what a state's messages must lead to.
@Suite("Codec 1 (protocol/spec/snapshot.md §9)")
struct Codec1Tests {
    /// States of a world, and which of them follow from which: in step, after a pause, without a state before.
    struct History {
        var states: [WorldState]
        let schema: Schema

        init(seed: UInt64, count: Int = 24) {
            var world = MovingWorld(seed: seed)
            schema = world.schema
            states = [world.state]
            for index in 1..<count {
                world.advance(by: index % 7 == 6 ? 18 : index % 5 == 4 ? 2 : 1)
                states.append(world.state)
            }
        }

        /// Places of a state, its baseline and the one before it.
        var links: [(Int, Int?, Int?)] {
            states.indices.flatMap { index in
                [
                    (index, nil, nil), (index, index - 1, index - 2), (index, index - 1, nil),
                    (index, index - 6, index - 8),
                ]
                .filter { _, baseline, before in (baseline ?? 0) >= 0 && (before ?? 0) >= 0 }
            }
        }

        func trained() -> CodingTables {
            var trainer = TableTrainer(schema: schema)
            for (state, baseline, before) in links {
                trainer.learn(states[state], since: baseline.map { states[$0] }, before: before.map { states[$0] })
            }
            return trainer.tables()
        }
    }

    @Test(arguments: 1...16)
    func `every message leads to the state that codec 0 leads to, with any tables`(seed: UInt64) throws {
        let history = History(seed: seed)
        for tables in [history.trained(), TableTrainer(schema: history.schema).tables()] {
            var encoder = Codec1(schema: history.schema, tables: tables)
            var decoder = Codec1(schema: history.schema, tables: tables)
            var result = WorldState(schema: history.schema)
            for (index, base, prior) in history.links {
                let (baseline, before) = (base.map { history.states[$0] }, prior.map { history.states[$0] })
                let state = history.states[index]
                var bytes: [UInt8] = []
                encoder.encode(state, since: baseline, before: before, stateHash: state.hash, appendingTo: &bytes)
                try decoder.apply(bytes.span, to: baseline, before: before, into: &result)
                let plain = Snapshot.encode(state, since: baseline, schema: history.schema)
                let expected = try Snapshot.apply(plain.span, to: baseline, schema: history.schema)
                #expect(result == expected, "seed \(seed), state \(index) since \(base ?? -1)")
            }
        }
    }

    /// A cart that goes on unevenly, and boxes that stand on it, or on nothing.
    private static func ride(_ predictor: Schema.Predictor) -> (Schema, [WorldState]) {
        let x = FieldKind.int(0...100_000)
        let schema = Schema(
            types: [
                .init("cart", .table, [.init("x", x, .linear)]),
                .init("box", .table, [.init("on", .entity(of: "cart")), .init("x", x, predictor)]),
            ], input: [])
        var state = WorldState(schema: schema)
        state.tables[0] = EntityTable(ids: [3], values: [50_000])
        let boxes = 0..<UInt32(20)
        state.tables[1] = EntityTable(
            ids: boxes.map { UInt16($0) }, values: boxes.flatMap { [$0 < 18 ? 4 : 0, 50_000 + $0 * 9] })
        var random = SeededRandom(seed: 3)
        let states = (1...60).map { tick in
            state.tick = UInt32(tick)
            let way = UInt32(random.int(in: 0...900))
            state.tables[0].values[0] += way
            for box in 0..<18 { state.tables[1].values[box * 2 + 1] += way }
            return state
        }
        return (schema, states)
    }

    @Test func `what moves with a parent costs next to nothing, in step and behind`() throws {
        func size(_ predictor: Schema.Predictor, distance: Int) throws -> Int {
            let (schema, states) = Self.ride(predictor)
            var trainer = TableTrainer(schema: schema)
            for index in distance + 1..<states.count {
                trainer.learn(states[index], since: states[index - distance], before: states[index - distance - 1])
            }
            let tables = trainer.tables()
            var (encoder, decoder) = (Codec1(schema: schema, tables: tables), Codec1(schema: schema, tables: tables))
            var (bytes, result) = ([UInt8](), WorldState(schema: schema))
            var sum = 0
            for index in distance + 1..<states.count {
                let (baseline, before) = (states[index - distance], states[index - distance - 1])
                bytes.removeAll()
                encoder.encode(states[index], since: baseline, before: before, stateHash: nil, appendingTo: &bytes)
                try decoder.apply(bytes.span, to: baseline, before: before, into: &result)
                #expect(result == states[index])
                sum += bytes.count
            }
            return sum
        }
        for distance in [1, 5] {
            #expect(try size(.parent("on"), distance: distance) * 3 < size(.linear, distance: distance))
        }
    }

    @Test func `without its parent a thing is expected to go on as it did`() throws {
        let (schema, states) = Self.ride(.parent("on"))
        let tables = TableTrainer(schema: schema).tables()
        var encoder = Codec1(schema: schema, tables: tables)
        func size(_ states: [WorldState]) -> Int {
            var bytes: [UInt8] = []
            encoder.encode(states[2], since: states[1], before: states[0], stateHash: nil, appendingTo: &bytes)
            return bytes.count
        }
        // All go on evenly, by 10 a tick; the cart is there, is new, and is gone at the end.
        var even = Array(states[0..<3])
        for index in 1...2 {
            even[index].tables[0].values[0] = even[0].tables[0].values[0] + UInt32(10 * index)
            for box in 0..<18 {
                even[index].tables[1].values[box * 2 + 1] = even[0].tables[1].values[box * 2 + 1] + UInt32(10 * index)
            }
        }
        let carried = size(even)
        var late = even
        for index in 0...1 { late[index].tables[0] = EntityTable(ids: [], values: []) }
        #expect(size(late) <= carried + 6)
        var lost = even
        lost[2].tables[0] = EntityTable(ids: [], values: [])
        #expect(size(lost) <= carried + 6)
    }

    @Test(arguments: 1...20)
    func `tables are read back from their bytes, and refused when cut, changed in length, or another schema's`(
        seed: UInt64
    ) throws {
        let history = History(seed: seed, count: 10)
        let tables = history.trained()
        #expect(try CodingTables(tables.bytes, for: history.schema) == tables)
        for count in stride(from: 0, to: tables.bytes.count, by: max(1, tables.bytes.count / 97)) {
            #expect(throws: CodingTablesError.self) {
                try CodingTables(Array(tables.bytes.prefix(count)), for: history.schema)
            }
        }
        #expect(throws: CodingTablesError.trailingBytes) { try CodingTables(tables.bytes + [0], for: history.schema) }
        #expect(throws: CodingTablesError.wrongSchema) {
            try CodingTables(tables.bytes, for: Schema(types: [], input: []))
        }
        #expect(throws: CodingTablesError.unknownVersion) {
            try CodingTables([2] + tables.bytes.dropFirst(), for: history.schema)
        }
    }

    @Test(arguments: 1...20)
    func `a message that is cut or changed never traps, and a receiver then keeps its state`(seed: UInt64) throws {
        let history = History(seed: seed, count: 8)
        let tables = history.trained()
        var random = SeededRandom(seed: seed)
        var receiver = SnapshotReceiver(schema: history.schema, tables: tables)
        var encoder = Codec1(schema: history.schema, tables: tables)
        for index in history.states.indices {
            let state = history.states[index]
            var bytes: [UInt8] = []
            encoder.encode(
                state, since: index > 0 ? history.states[index - 1] : nil,
                before: index > 1 ? history.states[index - 2] : nil, stateHash: state.hash, appendingTo: &bytes)
            for count in bytes.indices {
                #expect(throws: SnapshotError.self) { try receiver.receive(Array(bytes.prefix(count)).span) }
            }
            for _ in 0..<40 {
                var changed = bytes
                for _ in 0..<random.int(in: 1...4) {
                    changed[random.int(in: 0...changed.count - 1)] = UInt8(random.int(in: 0...255))
                }
                guard changed != bytes else { continue }
                let kept = receiver
                do throws(SnapshotError) {
                    var attempt = receiver
                    try attempt.receive(changed.span)
                } catch {
                    #expect(receiver.state == kept.state)
                }
            }
            try receiver.receive(bytes.span)
            #expect(receiver.state == state)
        }
    }

    @Test func `random bytes never trap`() {
        for seed in UInt64(1)...30 {
            let history = History(seed: seed, count: 3)
            var decoder = Codec1(schema: history.schema, tables: history.trained())
            var random = SeededRandom(seed: seed)
            var result = WorldState(schema: history.schema)
            for _ in 0..<300 {
                let (baseline, before) = (history.states[1], history.states[0])
                let header: [UInt8] =
                    random.int(in: 0...2) == 0
                    ? [0x11, 9] : [0x12, UInt8(baseline.tick + 2), 16 + UInt8(baseline.tick - before.tick)]
                let body = (0..<random.int(in: 0...60)).map { _ in
                    random.int(in: 0...1) == 0 ? 0 : UInt8(random.int(in: 0...255))
                }
                do throws(SnapshotError) {
                    try decoder.apply((header + body).span, to: baseline, before: before, into: &result)
                } catch {}
            }
        }
    }

    @Test func `a receiver takes either codec, and keyframes begin anew`() throws {
        let history = History(seed: 7, count: 16)
        let tables = history.trained()
        var receiver = SnapshotReceiver(schema: history.schema, tables: tables)
        var encoder = Codec1(schema: history.schema, tables: tables)
        for index in history.states.indices {
            let state = history.states[index]
            let isKeyframe = index % 5 == 0
            let baseline = isKeyframe ? nil : history.states[index - 1]
            let before = index % 5 < 2 ? nil : history.states[index - 2]
            var bytes: [UInt8] = []
            if index % 3 == 1 {
                bytes = Snapshot.encode(state, since: baseline, schema: history.schema)
            } else {
                encoder.encode(state, since: baseline, before: before, stateHash: nil, appendingTo: &bytes)
            }
            try receiver.receive(bytes.span)
            #expect(receiver.state == state)
        }
        var late: [UInt8] = []
        encoder.encode(history.states[15], since: history.states[14], before: nil, stateHash: nil, appendingTo: &late)
        #expect(throws: SnapshotError.wrongBaseline) { try receiver.receive(late.span) }
        var plain = SnapshotReceiver(schema: history.schema)
        #expect(throws: SnapshotError.unknownCodec) { try plain.receive(late.span) }
    }

    @Test func `trained tables make messages smaller than generic ones, and those smaller than codec 0`() {
        let (learnt, played) = (History(seed: 11, count: 200), History(seed: 11, count: 200))
        func size(_ tables: CodingTables) -> Int {
            var encoder = Codec1(schema: played.schema, tables: tables)
            var bytes: [UInt8] = []
            for index in 2..<played.states.count {
                encoder.encode(
                    played.states[index], since: played.states[index - 1], before: played.states[index - 2],
                    stateHash: nil, appendingTo: &bytes)
            }
            return bytes.count
        }
        let generic = size(TableTrainer(schema: played.schema).tables())
        let plain = (2..<played.states.count).reduce(0) {
            $0 + Snapshot.encode(played.states[$1], since: played.states[$1 - 1], schema: played.schema).count
        }
        #expect(size(learnt.trained()) < generic)
        #expect(generic < plain)
    }
}
