/// Codes one entity's values, each predicted from two rows that both ends have (protocol/spec/snapshot.md §9.5).
extension ModePlan {
    /// How far an entity moved in its last step: the sum over its fields.
    @inline(__always)
    func speed(_ base: Span<UInt32>, _ before: Span<UInt32>, at row: Int) -> Int {
        var speed = 0
        let columns = columns.span
        for index in columns.indices {
            speed &+= columns[index].size(ofStepTo: base[row + index], from: before[row + index])
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
        guard quaternionBits > 0 else { return Int(bitPattern: circle.way(Int(new) &- Int(old)).magnitude) }
        let width = UInt32(truncatingIfNeeded: quaternionBits)
        let mask: UInt32 = 1 &<< width &- 1
        // The last component first; what is left in the end is which one is left out.
        var (to, from, size) = (new, old, 0)
        for _ in 0..<3 {
            size &+= Int(bitPattern: (Int(to & mask) &- Int(from & mask)).magnitude)
            (to, from) = (to &>> width, from &>> width)
        }
        return to == from ? size : 16
    }

    @inline(__always)
    fileprivate func codeNumber<Coder: SymbolCoder>(
        _ coder: inout Coder, _ value: UInt32, base: UInt32, before: UInt32, pull: Int, _ error: Int,
        _ sum: inout Int, _ motion: Motion
    ) throws(SnapshotError) -> UInt32 {
        var step = circle.way(Int(base) &- Int(before))
        var way = isLinear || hasParent ? motion.carried(step) : 0
        if pull != ParentMotion.none {
            step = circle.way(pull)
            way = step
        }
        let expected = min(max(circle.place(Int(base) &+ way), 0), maximum)
        let off = coder.codeOff(circle.way(Int(value) &- expected), step, at: table(step, error), &sum)
        return Coder.isDecoding ? try checked(circle.place(expected &+ off)) : value
    }

    /// The table of what a value, or the component of a rotation, is off by.
    @inline(__always)
    private func table(_ step: Int, _ error: Int, component: Int = 0) -> Int {
        let size = CodingModel.sizeClass(Int(bitPattern: step.magnitude), of: CodingModel.stepClasses)
        return numbers.table(
            (component &* CodingModel.stepClasses &+ size) &* CodingModel.errorClasses
                &+ CodingModel.sizeClass(error, of: CodingModel.errorClasses))
    }

    @inline(__always)
    private func checked(_ value: Int) throws(SnapshotError) -> UInt32 {
        guard value >= 0, value <= maximum else { throw .valueOutOfRange }
        return UInt32(truncatingIfNeeded: value)
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
        var symbol = actual.largest == likely ? 0 : actual.largest < likely ? actual.largest &+ 1 : actual.largest
        symbol = coder.code(symbol, at: largest.table(CodingModel.sizeClass(margin, of: CodingModel.marginClasses)))
        let index = symbol == 0 ? likely : symbol <= likely ? symbol &- 1 : symbol
        let sign = expected.parts[index] >> 31
        expected.negate(by: sign)
        now.negate(by: sign)
        // New entities: what the component before it was off by counts as a step.
        let isNew = motion.mode == .whole
        let most = SIMD4(repeating: Int32(truncatingIfNeeded: maximum))
        let others = expected.without(index)
        let places = isNew ? (most &+ 1) &>> 1 : Quaternion.packed(others, upTo: most)
        let steps = isNew ? SIMD4() : Quaternion.steps(others &- now.without(index))
        let offs = actual.components &- places
        var (step, off) = (Int(steps.x), 0)
        var (x, y, z): (UInt32, UInt32, UInt32) = (0, 0, 0)
        off = coder.codeOff(Int(offs.x), step, at: table(step, error, component: 0), &sum)
        if Coder.isDecoding { x = try checked(Int(places.x) &+ off) }
        step = isNew ? off : Int(steps.y)
        off = coder.codeOff(Int(offs.y), step, at: table(step, sum, component: 1), &sum)
        if Coder.isDecoding { y = try checked(Int(places.y) &+ off) }
        step = isNew ? off : Int(steps.z)
        off = coder.codeOff(Int(offs.z), step, at: table(step, sum, component: 2), &sum)
        if Coder.isDecoding { z = try checked(Int(places.z) &+ off) }
        guard Coder.isDecoding else { return value }
        let width = UInt32(truncatingIfNeeded: bits)
        return ((UInt32(truncatingIfNeeded: index) &<< width | x) &<< width | y) &<< width | z
    }
}

extension SymbolCoder {
    /// Codes what a value is off from what was expected: a positive number when it went on further the way of the step. The
    /// result is what it is off by in any case.
    @inline(__always)
    fileprivate mutating func codeOff(_ off: Int, _ step: Int, at table: Int, _ sum: inout Int) -> Int {
        let sign = step >> (Int.bitWidth - 1)
        let coded = codeNumber((off ^ sign) &- sign, at: table)
        sum &+= Int(bitPattern: coded.magnitude)
        return (coded ^ sign) &- sign
    }
}

extension Quaternion {
    /// Where a rotation leads that came from `before` in the step before.
    @inline(__always)
    fileprivate func carried(from before: Quaternion, _ motion: Motion, bits: Int) -> Quaternion {
        guard motion.mode != .whole else { return self }
        if motion.repetitions > 0 { return turned(from: before, times: motion.repetitions, bits: bits) }
        var old = before
        old.negate(by: dot(old) >> 31)
        var new = self
        let step = parts &- old.parts
        for part in 0..<4 { new.parts[part] &+= Int32(truncatingIfNeeded: motion.carried(Int(step[part]))) }
        return new
    }

    /// The index of the component with the largest magnitude, the first of equal ones, and by how much it is the largest.
    @inline(__always)
    fileprivate var largest: (index: Int, margin: Int) {
        let signs = parts &>> 31
        let sizes = (parts ^ signs) &- signs
        let (x, y, z, w) = (sizes.x, sizes.y, sizes.z, sizes.w)
        let (front, back) = (max(x, y), max(z, w))
        let isBack = back > front
        let second = max(min(front, back), isBack ? min(z, w) : min(x, y))
        return (isBack ? (w > z ? 3 : 2) : (y > x ? 1 : 0), Int(max(front, back) &- second) >> 4)
    }

    /// Changes all signs where `sign` is -1; nothing where it is 0.
    @inline(__always)
    fileprivate mutating func negate(by sign: Int32) {
        let sign = SIMD4(repeating: sign)
        parts = (parts ^ sign) &- sign
    }

    /// Components as a field's value has them, from 0 up to a maximum.
    @inline(__always)
    static func packed(_ parts: SIMD4<Int32>, upTo most: SIMD4<Int32>) -> SIMD4<Int32> {
        ((parts &+ scale &* most &+ scale) &>> 4).clamped(lowerBound: SIMD4(), upperBound: most)
    }

    /// Differences between components as those of a field's values, towards zero.
    @inline(__always)
    static func steps(_ differences: SIMD4<Int32>) -> SIMD4<Int32> {
        (differences &+ (differences &>> 31 & 15)) &>> 4
    }

    /// The other three components, in order.
    @inline(__always)
    fileprivate func without(_ index: Int) -> SIMD4<Int32> {
        let place = SIMD4(repeating: Int32(truncatingIfNeeded: index))
        return SIMD4(parts.y, parts.z, parts.w, 0).replacing(with: parts, where: Self.places .< place)
    }
}
