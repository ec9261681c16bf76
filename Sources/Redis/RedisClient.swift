import ByteKit
import Determinism

/// What tells of a client's state.
package enum RedisEvent: Sendable, Equatable {
    /// The server is not reached, for that reason: told once for each outage.
    case lost(String)
    /// It is reached again, or for the first time, after so long; meanwhile so many commands were dropped.
    case reached(after: Interval, dropped: Int)
}

/// A Redis server as a message bus: one connection for commands, one that subscribes.
package final class RedisClient {
    /// Where the server is.
    package let server: RedisServer
    /// A message on a channel, which is heard for itself or for a pattern.
    package var onMessage: (_ listened: String, _ channel: String, _ payload: [UInt8]) -> Void = { _, _, _ in }
    /// The state has changed.
    package var onEvent: (RedisEvent) -> Void = { _ in }
    /// Commands were dropped, or refused by the server.
    package var onDrop: (Int) -> Void = { _ in }
    /// All connections are there again, subscriptions too; what was said meanwhile is lost.
    package var onReady: () -> Void = {}

    /// Whether the channels that are heard are sharded ones, which have no patterns.
    private let isSharded: Bool
    private let world: RedisWorld
    private let commands: RedisLink
    private let subscriber: RedisLink
    private var streamReader: RedisStreamReader?
    private var channels: [String] = []
    private var patterns: [String] = []
    /// Since when the server has not been reached; nil when it is.
    private var downSince: Instant?
    private var isToldDown = false
    private var dropped = 0

    /// A client that is not started.
    package init(_ server: RedisServer, isSharded: Bool = false, _ world: RedisWorld) {
        self.server = server
        self.isSharded = isSharded
        self.world = world
        commands = RedisLink(server, world)
        subscriber = RedisLink(server, world)
        for link in [commands, subscriber] {
            link.onDown = { [weak self] in self?.wentDown($0) }
            link.onDrop = { [weak self] in self?.drop($0) }
        }
        commands.onReady = { [weak self] in self?.cameUp() }
        subscriber.onReady = { [weak self] in self?.resubscribe() }
        subscriber.onPush = { [weak self] in self?.pushed($0) }
    }

    /// Reads a stream as well, from its end on; before ``start()``.
    ///
    /// - Parameters:
    ///   - began: Told of the id that the stream ends with then, `0-0` for none; and again where it comes to end before what has
    ///     been read, as the stream of a server does that has lost some of it.
    ///   - entry: Told of each entry.
    package func read(
        stream: String, began: @escaping (String) -> Void = { _ in }, _ entry: @escaping (RedisStreamEntry) -> Void
    ) {
        let link = RedisLink(server, pings: false, world)
        link.onDown = { [weak self] in self?.wentDown($0) }
        streamReader = RedisStreamReader(link, stream, entry) { [weak self] in self?.cameUp() }
        streamReader?.began = began
    }

    /// Connects, and keeps connected.
    package func start() {
        downSince = world.now()
        commands.start()
        subscriber.start()
        streamReader?.link.start()
    }

    /// Ends for good.
    package func stop() {
        commands.stop()
        subscriber.stop()
        streamReader?.link.stop()
    }

    /// Whether messages go out and come in.
    package var isReady: Bool {
        commands.isReady && subscriber.isReady && streamReader?.link.isReady ?? true
    }

    // MARK: Sending

    /// Publishes a message; while the server is not reached it waits, and the oldest are dropped.
    package func publish(_ channel: String, _ payload: [UInt8]) {
        command([Array((isSharded ? "SPUBLISH" : "PUBLISH").utf8), Array(channel.utf8), payload])
    }

    /// Sends a command that waits for the server.
    package func command(_ words: [[UInt8]]) { commands.send(RedisCommand.encode(words)) }

    /// Sends a command that fails, with nil, where the server is not reached.
    package func ask(_ words: [[UInt8]], _ reply: @escaping (RedisReply?) -> Void) {
        commands.send(RedisCommand.encode(words), reply: reply)
    }

    /// Hands over what the turn has said.
    package func flush() {
        // Who answers what is published now shall be heard.
        subscriber.flush()
        commands.flush()
    }

    /// Asks how many hear a channel; nil where the server is not reached.
    package func countListeners(_ channel: String, _ done: @escaping (Int?) -> Void) {
        ask(["PUBSUB", isSharded ? "SHARDNUMSUB" : "NUMSUB", channel].map { Array($0.utf8) }) { reply in
            done(reply?.array.flatMap { $0.last?.integer }.map { Int(clamping: $0) })
        }
    }

    // MARK: Subscribing

    /// Hears those channels, and those that match the patterns, from now on.
    package func subscribe(channels more: [String], patterns morePatterns: [String]) {
        channels += more
        patterns += morePatterns
        guard subscriber.isReady else { return }
        say(isSharded ? "SSUBSCRIBE" : "SUBSCRIBE", more)
        say("PSUBSCRIBE", morePatterns)
    }

    /// Does not hear them any more.
    package func unsubscribe(channels fewer: [String], patterns fewerPatterns: [String]) {
        channels.removeAll(where: fewer.contains)
        patterns.removeAll(where: fewerPatterns.contains)
        guard subscriber.isReady else { return }
        say(isSharded ? "SUNSUBSCRIBE" : "UNSUBSCRIBE", fewer)
        say("PUNSUBSCRIBE", fewerPatterns)
    }

    private func say(_ word: String, _ names: [String]) {
        // Without names it would mean all of them.
        guard !names.isEmpty else { return }
        subscriber.send(RedisCommand.encode(([word] + names).map { Array($0.utf8) }))
    }

    private func resubscribe() {
        say(isSharded ? "SSUBSCRIBE" : "SUBSCRIBE", channels)
        say("PSUBSCRIBE", patterns)
        cameUp()
    }

    private func pushed(_ reply: RedisReply) {
        if case .error = reply { return drop(1) }
        guard let parts = reply.array, let kind = parts.first?.text else { return }
        switch (kind, parts.count) {
        case ("message", 3), ("smessage", 3): deliver(parts[1], parts[1], parts[2])
        case ("pmessage", 4): deliver(parts[1], parts[2], parts[3])
        default: break
        }
    }

    private func deliver(_ listened: RedisReply, _ channel: RedisReply, _ payload: RedisReply) {
        guard let listened = listened.text, let channel = channel.text, let payload = payload.bytes else { return }
        onMessage(listened, channel, payload)
    }

    // MARK: Outages

    private func wentDown(_ reason: String) {
        if downSince == nil { downSince = world.now() }
        guard !isToldDown else { return }
        isToldDown = true
        onEvent(.lost(reason))
    }

    private func cameUp() {
        guard isReady, let since = downSince else { return }
        downSince = nil
        isToldDown = false
        let count = dropped
        dropped = 0
        onEvent(.reached(after: world.now() - since, dropped: count))
        onReady()
    }

    private func drop(_ count: Int) {
        dropped += count
        onDrop(count)
    }
}
