/// Codes one entity's values, each predicted from two rows that both ends have (protocol/spec/snapshot.md §9.5).
extension ModePlan {
    /// How far an entity moved in its last step: the sum over its fields.
    @inline(__always)
    func speed(_ base: Span<UInt32>, _ before: Span<UInt32>, at row: Int) -> Int {
        var speed = 0
        let columns = columns.span
        for index in columns.indices {
            let (new, old) = (base[row + index], before[row + index])
            guard new != old else { continue }
            speed += columns[index].size(ofStepTo: new, from: old)
        }
        return speed
    }

    /// Codes the values at `at` of `actual`, of an entity that at the baseline had the values at `from` of `base` and one
    /// step earlier those at the same place of `before`. A decoder does not look at `actual`, and finds them in `row`.
    ///
    /// - Parameters:
    ///   - pulls: By how much what each value moves with has moved; empty where nothing has a parent.
    ///   - first: What the first field is coded by: how fast the entity was; for a new one by how much the first field of the row
    ///     before it was off.
    /// - Returns: By how much the first field was off.
    @inline(__always) @discardableResult
    func codeRow<Coder: SymbolCoder>(
        _ coder: inout Coder, _ actual: Span<UInt32>, at: Int, base: Span<UInt32>, before: Span<UInt32>, from: Int,
        pulls: Span<Int>, into row: inout MutableSpan<UInt32>, error first: Int, _ motion: Motion
    ) throws(SnapshotError) -> Int {
        let columns = columns.span
        // How far off the fields so far were. Where the row before was off, this one may be as well, in all its fields.
        var error = first
        var result = 0
        let start = motion.mode == .whole ? first >> 3 : 0
        var sum = start
        for index in columns.indices {
            let (new, old) = (base[from + index], before[from + index])
            let value = Coder.isDecoding ? 0 : actual[at + index]
            row[index] =
                if columns[index].quaternionBits > 0 {
                    try columns[index].codeQuaternion(&coder, value, base: new, before: old, error, &sum, motion)
                } else {
                    try columns[index].codeNumber(
                        &coder, value, base: new, before: old,
                        pull: columns[index].hasParent ? pulls[from + index] : ParentMotion.none, error, &sum, motion)
                }
            if index == 0 { result = sum - start }
            error = sum
        }
        return result
    }
}

extension ColumnPlan {
    /// How far a step led.
    @inline(__always)
    fileprivate func size(ofStepTo new: UInt32, from old: UInt32) -> Int {
        guard quaternionBits > 0 else { return Int(wrapped(Int(new) - Int(old)).magnitude) }
        let (to, from) = (PackedQuaternion(new, bits: quaternionBits), PackedQuaternion(old, bits: quaternionBits))
        guard to.largest == from.largest else { return 16 }
        let step = to.components &- from.components
        return Int(abs(step.x)) + Int(abs(step.y)) + Int(abs(step.z))
    }

    /// A difference on a circle is the shorter way.
    @inline(__always)
    private func wrapped(_ difference: Int) -> Int {
        guard wraps else { return difference }
        let turn = maximum + 1
        let rest = difference & maximum
        return rest > turn / 2 ? rest - turn : rest
    }

    @inline(__always)
    fileprivate func codeNumber<Coder: SymbolCoder>(
        _ coder: inout Coder, _ value: UInt32, base: UInt32, before: UInt32, pull: Int, _ error: Int,
        _ sum: inout Int, _ motion: Motion
    ) throws(SnapshotError) -> UInt32 {
        var step = wrapped(Int(base) - Int(before))
        var expected = Int(base)
        if isLinear || hasParent {
            if pull == ParentMotion.none {
                expected += motion.carried(step)
            } else {
                step = wrapped(pull)
                expected += step
            }
            expected = wraps ? expected & maximum : min(max(expected, 0), maximum)
        }
        let actual = try codeDifference(
            &coder, numbers, 0, Int(value), expected: expected, step: step, error, &sum)
        return UInt32(actual)
    }

