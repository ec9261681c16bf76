internal import BotCore
internal import ByteKit
import ClientCore
internal import Determinism
package import GameKit
import LobbyCore
internal import ServerCore

/// The whole stack under one seed: the server's loops, players, listeners and hostile clients, and what befalls them; with every
/// invariant checked all the while (docs/decisions/0027-world.md).
///
/// It goes through three times: faults, healing, after which everybody must be back and in step, and the end, after which nothing may be
/// left. It stops at the first breach.
package final class World {
    /// How long everybody is watched once all must be well, and how old their state may be then.
    private static let watchTime = Interval.seconds(3)
    /// How long leaving may take, and until when nothing may be left.
    private static let leaveTime = Interval.seconds(20)
    private static let emptyTime = Interval.seconds(120)

    private let plan: WorldPlan
    private let time = SimulatedTime()
    /// The world's network; its trace is what two runs are compared by.
    package let network: SimulatedNetwork
    private let process: SimulatedServer
    private let breaches: BreachList
    private let tokens: TokenCheck
    private let wire: WireCheck
    private let pulse: WorldPulse
    private var checks: [ServerCheck] = []
    private var crews: [Crew] = []
    private var cheaters: Crew?
    private var listeners: [Listener] = []
    private var attackers: [Attacker] = []
    private var listenerNode: SimulatedNode?
    /// The second server, for listeners.
    private var twin: WorldTwin?
    private var faults: WorldFaults?
    private var random: SeededRandom
    private var acceptRandom: SeededRandom
    private var isHealed = false
    /// What was shown of each lobby.
    private let lobbyLogs: LobbyLogs

    /// A world at its first instant.
    package init(_ plan: WorldPlan, games: [GameType], brains: [BrainType]) {
        self.plan = plan
        let time = time
        var random = SeededRandom(seed: plan.seed ^ plan.ambience)
        network = SimulatedNetwork(time: time, random: &random)
        breaches = BreachList(time)
        tokens = TokenCheck(breaches)
        wire = WireCheck(tokens, breaches, time, loops: plan.loops)
        network.witness = wire
        let logs = LobbyLogs()
        self.lobbyLogs = logs
        process = SimulatedServer(
            loops: plan.loops, settings: Self.settings(plan), games: games, in: network, seed: random.next())
        pulse = WorldPulse(process, time, plan, tokens) { logs[$0] }
        acceptRandom = SeededRandom(seed: random.next())
        self.random = random
        if plan.hasTwin {
            let twin = WorldTwin(plan, Self.settings(plan), games, network, wire, breaches) { logs[$0] }
            self.twin = twin
            pulse.twin = twin
        }
        populate(brains[plan.game])
        prepareProcess()
        process.start(&self.random)
        pulse.start()
    }

    deinit { network.tearDown() }

    private static func settings(_ plan: WorldPlan) -> ServerSettings {
        var settings = ServerSettings()
        settings.heartbeatInterval = plan.heartbeatInterval
        settings.heartbeatTimeout = plan.heartbeatTimeout
        settings.outboxBytesMax = plan.planted == .hoard ? 1 << 24 : plan.outboxBytes
        settings.admission.connectionsMax = plan.connectionsMax
        settings.compressesMessages = plan.compresses
        return settings
    }

    // MARK: Who is in it

    private func populate(_ brain: BrainType) {
        let ports = (0..<plan.loops).map { SimulatedServer.port(of: $0) }
        let players = (0..<plan.players).map { player($0) }
        for number in 0..<plan.crews {
            let own = players.indices.filter { $0 % plan.crews == number }.map { players[$0] }
            let drift = plan.drift * random.double(in: -1...1)
            crews.append(
                Crew(
                    "crew-\(number)", own, brain: brain, compresses: plan.compresses, drift: drift, network,
                    ports: ports,
                    isHealed: { [unowned self] in isHealed }
                ) { PlayerCheck($0.name, in: $0.lobby, tokens, breaches, time) })
        }
        if plan.cheaters > 0 { populateDen(brain, ports) }
        let lobbies = (0..<plan.lobbies).map { "lobby-\($0)" }
        for number in 0..<plan.attackers {
            let attacker = Attacker(number, network, ports: ports, lobbies: lobbies, seed: plan.seed &+ UInt64(number))
            attacker.onlyOverlaps = plan.planted == .secondPoll
            attackers.append(attacker)
        }
        if plan.listeners > 0 { populateRooms(ports) }
    }

    private var endAt: Instant { .zero + plan.rampTime + plan.faultTime + plan.healTime + Self.watchTime + .seconds(1) }

    private func player(_ index: Int) -> Crew.Player {
        let line = plan.lines[random.int(in: 0...plan.lines.count - 1)]
        let ramp = plan.rampTime.nanoseconds / 2 * Int64(index) / Int64(plan.players)
        var player = Crew.Player(
            name: "player-\(index)", lobby: lobbyLogs["lobby-\(index % plan.lobbies)"],
            dialect: [.plain, .socketIO, .polling][index % 3], line: line.conditions, seed: random.next(),
            start: Instant(nanoseconds: ramp), end: endAt)
        if plan.planted == .straggler, index == 0 { player.end = endAt + .seconds(600) }
        return player
    }

    /// Those who misbehave as players, in a lobby of their own.
    private func populateDen(_ brain: BrainType, _ ports: [String]) {
        let kinds = BotBehaviour.allCases.filter { $0.verdict != nil }
        let seats = min(plan.cheaters, brain.gameName == "tictactoe" ? 2 : plan.cheaters)
        let cheaters = (0..<seats).map { index in
            Crew.Player(
                name: "cheater-\(index)", lobby: lobbyLogs["den"], dialect: [.plain, .socketIO, .polling][index % 3],
                behaviour: kinds[random.int(in: 0...kinds.count - 1)], line: .broadband, seed: random.next(),
                start: .zero + plan.rampTime, end: .zero + plan.rampTime + plan.faultTime)
        }
        self.cheaters = Crew(
            "cheaters", cheaters, brain: brain, compresses: false, drift: 0, network, ports: ports, isHealed: { true }
        ) { _ in nil }
    }

    private func populateRooms(_ ports: [String]) {
        let node = network.addNode("listeners")
        let dialer = WorldDialer(network, node, ports, plan.lines[0].conditions, seed: random.next()) {
            [unowned self] in isHealed
        }
        let context = ClientContext(dialer: twin.map { $0.dialer(besides: dialer) } ?? dialer) { [time] in time.present
        }
        listeners = (0..<plan.listeners).map {
            Listener($0, plan, seed: random.next(), context, breaches, time, isLost: twin?.isLost)
        }
        let listeners = listeners
        node.hooks.advance = { now in for listener in listeners { listener.advance(now) } }
        node.hooks.afterTurn = { _ in context.queue.flush() }
        node.hooks.nextWake = { listeners.compactMap(\.deadline).min() }
        node.call(at: .zero + .milliseconds(500)) { for listener in listeners { listener.start() } }
        listenerNode = node
    }

    // MARK: The server

    private func prepareProcess() {
        process.finishesDrain = plan.planted != .endlessDrain
        process.peer = { stream in
            let name = stream.peerNode?.name ?? ""
            let isHostile = name.hasPrefix(Attacker.nodeName) || name.hasPrefix(Attacker.pollerName)
            // All that an attacker opens is of one address; others have one for each connection.
            let address =
                isHostile ? 0x0B00_0000 + UInt32(name.utf8.last ?? 0) : 0x0A00_0000 + UInt32(stream.connection)
            return PeerAddress(ipv4: address, port: 1)
        }
        process.failsToAccept = { [unowned self] in
            plan.acceptFailures > 0 && faults != nil && !isHealed && acceptRandom.comes(plan.acceptFailures)
        }
        process.accepted = { [unowned self] stream, isLetIn in if !isLetIn { wire.refused(stream.connection) } }
        process.prepare = { [unowned self] server in
            if plan.listeners > 0 {
                let hub = Listener.serve(server, plan)
                if pulse.hubs.isEmpty { twin?.join(hub, process.nodes[0]) }
                pulse.hubs.append(hub)
            }
            let clock = process.clocks[checks.count]
            let check = ServerCheck(server, clock, plan, breaches, time) { [lobbyLogs] in lobbyLogs[$0] }
            checks.append(check)
        }
        process.turnEnded = { [unowned self] loop in
            if loop < checks.count { checks[loop].turnEnded() }
            wire.turnEnded()
        }
        process.drained = { [unowned self] in faults?.drained() }
        if let wrap = PlantedBugs.wrap(plan.planted) { process.wrap = wrap }
    }

    /// Ends what is known of a process that is gone, and starts another.
    private func restart() {
        checks = []
        pulse.hubs = []
        process.start(&random)
    }

    // MARK: Its course

    /// Lets everything happen, up to the first breach.
    package func run() -> WorldVerdict {
        run(for: plan.rampTime)
        befall()
        run(for: plan.faultTime)
        heal()
        run(for: plan.healTime)
        run(for: Self.watchTime)
        checkHealed()
        run(until: Self.leaveTime) { self.crews.allSatisfy(\.isFinished) }
        checkLeft()
        run(for: Self.emptyTime)
        checkEmpty()
        return verdict
    }

    private var isBroken: Bool { !breaches.all.isEmpty }

    private func run(for length: Interval) { run(until: length) { false } }

    /// Runs until something holds, for so long at most; not on from a breach.
    private func run(until longest: Interval, _ isEnough: () -> Bool) {
        let end = time.now + longest
        while time.now < end, !isBroken, !isEnough() {
            time.runUntil(min(end, time.now + .milliseconds(100)))
            if let due = faults?.drainDue, time.now > due, process.isRunning {
                breaches.note(.drain, "a drain has not ended \((due - .zero).seconds) s into the world")
            }
        }
    }

    private func befall() {
        guard !isBroken else { return }
        let faults = WorldFaults(
            plan, network, process, crews: crews.map(\.node) + [listenerNode].compactMap { $0 }, twin?.redis,
            until: time.now + plan.faultTime
        ) { [unowned self] in restart() }
        self.faults = faults
        faults.start()
        for attacker in attackers {
            attacker.struck = { [unowned self] in if plan.planted == .crosstalk { PlantedBugs.crosstalk(process, time) }
            }
            attacker.start()
        }
        PlantedBugs.plant(plan.planted, in: process, checks, network, time)
    }

    private func heal() {
        isHealed = true
        for pipe in network.livePipes where plan.lines != [.perfect] { pipe.change(to: .broadband) }
        for attacker in attackers { attacker.stop() }
        process.setPaused(false)
        for crew in crews { crew.node.resume() }
        listenerNode?.resume()
        for clock in process.clocks { clock.readingCost = .zero }
        if !process.isRunning { restart() }
        twin?.redis.heal()
    }

    // MARK: What must hold at its ends

    private func checkHealed() {
        guard !isBroken else { return }
        var holders: [String: String] = [:]
        for (bot, check) in crews.flatMap({ zip($0.bots, $0.checks) }) {
            guard bot.state == .playing, let seat = bot.seat else {
                // Between two games it is on its way from one lobby to the next.
                if time.now - check.lastStateAt <= Self.watchTime { continue }
                breaches.note(
                    .convergence, "\(check.name) is \(bot.state) when all has been well for long: \(reason(of: bot))")
                continue
            }
            if let other = holders.updateValue(check.name, forKey: "\(seat.number) of \(seat.lobby)") {
                breaches.note(.oneOwner, "\(check.name) and \(other) both hold seat \(seat.number) of \(seat.lobby)")
            }
            let hosted = process.servers.compactMap { $0.lobby(seat.lobby) }.first
            guard hosted?.lobby.match.isGameOn == true, hosted?.lobby.isPaused == false else { continue }
            if time.now - check.lastStateAt > Self.watchTime {
                breaches.note(
                    .convergence, "\(check.name) has had no state for \((time.now - check.lastStateAt).seconds) s")
            }
        }
        checkReports()
        for listener in listeners {
            listener.checkEchoes()
            listener.checkNews(Self.watchTime)
        }
        twin?.checkQuestions()
        wire.checkWaiting(plan.heartbeatInterval + plan.heartbeatTimeout + .seconds(12))
    }

    private func reason(of bot: Bot) -> String {
        bot.report.firstRefusal ?? bot.report.firstClose ?? "nobody knows why"
    }

    private func checkReports() {
        for report in crews.flatMap(\.reports) {
            if report[.hashMismatches] + report[.wrongSnapshots] > 0 {
                breaches.note(
                    .convergence, "a snapshot could not be applied: \(report.firstWrong ?? "its hash differs")")
            }
            if report[.malformedAnswers] > 0 {
                breaches.note(.order, "an answer of the server was malformed: \(report.firstClose ?? "–")")
            }
        }
    }

    private func checkLeft() {
        guard !isBroken else { return }
        if plan.planted != .straggler, !crews.allSatisfy(\.isFinished) {
            breaches.note(.convergence, "a player could not leave")
        }
        pulse.stop()
        listenerNode?.call(at: time.now) { [listeners] in for listener in listeners { listener.stop() } }
    }

    private func checkEmpty() {
        guard !isBroken else { return }
        for listener in listeners { listener.checkEchoes() }
        twin?.checkQuestions()
        for (loop, server) in (process.servers + (twin?.servers ?? [])).enumerated() {
            let census = server.census
            if !census.isEmpty { breaches.note(.nothingLeft, "loop \(loop) has \(census)") }
            if server.nextWake != nil { breaches.note(.nothingLeft, "loop \(loop) still wants to be woken") }
        }
        for pipe in network.livePipes where pipe.server.state == .open {
            breaches.note(.nothingLeft, "connection #\(pipe.connection) of \(pipe.client.node.name) is open")
        }
    }

    private var verdict: WorldVerdict {
        var verdict = WorldVerdict(seed: plan.seed, breaches: breaches.all)
        verdict.virtualTime = time.now - .zero
        verdict.events = time.eventCount
        verdict.bytes = network.trace.deliveredByteCount
        verdict.traceHash = network.trace.hash
        verdict.lobbyTraces = (0..<plan.lobbies).map { lobbyLogs["lobby-\($0)"].traceHash }
        verdict.faults = faults?.count ?? 0
        for report in crews.flatMap(\.reports) {
            verdict.joins += report[.joins]
            verdict.resumes += report[.resumes]
            verdict.snapshots += report[.snapshots]
        }
        verdict.placesTaken = twin?.redis.takenCount ?? 0
        verdict.recoveries = listeners.reduce(0) { $0 + $1.recoveries }
        return verdict
    }
}

/// The logs of a world's lobbies, by id; looked up only.
final class LobbyLogs {
    private var logs: [String: LobbyLog] = [:]

    subscript(_ id: String) -> LobbyLog {
        if let log = logs[id] { return log }
        let log = LobbyLog(id)
        logs[id] = log
        return log
    }
}
