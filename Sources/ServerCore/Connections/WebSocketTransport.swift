import ByteKit
import CPrefetch
import Determinism
import SocketIOCore
import WebSocketCore

/// The WebSocket on one connection: messages in to its session, frames out (RFC 6455).
final class WebSocketTransport: Transport {
    private enum Phase: UInt8 {
        /// Messages flow.
        case open
        /// We have sent a close frame and wait for the peer's.
        case closing
        /// Nothing is sent or read any more.
        case ended
    }

    // What each delivery of a broadcast touches stands first.

    /// Held by us and holding us; the connection lets go when it ends.
    private let connection: Connection
    private var phase = Phase.open
    /// Whether the session does not want to be told anything.
    private var isPaused = false
    /// How an Engine.IO client wants its packets that is not sent what everybody is; nil for the others.
    private var form: EngineForm?
    /// Compresses what is sent, where that was agreed to.
    private let deflater: MessageDeflater?
    private var receiver: WebSocketReceiver
    /// Bounds the work of decompressing what is received, where that was agreed to.
    private let inflates: InflateAllowance?
    private var allowance: MessageAllowance
    /// Whether a message has begun and not ended, as of the last read.
    private var isMidMessage = false
    /// When the peer must have answered our close frame.
    private var closeDeadline = Instant.distantFuture
    /// When the message, or the packet with attachments, that is under way must be whole.
    private var messageDeadline = Instant.distantFuture

    init(connection: Connection, limits: SessionLimits, agreement: PermessageDeflate.Agreement?) {
        let server = connection.server
        self.connection = connection
        let inflater = agreement.map { MessageInflater($0, role: .server, pool: server.deflatePool) }
        receiver = WebSocketReceiver(
            role: .server, messageBytesMax: limits.messageBytesMax, fragmentsMax: limits.fragmentsMax,
            inflater: inflater)
        if let inflater, let perSecond = limits.inflatedBytesPerSecond {
            inflates = InflateAllowance(inflater, perSecond: perSecond, now: server.clock())
        } else {
            inflates = nil
        }
        deflater = agreement.map {
            MessageDeflater(
                $0, role: .server, pool: server.deflatePool, threshold: limits.compression?.thresholdBytes ?? 1_024)
        }
        allowance = MessageAllowance(perSecond: limits.messagesPerSecond ?? 0, now: server.clock())
        super.init(server: server, limits: limits)
    }

    override var peerAddress: String { connection.peer.description }

    override var remotePeer: PeerAddress? { connection.peer }

    /// Speaks for a session from now on: one that begins here, or that has moved here from long polling.
    func adopt(_ session: EngineSession, form: EngineForm) {
        self.form = form.isPlain ? nil : form
        self.session = session
        connection.armTimer()
    }

    // MARK: In

    /// Handles every message in `bytes` from `start` on.
    func received(_ bytes: inout MutableSpan<UInt8>, from start: Int) {
        guard phase != .ended else { return }
        inflates?.fill(now: server.clock())
        let count = read(&receiver, &bytes, from: start)
        connection.turn.received(messages: count)
        noteUnfinished(isNew: count > 0)
    }

    /// Handles every event in `bytes` and notes whether a message is left open; returns how many messages there were.
    ///
    /// The receiver is lent once for the whole read: to ask for it anew at each message costs as much as the message.
    /// So nothing that is called here may read it, or receive.
    private func read(
        _ receiver: inout WebSocketReceiver, _ bytes: inout MutableSpan<UInt8>, from start: Int
    ) -> Int {
        var cursor = start
        var count = 0
        do throws(WebSocketError) {
            while let event = try receiver.next(&bytes, at: &cursor) {
                switch event {
                case .text(.input(let range)):
                    count += 1
                    messageReceived(bytes.span.extracting(range), isText: true)
                case .binary(.input(let range)):
                    count += 1
                    messageReceived(bytes.span.extracting(range), isText: false)
                case .text(.assembled):
                    count += 1
                    messageReceived(receiver.assembled.span, isText: true)
                case .binary(.assembled):
                    count += 1
                    messageReceived(receiver.assembled.span, isText: false)
                case .ping, .pong, .close: controlReceived(event, receiver.control.span)
                }
                if phase == .ended { break }
            }
        } catch {
            server.counters[error == .tooMuchToInflate ? .inflatesRateLimited : .messagesMalformed] += 1
            fail(code: error.closeCode, reason: session?.givesReasons == false ? "" : error.reason)
        }
        isMidMessage = receiver.isMidMessage
        return count
    }

