import BotCore
import Determinism
import Foundation
import GameKit
import SimulatedWorld
import Testing
import VectorFiles

@testable import ExampleGame

@Suite("The tutorial's last step")
struct TutorialTests {
    /// The value of an option in the tutorial's call of the simulator.
    private func option(_ name: String, in call: Substring) throws -> String {
        let words = call.split(separator: " ")
        let place = try #require(words.firstIndex { $0 == "--\(name)" }, "--\(name) is not in it any more")
        return String(words[place + 1])
    }

    @Test func `the game of the tutorial goes through the simulator as the tutorial says`() throws {
        let page = try String(
            contentsOf: repository.appending(path: "Sources/GameKit/GameKit.docc/BuildAGame.md"), encoding: .utf8)
        let call = try #require(page.split(separator: "\n").first { $0.hasPrefix("swift run muster simulate") })
        #expect(try option("game", in: call) == Tag.name && option("network", in: call) == "awful")
        var options = SimulationOptions(
            seed: try #require(UInt64(option("seed", in: call))), playTime: .seconds(60))
        options.bots = try #require(Int(option("bots", in: call)))
        options.lobbies = try #require(Int(option("lobbies", in: call)))
        options.cutEvery = .seconds(try #require(Int(option("cut-every", in: call))))
        options.conditions = .awful
        func play() -> SimulationResult {
            Simulation(options, game: GameType(Tag.self), brain: BrainType(TagBrain.self)).run()
        }
        let result = play()
        let again = play()
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.report[.cuts] > 16 && result.report[.seatLost] == 0 && result.traceHash == again.traceHash)
    }
}
