import Determinism
import SocketIOCore
import WebSocketCore

/// An Engine.IO session: packets in messages, a handshake with a secret id, and a heartbeat of its own
/// (protocol/spec/socketio.md).
///
/// What the messages mean is the affair of the subclasses.
package class EngineSession: Session {
    /// Secret: over HTTP it is all that a client shows.
    final let sid: String

    override init(_ transport: Transport) {
        sid = EngineID.make(from: transport.server.randomBytes(EngineID.randomByteCount))
        super.init(transport)
    }

    /// A text message; lent for the call.
    func messageReceived(_ text: Span<UInt8>) {}

    /// The pong that was awaited has come.
    func pongTaken() {}

    override func opened() {
        let limits = transport.limits
        let open = EngineOpen(
            sid: sid, pingInterval: limits.heartbeatInterval ?? .seconds(25), pingTimeout: limits.heartbeatTimeout,
            maxPayload: limits.messageBytesMax)
        transport.send(.text, open.encode().span)
    }

    override func textReceived(_ bytes: Span<UInt8>) {
        do throws(EngineError) {
            let packet = try EnginePacket(bytes)
            switch packet.kind {
            case .message: messageReceived(bytes.extracting(droppingFirst: EnginePacket.dataStart))
            // A WebSocket pong is none: the server sends no WebSocket pings in this dialect.
            case .pong: if takePong() { pongTaken() }
            case .close: transport.end(.left)
            // A client never pings in revision 4, except while upgrading from polling.
            case .ping: transport.end(.badMessage("invalid heartbeat direction"))
            case .base64Message: transport.end(.badMessage("base64 has no place on a WebSocket"))
            case .open, .upgrade, .noop: break
            }
        } catch {
            transport.end(.badMessage("\(error)"))
        }
    }

    override func sendPing() {
        transport.sendAhead(SocketIOFrames.ping)
    }
}
