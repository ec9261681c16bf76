import ClientCore
import Determinism
import JSONCore
import ScriptedServer
import SocketIOCore

/// A manager over a scripted server, WebSocket alone, under a hand-driven clock.
final class ManagerBench {
    let server = ScriptedServer()
    let context: ClientContext
    let manager: ClientManager
    /// What managers and namespaces have told, in order.
    let notes = Notes()
    private var recorders: [Recorder] = []

    init(seed: UInt64 = 1, _ adjust: (inout ClientManagerOptions) -> Void = { _ in }) {
        context = ClientContext(dialer: server) { [server] in server.now }
        var engine = EngineClientOptions(host: "h")
        engine.transports = [.websocket]
        var options = ClientManagerOptions(engine)
        adjust(&options)
        manager = ClientManager(options, random: SeededRandom(seed: seed), context)
        manager.owner = notes
    }

    /// A client that wants to be in a namespace, and notes what it is told.
    func socket(
        _ namespace: String = "/", connects: Bool = true, _ adjust: (inout NamespaceClientOptions) -> Void = { _ in }
    ) -> NamespaceClient {
        var options = NamespaceClientOptions()
        adjust(&options)
        let socket = manager.socket(namespace, options)
        let recorder = Recorder(namespace, notes)
        recorders.append(recorder)
        socket.owner = recorder
        if connects { socket.connect() }
        return socket
    }

    /// What has been told since the last call.
    func told() -> [String] {
        defer { notes.lines = [] }
        return notes.lines
    }

    /// What has come at the server since the last call.
    func sent() -> [Sent] {
        context.queue.flush()
        return server.stream.takeSent()
    }

    func text(_ text: String) { server.stream.text(text) }

    /// The server takes the newest connection and says its handshake.
    func open(_ more: String...) {
        context.queue.flush()
        server.stream.upgrade()
        text(#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
        for packet in more { text(packet) }
    }

    /// A client in `/` whose greetings are over.
    func connected(_ adjust: (inout NamespaceClientOptions) -> Void = { _ in }) -> NamespaceClient {
        let socket = socket("/", adjust)
        open(#"40{"sid":"a"}"#)
        _ = sent()
        _ = told()
        return socket
    }

    /// The connection is lost.
    func cut() { server.stream.drop() }

    /// Lets time pass, and the manager do what is due.
    func run(_ length: Interval) {
        let end = server.now + length
        while let deadline = manager.deadline, deadline <= end {
            server.now = max(server.now, deadline)
            manager.timeReached(server.now)
            context.queue.flush()
        }
        server.now = end
    }

    final class Notes: ClientManagerOwner {
        var lines: [String] = []
        var waits: [Interval] = []

        func managerOpened() { lines.append("opened") }
        func managerEnded(_ end: EngineEnd) {
            switch end {
            case .heartbeatMissed: lines.append("ended: silent")
            case .closed: lines.append("ended: closed")
            case .failed: lines.append("ended: failed")
            case .malformed: lines.append("ended: malformed")
            case .left: lines.append("ended: left")
            }
        }
        func managerWaits(_ wait: Interval, attempt: Int) {
            waits.append(wait)
            lines.append("waits \(attempt)")
        }
        func managerGaveUp() { lines.append("gave up") }
        func managerAnsweredHeartbeat() { lines.append("heartbeat") }
    }

    final class Recorder: NamespaceClientOwner {
        private let name: String
        private let notes: Notes

        init(_ name: String, _ notes: Notes) {
            self.name = name
            self.notes = notes
        }

        private func note(_ text: String) { notes.lines.append("\(name) \(text)") }

        func namespaceConnected() { note("connected") }
        func namespaceConnectFailed(_ failure: ConnectFailure) {
            switch failure {
            case .refused(let message, let data): note("refused \(message) \(data?.text ?? "-")")
            case .unreachable: note("unreachable")
            }
        }
        func namespaceReceived(_ event: ClientEvent) {
            note("event \(event.name) \(JSONValue.array(event.values).text)\(event.ack == nil ? "" : " ?")")
        }
        func namespaceDisconnected(_ reason: ClientDisconnectReason) { note("disconnected: \(reason.rawValue)") }
        func namespaceDropped(_ name: String, _ failure: EmissionFailure) { note("dropped \(name): \(failure)") }
    }
}

/// Writes down how acks end.
final class Answers {
    var lines: [String] = []

    func emission(_ name: String, _ arguments: SocketArguments = [], timeout: Interval? = nil) -> ClientEmission {
        var emission = ClientEmission(name, arguments) { [self] result in
            switch result {
            case .success(let answer): lines.append("\(name): \(JSONValue.array(answer.values).text)")
            case .failure(let error): lines.append("\(name): \(error == .timedOut ? "timed out" : "disconnected")")
            }
        }
        emission.timeout = timeout
        return emission
    }
}
