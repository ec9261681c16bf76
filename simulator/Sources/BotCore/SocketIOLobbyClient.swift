import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// A lobby's client in the Socket.IO dialect (protocol/spec/lobby.md §1).
final class SocketIOLobbyClient: LobbyClient, SocketIOClientOwner {
    private let client: SocketIOClient
    private let namespace: String
    /// The text that announces a binary client message; always the same.
    private let inputHeader: [UInt8]

    init(connection: ClientConnection, lobby: String, join: LobbyJoin, clock: @escaping () -> Instant) {
        namespace = "/lobby/\(lobby)"
        inputHeader = SocketPacketEncoder.soleAttachmentText(event: "input", namespace: namespace)
        client = SocketIOClient(connection: connection, clock: clock)
        super.init(connection: connection, join: join)
        client.owner = self
        client.connect(namespace, auth: join.request)
    }

    override func send(_ message: [UInt8]) {
        client.emit(encoded: inputHeader, attachment: message)
    }

    override func leave() {
        isLeaving = true
        client.emit("leave", [], to: namespace)
    }

    override var deadline: Instant? { client.deadline }

    override func timeReached(_ now: Instant) {
        client.timeReached(now)
    }

    override func abort() {
        owner = nil
        client.abort()
    }

    override func close() {
        owner = nil
        client.close()
    }

    // MARK: In

    func sessionOpened() {
        owner?.lobbyConnected()
    }

    func namespaceConnected(_ namespace: String) {}

    func namespaceRefused(_ namespace: String, _ reason: JSONValue) {
        let message = reason["message"]?.string ?? reason.string ?? ""
        refuse(LobbyRefusal(reason["data"] ?? .null, message: message))
        client.close()
    }

    func eventReceived(_ namespace: String, _ name: String, _ values: [JSONValue]) {
        guard namespace == self.namespace else { return }
        if name == "snapshot", case .binary(let bytes)? = values.first {
            owner?.lobbySnapshot(bytes.span)
        } else {
            received(name, values.first ?? .null)
        }
    }

    func namespaceDisconnected(_ namespace: String) {
        let silent = isLeaving ? LobbyEnd(.left, "left") : LobbyEnd(.lost, "the server ended the seat")
        announcedEnd = announcedEnd ?? silent
        // Nothing else is on this session. The owner hears of the end when the goodbye is through.
        client.close()
    }

    func heartbeatAnswered() {
        owner?.lobbyHeartbeat()
    }

    func sessionClosed(_ close: SessionClose) {
        end(announcedEnd ?? Self.end(close))
    }

    private static func end(_ close: SessionClose) -> LobbyEnd {
        switch close {
        case .heartbeatMissed: return LobbyEnd(.heartbeatMissed, "the server sent no heartbeat")
        case .malformed(let reason): return LobbyEnd(.malformed, reason)
        case .connection(let close):
            let end = LobbyEnd(close)
            // A session's end is never the end of a seat: the namespace would have been left first.
            return end.cause == .replaced || end.cause == .kicked ? end : LobbyEnd(.lost, end.reason)
        }
    }
}
