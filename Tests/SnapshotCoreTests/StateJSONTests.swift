import Determinism
import SnapshotCore
import Testing

@Suite("States as JSON (protocol/spec/lobby.md §5.2)")
struct StateJSONTests {
    private func text(_ schema: Schema, _ tables: [EntityTable]) -> String {
        var state = WorldState(schema: schema)
        state.tables = tables
        var text: [UInt8] = []
        StateJSON(schema: schema).write(state, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func value(_ kind: FieldKind, _ value: UInt32) -> String {
        let schema = Schema(types: [.init("t", .single, [.init("v", kind)])], input: [])
        let text = text(schema, [EntityTable(ids: [0], values: [value])])
        return String(text.dropFirst("{\"t\":{\"v\":".count).dropLast(2))
    }

    @Test func `tables are arrays of objects with ids, singles are objects`() {
        let schema = Schema(
            types: [
                .init("pawn", .table, [.init("x", .fixed(-10...10, step: 0.25)), .init("open", .bool)]),
                .init("none", .table, []), .init("clock", .single, [.init("at", .int(-5...5))]),
            ], input: [])
        let tables = [
            EntityTable(ids: [1, 65_534], values: [46, 1, 0, 0]), EntityTable(ids: [], values: []),
            EntityTable(ids: [0], values: [3]),
        ]
        #expect(
            text(schema, tables)
                == "{\"pawn\":[{\"id\":1,\"x\":1.5,\"open\":true},{\"id\":65534,\"x\":-10,\"open\":false}],"
                + "\"none\":[],\"clock\":{\"at\":-2}}")
    }

    @Test func `a game's own field named id stands for itself`() {
        let schema = Schema(types: [.init("t", .table, [.init("id", .int(0...9))])], input: [])
        #expect(text(schema, [EntityTable(ids: [4], values: [7])]) == "{\"t\":[{\"id\":7}]}")
    }

    @Test(
        arguments: [
            (.bool, 0, "false"), (.bool, 1, "true"), (.int(-3...9), 0, "-3"), (.int(-3...9), 12, "9"),
            (.enumeration(5), 4, "4"), (.fixed(0...1, step: 0.1), 3, "0.3"), (.fixed(0...1, step: 0.1), 10, "1"),
            (.fixed(-1...1, step: 0.01), 99, "-0.01"), (.fixed(-1...1, step: 0.01), 100, "0"),
            (.fixed(-0.05...0.95, step: 0.1), 1, "0.05"), (.fixed(0...1, step: 0.015625), 3, "0.046875"),
            (.fixed(0...0.000001, step: 1e-9), 7, "0.000000007"), (.fixed(-100...100, step: 50), 1, "-50"),
            (.angle(bits: 8), 0, "0"), (.angle(bits: 8), 64, "1.571"), (.angle(bits: 2), 1, "1.6"),
        ] as [(FieldKind, UInt32, String)])
    func `a value is written in the decimals of its step`(_ kind: FieldKind, _ quantised: UInt32, _ text: String) {
        #expect(value(kind, quantised) == text)
    }

    @Test func `a number that is read back is the value it was written for`() throws {
        var random = SeededRandom(seed: 11)
        for round in 0..<2_000 {
            let kind: FieldKind
            switch round % 4 {
            case 0: kind = .angle(bits: random.int(in: 1...24))
            case 1:
                let steps: [Double] = [0.001, 0.01, 0.02, 0.125, 0.3, 1, 7, 1.0 / 3]
                let step = steps[random.int(in: 0...steps.count - 1)]
                let low = Double(random.int(in: -1_000...1_000)) * step
                kind = .fixed(low...low + Double(random.int(in: 1...100_000)) * step, step: step)
            case 2: kind = .fixed(-0x1p53...0x1p53, step: 0x1p30)
            default: kind = .int(random.int(in: -1_000_000...0)...random.int(in: 0...1_000_000))
            }
            guard kind.problem == nil else { continue }
            let quantiser = Quantiser(kind)
            let quantised = UInt32(random.int(in: 0...Int(quantiser.maximum)))
            let text = value(kind, quantised)
            let number = try #require(Double(text), "\(text)")
            #expect(quantiser.quantise(number) == quantised, "\(kind) \(quantised) → \(text)")
        }
    }
}
