import ArgumentParser
import BotCore
import Determinism
import Foundation
import GameKit
import Games
import JSONCore
import SimulatedWorld

/// `muster simulate`: server and bots in virtual time.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run the server and bots in virtual time, from a seed.",
        discussion: """
            The same server core and the same bots as in `muster host` and `muster bots`, in one process under a \
            simulated clock and network. The same seed prints the same trace hash.

              muster simulate
              muster simulate --seed 7 --seconds 600 --bots 64 --lobbies 8
              muster simulate --cut-every 5 --network awful

            With --seeds each seed draws a world of its own: who plays what on which lines, and what befalls them; and every \
            invariant is checked all the while (docs/decisions/0027-world.md).

              muster simulate --seeds 1..200
              muster simulate --replay 17        # the same world again, with all that happened in it
            """)

    @Option(parsing: .unconditional, help: "Where all randomness begins.")
    var seed: UInt64 = 1

    @Option(parsing: .unconditional, help: "How long the bots play, in virtual time.")
    var seconds = 60.0

    @Option(parsing: .unconditional, help: "How many bots play.")
    var bots = 64

    @Option(parsing: .unconditional, help: "How many lobbies they are spread over.")
    var lobbies = 8

    @Option(parsing: .unconditional, help: "How many loops the server has.")
    var loops = 1

    @Option(parsing: .unconditional, help: "The game of the lobbies.")
    var game = "arena"

    @Option(parsing: .unconditional, help: "Steps in a second, 1 to 128; the game's own when left out.")
    var tickRate: Int?

    @Option(parsing: .unconditional, help: "The network between bots and server.")
    var network = LinkProfile.broadband

    @Option(parsing: .unconditional, help: "Drop each connection about that many virtual seconds apart; 0 never does.")
    var cutEvery = 0.0

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @Option(help: "Run the world of each of these seeds, FIRST..LAST, and check every invariant.")
    var seeds: SeedRange?

    @Option(parsing: .unconditional, help: "Run the world of one seed, and print all that happens in it.")
    var replay: UInt64?

    @Option(help: .hidden)
    var plant: PlantedBug?

    /// For the process that ``SeedRun`` starts: it runs the worlds itself.
    @Flag(help: .hidden)
    var unguarded = false

    func validate() throws {
        try Allowed.check("seconds", seconds, 0.1...864_000)
        try Allowed.check("bots", bots, 1...100_000)
        try Allowed.check("lobbies", lobbies, 1...100_000)
        try Allowed.check("loops", loops, 1...64)
        if let tickRate { try Allowed.check("tick-rate", tickRate, 1...128) }
        try Allowed.check("cut-every", cutEvery, 0...86_400)
        guard BuiltInGames.brains.contains(where: { $0.gameName == game }) else {
            let names = BuiltInGames.brains.map(\.gameName).joined(separator: ", ")
            throw ValidationError("--game \"\(game)\" is refused; there are bots for: \(names).")
        }
    }

    func run() throws {
        if let replay { return try SeedRun.replay(replay) }
        if plant != nil || seeds != nil {
            let seeds = seeds ?? SeedRange(first: seed, last: seed)
            return try unguarded ? SeedRun.run(seeds, planting: plant) : SeedRun.guarded(seeds, planting: plant)
        }
        guard var type = BuiltInGames.all.first(where: { $0.name == game }),
            let brain = BuiltInGames.brains.first(where: { $0.gameName == game })
        else { return }
        if let tickRate { type = type.with(tickRate: tickRate) }
        var options = SimulationOptions(seed: seed, playTime: Interval(nanoseconds: Int64(seconds * 1e9)))
        options.bots = bots
        options.lobbies = lobbies
        options.loops = loops
        options.conditions = network.conditions
        options.cutEvery = cutEvery > 0 ? Interval(nanoseconds: Int64(cutEvery * 1e9)) : nil
        let started = ProcessInfo.processInfo.systemUptime
        let result = Simulation(options, game: type.withSnapshotTables(), brain: brain).run()
        let wallSeconds = ProcessInfo.processInfo.systemUptime - started
        Main.say(
            json
                ? result.json(wallSeconds, tickRate: type.rules.tickRate).text
                : result.table(wallSeconds, tickRate: type.rules.tickRate))
        if !result.failures.isEmpty { throw ExitCode(1) }
    }
}

extension SimulationResult {
    private func speed(_ wallSeconds: Double) -> Double { virtualTime.seconds / max(wallSeconds, 0.001) }

    /// Everything as one object.
    func json(_ wallSeconds: Double, tickRate: Int) -> JSONValue {
        [
            "passed": .bool(failures.isEmpty), "failures": .array(failures.map { .string($0) }),
            "tickRate": .integer(Int64(tickRate)), "seed": .string(String(seed)), "traceHash": .string(hashText),
            "virtualSeconds": .number(virtualTime.seconds), "wallSeconds": .number(wallSeconds),
            "timesRealTime": .number(speed(wallSeconds)), "events": .integer(Int64(events)),
            "deliveries": .integer(Int64(deliveries)), "bytes": .integer(Int64(bytes)), "bots": .object(report.json),
        ]
    }

    /// The same for people.
    func table(_ wallSeconds: Double, tickRate: Int) -> String {
        func count(_ counter: BotCounter) -> String { String(report[counter]) }
        let verdict = failures.isEmpty ? ["passed"] : ["FAILED"] + failures.map { "  " + $0 }
        return
            ([
                "seed         \(seed)",
                "trace hash   \(hashText)",
                "tick rate    \(tickRate) Hz",
                "time         \(rounded(virtualTime.seconds)) s of play in \(rounded(wallSeconds)) s:"
                    + " \(Int(speed(wallSeconds))) times real time",
                "network      \(events) events, \(deliveries) deliveries, \(bytes) bytes",
                "bots         \(count(.joins)) joins, \(count(.resumes)) resumes, \(count(.cuts)) cuts,"
                    + " \(count(.inputsSent)) inputs",
                "snapshots    \(count(.snapshots)) applied, \(count(.keyframes)) whole, \(count(.catchUps)) over a gap,"
                    + " \(count(.wrongSnapshots)) wrong; \(count(.hashChecks)) state hashes checked",
            ] + verdict).joined(separator: "\n")
    }

    private func rounded(_ seconds: Double) -> String { String((seconds * 100).rounded() / 100) }

    private var hashText: String {
        let digits = String(traceHash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
