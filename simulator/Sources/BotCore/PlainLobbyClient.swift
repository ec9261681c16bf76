import ByteKit
import ClientCore
import Determinism
import JSONCore
import MessagePackCore
import WebSocketCore

/// A lobby's client in the plain dialect, or in the compact one (protocol/spec/lobby.md §1).
final class PlainLobbyClient: LobbyClient, WebSocketClientOwner {
    private let connection: WebSocketClient
    private let isCompact: Bool
    private let join: LobbyJoin
    /// How long the server may say nothing at all; what it tells of its heartbeat in `joined` replaces the first guess.
    private var silenceMax: Interval
    private var hasJoined = false

    init(
        _ options: WebSocketClient.Options, join: LobbyJoin, silenceMax: Interval, random: SeededRandom,
        _ context: ClientContext
    ) {
        connection = WebSocketClient(options, random: random, context)
        isCompact = options.subprotocol == CompactEvent.subprotocol
        self.join = join
        self.silenceMax = silenceMax
        super.init(clock: context.clock)
    }

    override func connect() {
        connection.open(for: self)
    }

    override func abort() {
        owner = nil
        connection.abort()
    }

    override func send(_ message: [UInt8]) {
        connection.send(binary: message)
    }

    override func askTime() {
        emit("time", .null, id: 0)
    }

    override func say(_ event: String) {
        emit(event, .null)
    }

    private func emit(_ event: String, _ data: JSONValue, id: JSONValue? = nil, compresses: Bool = true) {
        if isCompact {
            let message = CompactEvent(event, data, id: id).encoded(from: .client)
            return connection.send(binary: message, compresses: compresses)
        }
        var message: JSONObject = ["event": .string(event)]
        if data != .null { message["data"] = data }
        if let id { message["id"] = id }
        var text: [UInt8] = []
        message.write(to: &text)
        connection.send(text: text, compresses: compresses)
    }

    override func sendPong() {
        connection.sendPong()
    }

    override func leave() {
        isLeaving = true
        emit("leave", .null)
    }

    // MARK: Time

    override var deadline: Instant? { heardAt.map { $0 + silenceMax } }

    override func timeReached(_ now: Instant) {
        guard let deadline, now >= deadline else { return }
        heardAt = nil
        connection.abort()
        end(LobbyEnd(.heartbeatMissed, "nothing was heard of the server for \(silenceMax.seconds) s"))
    }

    // MARK: In

    func connectionOpened() {
        heardAt = clock()
        emit("join", .object(join.request), compresses: join.token == nil)
        owner?.lobbyConnected()
    }

    func textReceived(_ text: Span<UInt8>) {
        heardAt = clock()
        guard !isCompact, let message = try? JSONValue.parse(text), let event = message["event"]?.string else {
            connection.abort()
            return end(LobbyEnd(.malformed, "a text message that is no event"))
        }
        eventReceived(event, message["data"] ?? .null)
    }

    private func eventReceived(_ event: String, _ data: JSONValue) {
        switch event {
        case "exception" where !hasJoined:
            refuse(LobbyRefusal(data))
            connection.close()
        case "ack": owner?.lobbyTime(data)
        default:
            if event == "joined" {
                hasJoined = true
                heartbeatTold(data)
            }
            received(event, data)
        }
    }

    private func heartbeatTold(_ data: JSONValue) {
        let times = [data["pingInterval"], data["pingTimeout"]].compactMap { $0?.integer }
        guard times.count == 2, times.allSatisfy({ (1...86_400_000).contains($0) }) else { return }
        silenceMax = .milliseconds(Int(times[0] + times[1]))
    }

    func binaryReceived(_ bytes: Span<UInt8>) {
        let now = clock()
        heardAt = now
        guard isCompact, !bytes.isEmpty, bytes[0] == CompactEvent.Speaker.server.rawValue else {
            owner?.lobbySnapshot(bytes, at: now)
            return
        }
        do throws(CompactEvent.Malformed) {
            let event = try CompactEvent(decoding: bytes, from: .server)
            eventReceived(event.name, event.data)
        } catch {
            connection.abort()
            end(LobbyEnd(.malformed, "\(error)"))
        }
    }

    func pingReceived() {
        heardAt = clock()
        owner?.lobbyHeartbeat()
    }

    func connectionClosed(_ close: ConnectionClose) {
        var end = announcedEnd ?? LobbyEnd(close)
        end.code = close.code.map(Int.init)
        // Nobody else may end a seat with 1000 than its player.
        if end.cause == .left, !isLeaving { end.cause = .lost }
        self.end(end)
    }
}
