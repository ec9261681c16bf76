import GameFuzzTargets

/// Prints the fingerprints of long lives of games, for `scripts/determinism`, which compares them between builds.
@main
struct Main {
    static func main() throws {
        let ticks = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 1_000_000
        let marks = [20_000, ticks]
        for game in ["arena", "eights", "racing", "tictactoe"] {
            for (tick, hash) in try fingerprints(ofLife: game, ticks: ticks, seed: 2_026, marks: marks) ?? [] {
                print(game, tick, hash)
            }
        }
    }
}
