import Determinism
import Glibc
import JSONCore
import ServerCore
import SocketIOCore

/// A list that stands for Redis: what is published goes to all who listen, once it is delivered.
final class FakeRedis {
    private var buses: [Bus] = []
    private var waiting: [(channel: String, payload: [UInt8])] = []
    /// The stream, and up to where it has been delivered.
    private(set) var entries: [StreamEntry] = []
    private var delivered = 0
    /// What is kept under keys.
    var kept: [String: [UInt8]] = [:]
    /// Whether entries get lost.
    var drops = false
    /// Whether entries stay where they are instead of being delivered.
    var isSlow = false
    /// All that has been published.
    private(set) var published: [(channel: String, payload: [UInt8])] = []
    /// Whether questions are left without an answer, and those that were.
    var isSilent = false
    private(set) var unanswered: [() -> Void] = []
    /// Whether nothing can be kept in it.
    var isFull = false
    /// Whether it answers and delivers.
    var isReached = true

    /// One server's way to it.
    final class Bus: ClusterBus {
        unowned let redis: FakeRedis
        var channels: [String] = []
        var patterns: [String] = []
        var hear: (String, String, [UInt8]) -> Void = { _, _, _ in }
        var read: (StreamEntry) -> Void = { _ in }

        init(_ redis: FakeRedis) { self.redis = redis }

        func publish(_ channel: String, _ payload: [UInt8]) { redis.publish(channel, payload) }

        func subscribe(channels more: [String], patterns morePatterns: [String]) {
            channels += more
            patterns += morePatterns
        }

        func unsubscribe(channels fewer: [String], patterns fewerPatterns: [String]) {
            channels.removeAll(where: fewer.contains)
            patterns.removeAll(where: fewerPatterns.contains)
        }

        func append(_ entry: [(name: String, value: [UInt8])], to stream: String, entriesMax: Int) {
            redis.append(entry, to: stream)
        }

        var isReached: Bool { redis.isReached }

        func keep(_ key: String, _ value: [UInt8], for time: Interval, _ done: @escaping (Bool) -> Void) {
            let isKept = redis.isReached && !redis.isFull
            if isKept { redis.kept[key] = value }
            done(isKept)
        }

        func take(_ key: String, _ done: @escaping ([UInt8]?) -> Void) {
            redis.answer { [redis] in done(redis.isReached ? redis.kept.removeValue(forKey: key) : nil) }
        }

        func read(
            _ stream: String, from id: StreamID, isAfter: Bool, countMax: Int,
            _ done: @escaping ([StreamEntry]?) -> Void
        ) {
            guard redis.isReached else { return done(nil) }
            done(Array(redis.entries.filter { isAfter ? $0.id > id : $0.id >= id }.prefix(countMax)))
        }

        func countListeners(_ channel: String, _ done: @escaping (Int?) -> Void) {
            redis.answer { [redis] in
                done(redis.isReached ? redis.buses.count { $0.channels.contains(channel) } + redis.deafCount : nil)
            }
        }

        func flush() {}
    }

    private func answer(_ answer: @escaping () -> Void) {
        if isSilent { unanswered.append(answer) } else { answer() }
    }

    /// A server hears nothing any more.
    func leave(_ server: Int) { (buses[server].channels, buses[server].patterns) = ([], []) }

    /// Servers that are counted and say nothing.
    var deafCount = 0

    /// What a server hears.
    func channels(of server: Int) -> [String] { buses[server].channels }

    func makeBus() -> Bus {
        let bus = Bus(self)
        buses.append(bus)
        return bus
    }

    func publish(_ channel: String, _ payload: [UInt8]) {
        guard isReached else { return }
        published.append((channel, payload))
        waiting.append((channel, payload))
    }

    func append(_ entry: [(name: String, value: [UInt8])], to stream: String) {
        guard isReached, !drops else { return }
        precondition(stream == "socket.io", "there is one stream")
        entryCount += 1
        guard let id = StreamID("\(milliseconds)-\(entryCount)") else { return }
        entries.append(StreamEntry(id: id, fields: entry))
    }

    private var entryCount = 0
    private var milliseconds = 1_795_399_200_000

    /// Another Redis takes its place, which has the first so many entries alone; one that has none has another clock, too.
    func failOver(keeping count: Int) {
        entries.removeLast(entries.count - count)
        delivered = min(delivered, count)
        guard count == 0 else { return }
        kept = [:]
        milliseconds -= 5_000
        entryCount = 0
    }

