import BotCore
import Determinism
import EventLoop
import JSONCore

/// A client of the admin namespace (protocol/spec/admin.md): logs in, receives overviews, gives commands.
final class AdminClient: SocketIOClientOwner {
    private static let namespace = "/admin"

    private let client: SocketIOClient
    private let connection: ClientConnection
    private let dialer: LoopDialer
    /// Called when the login has been accepted.
    var loggedIn: () -> Void = {}
    /// Called with each overview.
    var overviewReceived: (JSONValue) -> Void = { _ in }
    /// Called once, with why nothing more will come.
    var ended: (String) -> Void = { _ in }

    init(
        dialer: LoopDialer, host: String, user: String, password: String, queue: FlushQueue, seed: UInt64,
        clock: @escaping () -> Instant
    ) {
        self.dialer = dialer
        // Five hundred lobbies with their seats are a large message of many values.
        connection = ClientConnection(
            target: SocketIOClient.target, host: host, random: SeededRandom(seed: seed), queue: queue,
            traffic: Traffic(), messageBytesMax: 1 << 25)
        client = SocketIOClient(
            connection: connection, packetBytesMax: 1 << 25, valuesMax: 2_000_000, clock: clock)
        client.owner = self
        client.connect(Self.namespace, auth: ["username": .string(user), "password": .string(password)])
    }

    /// Opens the connection; everything else follows from its answers.
    func start() {
        dialer.dial(connection) { [weak self] stream in
            guard let self else { return }
            if let stream {
                connection.start(stream)
            } else {
                end("no connection: \(dialer.firstError ?? "unknown error")")
            }
        }
    }

    /// Gives a command; `answered` gets the server's `{"ok": true}` or `{"error": text}`.
    func command(_ name: String, _ data: JSONValue, _ answered: @escaping (JSONValue) -> Void) {
        client.emit(name, [data], to: Self.namespace) { values in answered(values.first ?? .null) }
    }

    /// When ``timeReached(_:)`` has something to do.
    var deadline: Instant? { client.deadline }

    func timeReached(_ now: Instant) {
        client.timeReached(now)
    }

    /// Ends the connection in good order.
    func close() {
        ended = { _ in }
        client.close()
    }

    private func end(_ reason: String) {
        let ended = ended
        self.ended = { _ in }
        ended(reason)
    }

    func sessionOpened() {}

    func namespaceConnected(_ namespace: String) {
        loggedIn()
    }

    func namespaceRefused(_ namespace: String, _ reason: JSONValue) {
        end("the login was refused: \(reason["message"]?.string ?? reason.string ?? "no reason given")")
    }

    func eventReceived(_ namespace: String, _ name: String, _ values: [JSONValue]) {
        if name == "overview", let overview = values.first { overviewReceived(overview) }
    }

    func namespaceDisconnected(_ namespace: String) {
        end("the server ended the admin session")
    }

    func heartbeatAnswered() {}

    func sessionClosed(_ close: SessionClose) {
        switch close {
        case .connection(let close): end(close.reason.isEmpty ? "the server closed the connection" : close.reason)
        case .heartbeatMissed: end("the server is silent")
        case .malformed(let text): end("the server's answer is malformed: \(text)")
        }
    }
}
