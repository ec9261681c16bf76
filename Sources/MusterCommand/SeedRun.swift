import ArgumentParser
import Determinism
import Foundation
import GameKit
import Games
import SimulatedWorld

/// Seeds from one to another: `1..200`.
struct SeedRange: ExpressibleByArgument, Equatable {
    var first: UInt64
    var last: UInt64

    init(first: UInt64, last: UInt64) {
        self.first = first
        self.last = last
    }

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 1, let seed = UInt64(argument) {
            (first, last) = (seed, seed)
        } else if parts.count == 3, parts[1].isEmpty, let first = UInt64(parts[0]), let last = UInt64(parts[2]),
            first <= last
        {
            (self.first, self.last) = (first, last)
        } else {
            return nil
        }
    }
}

extension PlantedBug: ExpressibleByArgument {}

/// The worlds of many seeds, one after the other: a line for each, and what was found.
///
/// They run in a process of their own. When that is ended by a trap, the seed that it was at has broken the first invariant, and another
/// process goes on behind it.
enum SeedRun {
    private static let games = BuiltInGames.all.map { $0.withSnapshotTables() }

    private static func plan(_ seed: UInt64, _ bug: PlantedBug?) -> WorldPlan {
        bug.map { WorldPlan(planting: $0, seed: seed) } ?? WorldPlan(seed: seed, games: games)
    }

    private static var now: Double { ProcessInfo.processInfo.systemUptime }

    // MARK: In this process

    /// Runs the worlds of `seeds`. Throws exit code 1 when one does not hold.
    static func run(_ seeds: SeedRange, planting bug: PlantedBug?) throws {
        var isGood = true
        for seed in seeds.first...seeds.last {
            let plan = plan(seed, bug)
            let started = now
            let verdict = WorldTrial.run(plan, games: games, brains: BuiltInGames.brains)
            Main.say(line(verdict, plan, seconds: now - started))
            guard !verdict.holds else { continue }
            isGood = false
            for breach in verdict.breaches { Main.say(text(breach)) }
            if bug == nil { Main.say("  again: muster simulate --replay \(seed)") }
        }
        if !isGood { throw ExitCode(1) }
    }

    private static func line(_ verdict: WorldVerdict, _ plan: WorldPlan, seconds: Double) -> String {
        let virtual = verdict.virtualTime.seconds
        let counts =
            "\(verdict.faults) faults, \(verdict.joins) joins, \(verdict.resumes) resumes, \(verdict.recoveries) recoveries, "
            + "\(verdict.snapshots) snapshots"
        return
            "seed \(verdict.seed) \(verdict.holds ? "ok" : "FAILED") \(Int(virtual)) s, speed \(Int(virtual / max(seconds, 0.001))), "
            + "trace \(String(verdict.traceHash, radix: 16)); \(counts); \(plan.summary(games))"
    }

    private static func text(_ breach: Breach) -> String {
        "  \(breach.invariant.code) does not hold (\(breach.invariant.rule)), at \((breach.at - .zero).seconds) s: \(breach.finding)"
    }

    /// Runs the world of one seed, and prints all that happens in it.
    static func replay(_ seed: UInt64) throws {
        let plan = plan(seed, nil)
        let world = World(plan, games: games, brains: BuiltInGames.brains)
        let columns = WorldColumns(of: world.network) { Main.say($0) }
        let verdict = withExtendedLifetime(columns) { world.run() }
        Main.say(line(verdict, plan, seconds: verdict.virtualTime.seconds))
        for breach in verdict.breaches { Main.say(text(breach)) }
        if !verdict.holds { throw ExitCode(1) }
    }

    // MARK: In another

    /// What the processes have said so far.
    private struct Tally {
        var seeds = 0
        var failed: [UInt64] = []
        var virtualSeconds = 0
        /// The seed that comes next.
        var next: UInt64
    }

    /// Runs the worlds of `seeds` in processes of their own, as many as end by a trap and one more.
    static func guarded(_ seeds: SeedRange, planting bug: PlantedBug?) throws {
        var tally = Tally(next: seeds.first)
        let started = now
        while tally.next <= seeds.last {
            let signal = try runProcess(SeedRange(first: tally.next, last: seeds.last), bug, &tally)
            guard let signal else { break }
            Main.say(
                "seed \(tally.next) FAILED\n  I-1 does not hold (nothing ends the process): it was ended by signal \(signal)"
            )
            tally.failed.append(tally.next)
            tally.seeds += 1
            tally.next += 1
        }
        let seconds = now - started
        let hours = Double(tally.virtualSeconds) / 3_600
        Main.say(
            "\(tally.seeds) seeds, \((hours * 100).rounded() / 100) simulated hours in \(Int(seconds)) s, "
                + "speed \(Int(Double(tally.virtualSeconds) / max(seconds, 0.001))) times real time, \(tally.failed.count) failed"
                + (tally.failed.isEmpty ? "" : ": " + tally.failed.map(String.init).joined(separator: " ")))
        if !tally.failed.isEmpty || tally.next <= seeds.last { throw ExitCode(1) }
    }

    /// Runs one process to its end, and says what it says.
    ///
    /// - Returns: the signal that ended it; nil where it came to its end.
    private static func runProcess(_ seeds: SeedRange, _ bug: PlantedBug?, _ tally: inout Tally) throws -> Int32? {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments =
            ["simulate", "--unguarded", "--seeds", "\(seeds.first)..\(seeds.last)"]
            + (bug.map { ["--plant", $0.rawValue] } ?? [])
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var rest = Data()
        while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
            rest += data
            while let end = rest.firstIndex(of: 10) {
                take(String(decoding: rest[rest.startIndex..<end], as: UTF8.self), &tally)
                rest = Data(rest[(end + 1)...])
            }
        }
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil
    }

    /// Takes one line: those of seeds are counted.
    private static func take(_ line: String, _ tally: inout Tally) {
        Main.say(line)
        let words = line.split(separator: " ")
        guard words.count > 4, words[0] == "seed", let seed = UInt64(words[1]), let seconds = Int(words[3]) else {
            return
        }
        tally.seeds += 1
        tally.virtualSeconds += seconds
        tally.next = seed + 1
        if words[2] != "ok" { tally.failed.append(seed) }
    }
}
