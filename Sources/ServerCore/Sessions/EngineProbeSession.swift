import Determinism
import SocketIOCore

/// A WebSocket that a session of long polling is trying, until one of both is given up or the session has moved
/// (protocol/spec/socketio.md §8).
final class EngineProbeSession: Session {
    private let webSocket: WebSocketTransport
    /// Whose try it is; nil once it is over. Holds us, and lets go when it ends.
    private var target: EngineSession?
    private var upgrade: EngineUpgrade

    init(_ webSocket: WebSocketTransport, target: EngineSession) {
        self.webSocket = webSocket
        self.target = target
        upgrade = EngineUpgrade(now: webSocket.server.clock())
        super.init(webSocket, heartbeat: nil)
        target.begin(self)
    }

    override func textReceived(_ bytes: Span<UInt8>) {
        guard target != nil else { return }
        if let packet = try? EnginePacket(bytes) { act(upgrade.received(packet)) } else { act(upgrade.cancel()) }
    }

    override func textDropped(_ bytes: Span<UInt8>) { textReceived(bytes) }

    override func binaryReceived(_ bytes: Span<UInt8>) {
        guard target != nil else { return }
        act(upgrade.cancel())
    }

    private func act(_ action: EngineUpgrade.Action) {
        switch action {
        case .answerProbe:
            webSocket.send(SocketIOFrames.probePong)
            target?.endPolls()
        case .complete:
            let target = target
            self.target = nil
            target?.move(to: webSocket)
        case .cancel: webSocket.closeWithoutCode()
        }
    }

    override var deadline: Instant { target == nil ? .distantFuture : upgrade.deadline }

    override func timeReached(_ now: Instant) {
        guard target != nil, let action = upgrade.due(at: now) else { return }
        act(action)
    }

    /// The session has ended over polling.
    func targetEnded() {
        target = nil
        webSocket.closeWithoutCode()
    }

    override func closed() {
        let target = target
        self.target = nil
        target?.endProbe()
    }
}

/// A WebSocket that is closed as soon as it is open, without a code: its session has one already, or is trying one.
final class UselessSession: Session {
    private let webSocket: WebSocketTransport

    init(_ webSocket: WebSocketTransport) {
        self.webSocket = webSocket
        super.init(webSocket, heartbeat: nil)
    }

    override func opened() { webSocket.closeWithoutCode() }
}
