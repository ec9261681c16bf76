import ArgumentParser
import Fleet
import Games

/// `muster bots`: plays against a running server.
struct BotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bots",
        abstract: "Play bots against a running server, and check all it sends.",
        discussion: """
            Bots join, play with some sense, decode every snapshot, check every state hash, and come back when a \
            connection is lost. The exit code is 1 when anything expected failed.

              muster bots                              # 100 bots in 10 lobbies
              muster bots --count 500 --lobbies 50 --seconds 60
              muster bots --protocol websocket --cut-every 5
              muster bots --json --quiet > result.json
            """)

    @Option(parsing: .unconditional, help: "The server, as http://HOST:PORT or https://HOST:PORT.")
    var server = "http://127.0.0.1:7777"

    @OptionGroup
    var proof: ServerProof

    @Option(parsing: .unconditional, help: "How many bots play.")
    var count = 100

    @Option(
        parsing: .unconditional, help: "How many lobbies they are spread over. (default: 10, or the number of bots)")
    var lobbies: Int?

    @Option(parsing: .unconditional, help: "How long they play.")
    var seconds = 60.0

    @Option(parsing: .unconditional, help: "The game of the lobbies.")
    var game = "arena"

    @Option(name: .customLong("protocol"), parsing: .unconditional, help: "How they speak; mixed takes turns.")
    var dialect = FleetProtocol.mixed

    @Option(parsing: .unconditional, help: "The highest codec of snapshots that they ask for: 0 or 1.")
    var codec: UInt8 = 1

    @Option(
        parsing: .unconditional, help: "Drop each connection on purpose about that many seconds apart; 0 never does.")
    var cutEvery = 0.0

    @Option(parsing: .unconditional, help: "Where the bots' randomness begins. Two fleets need two seeds.")
    var seed: UInt64 = 1

    @Option(parsing: .unconditional, help: "How many bots connect each second at the start.")
    var ramp = 250.0

    @Flag(help: "Offer to compress messages.")
    var compression = false

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @Flag(help: "No progress line.")
    var quiet = false

    private var options: FleetOptions {
        var options = FleetOptions(server: server, game: game, brains: BuiltInGames.brains)
        options.trust = proof.trust
        options.count = count
        options.lobbies = lobbies ?? min(10, count)
        options.seconds = seconds
        options.dialects = dialect
        options.codec = codec
        options.compresses = compression
        options.cutEverySeconds = cutEvery == 0 ? nil : cutEvery
        options.rampPerSecond = ramp
        options.seed = seed
        options.json = json
        options.quiet = quiet
        return options
    }

    func validate() throws {
        if let problem = options.problem { throw ValidationError(problem) }
    }

    func run() throws {
        throw ExitCode(runFleet(options))
    }
}

extension FleetProtocol: ExpressibleByArgument {}
