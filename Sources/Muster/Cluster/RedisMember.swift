import ByteKit
import Determinism
import EventLoop
import Logging
import Redis
import ServerCore

/// A hub's place in a cluster: the connections to Redis, which belong to the first loop, and the relay over them.
final class RedisMember {
    private let client: RedisClient
    private let dialler: RedisDialler
    private unowned let hub: SocketHub
    private let logger: Logger

    init(_ hub: SocketHub, in cluster: SocketIOCluster, loop: EventLoop, logger: Logger) {
        self.hub = hub
        self.logger = logger
        let dialler = RedisDialler(cluster.server, loop)
        self.dialler = dialler
        let world = RedisWorld(
            now: { loop.now }, after: { [unowned hub] in hub.after($0, $1) },
            callOff: { [unowned hub] in hub.callOff($0) },
            entropy: {
                var random = SystemRandomNumberGenerator()
                return random.next()
            }, dial: { dialler.dial($0, $1) })
        client = RedisClient(cluster.server, isSharded: cluster.adapter == .sharded, world)
        var identity = ClusterIdentity(id: hub.makeServerID(named: cluster.name)) { WallClock.milliseconds }
        identity.prefix = cluster.prefix
        identity.isCounted = cluster.isCounted
        client.onDrop = { [unowned hub] in hub.clusterMessagesDropped($0) }
        client.onEvent = { [weak self] in self?.happened($0) }
        let bus = RedisBus(client)
        switch cluster.adapter {
        case .classic:
            let relay = ClassicRelay(hub, bus, identity)
            client.onMessage = { [weak relay] in relay?.received(listened: $0, channel: $1, $2) }
            hub.join(relay)
        case .sharded:
            let relay = ShardedRelay(hub, bus, identity)
            client.onMessage = { [weak relay] in relay?.received(listened: $0, channel: $1, $2) }
            hub.join(relay)
        case .streams:
            let relay = StreamsRelay(hub, bus, identity)
            client.onMessage = { [weak relay] in relay?.received(listened: $0, channel: $1, $2) }
            client.read(stream: cluster.prefix) { [weak relay] in
                if let id = StreamID($0) { relay?.began(at: id) }
            } _: { [weak relay] in
                if let entry = StreamEntry($0) { relay?.read(entry) }
            }
            hub.join(relay)
        }
        client.start()
    }

    private func happened(_ event: RedisEvent) {
        switch event {
        case .lost(let reason):
            // At the end of the loop its connections are closed.
            guard !hub.isClosing else { return }
            hub.clusterLost()
            logger.error(
                """
                Redis at \(client.server.description) is not reached: \(reason). Clients of this server are served as \
                before; other servers are reached again when Redis is.
                """)
        case .reached(let interval, let dropped):
            logger.info(
                "Redis at \(client.server.description) is reached, after \(interval.seconds) s; \(dropped) messages were dropped"
            )
        }
    }
}

/// Connects to a Redis server; its name is looked up anew each time, off the loop.
private final class RedisDialler {
    private let loop: EventLoop
    private let address: SocketAddress
    /// A look-up that takes its time is not joined by others.
    private var isLookingUp = false
    /// Who waits for it. A link that has lost patience asks again, and its last attempt counts.
    private var waiting: [(handler: any ByteStreamHandler, done: (RedisDialOutcome) -> Void)] = []

    init(_ server: RedisServer, _ loop: EventLoop) {
        self.loop = loop
        address = .ip(host: server.host, port: server.port)
    }

    func dial(_ handler: any ByteStreamHandler, _ done: @escaping (RedisDialOutcome) -> Void) {
        waiting.removeAll { $0.handler === handler }
        waiting.append((handler, done))
        guard !isLookingUp else { return }
        isLookingUp = true
        let bound = LoopBound(self, on: loop)
        Task(executorPreference: loop) { [address] in
            let found = await withTaskExecutorPreference(globalConcurrentExecutor) { await lookUp(address) }
            bound.value.found(found)
        }
    }

    private func found(_ found: Result<SocketAddress, UVError>) {
        isLookingUp = false
        let all = waiting
        waiting = []
        for (handler, done) in all {
            switch found {
            case .success(let address): connect(address, handler, done)
            case .failure(let error): done(.failed(error.message))
            }
        }
    }

    private func connect(
        _ address: SocketAddress, _ handler: any ByteStreamHandler, _ done: @escaping (RedisDialOutcome) -> Void
    ) {
        loop.connect(address, handler: handler) { outcome in
            switch outcome {
            case .success(let stream):
                done(.connected(stream))
                stream.startReading()
            case .failure(let error): done(.failed(error.message))
            }
        }
    }
}

/// The address with a literal in place of a name; it may take its time.
private func lookUp(_ address: SocketAddress) async -> Result<SocketAddress, UVError> {
    do throws(UVError) {
        return .success(try address.resolved())
    } catch {
        return .failure(error)
    }
}

extension StreamEntry {
    fileprivate init?(_ entry: RedisStreamEntry) {
        guard let id = StreamID(entry.id) else { return nil }
        self.init(id: id, fields: entry.fields)
    }
}

/// Redis's channels as the bus between servers.
private final class RedisBus: ClusterBus {
    private let client: RedisClient

    init(_ client: RedisClient) { self.client = client }

    func publish(_ channel: String, _ payload: [UInt8]) { client.publish(channel, payload) }

    func subscribe(channels: [String], patterns: [String]) {
        client.subscribe(channels: channels, patterns: patterns)
    }

    func unsubscribe(channels: [String], patterns: [String]) {
        client.unsubscribe(channels: channels, patterns: patterns)
    }

    func append(_ entry: [(name: String, value: [UInt8])], to stream: String, entriesMax: Int) {
        var words = ["XADD", stream, "MAXLEN", "~", "\(entriesMax)", "*"].map { Array($0.utf8) }
        for (name, value) in entry { words += [Array(name.utf8), value] }
        client.command(words)
    }

    var isReached: Bool { client.isReady }

    func keep(_ key: String, _ value: [UInt8], for time: Interval, _ done: @escaping (Bool) -> Void) {
        let milliseconds = max(1, time.nanoseconds / 1_000_000)
        client.ask(["SET", key].map { Array($0.utf8) } + [value] + ["PX", "\(milliseconds)"].map { Array($0.utf8) }) {
            if case .status("OK") = $0 { done(true) } else { done(false) }
        }
    }

    func take(_ key: String, _ done: @escaping ([UInt8]?) -> Void) {
        client.ask(["GETDEL", key].map { Array($0.utf8) }) {
            if case .bytes(let bytes) = $0 { done(bytes) } else { done(nil) }
        }
    }

    func read(
        _ stream: String, from id: StreamID, isAfter: Bool, countMax: Int, _ done: @escaping ([StreamEntry]?) -> Void
    ) {
        let words = ["XRANGE", stream, isAfter ? "(\(id.text)" : id.text, "+", "COUNT", "\(countMax)"]
        client.ask(words.map { Array($0.utf8) }) { reply in
            done(RedisStreamEntry.all(in: reply).map { $0.compactMap(StreamEntry.init) })
        }
    }

    func countListeners(_ channel: String, _ done: @escaping (Int?) -> Void) { client.countListeners(channel, done) }

    func flush() { client.flush() }
}
