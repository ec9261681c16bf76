/// What the parts of a message of codec 1 cost, in bits: for people who look for what makes messages large.
package struct SnapshotPrice {
    /// What a part of a schema costs.
    package struct Part: Sendable {
        /// A field as `type.field`, a type's `changes`, which say who has changed, or its `ids`; an entity as `type id`.
        package let name: String
        /// Bits of all messages so far.
        package var bits: Double
    }

    private let model: CodingModel
    private var pricer: SymbolPricer
    private var scratch = CodingScratch()
    private var nothing = EntityTable(ids: [], values: [])
    private let schema: Schema
    private let names: [String]
    /// Bits of all values of each entity, by type and id.
    private var entityBits: [[UInt16: Double]]

    /// - Precondition: `tables` were made for `schema`.
    package init(schema: Schema, tables: CodingTables) {
        precondition(schema.hash == tables.schemaHash, "tables of another schema")
        self.schema = schema
        entityBits = Array(repeating: [:], count: schema.types.count)
        model = CodingModel(schema)
        pricer = SymbolPricer(model, tables.intervals)
        names = schema.types.flatMap { type in
            let fields = type.fields.flatMap { Array(repeating: "\(type.name).\($0.name)", count: 2) }
            let mode = fields + Array(repeating: "\(type.name) changes", count: 3)
            return CodingMode.allCases.flatMap { _ in mode } + ["\(type.name) ids"]
        }
    }

    /// Adds what the message that leads from `baseline` to `state` costs.
    package mutating func add(_ state: WorldState, since baseline: WorldState?, before: WorldState?) {
        pricer.beginMessage()
        do {
            try model.code(&pricer, state, since: baseline, before: before, into: &nothing, &scratch)
        } catch {
            preconditionFailure("an encoder refuses nothing")
        }
        for type in schema.types.indices {
            let (ids, old) = (state.tables[type].ids, baseline?.tables[type].ids ?? [])
            let (known, present) = (Set(old), Set(ids))
            add(type, old.filter(present.contains), pricer.kept[type])
            add(type, ids.filter { !known.contains($0) }, pricer.new[type])
        }
    }

    private mutating func add(_ type: Int, _ ids: [UInt16], _ bits: [Double]) {
        for (id, bits) in zip(ids, bits) where bits > 0 { entityBits[type][id, default: 0] += bits }
    }

    /// The entities whose values cost anything, those that cost most first.
    package var entities: [Part] {
        zip(schema.types, entityBits).flatMap { type, bits in
            bits.sorted { $0.key < $1.key }.map { Part(name: "\(type.name) \($0.key)", bits: $0.value) }
        }
        .sorted { $0.bits > $1.bits }
    }

    /// All parts in the schema's order.
    package var parts: [Part] {
        var parts: [Part] = []
        for (name, bits) in zip(names, pricer.bits) {
            if let index = parts.firstIndex(where: { $0.name == name }) {
                parts[index].bits += bits
            } else {
                parts.append(Part(name: name, bits: bits))
            }
        }
        return parts
    }
}

/// Adds up what symbols cost instead of writing them: for each family of tables, and for each row of a message.
private struct SymbolPricer: SymbolCoder {
    static var isDecoding: Bool { false }

    private let intervals: [UInt32]
    /// For each place among the tables, the family it belongs to.
    private let families: [Int]
    /// For each family, the type whose rows' values it codes; nil where it codes no values.
    private let types: [Int?]
    private var last = 0
    private var row = (index: 0, isNew: false)
    private(set) var bits: [Double]
    /// The bits of the values of a message's rows, by type: of those that stay, and of the new ones.
    private(set) var kept: [[Double]]
    private(set) var new: [[Double]]

    init(_ model: CodingModel, _ intervals: [UInt32]) {
        self.intervals = intervals
        families = model.families.enumerated().flatMap { index, family in
            Array(repeating: index, count: family.end - family.base)
        }
        types = model.families.map { family in
            guard family.purpose == .numbers || family.purpose == .largest else { return nil }
            return model.types.firstIndex { family.base < $0.ids.base }
        }
        bits = Array(repeating: 0, count: model.families.count)
        kept = Array(repeating: [], count: model.types.count)
        new = kept
    }

    /// Forgets the rows of the last message.
    mutating func beginMessage() {
        kept = Array(repeating: [], count: kept.count)
        new = kept
    }

    mutating func enter(_ row: Int, isNew: Bool) { self.row = (row, isNew) }

    mutating func code(_ symbol: Int, at table: Int) -> Int {
        last = families[table]
        let frequency = Double(intervals[table + symbol] >> 16)
        add(Double(Probability.bits) - Self.binaryLogarithm(frequency))
        return symbol
    }

    mutating func codeBits(_ value: UInt32, width: Int) -> UInt32 {
        add(Double(width))
        return value
    }

    private mutating func add(_ cost: Double) {
        bits[last] += cost
        guard let type = types[last] else { return }
        if row.isNew {
            Self.add(cost, to: &new[type], at: row.index)
        } else {
            Self.add(cost, to: &kept[type], at: row.index)
        }
    }

    private static func add(_ cost: Double, to rows: inout [Double], at row: Int) {
        while rows.count <= row { rows.append(0) }
        rows[row] += cost
    }

    /// To four decimals, of 1 and more.
    private static func binaryLogarithm(_ number: Double) -> Double {
        let ratio = (number.significand - 1) / (number.significand + 1)
        let square = ratio * ratio
        let series = 1 + square * (1 / 3 + square * (1 / 5 + square / 7))
        return Double(number.exponent) + 2.885_390_081_777_927 * ratio * series
    }
}
