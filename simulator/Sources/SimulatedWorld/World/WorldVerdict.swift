package import Determinism
internal import BotCore
package import GameKit

/// How a world ended.
package struct WorldVerdict: Sendable {
    /// The seed that brings it back.
    package let seed: UInt64
    /// The invariants that did not hold; none, as it should be.
    package internal(set) var breaches: [Breach]
    /// How much time passed in it, and in those that it was held against.
    package internal(set) var virtualTime = Interval.zero
    /// How many events it ran, and how many bytes were delivered.
    package internal(set) var events = 0
    package internal(set) var bytes = 0
    /// The hash over every delivery: instant, connection, direction, bytes.
    package internal(set) var traceHash: UInt64 = 0
    /// What befell it.
    package internal(set) var faults = 0
    /// What its players and listeners did.
    package internal(set) var joins: UInt64 = 0
    package internal(set) var resumes: UInt64 = 0
    package internal(set) var snapshots: UInt64 = 0
    package internal(set) var recoveries = 0
    /// How many places of listeners a server has taken from Redis.
    package internal(set) var placesTaken = 0
    /// What was shown of each lobby, as a hash.
    var lobbyTraces: [UInt64] = []

    init(seed: UInt64, breaches: [Breach]) {
        self.seed = seed
        self.breaches = breaches
    }

    /// Whether every invariant held.
    package var holds: Bool { breaches.isEmpty }
}

/// A world that is run and judged; one in fifty a second time, and one in fifty with hostile clients and without, to compare.
package enum WorldTrial {
    private static let repeatEvery: UInt64 = 50

    /// Runs what `plan` says.
    package static func run(_ plan: WorldPlan, games: [GameType], brains: [BrainType]) -> WorldVerdict {
        if plan.planted == .crosstalk { return compareIsolated(plan, games, brains) }
        var verdict = World(plan, games: games, brains: brains).run()
        guard verdict.holds else { return verdict }
        if plan.seed % repeatEvery == 0 || plan.planted == .ambientChance { runAgain(plan, games, brains, &verdict) }
        if plan.seed % repeatEvery == repeatEvery / 2 {
            let isolated = compareIsolated(plan, games, brains)
            verdict.breaches += isolated.breaches
            verdict.virtualTime = verdict.virtualTime + isolated.virtualTime
        }
        return verdict
    }

    private static func runAgain(
        _ plan: WorldPlan, _ games: [GameType], _ brains: [BrainType], _ verdict: inout WorldVerdict
    ) {
        var plan = plan
        if plan.planted == .ambientChance { plan.ambience = 1 }
        let again = World(plan, games: games, brains: brains).run()
        verdict.virtualTime = verdict.virtualTime + again.virtualTime
        guard again.traceHash != verdict.traceHash else { return }
        let finding = "two runs had the traces \(verdict.traceHash) and \(again.traceHash)"
        verdict.breaches.append(Breach(invariant: .sameTrace, at: .zero + again.virtualTime, finding: finding))
    }

    /// Runs the world on lines without chance, with its attackers and without: every lobby's states must be the same.
    private static func compareIsolated(
        _ plan: WorldPlan, _ games: [GameType], _ brains: [BrainType]
    ) -> WorldVerdict {
        var verdict = World(plan.isolated(attackers: max(1, plan.attackers)), games: games, brains: brains).run()
        let quiet = World(plan.isolated(attackers: 0), games: games, brains: brains).run()
        verdict.virtualTime = verdict.virtualTime + quiet.virtualTime
        for (number, traces) in zip(verdict.lobbyTraces, quiet.lobbyTraces).enumerated() where traces.0 != traces.1 {
            let finding = "lobby-\(number) went another way because of somebody who is not in it"
            verdict.breaches.append(Breach(invariant: .isolation, at: .zero + quiet.virtualTime, finding: finding))
            break
        }
        return verdict
    }
}

extension WorldPlan {
    /// A small world in which a planted bug must be found, with what it takes to meet it.
    package init(planting bug: PlantedBug, seed: UInt64 = 1) {
        self.init(quiet: seed)
        planted = bug
        (playersPerLobby, rampTime, faultTime) = (2, .seconds(3), .seconds(8))
        (heartbeatInterval, heartbeatTimeout) = (.seconds(2), .seconds(2))
        switch bug {
        case .hoard: outboxBytes = 32_768
        case .falseRecovery: kills = [.seconds(2), .seconds(5)]
        case .secondPoll, .crosstalk: attackers = 2
        case .longRefusal: (attackers, faultTime, connectionsMax) = (4, .seconds(30), players + 12)
        case .endlessDrain: drains = [.seconds(2)]
        case .swallowedNews: (hasTwin, listeners) = (true, 4)
        default: break
        }
    }
}
