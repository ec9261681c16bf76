import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import SocketIOCore
import WebSocketCore

/// Long polling: packets go out in the answers to GETs, one of which waits at a time, and come in in POSTs
/// (protocol/spec/socketio.md §7).
///
/// The outbox holds WebSocket frames like every other; an answer's payload is made from them at the end of a turn. It has
/// no connection: requests come on whichever.
final class PollingTransport: Transport {
    private enum Phase: UInt8 {
        /// Packets flow.
        case open
        /// The session has ended, and the next poll is told so.
        case closing
        /// Nobody finds the session any more. A poll that waits is still answered.
        case ended
    }

    /// Where the handshake came from.
    let peer: PeerAddress
    /// The place in the server's table and in timer tokens.
    let slot: Int
    private let form: EngineForm
    private var sid = ""
    private var phase = Phase.open

    /// The GET that waits.
    private var poll: EnginePoll?
    /// The POST whose body is coming in, or that waits for its answer.
    private var post: HTTPExchange?
    /// Whether that POST's packets have been taken.
    private var postIsTaken = false
    /// Whether the session has ended by a fault of the POST that is being taken.
    private var postIsFaulty = false
    /// Frames that wait for a GET.
    private var out: [UInt8] = []
    /// Whether something among them may not be compressed: then nothing is that goes with it.
    private var isPlainDue = false
    /// Packets without data, in frames, that follow when all else is out: a noop, the close, or both.
    private var farewell: [UInt8] = []
    /// Whether a GET that has nothing to take gets a noop: the client waits for its polls to end.
    private var endsPolls = false
    private var isDirty = false

    private var allowance: MessageAllowance
    /// When the packet with attachments that is under way must be whole.
    private var messageDeadline = Instant.distantFuture
    /// When a session that has ended is forgotten, told or not.
    private var closeDeadline = Instant.distantFuture
    /// Since when more waits than the limit of those who may wait for their reader.
    private var fullSince = Instant.distantFuture
    private var timer = TimerWheel.Key.none

    /// How long a session that has ended waits for a poll to say so.
    static let closeTimeout = Interval.seconds(30)

    init(server: Server, limits: SessionLimits, form: EngineForm, peer: PeerAddress, slot: Int) {
        self.form = form
        self.peer = peer
        self.slot = slot
        allowance = MessageAllowance(perSecond: limits.messagesPerSecond ?? 0, now: server.clock())
        super.init(server: server, limits: limits)
    }

    override var name: String { "polling" }

    override var peerAddress: String { peer.description }

    override var remotePeer: PeerAddress? { peer }

    /// Begins to speak for a session, with the GET that has opened it.
    func open(_ session: EngineSession, _ handshake: EnginePoll) {
        sid = session.sid
        self.session = session
        server.engineSessions.place(self)
        wait(handshake)
        server.note(.connected, session, detail: name)
        session.opened()
        armTimer()
    }

    /// Whether the session has ended.
    var isClosing: Bool { phase != .open }

    // MARK: GET

    /// Takes a GET: it is answered at the end of a turn in which there is something to say.
    func take(_ poll: EnginePoll) {
        guard self.poll == nil else {
            end(.badMessage("overlap from client"))
            return poll.exchange.refuse(.badRequest)
        }
        wait(poll)
        guard phase == .open else {
            markDirty()
            guard out.isEmpty else { return }
            farewell = SocketIOFrames.noop + farewell
            return retire()
        }
        // What has waited is taken now, so there is room for what was left out.
        if !out.isEmpty { session?.outboxDrained() }
        if !out.isEmpty || endsPolls { markDirty() }
    }

    private func wait(_ poll: EnginePoll) {
        self.poll = poll
        poll.exchange.onAbandoned = { [weak self] in
            self?.poll = nil
            self?.abort()
        }
    }

    /// Answers a GET that waits, and each that would have to, with a noop.
    func endPolls() {
        endsPolls = true
        if poll != nil { markDirty() }
    }

    /// Lets GETs wait again.
    func keepPolls() { endsPolls = false }

    /// Gives up the session to a WebSocket with all that has not been sent; a GET that waits gets a noop.
    func handOver() -> [UInt8] {
        let frames = out
        out = []
        session = nil
        farewell = SocketIOFrames.noop
        if poll != nil { markDirty() }
        retire(keepsID: true)
        return frames
    }

    // MARK: POST

    /// The head of a POST has come; its body is still to be read.
    func begin(_ exchange: HTTPExchange) {
        guard phase == .open else { return }
        guard post == nil else { return end(.badMessage("data request overlap from client")) }
        post = exchange
        postIsTaken = false
        exchange.onAbandoned = { [weak self] in
            self?.post = nil
            self?.abort()
        }
    }

