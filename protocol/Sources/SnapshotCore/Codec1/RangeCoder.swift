import ByteKit

/// What walks through a message's symbols: an encoder writes them, a decoder reads them, others count or price them.
///
/// Codec 1 says once what follows what, and in which context; so an encoder and its decoder cannot differ.
protocol SymbolCoder {
    /// Whether ``code(_:at:)`` finds out the symbols rather than being told them.
    static var isDecoding: Bool { get }
    /// One symbol by the table at `table`. An encoder writes `symbol`; the result is the symbol in any case.
    mutating func code(_ symbol: Int, at table: Int) -> Int
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
struct RangeEncoder: SymbolCoder {
    static var isDecoding: Bool { false }

    private(set) var bytes: [UInt8]
    private let starts: [UInt16]
    private var low: UInt32 = 0
    private var range: UInt32 = .max

    /// Starts after `bytes`, with the cumulative frequencies of all tables.
    init(appendingTo bytes: consuming [UInt8], starts: [UInt16]) {
        self.bytes = bytes
        self.starts = starts
    }

    mutating func code(_ symbol: Int, at table: Int) -> Int {
        let start = UInt32(starts[table + symbol])
        let unit = range >> Probability.bits
        range = unit &* (UInt32(starts[table + symbol + 1]) - start)
        advance(by: unit &* start)
        return symbol
    }

    mutating func codeBits(_ bits: UInt32, width: Int) -> UInt32 {
        var left = width
        while left > 0 {
            let taken = min(left, 16)
            left -= taken
            range >>= UInt32(taken)
            advance(by: range &* (bits >> UInt32(left) & (1 << UInt32(taken) - 1)))
        }
        return bits
    }

    private mutating func advance(by distance: UInt32) {
        let (sum, carries) = low.addingReportingOverflow(distance)
        low = sum
        if carries { carry() }
        while range < 1 << 24 {
            bytes.append(UInt8(truncatingIfNeeded: low >> 24))
            low <<= 8
            range <<= 8
        }
    }

    private mutating func carry() {
        var index = bytes.count - 1
        while bytes[index] == 0xFF {
            bytes[index] = 0
            index -= 1
        }
        bytes[index] += 1
    }

    /// Ends the message with the fewest bytes that name a number within the interval; what would follow is zeros.
    consuming func finish() -> [UInt8] {
        for width in stride(from: UInt32(0), through: 32, by: 8) {
            // The least multiple of 2^(32 - width) that is not below `low`.
            let step = UInt64(1) << UInt64(32 - width)
            let value = (UInt64(low) + step - 1) / step * step
            guard value < UInt64(low) + UInt64(range) else { continue }
            if value >> 32 > 0 { carry() }
            for shift in stride(from: UInt64(24), to: 24 - UInt64(width), by: -8) {
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
    private let starts: [UInt16]
    private var position: Int
    private var code: UInt32 = 0
    private var range: UInt32 = .max

    init(_ bytes: [UInt8], at offset: Int, starts: [UInt16]) {
        self.bytes = bytes
        self.starts = starts
        position = offset
        for _ in 0..<4 { code = code << 8 | next() }
    }

    mutating func code(_: Int, at table: Int) -> Int {
        let unit = range >> Probability.bits
        var symbol = table
        var start: UInt32 = 0
        var end = unit &* UInt32(starts[symbol + 1])
        // The last table entry is the total; a number beyond it comes from no encoder.
        while code >= end, starts[symbol + 1] < Probability.total {
            symbol += 1
            start = end
            end = unit &* UInt32(starts[symbol + 1])
        }
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
