public import Determinism
import HTTPCore
public import HTTPTypes
import ServerCore
import WebSocketCore

/// Answers the clients of one path that exchange messages of your own with the server.
///
///     final class Echo: MessageHandler {
///         func received(text: Span<UInt8>, from client: Client) { client.send(text: text) }
///         func received(binary: Span<UInt8>, from client: Client) { client.send(binary: binary) }
///     }
///
/// One handler serves all clients of its path on one loop, and is called on that loop alone: it needs no locks, and must
/// not block. What is lent to a call is gone after it.
public protocol MessageHandler: AnyObject {
    /// A client has connected.
    func connected(_ client: Client)
    /// A text message, valid UTF-8, lent for the call.
    func received(text: Span<UInt8>, from client: Client)
    /// A binary message, lent for the call.
    func received(binary: Span<UInt8>, from client: Client)
    /// A WebSocket pong: the answer to ``Client/ping(_:)``, or one that nobody asked for.
    func received(pong: Span<UInt8>, from client: Client)
    /// A client that was slow to read has taken everything: the low-water mark.
    func drained(_ client: Client)
    /// A client has gone. The last call for it.
    func disconnected(_ client: Client)
}

extension MessageHandler {
    /// Does nothing.
    public func connected(_ client: Client) {}
    /// Does nothing.
    public func received(text: Span<UInt8>, from client: Client) {}
    /// Does nothing.
    public func received(binary: Span<UInt8>, from client: Client) {}
    /// Does nothing.
    public func received(pong: Span<UInt8>, from client: Client) {}
    /// Does nothing.
    public func drained(_ client: Client) {}
    /// Does nothing.
    public func disconnected(_ client: Client) {}
}

/// One connected client of a ``MessageHandler``.
///
/// A value to keep and compare; what is sent to a client that has gone is dropped. For the loop of its handler alone.
public struct Client: Hashable {
    let session: MessageSession

    /// Sends a text message, which must be UTF-8.
    ///
    /// - Parameter compresses: False keeps a message with a secret in it from being compressed together with text that
    ///   somebody else chose.
    public func send(text: Span<UInt8>, compresses: Bool = true) { session.send(text: text, compresses: compresses) }

    /// Sends a text message.
    public func send(text: String) { session.send(text: Array(text.utf8).span) }

    /// Sends a binary message.
    public func send(binary: Span<UInt8>, compresses: Bool = true) {
        session.send(binary: binary, compresses: compresses)
    }

    /// Sends a message that was made once for many clients.
    public func send(_ message: PreparedMessage) { session.send(message.frames) }

    /// Sends a message of which only the latest matters, such as a state: it is skipped, and false returned, while the
    /// client has not yet taken what it was sent before.
    @discardableResult
    public func sendLatest(_ message: PreparedMessage) -> Bool { session.sendLatest(message.frames) }

    /// Sends a WebSocket ping; nothing to a client of Engine.IO, which has none.
    ///
    /// - Parameter payload: At most 125 bytes (RFC 6455 §5.5); of a longer one the rest is left out.
    public func ping(_ payload: [UInt8] = []) {
        session.ping(payload.span.extracting(first: min(payload.count, WebSocketFrame.controlBytesMax)))
    }

    /// Closes the client's connection or, over long polling, its session. That is told without a code and a reason.
    ///
    /// - Parameters:
    ///   - code: 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4); 1000 is sent in place of another.
    ///   - reason: Cut to 123 bytes.
    public func close(code: UInt16 = 1000, reason: String = "") {
        session.close(code: WebSocketCloseCode.isSendable(code) ? code : 1000, reason: reason)
    }

    /// How many bytes wait for this client: the high-water mark to watch. Beyond the path's limit, input from a client
    /// that does not read is left with the kernel.
    public var queuedBytes: Int { session.queuedBytes }

    /// How long its last ping and pong took together; nil before the first, and without a heartbeat of ours.
    public var roundTripTime: Interval? { session.roundTripTime }

    /// Leaves what the client sends with the kernel from now on, so that it is slowed down; what has been read already still
    /// comes. Nobody finds out meanwhile whether the client is still there. Of plain WebSockets alone.
    public func pauseReading() { session.pauseReading() }

    /// Reads what the client sends again.
    public func resumeReading() { session.resumeReading() }

    /// The code of the client's close frame: 1005 for one without a code, 1006 when none has come.
    public var closeCode: UInt16 { session.closeCode }

    /// The client's address.
    public var address: String { session.peerAddress }

    /// The fields of the HTTP request that has brought the message being handled; nil where messages come over a WebSocket.
    public var requestFields: HTTPFields? { session.requestHead?.fields }

    /// A number of your own, 0 at first: the client's place in a table, say.
    public var tag: Int {
        get { session.tag }
        nonmutating set { session.tag = newValue }
    }

    /// Whether both are the same connection.
    public static func == (left: Client, right: Client) -> Bool { left.session === right.session }

    /// Hashes the connection's identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(session)) }
}

/// A message that is framed once and sent to many clients, whose bytes they share.
public struct PreparedMessage {
    let frames: MessageFrames

    /// A binary message.
    public init(binary: Span<UInt8>) { frames = MessageFrames(binary: binary) }

    /// A text message, which must be UTF-8.
    public init(text: Span<UInt8>) { frames = MessageFrames(text: text) }

    /// Sends it to all of `clients` as by ``Client/sendLatest(_:)``, and faster than one by one.
    public func sendLatest(to clients: [Client]) {
        MessageSession.sendLatest(frames, count: clients.count) { clients[$0].session }
    }
}

/// Calls an author's handler in the server core's words.
final class HandlerAdapter: MessageService {
    private let handler: any MessageHandler

    init(_ handler: any MessageHandler) {
        self.handler = handler
    }

    func opened(_ session: MessageSession) { handler.connected(Client(session: session)) }

    func textReceived(_ text: Span<UInt8>, from session: MessageSession) {
        handler.received(text: text, from: Client(session: session))
    }

    func binaryReceived(_ bytes: Span<UInt8>, from session: MessageSession) {
        handler.received(binary: bytes, from: Client(session: session))
    }

    func pongReceived(_ payload: Span<UInt8>, from session: MessageSession) {
        handler.received(pong: payload, from: Client(session: session))
    }

    func drained(_ session: MessageSession) { handler.drained(Client(session: session)) }

    func closed(_ session: MessageSession) { handler.disconnected(Client(session: session)) }
}
