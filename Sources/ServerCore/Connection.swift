import ByteKit
import Determinism
import HTTPCore
import WebSocketCore

/// One accepted byte stream: first an HTTP request head, then a WebSocket that carries a ``Session``.
///
/// Bytes come in through ``streamReceived(_:)`` and go out through the outbox, which ``Server/flush()`` hands to the
/// stream as one gathered write a turn. Belongs to one loop.
package final class Connection: ByteStreamHandler {
    /// Where the connection stands in its life.
    private enum Phase {
        /// The request head is coming in.
        case head
        /// Upgraded; messages flow.
        case open
        /// We have sent a close frame and wait for the peer's.
        case closing
        /// Nothing is sent or read any more.
        case ended
    }

    unowned let server: Server
    private let stream: any ByteStream
    /// The peer's address, for logs and admins.
    package let peerAddress: String
    /// The connection's place in the server's table and in timer tokens.
    let slot: Int

    private var phase = Phase.head
    private var parser = HTTPRequestParser()
    private var receiver: WebSocketReceiver?
    /// What speaks over this connection once it is upgraded.
    private(set) var session: Session?

    /// Reliable bytes that wait for the next flush.
    private var out: [UInt8] = []
    /// The newest snapshot that waits for the next flush. It leaves this slot only for the outbox, when something is sent
    /// after it in the same turn.
    private var snapshot: [UInt8] = []
    private var isDirty = false
    private var closesAfterFlush = false
    private var blockedSince: Instant?
    /// Since when a message, or a packet's attachments, are under way.
    private var unfinishedSince: Instant?

    private var phaseStart: Instant
    private var timer = TimerWheel.Key.none
    private var allowance: MessageAllowance

    init(server: Server, stream: any ByteStream, peerAddress: String, slot: Int) {
        self.server = server
        self.stream = stream
        self.peerAddress = peerAddress
        self.slot = slot
        phaseStart = server.clock()
        allowance = MessageAllowance(perSecond: server.settings.messagesPerSecond, now: phaseStart)
        stream.handler = self
        armTimer()
    }

    // MARK: Bytes in

    package func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        server.counters[.bytesIn] += UInt64(bytes.count)
        var cursor = 0
        if phase == .head { receiveHead(bytes.span, at: &cursor) }
        if phase == .open || phase == .closing {
            let isNew = receiveMessages(&bytes, at: &cursor)
            noteUnfinished(isNew: isNew)
        }
    }

    /// Begins, goes on or ends counting the time of a message that is not whole yet.
    private func noteUnfinished(isNew: Bool) {
        guard phase == .open, receiver?.isMidMessage == true || session?.expectsAttachment == true else {
            unfinishedSince = nil
            return
        }
        guard isNew || unfinishedSince == nil else { return }
        unfinishedSince = server.clock()
        armTimer()
    }

    private func receiveHead(_ bytes: Span<UInt8>, at cursor: inout Int) {
        do throws(HTTPError) {
            guard let head = try parser.next(bytes, at: &cursor) else { return }
            server.answer(head, on: self)
        } catch {
            server.counters[.headsRefused] += 1
            respond(error.response())
        }
    }

    /// Handles every whole message in `bytes`; whether there was one.
    private func receiveMessages(_ bytes: inout MutableSpan<UInt8>, at cursor: inout Int) -> Bool {
        var hasMessage = false
        do throws(WebSocketError) {
            while phase == .open || phase == .closing {
                guard let event = try receiver?.next(&bytes, at: &cursor) else { break }
                switch event {
                case .text, .binary: hasMessage = true
                case .ping, .pong, .close: break
                }
                handle(event, bytes.span)
            }
        } catch {
            server.counters[.messagesMalformed] += 1
            fail(code: error.closeCode, reason: error.reason)
        }
        return hasMessage
    }

    private func handle(_ event: WebSocketEvent, _ bytes: Span<UInt8>) {
        switch event {
        case .close(let code):
            if phase == .open { queueClose(code: code, reason: "") }
            finishAfterFlush()
        case .ping:
            guard phase == .open, let payload = receiver?.control, allowMessage() else { return }
            send(WebSocketFrame.framed(.pong, payload.span))
        case .pong:
            guard phase == .open else { return }
            session?.pongReceived()
        case .text(let message), .binary(let message):
            guard phase == .open, let session else { return }
            let isText = if case .text = event { true } else { false }
            // An attachment is part of the packet that announced it.
            let isAllowed = !isText && session.expectsAttachment || allowMessage()
            guard phase == .open else { return }
            switch message {
            case .input(let range):
                deliver(bytes.extracting(range), isText: isText, isAllowed: isAllowed, to: session)
            case .assembled:
                guard let whole = receiver?.assembled else { return }
                deliver(whole.span, isText: isText, isAllowed: isAllowed, to: session)
            }
        }
    }

    private func deliver(_ message: Span<UInt8>, isText: Bool, isAllowed: Bool, to session: Session) {
        guard isAllowed else {
            if isText { session.textDropped(message) }
            return
        }
        server.counters[.messagesIn] += 1
        if isText { session.textReceived(message) } else { session.binaryReceived(message) }
    }

    private func allowMessage() -> Bool {
        switch allowance.take(now: server.clock()) {
        case .allowed: return true
        case .dropped:
            server.counters[.messagesRateLimited] += 1
            return false
        case .hopeless:
            server.counters[.messagesRateLimited] += 1
            end(.rateLimited)
            return false
        }
    }

    // MARK: Answers

    /// Sends an HTTP answer and closes.
    func respond(_ answer: [UInt8]) {
        out += answer
        finishAfterFlush()
    }

    /// Becomes a WebSocket that carries `session`.
    func upgrade(response: [UInt8], to session: Session) {
        out += response
        receiver = WebSocketReceiver(role: .server, messageBytesMax: server.settings.messageBytesMax)
        self.session = session
        enter(.open)
        markDirty()
        session.opened()
        armTimer()
    }

    /// Queues reliable, already framed bytes. When more than the limit waits for a peer that does not read, it is closed
    /// as too slow.
    func send(_ frames: [UInt8]) {
        guard phase == .open else { return }
        placeSnapshot()
        out += frames
        markDirty()
        guard out.count > server.settings.outboxBytesMax else { return }
        if stream.isBlocked { end(.slowConsumer) } else { handOver() }
    }

    /// Queues a frame ahead of all that waits: a heartbeat must not stand behind what a slow peer has not read.
    func sendAhead(_ frame: [UInt8]) {
        guard phase == .open else { return }
        // The outbox holds whole frames; what the stream has begun to send is the stream's.
        out.insert(contentsOf: frame, at: 0)
        markDirty()
    }

    /// Whether a snapshot may be handed over now: nothing of an earlier turn is still unsent.
    var takesSnapshots: Bool { phase == .open && !stream.isBlocked }

    /// Queues a framed snapshot for the next flush, shared with every other connection that is sent the same.
    func sendSnapshot(_ frames: [UInt8]) {
        guard phase == .open else { return }
        placeSnapshot()
        snapshot = frames
        markDirty()
    }

    /// Moves a waiting snapshot into the outbox, ahead of what is queued next: what is sent in one turn arrives in the
    /// order in which it was sent.
    private func placeSnapshot() {
        guard !snapshot.isEmpty else { return }
        out += snapshot
        snapshot = []
    }

    /// Queues a close frame, the last that the peer is sent (RFC 6455 §5.5.1).
    private func queueClose(code: UInt16?, reason: String) {
        placeSnapshot()
        WebSocketFrame.appendClose(code: code, reason: reason, to: &out)
    }

    /// Ends the connection for a reason of ours: tells the peer, then waits for its close frame.
    func end(_ departure: Departure) {
        guard phase == .open else { return }
        switch departure {
        case .slowConsumer:
            // It does not read, so it would not read a close frame either.
            server.counters[.slowConsumersClosed] += 1
            abort()
        default:
            if case .badMessage = departure { server.counters[.messagesMalformed] += 1 }
            queueClose(code: departure.closeCode, reason: departure.reason)
            enter(.closing)
            markDirty()
            armTimer()
            endSession()
        }
    }

    private func fail(code: UInt16, reason: String) {
        if phase == .open { queueClose(code: code, reason: reason) }
        finishAfterFlush()
    }

    private func finishAfterFlush() {
        guard phase != .ended else { return }
        enter(.ended)
        closesAfterFlush = true
        markDirty()
        endSession()
    }

    /// Ends the connection without another byte.
    private func abort() {
        enter(.ended)
        out = []
        snapshot = []
        blockedSince = nil
        closesAfterFlush = false
        stream.close(.now)
        endSession()
    }

    private func endSession() {
        guard let session else { return }
        self.session = nil
        session.closed()
    }

    private func enter(_ next: Phase) {
        phase = next
        phaseStart = server.clock()
    }

    // MARK: Bytes out

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        server.dirty.append(self)
    }

    /// Hands the outbox to the stream, and closes it when that was all.
    func flush() {
        isDirty = false
        handOver()
        if closesAfterFlush {
            closesAfterFlush = false
            // What still waits behind a blocked write is lost: the peer was not reading it.
            stream.close(.afterSending)
        }
    }

    /// Gives the stream all that waits as one gathered write, unless an earlier one still waits for the kernel.
    private func handOver() {
        guard !stream.isBlocked, !out.isEmpty || !snapshot.isEmpty else { return }
        server.counters[.bytesOut] += UInt64(out.count + snapshot.count)
        stream.send(&out, then: snapshot)
        snapshot = []
        guard stream.isBlocked else { return }
        blockedSince = server.clock()
        armTimer()
    }

    package func streamDrained(_ stream: any ByteStream) {
        blockedSince = nil
        guard phase != .ended else { return }
        if !out.isEmpty || !snapshot.isEmpty { markDirty() }
        if phase == .open { session?.outboxDrained() }
    }

    package func streamEnded(_ stream: any ByteStream) {
        // A FIN before a close frame is an abnormal end (RFC 6455 §7.1.5).
        if phase != .ended { abort() }
    }

    package func streamClosed(_ stream: any ByteStream) {
        if phase != .ended { enter(.ended) }
        endSession()
        server.wheel.cancel(timer)
        stream.handler = nil
        server.forget(self)
    }

    // MARK: Time

    /// The next instant at which something must be looked at.
    private var deadline: Instant? {
        let settings = server.settings
        let ownDeadline: Instant?
        switch phase {
        case .head: ownDeadline = phaseStart + settings.headTimeout
        case .open:
            let finish = unfinishedSince.map { $0 + settings.messageTimeout }
            ownDeadline = [session?.deadline, finish].compactMap(\.self).min()
        case .closing: ownDeadline = phaseStart + settings.closeTimeout
        case .ended: ownDeadline = nil
        }
        guard let blockedSince else { return ownDeadline }
        let writeDeadline = blockedSince + settings.writeTimeout
        return ownDeadline.map { min($0, writeDeadline) } ?? writeDeadline
    }

    /// Sets the timer to the present deadline; called when a deadline may have moved closer.
    func armTimer() {
        server.wheel.cancel(timer)
        guard let deadline else { return }
        timer = server.wheel.arm(at: deadline, token: TimerToken.connection(slot).encoded)
    }

    /// The timer has fired: acts on what is due and arms the next.
    func timeReached(_ now: Instant) {
        if let blockedSince, now >= blockedSince + server.settings.writeTimeout {
            server.counters[.slowConsumersClosed] += 1
            abort()
            return
        }
        switch phase {
        case .head where now >= phaseStart + server.settings.headTimeout:
            server.counters[.headsRefused] += 1
            respond(HTTPAnswer.requestTimeout)
        case .open where unfinishedSince.map { now >= $0 + server.settings.messageTimeout } == true:
            end(.badMessage("a message was not finished in time"))
        case .open:
            session?.timeReached(now)
        case .closing where now >= phaseStart + server.settings.closeTimeout:
            server.counters[.closeTimeouts] += 1
            abort()
        default:
            break
        }
        armTimer()
    }
}

/// How many messages a connection may send: a bucket that fills at a steady rate.
struct MessageAllowance {
    enum Verdict { case allowed, dropped, hopeless }

    private let perSecond: Double
    private var tokens: Double
    private var filledAt: Instant
    private var droppedInARow = 0

    init(perSecond: Int, now: Instant) {
        self.perSecond = Double(perSecond)
        tokens = self.perSecond * 2
        filledAt = now
    }

    mutating func take(now: Instant) -> Verdict {
        tokens = min(perSecond * 2, tokens + (now - filledAt).seconds * perSecond)
        filledAt = now
        if tokens >= 1 {
            tokens -= 1
            droppedInARow = 0
            return .allowed
        }
        droppedInARow += 1
        return Double(droppedInARow) > perSecond * 4 ? .hopeless : .dropped
    }
}
