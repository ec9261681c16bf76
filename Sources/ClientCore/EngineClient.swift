import ByteKit
import Determinism
import HTTPTypes
import SocketIOCore

/// Why an Engine.IO session is over, or never came about.
package enum EngineEnd: Sendable, Equatable {
    /// The server sent no heartbeat for its interval plus its timeout.
    case heartbeatMissed
    /// The connection was closed, or lost; or the server has ended the session.
    case closed(ConnectionClose)
    /// There was no connection, or a rule of HTTP or WebSocket was broken; the text says what.
    case failed(String)
    /// The server sent what is no packet; the text says what.
    case malformed(String)
    /// This side has ended it.
    case left
}

/// What an ``EngineClient`` tells its owner. Spans are lent for the call.
package protocol EngineClientOwner: AnyObject {
    /// The handshake has come; messages may be sent.
    func engineOpened()
    /// The data of a message: text without its `4`.
    func engineReceived(text: Span<UInt8>)
    /// A binary message.
    func engineReceived(binary: Span<UInt8>)
    /// A heartbeat has come and has been answered.
    func engineAnsweredHeartbeat()
    /// The session has moved to a WebSocket.
    func engineUpgraded()
    /// The session is over: the last call. Not made after ``EngineClient/abort()``.
    func engineEnded(_ end: EngineEnd)
}

