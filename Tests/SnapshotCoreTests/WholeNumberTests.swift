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

    /// Where a rotation is turned on to, by whole numbers alone.
    private func turned(_ now: Quaternion, from old: Quaternion, times: Int, bits: Int) -> [Int] {
        let square = Int(Quaternion.square(bits: bits))
        let cosine = min((Int(now.dot(old)) << 17 + square / 2) / square, 1 << 17)
        var (ours, theirs) = (cosine, 1 << 16)
        for _ in 1..<times { (ours, theirs) = ((cosine * ours + 32_768) >> 16 - theirs, ours) }
        return (0..<4).map { part in
            let sum = ours * Int(now.parts[part]) - theirs * Int(old.parts[part]) + 32_768
            return min(max(sum >> 16, -16_383), 16_383)
        }
    }

    @Test func `a rotation is turned on as whole numbers are divided`() {
        var random = SeededRandom(seed: 2)
        for round in 0..<20_000 {
            let bits = 2 + round % 9
            let most = round % 3 == 0 ? 16_383 : Int((1 << bits) - 1) * 8
            func any() -> Quaternion { Quaternion(SIMD4((0..<4).map { _ in Int32(random.int(in: -most...most)) })) }
            let (now, other) = (any(), any())
            let old = now.dot(other) < 0 ? Quaternion(0 &- other.parts) : other
            let times = 1 + round % 16
            let on = now.turned(from: old, times: times, bits: bits)
            #expect(
                (0..<4).map { Int(on.parts[$0]) } == turned(now, from: old, times: times, bits: bits), "round \(round)")
        }
    }

    @Test func `multiples of the square are divided to the number of times, and what is one less to one fewer`() {
        for bits in 2...10 {
            // (m, 0, 0, 0) and its multiples: the product is a multiple of m², which divides twice the square.
            let side = Int32((1 << bits) - 1) * 8
            let now = Quaternion(SIMD4(side, 0, 0, 0))
            for other in [0, 1, side / 2, side - 1, side] {
                let old = Quaternion(SIMD4(other, side, 0, 0))
                let on = now.turned(from: old, times: 1, bits: bits)
                #expect((0..<4).map { Int(on.parts[$0]) } == turned(now, from: old, times: 1, bits: bits))
            }
        }
    }

    @Test func `what turns evenly is found where it will be, however often it turns on`() {
        // About an axis by a quarter of a sixteenth each: x = sin, w = cos of half the angle, as the table of sines has them.
        let sines = [
            0, 0.0980171403, 0.1950903220, 0.2902846773, 0.3826834324, 0.4713967368, 0.5555702330, 0.6343932842,
        ]
        let length = Double(Quaternion.square(bits: 10)).squareRoot()
        func rotation(_ step: Int) -> Quaternion {
            let cosine = (1 - sines[step] * sines[step]).squareRoot()
            return Quaternion(SIMD4(Int32(sines[step] * length + 0.5), 0, 0, Int32(cosine * length + 0.5)))
        }
        for times in 1...6 {
            let on = rotation(1).turned(from: rotation(0), times: times, bits: 10)
            let off = on.parts &- rotation(times + 1).parts
            #expect((0..<4).allSatisfy { abs(off[$0]) <= 8 * times }, "\(times): \(off)")
        }
    }
}
