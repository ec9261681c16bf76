import ByteKit
import Determinism
import HTTPCore
import WebSocketCore

/// One accepted byte stream: first it speaks HTTP, and after an upgrade WebSocket.
///
/// It owns what both need: the outbox, which ``Server/flush()`` hands to the stream as one gathered write a turn, the
/// deadline of that write, the one timer, and the way it closes. What the bytes mean is the affair of its
/// ``HTTPChannel`` or ``WebSocketTransport``. Belongs to one loop.
package final class Connection: ByteStreamHandler {
    // What each delivery of a broadcast touches stands first, so that it lies in as few cache lines as can be.
    /// What the connections of its loop share at each message.
    let turn: Turn
    let stream: any ByteStream
    /// What reads the bytes: one of the two, until the connection has ended.
    private(set) var webSocket: WebSocketTransport?
    /// Bytes that wait for the next flush.
    private var out: [UInt8] = []
    /// An array shared with other connections, to be sent after `out`: the newest snapshot.
    private var shared: [UInt8] = []
    private var blockedSince = Instant.distantFuture
    private var isDirty = false
    /// How the stream is to be closed once the outbox has been handed over; nil keeps it open.
    private var closesAfterFlush: StreamCloseManner?
    /// Nothing is sent or read any more.
    private(set) var hasEnded = false
    /// Whether the bytes come over TLS.
    let isSecure: Bool

    unowned let server: Server
    private var http: HTTPChannel?
    private var timer = TimerWheel.Key.none
    /// The connection's place in the server's table and in timer tokens.
    let slot: Int
    /// Who is at the other end, for limits, logs and admins; behind a listed proxy, the client.
    private(set) var peer: PeerAddress

    init(server: Server, stream: any ByteStream, peer: PeerAddress, isSecure: Bool, slot: Int) {
        self.server = server
        turn = server.turn
        self.stream = stream
        self.peer = peer
        self.isSecure = isSecure
        self.slot = slot
        http = HTTPChannel(connection: self, now: server.clock())
        stream.handler = self
        armTimer()
    }

    // MARK: Bytes in

    package func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        turn.received(bytes: bytes.count)
        read(&bytes)
    }

    private func read(_ bytes: inout MutableSpan<UInt8>) {
        if let webSocket { return webSocket.received(&bytes, from: 0) }
        guard let http else { return }
        let taken = http.received(bytes.span)
        // Frames may be glued to the request that asked for them (RFC 6455 §4.1).
        if let webSocket { webSocket.received(&bytes, from: taken) }
    }

    package func streamEnded(_ stream: any ByteStream) {
        guard !hasEnded else { return }
        if let http { return http.streamEnded() }
        // A FIN before a close frame is an abnormal end (RFC 6455 §7.1.5).
        abort()
    }

    // MARK: Changing channels

    /// From now on `client` counts, for whom a listed proxy speaks over this connection.
    ///
    /// - Returns: Whether that client may have another connection.
    func represent(_ client: PeerAddress) -> Bool {
        guard client != peer else { return true }
        guard server.readmit(from: peer, to: client) else { return false }
        peer = client
        return true
    }

    /// Speaks WebSocket from now on; `makeSession` says to whom.
    func upgrade(_ answer: WebSocketAnswer, limits: SessionLimits, _ makeSession: (WebSocketTransport) -> Session) {
        guard !hasEnded else { return }
        http = nil
        queue(answer.response)
        let transport = WebSocketTransport(connection: self, limits: limits, agreement: answer.agreement)
        webSocket = transport
        let session = makeSession(transport)
        transport.session = session
        server.note(.connected, session, detail: transport.name)
        session.opened()
        armTimer()
    }

    // MARK: Bytes out

    /// How many bytes wait for the kernel or for the next flush, without those the stream holds already.
    var queuedBytes: Int { out.count + shared.count }

    /// Whether what was handed to the stream still waits for the kernel.
    var isBlocked: Bool { blockedSince < .distantFuture }

    /// Queues bytes behind all that waits.
    func queue(_ bytes: [UInt8]) {
        guard !hasEnded else { return }
        makeOutbox()
        withOutbox { $0 += bytes }
        markDirty()
    }

    /// Queues one frame behind all that waits, without an array of its own.
    @inline(__always)
    func queueFrame(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>) {
        guard !hasEnded else { return }
        makeOutbox()
        withOutbox { WebSocketFrame.append(opcode, payload, to: &$0, mask: nil, isFinal: true, isCompressed: false) }
        markDirty()
    }

    /// Queues a whole frame ahead of all that waits: a heartbeat must not stand behind what a slow peer has not read.
    func queueAhead(_ frame: [UInt8]) {
        guard !hasEnded else { return }
        if out.capacity == 0 { takeOutbox() }
        // The outbox holds whole frames; what the stream has begun to send is the stream's.
        withOutbox { $0.insert(contentsOf: frame, at: 0) }
        markDirty()
    }

    /// Queues one message as a frame, compressed where that makes it smaller.
    func queueCompressed(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>, by deflater: MessageDeflater) {
        guard !hasEnded else { return }
        makeOutbox()
        withOutbox { _ = deflater.append(opcode, payload, to: &$0) }
        markDirty()
    }

    /// Queues bytes shared with other connections: nothing is copied unless more is queued after them in this turn.
    func queueShared(_ bytes: [UInt8]) {
        guard !hasEnded else { return }
        if !shared.isEmpty { makeOutbox() }
        shared = bytes
        markDirty()
    }

    /// Queues a close frame, the last frame that the peer is sent (RFC 6455 §5.5.1).
    func queueClose(code: UInt16?, reason: String) {
        makeOutbox()
        withOutbox { WebSocketFrame.appendClose(code: code, reason: reason, to: &$0) }
        markDirty()
    }

    /// Makes the outbox ready for what is queued next. Shared bytes move into it, ahead of that: what is sent in one turn
    /// arrives in the order in which it was sent.
    @inline(__always)
    private func makeOutbox() {
        if out.capacity == 0 { takeOutbox() }
        if !shared.isEmpty { placeShared() }
    }

    private func placeShared() {
        let bytes = shared
        shared = []
        withOutbox { $0 += bytes }
    }

    private func takeOutbox() {
        out = turn.takeOutbox()
    }

    private func giveBackOutbox() {
        withOutbox { turn.giveBack(&$0) }
    }

    /// Lends the outbox to a function of another module.
    ///
    /// It is taken out for the call: the compiler cannot see that such a function does not use it by another way, and
    /// would check each use of the property for that, which costs as much as framing a small message.
    @inline(__always)
    private func withOutbox(_ use: (inout [UInt8]) -> Void) {
        var lent: [UInt8] = []
        swap(&lent, &out)
        use(&lent)
        swap(&lent, &out)
    }

    @inline(__always)
    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        turn.markDirty(self)
    }

    /// Hands the outbox to the stream, and closes it when that was all.
    ///
    /// - Returns: How many bytes the stream was given.
    func flush() -> Int {
        isDirty = false
        let count = handOver()
        if let manner = closesAfterFlush {
            closesAfterFlush = nil
            // What still waits behind a blocked write is lost: the peer was not reading it.
            stream.close(manner)
        }
        return count
    }

    /// Gives the stream all that waits as one gathered write, unless an earlier one still waits for the kernel.
    private func handOver() -> Int {
        let count = queuedBytes
        guard count > 0, !isBlocked else { return 0 }
        withOutbox { stream.send(&$0, then: shared) }
        if !shared.isEmpty { shared = [] }
        if out.capacity > 0 { giveBackOutbox() }
        if stream.isBlocked {
            blockedSince = server.clock()
            armTimer()
        }
        return count
    }

    /// Hands the outbox over before the turn has ended, when it has become large.
    func handOverEarly() {
        turn.sent(bytes: handOver())
    }

    package func streamDrained(_ stream: any ByteStream) {
        blockedSince = .distantFuture
        guard !hasEnded else { return }
        if !out.isEmpty || !shared.isEmpty { markDirty() }
        if let webSocket { webSocket.drained() } else { http?.drained() }
    }

    // MARK: From loop to loop

    /// Moves to the loop that the present request belongs to, once the stream holds nothing to be sent. A stream that cannot
    /// move has its request answered here.
    func leave() {
        guard !isBlocked, queuedBytes == 0, let (request, loop) = http?.takeDeparture() else { return }
        guard let detached = stream.detach() else { return goOn(with: request) }
        hasEnded = true
        http = nil
        server.wheel.cancel(timer)
        server.release(self)
        let moved = MovedConnection(stream: detached, peer: peer, isSecure: isSecure, request: request)
        server.loops.link(to: loop).say(.connection(moved))
    }

    /// Answers a request, whose head has been read, on this loop.
    func goOn(with request: RestingRequest) {
        let channel = HTTPChannel(connection: self, now: server.clock())
        http = channel
        // Nothing is delivered before the next turn.
        stream.resumeReading()
        channel.goOn(with: request)
        var bytes = request.bytes
        var span = bytes.mutableSpan
        read(&span)
        if request.hasEnded { streamEnded(stream) }
    }

    // MARK: Ending

    /// Sends what is queued, then closes. Nothing more is read or queued.
    ///
    /// - Parameter manner: `.afterSendingLast` where the peer has said that it sends no more.
    func finish(_ manner: StreamCloseManner = .afterSending) {
        guard !hasEnded else { return }
        hasEnded = true
        closesAfterFlush = manner
        markDirty()
        release()
    }

    /// Ends the connection without another byte.
    func abort() {
        guard !hasEnded else { return }
        hasEnded = true
        out = []
        shared = []
        blockedSince = .distantFuture
        closesAfterFlush = nil
        stream.close(.now)
        release()
    }

    /// Tells whoever speaks over this connection that it is gone.
    private func release() {
        let (http, webSocket) = (http, webSocket)
        self.http = nil
        self.webSocket = nil
        http?.connectionEnded()
        webSocket?.connectionEnded()
    }

    package func streamClosed(_ stream: any ByteStream) {
        hasEnded = true
        if let failure = stream.failure, stream.isHandshaking { server.handshakeFailed(peer, failure) }
        release()
        server.wheel.cancel(timer)
        stream.handler = nil
        server.forget(self)
    }

    /// Ends the connection as the server shuts down.
    func drain() {
        if let webSocket { webSocket.end(.draining) } else { http?.drain() }
    }

    // MARK: Time

    /// The next instant at which something must be looked at.
    private var deadline: Instant {
        let ofChannel = webSocket?.deadline ?? http?.deadline ?? .distantFuture
        guard blockedSince < .distantFuture else { return ofChannel }
        return min(ofChannel, blockedSince + server.settings.writeTimeout)
    }

    /// Sets the timer to the present deadline; called when a deadline may have moved closer.
    func armTimer() {
        server.wheel.cancel(timer)
        let deadline = deadline
        guard deadline < .distantFuture else { return }
        timer = server.wheel.arm(at: deadline, token: TimerToken.connection(slot).encoded)
    }

    /// The timer has fired: acts on what is due and arms the next.
    func timeReached(_ now: Instant) {
        if blockedSince < .distantFuture, now >= blockedSince + server.settings.writeTimeout {
            server.counters[.slowConsumersClosed] += 1
            // It may have ended already, and only its last bytes have not gone.
            return hasEnded ? stream.close(.now) : abort()
        }
        if let webSocket { webSocket.timeReached(now) } else { http?.timeReached(now) }
        armTimer()
    }
}
