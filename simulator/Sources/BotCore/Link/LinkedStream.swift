import ByteKit
import ClientCore
import Determinism

/// A client's byte stream by way of the relay: to the client it is the socket, to the socket it is the client.
///
/// As with a kernel, the client is blocked while more waits to be sent than the send buffer holds, and the socket is not read while
/// more is under way than the receive window holds; then TCP slows the server.
final class LinkedStream: ByteStream {
    var handler: (any ByteStreamHandler)?
    private(set) var isBlocked = false
    private unowned let dialer: LinkedDialer
    private let relay: LinkRelay
    private var socket: (any ByteStream)?
    private var up: LinkedFlow
    private var down: LinkedFlow
    /// How the client has closed; nil while it has not.
    private var closing: StreamCloseManner?
    private var isReadingPaused = false
    private var isSocketPaused = false
    private var isSocketClosed = false
    private var isOver = false

    init(_ handler: any ByteStreamHandler, _ dialer: LinkedDialer, _ relay: LinkRelay) {
        self.handler = handler
        self.dialer = dialer
        self.relay = relay
        up = LinkedFlow(start: relay.clock())
        down = LinkedFlow(start: relay.clock())
    }

    /// The connection stands.
    func join(_ socket: any ByteStream) {
        self.socket = socket
        socket.handler = self
    }

    var isHandshaking: Bool { socket?.isHandshaking ?? false }
    var failure: String? { socket?.failure }

    func hold(until instant: Instant) {
        up.hold(until: instant)
        down.hold(until: instant)
    }

    func lose(_ way: LinkWay) {
        switch way {
        case .up: up.isLost = true
        case .down: down.isLost = true
        }
    }

    // MARK: From the client

    func pauseReading() { isReadingPaused = true }

    func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        schedule(.down)
    }

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        defer { bytes.removeAll(keepingCapacity: true) }
        guard closing == nil, !isOver else { return }
        precondition(!isBlocked, "a blocked stream was sent to")
        guard let conditions = dialer.conditions?.up ?? up.conditions(at: relay.clock()) else {
            socket?.send(&bytes, then: shared)
            isBlocked = socket?.isBlocked ?? false
            return
        }
        up.append(bytes + shared, conditions, at: relay.clock(), &relay.random)
        isBlocked = up.count > conditions.sendBufferBytes
        schedule(.up)
    }

    func close(_ manner: StreamCloseManner) {
        guard !isOver, closing != .now else { return }
        closing = manner
        if manner == .now { up.drop() }
        closeWhenSent()
    }

    /// Ends the socket once all has been handed to it. Where what is sent is lost the end is, too: the server has to find out.
    private func closeWhenSent() {
        guard let closing, up.count == 0 else { return }
        down.drop()
        if up.isLost || isSocketClosed {
            relay.call(at: relay.clock()) { [weak self] in self?.over() }
        } else {
            socket?.close(closing)
        }
    }

    // MARK: Arrivals

    private func schedule(_ way: LinkWay) {
        guard !isOver, let arrival = way == .up ? up.nextArrival : down.nextArrival else { return }
        switch way {
        case .up:
            guard !up.isScheduled else { return }
            up.isScheduled = true
        case .down:
            guard !down.isScheduled, !isReadingPaused else { return }
            down.isScheduled = true
        }
        relay.call(at: arrival) { [weak self] in self?.arrived(way) }
    }

    private func arrived(_ way: LinkWay) {
        guard !isOver else { return }
        switch way {
        case .up:
            up.isScheduled = false
            deliverUp()
        case .down:
            down.isScheduled = false
            deliverDown()
        }
    }

    private func deliverUp() {
        // What the socket does not take waits, and so does all behind it.
        guard let socket, !socket.isBlocked else { return }
        var bytes = up.take(at: relay.clock(), isSliced: false)
        if !bytes.isEmpty { socket.send(&bytes, then: []) }
        closeWhenSent()
        schedule(.up)
        guard isBlocked, !socket.isBlocked, up.count <= dialer.conditions?.up.sendBufferBytes ?? 0 else { return }
        isBlocked = false
        handler?.streamDrained(self)
    }

    private func deliverDown() {
        guard !isReadingPaused, closing == nil else { return }
        let conditions = dialer.conditions?.down ?? LinkConditions()
        var bytes = down.take(at: relay.clock(), isSliced: conditions.splitChance > 0)
        var span = bytes.mutableSpan
        if span.count > 0 { handler?.streamReceived(&span) }
        schedule(.down)
        guard isSocketPaused, down.count <= conditions.receiveWindowBytes / 2 else { return }
        isSocketPaused = false
        socket?.resumeReading()
    }
}

// MARK: - From the socket

extension LinkedStream: ByteStreamHandler {
    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard closing == nil else { return }
        guard let conditions = dialer.conditions?.down ?? down.conditions(at: relay.clock()) else {
            handler?.streamReceived(&bytes)
            return
        }
        down.append([UInt8](copying: bytes.span), conditions, at: relay.clock(), &relay.random)
        if !isSocketPaused, down.count > conditions.receiveWindowBytes {
            isSocketPaused = true
            socket?.pauseReading()
        }
        schedule(.down)
    }

    func streamDrained(_ stream: any ByteStream) { deliverUp() }

    func streamEnded(_ stream: any ByteStream) {
        guard !down.isLost else { return }
        let arrival = down.ending(dialer.conditions?.down, at: relay.clock(), &relay.random)
        relay.call(at: arrival) { [weak self] in
            guard let self, !isOver, closing == nil else { return }
            handler?.streamEnded(self)
        }
    }

    func streamClosed(_ stream: any ByteStream) {
        stream.handler = nil
        isSocketClosed = true
        // A client that has closed hears of it at once; another when the news has come to it, unless that is lost.
        guard closing == nil else { return over() }
        guard !down.isLost else { return }
        let arrival = down.ending(dialer.conditions?.down, at: relay.clock(), &relay.random)
        relay.call(at: arrival) { [weak self] in self?.over() }
    }

    private func over() {
        guard !isOver else { return }
        isOver = true
        dialer.ended(self)
        let handler = handler
        self.handler = nil
        handler?.streamClosed(self)
    }
}
