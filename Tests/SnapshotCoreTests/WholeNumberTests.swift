import Determinism
import Testing

@testable import SnapshotCore

/// What is divided as doubles must be what the specification says of whole numbers.
@Suite("Divisions of codec 1 (protocol/spec/snapshot.md §9.5, §9.6)")
struct WholeNumberTests {
    @Test func `a step is carried on as whole numbers are divided`() {
        var random = SeededRandom(seed: 1)
        for before in [1, 2, 3, 5, 6, 7, 15, 16, 17, 60, 1_000_003, UInt32.max - 20] {
            for ticks in UInt32(1)...17 {
                let motion = Motion(ticks: ticks, before: before)
                let steps = [0, 1, 2, 3, 7, 8, 4_294_967_295] + (0..<200).map { random.int(in: 0...(1 << ($0 % 33))) }
                for step in steps {
                    let (times, part) = (Int(ticks), Int(before))
                    let size = ticks == before ? step : ticks > 16 ? 0 : (2 * step * times + part) / (2 * part)
                    #expect(
                        motion.carried(step) == size && motion.carried(-step) == -size, "\(step) * \(ticks) / \(before)"
                    )
                }
            }
        }
    }

    @Test func `a rotation's mirror image is that of whole numbers`() {
        var random = SeededRandom(seed: 2)
        for round in 0..<20_000 {
            let bits = 2 + round % 9
            let square = Int64(Quaternion.square(bits: bits))
            let most = round % 3 == 0 ? 16_383 : Int((1 << bits) - 1) * 8
            func any() -> Quaternion { Quaternion(SIMD4((0..<4).map { _ in Int32(random.int(in: -most...most)) })) }
            let (now, old) = (any(), any())
            let part = Int64(now.dot(old)) << 17 + square / 2
            let factor = Int32(min(max(part / square, -(1 << 17)), 1 << 17))
            let mirrored = now.mirrored(old, bits: bits, unit: 1 / Double(square))
            for index in 0..<4 {
                let component = (now.parts[index] &* factor &+ 32_768) >> 16 - old.parts[index]
                #expect(mirrored.parts[index] == min(max(component, -16_383), 16_383), "round \(round)")
            }
        }
    }

    @Test func `multiples of the square are divided to the number of times, and what is one less to one fewer`() {
        for bits in 2...10 {
            // (m, 0, 0, 0) and its multiples: the product is a multiple of m², which divides twice the square.
            let side = Int32((1 << bits) - 1) * 8
            let now = Quaternion(SIMD4(side, 0, 0, 0))
            for other in [-side, -1, 0, 1, side / 2, side - 1, side] {
                let old = Quaternion(SIMD4(other, side, 0, 0))
                let square = Int64(Quaternion.square(bits: bits))
                let factor = Int32((Int64(now.dot(old)) << 17 + square / 2) / square)
                let mirrored = now.mirrored(old, bits: bits, unit: 1 / Double(square))
                #expect(mirrored.parts[0] == min(max((side &* factor &+ 32_768) >> 16 - other, -16_383), 16_383))
            }
        }
    }
}
