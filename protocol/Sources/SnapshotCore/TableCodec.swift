import ByteKit

/// Packed numbers: groups of four bits, three of the value and one that says whether more follow; least significant
/// group first, in shortest form, at most 65,535 (protocol/spec/snapshot.md §2.3).
enum PackedNumber {
    static func write(_ number: Int, to writer: inout BitWriter) {
        var rest = UInt32(number)
        while rest > 7 {
            writer.write(rest & 7 | 8, width: 4)
            rest >>= 3
        }
        writer.write(rest, width: 4)
    }

    static func read(from bytes: Span<UInt8>, _ reader: inout BitReader) throws(SnapshotError) -> Int {
        var number = 0
        for shift in stride(from: 0, through: 15, by: 3) {
            guard let group = reader.read(width: 4, from: bytes) else { throw .truncated }
            number |= Int(group & 7) << shift
            guard group & 8 == 0 else { continue }
            guard group > 0 || shift == 0, number <= 65_535 else { throw .badNumber }
            return number
        }
        throw .badNumber
    }
}

/// Writes one entity type's part of a message (protocol/spec/snapshot.md §5.2).
struct TableEncoder {
    let layout: RecordLayout
    let type: Schema.EntityType

    func writeWhole(_ table: EntityTable, to writer: inout BitWriter) {
        if type.multiplicity == .table { writeIdentifiers(MissingRows(of: table.ids, from: []), to: &writer) }
        for row in table.ids.indices { layout.write(table.values, from: row * layout.fieldCount, to: &writer) }
    }

    func writeDelta(of table: EntityTable, since baseline: EntityTable, to writer: inout BitWriter) {
        let isTouched = table != baseline
        writer.write(isTouched)
        guard isTouched else { return }
        guard type.multiplicity == .table else { return layout.write(table.values, from: 0, to: &writer) }
        let sameIds = table.ids == baseline.ids
        writer.write(!sameIds)
        guard !sameIds else { return writeSurvivors(of: table, since: baseline, to: &writer) }
        writeIdentifiers(MissingRows(of: baseline.ids, from: table.ids), to: &writer)
        let spawned = MissingRows(of: table.ids, from: baseline.ids)
        writeIdentifiers(spawned, to: &writer)
        writeSurvivors(of: table, since: baseline, to: &writer)
        for row in spawned { layout.write(table.values, from: row * layout.fieldCount, to: &writer) }
    }

    private func writeSurvivors(of table: EntityTable, since baseline: EntityTable, to writer: inout BitWriter) {
        let width = layout.fieldCount
        let values = table.values.span
        let oldValues = baseline.values.span
        var old = 0
        // The bits of unchanged entities, not written yet: most entities are, and one write can take 32 of them.
        var unchanged = 0
        for row in table.ids.indices {
            while old < baseline.ids.count, baseline.ids[old] < table.ids[row] { old += 1 }
            guard old < baseline.ids.count, baseline.ids[old] == table.ids[row] else { continue }
            var field = 0
            while field < width, values[row * width + field] == oldValues[old * width + field] { field += 1 }
            if field == width {
                unchanged += 1
                guard unchanged == 32 else { continue }
            }
            writer.write(0, width: unchanged)
            unchanged = 0
            guard field < width else { continue }
            writer.write(true)
            layout.write(table.values, from: row * width, to: &writer)
        }
        writer.write(0, width: unchanged)
    }

    private func writeIdentifiers(_ rows: MissingRows, to writer: inout BitWriter) {
        var count = 0
        for _ in rows { count += 1 }
        precondition(count <= 65_535, "more than 65,535 entities in \(type.name)")
        PackedNumber.write(count, to: &writer)
        var least = 0
        for row in rows {
            PackedNumber.write(Int(rows.ids[row]) - least, to: &writer)
            least = Int(rows.ids[row]) + 1
        }
    }
}

/// The rows of some ids that are not among others, one after the other, without an array of their own; both are ascending.
private struct MissingRows: Sequence, IteratorProtocol {
    let ids: [UInt16]
    private let others: [UInt16]
    private var row = 0
    private var other = 0

    init(of ids: [UInt16], from others: [UInt16]) {
        self.ids = ids
        self.others = others
    }

    mutating func next() -> Int? {
        while row < ids.count {
            defer { row += 1 }
            while other < others.count, others[other] < ids[row] { other += 1 }
            if other == others.count || others[other] != ids[row] { return row }
        }
        return nil
    }
}

/// Reads one entity type's part of a message and checks everything it says (protocol/spec/snapshot.md §5.2, §6).
struct TableDecoder: Sendable, Equatable {
    let layout: RecordLayout
    let isSingle: Bool

    func readWhole(
        _ bytes: Span<UInt8>, _ reader: inout BitReader, into table: inout EntityTable
    ) throws(SnapshotError) {
        table.ids = isSingle ? [0] : try readIdentifiers(bytes, &reader)
        try checkRoom(for: table.ids.count, in: bytes, reader)
        table.values.removeAll(keepingCapacity: true)
        for row in table.ids.indices {
            try appendRow(bytes, &reader, to: &table, at: row * layout.fieldCount)
        }
    }

