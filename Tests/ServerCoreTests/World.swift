import ByteKit
import Determinism
import GameKit
import LobbyCore
import ServerCore
import Synchronization

/// The hand-driven clock of a test.
final class TestClock: Sendable {
    private let state = Mutex((now: Instant.zero + .seconds(1_000), cost: Interval.zero))

    var now: Instant {
        get { state.withLock(\.now) }
        set { state.withLock { $0.now = newValue } }
    }

    /// Every reading lasts this long: a slow machine.
    var cost: Interval {
        get { state.withLock(\.cost) }
        set { state.withLock { $0.cost = newValue } }
    }

    func read() -> Instant {
        now = now + cost
        return now
    }
}

/// A byte stream that keeps what is sent, blocks when told to, and closes on the turn after it was asked to.
final class FakeStream: ByteStream {
    var handler: (any ByteStreamHandler)?
    private(set) var isBlocked = false
    /// What the peer has been handed, in order.
    private(set) var sent: [UInt8] = []
    /// How many calls of `send` there have been.
    private(set) var sendCount = 0
    private(set) var closing: StreamCloseManner?
    private(set) var isClosed = false
    /// Whether the next bytes stay in the kernel until ``drain()``.
    var stalls = false
    /// Whether the server has paused reading.
    private(set) var isPaused = false
    private(set) var pending: [UInt8] = []
    /// What has come while nobody had the stream, and how that ended.
    private var unread: [UInt8] = []
    private var unreadEnd: ((FakeStream) -> Void)?
    /// What takes it from loop to loop; nil for a stream that stays where it is.
    var mail: LoopMail?
    /// Takes what is sent in place of ``sent``: for more than is to be kept.
    var tap: (([UInt8]) -> Void)?
    /// What a layer below would say.
    var isHandshaking = false
    var failure: String?

    func pauseReading() { isPaused = true }

    func resumeReading() { isPaused = false }

    func detach() -> (any DetachedStream)? {
        guard let mail, !isBlocked, !isClosed, closing == nil else { return nil }
        handler = nil
        return mail.detach(self)
    }

    /// Delivers what has come while nobody had the stream; whether anything did.
    func deliverUnread() -> Bool {
        guard handler != nil, !isPaused, !unread.isEmpty || unreadEnd != nil else { return false }
        let (bytes, end) = (unread, unreadEnd)
        (unread, unreadEnd) = ([], nil)
        if !bytes.isEmpty { receive(bytes) }
        end?(self)
        return true
    }

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        precondition(!isBlocked, "nothing may be sent to a blocked stream")
        let all = bytes + shared
        bytes.removeAll(keepingCapacity: true)
        guard closing == nil else { return }
        sendCount += 1
        if let tap { return tap(all) }
        if stalls {
            pending = all
            isBlocked = true
        } else {
            sent += all
        }
    }

    func close(_ manner: StreamCloseManner) {
        closing = closing == .now ? .now : manner
    }

    /// The peer reads everything.
    func drain() {
        stalls = false
        guard isBlocked else { return }
        sent += pending
        pending = []
        isBlocked = false
        if !isClosed, closing == nil { handler?.streamDrained(self) }
    }

    /// Bytes of the peer arrive.
    func receive(_ bytes: [UInt8]) {
        guard closing == nil, !isClosed else { return }
        guard handler != nil else { return unread += bytes }
        var lent = bytes
        var span = lent.mutableSpan
        handler?.streamReceived(&span)
    }

    /// The peer's FIN arrives.
    func end() {
        guard closing == nil, !isClosed else { return }
        guard handler != nil else { return unreadEnd = { $0.end() } }
        handler?.streamEnded(self)
    }

    /// The connection breaks, as after a reset.
    func cut() {
        guard !isClosed else { return }
        guard handler != nil || closing != nil else { return unreadEnd = { $0.cut() } }
        isClosed = true
        handler?.streamClosed(self)
    }

    /// Delivers a close that was asked for.
    func settle() {
        guard let closing, !isClosed, closing == .now || !isBlocked else { return }
        isClosed = true
        handler?.streamClosed(self)
    }
}

/// One server, or several linked ones, with their streams under a hand-driven clock.
final class World {
    let clock: TestClock
    /// One for each loop.
    let servers: [Server]
    /// The first loop's.
    var server: Server { servers[0] }
    /// Between the loops.
    let mail: LoopMail
    /// The loop to which the next connection comes.
    var home = 0
    /// Whether connections can move to other loops.
    var streamsMove = true
    private var streams: [FakeStream] = []
    private let logBox: LogBox

    /// Where the log hook writes to.
    private final class LogBox {
        var lines: [String] = []
    }

    init(
        seed: UInt64 = 1, loops: Int = 1, games: [GameType] = [GameType(Probe.self), GameType(Other.self)],
        hooks: ServerHooks = ServerHooks(), _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) {
        var settings = ServerSettings()
        settings.defaultGame = "probe"
        settings.ticketKey = Array(repeating: 7, count: 32)
        adjust(&settings)
        let clock = TestClock()
        let box = LogBox()
        var hooks = hooks
        hooks.log = { severity, line in if severity != .debug { box.lines.append(line()) } }
        self.clock = clock
        logBox = box
        let mail = LoopMail(loops: loops, settings)
        self.mail = mail
        servers = (0..<loops).map { [settings, hooks] loop in
            Server(
                settings: settings, games: games, hooks: hooks, entropy: SeededRandom(seed: seed + UInt64(loop)),
                links: mail.links(of: loop), clock: { clock.read() })
        }
    }

