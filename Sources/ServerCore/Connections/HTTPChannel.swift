import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import WebSocketCore

/// The HTTP/1.1 side of one connection: requests in their order, one exchange at a time (RFC 9112 §9.3).
///
/// A request that comes while an earlier one is unanswered waits as bytes; when more wait than a head may have, the rest
/// is left with the kernel.
final class HTTPChannel {
    private enum Stage {
        /// Nothing of the first request has come, or a head is coming in.
        case head
        /// Kept alive; nothing of a next request has come.
        case idle
        case body
        /// A whole request waits for its answer, or a streamed answer is under way.
        case answering
        /// A head has come that belongs to another loop.
        case leaving
    }

    /// Held by us and holding us; the connection lets go when it ends or speaks WebSocket.
    private let connection: Connection
    var server: Server { connection.server }
    private var parser = HTTPRequestParser()
    private var exchange: HTTPExchange?
    private var stage = Stage.head
    /// When the first head must be there.
    private let headDeadline: Instant
    /// When the stage must be over.
    private(set) var deadline: Instant
    /// Bytes that came before the request ahead of them was answered.
    private var waiting: [UInt8] = []
    private var isReading = false
    private var isPaused = false
    private var closesWhenAnswered = false
    /// The request that belongs to another loop, and that loop, while ``Stage/leaving``.
    private var departure: (head: HTTPRequestHead, loop: Int)?
    /// Whether the peer has said meanwhile that it sends no more.
    private var hasEnded = false

    init(connection: Connection, now: Instant) {
        self.connection = connection
        let settings = connection.server.settings
        headDeadline = now + settings.headTimeout
        // The head counts from the accept, a handshake with it; that alone has less.
        deadline = connection.isSecure ? min(headDeadline, now + settings.handshakeTimeout) : headDeadline
    }

    // MARK: In

    /// Reads requests and hands each to the server; returns how many bytes it has taken or kept. The rest follows an
    /// upgrade.
    func received(_ bytes: Span<UInt8>) -> Int {
        guard waiting.isEmpty, canRead else {
            keep(bytes)
            return bytes.count
        }
        var cursor = 0
        read(bytes, at: &cursor)
        guard connection.webSocket == nil else { return cursor }
        if cursor < bytes.count { keep(bytes.extracting(cursor...)) }
        return bytes.count
    }

    private func keep(_ bytes: Span<UInt8>) {
        guard !connection.hasEnded else { return }
        waiting.append(bytes)
        guard waiting.count > HTTPLimits().headBytesMax, !isPaused else { return }
        isPaused = true
        connection.stream.pauseReading()
    }

    /// Whether the next request may be read: the one before has been answered, and its answer is not in the way.
    private var canRead: Bool {
        guard !connection.hasEnded, connection.webSocket == nil else { return false }
        if stage == .answering || stage == .leaving { return false }
        return !connection.isBlocked || exchange != nil
    }

    private func read(_ bytes: Span<UInt8>, at cursor: inout Int) {
        isReading = true
        defer { isReading = false }
        do throws(HTTPError) {
            while canRead, let event = try parser.next(bytes, at: &cursor) {
                switch event {
                case .head(let head): begin(head)
                case .body(let range): exchange?.body.append(bytes.extracting(range))
                case .end: requestIsWhole()
                }
            }
        } catch {
            server.counters[.headsRefused] += 1
            connection.queue(refusal(error))
            end()
        }
        if stage == .idle, parser.stage != .idle { enter(.head, for: server.settings.headTimeout) }
    }

    /// What CORS needs is on refusals, too: a page could not read them otherwise.
    private func refusal(_ error: HTTPError) -> [UInt8] {
        let fields = exchange?.answerFields ?? [:]
        // Clients of Engine.IO take what comes with a 413 for an answer's payload (protocol/spec/socketio.md §9).
        if error == .bodyTooLarge { return HTTPWriter.response(error.status, fields: fields, connection: .close) }
        return HTTPWriter.response(error.status, fields: fields, text: error.status.reasonPhrase, connection: .close)
    }

    private func begin(_ head: HTTPRequestHead) {
        guard head.contentCoding == nil || !head.hasBody else {
            // A few bytes may stand for any number: no body is ever decompressed (RFC 9110 §15.5.16).
            server.counters[.headsRefused] += 1
            connection.queue(HTTPAnswer.compressedBody)
            return end()
        }
        guard !head.hasBody || !head.fields.hasToken("websocket", in: .upgrade) else {
            // Nothing of the body is needed to know that this is no handshake (protocol/spec/websocket.md §2).
            server.counters[.handshakesRefused] += 1
            connection.queue(WebSocketHandshakeError.body.response())
            return end()
        }
        if let loop = server.otherLoop(for: head) { return leave(for: loop, with: head) }
        serve(head)
    }

    /// Makes ready for a request that is answered on this loop.
    private func serve(_ head: HTTPRequestHead) {
        let exchange = HTTPExchange(head: head, channel: self)
        self.exchange = exchange
        parser.bodyBytesMax = server.bodyBytesMax(for: exchange)
        guard head.hasBody else { return }
        enter(.body, for: server.settings.bodyTimeout)
        if head.expectsContinue, head.contentLength ?? 0 <= parser.bodyBytesMax {
            connection.queue(HTTPWriter.continueResponse)
        }
    }

    private func requestIsWhole() {
        guard let exchange else { return }
        server.counters[.requests] += 1
        // No timer is set: a request is nearly always answered on the spot.
        stage = .answering
        deadline = .distantFuture
        server.answer(exchange)
        if stage == .answering { connection.armTimer() }
    }

