internal import BotCore
internal import ByteKit
import ClientCore
internal import Determinism
internal import GameKit

/// A process of the world with players in it, and with a clock of its own, which may be fast or slow.
final class Crew {
    let node: SimulatedNode
    let bots: [Bot]
    let checks: [PlayerCheck]
    let reports: [BotReport]
    private let crowd: BotCrowd

    /// One of its players.
    struct Player {
        var name: String
        var lobby: LobbyLog
        var dialect: ClientDialect
        var behaviour = BotBehaviour.play
        var line: NetworkConditions
        var seed: UInt64
        var start: Instant
        var end: Instant
    }

    /// - Parameter drift: By how much its clock is fast: 0.02 is 2 %.
    init(
        _ name: String, _ players: [Player], brain: BrainType, compresses: Bool, drift: Double,
        _ network: SimulatedNetwork,
        ports: [String], isHealed: @escaping () -> Bool, check: (Player) -> PlayerCheck?
    ) {
        let time = network.time
        /// What the process takes for the time; an instant of it in the world's.
        func local(_ instant: Instant) -> Instant {
            drift == 0 ? instant : Instant(nanoseconds: Int64(Double(instant.nanoseconds) * (1 + drift)))
        }
        func world(_ instant: Instant) -> Instant {
            drift == 0 ? instant : Instant(nanoseconds: Int64(Double(instant.nanoseconds) / (1 + drift)) + 1_000)
        }
        let node = network.addNode(name)
        self.node = node
        let clock = { local(time.present) }
        let main = BotContext(dialer: WorldDialer(network, node, ports, .perfect, seed: 0, isHealed), clock: clock)
        var bots: [Bot] = []
        var checks: [PlayerCheck] = []
        var reports: [BotReport] = []
        for player in players {
            var settings = BotSettings(
                lobby: player.lobby.id, name: player.name, brain: brain, seed: player.seed,
                startAt: local(player.start),
                endAt: local(player.end))
            settings.dialect = player.dialect
            settings.behaviour = player.behaviour
            settings.compresses = compresses
            settings.joinTimeout = .seconds(6)
            settings.asksTime = true
            let dialer = WorldDialer(network, node, ports, player.line, seed: player.seed, isHealed)
            let report = BotReport()
            let client = ClientContext(dialer: dialer, queue: main.queue, traffic: report.traffic, clock: clock)
            let context = BotContext(client: client, report: report, sharing: main)
            if let check = check(player) {
                context.witness = check
                checks.append(check)
            }
            bots.append(Bot(settings, context))
            reports.append(report)
        }
        let crowd = BotCrowd(bots, main)
        (self.bots, self.checks, self.reports, self.crowd) = (bots, checks, reports, crowd)
        node.hooks.advance = { _ in crowd.advance() }
        node.hooks.afterTurn = { _ in crowd.flush() }
        node.hooks.nextWake = { crowd.nextWake.map(world) }
    }

    var isFinished: Bool { crowd.isFinished }
}

/// Opens pipes to one of the server's loops: on a player's own line, and on a good one once the world is healed.
final class WorldDialer: Dialer {
    private let network: SimulatedNetwork
    private let node: SimulatedNode
    private let ports: [String]
    private let line: NetworkConditions
    private let isHealed: () -> Bool
    private var random: SeededRandom

    init(
        _ network: SimulatedNetwork, _ node: SimulatedNode, _ ports: [String], _ line: NetworkConditions, seed: UInt64,
        _ isHealed: @escaping () -> Bool
    ) {
        self.network = network
        self.node = node
        self.ports = ports
        self.line = line
        self.isHealed = isHealed
        random = SeededRandom(seed: seed ^ 0x6469_616C)
    }

    /// One like it, to other ports.
    func with(ports: [String]) -> WorldDialer {
        var random = random
        return WorldDialer(network, node, ports, line, seed: random.next(), isHealed)
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        let port = ports[ports.count == 1 ? 0 : random.int(in: 0...ports.count - 1)]
        network.connect(from: node, to: port, isHealed() ? .broadband : line, handler: handler) { [isHealed] result in
            // The world may have healed since.
            if isHealed(), case .success(let stream) = result { stream.change(to: .broadband) }
            completion(result.map { $0 }.mapError { DialError("\($0)") })
        }
    }
}
