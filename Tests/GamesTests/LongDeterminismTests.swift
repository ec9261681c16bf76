import GameFuzzTargets
import Testing

/// `scripts/determinism` does the same for a million ticks, in debug and release builds and with other hash seeds.
@Suite("The same inputs give the same fingerprints, in every build (reliability G-15)")
struct LongDeterminismTests {
    /// What has come out of 20,000 ticks. Every process hashes its sets and dictionaries with a seed of its own.
    private static let known: [String: UInt64] = [
        "arena": 7_447_400_705_814_405_934, "eights": 4_540_315_223_190_142_641, "racing": 15_540_611_479_864_516_240,
        "tictactoe": 4_556_239_317_664_901_576,
    ]

    @Test(arguments: known.keys.sorted())
    func `a game goes as it always has`(_ name: String) throws {
        let found = try #require(try fingerprints(ofLife: name, ticks: 20_000, seed: 2_026, marks: [20_000]))
        #expect(found.last?.hash == Self.known[name])
    }
}
