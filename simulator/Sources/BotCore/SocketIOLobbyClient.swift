import ByteKit
import ClientCore
import Determinism
import JSONCore
import SocketIOCore

/// A lobby's client in the Socket.IO dialect (protocol/spec/lobby.md §1), over a WebSocket from the start, or over long polling
/// alone. It does not come back by itself: that is the bot's to do, with its token.
final class SocketIOLobbyClient: LobbyClient {
    private let manager: ClientManager
    private let socket: NamespaceClient
    /// The text that announces a binary client message; always the same.
    private let inputHeader: [UInt8]

    init(
        _ options: EngineClientOptions, lobby: String, join: LobbyJoin, random: SeededRandom, _ context: ClientContext
    ) {
        var engine = options
        engine.messageBytesMax = 1 << 20
        engine.outboxBytesMax = 1 << 18
        var options = ClientManagerOptions(engine)
        options.packets = SocketPacketDecoder.Limits(json: JSONLimits(valuesMax: 4_096))
        options.reconnects = false
        // Whoever runs the client bounds an attempt, the join and all.
        options.connectTimeout = nil
        manager = ClientManager(options, random: random, context)
        let namespace = "/lobby/\(lobby)"
        var namespaceOptions = NamespaceClientOptions()
        namespaceOptions.auth = .fixed(join.request)
        socket = manager.socket(namespace, namespaceOptions)
        inputHeader = SocketPacketEncoder.soleAttachmentText(event: "input", namespace: namespace)
        super.init(clock: context.clock)
        manager.owner = self
        socket.owner = self
    }

    override func connect() {
        socket.connect()
    }

    override func send(_ message: [UInt8]) {
        socket.send(encoded: inputHeader, attachment: message)
    }

    override func askTime() {
        let asked = ClientEmission("time") { [self] answer in
            guard case .success(let arguments) = answer else { return }
            owner?.lobbyTime(arguments.values.first ?? .null)
        }
        socket.emit(asked)
    }

    override func say(_ event: String) {
        socket.emit(ClientEmission(event))
    }

    override func sendPong() {
        manager.sendPong()
    }

    override func leave() {
        isLeaving = true
        socket.emit(ClientEmission("leave"))
    }

    override var deadline: Instant? { manager.deadline }

    override func timeReached(_ now: Instant) {
        manager.timeReached(now)
    }

    override func abort() {
        owner = nil
        manager.abort()
    }
}

extension SocketIOLobbyClient: ClientManagerOwner {
    func managerOpened() {
        owner?.lobbyConnected()
    }

    func managerAnsweredHeartbeat() {
        owner?.lobbyHeartbeat()
    }

    func managerEnded(_ end: EngineEnd) {
        self.end(announcedEnd ?? Self.end(end))
    }

    private static func end(_ end: EngineEnd) -> LobbyEnd {
        switch end {
        case .heartbeatMissed: return LobbyEnd(.heartbeatMissed, "the server sent no heartbeat")
        case .malformed(let reason): return LobbyEnd(.malformed, reason)
        case .failed(let reason): return LobbyEnd(.lost, reason)
        case .left: return LobbyEnd(.left, "left")
        case .closed(let close):
            let end = LobbyEnd(close)
            // A session's end is never the end of a seat: the namespace would have been left first.
            guard end.cause != .replaced, end.cause != .kicked else { return end }
            var lost = LobbyEnd(.lost, end.reason)
            lost.code = end.code
            return lost
        }
    }
}

extension SocketIOLobbyClient: NamespaceClientOwner {
    func namespaceConnected() {}

    func namespaceConnectFailed(_ failure: ConnectFailure) {
        // Without a connection it is the manager that has ended.
        guard case .refused(let message, let data) = failure else { return }
        refuse(LobbyRefusal(data ?? .null, message: message))
    }

    func namespaceReceived(_ event: ClientEvent) {
        if event.name == "snapshot", case .binary(let bytes)? = event.values.first {
            owner?.lobbySnapshot(bytes.span, at: clock())
        } else {
            received(event.name, event.values.first ?? .null)
        }
    }

    func namespaceDisconnected(_ reason: ClientDisconnectReason) {
        guard reason == .serverDisconnect else { return }
        // Nothing else is on this connection: the manager ends it, and then tells.
        let silent = isLeaving ? LobbyEnd(.left, "left") : LobbyEnd(.lost, "the server ended the seat")
        announcedEnd = announcedEnd ?? silent
    }
}
