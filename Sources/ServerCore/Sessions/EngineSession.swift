import ByteKit
import Determinism
import HTTPCore
import SocketIOCore
import WebSocketCore

/// An Engine.IO session: packets in messages, a handshake with a secret id, and a heartbeat of its own
/// (protocol/spec/socketio.md). It begins on either transport, and may move once from polling to a WebSocket.
///
/// What the messages mean is the affair of the subclasses.
package class EngineSession: MessageSession {
    /// Secret: over HTTP it is all that a client shows, unless there is a cookie.
    final let sid: String
    final let handshake: EngineHandshake
    /// The transport while it is long polling.
    private(set) final var polling: PollingTransport?
    /// The WebSocket that the client is trying.
    private final var probe: EngineProbeSession?

    init(_ transport: Transport, _ handshake: EngineHandshake) {
        sid = transport.server.makeSessionID()
        self.handshake = handshake
        polling = transport as? PollingTransport
        super.init(transport, heartbeat: handshake.form.revision)
    }

    /// The reference gives none, and its clients show them as their own errors.
    final override var givesReasons: Bool { false }

    /// A text message; lent for the call.
    func messageReceived(_ text: Span<UInt8>) {}

    /// The client has given its sign of life: the pong that was awaited, or in revision 3 a ping.
    func heartbeatTaken() {}

    // MARK: Opening and ending

    override func opened() {
        server.engineSessions.add(self)
        let limits = transport.limits
        let transports = handshake.endpoint.policy.transports
        let own = polling == nil ? EngineTransport.websocket : .polling
        let open = EngineOpen(
            sid: sid, upgrades: own.upgrades(among: transports).map(\.rawValue),
            pingInterval: limits.heartbeatInterval ?? .seconds(25), pingTimeout: limits.heartbeatTimeout,
            maxPayload: limits.messageBytesMax)
        transport.send(.text, open.encode().span, compresses: false)
    }

    /// The transport has ended. Over polling the id is known until the client has been told.
    override func closed() {
        if polling == nil { server.engineSessions.remove(sid) }
        probe?.targetEnded()
        probe = nil
    }

    // MARK: In

    override func textReceived(_ bytes: Span<UInt8>) {
        do throws(EngineError) {
            let packet = try EnginePacket(bytes)
            switch packet.kind {
            case .message: messageReceived(bytes.extracting(droppingFirst: EnginePacket.dataStart))
            case .pong: react(to: pongTaken(), packet: bytes)
            case .ping: react(to: heartbeat?.pingReceived(at: server.clock()), packet: bytes)
            case .close:
                peerClosed(code: 1000)
                transport.end(.left)
            case .base64Message:
                let message = try EnginePayload.message(
                    ofBase64: bytes, handshake.form.revision, bytesMax: transport.limits.messageBytesMax)
                binaryReceived(message.span)
            case .open, .upgrade, .noop: break
            }
        } catch {
            endReason = .parseError
            transport.end(.badMessage("\(error)"))
        }
    }

    private func react(to reaction: EngineHeartbeat.Reaction?, packet: Span<UInt8>) {
        switch reaction {
        case .counted:
            heartbeatTaken()
            transport.armTimer()
        case .answer:
            transport.send(.text, EnginePacket.pong(answering: packet).span)
            heartbeatTaken()
        case .wrongDirection: transport.end(.badMessage("invalid heartbeat direction"))
        case .ignored, nil: break
        }
    }

    override func sendPing() {
        transport.sendAhead(SocketIOFrames.ping)
    }

    // MARK: Messages out

    package override func send(text: Span<UInt8>, compresses: Bool) {
        var packet = [EnginePacket.Kind.message.rawValue]
        packet.append(text)
        transport.send(.text, packet.span, compresses: compresses)
    }

    package override func send(_ message: MessageFrames) {
        transport.sendShared(message.engine, compresses: true)
    }

    package override func sendLatest(_ message: MessageFrames) -> Bool { sendLatest(frames: message.engine) }

    /// The protocol has no pings but its heartbeat.
    package override func ping(_ payload: Span<UInt8>) {}

    package override var requestHead: HTTPRequestHead? { polling?.requestHead }

    // MARK: Moving to a WebSocket

    /// What the checks of a further request need to know.
    func status(isProven: Bool) -> EngineSessionStatus {
        EngineSessionStatus(
            revision: handshake.form.revision,
            route: polling == nil ? .websocket : probe == nil ? .polling : .upgrading, isProven: isProven)
    }

    /// Whether the session has ended, and waits for one more poll to say so.
    var isClosing: Bool { polling?.isClosing ?? false }

    /// The client tries that WebSocket.
    func begin(_ probe: EngineProbeSession) { self.probe = probe }

    /// The client has shown that the WebSocket works: its polls come to an end now.
    func endPolls() { polling?.endPolls() }

    /// The try is over; the session goes on over polling.
    func endProbe() {
        probe = nil
        polling?.keepPolls()
    }

    /// Goes on over the WebSocket, from what waits in the outbox on.
    func move(to webSocket: WebSocketTransport) {
        guard let polling else { return }
        probe = nil
        let frames = polling.handOver()
        self.polling = nil
        transport = webSocket
        server.note(.upgraded, self, detail: webSocket.name)
        webSocket.adopt(self, form: handshake.form)
        if !frames.isEmpty { webSocket.send(frames) }
        moved()
    }

    /// The session goes on over a WebSocket.
    func moved() {}
}