/// The client's end of one Engine.IO v4 session (protocol/spec/socketio.md §7 and §8): over HTTP long polling, over a
/// WebSocket, or over one and then the other.
///
/// Holds its owner from ``open()`` until it has ended. ``timeReached(_:)`` is to be called when ``deadline`` has come.
package final class EngineClient {
    private enum Phase {
        case idle
        /// The handshake is awaited.
        case opening
        case open
        /// What waits is still sent; then the session ends.
        case closing
        case ended
    }

    /// How far a move to a WebSocket has come.
    private enum Move {
        /// None is under way.
        case none
        /// The WebSocket is being opened.
        case connecting
        /// `2probe` has been sent.
        case probing(EngineProbe)
    }

    // Other modules hand it in, and none reads it: what they can reach is checked for exclusive access at each use.
    private var owner: (any EngineClientOwner)?
    private let options: EngineClientOptions
    private let context: ClientContext
    private var random: SeededRandom
    private var transportsLeft: ArraySlice<EngineTransport>
    private var phase = Phase.idle
    /// The session's transport, or the one that it may move to.
    private var webSocket: WebSocketClient?
    /// The session's transport until it has moved.
    private var poller: EnginePoller?
    private var move = Move.none
    private var moveDeadline: Instant?
    private var closeDeadline: Instant?
    private var watch: HeartbeatWatch?

    /// The server's handshake; nil until it has come.
    package private(set) var session: EngineOpen?

    /// A session that is not open.
    ///
    /// - Parameter random: Makes nonces and masks; see ``WebSocketClient``.
    package init(_ options: EngineClientOptions, random: SeededRandom, _ context: ClientContext) {
        precondition(!options.transports.isEmpty, "a client uses a transport")
        self.options = options
        self.random = random
        self.context = context
        transportsLeft = options.transports[...]
    }

    /// How messages travel at present.
    package var transport: EngineTransport { poller == nil ? .websocket : .polling }

    /// Whether messages may be sent.
    package var isOpen: Bool { phase == .open }

    /// Whether what is sent now goes out in this turn: nothing of earlier turns waits, and no move is under way.
    package var isWritable: Bool {
        guard phase == .open else { return false }
        return poller?.isWritable ?? webSocket?.isWritable ?? false
    }

    /// How many bytes wait to be handed to a stream.
    package var queuedBytes: Int { (poller?.queuedBytes ?? 0) + (webSocket?.queuedBytes ?? 0) }

    // MARK: Opening

    /// Connects. Once.
    package func open(for owner: any EngineClientOwner) {
        precondition(phase == .idle, "a session opens once")
        self.owner = owner
        phase = .opening
        openNext()
    }

    private func openNext() {
        switch transportsLeft.removeFirst() {
        case .polling:
            let poller = EnginePoller(target: options.target(.polling), options: options, context)
            poller.owner = self
            self.poller = poller
            poller.open()
        case .websocket:
            openWebSocket(sid: nil)
        }
    }

    private func openWebSocket(sid: String?) {
        var options = WebSocketClient.Options(target: options.target(.websocket, sid: sid), host: options.host)
        options.fields = self.options.fields
        if let cookie = poller?.cookies.field { options.fields[.cookie] = cookie }
        options.compression = self.options.compression
        options.messageBytesMax = self.options.messageBytesMax
        options.outboxBytesMax = self.options.outboxBytesMax
        let webSocket = WebSocketClient(options, random: SeededRandom(seed: random.next()), context)
        self.webSocket = webSocket
        webSocket.open(for: self)
    }

    private func opened(_ text: Span<UInt8>) throws(EngineError) {
        guard phase == .opening else { throw .malformedOpen }
        let open = try EngineOpen(packet: text)
        session = open
        phase = .open
        watch = HeartbeatWatch(interval: open.pingInterval, timeout: open.pingTimeout, now: context.clock())
        if let poller {
            poller.target = options.target(.polling, sid: open.sid)
            poller.payloadMax = open.maxPayload
        }
        owner?.engineOpened()
        guard phase == .open, poller != nil, options.upgrades, options.transports.contains(.websocket),
            open.upgrades.contains(EngineTransport.websocket.rawValue)
        else { return }
        move = .connecting
        moveDeadline = context.clock() + options.upgradeTimeout
        openWebSocket(sid: open.sid)
    }

    // MARK: Out

    /// Sends a text packet with its `4`. On a session that is not open the call does nothing.
    ///
    /// - Parameter compresses: See ``WebSocketClient/send(text:compresses:)``.
    package func send(text: [UInt8], compresses: Bool = true) {
        guard phase == .open else { return }
        if let poller {
            send(.text(text, compresses: compresses), poller)
        } else {
            webSocket?.send(text: text, compresses: compresses)
        }
    }

    /// Sends a binary message. On a session that is not open the call does nothing.
    package func send(binary: [UInt8], compresses: Bool = true) {
        guard phase == .open else { return }
        if let poller {
            send(.binary(binary, compresses: compresses), poller)
        } else {
            webSocket?.send(binary: binary, compresses: compresses)
        }
    }

    private func send(_ message: EnginePoller.Message, _ poller: EnginePoller) {
        poller.send(message)
        if poller.queuedBytes > options.outboxBytesMax { end(.failed("the server does not read")) }
    }

    // MARK: In

    private func received(_ text: Span<UInt8>) {
        do throws(EngineError) {
            switch try EnginePacket(text).kind {
            case .message:
                guard phase != .opening else { throw .malformedOpen }
                owner?.engineReceived(text: text.extracting(droppingFirst: EnginePacket.dataStart))
            case .ping: pinged()
            case .open: try opened(text)
            case .close: end(.closed(ConnectionClose(reason: "the server ended the session")))
            case .pong, .noop, .upgrade, .base64Message: break
            }
        } catch {
            end(.malformed("\(error)"))
        }
    }

    private func received(binary bytes: Span<UInt8>) {
        guard phase != .opening else { return end(.malformed("\(EngineError.malformedOpen)")) }
        owner?.engineReceived(binary: bytes)
    }

    private func pinged() {
        watch?.pingReceived(at: context.clock())
        if options.answersPings { sendPong() }
        owner?.engineAnsweredHeartbeat()
    }

    /// Sends the answer to a heartbeat, whether there was one or not.
    package func sendPong() {
        guard phase != .ended else { return }
        if let poller { poller.sendAhead(EnginePacket.pong) } else { webSocket?.send(text: EnginePacket.pong) }
    }

    // MARK: Time

    /// When ``timeReached(_:)`` has something to do next.
    package var deadline: Instant? {
        var first = watch?.deadline
        for other in [moveDeadline, closeDeadline] {
            if let other { first = first.map { min($0, other) } ?? other }
        }
        return first
    }

    /// Whether the server has been silent for too long, noticed or not.
    package func isSilent(at now: Instant) -> Bool { watch?.isTimedOut(at: now) ?? false }

    /// Acts on a server that has been silent for too long.
    package func timeReached(_ now: Instant) {
        if let closeDeadline, now >= closeDeadline { return end(.left) }
        if isSilent(at: now) { return end(.heartbeatMissed) }
        if let moveDeadline, now >= moveDeadline { giveUpMove() }
    }

    // MARK: The end

    /// Begins to end the session in good order; ``EngineClientOwner/engineEnded(_:)`` follows once the server knows.
    package func close() {
        switch phase {
        case .idle, .opening: end(.left)
        case .open:
            if poller != nil { giveUpMove() }
            phase = .closing
            watch = nil
            closeDeadline = context.clock() + options.closeTimeout
            if let poller { poller.close() } else { webSocket?.close() }
        case .closing, .ended: break
        }
    }

    /// Ends the session in good order, without another word to the owner. ``deadline`` still counts.
    func disown() {
        owner = nil
        close()
    }

    /// Whether nothing more comes of it.
    var hasEnded: Bool { phase == .ended }

    /// Drops everything at once. The owner is not told.
    package func abort() {
        owner = nil
        phase = .ended
        watch = nil
        move = .none
        moveDeadline = nil
        closeDeadline = nil
        webSocket?.abort()
        poller?.abort()
    }

    private func end(_ end: EngineEnd) {
        guard phase != .ended else { return }
        if phase == .opening, options.triesAllTransports, !transportsLeft.isEmpty, case .failed = end {
            webSocket?.abort()
            poller?.abort()
            webSocket = nil
            poller = nil
            return openNext()
        }
        let end = phase == .closing ? .left : end
        let owner = owner
        abort()
        owner?.engineEnded(end)
    }
}