    /// Takes the packets of a POST, and answers it.
    ///
    /// - Parameter isScript: Whether the body is a form (JSONP).
    func take(post exchange: HTTPExchange, isScript: Bool) {
        if post !== exchange { begin(exchange) }
        guard phase == .open else { return drop(exchange) }
        postIsFaulty = false
        readPackets(of: exchange, isScript: isScript)
        postIsTaken = true
        if postIsFaulty {
            post = nil
            exchange.refuse(.badRequest)
        } else if phase == .open, limits.waitsForReader, out.count > limits.outboxBytesMax {
            // No more input until what it leads to has been read.
            return
        } else {
            answerPost()
        }
    }

    /// Answers a POST that has crossed the end: what it says is for nobody. A client that is still to be told why the session ends
    /// would take a refusal for a lost connection, and come back.
    private func drop(_ exchange: HTTPExchange) {
        if post === exchange { post = nil }
        guard phase == .closing else { return exchange.refuse(.badRequest) }
        Self.accept(exchange)
    }

    private static func accept(_ exchange: HTTPExchange) {
        exchange.onAbandoned = nil
        exchange.respond(.ok, fields: [.contentType: "text/plain; charset=UTF-8"], body: Array("ok".utf8))
    }

    private func readPackets(of exchange: HTTPExchange, isScript: Bool) {
        var body = exchange.body
        exchange.body = []
        let form: EnginePayload.Form
        if isScript {
            guard let payload = EngineJSONP.payload(ofForm: body.span) else {
                return end(.badMessage("no payload in the form"))
            }
            (body, form) = (payload, .counted)
        } else {
            guard
                let posted = EnginePayload.Form(self.form.revision, contentType: exchange.head.fields[.contentType])
            else { return end(.badMessage("invalid content")) }
            form = posted
        }
        readPackets(of: body.span, form)
        noteUnfinished()
    }

    private func readPackets(of body: Span<UInt8>, _ form: EnginePayload.Form) {
        var decoder = EnginePayloadDecoder(form: form, messageBytesMax: limits.messageBytesMax)
        do throws(EngineError) {
            while phase == .open, let packet = try decoder.next(body) {
                switch packet {
                case .text(let range): deliver(text: body.extracting(range))
                case .binary:
                    let message = decoder.message
                    deliver(binary: message.span)
                }
            }
        } catch {
            session?.endReason = .parseError
            end(.badMessage("\(error)"))
        }
    }

    private func deliver(text: Span<UInt8>) {
        let isAllowed = allowMessage()
        guard phase == .open, let session else { return }
        guard isAllowed else { return session.textDropped(text) }
        server.counters[.messagesIn] += 1
        session.textReceived(text)
    }

    private func deliver(binary: Span<UInt8>) {
        // An attachment is part of the packet that announced it.
        let isAllowed = session?.expectsAttachment == true || allowMessage()
        guard phase == .open, let session else { return }
        guard isAllowed else { return session.binaryDropped(binary) }
        server.counters[.messagesIn] += 1
        session.binaryReceived(binary)
    }

    private func allowMessage() -> Bool {
        guard let perSecond = limits.messagesPerSecond else { return true }
        return takes(allowance.take(now: server.clock(), perSecond: perSecond))
    }

    /// Begins, goes on or ends counting the time of a packet whose attachments have not all come.
    private func noteUnfinished() {
        guard phase == .open, session?.expectsAttachment == true else {
            messageDeadline = .distantFuture
            return
        }
        messageDeadline = server.clock() + server.settings.messageTimeout
        armTimer()
    }

    private func answerPost() {
        guard let exchange = post, postIsTaken else { return }
        post = nil
        Self.accept(exchange)
    }

    /// The head of the POST whose packets are being taken.
    var requestHead: HTTPRequestHead? { post?.head }

    // MARK: Out

    override func send(_ frames: [UInt8]) { sendShared(frames, compresses: false) }

    override func sendShared(_ frames: [UInt8], compresses: Bool) {
        guard phase == .open else { return }
        out += frames
        if !compresses { isPlainDue = true }
        queued()
    }

    override func send(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>, compresses: Bool) {
        guard phase == .open else { return }
        WebSocketFrame.append(opcode, payload, to: &out)
        if !compresses { isPlainDue = true }
        queued()
    }

    override func sendAhead(_ frame: [UInt8]) {
        guard phase == .open else { return }
        out.insert(contentsOf: frame, at: 0)
        if poll != nil { markDirty() }
    }

    override func sendLatest(_ frames: [UInt8]) {
        guard phase == .open else { return }
        out += frames
        if poll != nil { markDirty() }
    }

    /// A GET waits, or the last payload has been taken and nothing has come after it.
    override var takesLatest: Bool { phase == .open && (poll != nil || out.isEmpty) }

    override var queuedBytes: Int { out.count }

