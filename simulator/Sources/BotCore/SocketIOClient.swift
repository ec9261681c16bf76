import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// Why a Socket.IO session is over.
package enum SessionClose: Sendable, Equatable {
    /// The connection has ended.
    case connection(ConnectionClose)
    /// The server sent no heartbeat for its interval plus its timeout.
    case heartbeatMissed
    /// The server sent what is no packet; the text says what.
    case malformed(String)
}

/// What a ``SocketIOClient`` tells its owner.
package protocol SocketIOClientOwner: AnyObject {
    /// The handshake has come; ``SocketIOClient/connect(_:auth:)`` calls made before have gone out.
    func sessionOpened()
    /// The server has confirmed a namespace.
    func namespaceConnected(_ namespace: String)
    /// The server has refused a namespace: an object with `message` and perhaps `data`, or text.
    func namespaceRefused(_ namespace: String, _ reason: JSONValue)
    /// An event; binary arguments are in their places.
    func eventReceived(_ namespace: String, _ name: String, _ values: [JSONValue])
    /// The server has ended this client's place in a namespace.
    func namespaceDisconnected(_ namespace: String)
    /// A heartbeat has come and has been answered.
    func heartbeatAnswered()
    /// The session is over: the last call. Not made after ``SocketIOClient/abort()``.
    func sessionClosed(_ close: SessionClose)
}

/// The client's end of one Engine.IO v4 session over a WebSocket, with Socket.IO v5 in it
/// (protocol/spec/socketio.md): several namespaces, events, acks, heartbeats.
///
/// The owner is not retained. ``timeReached(_:)`` is to be called when ``deadline`` has come.
package final class SocketIOClient: ClientConnectionOwner {
    /// The path and query of the session's WebSocket.
    package static let target = "/socket.io/?EIO=4&transport=websocket"

    /// Who is told what arrives.
    package weak var owner: (any SocketIOClientOwner)?

    private let connection: ClientConnection
    private let clock: () -> Instant
    private var decoder: SocketPacketDecoder
    private var watch: HeartbeatWatch?
    /// The server's handshake; nil until it has come.
    private var session: EngineOpen?
    /// Connects asked for before the handshake.
    private var waitingConnects: [[UInt8]] = []
    private var acks: [Int: ([JSONValue]) -> Void] = [:]
    private var nextAckID = 0

    /// A session over `connection`, which asks for ``target``.
    ///
    /// - Parameters:
    ///   - packetBytesMax: The most bytes of a packet with its attachments.
    ///   - valuesMax: The most JSON values in a packet.
    package init(
        connection: ClientConnection, packetBytesMax: Int = 1_000_000, valuesMax: Int = 4096,
        clock: @escaping () -> Instant
    ) {
        decoder = SocketPacketDecoder(
            limits: .init(packetBytesMax: packetBytesMax, json: JSONLimits(valuesMax: valuesMax)))
        self.connection = connection
        self.clock = clock
        connection.owner = self
    }

    /// When the server counts as dead; nil before the handshake.
    package var deadline: Instant? { watch?.deadline }

    /// Ends the session when the server has been silent for too long.
    package func timeReached(_ now: Instant) {
        guard let watch, watch.isTimedOut(at: now) else { return }
        connection.abort()
        end(.heartbeatMissed)
    }

    // MARK: Out

    /// Asks to be let into `namespace`, at once or when the handshake has come.
    package func connect(_ namespace: String, auth: JSONObject? = nil) {
        let text = encode(SocketPacket(namespace: namespace, .connect(auth))).text
        if session == nil { waitingConnects.append(text) } else { connection.send(text: text, compresses: false) }
    }

    /// Emits an event.
    ///
    /// - Parameter acknowledged: Called once with what the server answers; never when the session ends first.
    package func emit(
        _ name: String, _ values: [JSONValue], to namespace: String,
        acknowledged: (([JSONValue]) -> Void)? = nil
    ) {
        var ackID: Int?
        if let acknowledged {
            ackID = nextAckID
            acks[nextAckID] = acknowledged
            nextAckID += 1
        }
        let packet = encode(SocketPacket(namespace: namespace, .event(.text(name), values, ackID: ackID)))
        connection.send(text: packet.text)
        for attachment in packet.attachments { connection.send(binary: attachment) }
    }

    /// Emits an event whose text has been encoded before (`SocketPacketEncoder.soleAttachmentText`).
    func emit(encoded text: [UInt8], attachment: [UInt8]) {
        connection.send(text: text)
        connection.send(binary: attachment)
    }

    /// Leaves a namespace; the session stays.
    package func disconnect(_ namespace: String) {
        connection.send(text: SocketPacketEncoder.disconnect(namespace: namespace))
    }

    /// Begins to close the connection in good order; ``SocketIOClientOwner/sessionClosed(_:)`` follows.
    package func close() {
        connection.close()
    }

    /// Drops the connection at once. The owner is not told.
    package func abort() {
        owner = nil
        watch = nil
        acks = [:]
        connection.abort()
    }

    /// The messages of one of our own packets.
    private func encode(_ packet: SocketPacket) -> (text: [UInt8], attachments: [[UInt8]]) {
        do throws(SocketPacketError) {
            return try SocketPacketEncoder.encode(packet)
        } catch {
            preconditionFailure("a packet that no server would accept: \(error)")
        }
    }

    // MARK: In

    package func connectionOpened() {}

    package func pingReceived() {}

    package func textReceived(_ text: Span<UInt8>) {
        do {
            switch try EnginePacket(text).kind {
            case .open: try opened(text)
            case .ping: pinged()
            case .message:
                let data = text.extracting(droppingFirst: EnginePacket.dataStart)
                if let packet = try decoder.text(data) { handle(packet) }
            case .close: connection.close()
            case .pong, .noop, .upgrade, .base64Message: break
            }
        } catch {
            malformed("\(error)")
        }
    }

    package func binaryReceived(_ bytes: Span<UInt8>) {
        do throws(SocketPacketError) {
            if let packet = try decoder.binary(bytes) { handle(packet) }
        } catch {
            malformed("\(error)")
        }
    }

    package func connectionClosed(_ close: ConnectionClose) {
        end(.connection(close))
    }

    private func opened(_ text: Span<UInt8>) throws(EngineError) {
        guard session == nil else { throw .malformedOpen }
        let open = try EngineOpen(packet: text)
        session = open
        watch = HeartbeatWatch(interval: open.pingInterval, timeout: open.pingTimeout, now: clock())
        for connect in waitingConnects { connection.send(text: connect, compresses: false) }
        waitingConnects = []
        owner?.sessionOpened()
    }

    private func pinged() {
        watch?.pingReceived(at: clock())
        connection.send(text: EnginePacket.pong)
        owner?.heartbeatAnswered()
    }

    private func handle(_ packet: SocketPacket) {
        switch packet.body {
        case .event(let name, let values, _):
            // A name that is a number is none of this server's.
            owner?.eventReceived(packet.namespace, name.text ?? "", values)
        case .ack(let values, let id):
            acks.removeValue(forKey: id)?(values)
        case .connect: owner?.namespaceConnected(packet.namespace)
        case .connectError(let reason): owner?.namespaceRefused(packet.namespace, reason)
        case .disconnect: owner?.namespaceDisconnected(packet.namespace)
        }
    }

    private func malformed(_ reason: String) {
        connection.abort()
        end(.malformed(reason))
    }

    private func end(_ close: SessionClose) {
        watch = nil
        acks = [:]
        let owner = owner
        self.owner = nil
        owner?.sessionClosed(close)
    }
}
