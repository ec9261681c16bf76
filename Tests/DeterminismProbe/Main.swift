import Dispatch
import GameFuzzTargets
import Synchronization

/// Prints the fingerprints of long lives of games, for `scripts/determinism`, which compares them between builds, hash seeds and
/// numbers of threads: `determinism-probe TICKS [together]` plays one after another, or all at once, each on a thread of its own
/// beside a second life of its.
@main
struct Main {
    private static let games = ["arena", "eights", "racing", "tictactoe"]

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let ticks = arguments.first.flatMap(Int.init) ?? 1_000_000
        guard arguments.contains("together") else {
            for game in games { print(life(of: game, ticks), terminator: "") }
            return
        }
        let lives = Mutex([String](repeating: "", count: 2 * games.count))
        DispatchQueue.concurrentPerform(iterations: 2 * games.count) { index in
            let text = life(of: games[index / 2], ticks)
            lives.withLock { $0[index] = text }
        }
        let texts = lives.withLock { $0 }
        for index in games.indices {
            print(texts[2 * index], terminator: "")
            if texts[2 * index] != texts[2 * index + 1] { print(games[index], "is not the same twice") }
        }
    }

    private static func life(of game: String, _ ticks: Int) -> String {
        do {
            let marks = try fingerprints(ofLife: game, ticks: ticks, seed: 2_026, marks: [20_000, ticks]) ?? []
            return marks.map { "\(game) \($0.tick) \($0.hash)\n" }.joined()
        } catch {
            return "\(game): \(error)\n"
        }
    }
}