    /// Goes on with what has waited for an answer.
    private func resume() {
        guard !isReading, canRead else { return }
        if !waiting.isEmpty {
            var bytes = waiting
            waiting = []
            var cursor = 0
            read(bytes.span, at: &cursor)
            if let webSocket = connection.webSocket {
                var rest = bytes.mutableSpan
                return webSocket.received(&rest, from: cursor)
            }
            if !connection.hasEnded { waiting += bytes[cursor...] }
        }
        guard isPaused, waiting.isEmpty, !connection.hasEnded else { return }
        isPaused = false
        connection.stream.resumeReading()
    }

    // MARK: To another loop

    /// Reads nothing more until the connection has moved, at the end of a turn in which all that was answered has gone.
    private func leave(for loop: Int, with head: HTTPRequestHead) {
        stage = .leaving
        deadline = .distantFuture
        departure = (head, loop)
        isPaused = true
        connection.stream.pauseReading()
        server.markLeaving(connection)
    }

    /// The request that belongs to another loop, with all that has come after its head.
    func takeDeparture() -> (request: RestingRequest, loop: Int)? {
        guard let departure else { return nil }
        let request = RestingRequest(head: departure.head, parser: parser, bytes: waiting, hasEnded: hasEnded)
        self.departure = nil
        waiting = []
        return (request, departure.loop)
    }

    /// Answers a request on this loop, whichever it belongs to. What came after its head is to be received next.
    func goOn(with request: RestingRequest) {
        parser = request.parser
        serve(request.head)
    }

    // MARK: Out

    /// The exchange's whole answer.
    func answered(_ answer: [UInt8], keepsAlive: Bool) {
        exchange = nil
        connection.queue(answer)
        guard keepsAlive, !closesWhenAnswered else { return connection.finish() }
        enter(.idle, for: server.settings.keepAliveTimeout)
        // Many small requests in one read: their answers must not pile up without bound.
        if connection.queuedBytes > Self.answerBytesMax { connection.handOverEarly() }
        resume()
    }

    private static let answerBytesMax = 16 * 1024

    /// A part of a streamed answer.
    func streamed(_ bytes: [UInt8]) {
        connection.queueShared(bytes)
    }

    /// How many bytes of answers wait to be sent, and whether the peer has stopped reading them.
    var backlog: (bytes: Int, isBlocked: Bool) { (connection.queuedBytes, connection.isBlocked) }

    /// The streamed answer is over; there is no other way to tell than to close.
    func streamEnded(_ exchange: HTTPExchange) {
        self.exchange = nil
        connection.finish()
    }

    /// The request becomes a WebSocket.
    func upgrade(_ answer: WebSocketAnswer, limits: SessionLimits, _ makeSession: (WebSocketTransport) -> Session) {
        let client = exchange.map { self.client(of: $0.head) } ?? connection.peer
        exchange = nil
        guard connection.represent(client) else {
            connection.queue(HTTPAnswer.overloaded)
            return end()
        }
        connection.upgrade(answer, limits: limits, makeSession)
        if !isReading { passOn() }
    }

    /// Gives the WebSocket what came while somebody decided about the upgrade.
    private func passOn() {
        guard let webSocket = connection.webSocket else { return }
        if isPaused { connection.stream.resumeReading() }
        guard !waiting.isEmpty else { return }
        var bytes = waiting
        waiting = []
        var span = bytes.mutableSpan
        webSocket.received(&span, from: 0)
    }

    /// The answer is given later, but in that time, or by ``timeReached(_:)``.
    func expectAnswer(within time: Interval) {
        guard stage == .answering else { return }
        enter(.answering, for: time)
    }

    /// Who sent a request: the peer, or whom a listed proxy names.
    func client(of head: HTTPRequestHead) -> PeerAddress { server.client(of: head, over: connection.peer) }

    var isSecure: Bool { connection.isSecure }
    var isHeadOnly: Bool { exchange?.head.method == .head }

    // MARK: Connection

    func drained() {
        exchange?.drained()
        if stage == .leaving { server.markLeaving(connection) }
        resume()
    }

    /// The peer will send no more. What was answered is still sent; an answer that is yet to come is not wanted.
    func streamEnded() {
        if stage == .leaving { hasEnded = true } else { end() }
    }

    private func end() {
        connection.finish()
    }

    /// The connection is gone.
    func connectionEnded() {
        let exchange = exchange
        self.exchange = nil
        exchange?.abandon()
    }

    /// The server shuts down: what is being answered still is, then the connection closes. A streamed answer would never
    /// end by itself.
    func drain() {
        closesWhenAnswered = true
        if stage != .answering || exchange?.isStreaming == true { connection.finish() }
    }

    // MARK: Time

    private func enter(_ stage: Stage, for time: Interval) {
        self.stage = stage
        deadline = server.clock() + time
        connection.armTimer()
    }

    func timeReached(_ now: Instant) {
        guard now >= deadline else { return }
        switch stage {
        case .head where connection.stream.isHandshaking:
            server.counters[.handshakesTimedOut] += 1
            connection.abort()
        case .head where now < headDeadline: deadline = headDeadline
        case .head, .body:
            server.counters[.headsRefused] += 1
            connection.queue(HTTPAnswer.requestTimeout)
            end()
        case .idle: end()
        case .answering: exchange?.respond(.serviceUnavailable, text: "this took too long", fields: [.retryAfter: "5"])
        case .leaving: break
        }
    }
}