    /// Trims the stream to that many entries.
    func trim(to count: Int) {
        let gone = max(0, entries.count - count)
        entries.removeFirst(gone)
        delivered = max(0, delivered - gone)
    }

    /// Delivers the next so many entries, however slow it is.
    func pass(_ count: Int) {
        let new = entries[delivered..<delivered + count]
        delivered += count
        for entry in new { for bus in buses { bus.read(entry) } }
    }

    /// Delivers what waits; whether anything did.
    func deliver() -> Bool {
        let messages = waiting
        let new = isSlow ? [] : Array(entries[delivered...])
        waiting = []
        delivered += new.count
        for entry in new { for bus in buses { bus.read(entry) } }
        for (channel, payload) in messages {
            for bus in buses {
                if bus.channels.contains(channel) { bus.hear(channel, channel, payload) }
                for pattern in bus.patterns where unsafe fnmatch(pattern, channel, 0) == 0 {
                    bus.hear(pattern, channel, payload)
                }
            }
        }
        return !messages.isEmpty || !new.isEmpty
    }
}

/// Several servers on one fake Redis, the first with two loops.
final class ClusterWorld {
    let redis = FakeRedis()
    let halls: [Hall]
    private let relays: [any SocketRelay]

    init(
        _ adapter: Adapter = .classic, count: Int = 2, uncounted: Int? = nil,
        _ adjust: (inout SocketHubSettings) -> Void = { _ in }
    ) {
        halls = (0..<count).map {
            Hall(loops: $0 == 0 ? 2 : 1, seed: UInt64(10 * $0 + 1)) {
                $0.tellsRooms = adapter == .sharded
                adjust(&$0)
            }
        }
        relays = halls.enumerated().map { [redis] number, hall in
            let bus = redis.makeBus()
            var identity = ClusterIdentity(id: "node-\(number)") { 1_795_399_200_000 }
            identity.isCounted = number != uncounted
            switch adapter {
            case .classic:
                let relay = ClassicRelay(hall.hub, bus, identity)
                bus.hear = { [unowned relay] in relay.received(listened: $0, channel: $1, $2) }
                hall.hub.join(relay)
                return relay
            case .sharded:
                let relay = ShardedRelay(hall.hub, bus, identity)
                bus.hear = { [unowned relay] in relay.received(listened: $0, channel: $1, $2) }
                hall.hub.join(relay)
                return relay
            case .streams:
                let relay = StreamsRelay(hall.hub, bus, identity)
                bus.hear = { [unowned relay] in relay.received(listened: $0, channel: $1, $2) }
                bus.read = { [unowned relay] in relay.read($0) }
                hall.hub.join(relay)
                relay.began(at: .start)
                return relay
            }
        }
    }

    /// Another Redis takes the place of the one that was there, and servers find out where its stream ends.
    func failOver(keeping count: Int) {
        redis.failOver(keeping: count)
        for case let relay as StreamsRelay in relays { relay.began(at: redis.entries.last?.id ?? .start) }
        settle()
    }

    /// In which form servers write to each other.
    enum Adapter: CaseIterable { case classic, streams, sharded }

    /// A client of a server, on a loop of it.
    func guest(_ hall: Int, loop: Int = 0, in rooms: [String] = [], _ namespace: String = "/") -> HallClient {
        halls[hall].world.home = loop
        let client = halls[hall].guest(namespace)
        for room in rooms { halls[hall].hubs[loop].namespace(namespace).allSockets.last?.join(room) }
        return client
    }

    /// Two clients on the two loops of the first server, one on the second; with those in room `a`.
    func guests(inRoom: [Bool] = [true, true, true]) -> [HallClient] {
        let places = [(0, 0), (0, 1), (1, 0)]
        return zip(places, inRoom).map { place, isIn in guest(place.0, loop: place.1, in: isIn ? ["a"] : []) }
    }

    /// What each client has got, once nothing more happens.
    func take(_ clients: [HallClient]) -> [[String]] {
        settle()
        return clients.map { $0.take() }
    }

    func main(_ hall: Int, loop: Int = 0) -> SocketNamespace { halls[hall].hubs[loop].namespace("/") }

    /// Turns until nothing more happens.
    func settle() {
        repeat { for hall in halls { hall.world.turn() } } while redis.deliver()
    }

    /// Lets time pass everywhere.
    func run(_ interval: Interval) {
        settle()
        for hall in halls { hall.world.run(interval) }
        settle()
    }
}
