import BotCore
import Determinism
import GameKit
import JSONCore
import MusterClient

/// How the bots of a fleet speak to the server.
package enum FleetProtocol: String, CaseIterable, Sendable {
    /// JSON and binary messages on a plain WebSocket.
    case plain = "websocket"
    /// The same with binary events.
    case compact
    /// Socket.IO over a WebSocket.
    case socketIO = "socketio"
    /// Socket.IO over long polling.
    case polling
    /// `websocket` and `socketio` in every lobby, in turn.
    case mixed
}

extension FleetMix<FleetProtocol> {
    /// The dialects that the mix means.
    var dialects: FleetMix<ClientDialect> {
        FleetMix<ClientDialect>(
            parts.flatMap { part -> [(kind: ClientDialect, weight: Int)] in
                switch part.kind {
                case .plain: [(.plain, part.weight)]
                case .compact: [(.compact, part.weight)]
                case .socketIO: [(.socketIO, part.weight)]
                case .polling: [(.polling, part.weight)]
                case .mixed: [(.plain, 1), (.socketIO, 1)]
                }
            })
    }
}

/// What a fleet of bots is to do.
package struct FleetOptions: Sendable {
    /// The server: `http://HOST:PORT`, `https://HOST:PORT`, the same with `ws` and `wss`, or `HOST:PORT`.
    package var server: String
    /// How a server with TLS has to prove who it is.
    package var trust = ServerTrust.system
    /// The game to play; one of ``brains`` must play it.
    package var game: String
    /// The brains there are.
    package var brains: [BrainType]
    /// Given to the game of each lobby that the fleet opens.
    package var gameOptions = JSONValue.null
    /// How many bots; at least 1.
    package var count = 10
    /// Over how many lobbies they spread; 1 to ``count``.
    package var lobbies = 1
    /// The lobbies' ids are this, a dash and a number from 0; nil makes one from the seed, so that fleets do not
    /// meet.
    package var lobbyPrefix: String?
    /// How long all bots play together, after the last has connected.
    package var seconds = 30.0
    /// How they speak.
    package var dialects = FleetProtocol.plain
    /// The highest codec of snapshots that they ask for: 0 or 1.
    package var codec: UInt8 = 1
    /// Whether they offer to compress messages.
    package var compresses = false
    /// How often each drops its connection, in seconds, give or take a half; nil for never.
    package var cutEverySeconds: Double?
    /// How many connect in a second.
    package var rampPerSecond = 250.0
    /// Decides what the bots leave to chance.
    package var seed: UInt64 = 1
    /// What they do.
    package var behaviour = BotBehaviour.play
    /// The line between them and the server; nil for what there is.
    package var link: FleetLink?
    /// A plan in place of ``count``, ``seconds``, ``rampPerSecond``, ``dialects``, ``behaviour``, ``link`` and ``cutEverySeconds``.
    package var scenario: Scenario?
    /// Where a JUnit report goes; nil for none.
    package var junitPath: String?
    /// Where an HTML report goes; nil for none.
    package var htmlPath: String?
    /// Whether an admin will remove bots or close lobbies; otherwise that fails the run.
    package var expectsKick = false
    /// Whether each bot asks once a second where its lobby stands, from which snapshots' ages are known; otherwise only those that
    /// send enough inputs to pace them by it, so that a server that is measured has the traffic of its game alone.
    package var asksTime = true
    /// Whether the result goes to standard output as one JSON object.
    package var json = false
    /// Whether neither progress nor table is shown.
    package var quiet = false

    /// Options with the defaults above.
    package init(server: String, game: String, brains: [BrainType]) {
        self.server = server
        self.game = game
        self.brains = brains
    }

    /// Takes a scenario for a plan.
    package mutating func take(_ scenario: Scenario) {
        self.scenario = scenario
        if let game = scenario.game { self.game = game }
        if let seed = scenario.seed { self.seed = seed }
        gameOptions = scenario.gameOptions
        count = max(1, scenario.phases.map(\.bots).max() ?? 1)
        lobbies = scenario.lobbies
        seconds = scenario.phases.reduce(0) { $0 + $1.length.seconds }
        compresses = scenario.compresses
    }

    /// What is wrong with the options, as a sentence; nil when they can be run.
    package var problem: String? {
        if ServerAddress(server) == nil { return "--server must be \(ServerAddress.forms), not \"\(server)\"." }
        if brain == nil {
            let names = brains.map(\.gameName).joined(separator: ", ")
            return "No bot plays \"\(game)\"; there are bots for: \(names)."
        }
        if !(1...100_000).contains(count) { return "--count must be 1 to 100000, not \(count)." }
        if !(1...count).contains(lobbies) { return "--lobbies must be 1 to the number of bots, not \(lobbies)." }
        if !(0.1...86_400 * 30).contains(seconds) { return "--seconds must be 0.1 to 30 days, not \(seconds)." }
        if codec > 1 { return "--codec must be 0 or 1, not \(codec)." }
        if !(0.1...1_000_000).contains(rampPerSecond) { return "--ramp must be 0.1 to 1000000 a second." }
        if let cutEverySeconds, !(1...86_400).contains(cutEverySeconds) {
            return "--cut-every must be 1 to 86400 seconds, not \(cutEverySeconds)."
        }
        return nil
    }

    var brain: BrainType? { brains.first { $0.gameName == game } }

    var prefix: String { lobbyPrefix ?? "bots-" + String(seed, radix: 16) }

    static func interval(_ seconds: Double) -> Interval {
        Interval(nanoseconds: Int64(seconds * 1e9))
    }
}
