internal import BotCore
import ClientCore
internal import Determinism
import HTTPCore
import JSONCore
internal import ServerCore
import SocketIOCore

/// A client of an author's Socket.IO in the world: it is in a room, hears its news, asks for echoes, and comes back to where it was.
final class Listener: NamespaceClientOwner {
    /// Where the hub is, and what it says.
    static let path = "/news/"
    static let event = "news"
    static let roomCount = 2
    private static let echoInterval = Interval.milliseconds(700)
    private static let echoTimeout = Interval.seconds(3)

    private let manager: ClientManager
    private let socket: NamespaceClient
    private let room: Int
    private let name: String
    private let breaches: BreachList
    private let time: SimulatedTime
    private let planted: PlantedBug?
    /// Which news got lost between two servers; nil where there is one.
    private let isLost: ((WorldNews) -> Bool)?

    /// The newest news of the place that it has on the server, and of all the places that it had.
    private var last: Int64?
    private var newest: Int64 = 0
    /// Whether the next news follows `last` without a gap, and whether it is the first after coming back.
    private var isChained = false
    private var isBack = false
    /// News from before it is known whether it has come back.
    private var early: [(number: Int64, isLoose: Bool)] = []
    /// News that came without their place in the stream, since Redis was slow or lost: who comes back may get them twice.
    private var loose: Set<Int64> = []
    /// How often each echo has come to its end, and until when it must have.
    private var echoes: [(ends: Int, due: Instant)] = []
    private var nextEcho = Instant.zero
    /// When it heard anything last.
    private(set) var heardAt = Instant.zero
    /// How often it came back to where it was, and how often as somebody new.
    private(set) var recoveries = 0
    private(set) var starts = 0

    init(
        _ number: Int, _ plan: WorldPlan, seed: UInt64, _ context: ClientContext, _ breaches: BreachList,
        _ time: SimulatedTime, isLost: ((WorldNews) -> Bool)?
    ) {
        self.isLost = isLost
        room = number % Self.roomCount
        name = "listener \(number)"
        self.breaches = breaches
        self.time = time
        planted = plan.planted
        var engine = EngineClientOptions(host: "server")
        engine.path = Self.path
        engine.transports = [[.polling], [.websocket], [.polling, .websocket]][number % 3]
        var options = ClientManagerOptions(engine)
        options.codec = Self.codec(plan)
        options.backoff = Backoff(first: .milliseconds(300), longest: .seconds(3), jitter: 0.5)
        options.connectTimeout = .seconds(6)
        manager = ClientManager(options, random: SeededRandom(seed: seed), context)
        socket = manager.socket("/")
        socket.owner = self
    }

    private static func codec(_ plan: WorldPlan) -> SocketCodec { plan.packs ? .messagePack : .standard }

    /// Puts the hub at its place, with rooms and echoes.
    static func serve(_ server: Server, _ plan: WorldPlan) -> SocketHub {
        var settings = SocketHubSettings()
        var recovery = SocketRecoverySettings()
        recovery.duration = .seconds(30)
        settings.recovery = recovery
        settings.isSequenced = plan.hasTwin
        settings.codec = codec(plan)
        let hub = SocketHub(server: server, settings: settings, messageBytesMax: 65_536)
        let limits = SessionLimits(
            messageBytesMax: 65_536, fragmentsMax: 8, outboxBytesMax: plan.outboxBytes, messagesPerSecond: nil,
            waitsForReader: true, outboxBytesCeiling: plan.outboxBytes * 2, heartbeatInterval: plan.heartbeatInterval,
            heartbeatTimeout: plan.heartbeatTimeout)
        let endpoint = hub.endpoint(limits: limits, policy: EnginePolicy(), origins: HTTPOriginRule(), cookie: nil)
        server.endpoints[path] = .engine(endpoint)
        let behaviour = hub.namespace("/").behaviour
        behaviour.on("enter") { socket, event in
            if let room = event.arguments.values.first?.integer { socket.join("room-\(room)") }
        }
        behaviour.on("echo") { socket, event in
            if let id = event.ackID { socket.acknowledge(id, event.arguments) }
        }
        return hub
    }

