import ByteKit
import Determinism
import GameKit
import LobbyCore
import ServerCore

/// The hand-driven clock of a test.
final class TestClock {
    var now = Instant.zero + .seconds(1_000)
    /// Every reading lasts this long: a slow machine.
    var cost = Interval.zero

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
    private var pending: [UInt8] = []

    func pauseReading() { isPaused = true }

    func resumeReading() { isPaused = false }

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        precondition(!isBlocked, "nothing may be sent to a blocked stream")
        let all = bytes + shared
        bytes.removeAll(keepingCapacity: true)
        guard closing == nil else { return }
        sendCount += 1
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
        var lent = bytes
        var span = lent.mutableSpan
        handler?.streamReceived(&span)
    }

    /// The peer's FIN arrives.
    func end() {
        guard closing == nil, !isClosed else { return }
        handler?.streamEnded(self)
    }

    /// The connection breaks, as after a reset.
    func cut() {
        guard !isClosed else { return }
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

/// One server with its streams under a hand-driven clock.
final class World {
    let clock: TestClock
    let server: Server
    private var streams: [FakeStream] = []
    private let logBox: LogBox

    /// Where the log hook writes to.
    private final class LogBox {
        var lines: [String] = []
    }

    init(
        seed: UInt64 = 1, games: [GameType] = [GameType(Probe.self), GameType(Other.self)],
        hooks: ServerHooks = ServerHooks(), _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) {
        var settings = ServerSettings()
        settings.defaultGame = "probe"
        adjust(&settings)
        let clock = TestClock()
        let box = LogBox()
        var hooks = hooks
        hooks.log = { severity, line in if severity != .debug { box.lines.append(line()) } }
        self.clock = clock
        logBox = box
        server = Server(
            settings: settings, games: games, hooks: hooks, entropy: SeededRandom(seed: seed), clock: { clock.read() })
    }

    /// What the server has logged.
    var logLines: [String] { logBox.lines }

    /// A new connection to the server.
    func connect(from peer: PeerAddress = .test) -> FakeStream {
        let stream = FakeStream()
        streams.append(stream)
        server.accept(stream, peer: peer)
        return stream
    }

    /// One turn of the loop without time passing.
    func turn() {
        server.advance()
        server.flush()
        for stream in streams { stream.settle() }
        streams.removeAll(where: \.isClosed)
        server.flush()
    }

    /// Lets time pass, waking the server when it asks for it.
    func run(_ length: Interval) {
        turn()
        let end = clock.now + length
        while let wake = server.nextWake, wake <= end {
            clock.now = max(clock.now, wake)
            turn()
        }
        clock.now = max(clock.now, end)
        turn()
    }

    /// Lets time pass until the lobby has taken `count` more steps, or is gone.
    func steps(_ count: Int, of id: String = "x") {
        turn()
        guard let hosted = server.lobby(id) else { return }
        let target = hosted.lobby.tick + UInt32(count)
        while !hosted.isClosed, hosted.lobby.tick < target, let wake = server.nextWake {
            clock.now = max(clock.now, wake)
            turn()
        }
    }

    func count(_ counter: Counter) -> UInt64 { server.counted[counter] }
}

extension PeerAddress {
    /// A client on this machine, of which there may be many.
    static let test = PeerAddress(ipv4: 0x7F00_0001, port: 40_000)
}
