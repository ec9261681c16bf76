import Determinism
import Testing

@Suite("Hash over words")
struct WordHashTests {
    private func hash(_ words: [UInt64]) -> UInt64 {
        var hash = WordHash()
        for word in words { hash.feed(word) }
        return hash.value
    }

    @Test func `every bit of every word changes the hash, and so does their order`() {
        let words: [UInt64] = [1, .max, 0, 0x0123_4567_89AB_CDEF]
        var seen: Set<UInt64> = [hash(words), hash(words.reversed()), hash(words + [0])]
        for at in words.indices {
            for bit in 0..<64 as Range<UInt64> {
                var changed = words
                changed[at] ^= 1 << bit
                seen.insert(hash(changed))
            }
        }
        #expect(seen.count == 3 + words.count * 64)
    }

    @Test func `it is the same on every machine`() {
        #expect(hash([1, 2, 3]) == 0x0C07_B167_C320_3D34)
    }
}
