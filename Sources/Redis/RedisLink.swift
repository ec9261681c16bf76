import ByteKit
import DequeModule
import Determinism

/// What a link needs of the world: time, chance and connections.
package struct RedisWorld {
    /// The monotonic clock.
    package var now: () -> Instant
    /// Does something after a time, and returns a number to call it off by.
    package var after: (Interval, @escaping () -> Void) -> Int
    /// Calls it off.
    package var callOff: (Int) -> Void
    /// Random bits.
    package var entropy: () -> UInt64
    /// Connects, with that handler, and calls back once, now or later.
    package var dial: (any ByteStreamHandler, @escaping (RedisDialOutcome) -> Void) -> Void

    /// A world.
    package init(
        now: @escaping () -> Instant, after: @escaping (Interval, @escaping () -> Void) -> Int,
        callOff: @escaping (Int) -> Void, entropy: @escaping () -> UInt64,
        dial: @escaping (any ByteStreamHandler, @escaping (RedisDialOutcome) -> Void) -> Void
    ) {
        self.now = now
        self.after = after
        self.callOff = callOff
        self.entropy = entropy
        self.dial = dial
    }
}

/// What became of an attempt to connect.
package enum RedisDialOutcome {
    /// The stream is open and delivers.
    case connected(any ByteStream)
    /// Why it is not.
    case failed(String)
}

