import Determinism
import Testing

@testable import SnapshotCore

/// The range encoder against the one that the specification describes, a symbol at a time.
@Suite("Range encoder (protocol/spec/snapshot.md §9.1, §9.2)")
struct RangeEncoderTests {
    /// The specification's encoder, word for word.
    private struct Plain {
        var bytes: [UInt8]
        var low: UInt64 = 0
        var range: UInt64 = 0xFFFF_FFFF

        mutating func take(_ start: UInt64, _ size: UInt64, shift: UInt64) {
            let unit = range >> shift
            low += unit * start
            range = unit * size
            if low >> 32 > 0 { carry() }
            while range < 1 << 24 {
                bytes.append(UInt8(low >> 24))
                low = low << 8 & 0xFFFF_FFFF
                range <<= 8
            }
        }

        mutating func takeBits(_ bits: Int, width: Int) {
            var left = width
            while left > 0 {
                let taken = min(left, 16)
                left -= taken
                take(UInt64(bits >> left & (1 << taken - 1)), 1, shift: UInt64(taken))
            }
        }

        mutating func carry() {
            low &= 0xFFFF_FFFF
            var index = bytes.count - 1
            while bytes[index] == 255 {
                bytes[index] = 0
                index -= 1
            }
            bytes[index] += 1
        }

        mutating func finish() {
            for count in UInt64(0)...4 {
                let step = UInt64(1) << (32 - 8 * count)
                let value = (low + step - 1) / step * step
                guard value < low + range else { continue }
                low = value
                if low >> 32 > 0 { carry() }
                for index in 0..<count { bytes.append(UInt8(low >> (24 - 8 * index) & 0xFF)) }
                return
            }
        }
    }

    /// Tables one behind the other, and the places at which they begin; among them such with frequencies of 1 and nearly all.
    private static func tables(_ random: inout SeededRandom) -> (starts: [UInt16], places: [Int]) {
        var (starts, places): ([UInt16], [Int]) = ([], [])
        for table in 0..<8 {
            places.append(starts.count)
            // Enough symbols for numbers of 32 bits.
            let symbols = SignedNumber.symbolCount(upTo: Int(UInt32.max))
            let common = table % 3 == 0 ? symbols - 1 : table % 3 == 1 ? 0 : random.int(in: 0...symbols - 1)
            var sum = 0
            for symbol in 0..<symbols {
                starts.append(UInt16(sum))
                sum += symbol == common ? Probability.total - (symbols - 1) : 1
            }
            starts.append(UInt16(sum))
        }
        return (starts, places)
    }

    @Test(arguments: 1...40)
    func `bytes are those of the specification's encoder, whatever carries and however much comes`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let (starts, places) = Self.tables(&random)
        let intervals = CodingTables.intervals(starts)
        var plain = Plain(bytes: [7, 200])
        var encoder = RangeEncoder(appendingTo: [7, 200], intervals: intervals)
        // Runs of what is most likely make long runs of bytes that a carry changes.
        for _ in 0..<random.int(in: 0...700) {
            let place = places[random.int(in: 0...places.count - 1)]
            let most = random.int(in: 0...4) == 0 ? Int(UInt32.max) : 1 << random.int(in: 0...11)
            let number = random.int(in: -most...most)
            let symbol = SignedNumber.symbol(of: number)
            let (start, end) = (UInt64(starts[place + symbol]), UInt64(starts[place + symbol + 1]))
            plain.take(start, end - start, shift: 14)
            if random.int(in: 0...3) == 0 {
                _ = encoder.code(symbol, at: place)
                continue
            }
            plain.takeBits(Int(number.magnitude), width: SignedNumber.width(of: symbol))
            let coded = encoder.codeNumber(number, at: place)
            #expect(coded == number)
        }
        plain.finish()
        #expect(encoder.finish() == plain.bytes)
    }

    @Test func `a carry runs through all bytes that are 255, up to the one in front of them`() {
        // Halves: the upper one of the last unit over and over, then one more that is beyond it.
        let starts: [UInt16] = [0, 1, 16_383, 16_384]
        for count in 1...600 {
            var plain = Plain(bytes: [9, 1])
            var encoder = RangeEncoder(appendingTo: [9, 1], intervals: CodingTables.intervals(starts))
            for index in 0...count {
                let symbol = index == 0 ? 1 : index == count ? 2 : count % 2 == 0 ? 0 : 1
                plain.take(UInt64(starts[symbol]), UInt64(starts[symbol + 1] - starts[symbol]), shift: 14)
                _ = encoder.code(symbol, at: 0)
            }
            plain.finish()
            #expect(encoder.finish() == plain.bytes, "\(count)")
        }
    }

    @Test func `every number has the symbol of the specification's table, and is found again by it`() {
        var number = 0
        for symbol in 0...14 {
            number = symbol % 2 == 1 ? (symbol + 1) / 2 : -symbol / 2
            #expect(SignedNumber.symbol(of: number) == symbol && SignedNumber.first(of: symbol) == number)
            #expect(SignedNumber.width(of: symbol) == 0)
        }
        for symbol in 15...SignedNumber.symbol(of: -Int(UInt32.max)) {
            let rest = symbol - 15
            let width = rest >> 2 + 2
            let first = (2 + rest >> 1 & 1) << width
            let sign = rest % 2 == 1 ? -1 : 1
            #expect(SignedNumber.width(of: symbol) == width)
            for bits in [0, 1, 1 << width - 1] {
                #expect(SignedNumber.symbol(of: sign * (first + bits)) == symbol)
                #expect(SignedNumber.number(symbol, bits: UInt32(bits)) == sign * (first + bits))
            }
        }
    }

    @Test func `a root is rounded to the nearest whole number, up to the largest that a rotation has`() {
        for root in 0...11_600 {
            // The last below the half, and the first above it.
            #expect(Double(root * root + root).squareRoot().nearest == root)
            #expect(Double(root * root + root + 1).squareRoot().nearest == root + 1)
        }
    }
}
