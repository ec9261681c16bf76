import ByteKit

/// What walks through a message's symbols: an encoder writes them, a decoder reads them, others count or price them.
///
/// Codec 1 says once what follows what, and in which context; so an encoder and its decoder cannot differ.
protocol SymbolCoder {
    /// Whether ``code(_:at:)`` finds out the symbols rather than being told them.
    static var isDecoding: Bool { get }
    /// One symbol by the table at `table`. An encoder writes `symbol`; the result is the symbol in any case.
    mutating func code(_ symbol: Int, at table: Int) -> Int
    /// A signed number (protocol/spec/snapshot.md §9.2) by the table at `table`, which has ``SignedNumber/symbolCount(upTo:)``
    /// symbols for the largest magnitude there is. The result is the number in any case.
    mutating func codeNumber(_ number: Int, at table: Int) -> Int
    /// The low `width` bits (0 to 31) of a number, all equally probable. The result is the bits in any case.
    mutating func codeBits(_ bits: UInt32, width: Int) -> UInt32
    /// Throws when the message ended a while ago; an encoder's never does.
    func checkLeft() throws(SnapshotError)
    /// What follows are the values of a row, counted among the rows that stay or among the new ones; nothing is coded.
    mutating func enter(_ row: Int, isNew: Bool)
}

extension SymbolCoder {
    func checkLeft() throws(SnapshotError) {}
    @inline(__always) func enter(_: Int, isNew _: Bool) {}

    @inline(__always)
    mutating func codeNumber(_ number: Int, at table: Int) -> Int {
        let symbol = code(Self.isDecoding ? 0 : SignedNumber.symbol(of: number), at: table)
        let width = SignedNumber.width(of: symbol)
        guard width > 0 else { return SignedNumber.first(of: symbol) }
        let bits = UInt32(truncatingIfNeeded: number.magnitude) & (1 << UInt32(width) - 1)
        return SignedNumber.number(symbol, bits: codeBits(bits, width: width))
    }
}

/// Frequencies are parts of 2¹⁴ (protocol/spec/snapshot.md §9.1).
enum Probability {
    static let bits: UInt32 = 14
    static let total = 1 << 14
}

/// Writes symbols by their probabilities (protocol/spec/snapshot.md §9.1).
///
/// `low` and `range` name an interval of the numbers that begin with the bytes so far. A symbol narrows the interval to its
/// part; when it is narrow enough the first byte is certain and leaves, but for a carry that may still come.
///
/// Parts are gathered and taken many at once: what chooses them then has nothing to wait for, and taking them no branch that
/// depends on them but for rare carries.
struct RangeEncoder: SymbolCoder {
    static var isDecoding: Bool { false }

    /// A part of the interval: of so many units from a start on, a unit being what `shift` leaves of the range.
    private struct Part: BitwiseCopyable {
        /// The start, and from bit 16 on how many.
        let interval: UInt32
        let shift: UInt32

        /// A symbol's.
        @inline(__always)
        init(_ interval: UInt32) { (self.interval, shift) = (interval, Probability.bits) }

        /// That of these bits, so many of them, 0 to 16; nothing when there are none.
        @inline(__always)
        init(bits: UInt32, _ count: UInt32) { (interval, shift) = (bits | 1 << 16, count) }
    }

    private var bytes: [UInt8]
    private let intervals: [UInt32]
    private let forms = SignedNumber.forms
    /// Parts that have not been taken yet, so many of them.
    private var parts = InlineArray<128, Part>(repeating: Part(bits: 0, 0))
    private var count = 0
    /// In its low 32 bits the specification's `low`; above them the last byte, which a carry may change.
    private var low: UInt64
    private var range: UInt32 = .max
    private static var mask: UInt64 { 0xFF_FFFF_FFFF }

    /// Starts after `bytes`, of which there is at least one, with the intervals of all tables.
    init(appendingTo bytes: consuming [UInt8], intervals: [UInt32]) {
        self.bytes = bytes
        self.intervals = intervals
        low = UInt64(self.bytes.removeLast()) << 32
    }

    @inline(__always)
    mutating func code(_ symbol: Int, at table: Int) -> Int {
        let place = room()
        parts[place] = Part(intervals[table &+ symbol])
        count = place &+ 1
        return symbol
    }

    @inline(__always)
    mutating func codeNumber(_ number: Int, at table: Int) -> Int {
        let index = number &+ SignedNumber.near
        guard UInt(bitPattern: index) < UInt(bitPattern: forms.count) else { return codeFar(number, at: table) }
        let form = forms[index]
        let place = room()
        parts[place] = Part(intervals[table &+ Int(form.symbol)])
        // Whether there are bits nobody can foretell: where there are none, what comes next takes their place.
        parts[place &+ 1] = Part(bits: form.bits, UInt32(form.width))
        count = place &+ (form.width > 0 ? 2 : 1)
        return number
    }

    @inline(never)
    private mutating func codeFar(_ number: Int, at table: Int) -> Int {
        let form = SignedNumber.Form(number)
        _ = code(Int(form.symbol), at: table)
        _ = codeBits(form.bits, width: Int(form.width))
        return number
    }

