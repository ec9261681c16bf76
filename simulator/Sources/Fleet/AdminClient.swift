import BotCore
import ClientCore
import Determinism
import EventLoop
import JSONCore
import SocketIOCore

/// A client of the admin namespace (protocol/spec/admin.md): logs in, receives overviews, gives commands.
final class AdminClient {
    private let manager: ClientManager
    private let socket: NamespaceClient
    /// Called when the login has been accepted.
    var loggedIn: () -> Void = {}
    /// Called with each overview.
    var overviewReceived: (JSONValue) -> Void = { _ in }
    /// Called once, with why nothing more will come.
    var ended: (String) -> Void = { _ in }

    init(host: String, user: String, password: String, seed: UInt64, _ context: ClientContext) {
        var engine = EngineClientOptions(host: host)
        engine.transports = [.websocket]
        // Five hundred lobbies with their seats are a large message of many values.
        engine.messageBytesMax = 1 << 25
        var options = ClientManagerOptions(engine)
        options.packets.json = JSONLimits(valuesMax: 2_000_000)
        options.reconnects = false
        // Who runs it waits for the login, and no longer.
        options.connectTimeout = nil
        manager = ClientManager(options, random: SeededRandom(seed: seed), context)
        var namespace = NamespaceClientOptions()
        namespace.auth = .fixed(["username": .string(user), "password": .string(password), "client": "muster"])
        socket = manager.socket("/admin", namespace)
        manager.owner = self
        socket.owner = self
    }

    /// Opens the connection; everything else follows from its answers.
    func start() {
        socket.connect()
    }

    /// Gives a command; `answered` gets the server's `{"ok": true}` or `{"error": text}`.
    func command(_ name: String, _ data: JSONValue, _ answered: @escaping (JSONValue) -> Void) {
        socket.emit(
            ClientEmission(name, [data]) { result in
                if case .success(let answer) = result { answered(answer.first) }
            })
    }

    /// When ``timeReached(_:)`` has something to do.
    var deadline: Instant? { manager.deadline }

    func timeReached(_ now: Instant) {
        manager.timeReached(now)
    }

    /// Ends the session, of which a user has not many, and the connection in good order.
    func close() {
        ended = { _ in }
        socket.emit(ClientEmission("logout", []))
        manager.close()
    }

    private func end(_ reason: String) {
        let ended = ended
        self.ended = { _ in }
        ended(reason)
    }
}

extension AdminClient: ClientManagerOwner {
    func managerOpened() {}

    func managerEnded(_ end: EngineEnd) {
        switch end {
        case .closed(let close): self.end(close.reason.isEmpty ? "the server closed the connection" : close.reason)
        case .heartbeatMissed: self.end("the server is silent")
        case .malformed(let text): self.end("the server's answer is malformed: \(text)")
        case .failed(let text): self.end(text)
        case .left: self.end("the session has ended")
        }
    }
}

extension AdminClient: NamespaceClientOwner {
    func namespaceConnected() {
        loggedIn()
    }

    func namespaceConnectFailed(_ failure: ConnectFailure) {
        guard case .refused(let message, _) = failure else { return }
        end("the login was refused: \(message.isEmpty ? "no reason given" : message)")
    }

    func namespaceReceived(_ event: ClientEvent) {
        if event.name == "overview", let overview = event.values.first { overviewReceived(overview) }
    }

    func namespaceDisconnected(_ reason: ClientDisconnectReason) {
        if reason == .serverDisconnect { end("the server ended the admin session") }
    }
}
