package import ByteKit
package import Determinism
package import ServerCore

/// A server of one loop under a hand-driven clock, with the streams that it was given.
package final class FuzzServer {
    package let server: Server
    private let clock: Clock
    private var streams: [FuzzStream] = []
    /// What is to happen at the end of a turn, once.
    package var atEndOfTurn: [() -> Void] = []

    private final class Clock {
        var now = Instant.zero + .seconds(1_000)
    }

    package init(_ settings: ServerSettings) {
        let clock = Clock()
        self.clock = clock
        server = Server(
            settings: settings, games: [], hooks: ServerHooks(), entropy: SeededRandom(seed: 1), clock: { clock.now })
    }

    package var now: Instant { clock.now }

    /// A new connection, perhaps of a listed proxy.
    package func connect(
        from peer: PeerAddress = PeerAddress(ipv4: 0x7F00_0001, port: 40_000), isSecure: Bool = false
    ) -> FuzzStream {
        let stream = FuzzStream()
        streams.append(stream)
        server.identify(stream, peer: peer) { [server] client in
            server.accept(stream, peer: client, isSecure: isSecure)
        }
        return stream
    }

    /// One turn of the loop without time passing: what is due, all answers, all closes.
    package func turn() {
        server.advance()
        repeat {
            let actions = atEndOfTurn
            atEndOfTurn = []
            for action in actions { action() }
            server.flush()
            for stream in streams { stream.settle() }
            streams.removeAll(where: \.isClosed)
            server.flush()
        } while !atEndOfTurn.isEmpty
    }

    /// Lets time pass, waking the server when it asks for it.
    package func run(_ length: Interval) {
        turn()
        let end = clock.now + length
        // Each wake must do something, or time would stand still.
        var wakes = 0
        while let wake = server.nextWake, wake <= end {
            clock.now = max(clock.now, wake)
            turn()
            wakes += 1
            precondition(wakes < 10_000, "the server wakes over and over")
        }
        clock.now = end
        turn()
    }

    /// Lets time pass in which the loop is stuck.
    package func stall(_ length: Interval) {
        clock.now = clock.now + length
        turn()
    }

    /// Whether nothing is left of any peer: no connection, no session on polling, no timer.
    package var isIdle: Bool {
        server.connectionCount == 0 && server.pollingCount == 0 && server.nextWake == nil && streams.isEmpty
    }
}

/// A byte stream that keeps what is sent. It blocks and is paused as a socket is: nothing is lost.
package final class FuzzStream: ByteStream {
    package var handler: (any ByteStreamHandler)?
    /// What the peer has been handed, in order.
    package private(set) var sent: [UInt8] = []
    package private(set) var isBlocked = false
    package private(set) var isClosed = false
    /// Whether the peer reads nothing for now.
    package var stalls = false
    /// How many bytes the server has taken while it was blocked.
    package private(set) var takenWhileBlocked = 0
    private var closing: StreamCloseManner?
    private var pending: [UInt8] = []
    private var isPaused = false
    private var isDelivering = false
    private var arrived: ArraySlice<UInt8> = []

    /// Whether the server has ended it, as far as the peer can know.
    package var isOver: Bool { isClosed || closing != nil }

    /// Whether the server has agreed to speak WebSocket.
    package var hasUpgraded: Bool { String(decoding: sent + pending, as: UTF8.self).contains("HTTP/1.1 101 ") }

    package func pauseReading() { isPaused = true }

    package func resumeReading() { isPaused = false }

    package func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        precondition(!isBlocked, "nothing may be sent to a blocked stream")
        let all = bytes + shared
        bytes.removeAll(keepingCapacity: true)
        guard closing == nil, !isClosed else { return }
        if stalls {
            pending = all
            isBlocked = true
        } else {
            sent += all
        }
    }

    package func close(_ manner: StreamCloseManner) {
        closing = closing == .now ? .now : manner
    }

    /// Bytes of the peer arrive; a server that has paused gets them when it resumes.
    package func receive(_ bytes: [UInt8]) {
        arrived += bytes
        deliver()
    }

    private func deliver() {
        guard !isPaused, !isOver, !arrived.isEmpty else { return }
        var lent = Array(arrived)
        arrived = []
        if isBlocked { takenWhileBlocked += lent.count }
        var span = lent.mutableSpan
        handler?.streamReceived(&span)
    }

    /// The peer's FIN arrives, behind what it has sent.
    package func end() {
        guard !isOver, arrived.isEmpty else { return }
        handler?.streamEnded(self)
    }

    /// The peer reads everything.
    package func drain() {
        stalls = false
        guard isBlocked else { return }
        sent += pending
        pending = []
        isBlocked = false
        takenWhileBlocked = 0
        if !isOver { handler?.streamDrained(self) }
    }

    /// The connection breaks.
    package func cut() {
        guard !isClosed else { return }
        isClosed = true
        handler?.streamClosed(self)
    }

    /// Delivers what was held back, and a close that was asked for.
    func settle() {
        deliver()
        guard let closing, !isClosed, closing == .now || !isBlocked else { return }
        isClosed = true
        handler?.streamClosed(self)
    }
}
