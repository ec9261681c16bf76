/// Signed numbers as symbols with raw bits (protocol/spec/snapshot.md §9.2).
///
/// Symbol 0 is 0; 1 and 2 are 1 and -1, and so on to ±7. From 8 on two symbols of each sign share an octave: the top two bits of
/// the magnitude choose among them, the others follow raw.
enum SignedNumber {
    /// The magnitudes below this have symbols of their own.
    static let direct = 8
    /// The first symbol with bits behind it.
    private static let large = 15

    /// How many symbols numbers from -`magnitude` to `magnitude` take.
    static func symbolCount(upTo magnitude: Int) -> Int { symbol(of: -magnitude) + 1 }

    /// The symbol of a number.
    static func symbol(of number: Int) -> Int {
        let magnitude = Int(number.magnitude)
        if magnitude < direct { return magnitude * 2 - (number > 0 ? 1 : 0) }
        let octave = Int.bitWidth - 1 - magnitude.leadingZeroBitCount
        let half = magnitude >> (octave - 1) & 1
        return large + (octave - 3) * 4 + half * 2 + (number < 0 ? 1 : 0)
    }

    /// How many bits follow a symbol.
    @inline(__always)
    static func width(of symbol: Int) -> Int { symbol < large ? 0 : (symbol - large) >> 2 + 2 }

    /// A number's symbol, how many bits follow it, and which.
    struct Form: BitwiseCopyable, Sendable {
        let bits: UInt32
        let symbol: UInt8
        let width: UInt8

        init(_ number: Int) {
            symbol = UInt8(SignedNumber.symbol(of: number))
            width = UInt8(SignedNumber.width(of: Int(symbol)))
            bits = UInt32(truncatingIfNeeded: number.magnitude) & (1 << UInt32(width) - 1)
        }
    }

    /// The forms of all numbers from -`near` on to one less than `near`: most that are coded.
    static let forms = (-near..<near).map { Form($0) }
    static let near = 512

    /// The number of a symbol and the bits behind it.
    @inline(__always)
    static func number(_ symbol: Int, bits: UInt32) -> Int {
        guard symbol >= large else { return symbol & 1 == 1 ? (symbol + 1) >> 1 : -(symbol >> 1) }
        let large = symbol - large
        let magnitude = (2 | large >> 1 & 1) << width(of: symbol) | Int(bits)
        return large & 1 == 1 ? -magnitude : magnitude
    }

    /// Of the numbers that share a symbol, the one with the smallest magnitude.
    @inline(__always)
    static func first(of symbol: Int) -> Int { number(symbol, bits: 0) }
}
