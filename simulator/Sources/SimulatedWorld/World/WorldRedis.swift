internal import BotCore
internal import Determinism
internal import ServerCore

/// News that a server says: which room, and the number.
struct WorldNews: Hashable {
    let room: Int
    let number: Int64
}

/// A Redis server of the world, at the other end of each server's link to it: a stream, channels and keys. It can be out of reach, be
/// slow, say things twice, and give way to another one that does not have all of it.
final class WorldRedis {
    /// The longest that a word takes each way, when all is well.
    private static let delayMax = 2_000_000
    /// When Redis says that the world began, in milliseconds since 1970.
    static let wallClock: Int64 = 1_795_399_200_000

    private let time: SimulatedTime
    private var random: SeededRandom
    private var links: [WorldLink] = []
    private var entries: [(entry: StreamEntry, news: WorldNews?)] = []
    private var lastID = (milliseconds: UInt64(0), number: UInt64(0))
    private var kept: [String: (value: [UInt8], until: Instant)] = [:]
    /// How much longer each word takes at most, while it is slow.
    private var slowness = Interval.zero
    /// How often a message on a channel comes twice.
    var repeatChance = 0.0
    /// Whether it forgets one of the news that it was told, a planted bug.
    var swallows = false
    /// How many places of clients servers have taken from it.
    private(set) var takenCount = 0
    /// What a server is saying just now, so that it is known what gets lost.
    var saying: WorldNews?
    /// News that have not come into the stream, or are in it no more: other servers' clients may miss them.
    private(set) var lost: Set<WorldNews> = []

    init(_ time: SimulatedTime, random: SeededRandom) {
        self.time = time
        self.random = random
    }

    /// A server's way to it, once the server's loop turns.
    func link(_ node: SimulatedNode) -> WorldLink {
        for link in links where link.isOver { link.giveUp() }
        links.removeAll(where: \.isOver)
        let link = WorldLink(self, node, time)
        links.append(link)
        link.connect()
        return link
    }

    /// What a word takes on its way.
    func delay() -> Interval {
        var most = Self.delayMax
        if slowness > .zero { most += Int(slowness.nanoseconds) }
        return Interval(nanoseconds: Int64(random.int(in: 1...most)))
    }

    func note(lost news: WorldNews?) { if let news { lost.insert(news) } }

    // MARK: Faults

    /// It cannot be reached for so long, by one server or by all.
    func lose(one: Bool, for length: Interval) {
        let gone = one && !links.isEmpty ? [links[random.int(in: 0...links.count - 1)]] : links
        for link in gone { link.lose(until: time.now + length) }
    }

    /// Everything takes longer for a while.
    func slow(by slowness: Interval, for length: Interval) {
        self.slowness = slowness
        time.schedule(at: time.now + length) { [weak self] in self?.slowness = .zero }
    }

    /// Another one takes its place, to which the newest entries had not come yet, or nothing at all; all servers have lost it for a
    /// while.
    func failOver(for length: Interval) {
        lose(one: false, for: length)
        let isEmpty = random.comes(0.2)
        let keeping = isEmpty ? 0 : max(0, entries.count - random.int(in: 0...20))
        for (_, news) in entries[keeping...] { note(lost: news) }
        entries.removeLast(entries.count - keeping)
        if isEmpty { kept = [:] }
    }

    /// All is well from now on.
    func heal() {
        slowness = .zero
        repeatChance = 0
        for link in links where !link.isReached { link.lose(until: time.now) }
    }

    // MARK: What it does, when a word has come

    func publish(_ channel: String, _ payload: [UInt8]) {
        for link in links where link.channels.contains(channel) {
            link.push(channel, payload)
            if random.comes(repeatChance) { link.push(channel, payload) }
        }
    }

    func append(_ fields: [(name: String, value: [UInt8])], _ news: WorldNews?) {
        if swallows, news?.number == 30 { return }
        let milliseconds = UInt64(Self.wallClock + time.now.nanoseconds / 1_000_000)
        lastID = milliseconds > lastID.milliseconds ? (milliseconds, 0) : (lastID.milliseconds, lastID.number + 1)
        guard let id = StreamID("\(lastID.milliseconds)-\(lastID.number)") else { return }
        entries.append((StreamEntry(id: id, fields: fields), news))
        for link in links { link.entryCame() }
    }

    /// Where the stream ends.
    var end: StreamID { entries.last?.entry.id ?? .start }

    func entries(from id: StreamID, isAfter: Bool, countMax: Int) -> [StreamEntry] {
        var first = entries.count
        while first > 0, entries[first - 1].entry.id > id || !isAfter && entries[first - 1].entry.id == id {
            first -= 1
        }
        return entries[first...].prefix(countMax).map(\.entry)
    }

    func keep(_ key: String, _ value: [UInt8], for length: Interval) { kept[key] = (value, time.now + length) }

    func take(_ key: String) -> [UInt8]? {
        guard let found = kept.removeValue(forKey: key), time.now < found.until else { return nil }
        takenCount += 1
        return found.value
    }

    func countListeners(_ channel: String) -> Int { links.count { $0.isHeard(on: channel) } }
}
