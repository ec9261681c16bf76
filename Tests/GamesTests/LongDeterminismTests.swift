import GameFuzzTargets
import Testing

/// `scripts/determinism` does the same for a million ticks, in debug and release builds and with other hash seeds.
@Suite("The same inputs give the same fingerprints, in every build (reliability G-15)")
struct LongDeterminismTests {
    /// What has come out of 20,000 ticks. Every process hashes its sets and dictionaries with a seed of its own.
    private static let known: [String: UInt64] = ["arena": 0, "eights": 0, "racing": 0, "tictactoe": 0]

    @Test(arguments: known.keys.sorted())
    func `a game goes as it always has`(_ name: String) throws {
        let found = try #require(try fingerprints(ofLife: name, ticks: 20_000, seed: 2_026, marks: [20_000]))
        #expect(found.last?.hash == Self.known[name])
    }
}