/// One connection to a Redis server, made again whenever it is lost.
///
/// Commands wait in a bounded queue while there is no connection, or the server does not read; the oldest goes first when it is full.
/// What had been handed to a connection that is then lost is lost with it.
package final class RedisLink: ByteStreamHandler {
    /// The most bytes of commands that wait.
    package static let queueBytesMax = 8 * 1024 * 1024
    /// How long a connection, and the greeting on it, may take.
    static let greetingTimeout = Interval.seconds(5)
    /// Between looks at a connection.
    static let beat = Interval.seconds(2)
    /// A connection on which nothing comes for so long is given up. A read that waits for the stream's next entry is
    /// answered earlier than this.
    static let silenceMax = Interval.seconds(8)
    /// The first wait before another attempt, and the longest.
    static let firstDelay = Interval.milliseconds(100)
    static let delayMax = Interval.seconds(2)

    /// The connection is ready for commands.
    package var onReady: () -> Void = {}
    /// The connection is lost, or could not be made; called for each attempt.
    package var onDown: (String) -> Void = { _ in }
    /// A message, on a link that subscribes.
    package var onPush: ((RedisReply) -> Void)?
    /// So many commands have been dropped.
    package var onDrop: (Int) -> Void = { _ in }

    private let server: RedisServer
    private let world: RedisWorld
    /// Whether pings are sent when it is quiet; on a link whose every command waits they would wait as well.
    private let pings: Bool

    private enum Phase { case idle, dialing, greeting, ready, waiting }
    private var phase = Phase.idle
    private var stream: (any ByteStream)?
    private var reader = RedisReplyReader()
    /// Those that have been handed over and are not answered.
    private var awaited = Deque<((RedisReply?) -> Void)?>()
    private struct Entry {
        let bytes: [UInt8]
        let reply: ((RedisReply?) -> Void)?
    }
    private var queue = Deque<Entry>()
    private var queuedBytes = 0
    private var timer: Int?
    private var lastHeard = Instant.zero
    private var readySince = Instant.zero
    private var failures = 0
    /// Counts attempts, so that a late answer to an old one is known.
    private var attempt = 0

    /// A link that is not started.
    package init(_ server: RedisServer, pings: Bool = true, _ world: RedisWorld) {
        self.server = server
        self.world = world
        self.pings = pings
    }

    /// Whether commands go out at once.
    package var isReady: Bool { phase == .ready }

    /// Connects, and keeps connected until ``stop()``.
    package func start() {
        guard phase == .idle else { return }
        dial()
    }

    /// Ends for good.
    package func stop() {
        phase = .idle
        attempt += 1
        cancelTimer()
        let old = stream
        stream = nil
        old?.handler = nil
        old?.close(.afterSendingLast)
        failAwaited()
    }

    // MARK: Commands

    /// Sends a command with the turn's others, or lets it wait for a connection.
    ///
    /// - Parameter reply: Called once, if given: with the answer, or nil where the command was dropped or the connection
    ///   lost. A command with a reply does not wait for a connection: it fails at once.
    package func send(_ command: [UInt8], reply: ((RedisReply?) -> Void)? = nil) {
        if let reply, phase != .ready { return reply(nil) }
        queue.append(Entry(bytes: command, reply: reply))
        queuedBytes += command.count
        var dropped = 0
        while queuedBytes > Self.queueBytesMax, let oldest = queue.popFirst() {
            queuedBytes -= oldest.bytes.count
            dropped += 1
            oldest.reply?(nil)
        }
        if dropped > 0 { onDrop(dropped) }
    }

    /// Hands over what waits. Call at the end of a turn.
    package func flush() {
        guard phase == .ready, let stream, !stream.isBlocked, !queue.isEmpty else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(queuedBytes)
        while let entry = queue.popFirst() {
            bytes += entry.bytes
            // What a server says on a connection that subscribes is messages, and nothing is awaited.
            if onPush == nil { awaited.append(entry.reply) }
        }
        queuedBytes = 0
        stream.send(&bytes, then: [])
    }

    // MARK: The connection

    private func dial() {
        phase = .dialing
        attempt += 1
        let current = attempt
        arm(Self.greetingTimeout) { [weak self] in self?.down("no connection within \(Self.greetingTimeout.seconds) s")
        }
        world.dial(self) { [weak self] outcome in
            guard let self, attempt == current, phase == .dialing else {
                if case .connected(let stream) = outcome {
                    stream.handler = nil
                    stream.close(.now)
                }
                return
            }
            switch outcome {
            case .connected(let stream): greet(stream)
            case .failed(let reason): down(reason)
            }
        }
    }

    private func greet(_ stream: any ByteStream) {
        phase = .greeting
        self.stream = stream
        reader = RedisReplyReader()
        lastHeard = world.now()
        var bytes: [UInt8] = []
        if let password = server.password {
            let words = server.user.isEmpty ? ["AUTH", password] : ["AUTH", server.user, password]
            bytes += RedisCommand.encode(words.map { Array($0.utf8) })
            awaited.append { [weak self] in self?.greeted($0, isLast: false) }
        }
        if server.database != 0 {
            bytes += RedisCommand.encode("SELECT", "\(server.database)")
            awaited.append { [weak self] in self?.greeted($0, isLast: false) }
        }
        // A server that is loading, or wants a password, says so to this.
        bytes += RedisCommand.encode("PING")
        awaited.append { [weak self] in self?.greeted($0, isLast: true) }
        stream.send(&bytes, then: [])
    }

    private func greeted(_ reply: RedisReply?, isLast: Bool) {
        guard phase == .greeting else { return }
        if case .error(let reason) = reply { return down(reason) }
        guard isLast, reply != nil else { return }
        phase = .ready
        readySince = world.now()
        arm(Self.beat) { [weak self] in self?.look() }
        onReady()
        flush()
    }

    /// Sees whether the server still answers: a connection that is cut in two says nothing by itself.
    private func look() {
        guard phase == .ready else { return }
        let now = world.now()
        if now - lastHeard > Self.silenceMax { return down("no answer for \(Self.silenceMax.seconds) s") }
        if now - readySince > .seconds(5) { failures = 0 }
        if pings {
            send(RedisCommand.encode("PING"))
            flush()
        }
        arm(Self.beat) { [weak self] in self?.look() }
    }

    /// Gives the connection up, and makes another one after a while.
    package func fail(_ reason: String) { down(reason) }

    private func down(_ reason: String) {
        guard phase != .idle, phase != .waiting else { return }
        phase = .waiting
        attempt += 1
        let old = stream
        stream = nil
        old?.handler = nil
        old?.close(.now)
        failAwaited()
        failures += 1
        let longest = min(Self.delayMax.nanoseconds, Self.firstDelay.nanoseconds << min(failures - 1, 6))
        // From half of it on, so that servers that lost Redis together do not come back together.
        let delay = longest / 2 + Int64(world.entropy() % UInt64(longest / 2 + 1))
        arm(Interval(nanoseconds: delay)) { [weak self] in self?.dial() }
        onDown(reason)
    }

    private func failAwaited() {
        let lost = awaited
        awaited = []
        for reply in lost { reply?(nil) }
        let waiting = queue
        queue = []
        queuedBytes = 0
        for entry in waiting {
            if let reply = entry.reply {
                reply(nil)
            } else {
                queue.append(entry)
                queuedBytes += entry.bytes.count
            }
        }
    }

    private func arm(_ interval: Interval, _ action: @escaping () -> Void) {
        cancelTimer()
        timer = world.after(interval) { [weak self] in
            self?.timer = nil
            action()
        }
    }

    private func cancelTimer() {
        if let timer { world.callOff(timer) }
        timer = nil
    }

    // MARK: Bytes

    package func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        lastHeard = world.now()
        do throws(RedisReplyError) {
            try reader.feed(bytes.span)
            while stream != nil, let reply = try reader.next() { take(reply) }
        } catch {
            down("\(error)")
        }
    }

    private func take(_ reply: RedisReply) {
        // Once it subscribes, what a server says is messages, and confirmations of no interest.
        if phase == .ready, let onPush { return onPush(reply) }
        guard let awaiting = awaited.popFirst() else { return down("an answer to nothing") }
        if let awaiting { awaiting(reply) } else if case .error = reply { onDrop(1) }
    }

    package func streamDrained(_ stream: any ByteStream) { flush() }

    package func streamEnded(_ stream: any ByteStream) { down("the server has closed the connection") }

    package func streamClosed(_ stream: any ByteStream) { down("the connection was lost") }
}
