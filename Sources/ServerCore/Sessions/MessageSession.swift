import CPrefetch
import HTTPCore
import SocketIOCore
import WebSocketCore

/// A session that exchanges messages, text and binary, with a meaning that others give them: an author's
/// ``MessageService``, or Socket.IO. Over a plain WebSocket it is a ``WebSocketMessageSession``, else an
/// ``EngineSession``.
package class MessageSession: Session {
    /// A number for the author's own use: the session's place in a table, say.
    package final var tag = 0
    /// The code of the peer's close frame, once it has come: 1005 for one without a code, 1006 when none came.
    package private(set) final var closeCode: UInt16 = 1006

    override func peerClosed(code: UInt16?) { closeCode = code ?? 1005 }

    // MARK: Out

    /// Sends a text message, which the caller knows to be UTF-8.
    package func send(text: Span<UInt8>, compresses: Bool = true) {
        transport.send(.text, text, compresses: compresses)
    }

    /// Sends a binary message.
    package final func send(binary: Span<UInt8>, compresses: Bool = true) {
        transport.send(.binary, binary, compresses: compresses)
    }

    /// Sends a message that was made once for many.
    package func send(_ message: MessageFrames) { transport.sendShared(message.webSocket, compresses: true) }

    /// Sends a message of which only the latest matters: it replaces nothing, but is skipped while the peer does not
    /// read.
    ///
    /// - Returns: Whether it was taken.
    package func sendLatest(_ message: MessageFrames) -> Bool { sendLatest(frames: message.webSocket) }

    final func sendLatest(frames: [UInt8]) -> Bool {
        guard transport.takesLatest else { return false }
        transport.sendLatest(frames)
        return true
    }

    /// Sends ``sendLatest(_:)`` to many. In a broadcast to many what one send touches has left the cache since the last
    /// one, and to wait for memory three times in a row would cost as much as all the rest.
    ///
    /// - Parameter session: The session at a place of 0 to `count` - 1.
    package static func sendLatest(_ message: MessageFrames, count: Int, _ session: (Int) -> MessageSession) {
        for place in 0..<count {
            if place + 3 < count { prefetch_object(UInt(bitPattern: ObjectIdentifier(session(place + 3)))) }
            if place + 2 < count { prefetch_object(UInt(bitPattern: ObjectIdentifier(session(place + 2).transport))) }
            if place + 1 < count { session(place + 1).transport.prefetchConnection() }
            _ = session(place).sendLatest(message)
        }
    }

    /// Sends a ping of at most 125 bytes, where the protocol has any.
    package func ping(_ payload: Span<UInt8>) { transport.send(.ping, payload) }

    /// Closes with a code that may be sent and a reason.
    package final func close(code: UInt16, reason: String) {
        transport.end(.service(code: code, reason: reason))
    }

    /// Leaves what the peer sends with the kernel, on a plain WebSocket.
    package func pauseReading() {}

    /// Reads what the peer sends again.
    package func resumeReading() {}

    /// How many bytes wait to be sent.
    package final var queuedBytes: Int { transport.queuedBytes }

    /// The peer's address.
    package final var peerAddress: String { transport.peerAddress }

    /// The head of the request that has brought the message being handled; nil where messages come without one.
    package var requestHead: HTTPRequestHead? { nil }
}

/// A message that is framed once for many, of either kind of session.
package final class MessageFrames {
    /// For plain WebSockets.
    package let webSocket: [UInt8]
    private let textStart: Int?

    /// For Engine.IO: a text message is a packet with its type digit.
    private(set) lazy var engine: [UInt8] = {
        guard let textStart else { return webSocket }
        let packet = [EnginePacket.Kind.message.rawValue] + webSocket[textStart...]
        return WebSocketFrame.framed(.text, packet.span)
    }()

    /// A binary message.
    package init(binary: Span<UInt8>) {
        webSocket = WebSocketFrame.framed(.binary, binary)
        textStart = nil
    }

    /// A text message, which the caller knows to be UTF-8.
    package init(text: Span<UInt8>) {
        webSocket = WebSocketFrame.framed(.text, text)
        textStart = webSocket.count - text.count
    }
}

/// A plain WebSocket whose messages mean what an author says: the session of a ``MessageEndpoint``.
final class WebSocketMessageSession: MessageSession {
    private let service: any MessageService

    init(_ transport: Transport, service: any MessageService) {
        self.service = service
        super.init(transport)
    }

    override func opened() { service.opened(self) }

    override func textReceived(_ bytes: Span<UInt8>) { service.textReceived(bytes, from: self) }

    override func binaryReceived(_ bytes: Span<UInt8>) { service.binaryReceived(bytes, from: self) }

    override func pongReceived(_ payload: Span<UInt8>) {
        _ = takePong()
        service.pongReceived(payload, from: self)
    }

    override func outboxDrained() { service.drained(self) }

    override func pauseReading() { transport.pauseReading() }

    override func resumeReading() { transport.resumeReading() }

    override func closed() { service.closed(self) }

    override func sendPing() { transport.sendAhead(PlainFrames.ping) }
}

/// Engine.IO whose messages mean what an author says: the session of an ``EngineEndpoint``.
final class EngineMessageSession: EngineSession {
    private let service: any MessageService

    init(_ transport: Transport, _ handshake: EngineHandshake, service: any MessageService) {
        self.service = service
        super.init(transport, handshake)
    }

    override func opened() {
        super.opened()
        service.opened(self)
    }

    override func messageReceived(_ text: Span<UInt8>) { service.textReceived(text, from: self) }

    override func binaryReceived(_ bytes: Span<UInt8>) { service.binaryReceived(bytes, from: self) }

    override func outboxDrained() { service.drained(self) }

    override func closed() {
        super.closed()
        service.closed(self)
    }
}
