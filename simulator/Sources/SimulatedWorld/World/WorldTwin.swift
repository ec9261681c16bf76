internal import BotCore
internal import ByteKit
import ClientCore
internal import Determinism
internal import GameKit
internal import ServerCore

/// A second server for a world's listeners, and the Redis through which it shares rooms with the first: who loses one of them comes back
/// to either.
final class WorldTwin {
    private static let name = "twin"
    /// How long an answer to a question may take: what a hub gives other servers and its own loops, and a second.
    private static let answerTime = Interval.seconds(8)
    private static let questionInterval = Interval.seconds(2)

    /// What is between the servers.
    let redis: WorldRedis
    private let network: SimulatedNetwork
    private let process: SimulatedServer
    private let breaches: BreachList
    private var time: SimulatedTime { network.time }
    private var hubs: [SocketHub] = []
    private var check: ServerCheck?
    private let plan: WorldPlan
    /// How often each question has come to its end, and until when it must have.
    private var questions: [(ends: Int, due: Instant)] = []
    private var nextQuestion = Instant.zero

    /// Starts it. What it does draws from a generator of its own.
    init(
        _ plan: WorldPlan, _ settings: ServerSettings, _ games: [GameType], _ network: SimulatedNetwork,
        _ wire: WireCheck, _ breaches: BreachList, log: @escaping (String) -> LobbyLog
    ) {
        self.plan = plan
        self.network = network
        self.breaches = breaches
        var random = SeededRandom(seed: plan.seed ^ 0x7477_696E)
        redis = WorldRedis(network.time, random: SeededRandom(seed: random.next()))
        redis.repeatChance = plan.redisRepeats
        redis.swallows = plan.planted == .swallowedNews
        process = SimulatedServer(
            loops: 1, settings: settings, games: games, in: network, seed: random.next(), name: Self.name)
        process.accepted = { stream, isLetIn in if !isLetIn { wire.refused(stream.connection) } }
        process.prepare = { [unowned self] server in
            let hub = Listener.serve(server, plan)
            hubs.append(hub)
            join(hub, process.nodes[0])
            check = ServerCheck(server, process.clocks[0], plan, breaches, network.time, log: log)
        }
        process.turnEnded = { [unowned self] _ in
            check?.turnEnded()
            wire.turnEnded()
        }
        process.start(&random)
    }

    /// Its hub, its process, and its one server core.
    var hub: SocketHub { hubs[0] }
    var node: SimulatedNode { process.nodes[0] }
    var servers: [Server] { process.servers }

    /// Whether news got lost between the servers.
    var isLost: (WorldNews) -> Bool { { [redis] in redis.lost.contains($0) } }

    /// Joins a hub to the others through Redis; a process that is started again comes as another one.
    func join(_ hub: SocketHub, _ node: SimulatedNode) {
        let link = redis.link(node)
        let identity = ClusterIdentity(id: hub.makeServerID(named: "")) { WorldRedis.wallClock }
        let relay = StreamsRelay(hub, link, identity)
        link.hear = { [weak relay] in relay?.received(listened: $0, channel: $0, $1) }
        link.read = { [weak relay] in relay?.read($0) }
        link.began = { [weak relay] in relay?.began(at: $0) }
        link.wentDown = { [weak hub] in hub?.clusterLost() }
        hub.join(relay)
    }

    /// Opens connections to the first server for a while, then to this one, and so on.
    func dialer(besides first: WorldDialer) -> any Dialer {
        TurnsDialer(time, first, first.with(ports: [SimulatedServer.port(of: 0, named: Self.name)]))
    }

    // MARK: Questions

    /// Asks both servers for their sockets, now and then; on a turn of this one.
    func ask() {
        guard time.now >= nextQuestion else { return }
        nextQuestion = time.now + Self.questionInterval
        let index = questions.count
        questions.append((0, time.now + Self.answerTime))
        hub.namespace("/").fetch(SocketTarget()) { [weak self] _ in self?.answered(index) }
    }

    private func answered(_ index: Int) {
        questions[index].ends += 1
        if questions[index].ends > 1 { breaches.note(.acks, "a question to both servers was answered twice") }
    }

    /// Checks that every question that should have come to its end has.
    func checkQuestions() {
        for question in questions where question.ends == 0 && time.now > question.due {
            return breaches.note(.acks, "a question to both servers was neither answered nor given up")
        }
    }
}

/// Dials one server and the other in turns of some seconds.
private final class TurnsDialer: Dialer {
    private static let turn = Interval.seconds(5)

    private let time: SimulatedTime
    private let first: WorldDialer
    private let second: WorldDialer

    init(_ time: SimulatedTime, _ first: WorldDialer, _ second: WorldDialer) {
        (self.time, self.first, self.second) = (time, first, second)
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        let isSecond = time.now.nanoseconds / Self.turn.nanoseconds % 2 == 1
        (isSecond ? second : first).dial(handler, completion)
    }
}