    mutating func codeBits(_ bits: UInt32, width: Int) -> UInt32 {
        var left = UInt32(width)
        while left > 0 {
            let taken = min(left, 16)
            left -= taken
            let place = room()
            parts[place] = Part(bits: bits >> left & (1 << taken - 1), taken)
            count = place &+ 1
        }
        return bits
    }

    /// The place of the next part, behind which there is room for another.
    @inline(__always)
    private mutating func room() -> Int {
        if UInt(bitPattern: count) <= UInt(bitPattern: parts.count - 2) { return count }
        takeParts()
        return 0
    }

    /// Goes on into one part after the other. No part is less than 2⁻¹⁶ of the interval, so that each makes two bytes certain at most.
    @inline(never)
    private mutating func takeParts() {
        var bytes: [UInt8] = []
        swap(&bytes, &self.bytes)
        var place = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 2 * count))
        var out = bytes.mutableSpan
        var (low, range) = (low, range)
        let parts = parts.span.extracting(..<count)
        for index in parts.indices {
            let part = parts[index]
            let unit = range &>> part.shift
            low &+= UInt64(unit &* (part.interval & 0xFFFF))
            range = unit &* (part.interval >> 16)
            if low > Self.mask {
                Self.carry(into: &out, before: place)
                low &= Self.mask
            }
            // A byte that is not certain yet is written over by the next.
            out[place] = UInt8(truncatingIfNeeded: low >> 32)
            let isCertain = range < 1 << 24
            place &+= isCertain ? 1 : 0
            low = isCertain ? low << 8 & Self.mask : low
            range = isCertain ? range << 8 : range
            if range < 1 << 24 {
                out[place] = UInt8(truncatingIfNeeded: low >> 32)
                place &+= 1
                low = low << 8 & Self.mask
                range <<= 8
            }
        }
        (self.low, self.range, count) = (low, range, 0)
        bytes.removeLast(bytes.count - place)
        swap(&bytes, &self.bytes)
    }

    private static func carry(into bytes: inout MutableSpan<UInt8>, before place: Int) {
        var index = place - 1
        while bytes[index] == 0xFF {
            bytes[index] = 0
            index -= 1
        }
        bytes[index] += 1
    }

    /// Ends the message with the fewest bytes that name a number within the interval; what would follow is zeros.
    consuming func finish() -> [UInt8] {
        takeParts()
        for width in stride(from: UInt64(0), through: 32, by: 8) {
            // The least multiple of 2^(32 - width) that is not below `low`.
            let step = UInt64(1) << (32 - width)
            let value = (low + step - 1) / step * step
            guard value < low + UInt64(range) else { continue }
            if value >> 40 > 0 {
                var out = bytes.mutableSpan
                Self.carry(into: &out, before: out.count)
            }
            for shift in stride(from: UInt64(32), through: 32 - width, by: -8) {
                bytes.append(UInt8(value >> shift & 0xFF))
            }
            break
        }
        return bytes
    }
}

/// Reads what ``RangeEncoder`` wrote. Never reads past the end: zeros follow a message.
struct RangeDecoder: SymbolCoder {
    static var isDecoding: Bool { true }

    private let bytes: [UInt8]
    private let intervals: [UInt32]
    private var position: Int
    private var code: UInt32 = 0
    private var range: UInt32 = .max

    init(_ bytes: [UInt8], at offset: Int, intervals: [UInt32]) {
        self.bytes = bytes
        self.intervals = intervals
        position = offset
        for _ in 0..<4 { code = code << 8 | next() }
    }

    mutating func code(_: Int, at table: Int) -> Int {
        let unit = range >> Probability.bits
        var symbol = table
        var start: UInt32 = 0
        var next = intervals[symbol + 1] & 0xFFFF
        // The last table entry is the total; a number beyond it comes from no encoder.
        while code >= unit &* next, next < Probability.total {
            symbol += 1
            start = unit &* next
            next = intervals[symbol + 1] & 0xFFFF
        }
        let end = unit &* next
        code &-= start
        range = end &- start
        normalise()
        return symbol - table
    }

    mutating func codeBits(_: UInt32, width: Int) -> UInt32 {
        var bits: UInt32 = 0
        var left = width
        while left > 0 {
            let taken = min(left, 16)
            left -= taken
            range >>= UInt32(taken)
            let part = min(code / range, 1 << UInt32(taken) - 1)
            code &-= part &* range
            bits = bits << UInt32(taken) | part
            normalise()
        }
        return bits
    }

    private mutating func normalise() {
        while range < 1 << 24 {
            code = code << 8 | next()
            range <<= 8
        }
    }

    private mutating func next() -> UInt32 {
        defer { position += 1 }
        return position < bytes.count ? UInt32(bytes[position]) : 0
    }

    func checkLeft() throws(SnapshotError) {
        if position - 4 > bytes.count { throw .truncated }
    }

    /// Whether the message ends where its encoder would have ended it: at most the last four bytes read were beyond it.
    func checkEnd() throws(SnapshotError) {
        try checkLeft()
        if position < bytes.count { throw .trailingBytes }
    }
}
