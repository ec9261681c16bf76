package import ByteKit
package import Determinism
package import GameKit
package import ServerCore

/// One server process of the world: its loops, their mailboxes, and the ports it listens on. It can be slow, stand still, be drained,
/// be killed and be started again; what comes after a kill knows nothing of what was before.
package final class SimulatedServer {
    /// How long connections may take to end once a drain has closed them, as `LoopHost` lets them.
    private static let lastCall = Interval.seconds(1)

    private let network: SimulatedNetwork
    private var time: SimulatedTime { network.time }
    private let settings: ServerSettings
    private let games: [GameType]
    private let seed: UInt64
    private let name: String
    /// How many loops it has.
    package let loopCount: Int

    /// The server core of each loop; empty while the process is not there.
    package private(set) var servers: [Server] = []
    /// The process of each loop.
    package private(set) var nodes: [SimulatedNode] = []
    /// The clock of each loop.
    package private(set) var clocks: [SimulatedClock] = []
    /// How often it has been started.
    package private(set) var lives = 0
    /// The loops' mailboxes, which hold the servers that hold them.
    private var mailboxes: SimulatedLoops?
    /// When a drain that is over has closed what was left.
    private var closedAt: Instant?

    /// Who a connection comes from. Each has an address of its own unless told otherwise: what one address may do is not what is
    /// simulated.
    package var peer: (SimulatedStream) -> PeerAddress = { stream in
        PeerAddress(ipv4: 0x0A00_0000 + UInt32(stream.connection & 0xFF_FFFF), port: 1)
    }
    /// What stands between the network and the server: nothing, or a bug that was planted there.
    package var wrap: (SimulatedStream) -> any ByteStream = { $0 }
    /// Whether the process has no descriptor for a connection that has come, which is then closed (`EMFILE`).
    package var failsToAccept: () -> Bool = { false }
    /// Told of a connection, and whether it was let in.
    package var accepted: (SimulatedStream, Bool) -> Void = { _, _ in }
    /// Makes each loop's server ready, before its first connection.
    package var prepare: (Server) -> Void = { _ in }
    /// The end of a loop's turn, with all that came of it flushed.
    package var turnEnded: ((Int) -> Void)?
    /// Whether a drain that is over ends the process, as it does in production; else whoever drives the world does that.
    package var finishesDrain = false
    /// Told when a drain has ended the process.
    package var drained: () -> Void = {}

    /// What clients dial; each loop after the first has a port of its own, in place of one that the kernel shares out.
    package static func port(of loop: Int, named name: String = "server") -> String {
        loop == 0 ? name : "\(name)-\(loop)"
    }

    /// A process that has not been started.
    ///
    /// - Parameters:
    ///   - seed: Decides how long batches from loop to loop take.
    ///   - name: What its ports are called by (``port(of:named:)``): another one for each server of a network.
    package init(
        loops: Int, settings: ServerSettings, games: [GameType], in network: SimulatedNetwork, seed: UInt64,
        name: String = "server"
    ) {
        self.name = name
        loopCount = loops
        self.settings = settings
        self.games = games
        self.network = network
        self.seed = seed
    }

    /// Whether the process is there, standing still or not.
    package var isRunning: Bool { !servers.isEmpty }

    /// Starts the process; each loop's entropy is drawn from `random`.
    ///
    /// - Precondition: It is not running.
    package func start(_ random: inout SeededRandom) {
        precondition(!isRunning, "a process is started once")
        lives += 1
        let loops = SimulatedLoops(
            count: loopCount, settings.admission, in: network,
            random: SeededRandom(seed: seed &+ UInt64(lives - 1)))
        mailboxes = loops
        for loop in 0..<loopCount {
            let clock = SimulatedClock(time)
            let server = Server(
                settings: settings, games: games, hooks: ServerHooks(), entropy: SeededRandom(seed: random.next()),
                links: loops.links(of: loop), clock: { clock.read() })
            let node = network.addNode(Self.port(of: loop, named: name), hooks(of: server, loop))
            servers.append(server)
            nodes.append(node)
            clocks.append(clock)
            loops.add(server, node)
            prepare(server)
            network.listen(on: Self.port(of: loop, named: name), node: node) { [unowned self] stream in
                accept(stream, server)
            }
        }
    }

    private func hooks(of server: Server, _ loop: Int) -> SimulatedNode.Hooks {
        var hooks = SimulatedNode.Hooks()
        hooks.advance = { _ in server.advance() }
        hooks.afterTurn = { [unowned self] _ in
            server.flush()
            endTurn(server, loop)
        }
        hooks.nextWake = { [unowned self] in nextWake(of: server) }
        return hooks
    }

    private func accept(_ stream: SimulatedStream, _ server: Server) {
        guard !failsToAccept() else { return stream.close(.now) }
        accepted(stream, server.accept(wrap(stream), peer: peer(stream)))
    }

    private func endTurn(_ server: Server, _ loop: Int) {
        if finishesDrain, server.isDrained { finishDrain(server) }
        turnEnded?(loop)
        guard loop < clocks.count, case let owed = clocks[loop].settle(), owed > .zero else { return }
        let node = nodes[loop]
        node.pause()
        time.schedule(at: time.now + owed) { node.resume() }
    }

    private func nextWake(of server: Server) -> Instant? {
        guard finishesDrain, let deadline = server.drainDeadline else { return server.nextWake }
        let next = closedAt.map { $0 + Self.lastCall } ?? deadline
        return server.nextWake.map { min($0, next) } ?? next
    }

    /// Ends what is left, then the process: once all have gone, or at the last call.
    private func finishDrain(_ server: Server) {
        guard let closedAt else {
            self.closedAt = time.now
            for (loop, server) in servers.enumerated() {
                network.stopListening(on: Self.port(of: loop, named: name))
                nodes[loop].call(at: time.now) { server.closeAll() }
            }
            return
        }
        let isOver = time.now >= closedAt + Self.lastCall || servers.allSatisfy { $0.connectionCount == 0 }
        guard isOver, time.now > closedAt else { return }
        time.schedule(at: time.now) { [self] in
            guard isRunning, self.closedAt == closedAt else { return }
            kill()
            drained()
        }
    }

    /// Ends the process without a word to it.
    package func kill() {
        for node in nodes { network.crash(node) }
        servers = []
        nodes = []
        clocks = []
        closedAt = nil
        mailboxes?.tearDown()
        mailboxes = nil
    }

    deinit { mailboxes?.tearDown() }

    /// Stops all loops, or lets them go on.
    package func setPaused(_ isPaused: Bool) {
        for node in nodes { if isPaused { node.pause() } else { node.resume() } }
    }
}
