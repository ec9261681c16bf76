/// What the parts of a message of codec 1 cost, in bits: for people who look for what makes messages large.
package struct SnapshotPrice {
    /// What a part of a schema costs.
    package struct Part: Sendable {
        /// A field as `type.field`, a type's `changes`, which say who has changed, or its `ids`.
        package let name: String
        /// Bits of all messages so far.
        package var bits: Double
    }

    private let model: CodingModel
    private var pricer: SymbolPricer
    private var scratch = CodingScratch()
    private var nothing = EntityTable(ids: [], values: [])
    private let names: [String]

    /// - Precondition: `tables` were made for `schema`.
    package init(schema: Schema, tables: CodingTables) {
        precondition(schema.hash == tables.schemaHash, "tables of another schema")
        model = CodingModel(schema)
        pricer = SymbolPricer(model, tables.starts)
        names = schema.types.flatMap { type in
            let fields = type.fields.flatMap { Array(repeating: "\(type.name).\($0.name)", count: 2) }
            let mode = fields + Array(repeating: "\(type.name) changes", count: 3)
            return CodingMode.allCases.flatMap { _ in mode } + ["\(type.name) ids"]
        }
    }

    /// Adds what the message that leads from `baseline` to `state` costs.
    package mutating func add(_ state: WorldState, since baseline: WorldState?, before: WorldState?) {
        do {
            try model.code(&pricer, state, since: baseline, before: before, into: &nothing, &scratch)
        } catch {
            preconditionFailure("an encoder refuses nothing")
        }
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

/// Adds up what symbols cost instead of writing them, for each family of tables.
private struct SymbolPricer: SymbolCoder {
    static var isDecoding: Bool { false }

    private let starts: [UInt16]
    /// For each place among the tables, the family it belongs to.
    private let families: [Int]
    private var last = 0
    private(set) var bits: [Double]

    init(_ model: CodingModel, _ starts: [UInt16]) {
        self.starts = starts
        families = model.families.enumerated().flatMap { index, family in
            Array(repeating: index, count: family.end - family.base)
        }
        bits = Array(repeating: 0, count: model.families.count)
    }

    mutating func code(_ symbol: Int, at table: Int) -> Int {
        last = families[table]
        let frequency = Double(starts[table + symbol + 1] - starts[table + symbol])
        bits[last] += Double(Probability.bits) - Self.binaryLogarithm(frequency)
        return symbol
    }

    mutating func codeBits(_ value: UInt32, width: Int) -> UInt32 {
        bits[last] += Double(width)
        return value
    }

    /// To four decimals, of 1 and more.
    private static func binaryLogarithm(_ number: Double) -> Double {
        let ratio = (number.significand - 1) / (number.significand + 1)
        let square = ratio * ratio
        let series = 1 + square * (1 / 3 + square * (1 / 5 + square / 7))
        return Double(number.exponent) + 2.885_390_081_777_927 * ratio * series
    }
}
