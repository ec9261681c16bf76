package import BotCore
internal import ByteKit
package import Determinism

/// One end of a connection.
package enum PipeSide: UInt8, Sendable, CustomStringConvertible {
    /// The end that connected.
    case client = 0
    /// The end that accepted.
    case server = 1

    /// The opposite end.
    package var other: PipeSide { self == .client ? .server : .client }
    /// The name in traces.
    package var description: String { self == .client ? "client" : "server" }
}

/// A live simulated connection, with its two ends, its two flows and the faults that can befall it.
package final class SimulatedPipe {
    private enum Kind: Int {
        case arrive
        case depart
        case releaseShortWrite
        case read
        case drained
        case closed
        case lingered
    }

    /// How long a closed end waits for the other's, as a socket does.
    private static let linger = Interval.seconds(2)

    /// The connection's number in traces.
    package let connection: Int
    /// Where it lies in the network's list of live pipes.
    var liveIndex = 0
    private let network: SimulatedNetwork
    private let time: SimulatedTime
    private let up: SimulatedFlow
    private let down: SimulatedFlow
    private var random: SeededRandom
    /// The end that connected.
    package let client: SimulatedStream
    /// The end that accepted.
    package let server: SimulatedStream

    /// An open connection whose client's first bytes arrive at `firstArrival` at the earliest.
    init(
        _ connection: Int, client clientNode: SimulatedNode, server serverNode: SimulatedNode,
        _ conditions: NetworkConditions,
        firstArrival: Instant, random: SeededRandom, in network: SimulatedNetwork
    ) {
        self.connection = connection
        self.network = network
        self.random = random
        time = network.time
        client = SimulatedStream(.client, connection: connection, node: clientNode)
        server = SimulatedStream(.server, connection: connection, node: serverNode)
        up = SimulatedFlow(sentBy: .client, conditions.up, start: firstArrival)
        down = SimulatedFlow(sentBy: .server, conditions.down, start: firstArrival)
        client.join(self)
        server.join(self)
    }

    /// One of its ends.
    package func end(_ side: PipeSide) -> SimulatedStream {
        side == .client ? client : server
    }

    /// Bytes that `side` has sent and the other end's handler has not got yet.
    package func undeliveredByteCount(from side: PipeSide) -> Int {
        flow(from: side).accepted - flow(from: side).consumed
    }

    // MARK: Faults

    /// Kills the connection from outside (RST to both): what is under way is lost, both ends close.
    package func reset() {
        network.trace.record(.reset, connection, nil, at: time.now)
        up.abort()
        down.abort()
        becomeClosed(.client)
        becomeClosed(.server)
    }

    /// Kills the connection as if the process of `side` had: the other end closes when the reset reaches it,
    /// after the bytes that were already under way.
    package func reset(by side: PipeSide) {
        guard end(side).state != .closed else { return }
        network.trace.record(.reset, connection, side, at: time.now)
        sendReset(from: side)
        becomeClosed(side)
    }

    /// The line is dead both ways for `interval`; everything is kept and arrives afterwards.
    package func stall(for interval: Interval) {
        network.trace.record(.stalled, connection, nil, at: time.now)
        let end = time.now + interval
        up.stalledUntil = max(up.stalledUntil, end)
        down.stalledUntil = max(down.stalledUntil, end)
    }

    /// The line is another one from now on; what is under way arrives as it would have.
    package func change(to conditions: NetworkConditions) {
        up.link = conditions.up
        down.link = conditions.down
    }

    /// From now on packets vanish, those under way too, and neither end is told. For ever.
    ///
    /// - Parameter sender: Cuts only what this side sends; nil for both.
    package func cut(sentBy sender: PipeSide? = nil) {
        network.trace.record(.cut, connection, sender, at: time.now)
        if sender != .server { up.isCut = true }
        if sender != .client { down.isCut = true }
    }

    /// The program at `side` stops reading, or goes on. Its kernel receives until the window is full.
    package func setReadingStalled(_ isStalled: Bool, at side: PipeSide) {
        let stream = end(side)
        guard stream.isReadingStalled != isStalled else { return }
        stream.isReadingStalled = isStalled
        if !isStalled { resumeReading(side) }
    }

    // MARK: What the ends ask for

    /// Takes bytes from an end, and returns whether it is blocked.
    func send(_ first: [UInt8], _ second: [UInt8], from side: PipeSide) -> Bool {
        let flow = flow(from: side)
        network.witness?.sent(first, second, by: side, on: connection)
        flow.append(first, second)
        if flow.holdsBack(&random) {
            let wait = random.int(in: 1...2_000_000)
            schedule(.releaseShortWrite, side, at: time.now + Interval(nanoseconds: Int64(wait)))
        }
        pump(flow)
        return flow.hasPending
    }

    /// Reads what has come while `side` did not; what else keeps it from reading still does.
    func resumeReading(_ side: PipeSide) {
        schedule(.read, side, at: time.now)
    }

    /// An end has no loop for a while.
    func detach(_ stream: SimulatedStream) { network.detached[connection] = stream }

    /// Half-closes.
    func finish(_ side: PipeSide) {
        let flow = flow(from: side)
        flow.finish()
        pump(flow)
    }

    /// Closes an end, whose state is `finishing`.
    func close(_ side: PipeSide, _ manner: StreamCloseManner) {
        let flow = flow(from: side)
        if manner == .now { flow.discardPending() }
        flow.finish()
        dropInput(of: side)
        pump(flow)
    }

    /// Forgets the ends' handlers, without a word to them.
    func tearDown() {
        for side in [PipeSide.client, .server] {
            end(side).state = .closed
            end(side).handler = nil
        }
    }

    /// Closes the end of a process that is gone: it hears nothing of it, the other end gets a reset.
    func crash(_ side: PipeSide) {
        end(side).handler = nil
        reset(by: side)
    }

    // MARK: Events

    private func flow(from side: PipeSide) -> SimulatedFlow {
        side == .client ? up : down
    }

    private func code(_ kind: Kind, _ side: PipeSide) -> Int {
        kind.rawValue << 1 | Int(side.rawValue)
    }

    private func schedule(_ kind: Kind, _ side: PipeSide, at instant: Instant) {
        time.schedule(at: instant, self, code: code(kind, side))
    }

    private func pump(_ flow: SimulatedFlow) {
        let wasBlocked = end(flow.side).waits
        let retry = flow.pump(at: time.now, &random)
        if let retry, !flow.isDepartureScheduled {
            flow.isDepartureScheduled = true
            schedule(.depart, flow.side, at: retry)
        }
        scheduleArrival(flow)
        guard !flow.hasPending else { return }
        if wasBlocked { schedule(.drained, flow.side, at: time.now) }
        closeIfSent(flow.side)
    }

    private func scheduleArrival(_ flow: SimulatedFlow) {
        guard !flow.isArrivalScheduled, let next = flow.nextArrival else { return }
        flow.isArrivalScheduled = true
        schedule(.arrive, flow.side.other, at: max(next, time.now))
    }

    /// The kernel of `side` has got segments.
    private func arrive(_ side: PipeSide) {
        let flow = flow(from: side.other)
        flow.isArrivalScheduled = false
        let wasIdle = flow.unreadCount == 0
        let hasArrived = flow.arrive(at: time.now)
        scheduleArrival(flow)
        guard hasArrived else { return }
        switch end(side).state {
        case .open:
            // Otherwise an earlier read is still to come and will find these bytes too.
            if wasIdle { eventDue(code(.read, side)) }
        case .finishing:
            if flow.arrivedEnding == .reset { becomeClosed(side) } else { dropInput(of: side) }
        case .closed:
            // Bytes for a socket that is gone are answered with a reset (RFC 9293 §3.10.7.1).
            if flow.unreadCount > 0 { sendReset(from: side) }
        }
    }

    /// The program at `side` reads what is there.
    private func read(_ side: PipeSide) {
        let stream = end(side)
        let flow = flow(from: side.other)
        while flow.unreadCount > 0 {
            guard stream.isReading else { return }
            // The read buffer is lent by the network, so it is out of reach while a handler has it.
            var buffer = network.takeReadBuffer()
            flow.read(into: &buffer, &random)
            network.trace.record(received: buffer.span, connection, side, at: time.now)
            network.witness?.received(buffer.span, at: side, on: connection)
            var bytes = buffer.mutableSpan
            stream.handler?.streamReceived(&bytes)
            network.returnReadBuffer(&buffer)
        }
        openWindow(of: flow)
        guard stream.isReading, let ending = flow.takeArrivedEnding() else { return }
        switch ending {
        case .fin:
            network.trace.record(.ended, connection, side, at: time.now)
            stream.handler?.streamEnded(stream)
        case .reset:
            self.flow(from: side).abort()
            becomeClosed(side)
        }
    }

    /// Tells the sender that there is room again, if it waits for that; the notice takes the line's time.
    private func openWindow(of flow: SimulatedFlow) {
        let back = self.flow(from: flow.side.other)
        guard flow.waitsToDepart, !flow.isDepartureScheduled, !back.isCut else { return }
        flow.isDepartureScheduled = true
        schedule(.depart, flow.side, at: max(time.now + back.latency, back.stalledUntil))
    }

    /// Drops what has come to an end that waits for the other to finish, and closes it once that has, or sends too much.
    private func dropInput(of side: PipeSide) {
        let flow = flow(from: side.other)
        let stream = end(side)
        guard stream.state == .finishing, stream.dropped != nil else { return }
        let isWithinBound = stream.dropped?.drop(flow.dropUnread()) ?? false
        openWindow(of: flow)
        if !isWithinBound {
            stream.dropped = nil
            sendReset(from: side)
            becomeClosed(side)
        } else if flow.hasArrivedFin {
            closeIfSent(side)
        }
    }

    private func closeIfSent(_ side: PipeSide) {
        let stream = end(side)
        let flow = flow(from: side.other)
        guard stream.state == .finishing, !self.flow(from: side).hasPending else { return }
        guard stream.dropped == nil || flow.hasArrivedFin else {
            guard !stream.isLingering else { return }
            stream.isLingering = true
            return schedule(.lingered, side, at: time.now + Self.linger)
        }
        // A socket that is closed with unread bytes resets the connection (RFC 2525 §2.17).
        if flow.unreadCount > 0 { sendReset(from: side) }
        becomeClosed(side)
    }

    private func sendReset(from side: PipeSide) {
        let flow = flow(from: side)
        flow.reset(at: time.now, &random)
        scheduleArrival(flow)
    }

    private func becomeClosed(_ side: PipeSide) {
        guard end(side).state != .closed else { return }
        end(side).state = .closed
        network.witness?.closed(side, on: connection)
        schedule(.closed, side, at: time.now)
        if end(side.other).state == .closed { network.forget(self) }
    }
}

extension SimulatedPipe: EventTarget {
    /// Moves the connection on; what concerns a program waits while its node is paused.
    package func eventDue(_ code: Int) {
        guard let kind = Kind(rawValue: code >> 1), let side = PipeSide(rawValue: UInt8(code & 1)) else { return }
        let stream = end(side)
        switch kind {
        case .arrive:
            arrive(side)
        case .depart:
            flow(from: side).isDepartureScheduled = false
            pump(flow(from: side))
        case .releaseShortWrite:
            flow(from: side).isHeld = false
            pump(flow(from: side))
        case .read:
            if stream.node.admits(self, code: code) { read(side) }
        case .drained:
            guard stream.node.admits(self, code: code), !flow(from: side).hasPending else { return }
            guard stream.state == .open, stream.waits else { return }
            network.trace.record(.drained, connection, side, at: time.now)
            stream.reportDrained()
        case .lingered:
            becomeClosed(side)
        case .closed:
            guard stream.node.admits(self, code: code) else { return }
            network.trace.record(.closed, connection, side, at: time.now)
            stream.reportClosed()
        }
    }
}
