import BotCore
import ByteKit
import ClientCore
import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import ServerCore
import SimulatedWorld
import SocketIOCore

/// The real server with a hub, and managers, in one simulated world.
final class ClientWorld {
    let time = SimulatedTime()
    let network: SimulatedNetwork
    private(set) var server: Server
    private(set) var hub: SocketHub
    private(set) var serverNode: SimulatedNode
    let context: ClientContext
    let dialer: WorldDialer
    private let clientNode: SimulatedNode
    private let policy: EnginePolicy
    private let heartbeatTimeout: Interval
    private let codec: SocketCodec
    private let serve: (SocketHub) -> Void
    private var managers: [ClientManager] = []
    private var random: SeededRandom
    private var lives = 0

    init(
        seed: UInt64 = 1, _ conditions: NetworkConditions = .lan, policy: EnginePolicy = EnginePolicy(),
        heartbeatTimeout: Interval = .seconds(4), codec: SocketCodec = .standard,
        _ serve: @escaping (SocketHub) -> Void = ClientWorld.echo
    ) {
        var random = SeededRandom(seed: seed)
        network = SimulatedNetwork(time: time, random: &random)
        self.policy = policy
        self.heartbeatTimeout = heartbeatTimeout
        self.codec = codec
        self.serve = serve
        clientNode = network.addNode("clients")
        dialer = WorldDialer(network, clientNode, conditions)
        context = ClientContext(dialer: dialer) { [time] in time.now }
        (server, hub) = Self.makeServer(time, policy, codec, heartbeatTimeout, seed: random.next())
        serverNode = network.addNode("server")
        self.random = random
        listen()
        clientNode.hooks.advance = { [unowned self] now in for manager in managers { manager.timeReached(now) } }
        clientNode.hooks.afterTurn = { [unowned self] _ in context.queue.flush() }
        clientNode.hooks.nextWake = { [unowned self] in managers.compactMap(\.deadline).min() }
    }

    deinit { network.tearDown() }

    private static func makeServer(
        _ time: SimulatedTime, _ policy: EnginePolicy, _ codec: SocketCodec, _ heartbeatTimeout: Interval, seed: UInt64
    ) -> (Server, SocketHub) {
        var settings = ServerSettings()
        settings.admission.addressRate = AdmissionRate(perSecond: 100_000, burst: 100_000)
        settings.admission.processRate = AdmissionRate(perSecond: 100_000, burst: 100_000)
        let server = Server(
            settings: settings, games: [], hooks: ServerHooks(), entropy: SeededRandom(seed: seed),
            clock: { time.now })
        var hubSettings = SocketHubSettings()
        hubSettings.codec = codec
        let hub = SocketHub(server: server, settings: hubSettings, messageBytesMax: 100_000)
        let limits = SessionLimits(
            messageBytesMax: 100_000, fragmentsMax: 8, outboxBytesMax: 1_000_000, messagesPerSecond: nil,
            waitsForReader: true, outboxBytesCeiling: 2_000_000, compression: nil,
            heartbeatInterval: .seconds(5), heartbeatTimeout: heartbeatTimeout)
        server.endpoints["/socket.io/"] = .engine(
            hub.endpoint(
                limits: limits, policy: policy, origins: HTTPOriginRule(), cookie: EngineCookie()))
        return (server, hub)
    }

    private func listen() {
        serve(hub)
        let server = server
        serverNode.hooks.advance = { _ in server.advance() }
        serverNode.hooks.afterTurn = { _ in server.flush() }
        serverNode.hooks.nextWake = { server.nextWake }
        network.listen(on: "server", node: serverNode) { stream in
            server.accept(stream, peer: PeerAddress(ipv4: 0x0A00_0000 + UInt32(stream.connection), port: 1))
        }
    }

    /// The server is gone without a word.
    func crash() { network.crash(serverNode) }

    /// Another server takes its place, which knows nothing of it.
    func restart() {
        lives += 1
        (server, hub) = Self.makeServer(time, policy, codec, heartbeatTimeout, seed: random.next())
        serverNode = network.addNode("server \(lives)")
        listen()
    }

    /// A manager of the world's clients.
    func manager(_ transports: [EngineTransport], _ adjust: (inout ClientManagerOptions) -> Void = { _ in })
        -> ClientManager
    {
        var engine = EngineClientOptions(host: "server")
        engine.transports = transports
        var options = ClientManagerOptions(engine)
        adjust(&options)
        let manager = ClientManager(options, random: SeededRandom(seed: random.next()), context)
        managers.append(manager)
        return manager
    }

    /// Does something on a turn of the clients.
    func act(_ body: @escaping () -> Void) { clientNode.call(at: time.now, body) }

    func run(_ length: Interval) { time.run(for: length) }

    /// Runs until a condition holds, for a minute at most; whether it does.
    func run(until condition: () -> Bool) -> Bool {
        for _ in 0..<600 {
            if condition() { return true }
            run(.milliseconds(100))
        }
        return condition()
    }

    /// Sends everything back, as an event or as an answer.
    static func echo(_ hub: SocketHub) {
        hub.namespace("/").behaviour.on("echo") { socket, event in
            if let id = event.ackID {
                socket.acknowledge(id, event.arguments)
            } else {
                socket.emit(SocketEmission("echo", event.arguments))
            }
        }
        hub.namespace("/").behaviour.on("kick") { socket, _ in socket.disconnect(closes: false) }
        hub.namespace("/").behaviour.on("end") { socket, _ in socket.disconnect(closes: true) }
    }
}

/// Opens pipes to the world's server, unless told not to.
final class WorldDialer: Dialer {
    private let network: SimulatedNetwork
    private let node: SimulatedNode
    var conditions: NetworkConditions
    /// Which dials are refused, counted from 0.
    var refuses: (Int) -> Bool = { _ in false }
    private(set) var count = 0

    init(_ network: SimulatedNetwork, _ node: SimulatedNode, _ conditions: NetworkConditions) {
        self.network = network
        self.node = node
        self.conditions = conditions
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        count += 1
        guard !refuses(count - 1) else { return completion(.failure(DialError("refused"))) }
        network.connect(from: node, to: "server", conditions, handler: handler) { result in
            completion(result.map { $0 }.mapError { DialError("\($0)") })
        }
    }
}

/// One user of a client: what it got, in order.
final class WorldUser: NamespaceClientOwner {
    let socket: NamespaceClient
    var received: [JSONValue] = []
    var connects = 0
    var reasons: [String] = []
    var failures: [ConnectFailure] = []
    var dropped = 0

    init(_ manager: ClientManager, _ namespace: String = "/", _ options: NamespaceClientOptions = .init()) {
        socket = manager.socket(namespace, options)
        socket.owner = self
    }

    func namespaceConnected() { connects += 1 }
    func namespaceConnectFailed(_ failure: ConnectFailure) { failures.append(failure) }
    func namespaceReceived(_ event: ClientEvent) { received += event.values }
    func namespaceDisconnected(_ reason: ClientDisconnectReason) { reasons.append(reason.rawValue) }
    func namespaceDropped(_ name: String, _ failure: EmissionFailure) { dropped += 1 }
}
