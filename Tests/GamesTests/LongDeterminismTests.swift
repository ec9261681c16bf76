import GameFuzzTargets
import Testing

/// `scripts/determinism` does the same for a million ticks, in debug and release builds and with other hash seeds.
@Suite("The same inputs give the same fingerprints, in every build (reliability G-15)")
struct LongDeterminismTests {
    /// What has come out of 20,000 ticks. Every process hashes its sets and dictionaries with a seed of its own.
    private static let known: [String: UInt64] = [
        "arena": 3_657_446_404_694_661_288, "eights": 1_929_298_672_937_329_022, "racing": 8_589_157_675_642_517_468,
        "tictactoe": 3_507_864_752_441_368_897,
    ]

    @Test(arguments: known.keys.sorted())
    func `a game goes as it always has`(_ name: String) throws {
        let found = try #require(try fingerprints(ofLife: name, ticks: 20_000, seed: 2_026, marks: [20_000]))
        #expect(found.last?.hash == Self.known[name])
    }
}