    private func messageReceived(_ message: Span<UInt8>, isText: Bool) {
        guard phase == .open, let session else { return }
        if let perSecond = limits.messagesPerSecond {
            // An attachment is part of the packet that announced it.
            let isAllowed = !isText && session.expectsAttachment || allowMessage(perSecond)
            guard phase == .open else { return }
            guard isAllowed else { return isText ? session.textDropped(message) : dropped(message) }
        }
        if isText { return session.textReceived(message) }
        guard form?.revision == .three else { return session.binaryReceived(message) }
        guard !message.isEmpty, message[0] == EnginePayload.binaryMessageType else {
            return end(.badMessage("a binary message has the type 4"))
        }
        session.binaryReceived(message.extracting(droppingFirst: 1))
    }

    private func dropped(_ message: Span<UInt8>) {
        session?.binaryDropped(
            form?.revision == .three ? message.extracting(droppingFirst: min(1, message.count)) : message)
    }

    private func controlReceived(_ event: WebSocketEvent, _ payload: Span<UInt8>) {
        switch event {
        case .close(let code):
            if phase == .open { connection.queueClose(code: code, reason: "") }
            session?.peerClosed(code: code)
            finish(.afterSendingLast)
        case .ping:
            guard phase == .open, limits.messagesPerSecond.map(allowMessage) ?? true else { return }
            send(.pong, payload)
        case .pong:
            guard phase == .open, let session else { return }
            // The pong that is awaited is never dropped; others are messages like any.
            guard session.awaitsPong || limits.messagesPerSecond.map(allowMessage) ?? true else { return }
            guard phase == .open else { return }
            session.pongReceived(payload)
        case .text, .binary: break
        }
    }

    private func allowMessage(_ perSecond: Int) -> Bool {
        takes(allowance.take(now: server.clock(), perSecond: perSecond))
    }

    /// Begins, goes on or ends counting the time of a message that is not whole yet.
    private func noteUnfinished(isNew: Bool) {
        guard phase == .open, isMidMessage || session?.expectsAttachment == true else {
            messageDeadline = .distantFuture
            return
        }
        guard isNew || messageDeadline == .distantFuture else { return }
        messageDeadline = server.clock() + server.settings.messageTimeout
        connection.armTimer()
    }

    // MARK: Out

    override func send(_ frames: [UInt8]) {
        guard phase == .open else { return }
        connection.queue(form == nil ? frames : reframed(frames))
        if connection.queuedBytes > limits.outboxBytesMax { outboxIsFull() }
    }

    override func send(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>, compresses: Bool) {
        guard phase == .open else { return }
        guard form == nil || opcode != .binary else { return send(WebSocketFrame.framed(.binary, payload)) }
        if let deflater, compresses, opcode == .text || opcode == .binary {
            connection.queueCompressed(opcode, payload, by: deflater)
        } else {
            connection.queueFrame(opcode, payload)
        }
        if connection.queuedBytes > limits.outboxBytesMax { outboxIsFull() }
    }

    private func outboxIsFull() {
        guard connection.isBlocked else { return connection.handOverEarly() }
        if limits.waitsForReader, connection.queuedBytes <= limits.outboxBytesCeiling {
            connection.stream.pauseReading()
        } else {
            end(.slowConsumer)
        }
    }

    override func sendAhead(_ frame: [UInt8]) {
        guard phase == .open else { return }
        connection.queueAhead(frame)
    }

    override func sendShared(_ frames: [UInt8], compresses: Bool) {
        guard phase == .open else { return }
        connection.queueShared(compresses ? compressed(frames) : form == nil ? frames : reframed(frames))
        if connection.queuedBytes > limits.outboxBytesMax { outboxIsFull() }
    }

