import ArgumentParser
import BotCore
import Fleet
import GameKit
import Glibc
import Muster

/// Hosts the games by which lobbies are measured, and plays them: `Tests/Benchmarks/lobbies.py` runs both.
@main
struct LobbyBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lobby-bench", abstract: "What lobbies are measured with.",
        subcommands: [Host.self, Bots.self, Share.self])

    struct Host: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hosts the games on the addresses of MUSTER_LISTEN, and prints the first one's port.")

        func run() throws {
            let server = MusterServer(configuration: try MusterConfiguration.load().configuration)
            server.serve(Pulse.self)
            server.serve(Tap.self)
            server.serve(Swarm.self)
            server.serve(Veil.self)
            server.serve(Hoard.self)
            try server.run { start in
                print("ready \(start.port ?? 0)")
                fflush(nil)
            }
        }
    }

    struct Bots: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Plays one of the games; see muster bots.")

        @Argument(help: "The server's port.")
        var port: Int
        @Argument(help: "pulse, tap, swarm, veil or hoard.")
        var game: String
        @Argument(help: "How many bots play.")
        var count: Int
        @Argument(help: "How many lobbies they are spread over.")
        var lobbies: Int
        @Argument(help: "How long they play, in seconds.")
        var seconds: Double
        @Option(help: "How many connect in a second.")
        var ramp = 500.0
        @Option(help: "Two fleets need two seeds.")
        var seed: UInt64 = 1
        @Option(name: .customLong("protocol"), help: "How they speak: websocket, socketio or mixed.")
        var dialect = FleetProtocol.plain
        @Flag(help: "They say nothing of their own.")
        var idle = false
        @Option(help: "The highest codec of snapshots that they ask for.")
        var codec: UInt8 = 0

        func run() throws {
            var options = FleetOptions(
                server: "127.0.0.1:\(port)", game: game,
                brains: [
                    BrainType(PulseBrain.self), BrainType(TapBrain.self), BrainType(SwarmBrain.self),
                    BrainType(VeilBrain.self), BrainType(HoardBrain.self),
                ])
            options.count = count
            options.lobbies = lobbies
            options.seconds = seconds
            options.rampPerSecond = ramp
            options.seed = seed
            options.dialects = dialect
            options.codec = codec
            if idle { options.behaviour = .idle }
            options.asksTime = false
            options.json = true
            options.quiet = true
            throw ExitCode(runFleet(options))
        }
    }
}

extension FleetProtocol: ExpressibleByArgument {}