    /// What the server has logged.
    var logLines: [String] { logBox.lines }

    /// A new connection to the server.
    func connect(from peer: PeerAddress = .test) -> FakeStream {
        let stream = FakeStream()
        if streamsMove { stream.mail = mail }
        streams.append(stream)
        servers[home].accept(stream, peer: peer)
        return stream
    }

    /// A new connection that perhaps speaks for somebody else.
    func arrive(from peer: PeerAddress, isSecure: Bool = false) -> FakeStream {
        let stream = FakeStream()
        streams.append(stream)
        server.identify(stream, peer: peer) { [server] client in
            server.accept(stream, peer: client, isSecure: isSecure)
        }
        return stream
    }

    /// One turn of the loop without time passing.
    func turn() {
        for (loop, server) in servers.enumerated() where !mail.isStuck(loop) { server.advance() }
        repeat {
            flush()
            for stream in streams { stream.settle() }
            streams.removeAll(where: \.isClosed)
            flush()
        } while mail.deliver(to: servers) || streams.reduce(false) { $1.deliverUnread() || $0 }
    }

    private func flush() {
        for (loop, server) in servers.enumerated() where !mail.isStuck(loop) { server.flush() }
    }

    private var nextWake: Instant? {
        servers.indices.filter { !mail.isStuck($0) }.compactMap { servers[$0].nextWake }.min()
    }

    /// The lobby of that id, on whatever loop it is.
    func lobby(_ id: String = "x") -> HostedLobby? {
        servers.lazy.compactMap { $0.lobby(id) }.first
    }

    /// Lets time pass, waking the server when it asks for it.
    func run(_ length: Interval) {
        turn()
        let end = clock.now + length
        while let wake = nextWake, wake <= end {
            clock.now = max(clock.now, wake)
            turn()
        }
        clock.now = max(clock.now, end)
        turn()
    }

    /// Lets time pass until the lobby has taken `count` more steps, or is gone.
    func steps(_ count: Int, of id: String = "x") {
        turn()
        guard let hosted = lobby(id) else { return }
        let target = hosted.lobby.tick + UInt32(count)
        while !hosted.isClosed, hosted.lobby.tick < target, let wake = nextWake {
            clock.now = max(clock.now, wake)
            turn()
        }
    }

    /// What all loops have counted.
    func count(_ counter: Counter) -> UInt64 { servers.reduce(0) { $0 + $1.counted[counter] } }
}

/// The mailboxes of a world's loops: batches are delivered in turns, and those to a loop that is stuck wait.
final class LoopMail {
    private var directory: LoopDirectory
    private let loops: Int
    private var waiting: [[LoopBatch]]
    /// Streams between two loops, by number.
    private var detached: [Int: FakeStream] = [:]
    private var detachedCount = 0
    /// Loops that do not turn.
    var stuck: Set<Int> = []

    init(loops: Int, _ settings: ServerSettings) {
        self.loops = loops
        directory = LoopDirectory(loops: loops, admission: settings.admission, seed: 1)
        waiting = Array(repeating: [], count: loops)
    }

    func isStuck(_ loop: Int) -> Bool { stuck.contains(loop) }

    /// How many batches wait for that loop.
    func waitingCount(for loop: Int) -> Int { waiting[loop].count }

    func links(of loop: Int) -> any LoopLinks { Links(mail: self, own: loop, count: loops) }

    /// An end of a connection between two loops.
    private struct Detached: DetachedStream {
        let number: Int
    }

    func detach(_ stream: FakeStream) -> any DetachedStream {
        detachedCount += 1
        detached[detachedCount] = stream
        return Detached(number: detachedCount)
    }

    /// Delivers what waits; whether anything did.
    func deliver(to servers: [Server]) -> Bool {
        var hasDelivered = false
        for loop in waiting.indices where !isStuck(loop) && !waiting[loop].isEmpty {
            let batches = waiting[loop]
            waiting[loop] = []
            hasDelivered = true
            for batch in batches { servers[loop].receive(batch) }
        }
        return hasDelivered
    }

    private final class Links: LoopLinks {
        unowned let mail: LoopMail
        let own: Int
        let count: Int

        init(mail: LoopMail, own: Int, count: Int) {
            self.mail = mail
            self.own = own
            self.count = count
        }

        func post(_ batch: LoopBatch, to loop: Int) {
            precondition(loop != own, "a loop does not write to itself")
            mail.waiting[loop].append(batch)
        }

        func attach(_ stream: any DetachedStream) -> (any ByteStream)? {
            (stream as? Detached).flatMap { mail.detached.removeValue(forKey: $0.number) }
        }

        func withDirectory(_ body: (inout LoopDirectory) -> Void) { body(&mail.directory) }
    }
}

extension PeerAddress {
    /// A client on this machine, of which there may be many.
    static let test = PeerAddress(ipv4: 0x7F00_0001, port: 40_000)
}
