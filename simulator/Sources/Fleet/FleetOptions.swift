import BotCore
import Determinism
import GameKit
import JSONCore
import MusterClient

/// How the bots of a fleet speak to the server.
package enum FleetProtocol: String, CaseIterable, Sendable {
    /// JSON and binary messages on a plain WebSocket.
    case plain = "websocket"
    /// Socket.IO.
    case socketIO = "socketio"
    /// Both in every lobby, in turn.
    case mixed

    /// The dialect of a lobby's nth member.
    func dialect(ofMember number: Int) -> ClientDialect {
        switch self {
        case .plain: .plain
        case .socketIO: .socketIO
        case .mixed: number.isMultiple(of: 2) ? .plain : .socketIO
        }
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
    /// Whether an admin will remove bots or close lobbies; otherwise that fails the run.
    package var expectsKick = false
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

    /// How long the ramp takes.
    var rampTime: Interval { Self.interval(Double(count) / rampPerSecond) }

    var cutEvery: Interval? { cutEverySeconds.map(Self.interval) }

    var expectations: BotExpectations {
        BotExpectations(
            bots: count, playTime: Self.interval(seconds), cutEvery: cutEvery, expectsKick: expectsKick)
    }

    static func interval(_ seconds: Double) -> Interval {
        Interval(nanoseconds: Int64(seconds * 1e9))
    }

    /// What each bot is to do when the fleet starts at `start`.
    func bots(brain: BrainType, host: String, start: Instant) -> [BotSettings] {
        var seeds = SeededRandom(seed: seed)
        let end = start + rampTime + Self.interval(seconds)
        return (0..<count).map { index in
            var bot = BotSettings(
                lobby: "\(prefix)-\(index % lobbies)", name: "bot \(index)", brain: brain, seed: seeds.next(),
                startAt: start + Self.interval(Double(index) / rampPerSecond), endAt: end)
            bot.options = gameOptions
            bot.dialect = dialects.dialect(ofMember: index / lobbies)
            bot.host = host
            bot.codec = codec
            bot.compresses = compresses
            bot.cutEvery = cutEvery
            bot.expectsKick = expectsKick
            return bot
        }
    }
}
