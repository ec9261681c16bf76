internal import ByteKit
import ClientCore
import LobbyCore

package import BotCore
package import Determinism
package import GameKit
package import ServerCore

/// What a simulated world holds and what befalls it.
package struct SimulationOptions: Sendable {
    /// Decides everything: the network's delays and splits, the bots' moves, tokens, games.
    package var seed: UInt64
    /// How long the bots play, in virtual time.
    package var playTime: Interval
    /// How many bots there are.
    package var bots = 64
    /// Over how many lobbies they are spread.
    package var lobbies = 8
    /// How many loops the server has.
    package var loops = 1
    /// The network between them and the server.
    package var conditions = NetworkConditions.broadband
    /// Given to the game of each lobby.
    package var gameOptions = JSONValue.null
    /// Whether the bots offer to compress messages.
    package var compresses = false
    /// How often each bot drops its connection; nil for never.
    package var cutEvery: Interval?
    /// The server's settings.
    package var settings = ServerSettings()

    /// A world of 64 bots in 8 lobbies that nothing befalls.
    package init(seed: UInt64, playTime: Interval) {
        self.seed = seed
        self.playTime = playTime
    }
}

/// The server core and bots in one process, under a simulated clock, network and seed.
///
/// The same code as in production, but for the sockets. Two runs with the same options deliver the same bytes at the same
/// instants: their ``SimulationResult/traceHash`` is equal.
package final class Simulation {
    /// How long the bots' first connections are spread.
    private static let rampTime = Interval.seconds(2)

    private let options: SimulationOptions
    /// The world's clock.
    package let time = SimulatedTime()
    /// The world's network, where faults are done.
    package let network: SimulatedNetwork
    private let process: SimulatedServer
    /// The server core of each loop.
    package var servers: [Server] { process.servers }
    /// Each loop of the server.
    package var serverNodes: [SimulatedNode] { process.nodes }
    /// The first loop's server core.
    package var server: Server { servers[0] }
    /// The server's process, or its first loop.
    package var serverNode: SimulatedNode { serverNodes[0] }
    /// All bots, in one process.
    package let crowd: BotCrowd
    private let context: BotContext

    /// A world at its first instant.
    package init(_ options: SimulationOptions, game: GameType, brain: BrainType) {
        self.options = options
        let time = time
        var random = SeededRandom(seed: options.seed)
        let network = SimulatedNetwork(time: time, random: &random)
        self.network = network
        process = SimulatedServer(
            loops: options.loops, settings: options.settings, games: [game], in: network, seed: options.seed)
        process.start(&random)
        let botNode = network.addNode("bots")
        let dialer = SimulatedDialer(
            network: network, node: botNode, ports: (0..<options.loops).map { SimulatedServer.port(of: $0) },
            options.conditions, seed: options.seed)
        let context = BotContext(dialer: dialer) { time.now }
        self.context = context
        let crowd = BotCrowd(Self.makeBots(options, brain, context, &random), context)
        self.crowd = crowd
        botNode.hooks.advance = { _ in crowd.advance() }
        botNode.hooks.afterTurn = { _ in crowd.flush() }
        botNode.hooks.nextWake = { crowd.nextWake }
    }

    private static func makeBots(
        _ options: SimulationOptions, _ brain: BrainType, _ context: BotContext, _ random: inout SeededRandom
    ) -> [Bot] {
        (0..<options.bots).map { index in
            let start = Instant(nanoseconds: rampTime.nanoseconds * Int64(index) / Int64(options.bots))
            var settings = BotSettings(
                lobby: "lobby-\(index % options.lobbies)", name: "bot-\(index)", brain: brain, seed: random.next(),
                startAt: start, endAt: start + options.playTime)
            settings.dialect = index % 2 == 0 ? .plain : .socketIO
            settings.options = options.gameOptions
            settings.cutEvery = options.cutEvery
            settings.compresses = options.compresses
            return Bot(settings, context)
        }
    }

    /// Lets the world run until every bot has come to its end, or half a minute longer than it should take.
    package func run() -> SimulationResult {
        let limit = time.now + Self.rampTime + options.playTime + .seconds(30)
        while !crowd.isFinished, time.now < limit {
            time.run(for: .milliseconds(100))
        }
        return result
    }

    /// What has happened so far.
    package var result: SimulationResult {
        let expected = BotExpectations(
            bots: options.bots, playTime: options.playTime, cutEvery: options.cutEvery)
        var failures = context.report.failures(expected)
        for hosted in servers.flatMap(\.lobbies) where hosted.lobby.seats.takenCount > 0 {
            failures.append("\(hosted.lobby.seats.takenCount) seats of lobby \(hosted.id) are still taken.")
        }
        let counters = servers.reduce(into: Counters()) { $0.add($1.counted) }
        return SimulationResult(
            seed: options.seed, virtualTime: time.now - .zero, events: time.eventCount,
            deliveries: network.trace.deliveryCount, bytes: network.trace.deliveredByteCount,
            traceHash: network.trace.hash, report: context.report, counters: counters, failures: failures)
    }
}

/// How a simulated world ended.
package struct SimulationResult {
    /// The seed that brings it back.
    package let seed: UInt64
    /// How much time passed in the world.
    package let virtualTime: Interval
    /// How many events the world ran.
    package let events: Int
    /// How many times bytes were delivered, and how many.
    package let deliveries: Int
    package let bytes: Int
    /// The hash over every delivery: instant, connection, direction, bytes.
    package let traceHash: UInt64
    /// What the bots saw.
    package let report: BotReport
    /// What the server counted.
    package let counters: Counters
    /// What did not happen as expected, a sentence each; empty when all is well.
    package let failures: [String]
}

/// Opens pipes of the simulated network for the bots.
private final class SimulatedDialer: Dialer {
    private let network: SimulatedNetwork
    private let node: SimulatedNode
    private let ports: [String]
    private let conditions: NetworkConditions
    /// Which loop a connection comes to.
    private var random: SeededRandom

    init(
        network: SimulatedNetwork, node: SimulatedNode, ports: [String], _ conditions: NetworkConditions, seed: UInt64
    ) {
        self.network = network
        self.node = node
        self.ports = ports
        self.conditions = conditions
        random = SeededRandom(seed: seed)
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        let port = ports[ports.count == 1 ? 0 : random.int(in: 0...ports.count - 1)]
        network.connect(from: node, to: port, conditions, handler: handler) { result in
            completion(result.map { $0 }.mapError { DialError("\($0)") })
        }
    }
}
