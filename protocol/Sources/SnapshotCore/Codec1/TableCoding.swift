import ByteKit

/// Memory that coding takes beyond its result, used again for the next message.
struct CodingScratch: Sendable {
    /// The rows that were moving at the baseline, and behind them a number that no row has.
    var moving: [Int] = []
    /// Whether each of them has changed.
    var hasChanged: [Bool] = []
    /// The row that is coded, and those before it.
    var row: [UInt32] = []
    var rows = RowSequence()
    /// By how much the parents of values have moved, for all rows that are coded; empty where nothing has a parent.
    var pulls: [Int] = []
    /// The baseline's entities one step earlier, in the baseline's order.
    var before: [UInt32] = []
    /// What becomes of a table whose entities come and go.
    var population = Population()
}

/// New entities one after the other, as far as the next is predicted from them (protocol/spec/snapshot.md §9.7).
struct RowSequence: Sendable {
    /// The last row; zeros before the first.
    private(set) var last: [UInt32] = []
    /// What would have led to it by the step that came twice in a row most lately.
    private(set) var before: [UInt32] = []
    private var step: [Int] = []
    private var held: [Int] = []

    mutating func begin(_ width: Int) {
        last.zero(width)
        before.zero(width)
        step = Array(repeating: 0, count: width)
        held = step
    }

    /// Takes the next row.
    mutating func follow(_ row: [UInt32], _ columns: [ColumnPlan]) {
        for index in columns.indices {
            let step = Int(row[index]) - Int(last[index])
            if step == self.step[index] { held[index] = step }
            self.step[index] = step
            last[index] = row[index]
            let start = Int(row[index]) - held[index]
            let isStep = columns[index].isLinear && (0...columns[index].maximum).contains(start)
            before[index] = isStep && columns[index].quaternionBits == 0 ? UInt32(start) : row[index]
        }
    }
}

extension TypeModel {
    /// Codes a table of a keyframe: an encoder that of `actual`, a decoder into `result`.
    func codeWhole<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: EntityTable, into result: inout EntityTable, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        if Coder.isDecoding { result.removeAll() }
        if isSingle {
            if Coder.isDecoding { result.ids.append(0) }
        } else {
            try codeIdentifiers(&coder, actual.ids, into: &result.ids)
        }
        let count = Coder.isDecoding ? result.ids.count : actual.ids.count
        try codeRows(&coder, count, actual.values, into: &result.values, &scratch)
    }

    /// Codes what a table has become since `baseline`: an encoder codes `actual`, a decoder fills `result`.
    ///
    /// - Parameters:
    ///   - before: The table one step before the baseline; the baseline itself when that is not known.
    ///   - parents: All tables of the baseline, and those before this one of what they have become.
    func codeDelta<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: EntityTable, since baseline: EntityTable, before: EntityTable,
        into result: inout EntityTable, _ parents: ParentMotion.Tables, _ motion: Motion, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        let plan = plans[motion.mode.rawValue]
        let sameIds = Coder.isDecoding || actual.ids == baseline.ids
        let end = baseline.values.count
        let isTouched =
            Coder.isDecoding || !sameIds || actual.values.span.firstDifference(from: baseline.values.span, at: 0) < end
        if Coder.isDecoding { result.overwrite(with: baseline) }
        guard coder.code(isTouched ? 1 : 0, at: plan.touched.table(0)) == 1 else { return }
        guard before.ids != baseline.ids else {
            return try codeTouched(
                &coder, actual, since: baseline, before: before.values, sameIds, into: &result, parents, motion,
                &scratch)
        }
        var aligned: [UInt32] = []
        swap(&aligned, &scratch.before)
        before.align(to: baseline, width: plan.columns.count, into: &aligned)
        try codeTouched(
            &coder, actual, since: baseline, before: aligned, sameIds, into: &result, parents, motion, &scratch)
        swap(&aligned, &scratch.before)
    }

    private func codeTouched<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: EntityTable, since baseline: EntityTable, before: [UInt32], _ sameIds: Bool,
        into result: inout EntityTable, _ parents: ParentMotion.Tables, _ motion: Motion, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        let plan = plans[motion.mode.rawValue]
        if isSingle {
            return try plan.codeSingle(
                &coder, actual.values, since: baseline.values, before: before, into: &result.values, parents, motion,
                &scratch)
        }
        guard coder.code(sameIds ? 0 : 1, at: plan.touched.table(1)) == 1 else {
            return try plan.codeKept(
                &coder, actual.values, since: baseline.values, before: before, into: &result.values, parents, motion,
                &scratch)
        }
        var population = Population()
        swap(&population, &scratch.population)
        if !Coder.isDecoding { population.compare(actual.ids, with: baseline.ids) }
        try codeIdentifiers(&coder, Coder.isDecoding ? [] : population.removed, into: &population.removed)
        try codeIdentifiers(&coder, Coder.isDecoding ? [] : population.spawned, into: &population.spawned)
        let width = plan.columns.count
        try population.separate(baseline, before, width: width)
        if !Coder.isDecoding { population.take(from: actual, width: width) }
        try plan.codeKept(
            &coder, population.kept, since: population.base, before: population.before, into: &population.result,
            parents, motion, &scratch)
        try codeRows(
            &coder, population.spawned.count, population.rows, into: &population.spawnedValues, &scratch)
        if Coder.isDecoding { population.merge(into: &result, width: width) }
        swap(&population, &scratch.population)
    }

    /// Codes new entities' values, each predicted from the two before it.
    private func codeRows<Coder: SymbolCoder>(
        _ coder: inout Coder, _ count: Int, _ actual: [UInt32], into values: inout [UInt32],
        _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        let plan = plans[CodingMode.whole.rawValue]
        let width = plan.columns.count
        var coded: [UInt32] = []
        swap(&coded, &scratch.row)
        coded.zero(width)
        var rows = RowSequence()
        swap(&rows, &scratch.rows)
        rows.begin(width)
        if Coder.isDecoding { values.removeAll(keepingCapacity: true) }
        var error = 0
        for index in 0..<count {
            coder.enter(index, isNew: true)
            var row = coded.mutableSpan
            error = try plan.codeRow(
                &coder, actual.span, at: index * width, base: rows.last.span, before: rows.before.span, from: 0,
                pulls: scratch.pulls.span, into: &row, error: error, .row)
            if Coder.isDecoding {
                try coder.checkLeft()
                values.append(contentsOf: coded)
            }
            rows.follow(coded, plan.columns)
        }
        swap(&rows, &scratch.rows)
        swap(&coded, &scratch.row)
    }

    /// Codes ids in ascending order: how many, then for each the gap to the least it could be.
    private func codeIdentifiers<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: [UInt16], into result: inout [UInt16]
    ) throws(SnapshotError) {
        let count = coder.codeNumber(actual.count, at: ids.table(0))
        guard (0...CodingModel.entitiesMax).contains(count) else { throw .badNumber }
        if Coder.isDecoding { result.removeAll(keepingCapacity: true) }
        var least = 0
        for index in 0..<count {
            let gap = coder.codeNumber(Coder.isDecoding ? 0 : Int(actual[index]) - least, at: ids.table(1))
            guard gap >= 0 else { throw .badNumber }
            guard let id = UInt16(exactly: least + gap) else { throw .badIdentifiers }
            if Coder.isDecoding {
                try coder.checkLeft()
                result.append(id)
            }
            least = Int(id) + 1
        }
    }
}