    func readDelta(
        _ bytes: Span<UInt8>, _ reader: inout BitReader, since baseline: EntityTable, into table: inout EntityTable
    ) throws(SnapshotError) {
        guard try readBit(bytes, &reader) else { return table.overwrite(with: baseline) }
        if isSingle {
            table.overwrite(with: baseline)
            return try layout.read(from: bytes, &reader, into: &table.values, at: 0)
        }
        guard try readBit(bytes, &reader) else {
            table.overwrite(with: baseline)
            return try readChanges(bytes, &reader, in: &table)
        }
        table.removeAll()
        let removed = try readIdentifiers(bytes, &reader)
        let spawned = try readIdentifiers(bytes, &reader)
        guard baseline.ids.count - removed.count + spawned.count <= 65_535 else { throw .badIdentifiers }
        try checkRoom(for: spawned.count, in: bytes, reader)
        try merge(bytes, &reader, baseline, removed: removed, spawned: spawned, into: &table)
    }

    /// The same entities as before: a bit for each, and the values of those that have changed.
    private func readChanges(
        _ bytes: Span<UInt8>, _ reader: inout BitReader, in table: inout EntityTable
    ) throws(SnapshotError) {
        for row in 0..<table.ids.count where try readBit(bytes, &reader) {
            try layout.read(from: bytes, &reader, into: &table.values, at: row * layout.fieldCount)
        }
    }

    /// Survivors come first in the message, spawned entities after all of them; the table is in id order.
    private func merge(
        _ bytes: Span<UInt8>, _ reader: inout BitReader, _ baseline: EntityTable, removed: [UInt16], spawned: [UInt16],
        into table: inout EntityTable
    ) throws(SnapshotError) {
        var spawnedRows: [Int] = []
        var nextRemoved = 0
        for row in baseline.ids.indices {
            let id = baseline.ids[row]
            while spawnedRows.count < spawned.count, spawned[spawnedRows.count] < id {
                reserveRow(for: spawned[spawnedRows.count], in: &table, &spawnedRows)
            }
            guard spawnedRows.count == spawned.count || spawned[spawnedRows.count] != id else { throw .badIdentifiers }
            if nextRemoved < removed.count, removed[nextRemoved] == id {
                nextRemoved += 1
                continue
            }
            let start = table.values.count
            table.ids.append(id)
            if try readBit(bytes, &reader) {
                try appendRow(bytes, &reader, to: &table, at: start)
            } else {
                let old = row * layout.fieldCount
                for at in old..<old + layout.fieldCount { table.values.append(baseline.values[at]) }
            }
        }
        guard nextRemoved == removed.count else { throw .badIdentifiers }
        while spawnedRows.count < spawned.count {
            reserveRow(for: spawned[spawnedRows.count], in: &table, &spawnedRows)
        }
        for row in spawnedRows {
            try layout.read(from: bytes, &reader, into: &table.values, at: row * layout.fieldCount)
        }
    }

    private func reserveRow(for id: UInt16, in table: inout EntityTable, _ rows: inout [Int]) {
        rows.append(table.ids.count)
        table.ids.append(id)
        for _ in 0..<layout.fieldCount { table.values.append(0) }
    }

    private func appendRow(
        _ bytes: Span<UInt8>, _ reader: inout BitReader, to table: inout EntityTable, at start: Int
    ) throws(SnapshotError) {
        for _ in 0..<layout.fieldCount { table.values.append(0) }
        try layout.read(from: bytes, &reader, into: &table.values, at: start)
    }

    private func readBit(_ bytes: Span<UInt8>, _ reader: inout BitReader) throws(SnapshotError) -> Bool {
        guard let bit = reader.readBit(from: bytes) else { throw .truncated }
        return bit
    }

    /// Ids in ascending order: a count, then for each the gap to the least id it could have.
    private func readIdentifiers(_ bytes: Span<UInt8>, _ reader: inout BitReader) throws(SnapshotError) -> [UInt16] {
        let count = try PackedNumber.read(from: bytes, &reader)
        // Every gap takes at least four bits: no memory is set aside for more than the message can hold.
        guard count <= (bytes.count * 8 - reader.position) / 4 else { throw .truncated }
        var ids: [UInt16] = []
        ids.reserveCapacity(count)
        var least = 0
        for _ in 0..<count {
            let number = least + (try PackedNumber.read(from: bytes, &reader))
            guard let id = UInt16(exactly: number) else { throw .badIdentifiers }
            ids.append(id)
            least = number + 1
        }
        return ids
    }

    private func checkRoom(for rows: Int, in bytes: Span<UInt8>, _ reader: BitReader) throws(SnapshotError) {
        guard rows * layout.bitCount <= bytes.count * 8 - reader.position else { throw .truncated }
    }
}
