internal import BotCore
internal import Determinism
internal import ServerCore

/// What befalls a world between its first seconds and its healing: every 100 ms each kind of fault comes or does not. All of it is over
/// when the world heals, but for connections that are dead, which their ends have to find out.
final class WorldFaults {
    private static let interval = Interval.milliseconds(100)

    private let network: SimulatedNetwork
    private let process: SimulatedServer
    private let crews: [SimulatedNode]
    private let redis: WorldRedis?
    private let plan: WorldPlan
    private let rates: WorldPlan.Rates
    private let end: Instant
    private var random: SeededRandom
    /// Starts the server again.
    private let restart: () -> Void
    /// How many faults there have been.
    private(set) var count = 0
    /// Whether a drain is under way: then the process neither stands still nor is slow, so that its limit can be checked.
    private(set) var drainDue: Instant?

    init(
        _ plan: WorldPlan, _ network: SimulatedNetwork, _ process: SimulatedServer, crews: [SimulatedNode],
        _ redis: WorldRedis?, until end: Instant, restart: @escaping () -> Void
    ) {
        self.redis = redis
        self.plan = plan
        rates = plan.rates
        self.network = network
        self.process = process
        self.crews = crews
        self.end = end
        self.restart = restart
        random = SeededRandom(seed: plan.seed ^ 0x6661_756C_7473)
    }

    private var time: SimulatedTime { network.time }

    /// Begins; what a plan has at an instant comes then.
    func start() {
        for kill in plan.kills { time.schedule(at: time.now + kill) { [self] in killServer() } }
        for drain in plan.drains { time.schedule(at: time.now + drain) { [self] in drainServer() } }
        tick()
    }

    private func tick() {
        guard time.now < end else { return }
        befallConnections()
        befallProcesses()
        if let redis { befall(redis) }
        time.schedule(at: time.now + Self.interval) { [weak self] in self?.tick() }
    }

    /// Whether something comes in this tick that comes so often in a second for each of so many.
    private func comes(_ perSecond: Double, of many: Int = 1) -> Bool {
        random.comes(perSecond * Double(many) * Self.interval.seconds)
    }

    /// A length from nothing to so much, that ends before the world heals; short ones are as likely as long ones.
    private func length(_ most: Interval) -> Interval {
        let share = random.unit()
        let drawn = Interval(nanoseconds: Int64(share * share * Double(most.nanoseconds)) + 1)
        return max(min(drawn, end - time.now), Interval(nanoseconds: 1))
    }

    // MARK: Connections

    private func befallConnections() {
        let live = network.livePipes.count
        func draw(_ rate: Double) -> SimulatedPipe? {
            guard comes(rate, of: live), let pipe = network.drawPipe(&random) else { return nil }
            count += 1
            return pipe
        }
        if let pipe = draw(rates.resets) {
            switch random.int(in: 0...2) {
            case 0: pipe.reset()
            case 1: pipe.reset(by: .client)
            default: pipe.reset(by: .server)
            }
        }
        if let pipe = draw(rates.stalls) { pipe.stall(for: length(.seconds(20))) }
        if let pipe = draw(rates.cuts) { pipe.cut(sentBy: [nil, .client, .server][random.int(in: 0...2)]) }
        if let pipe = draw(rates.readingStalls) {
            pipe.setReadingStalled(true, at: .client)
            time.schedule(at: time.now + length(.seconds(15))) { pipe.setReadingStalled(false, at: .client) }
        }
        if let pipe = draw(rates.halfCloses) {
            pipe.client.node.call(at: time.now) { pipe.client.finishSending() }
        }
    }

    private func befall(_ redis: WorldRedis) {
        if comes(rates.redisOutages) {
            count += 1
            redis.lose(one: random.comes(0.5), for: length(.seconds(10)))
        }
        if comes(rates.redisSlowTimes) {
            count += 1
            redis.slow(by: length(.seconds(1)), for: length(.seconds(5)))
        }
        if comes(rates.redisFailovers) {
            count += 1
            redis.failOver(for: length(.seconds(4)))
        }
    }

    // MARK: Processes

    private func befallProcesses() {
        if comes(rates.clientPauses), !crews.isEmpty {
            pause(crews[random.int(in: 0...crews.count - 1)], .seconds(10))
        }
        guard process.isRunning, drainDue == nil else { return }
        if comes(rates.serverPauses) {
            if random.comes(0.5) {
                let length = length(.seconds(10))
                for node in process.nodes { pause(node, length, drawn: true) }
            } else {
                pause(process.nodes[random.int(in: 0...process.nodes.count - 1)], .seconds(10))
            }
        }
        if comes(rates.slowTimes) {
            count += 1
            let cost = Interval(nanoseconds: Int64(random.int(in: 1_000...300_000)))
            let clocks = process.clocks
            for clock in clocks { clock.readingCost = cost }
            time.schedule(at: time.now + length(.seconds(5))) { for clock in clocks { clock.readingCost = .zero } }
        }
    }

    private func pause(_ node: SimulatedNode, _ most: Interval, drawn: Bool = false) {
        guard node.condition == .running else { return }
        count += 1
        node.pause()
        time.schedule(at: time.now + (drawn ? most : length(most))) { node.resume() }
    }

    private func killServer() {
        guard process.isRunning, drainDue == nil else { return }
        count += 1
        process.kill()
        time.schedule(at: time.now + length(.seconds(4))) { [self] in
            if !process.isRunning { restart() }
        }
    }

    private func drainServer() {
        guard process.isRunning, drainDue == nil else { return }
        count += 1
        for node in process.nodes { node.resume() }
        for clock in process.clocks { clock.readingCost = .zero }
        let server = process.servers[0]
        drainDue = time.now + server.settings.drainTime + .seconds(4)
        process.nodes[0].call(at: time.now) { server.drain() }
    }

    /// A drain has ended the process.
    func drained() {
        drainDue = nil
        time.schedule(at: time.now + length(.seconds(2))) { [self] in
            if !process.isRunning { restart() }
        }
    }
}
