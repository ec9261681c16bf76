import BotCore
import Determinism
import Foundation
import GameKit
import Games
import SimulatedWorld
import Testing
import VectorFiles

@Suite("The world finds what is wrong (docs/decisions/0027-world.md)")
struct InvariantTests {
    private func run(_ plan: WorldPlan) -> WorldVerdict {
        WorldTrial.run(plan, games: BuiltInGames.all, brains: BuiltInGames.brains)
    }

    // A trap would end the test's own process: Tests/Integration/test_worlds.py plants that one.
    @Test(arguments: PlantedBug.allCases.filter { $0 != .trap })
    func `a planted bug is found by the checker that is for it, and by no other`(_ bug: PlantedBug) {
        let verdict = run(WorldPlan(planting: bug))
        #expect(!verdict.breaches.isEmpty, "\(bug) was not found")
        #expect(verdict.breaches.allSatisfy { $0.invariant == bug.invariant }, "\(verdict.breaches)")
    }

    @Test func `every invariant has a bug of its own`() {
        #expect(Set(PlantedBug.allCases.map(\.invariant)) == Set(Invariant.allCases))
    }

    @Test(arguments: 1...3)
    func `a world that nothing befalls holds, and so do its likes`(_ seed: UInt64) {
        let verdict = run(WorldPlan(quiet: seed))
        #expect(verdict.holds, "\(verdict.breaches)")
        #expect(verdict.joins == 8 && verdict.resumes == 0 && verdict.snapshots > 8 * 60)
    }

    @Test func `a world in which everything goes wrong holds`() {
        var plan = WorldPlan(quiet: 7)
        (plan.loops, plan.crews, plan.drift, plan.faultTime) = (2, 2, 0.02, .seconds(20))
        plan.lines = [.cellular, .awful]
        (plan.attackers, plan.cheaters, plan.listeners) = (1, 2, 3)
        plan.rates.resets = 0.05
        plan.rates.stalls = 0.05
        plan.rates.cuts = 0.02
        plan.rates.serverPauses = 0.1
        plan.rates.slowTimes = 0.1
        plan.kills = [.seconds(8)]
        plan.drains = [.seconds(15)]
        let verdict = run(plan)
        #expect(verdict.holds, "\(verdict.breaches)")
        #expect(verdict.faults > 10 && verdict.joins > 8)
    }

    @Test(arguments: 1...3)
    func
        `two servers whose Redis is lost, slow, replaced and says things twice keep the rules, and take each other's clients`(
            _ seed: UInt64
        )
    {
        var plan = WorldPlan(quiet: seed)
        (plan.hasTwin, plan.listeners, plan.faultTime) = (true, 6, .seconds(40))
        (plan.lobbies, plan.playersPerLobby, plan.loops) = (1, 1, seed == 2 ? 2 : 1)
        plan.lines = [.broadband]
        plan.rates.resets = 0.1
        (plan.rates.redisOutages, plan.rates.redisSlowTimes, plan.rates.redisFailovers) = (0.1, 0.1, 0.04)
        plan.redisRepeats = 0.3
        plan.kills = [.seconds(20)]
        let verdict = run(plan)
        #expect(verdict.holds, "\(verdict.breaches)")
        #expect(verdict.placesTaken > 5, "\(verdict.placesTaken)")
    }

    /// Every seed that has failed once, with what it found: a line each, `SEED  what it was`.
    @Test func `the worlds of seeds that have failed hold now`() throws {
        let text = try String(contentsOf: repository.appending(path: "simulator/seeds.txt"), encoding: .utf8)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let seed = try #require(line.split(separator: " ").first.flatMap { UInt64($0) }, "\(line)")
            let verdict = run(WorldPlan(seed: seed, games: BuiltInGames.all))
            #expect(verdict.holds, "seed \(seed): \(verdict.breaches)")
        }
    }
}
