import ByteKit

/// Codes the changes of entities that are in the baseline and in the state (protocol/spec/snapshot.md §9.7).
extension ModePlan {
    /// Codes all that have changed: first those that were at rest, each by how many at rest come before it; then, with a
    /// symbol for each, those that were moving.
    ///
    /// `actual`, `base` and `before` have the same rows. A decoder finds `base` in `result` and changes it.
    func codeKept<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: [UInt32], since base: [UInt32], before: [UInt32], into result: inout [UInt32],
        _ parents: ParentMotion.Tables, _ motion: Motion, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        guard !columns.isEmpty else { return }
        ParentMotion.find(self, base, parents, into: &scratch.pulls)
        scratch.findMoving(base.span, before.span, RowWidth(columns.count))
        var values: [UInt32] = []
        swap(&values, &scratch.row)
        values.zero(columns.count)
        var row = values.mutableSpan
        try codeResting(&coder, actual.span, base.span, before.span, &row, &result, motion, &scratch)
        try codeMoving(&coder, actual.span, base.span, before.span, &row, &result, motion, &scratch)
        swap(&values, &scratch.row)
    }

    private func codeResting<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: Span<UInt32>, _ base: Span<UInt32>, _ before: Span<UInt32>,
        _ row: inout MutableSpan<UInt32>, _ result: inout [UInt32], _ motion: Motion, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        let width = columns.count
        let resting = base.count / width - (scratch.moving.count - 1)
        let rowWidth = RowWidth(width)
        var search = RestingSearch()
        // The number, among those at rest, of the first that the next gap counts.
        var first = 0
        while true {
            var gap = 0
            if !Coder.isDecoding, search.findChanged(actual, base, rowWidth, &scratch) {
                gap = search.number - first + 1
            }
            gap = coder.codeNumber(gap, at: self.gap.table(0))
            if gap == 0 { return }
            guard gap > 0, gap <= resting - first else { throw .badNumber }
            first += gap
            if Coder.isDecoding { search.find(first - 1, scratch.moving.span) }
            let at = search.row * width
            coder.enter(search.row, isNew: false)
            try codeRow(
                &coder, actual, at: at, base: base, before: before, from: at, pulls: scratch.pulls.span, into: &row,
                error: 0, motion)
            if Coder.isDecoding {
                try coder.checkLeft()
                for index in 0..<width { result[at + index] = row[index] }
            }
        }
    }

    private func codeMoving<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: Span<UInt32>, _ base: Span<UInt32>, _ before: Span<UInt32>,
        _ row: inout MutableSpan<UInt32>, _ result: inout [UInt32], _ motion: Motion, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        let width = columns.count
        for index in 0..<scratch.moving.count - 1 {
            let at = scratch.moving[index] * width
            let speed = speed(base, before, at: at)
            let table = flags.table(CodingModel.sizeClass(speed, of: CodingModel.errorClasses))
            let flag = !Coder.isDecoding && scratch.hasChanged[index] ? 1 : 0
            guard coder.code(flag, at: table) == 1 else { continue }
            coder.enter(scratch.moving[index], isNew: false)
            try codeRow(
                &coder, actual, at: at, base: base, before: before, from: at, pulls: scratch.pulls.span, into: &row,
                error: speed, motion)
            if Coder.isDecoding {
                try coder.checkLeft()
                for index in 0..<width { result[at + index] = row[index] }
            }
        }
    }

    /// Codes the one row of a single that has changed.
    func codeSingle<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: [UInt32], since base: [UInt32], before: [UInt32], into result: inout [UInt32],
        _ parents: ParentMotion.Tables, _ motion: Motion, _ scratch: inout CodingScratch
    ) throws(SnapshotError) {
        ParentMotion.find(self, base, parents, into: &scratch.pulls)
        var values: [UInt32] = []
        swap(&values, &scratch.row)
        values.zero(columns.count)
        let speed = speed(base.span, before.span, at: 0)
        coder.enter(0, isNew: false)
        var row = values.mutableSpan
        try codeRow(
            &coder, actual.span, at: 0, base: base.span, before: before.span, from: 0, pulls: scratch.pulls.span,
            into: &row, error: speed, motion)
        if Coder.isDecoding { for index in columns.indices { result[index] = row[index] } }
        swap(&values, &scratch.row)
    }
}

/// How many fields a row has, 1 to 64, and in which row a value is: what to look at next waits for that, so it is no division.
private struct RowWidth {
    let count: Int
    /// 2⁴⁰ through it and a little more: too little to matter with 65,535 rows.
    private let part: Int

    init(_ count: Int) { (self.count, part) = (count, (1 << 40) / count + 1) }

    @inline(__always)
    func row(of place: Int) -> Int { (place &* part) >> 40 }
}

/// A way through the rows at rest: among all rows, and by their own numbers.
private struct RestingSearch {
    private(set) var row = 0
    /// How many rows at rest come before `row`.
    private(set) var number = 0
    /// How many moving rows come before `row`.
    private var passed = 0
    private var searched = 0

    /// Finds the next row at rest that has changed, and marks the moving ones that have.
    mutating func findChanged(
        _ actual: Span<UInt32>, _ base: Span<UInt32>, _ width: RowWidth, _ scratch: inout CodingScratch
    ) -> Bool {
        while true {
            let place = actual.firstDifference(from: base, at: searched)
            guard place < base.count else { return false }
            row = width.row(of: place)
            searched = (row &+ 1) &* width.count
            while scratch.moving[passed] < row { passed += 1 }
            guard scratch.moving[passed] == row else {
                number = row - passed
                return true
            }
            scratch.hasChanged[passed] = true
        }
    }

    /// Finds a row at rest by its number, which is above the last one's.
    mutating func find(_ number: Int, _ moving: Span<Int>) {
        row = number + passed
        while moving[passed] <= row {
            passed += 1
            row += 1
        }
    }
}

extension CodingScratch {
    /// Finds the rows that are not as they were before.
    fileprivate mutating func findMoving(_ base: Span<UInt32>, _ before: Span<UInt32>, _ width: RowWidth) {
        moving.removeAll(keepingCapacity: true)
        hasChanged.removeAll(keepingCapacity: true)
        var searched = 0
        while true {
            let place = base.firstDifference(from: before, at: searched)
            guard place < base.count else { break }
            let row = width.row(of: place)
            moving.append(row)
            hasChanged.append(false)
            searched = (row &+ 1) &* width.count
        }
        moving.append(.max)
    }
}

extension [UInt32] {
    /// Becomes that many zeros.
    mutating func zero(_ count: Int) {
        removeAll(keepingCapacity: true)
        for _ in 0..<count { append(0) }
    }
}
