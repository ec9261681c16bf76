/// The quantised state of a game at one tick (protocol/spec/snapshot.md §4): what both ends agree on, bit for bit.
///
/// A value made by the codec or by a capture is always legal for its schema: ids strictly ascending, one row of values
/// within their maxima for each id, exactly the id 0 in a single.
@usableFromInline package struct WorldState: Sendable, Equatable {
    /// The tick this is the state after; 1 or more. 0 in a state that has not been filled yet.
    @usableFromInline package var tick: UInt32
    /// One table for each entity type, in the schema's order.
    @usableFromInline package var tables: [EntityTable]

    /// The state at tick 0: no entities, singles all zero.
    package init(schema: Schema) {
        tick = 0
        tables = zip(schema.types, schema.layouts).map { type, layout in
            type.multiplicity == .table
                ? EntityTable(ids: [], values: [])
                : EntityTable(ids: [0], values: [UInt32](repeating: 0, count: layout.fieldCount))
        }
    }

    /// A 32-bit fingerprint of the tick and everything in the tables (protocol/spec/snapshot.md §4.2).
    package var hash: UInt32 {
        var hash = StateHash()
        hash.feed(tick)
        for table in tables {
            hash.feed(UInt32(table.ids.count))
            for id in table.ids { hash.feed(UInt32(id)) }
            for value in table.values { hash.feed(value) }
        }
        return hash.finish()
    }
}

/// The entities of one type: their ids and, row after row, their quantised values.
@usableFromInline package struct EntityTable: Sendable, Equatable {
    /// Ids, strictly ascending; at most 65,535.
    @usableFromInline package var ids: [UInt16]
    /// One row of field values for each id, in the same order.
    @usableFromInline package var values: [UInt32]

    /// A table of these rows; the caller keeps the rules.
    package init(ids: [UInt16], values: [UInt32]) {
        self.ids = ids
        self.values = values
    }

    /// Becomes a copy of `other` in its own memory: a table that shares another's would have to get new memory at its next
    /// change.
    package mutating func overwrite(with other: EntityTable) {
        removeAll()
        ids.append(contentsOf: other.ids)
        values.append(contentsOf: other.values)
    }

    /// Empties the table but keeps its memory for the next state.
    package mutating func removeAll() {
        ids.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }
}

/// MurmurHash3 x86 32-bit with seed 0 over whole 32-bit words: a few multiplications a word in any language.
package struct StateHash: Sendable {
    private var hash: UInt32 = 0
    private var wordCount: UInt32 = 0

    /// The hash of nothing.
    package init() {}

    /// Feeds one word.
    package mutating func feed(_ word: UInt32) {
        var key = word &* 0xCC9E_2D51
        key = (key << 15 | key >> 17) &* 0x1B87_3593
        hash ^= key
        hash = (hash << 13 | hash >> 19) &* 5 &+ 0xE654_6B64
        wordCount &+= 1
    }

    /// The hash of the words so far.
    package func finish() -> UInt32 {
        var mix = hash ^ (wordCount &* 4)
        mix = (mix ^ mix >> 16) &* 0x85EB_CA6B
        mix = (mix ^ mix >> 13) &* 0xC2B2_AE35
        return mix ^ mix >> 16
    }
}
