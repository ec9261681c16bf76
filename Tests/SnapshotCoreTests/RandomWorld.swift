import Determinism
import SnapshotCore

/// Random schemas and random walks of legal states over them.
struct RandomWorld {
    var random: SeededRandom
    let schema: Schema
    var state: WorldState

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var types: [Schema.EntityType] = []
        for index in 0..<random.int(in: 0...4) {
            let fields = (0..<random.int(in: 0...6)).map { Schema.Field("f\($0)", Self.kind(&random)) }
            types.append(Schema.EntityType("t\(index)", random.int(in: 0...2) == 0 ? .single : .table, fields))
        }
        // What golden vectors are made of has no links.
        if seed > 12, random.int(in: 0...1) == 0 {
            let vector = Schema.Field.vector("at", random.int(in: 2...3), -8...8, step: 0.25)
            types.append(.init("link", .table, vector + [.init("to", .entity(of: "link"))]))
        }
        let input = (0..<random.int(in: 0...5)).map { Schema.Field("i\($0)", Self.kind(&random)) }
        self.random = random
        schema = Schema(types: types, input: input)
        state = WorldState(schema: schema)
        advance()
    }

    static func kind(_ random: inout SeededRandom) -> FieldKind {
        switch random.int(in: 0...5) {
        case 0: .bool
        case 1: .int(-5...random.int(in: -5...4_294_967_290))
        case 2: .fixed(-32...32, step: 1 / 64)
        case 3: .angle(bits: random.int(in: 1...24))
        case 4: .fixed(0...Double(random.int(in: 0...4_294_967_295)), step: 1)
        default: .enumeration(random.int(in: 1...300))
        }
    }

    func values(_ layout: RecordLayout, _ random: inout SeededRandom) -> [UInt32] {
        layout.quantisers.map { UInt32(random.int(in: 0...Int($0.maximum))) }
    }

    /// Moves on by one to three ticks: some entities go, some come, some change.
    mutating func advance() {
        var random = random
        state.tick += UInt32(random.int(in: 1...3))
        for index in schema.types.indices {
            let layout = schema.layouts[index]
            guard schema.types[index].multiplicity == .table else {
                if random.int(in: 0...1) == 0 { state.tables[index].values = values(layout, &random) }
                continue
            }
            let old = state.tables[index]
            var rows: [UInt16: [UInt32]] = [:]
            for (row, id) in old.ids.enumerated() where random.int(in: 0...9) > 0 {
                let start = row * layout.fieldCount
                rows[id] = Array(old.values[start..<start + layout.fieldCount])
                if random.int(in: 0...2) == 0 { rows[id] = values(layout, &random) }
            }
            let isStill = random.int(in: 0...3) == 0
            for _ in 0..<random.int(in: 0...5) {
                let id = UInt16(random.int(in: 0...(random.int(in: 0...1) == 0 ? 20 : 65_535)))
                rows[id] = values(layout, &random)
            }
            if isStill { continue }
            let ids = rows.keys.sorted()
            state.tables[index] = EntityTable(ids: ids, values: ids.flatMap { rows[$0] ?? [] })
        }
        self.random = random
    }

    /// Whether `state` is one that a correct game could have.
    func isLegal(_ state: WorldState) -> Bool {
        zip(state.tables, zip(schema.types, schema.layouts)).allSatisfy { table, kind in
            let (type, layout) = kind
            let isAscending = zip(table.ids, table.ids.dropFirst()).allSatisfy { $0 < $1 }
            let isShaped = table.values.count == table.ids.count * layout.fieldCount && table.ids.count <= 65_535
            let isInRange = table.values.enumerated().allSatisfy { at, value in
                value <= layout.quantisers[at % layout.fieldCount].maximum
            }
            return isAscending && isShaped && isInRange && (type.multiplicity == .table || table.ids == [0])
        }
    }
}