    private func queued() {
        if poll != nil { markDirty() }
        guard out.count > limits.outboxBytesMax else { return }
        guard limits.waitsForReader, out.count <= limits.outboxBytesCeiling else { return end(.slowConsumer) }
        guard fullSince == .distantFuture else { return }
        fullSince = server.clock()
        armTimer()
    }

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        server.markDirty(self)
    }

    /// The end of a turn: answers the GET that waits when there is anything to say.
    func flush() {
        isDirty = false
        if phase != .open { answerPost() }
        guard let poll else { return }
        // Clients forget what a payload holds in front of a close: where there is time, that comes with the next poll.
        if out.isEmpty || phase == .ended {
            out += farewell
            farewell = []
        }
        if out.isEmpty, endsPolls { out = SocketIOFrames.noop }
        guard !out.isEmpty else { return }
        var frames = out
        out = []
        var body: [UInt8] = []
        let taken = EnginePayload.appendPackets(
            fromFrames: frames.span, to: &body, revision: form.revision, base64: form.isBase64 || poll.isBase64,
            bytesMax: phase == .open ? limits.messageBytesMax : .max)
        frames.removeFirst(taken.byteCount)
        out = frames
        guard taken.packetCount > 0 else { return }
        self.poll = nil
        poll.answer(body, taken.form, compresses: !isPlainDue)
        if out.isEmpty { isPlainDue = false }
        guard out.count <= limits.outboxBytesMax else { return }
        fullSince = .distantFuture
        answerPost()
    }

    // MARK: Ending

    override func end(_ departure: Departure) {
        guard phase == .open else { return }
        note(departure)
        var waits = poll == nil || !out.isEmpty
        farewell = SocketIOFrames.close
        switch departure {
        case .left:
            // The client's own close packet: its poll only has to end.
            farewell = SocketIOFrames.noop
            waits = false
        case .badMessage, .rateLimited:
            if case .badMessage = departure { server.counters[.messagesMalformed] += 1 }
            postIsFaulty = true
            waits = false
        case .slowConsumer:
            server.counters[.slowConsumersClosed] += 1
            waits = false
        case .heartbeatTimeout, .draining: waits = false
        default: break
        }
        phase = .closing
        closeDeadline = server.clock() + Self.closeTimeout
        endSession()
        if poll != nil { markDirty() }
        if waits { armTimer() } else { retire() }
    }

    /// The client has given up a GET or a POST that was under way. What else it has under way is answered.
    private func abort() {
        guard phase == .open else { return }
        session?.endReason = .transportError
        farewell = SocketIOFrames.close
        phase = .closing
        endSession()
        if poll != nil { markDirty() }
        retire()
    }

    private func endSession() {
        guard let session else { return }
        server.note(.ended, session, detail: session.endReason.rawValue)
        self.session = nil
        session.closed()
    }

    /// From now on nobody finds the session over polling, or at all.
    ///
    /// - Parameter keepsID: Whether the session lives on elsewhere.
    private func retire(keepsID: Bool = false) {
        guard phase != .ended else { return }
        phase = .ended
        server.wheel.cancel(timer)
        if !keepsID { server.engineSessions.remove(sid) }
        server.engineSessions.release(self)
        _ = server.loops.withDirectory { $0.pollings.released(peer) }
        // A POST whose body is still coming in finds nobody when it is whole.
        if post != nil, postIsTaken { markDirty() }
    }

    // MARK: Time

    private var deadline: Instant {
        switch phase {
        case .open: min(session?.deadline ?? .distantFuture, messageDeadline, fullDeadline)
        case .closing: closeDeadline
        case .ended: .distantFuture
        }
    }

    private var fullDeadline: Instant {
        fullSince < .distantFuture ? fullSince + server.settings.writeTimeout : .distantFuture
    }

    override func armTimer() {
        server.wheel.cancel(timer)
        let deadline = deadline
        guard deadline < .distantFuture else { return }
        timer = server.wheel.arm(at: deadline, token: TimerToken.polling(slot).encoded)
    }

    /// Acts on what is due, also before a request is looked at: timers are a little late, and what has ended has ended.
    func timeReached(_ now: Instant) {
        switch phase {
        case .open where now >= messageDeadline: end(.badMessage("a message was not finished in time"))
        case .open where now >= fullDeadline: end(.slowConsumer)
        case .open: session?.timeReached(now)
        case .closing where now >= closeDeadline: retire()
        case .closing, .ended: break
        }
        armTimer()
    }
}

/// A GET that takes packets, with what it says of their form.
struct EnginePoll {
    let exchange: HTTPExchange
    /// Whether this request takes text alone.
    let isBase64: Bool
    /// Which function of the page the answer is to call (JSONP).
    let scriptIndex: Int?

    init(_ exchange: HTTPExchange, _ query: EngineQuery) {
        self.exchange = exchange
        isBase64 = query.isBase64
        scriptIndex = query.scriptIndex
    }

    /// Answers with a payload.
    ///
    /// - Parameter compresses: Whether it may be, for a client that takes it.
    func answer(_ payload: [UInt8], _ form: EnginePayload.Form, compresses: Bool) {
        exchange.onAbandoned = nil
        guard let scriptIndex else {
            return exchange.respond(
                .ok, fields: [.contentType: form.contentType], body: payload, compresses: compresses)
        }
        exchange.respond(
            .ok, fields: [.contentType: EngineJSONP.contentType],
            body: EngineJSONP.script(payload.span, index: scriptIndex), compresses: compresses)
    }
}
