/// Signed numbers as symbols with raw bits (protocol/spec/snapshot.md §9.2).
///
/// Symbol 0 is 0; 1 and 2 are 1 and -1, and so on to ±7. From 8 on two symbols of each sign share an octave: the top two bits of
/// the magnitude choose among them, the others follow raw.
enum SignedNumber {
    /// The magnitudes below this have symbols of their own.
    static let direct = 8

    /// How many symbols numbers from -`magnitude` to `magnitude` take.
    static func symbolCount(upTo magnitude: Int) -> Int {
        magnitude == 0 ? 1 : symbol(ofMagnitude: magnitude, isNegative: true) + 1
    }

    private static func symbol(ofMagnitude magnitude: Int, isNegative: Bool) -> Int {
        if magnitude < direct { return magnitude * 2 - (isNegative ? 0 : 1) }
        let octave = Int.bitWidth - 1 - magnitude.leadingZeroBitCount
        let half = magnitude >> (octave - 1) & 1
        return 15 + (octave - 3) * 4 + half * 2 + (isNegative ? 1 : 0)
    }

    /// Of the numbers that share a symbol, the one with the smallest magnitude.
    static func first(of symbol: Int) -> Int {
        guard symbol > 14 else { return symbol & 1 == 1 ? (symbol + 1) >> 1 : -(symbol >> 1) }
        let large = symbol - 15
        let magnitude = (2 | large >> 1 & 1) << (large >> 2 + 2)
        return large & 1 == 1 ? -magnitude : magnitude
    }

    /// How many numbers share a symbol.
    static func width(of symbol: Int) -> Double { symbol > 14 ? Double(1 << ((symbol - 15) >> 2 + 2)) : 1 }

    /// Codes one number; the table at `table` has ``symbolCount(upTo:)`` symbols for the largest magnitude there is.
    @inline(__always)
    static func code<Coder: SymbolCoder>(_ number: Int, at table: Int, _ coder: inout Coder) -> Int {
        var symbol = 0
        if !Coder.isDecoding, number != 0 {
            symbol = Self.symbol(ofMagnitude: Int(number.magnitude), isNegative: number < 0)
        }
        symbol = coder.code(symbol, at: table)
        guard symbol > 14 else { return symbol & 1 == 1 ? (symbol + 1) >> 1 : -(symbol >> 1) }
        let large = symbol - 15
        let width = large >> 2 + 2
        let bits = coder.codeBits(UInt32(truncatingIfNeeded: number.magnitude) & (1 << UInt32(width) - 1), width: width)
        let magnitude = (2 | large >> 1 & 1) << width | Int(bits)
        return large & 1 == 1 ? -magnitude : magnitude
    }
}
