import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import WebSocketCore

/// How a connection ended: the server's close code and reason, or what went wrong without one.
package struct ConnectionClose: Sendable, Equatable {
    /// The code of the server's close frame; nil when the connection ended without one.
    package var code: UInt16?
    /// The reason in words; may be empty.
    package var reason: String
    /// Whether there was no connection at all, or the server broke a rule of it.
    package var isFault: Bool

    /// An end of a connection.
    package init(code: UInt16? = nil, reason: String, isFault: Bool = false) {
        self.code = code
        self.reason = reason
        self.isFault = isFault
    }
}

/// What a ``WebSocketClient`` tells its owner. Spans are lent for the call.
package protocol WebSocketClientOwner: AnyObject {
    /// The server has answered 101; messages may be sent.
    func connectionOpened()
    /// A whole text message, valid UTF-8.
    func textReceived(_ text: Span<UInt8>)
    /// A whole binary message.
    func binaryReceived(_ bytes: Span<UInt8>)
    /// A WebSocket ping, which has been answered.
    func pingReceived()
    /// The connection is over: the last call. Not made after ``WebSocketClient/abort()``.
    func connectionClosed(_ close: ConnectionClose)
}

/// The client's end of one WebSocket over a byte stream (RFC 6455): opening handshake, masked frames, pongs, close.
///
/// Bytes go out once a turn, when the ``FlushQueue`` is flushed. Belongs to one loop. Holds its owner from ``open(for:)``
/// until it has ended: who lets go of one that has not is to call ``abort()``.
package final class WebSocketClient: ByteStreamHandler, Flushed {
    /// What a connection may ask for, hold and offer.
    package struct Options {
        /// The path and query to ask for.
        package var target: String
        /// The `Host` field: host and port.
        package var host: String
        /// More fields of the request.
        package var fields = HTTPFields()
        /// The one subprotocol to speak; nil for none. A server that does not speak it is hung up on.
        package var subprotocol: String?
        /// What to offer, or nil not to offer compression.
        package var compression: ClientCompression?
        /// Whether pings are answered (RFC 6455 §5.5.2): not by a test's client that misbehaves.
        package var answersPings = true
        /// The longest message that is taken.
        package var messageBytesMax = 1 << 20
        /// What a server may leave unread of ours before it counts as dead.
        package var outboxBytesMax = 262_144

        /// Options with the defaults above.
        package init(target: String, host: String) {
            self.target = target
            self.host = host
        }
    }

    private enum Phase {
        /// No stream yet.
        case idle
        /// A stream has been asked for.
        case dialing
        /// The upgrade request is on its way.
        case handshaking
        /// Messages flow.
        case open
        /// Our close frame has gone first; the server's is awaited.
        case closing
        /// Nothing is read or sent any more.
        case ended
    }

    /// What is needed until the server has answered.
    private final class Opening {
        let options: Options
        let handshake: WebSocketClientHandshake
        var parser = HTTPResponseParser()

        init(_ options: Options, nonce: [UInt8]) {
            self.options = options
            handshake = WebSocketClientHandshake(
                nonce: nonce, subprotocols: options.subprotocol.map { [$0] } ?? [],
                deflate: options.compression?.deflate)
        }
    }

    // What each message takes comes first: a process has thousands of these, and each cache line is a miss. For the same
    // reason no reference to one is weak, which would put its count elsewhere.

    private var owner: (any WebSocketClientOwner)?
    private let context: ClientContext
    private var phase = Phase.idle
    private var isQueued = false
    private var closesAfterFlush = false
    private var receiver: WebSocketReceiver
    private var stream: (any ByteStream)?
    private var out: [UInt8] = []
    /// Compresses what is sent, once that has been agreed to.
    private var deflater: MessageDeflater?
    private let outboxBytesMax: Int
    private let answersPings: Bool
    private var random: SeededRandom
    private var opening: Opening?

    /// Whether messages may be sent.
    package var isOpen: Bool { phase == .open }

    /// Whether what is sent now goes out in this turn: nothing of earlier turns waits.
    package var isWritable: Bool { phase == .open && stream?.isBlocked == false }

    /// How many bytes wait to be handed to the stream.
    package var queuedBytes: Int { out.count }

    /// A connection that has no stream yet.
    ///
    /// - Parameter random: Makes the nonce and the masks. A seed makes them predictable, which is what a test wants and what a
    ///   program in a browser's place must not have (RFC 6455 §10.3).
    package init(_ options: Options, random: SeededRandom, _ context: ClientContext) {
        self.context = context
        self.random = random
        outboxBytesMax = options.outboxBytesMax
        answersPings = options.answersPings
        var nonce: [UInt8] = []
        nonce.appendLittleEndian(self.random.next())
        nonce.appendLittleEndian(self.random.next())
        opening = Opening(options, nonce: nonce)
        receiver = WebSocketReceiver(role: .client, messageBytesMax: options.messageBytesMax)
    }

    // MARK: Bytes out

    /// Connects and asks for the upgrade. Once.
    package func open(for owner: any WebSocketClientOwner) {
        precondition(phase == .idle, "a client connection starts once")
        self.owner = owner
        phase = .dialing
        context.dialer.dial(self) { [self] result in
            switch result {
            case .success(let stream):
                guard phase == .dialing else { return stream.close(.now) }
                start(stream)
            case .failure(let error): dialFailed(error)
            }
        }
    }

    private func dialFailed(_ error: DialError) {
        guard phase == .dialing else { return }
        phase = .ended
        tell(ConnectionClose(reason: "no connection: \(error)", isFault: true))
    }

    private func start(_ stream: any ByteStream) {
        self.stream = stream
        stream.handler = self
        phase = .handshaking
        guard let opening else { return }
        let options = opening.options
        do throws(HTTPError) {
            out = try opening.handshake.request(target: options.target, host: options.host, fields: options.fields)
            enqueue()
        } catch {
            fail("the request would be malformed: \(error)")
        }
    }

    /// Sends a text message, which is UTF-8. On a connection that is not open the call does nothing.
    ///
    /// - Parameter compresses: False for a message with a secret beside text that somebody else may have chosen: its
    ///   length would tell of the secret (protocol/spec/websocket.md §6).
    package func send(text: [UInt8], compresses: Bool = true) {
        send(.text, text, compresses: compresses)
    }

    /// Sends a binary message. On a connection that is not open the call does nothing.
    package func send(binary: [UInt8], compresses: Bool = true) {
        send(.binary, binary, compresses: compresses)
    }

    private func send(_ opcode: WebSocketOpcode, _ payload: [UInt8], compresses: Bool) {
        guard phase == .open else { return }
        if let deflater, compresses {
            let isCompressed = deflater.append(opcode, payload.span, to: &out, mask: nextMask())
            if isCompressed { context.traffic.messagesCompressed += 1 }
            enqueue()
        } else {
            append(opcode, payload.span)
        }
        guard out.count <= outboxBytesMax else { return fail("the server does not read") }
    }

    /// Sends a pong that nobody has asked for (RFC 6455 §5.5.3).
    package func sendPong() {
        let nothing: [UInt8] = []
        if phase == .open { append(.pong, nothing.span) }
    }

    private func append(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>) {
        WebSocketFrame.append(opcode, payload, to: &out, mask: nextMask())
        enqueue()
    }

    private func nextMask() -> UInt32 {
        UInt32(truncatingIfNeeded: random.next())
    }

    /// Begins the closing handshake; ``WebSocketClientOwner/connectionClosed(_:)`` follows when the server answers.
    ///
    /// How long that may take is the owner's to bound, with ``abort()``.
    package func close(code: UInt16 = WebSocketCloseCode.normal, reason: String = "") {
        guard phase == .open else { return }
        WebSocketFrame.appendClose(code: code, reason: reason, to: &out, mask: nextMask())
        phase = .closing
        enqueue()
    }

    /// Drops the connection at once, as a crash would. The owner is not told.
    package func abort() {
        owner = nil
        opening = nil
        guard phase != .ended else { return }
        phase = .ended
        out = []
        stream?.close(.now)
    }

    private func enqueue() {
        guard !isQueued else { return }
        isQueued = true
        context.queue.append(self)
    }

    func flush() {
        isQueued = false
        guard let stream else { return }
        if !stream.isBlocked, !out.isEmpty {
            context.traffic.bytesOut += UInt64(out.count)
            stream.send(&out, then: [])
        }
        if closesAfterFlush {
            closesAfterFlush = false
            stream.close(.afterSending)
        }
    }

    // MARK: Bytes in

    package func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        context.traffic.bytesIn += UInt64(bytes.count)
        var cursor = 0
        if phase == .handshaking { receiveAnswer(bytes.span, at: &cursor) }
        if phase == .open || phase == .closing { receiveMessages(&bytes, at: &cursor) }
    }

    private func receiveAnswer(_ bytes: Span<UInt8>, at cursor: inout Int) {
        guard let opening else { return }
        do {
            guard let head = try opening.parser.next(bytes, at: &cursor) else { return }
            guard head.status.code == 101 else {
                return fail("the server answered \(head.status.code) \(head.status.reasonPhrase)")
            }
            let answer = try opening.handshake.check(head)
            guard answer.subprotocol == opening.options.subprotocol else {
                return fail("the server does not speak \(opening.options.subprotocol ?? "")")
            }
            if let agreed = answer.extensions, let compression = opening.options.compression {
                compress(agreed, compression)
            }
            self.opening = nil
            phase = .open
            owner?.connectionOpened()
        } catch {
            fail("the server's answer to the upgrade is malformed: \(error)")
        }
    }

    private func compress(_ agreed: PermessageDeflate.Agreement, _ compression: ClientCompression) {
        context.traffic.connectionsCompressed += 1
        deflater = MessageDeflater(
            agreed, role: .client, pool: compression.pool, threshold: compression.thresholdBytes)
        receiver = WebSocketReceiver(
            role: .client, messageBytesMax: receiver.messageBytesMax,
            inflater: MessageInflater(agreed, role: .client, pool: compression.pool))
    }

    private func receiveMessages(_ bytes: inout MutableSpan<UInt8>, at cursor: inout Int) {
        do throws(WebSocketError) {
            while phase == .open || phase == .closing {
                guard let event = try receiver.next(&bytes, at: &cursor) else { return }
                handle(event, bytes.span)
            }
        } catch {
            if phase == .open {
                WebSocketFrame.appendClose(
                    code: error.closeCode, reason: error.reason, to: &out, mask: nextMask())
            }
            end(ConnectionClose(reason: "the server sent a malformed frame: \(error.reason)", isFault: true))
        }
    }

    private func handle(_ event: WebSocketEvent, _ bytes: Span<UInt8>) {
        switch event {
        case .text(.input(let range)): owner?.textReceived(bytes.extracting(range))
        case .binary(.input(let range)): owner?.binaryReceived(bytes.extracting(range))
        case .text(.assembled):
            // Kept for the call: the owner may end the connection in it.
            let message = receiver.assembled
            owner?.textReceived(message.span)
        case .binary(.assembled):
            let message = receiver.assembled
            owner?.binaryReceived(message.span)
        case .ping:
            if phase == .open, answersPings { append(.pong, receiver.control.span) }
            owner?.pingReceived()
        case .pong: break
        case .close(let code):
            // The answer carries the same code (RFC 6455 §5.5.1).
            if phase == .open { WebSocketFrame.appendClose(code: code, to: &out, mask: nextMask()) }
            end(ConnectionClose(code: code, reason: receiver.closeReason))
        }
    }

    // MARK: The end

    private func fail(_ reason: String) {
        out = []
        end(ConnectionClose(reason: reason, isFault: true))
    }

    /// Sends what is left, closes, and tells the owner, once.
    private func end(_ close: ConnectionClose) {
        guard phase != .ended else { return }
        phase = .ended
        closesAfterFlush = true
        enqueue()
        tell(close)
    }

    private func tell(_ close: ConnectionClose) {
        let owner = owner
        self.owner = nil
        opening = nil
        owner?.connectionClosed(close)
    }

    package func streamDrained(_ stream: any ByteStream) {
        if !out.isEmpty { enqueue() }
    }

    package func streamEnded(_ stream: any ByteStream) {
        end(ConnectionClose(reason: "the server ended the connection", isFault: phase == .handshaking))
    }

    package func streamClosed(_ stream: any ByteStream) {
        let isFault = phase == .handshaking || stream.failure != nil
        let reason = stream.failure ?? "the connection was lost"
        stream.handler = nil
        self.stream = nil
        phase = .ended
        tell(ConnectionClose(reason: reason, isFault: isFault))
    }
}
