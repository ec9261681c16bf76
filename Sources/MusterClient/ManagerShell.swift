import ClientCore
import Determinism
import EventLoop
import JSONCore
import SocketIOCore
import WebSocketCore

/// A manager on its loop, with its namespaces. Made on any thread, and used on the loop alone.
final class ManagerShell {
    private let loop: EventLoop
    private let turns: LoopBound<LoopTurns>
    private let address: ServerAddress
    private let secure: SecureDialing?
    private let options: SocketManagerOptions
    private let watcher: ConnectionWatcher
    /// Made when the first namespace is.
    private var core: ClientManager?
    private var sockets: [SocketShell] = []
    private var isClosed = false

    init(
        _ loop: ClientLoop, _ address: ServerAddress, _ secure: SecureDialing?, _ options: SocketManagerOptions,
        _ watcher: ConnectionWatcher
    ) {
        self.loop = loop.loop
        turns = loop.turns
        self.address = address
        self.secure = secure
        self.options = options
        self.watcher = watcher
    }

    private func makeCore() -> ClientManager {
        let dialer = NameDialer(loop: loop, address: address, secure: secure)
        let turns = turns.value
        let context = ClientContext(dialer: dialer, queue: turns.queue) { [loop] in loop.now }
        var system = SystemRandomNumberGenerator()
        let core = ClientManager(
            options.core(host: address.authority), random: SeededRandom(seed: system.next()), context)
        core.owner = self
        turns.add(core, of: self)
        return core
    }

    /// Adds a namespace whose handlers are in `state`.
    func add(_ state: SocketState, _ options: ClientSocketOptions) {
        guard !isClosed else { return }
        let core = core ?? makeCore()
        self.core = core
        let shell = SocketShell(core.socket(state.namespace, options.core(on: loop)), state, loop, options)
        sockets.append(shell)
        state.attach(LoopBound(shell, on: loop))
    }

    /// Ends all in good order.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        core?.close()
        for socket in sockets { socket.end() }
        sockets = []
        if core?.isEnding == false { forget() }
    }

    private func forget() {
        if let core { turns.value.remove(core) }
        core = nil
    }
}

extension ManagerShell: ClientManagerOwner {
    func managerOpened() {
        watcher.tell(.opened(core?.transport == .polling ? .polling : .webSocket))
    }

    func managerEnded(_ end: EngineEnd) {
        watcher.tell(.lost(end.text))
        if isClosed { forget() }
    }

    func managerWaits(_ wait: Interval, attempt: Int) { watcher.tell(.waiting(wait, attempt: attempt)) }

    func managerGaveUp() {
        watcher.tell(.gaveUp)
        for socket in sockets { socket.gaveUp() }
    }

    func managerUpgraded() { watcher.tell(.upgraded) }
}

extension EngineEnd {
    /// Why a session is over, for a person.
    var text: String {
        switch self {
        case .heartbeatMissed: "the server is silent"
        case .closed(let close): close.reason.isEmpty ? "the server has closed it" : close.reason
        case .failed(let text), .malformed(let text): text
        case .left: "it was ended here"
        }
    }
}

extension SocketManagerOptions {
    /// The same for the core.
    func core(host: String) -> ClientManagerOptions {
        precondition(path.hasPrefix("/") && path.hasSuffix("/"), "a path has a slash at both ends")
        precondition(!transports.isEmpty, "a client uses a transport")
        var engine = EngineClientOptions(host: host)
        engine.path = path
        engine.query = query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
            .joined(separator: "&")
        engine.fields = fields
        engine.transports = transports.map { $0 == .polling ? .polling : .websocket }
        engine.upgrades = upgrades
        engine.triesAllTransports = triesAllTransports
        engine.compression = compresses ? ClientCompression(pool: DeflatePool()) : nil
        engine.messageBytesMax = messageBytesMax
        engine.outboxBytesMax = outboxBytesMax
        var options = ClientManagerOptions(engine)
        options.reconnects = reconnects
        options.attemptsMax = reconnectionAttempts
        options.backoff = Backoff(
            first: reconnectionDelay, longest: max(reconnectionDelay, reconnectionDelayMax),
            jitter: reconnectionJitter)
        options.connectTimeout = connectTimeout
        options.remembersUpgrade = remembersUpgrade
        options.codec = codec
        return options
    }
}

extension ClientSocketOptions {
    /// The same for the core.
    func core(on loop: EventLoop) -> NamespaceClientOptions {
        precondition((0...64).contains(attachmentsMax), "attachmentsMax is from 0 to 64")
        var options = NamespaceClientOptions()
        if let auth {
            options.auth = .asked { done in
                let answer = LoopBound(done, on: loop)
                Task(executorPreference: loop) {
                    let shown = await auth()
                    answer.value(shown)
                }
            }
        }
        options.ackTimeout = ackTimeout
        options.retries = retries
        options.offlineEventsMax = waitingEventsMax
        options.overflow = overflow == .dropsOldest ? .dropsOldest : .dropsNewest
        options.attachmentsMax = attachmentsMax
        return options
    }
}
