import WebSocketCore

/// A WebSocket whose messages mean what an author says: the session of a ``MessageEndpoint``.
package final class MessageSession: Session {
    private let service: any MessageService
    /// A number for the author's own use: the session's place in a table, say.
    package var tag = 0
    /// The code of the peer's close frame, once it has come: 1005 for one without a code, 1006 when none came.
    package private(set) var closeCode: UInt16 = 1006

    init(_ transport: Transport, service: any MessageService) {
        self.service = service
        super.init(transport)
    }

    // MARK: In

    override func opened() { service.opened(self) }

    override func textReceived(_ bytes: Span<UInt8>) { service.textReceived(bytes, from: self) }

    override func binaryReceived(_ bytes: Span<UInt8>) { service.binaryReceived(bytes, from: self) }

    override func pongReceived(_ payload: Span<UInt8>) {
        _ = takePong()
        service.pongReceived(payload, from: self)
    }

    override func outboxDrained() { service.drained(self) }

    override func peerClosed(code: UInt16?) { closeCode = code ?? 1005 }

    override func closed() { service.closed(self) }

    override func sendPing() { transport.sendAhead(PlainFrames.ping) }

    // MARK: Out

    /// Sends a text message, which the caller knows to be UTF-8.
    package func send(text: Span<UInt8>, compresses: Bool = true) { transport.send(.text, text, compresses: compresses) }

    /// Sends a binary message.
    package func send(binary: Span<UInt8>, compresses: Bool = true) {
        transport.send(.binary, binary, compresses: compresses)
    }

    /// Sends frames that were made once for many.
    package func send(frames: [UInt8]) { transport.send(frames) }

    /// Sends frames of which only the latest matter: they replace nothing, but are skipped while the peer does not read.
    ///
    /// - Returns: Whether they were taken.
    package func sendLatest(frames: [UInt8]) -> Bool {
        guard transport.takesLatest else { return false }
        transport.sendLatest(frames)
        return true
    }

    /// Sends a ping of at most 125 bytes.
    package func ping(_ payload: Span<UInt8>) { transport.send(.ping, payload) }

    /// Closes with a code that may be sent and a reason.
    package func close(code: UInt16, reason: String) {
        transport.end(.service(code: code, reason: reason))
    }

    /// How many bytes wait to be sent.
    package var queuedBytes: Int { transport.queuedBytes }

    /// The peer's address.
    package var peerAddress: String { transport.peerAddress }
}