    override func sendLatest(_ frames: [UInt8]) {
        guard phase == .open else { return }
        connection.queueShared(compressed(frames))
    }

    /// Frames that many are sent, as this client takes them: compressed where that was agreed to, unless they are another's
    /// than everybody's anyway.
    @inline(__always)
    private func compressed(_ frames: [UInt8]) -> [UInt8] {
        guard form == nil else { return reframed(frames) }
        return deflater?.shared(frames) ?? frames
    }

    private func reframed(_ frames: [UInt8]) -> [UInt8] {
        guard let form else { return frames }
        var out: [UInt8] = []
        EnginePayload.reframe(frames.span, to: &out, revision: form.revision, base64: form.isBase64)
        return out
    }

    override func prefetchConnection() { prefetch_object(UInt(bitPattern: ObjectIdentifier(connection))) }

    override var takesLatest: Bool { phase == .open && !connection.isBlocked }

    override var queuedBytes: Int { connection.queuedBytes }

    /// The stream can take bytes again.
    func drained() {
        guard phase == .open else { return }
        if limits.waitsForReader, !isPaused { connection.stream.resumeReading() }
        session?.outboxDrained()
    }

    override func pauseReading() {
        guard phase == .open, !isPaused else { return }
        isPaused = true
        connection.stream.pauseReading()
    }

    override func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        guard phase == .open else { return }
        let now = server.clock()
        if messageDeadline < .distantFuture { messageDeadline = now + server.settings.messageTimeout }
        session?.heartbeat?.resume(at: now)
        connection.stream.resumeReading()
        connection.armTimer()
    }

    // MARK: Ending

    override func end(_ departure: Departure) {
        guard phase == .open else { return }
        note(departure)
        switch departure {
        case .slowConsumer:
            // It does not read, so it would not read a close frame either.
            server.counters[.slowConsumersClosed] += 1
            connection.abort()
        default:
            if case .badMessage = departure { server.counters[.messagesMalformed] += 1 }
            connection.queueClose(code: departure.closeCode, reason: departure.reason)
            awaitClose()
        }
    }

    /// Ends what is no session of anybody, with a close frame that says nothing.
    func closeWithoutCode() {
        guard phase == .open else { return }
        connection.queueClose(code: nil, reason: "")
        awaitClose()
    }

    /// Our close frame is the last thing we say; the peer's is still to come.
    private func awaitClose() {
        // The close frame of the peer has to be read.
        if isPaused { connection.stream.resumeReading() }
        phase = .closing
        closeDeadline = server.clock() + server.settings.closeTimeout
        endSession()
        connection.armTimer()
    }

    private func fail(code: UInt16, reason: String) {
        if phase == .open { connection.queueClose(code: code, reason: reason) }
        session?.endReason = .transportError
        finish()
    }

    private func finish(_ manner: StreamCloseManner = .afterSending) {
        guard phase != .ended else { return }
        phase = .ended
        connection.finish(manner)
        endSession()
    }

    /// The connection is gone.
    func connectionEnded() {
        phase = .ended
        endSession()
    }

    private func endSession() {
        guard let session else { return }
        server.note(.ended, session, detail: session.endReason.rawValue)
        self.session = nil
        session.closed()
    }

    // MARK: Time

    override func armTimer() { connection.armTimer() }

    /// The next instant at which something must be looked at.
    var deadline: Instant {
        switch phase {
        case .open: isPaused ? .distantFuture : min(session?.deadline ?? .distantFuture, messageDeadline)
        case .closing: closeDeadline
        case .ended: .distantFuture
        }
    }

    func timeReached(_ now: Instant) {
        switch phase {
        case .open where isPaused: break
        case .open where now >= messageDeadline: end(.badMessage("a message was not finished in time"))
        case .open: session?.timeReached(now)
        case .closing where now >= closeDeadline:
            server.counters[.closeTimeouts] += 1
            connection.abort()
        case .closing, .ended: break
        }
    }
}
