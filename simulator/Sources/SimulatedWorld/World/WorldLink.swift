internal import Determinism
internal import ServerCore

/// A server's link to the world's Redis, which behaves as `RedisClient` does: while it is down commands wait and questions fail; what
/// was under way when it went down is lost, with the answers; and the stream is read on where it was.
final class WorldLink: ClusterBus {
    private let redis: WorldRedis
    private let node: SimulatedNode
    private let time: SimulatedTime
    private(set) var isReached = false
    private(set) var channels: [String] = []
    /// Told of a message on a channel, of an entry of the stream, and of where the stream ends when reading it begins anew.
    var hear: (String, [UInt8]) -> Void = { _, _ in }
    var read: (StreamEntry) -> Void = { _ in }
    var began: (StreamID) -> Void = { _ in }
    /// Told when it goes down.
    var wentDown: () -> Void = {}

    private typealias Command = (news: WorldNews?, effect: () -> Void)
    private var waiting: [Command] = []
    /// What is on its way to Redis.
    private var flying: [WorldNews?] = []
    /// The questions without an answer, and how each fails.
    private var asked: [(number: Int, fail: () -> Void)] = []
    private var askCount = 0
    /// Counts connections: what comes of an older one is lost.
    private var life = 0
    private var downUntil = Instant.zero
    /// None overtakes another, either way.
    private var lastUp = Instant.zero
    private var lastDown = Instant.zero
    private var lastRead: StreamID?
    private var isReading = false

    init(_ redis: WorldRedis, _ node: SimulatedNode, _ time: SimulatedTime) {
        self.redis = redis
        self.node = node
        self.time = time
    }

    /// Whether its process is gone.
    var isOver: Bool { node.condition == .crashed }

    /// Ends for good: what it had not said yet is lost.
    func giveUp() {
        end()
        for (news, _) in waiting { redis.note(lost: news) }
        waiting = []
    }

    func isHeard(on channel: String) -> Bool { isReached && channels.contains(channel) }

    // MARK: Up and down

    /// Connects, which takes a moment.
    func connect() {
        let life = life
        lastDown = time.now + redis.delay() + redis.delay()
        node.call(at: lastDown) { [self] in
            guard life == self.life, time.now >= downUntil else { return }
            isReached = true
            let end = redis.end
            if lastRead.map({ end < $0 }) ?? true {
                lastRead = end
                began(end)
            }
            let commands = waiting
            waiting = []
            for command in commands { depart(command) }
            entryCame()
        }
    }

    /// Goes down, and comes up again then.
    func lose(until end: Instant) {
        downUntil = max(end, time.now)
        let wasReached = isReached
        self.end()
        let failing = asked
        asked = []
        node.call(at: time.now) { [self] in
            if wasReached { wentDown() }
            for (_, fail) in failing { fail() }
        }
        let life = life
        time.schedule(at: downUntil) { [self] in if life == self.life { connect() } }
    }

    private func end() {
        life += 1
        isReached = false
        isReading = false
        for news in flying { redis.note(lost: news) }
        flying = []
    }

    // MARK: To Redis

    private func send(_ news: WorldNews? = nil, _ effect: @escaping () -> Void) {
        if isReached { depart((news, effect)) } else { waiting.append((news, effect)) }
    }

    private func depart(_ command: Command) {
        lastUp = max(lastUp, time.now + redis.delay())
        flying.append(command.news)
        let life = life
        time.schedule(at: lastUp) { [self] in
            guard life == self.life else { return }
            flying.removeFirst()
            command.effect()
        }
    }

    private func ask<Answer>(
        else none: Answer, _ question: @escaping () -> Answer, _ done: @escaping (Answer) -> Void
    ) {
        guard isReached else { return done(none) }
        askCount += 1
        let number = askCount
        asked.append((number, { done(none) }))
        send { [self] in
            let answer = question()
            arrive { [self] in
                guard let index = asked.firstIndex(where: { $0.number == number }) else { return }
                asked.remove(at: index)
                done(answer)
            }
        }
    }

    func publish(_ channel: String, _ payload: [UInt8]) { send { [redis] in redis.publish(channel, payload) } }

    func append(_ entry: [(name: String, value: [UInt8])], to stream: String, entriesMax: Int) {
        let news = redis.saying
        send(news) { [redis] in redis.append(entry, news) }
    }

    func subscribe(channels more: [String], patterns: [String]) { channels += more }

    func unsubscribe(channels fewer: [String], patterns: [String]) { channels.removeAll(where: fewer.contains) }

    func keep(_ key: String, _ value: [UInt8], for length: Interval, _ done: @escaping (Bool) -> Void) {
        let keep: () -> Bool = { [redis] in
            redis.keep(key, value, for: length)
            return true
        }
        ask(else: false, keep, done)
    }

    func take(_ key: String, _ done: @escaping ([UInt8]?) -> Void) {
        ask(else: nil, { [redis] in redis.take(key) }, done)
    }

    func read(
        _ stream: String, from id: StreamID, isAfter: Bool, countMax: Int, _ done: @escaping ([StreamEntry]?) -> Void
    ) {
        ask(else: nil, { [redis] in redis.entries(from: id, isAfter: isAfter, countMax: countMax) }, done)
    }

    func countListeners(_ channel: String, _ done: @escaping (Int?) -> Void) {
        ask(else: nil, { [redis] in redis.countListeners(channel) }, done)
    }

    func flush() {}

    // MARK: From Redis

    /// Does something on one of the server's turns, once it has come there.
    private func arrive(_ body: @escaping () -> Void) {
        lastDown = max(lastDown, time.now + redis.delay())
        let life = life
        node.call(at: lastDown) { [self] in if life == self.life { body() } }
    }

    func push(_ channel: String, _ payload: [UInt8]) {
        guard isReached else { return }
        arrive { [self] in hear(channel, payload) }
    }

    /// The stream may have something that has not been read.
    func entryCame() {
        guard isReached, !isReading else { return }
        isReading = true
        let found = redis.entries(from: lastRead ?? .start, isAfter: true, countMax: 100)
        guard !found.isEmpty else { return isReading = false }
        arrive { [self] in
            isReading = false
            for entry in found {
                lastRead = entry.id
                read(entry)
            }
            entryCame()
        }
    }
}
