import ByteKit
import Determinism

/// Why bytes are not the tables of a schema.
package enum CodingTablesError: Error, Sendable, Equatable {
    /// They end too early.
    case truncated
    /// The first byte is not the version of this form.
    case unknownVersion
    /// They were made for another schema.
    case wrongSchema
    /// A row is not frequencies with a sum of 2¹⁴, or a number is not in shortest form.
    case badFrequencies
    /// Bytes after the last table.
    case trailingBytes
    /// The schema has more tables than codec 1 takes.
    case tooLarge
}

/// The frequencies by which codec 1 codes the states of one schema (protocol/spec/snapshot.md §9.4).
package struct CodingTables: Sendable, Equatable {
    /// What they are sent and stored as.
    package let bytes: [UInt8]
    /// The schema they were made for.
    package let schemaHash: UInt64
    /// All tables: ``intervals(_:)`` of their cumulative frequencies, each from 0 to 2¹⁴.
    let intervals: [UInt32]

    private static let version: UInt8 = 1

    /// Tables from their bytes.
    package init(_ bytes: [UInt8], for schema: Schema) throws(CodingTablesError) {
        guard schema.hasCodingTables else { throw .tooLarge }
        let model = CodingModel(schema)
        let span = bytes.span
        guard let first = bytes.first else { throw .truncated }
        guard first == Self.version else { throw .unknownVersion }
        guard let low = span.uint32LittleEndian(at: 1), let high = span.uint32LittleEndian(at: 5) else {
            throw .truncated
        }
        schemaHash = UInt64(high) << 32 | UInt64(low)
        guard schemaHash == schema.hash else { throw .wrongSchema }
        var starts: [UInt16] = []
        starts.reserveCapacity(model.size)
        var offset = 9
        for family in model.families where family.count > 0 {
            var rows: [[UInt16]] = []
            for _ in 0..<family.count {
                starts += try Self.row(span, at: &offset, symbols: family.symbols, after: &rows)
            }
        }
        guard offset == bytes.count else { throw .trailingBytes }
        intervals = Self.intervals(starts)
        self.bytes = bytes
    }

    /// Each symbol's start, and from bit 16 on its frequency. What stands behind a table's last symbol is none, and not looked at.
    static func intervals(_ starts: [UInt16]) -> [UInt32] {
        zip(starts, starts.dropFirst() + [0]).map { UInt32($0) | UInt32($1 &- $0) << 16 }
    }

    /// One table's cumulative frequencies: a row of its own, or one of those that came before it.
    private static func row(
        _ bytes: Span<UInt8>, at offset: inout Int, symbols: Int, after rows: inout [[UInt16]]
    ) throws(CodingTablesError) -> [UInt16] {
        let listed = try number(bytes, at: &offset, upTo: symbols)
        guard listed > 0 else {
            let row = try number(bytes, at: &offset, upTo: rows.count)
            guard row < rows.count else { throw .badFrequencies }
            return rows[row]
        }
        var sum = 0
        var starts: [UInt16] = [0]
        for symbol in 0..<symbols {
            sum += 1
            if symbol < listed { sum += try number(bytes, at: &offset, upTo: Probability.total - sum) }
            guard let start = UInt16(exactly: sum) else { throw .badFrequencies }
            starts.append(start)
        }
        guard sum == Probability.total else { throw .badFrequencies }
        rows.append(starts)
        return starts
    }

    private static func number(
        _ bytes: Span<UInt8>, at offset: inout Int, upTo limit: Int
    ) throws(CodingTablesError) -> Int {
        guard let number = bytes.varint(at: &offset) else {
            throw bytes.endsInsideVarint(at: offset) ? .truncated : .badFrequencies
        }
        guard let small = Int(exactly: number), small <= limit else { throw .badFrequencies }
        return small
    }

    /// Their name: 64-bit FNV-1a over their bytes, in 16 lower-case hexadecimal digits.
    package var hashText: String {
        var hash = StableHash()
        hash.feed(bytes)
        return Schema.text(ofHash: hash.value)
    }
}

extension CodingTables {
    /// Tables made of how often each symbol came up.
    init(_ model: CodingModel, _ schema: Schema, counts: [UInt32]) {
        var bytes = [Self.version]
        bytes.appendLittleEndian(UInt32(truncatingIfNeeded: schema.hash))
        bytes.appendLittleEndian(UInt32(truncatingIfNeeded: schema.hash >> 32))
        for family in model.families where family.count > 0 {
            Self.append(family, counts, to: &bytes)
        }
        do {
            try self.init(bytes, for: schema)
        } catch {
            preconditionFailure("tables that were just written are not read: \(error)")
        }
    }

    /// What a table is expected to be like weighs as much as this many symbols seen. One that has seen fewer is as expected.
    private static let expectation = 16.0

    /// All tables of a family; those that are alike once.
    private static func append(_ family: TableFamily, _ counts: [UInt32], to bytes: inout [UInt8]) {
        let tables = (0..<family.count).map { index in
            (0..<family.symbols).map { Double(counts[family.table(index) + $0]) }
        }
        let sums = (0..<family.symbols).map { symbol in tables.reduce(0) { $0 + $1[symbol] } }
        let total = sums.reduce(0, +)
        var rows: [[Int]] = []
        for (index, seen) in tables.enumerated() {
            var weights = family.purpose.weights(index, of: family)
            if total > 0 {
                // Half of it is what such a table is like in any game, half what this game's tables are like.
                let sum = weights.reduce(0, +)
                weights = zip(weights, sums).map { ($0 / sum + $1 / total) * expectation / 2 }
                if seen.reduce(0, +) >= expectation { weights = zip(seen, weights).map { $0 + $1 } }
            }
            let row = frequencies(weights)
            if let known = rows.firstIndex(of: row) {
                bytes.append(0)
                bytes.appendVarint(UInt64(known))
                continue
            }
            rows.append(row)
            let listed = (row.lastIndex { $0 > 1 } ?? 0) + 1
            bytes.appendVarint(UInt64(listed))
            for part in row[..<listed] { bytes.appendVarint(UInt64(part - 1)) }
        }
    }

    /// Parts of 2¹⁴, at least 1 for each symbol (protocol/spec/snapshot.md §9.8).
    private static func frequencies(_ weights: [Double]) -> [Int] {
        let total = weights.reduce(0, +)
        let free = Double(Probability.total - weights.count)
        var parts = weights.map { 1 + Int($0 / total * free) }
        let most = parts.indices.max { parts[$0] < parts[$1] } ?? 0
        parts[most] += Probability.total - parts.reduce(0, +)
        return parts
    }
}