    /// Has the server say the next news of a room; on one of its turns.
    static func say(_ number: Int64, in room: Int, _ hub: SocketHub) {
        var target = SocketTarget()
        target.rooms = ["room-\(room)"]
        let arguments = SocketArguments([.integer(Int64(room)), .integer(number)])
        hub.namespace("/").perform(.emit(SocketEmission(event, arguments)), on: target)
    }

    // MARK: Time

    func start() { socket.connect() }

    func stop() { socket.disconnect() }

    var deadline: Instant? {
        let echo = socket.isConnected ? nextEcho : nil
        return manager.deadline.map { min($0, echo ?? $0) } ?? echo
    }

    func advance(_ now: Instant) {
        manager.timeReached(now)
        guard socket.isConnected, now >= nextEcho else { return }
        nextEcho = now + Self.echoInterval
        let index = echoes.count
        echoes.append((0, now + Self.echoTimeout + .seconds(1)))
        var echo = ClientEmission("echo", [.integer(Int64(index))]) { [unowned self] _ in
            echoEnded(index)
            if planted == .secondAnswer { echoEnded(index) }
        }
        echo.timeout = Self.echoTimeout
        socket.emit(echo)
    }

    private func echoEnded(_ index: Int) {
        echoes[index].ends += 1
        if echoes[index].ends > 1 { breaches.note(.acks, "\(name)'s echo \(index) came to its end twice") }
    }

    /// Checks that it has heard something lately.
    func checkNews(_ longest: Interval) {
        guard time.now - heardAt > longest else { return }
        breaches.note(.convergence, "\(name) has heard no news for \((time.now - heardAt).seconds) s")
    }

    /// Checks that every echo that should have come to its end has.
    func checkEchoes() {
        for (index, echo) in echoes.enumerated() where echo.ends == 0 && time.now > echo.due {
            return breaches.note(.acks, "\(name)'s echo \(index) was neither answered nor given up")
        }
    }

    // MARK: What it hears

    func namespaceConnected() {
        isBack = socket.isRecovered || planted == .falseRecovery && last != nil
        isChained = isBack && last != nil
        if !isBack {
            last = nil
            // As somebody new it may hear again what another server is slower to hear.
            if isLost != nil { newest = 0 }
        }
        if isBack { recoveries += 1 } else { starts += 1 }
        for (number, isLoose) in early { heard(number, isLoose: isLoose) }
        early = []
        // Also when it is back: what was on its way to the server is nobody's to keep, and may have been just this.
        socket.emit(ClientEmission("enter", [.integer(Int64(room))]))
    }

    func namespaceConnectFailed(_ failure: ConnectFailure) {}

    func namespaceDisconnected(_ reason: ClientDisconnectReason) {}

    func namespaceReceived(_ event: ClientEvent) {
        // Behind what was said stands the offset by which it comes back to where it was.
        guard event.name == Self.event, event.values.count >= 2, let place = event.values[0].integer,
            let number = event.values[1].integer
        else { return }
        if place != Int64(room) { breaches.note(.membership, "\(name) in room \(room) heard news of room \(place)") }
        let isLoose = isLost != nil && event.values.last?.string?.hasPrefix("~") == true
        if socket.isConnected { heard(number, isLoose: isLoose) } else { early.append((number, isLoose)) }
    }

    /// Whether nothing is missing between two news but what got lost between two servers.
    private func follows(_ number: Int64, _ last: Int64) -> Bool {
        guard number > last, number > last + 1, let isLost else { return number == last + 1 }
        return (last + 1..<number).allSatisfy { isLost(WorldNews(room: room, number: $0)) }
    }

    private func heard(_ number: Int64, isLoose: Bool) {
        if isLoose { loose.insert(number) }
        if number <= newest, loose.contains(number) { return }
        if let last, isChained, !follows(number, last) {
            breaches.note(
                isBack ? .recovery : .order,
                "\(name) heard news \(number) after \(last), \(isBack ? "though it was told to be back" : "on one connection")"
            )
        } else if number <= newest {
            breaches.note(.order, "\(name) heard news \(number) again, after \(newest)")
        }
        last = number
        newest = max(newest, number)
        heardAt = time.now
        isChained = true
        isBack = false
    }
}
