import BotCore
import ByteKit
import ClientCore
import Determinism
import GameKit
import Games
import ServerCore
import SimulatedWorld
import Testing

/// The real server and bots of every kind, by way of the bots' own relay, in virtual time.
private final class HabitWorld {
    let time = SimulatedTime()
    let network: SimulatedNetwork
    let server: Server
    let relay: LinkRelay
    private(set) var reports: [BotReport] = []
    private(set) var lines: [LinkedDialer] = []
    private(set) var bots: [Bot] = []
    private var crowd: BotCrowd?

    /// - Parameters:
    ///   - link: The line of each bot, and the kinds of bots.
    ///   - patience: How long the server waits for the answer to a heartbeat, in seconds.
    init(
        seed: UInt64, _ kinds: [(BotBehaviour, ClientDialect)], seconds: Int, link: NetworkConditions? = nil,
        patience: Int = 2
    ) throws {
        let time = time
        var random = SeededRandom(seed: seed)
        let network = SimulatedNetwork(time: time, random: &random)
        var settings = ServerSettings()
        (settings.heartbeatInterval, settings.heartbeatTimeout) = (.seconds(4), .seconds(patience))
        let server = Server(
            settings: settings, games: BuiltInGames.all, hooks: ServerHooks(),
            entropy: SeededRandom(seed: random.next()), clock: { time.now })
        var hooks = SimulatedNode.Hooks()
        hooks.advance = { _ in server.advance() }
        hooks.afterTurn = { _ in server.flush() }
        hooks.nextWake = { server.nextWake }
        network.listen(on: "server", node: network.addNode("server", hooks)) { stream in
            server.accept(stream, peer: PeerAddress(ipv4: 0x0A00_0000 + UInt32(stream.connection), port: 1))
        }
        let relay = LinkRelay(seed: seed) { time.now }
        let node = network.addNode("bots")
        let pipes = PipeDialer(network, node)
        let brain = try #require(BuiltInGames.brains.first { $0.gameName == "arena" })
        let main = BotContext(dialer: pipes) { time.now }
        for (index, kind) in kinds.enumerated() {
            var bot = BotSettings(
                lobby: "habits", name: "bot \(index)", brain: brain, seed: random.next(), startAt: .zero,
                endAt: .zero + .seconds(seconds))
            (bot.behaviour, bot.dialect, bot.asksTime) = (kind.0, kind.1, true)
            let line = LinkedDialer(link, through: relay, to: pipes)
            let report = BotReport()
            let client = ClientContext(dialer: line, queue: main.queue, traffic: report.traffic) { time.now }
            bots.append(Bot(bot, BotContext(client: client, report: report, sharing: main)))
            reports.append(report)
            lines.append(line)
        }
        let crowd = BotCrowd(bots, main)
        (self.network, self.server, self.relay, self.crowd) = (network, server, relay, crowd)
        node.hooks.advance = { _ in
            relay.advance()
            crowd.advance()
        }
        node.hooks.afterTurn = { _ in crowd.flush() }
        node.hooks.nextWake = {
            guard let relayed = relay.nextWake else { return crowd.nextWake }
            return crowd.nextWake.map { min($0, relayed) } ?? relayed
        }
    }

    func run(seconds: Int) { time.run(for: .seconds(seconds)) }

    deinit { network.tearDown() }
}

/// Opens pipes to the world's server.
private final class PipeDialer: Dialer {
    private let network: SimulatedNetwork
    private let node: SimulatedNode

    init(_ network: SimulatedNetwork, _ node: SimulatedNode) { (self.network, self.node) = (network, node) }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        network.connect(from: node, to: "server", .lan, handler: handler) { result in
            completion(result.map { $0 }.mapError { DialError("\($0)") })
        }
    }
}

@Suite("Bots of every habit, and the server (simulator/scenarios/README.md)")
struct BehaviourTests {
    private static let dialects: [ClientDialect] = [.plain, .socketIO, .polling, .compact]

    @Test(arguments: BotBehaviour.allCases.filter { $0.verdict != nil }, dialects)
    func `whoever misbehaves sees what is done about it, and who plays beside it nothing`(
        _ behaviour: BotBehaviour, _ dialect: ClientDialect
    ) throws {
        let world = try HabitWorld(seed: 77, [(.play, .plain), (.play, .socketIO), (behaviour, dialect)], seconds: 30)
        world.run(seconds: 40)
        let culprit = world.reports[2]
        let reason = culprit.firstClose ?? culprit.firstWrong ?? "–"
        #expect(
            culprit[.verdictsMet] == 1 && culprit[.verdictsMissed] == 0, "\(behaviour), \(culprit.closes): \(reason)")
        #expect(culprit[.wrongSnapshots] == 0 && culprit[.hashMismatches] == 0)
        for player in world.reports.prefix(2) {
            let failures = player.failures(BotExpectations(bots: 1, playTime: .seconds(30)))
            #expect(failures.isEmpty, "\(failures)")
            #expect(player.milliseconds(.snapshotAge, atPercentile: 99) < 60)
        }
    }

    @Test(arguments: LinkProfile.allCases)
    func `players stay in step on every line, and measure what it is like`(_ profile: LinkProfile) throws {
        let kinds = (0..<6).map { (BotBehaviour.play, Self.dialects[$0 % 3]) }
        // What is lost on 3G, and lost again, takes longer than two seconds with nine seeds of ten.
        let patience = profile == .mobile3G ? 6 : 2
        let world = try HabitWorld(
            seed: 78, kinds, seconds: 30, link: profile.conditions, patience: patience)
        world.run(seconds: 60)
        var ages: [Double] = []
        for report in world.reports {
            let failures = report.failures(BotExpectations(bots: 1, playTime: .seconds(30)))
            // On a line that may be silent for three seconds a heartbeat of six may be missed.
            if ![.terrible, .awful].contains(profile) { #expect(failures.isEmpty, "\(profile): \(failures)") }
            #expect(report[.hashMismatches] == 0 && report[.wrongSnapshots] == 0)
            #expect(report.count(of: .inputToEffect) > ([.terrible, .awful].contains(profile) ? 0 : 5))
            let trip = profile.conditions.up.latency + profile.conditions.down.latency
            #expect(report.milliseconds(.roundTrip, atPercentile: 50) >= trip.milliseconds)
            #expect(report.milliseconds(.inputToEffect, atPercentile: 50) >= trip.milliseconds)
            ages.append(report.milliseconds(.snapshotAge, atPercentile: 50))
        }
        #expect(ages.allSatisfy { $0 >= profile.conditions.down.latency.milliseconds * 0.7 }, "\(ages)")
    }

    @Test(arguments: [[LinkWay.up], [.down], [.up, .down]])
    func `lines that die without a word are found by heartbeats, and everyone has their seat back`(
        _ ways: [LinkWay]
    ) throws {
        let kinds = (0..<4).map { (BotBehaviour.play, Self.dialects[$0 % 2]) }
        let world = try HabitWorld(seed: 79, kinds, seconds: 40)
        world.run(seconds: 5)
        for (bot, line) in zip(world.bots, world.lines) {
            bot.expectLoss()
            for way in ways { line.lose(way) }
        }
        world.run(seconds: 50)
        for report in world.reports {
            let failures = report.failures(BotExpectations(bots: 1, playTime: .seconds(40)))
            #expect(failures.isEmpty, "\(failures)")
            #expect(report[.resumes] == 1)
            #expect(report.milliseconds(.reconnectTime, atPercentile: 100) < 1_000)
        }
        #expect(world.server.counted[.heartbeatsMissed] <= 4)
    }
}