// MARK: - The move to a WebSocket

extension EngineClient {
    /// A text that came on the WebSocket that the session may move to.
    private func probed(_ text: Span<UInt8>) {
        guard case .probing(var probe) = move, let packet = try? EnginePacket(text) else { return giveUpMove() }
        let action = probe.received(packet)
        move = .probing(probe)
        if case .pausePolling = action { poller?.pause() } else { giveUpMove() }
    }

    private func finishMove() {
        guard case .probing(var probe) = move, case .upgrade = probe.pollingPaused(), let poller, let webSocket else {
            return
        }
        move = .none
        moveDeadline = nil
        let waiting = poller.takeWaiting()
        poller.abort()
        self.poller = nil
        webSocket.send(text: EnginePacket.upgrade)
        for message in waiting {
            switch message {
            case .text(let text, let compresses): webSocket.send(text: text, compresses: compresses)
            case .binary(let bytes, let compresses): webSocket.send(binary: bytes, compresses: compresses)
            }
        }
        owner?.engineUpgraded()
    }

    /// Stays with polling.
    private func giveUpMove() {
        move = .none
        moveDeadline = nil
        webSocket?.abort()
        webSocket = nil
        poller?.resume()
    }
}

extension EngineClient: WebSocketClientOwner {
    package func connectionOpened() {
        guard case .connecting = move else { return }
        move = .probing(EngineProbe())
        webSocket?.send(text: EnginePacket.probePing)
    }

    package func textReceived(_ text: Span<UInt8>) {
        if poller == nil { received(text) } else { probed(text) }
    }

    package func binaryReceived(_ bytes: Span<UInt8>) {
        guard poller == nil else { return giveUpMove() }
        received(binary: bytes)
    }

    package func pingReceived() {}

    package func connectionClosed(_ close: ConnectionClose) {
        guard poller == nil else { return giveUpMove() }
        end(close.isFault ? .failed(close.reason) : .closed(close))
    }
}

extension EngineClient: EnginePollerOwner {
    func pollReceived(packet: Span<UInt8>) { received(packet) }

    func pollReceived(binary: Span<UInt8>) { received(binary: binary) }

    func pollerPaused() { finishMove() }

    func pollerFailed(_ reason: String) { end(.failed(reason)) }

    func pollerMalformed(_ reason: String) { end(.malformed(reason)) }

    func pollerClosed() { end(.left) }
}
