internal import Determinism
package import SnapshotCore

/// Things that move steadily, turn, stop, come and go: random schemas with fields of every kind, or a given one.
package struct MovingWorld {
    private var random: SeededRandom
    /// What it is made of.
    package let schema: Schema
    /// How it stands.
    package private(set) var state: WorldState
    /// How fast each value of each entity changes, by type and id.
    private var speeds: [[UInt16: [Int]]]

    /// A world of `schema`, or of one that follows from the seed.
    package init(seed: UInt64, schema given: Schema? = nil) {
        random = SeededRandom(seed: seed)
        schema = given ?? Self.schema(&random, hasLinks: seed > 6)
        state = WorldState(schema: schema)
        speeds = Array(repeating: [:], count: schema.types.count)
        advance()
    }

    /// What golden vectors are made of has no links.
    private static func schema(_ random: inout SeededRandom, hasLinks: Bool) -> Schema {
        var types = (0..<random.int(in: 1...3)).map { index in
            let fields = (0..<random.int(in: 0...5)).map {
                Schema.Field("f\($0)", kind(&random), random.int(in: 0...1) == 0 ? .linear : .stay)
            }
            return Schema.EntityType("t\(index)", random.int(in: 0...3) == 0 ? .single : .table, fields)
        }
        if hasLinks, random.int(in: 0...1) == 0 {
            let vector = Schema.Field.vector("at", random.int(in: 2...3), -8...8, step: 0.25, .linear)
            types.append(.init("link", .table, vector + [.init("to", .entity(of: "link"))]))
        }
        if hasLinks, random.int(in: 0...1) == 0 { types += Self.carried }
        return Schema(types: types, input: [])
    }

    /// Carts, and boxes that stand on some of them and have tags.
    package static var carried: [Schema.EntityType] {
        let (at, aim) = (FieldKind.fixed(-32...32, step: 1 / 64), FieldKind.angle(bits: 9))
        return [
            .init("cart", .table, [.init("at", at, .linear), .init("aim", aim)]),
            .init(
                "box", .table,
                [.init("on", .entity(of: "cart")), .init("at", at, .parent("on")), .init("aim", aim, .parent("on"))]
                    + Schema.Field.bytes("tag", 6), every: 2),
            .init("load", .single, [.init("on", .entity(of: "cart")), .init("at", at, .parent("on"))]),
        ]
    }

    private static func kind(_ random: inout SeededRandom) -> FieldKind {
        switch random.int(in: 0...6) {
        case 0: .bool
        case 1: .int(-5...random.int(in: -5...4_294_967_290))
        case 2: .fixed(-32...32, step: 1 / 64)
        case 3: .angle(bits: random.int(in: 1...24))
        case 4: .int(0...random.int(in: 0...9))
        case 5: .quaternion(bits: random.int(in: 2...10))
        default: .enumeration(random.int(in: 1...300))
        }
    }

    /// Moves on by so many ticks.
    package mutating func advance(by ticks: Int = 1) {
        state.tick += UInt32(ticks)
        for type in schema.types.indices { move(type, ticks) }
    }

    private mutating func move(_ type: Int, _ ticks: Int) {
        let old = state.tables[type]
        let width = schema.layouts[type].fieldCount
        var rows: [UInt16: [UInt32]] = [:]
        let isTable = schema.types[type].multiplicity == .table
        let comeAndGo = isTable && (old.ids.isEmpty || random.int(in: 0...3) == 0)
        for (row, id) in old.ids.enumerated() {
            if comeAndGo, random.int(in: 0...9) == 0 { continue }
            if random.int(in: 0...7) == 0 { speeds[type][id] = newSpeeds(type) }
            let values = Array(old.values[row * width..<(row + 1) * width])
            rows[id] = moved(values, type, speeds[type][id] ?? [], ticks)
        }
        if comeAndGo {
            let most = random.int(in: 0...2) == 0 ? 65_535 : 40
            for _ in 0..<random.int(in: 1...6) {
                rows[UInt16(random.int(in: 0...most))] = zip(schema.types[type].fields, schema.layouts[type].quantisers)
                    .map { field, quantiser in
                        // Most of those that are referred to are there: ids are low.
                        if case .entity = field.kind { return UInt32(random.int(in: 0...40)) }
                        return UInt32(random.int(in: 0...Int(quantiser.maximum)))
                    }
            }
        }
        let ids = rows.keys.sorted()
        state.tables[type] = EntityTable(ids: ids, values: ids.flatMap { rows[$0] ?? [] })
    }

    private mutating func newSpeeds(_ type: Int) -> [Int] {
        if random.int(in: 0...1) == 0 { return [] }
        return schema.types[type].fields.map { _ in random.int(in: -40...40) / random.int(in: 1...9) }
    }

    private mutating func moved(_ values: [UInt32], _ type: Int, _ speeds: [Int], _ ticks: Int) -> [UInt32] {
        guard !speeds.isEmpty else { return values }
        return values.indices.map { index in
            let step = speeds[index] * ticks + random.int(in: 0...3) / 3
            let maximum = Int(schema.layouts[type].quantisers[index].maximum)
            switch schema.types[type].fields[index].kind {
            case .angle: return UInt32((Int(values[index]) + step) & maximum)
            case .quaternion(let bits): return turned(values[index], by: step, bits: UInt32(bits))
            case .entity: return random.int(in: 0...3) > 0 ? values[index] : UInt32(random.int(in: 0...40))
            default: return UInt32(min(max(Int(values[index]) + step, 0), maximum))
            }
        }
    }

    /// Some other rotation near by, or a number that is none.
    private mutating func turned(_ value: UInt32, by step: Int, bits: UInt32) -> UInt32 {
        if random.int(in: 0...19) == 0 { return value ^ 1 << (3 * bits) }
        let mask: UInt32 = 1 << bits - 1
        return (0..<3).reduce(value & ~(1 << (3 * bits) - 1)) { turned, part in
            let shift = UInt32(part) * bits
            let component = Int(value >> shift & mask) + step / (part + 1)
            return turned | UInt32(min(max(component, 0), Int(mask))) << shift
        }
    }
}
