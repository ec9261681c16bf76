/// Counts which symbols come up in which context, for tables that expect just that (protocol/spec/snapshot.md §9.4).
package struct TableTrainer {
    private let schema: Schema
    private let model: CodingModel
    private var counter: SymbolCounter
    private var scratch = CodingScratch()
    private var nothing = EntityTable(ids: [], values: [])

    /// A trainer that has seen nothing yet: its tables are the generic ones.
    ///
    /// - Precondition: ``Schema/hasCodingTables``.
    package init(schema: Schema) {
        self.schema = schema
        model = CodingModel(schema)
        counter = SymbolCounter(counts: [UInt32](repeating: 0, count: model.size))
    }

    /// Learns from the message that would lead from `baseline` to `state`.
    package mutating func learn(_ state: WorldState, since baseline: WorldState?, before: WorldState?) {
        do {
            try model.code(&counter, state, since: baseline, before: before, into: &nothing, &scratch)
        } catch {
            preconditionFailure("an encoder refuses nothing")
        }
    }

    /// Tables made of what has been learnt, and of what is expected of any game where little has been.
    package func tables() -> CodingTables { CodingTables(model, schema, counts: counter.counts) }
}

/// Counts symbols instead of writing them.
private struct SymbolCounter: SymbolCoder {
    static var isDecoding: Bool { false }
    var counts: [UInt32]

    mutating func code(_ symbol: Int, at table: Int) -> Int {
        counts[table + symbol] &+= 1
        return symbol
    }

    mutating func codeBits(_ bits: UInt32, width: Int) -> UInt32 { bits }
}