    /// Codes what `actual` is off from `expected`: positive when it went on further the way of the step.
    @inline(__always)
    private func codeDifference<Coder: SymbolCoder>(
        _ coder: inout Coder, _ tables: TableFamily, _ first: Int, _ actual: Int, expected: Int, step: Int,
        _ error: Int,
        _ sum: inout Int
    ) throws(SnapshotError) -> Int {
        let table = tables.table(
            first + CodingModel.sizeClass(Int(step.magnitude), of: CodingModel.stepClasses) * CodingModel.errorClasses
                + CodingModel.sizeClass(error, of: CodingModel.errorClasses))
        let off = wrapped(actual - expected)
        let coded = SignedNumber.code(step < 0 ? -off : off, at: table, &coder)
        sum += Int(coded.magnitude)
        guard Coder.isDecoding else { return actual }
        var value = expected + (step < 0 ? -coded : coded)
        if wraps { value &= maximum }
        guard value >= 0, value <= maximum else { throw .valueOutOfRange }
        return value
    }

    @inline(__always)
    fileprivate func codeQuaternion<Coder: SymbolCoder>(
        _ coder: inout Coder, _ value: UInt32, base: UInt32, before: UInt32, _ error: Int, _ sum: inout Int,
        _ motion: Motion
    ) throws(SnapshotError) -> UInt32 {
        let bits = quaternionBits
        var now = Quaternion(base, bits: bits)
        var expected = now
        if isLinear, base != before { expected = now.carried(from: Quaternion(before, bits: bits), motion, bits: bits) }
        // Which component is the largest, first the one that was expected to be.
        let (likely, margin) = expected.largest
        let actual = PackedQuaternion(value, bits: bits)
        var symbol = actual.largest == likely ? 0 : actual.largest < likely ? actual.largest + 1 : actual.largest
        symbol = coder.code(symbol, at: largest.table(CodingModel.sizeClass(margin, of: CodingModel.marginClasses)))
        let index = symbol == 0 ? likely : symbol <= likely ? symbol - 1 : symbol
        if expected.parts[index] < 0 {
            expected.parts = 0 &- expected.parts
            now.parts = 0 &- now.parts
        }
        let others = expected.without(index)
        let old = now.without(index)
        let classes = CodingModel.stepClasses * CodingModel.errorClasses
        let isNew = motion.mode == .whole
        var error = error
        var packed = UInt32(index)
        var lastError = 0
        for part in 0..<3 {
            let step = isNew ? lastError : Int(others[part] - old[part]) / 16
            let expected = isNew ? (maximum + 1) / 2 : min(max((Int(others[part]) + 8 * maximum + 8) >> 4, 0), maximum)
            let component = try codeDifference(
                &coder, numbers, part * classes, Int(actual.components[part]), expected: expected, step: step, error,
                &sum)
            lastError = component - expected
            packed = packed << UInt32(bits) | UInt32(component)
            error = sum
        }
        return packed
    }
}

extension Quaternion {
    /// Where a rotation leads that came from `before` in the step before.
    @inline(__always)
    fileprivate func carried(from before: Quaternion, _ motion: Motion, bits: Int) -> Quaternion {
        guard motion.mode != .whole else { return self }
        var old = before
        if dot(old) < 0 { old.parts = 0 &- old.parts }
        if motion.repetitions > 0 { return turned(from: old, times: motion.repetitions, bits: bits) }
        var new = self
        let step = parts &- old.parts
        for part in 0..<4 { new.parts[part] += Int32(motion.carried(Int(step[part]))) }
        return new
    }

    /// The index of the component with the largest magnitude, and by how much it is the largest.
    @inline(__always)
    fileprivate var largest: (index: Int, margin: Int) {
        var (index, most, second): (Int, Int32, Int32) = (0, abs(parts[0]), 0)
        for part in 1..<4 {
            let size = abs(parts[part])
            if size > most {
                (index, second, most) = (part, most, size)
            } else {
                second = max(second, size)
            }
        }
        return (index, Int(most - second) >> 4)
    }

    /// The other three components, in order.
    @inline(__always)
    fileprivate func without(_ index: Int) -> SIMD4<Int32> {
        switch index {
        case 0: SIMD4(parts.y, parts.z, parts.w, 0)
        case 1: SIMD4(parts.x, parts.z, parts.w, 0)
        case 2: SIMD4(parts.x, parts.y, parts.w, 0)
        default: SIMD4(parts.x, parts.y, parts.z, 0)
        }
    }
}
