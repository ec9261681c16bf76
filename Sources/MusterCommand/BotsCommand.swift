import ArgumentParser
import BotCore
import Fleet
import Foundation
import Games

/// `muster bots`: plays against a running server.
struct BotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bots",
        abstract: "Play bots against a running server, check all it sends, and say whether it was good enough.",
        discussion: """
            Bots join, play with some sense, decode every snapshot, check every state hash, and come back when a \
            connection is lost. What is to happen is said by options, or by a scenario file with phases, behaviours, bad lines, \
            faults and thresholds (simulator/scenarios/README.md). Exit codes: 0 passed, 1 something expected failed, 2 the \
            arguments or the file are wrong.

              muster bots                              # 100 bots in 10 lobbies
              muster bots --count 500 --lobbies 50 --seconds 60 --link 4g
              muster bots --protocol websocket --cut-every 5
              muster bots --scenario simulator/scenarios/smoke.json --html report.html
              muster bots --json --quiet > result.json
            """)

    @Option(parsing: .unconditional, help: "The server, as http://HOST:PORT or https://HOST:PORT.")
    var server = "http://127.0.0.1:7777"

    @OptionGroup
    var proof: ServerProof

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The plan, from a file; the options below it does not go with say so.", valueName: "path"))
    var scenario: String?

    @Option(parsing: .unconditional, help: "How many bots play. (default: 100)")
    var count: Int?

    @Option(
        parsing: .unconditional, help: "How many lobbies they are spread over. (default: 10, or the number of bots)")
    var lobbies: Int?

    @Option(parsing: .unconditional, help: "How long they play. (default: 60)")
    var seconds: Double?

    @Option(parsing: .unconditional, help: "The game of the lobbies. (default: the scenario's, or arena)")
    var game: String?

    @Option(
        name: .customLong("protocol"), parsing: .unconditional,
        help: "How they speak; mixed is websocket and socketio in turn. (default: mixed)")
    var dialect: FleetProtocol?

    @Option(parsing: .unconditional, help: "What they do with their seats. (default: play)")
    var behaviour: BotBehaviour?

    @Option(
        parsing: .unconditional,
        help: "A bad line of the bots' own between them and the server. (default: what there is)")
    var link: LinkProfile?

    @Option(parsing: .unconditional, help: "The highest codec of snapshots that they ask for: 0 or 1.")
    var codec: UInt8 = 1

    @Option(
        parsing: .unconditional, help: "Drop each connection on purpose about that many seconds apart; 0 never does.")
    var cutEvery: Double?

    @Option(
        parsing: .unconditional,
        help: "Where the bots' randomness begins. Two fleets need two seeds. (default: the scenario's, or 1)")
    var seed: UInt64?

    @Option(parsing: .unconditional, help: "How many bots connect each second at the start. (default: 250)")
    var ramp: Double?

    @Flag(help: "Offer to compress messages.")
    var compression = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Write a JUnit report there, for a CI.", valueName: "path"))
    var junit: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Write a report with plots there: one HTML file, which loads nothing.", valueName: "path"))
    var html: String?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @Flag(help: "No progress, and no table.")
    var quiet = false

    @Flag(help: "Print the plan, and do not play.")
    var dryRun = false

    private func options() throws -> FleetOptions {
        var options = FleetOptions(server: server, game: game ?? "arena", brains: BuiltInGames.brains)
        options.trust = proof.trust
        options.count = count ?? 100
        options.lobbies = lobbies ?? min(10, options.count)
        options.seconds = seconds ?? 60
        options.dialects = dialect ?? .mixed
        options.behaviour = behaviour ?? .play
        options.link = link.map { FleetLink($0) }
        options.codec = codec
        options.compresses = compression
        options.cutEverySeconds = cutEvery == 0 ? nil : cutEvery
        options.rampPerSecond = ramp ?? 250
        options.json = json
        options.quiet = quiet
        options.junitPath = junit
        options.htmlPath = html
        if let scenario { options.take(try Self.read(scenario)) }
        if let game { options.game = game }
        if let seed { options.seed = seed }
        return options
    }

    /// Reads a scenario's file.
    private static func read(_ path: String) throws -> Scenario {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ValidationError("--scenario \(path) cannot be read.")
        }
        do throws(Scenario.Problems) {
            return try Scenario.parse([UInt8](bytes), file: path)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func validate() throws {
        if scenario != nil {
            let said: [(String, Bool)] = [
                ("--count", count != nil), ("--lobbies", lobbies != nil), ("--seconds", seconds != nil),
                ("--protocol", dialect != nil), ("--behaviour", behaviour != nil), ("--link", link != nil),
                ("--cut-every", cutEvery != nil), ("--ramp", ramp != nil), ("--compression", compression),
            ]
            if let first = said.first(where: \.1) {
                throw ValidationError("\(first.0) does not go with --scenario, whose file says it.")
            }
        }
        if let problem = try options().problem { throw ValidationError(problem) }
    }

    func run() throws {
        let options = try options()
        if dryRun { return Main.say(options.planText) }
        throw ExitCode(runFleet(options))
    }
}

extension FleetProtocol: ExpressibleByArgument {}
extension BotBehaviour: ExpressibleByArgument {}
extension LinkProfile: ExpressibleByArgument {}
