import ClientCore
import EventLoop
import JSONCore
import SocketIOCore
import Synchronization

/// What is called when an event comes.
enum EventHandler: Sendable {
    /// At once.
    case now(@Sendable (ReceivedMessage) throws -> Void)
    /// Later events wait until it is done.
    case later(@Sendable (ReceivedMessage) async throws -> Void)
}

/// What of a socket any thread may look at and change: its handlers, and how it stands.
final class SocketState: Sendable {
    /// How a socket stands.
    struct Standing: Sendable {
        var id: String?
        var isConnected = false
        var isRecovered = false
    }

    private struct Entry: Sendable {
        let number: Int
        let name: String
        let handler: EventHandler
    }

    private struct Handlers: Sendable {
        var events: [Entry] = []
        var any: [@Sendable (ReceivedMessage) -> Void] = []
        var anyOutgoing: [@Sendable (String, SocketArguments) -> Void] = []
        var connected: [@Sendable () -> Void] = []
        var failed: [@Sendable (ClientError) -> Void] = []
        var disconnected: [@Sendable (ClientDisconnectReason) -> Void] = []
        var problems: [@Sendable (SocketProblem) -> Void] = []
        /// End the sequences that are being read.
        var finishers: [Int: @Sendable () -> Void] = [:]
        var entryCount = 0
    }

    let namespace: String
    let loop: EventLoop
    private let standingNow = Mutex(Standing())
    private let handlers = Mutex(Handlers())
    private let shell = Mutex<LoopBound<SocketShell>?>(nil)

    init(_ namespace: String, loop: EventLoop) {
        self.namespace = namespace
        self.loop = loop
    }

    /// The socket on its loop is there.
    func attach(_ shell: LoopBound<SocketShell>) { self.shell.withLock { $0 = shell } }

    /// Does something with the socket on its loop, after all that was asked before; nil where there is none any more. False where
    /// the loop has ended, or has too much to do.
    @discardableResult
    func run(_ work: @escaping @Sendable (SocketShell?) -> Void) -> Bool {
        loop.post { [self] in work(shell.withLock { $0 }?.value) }
    }

    var standing: Standing {
        get { standingNow.withLock { $0 } }
        set { standingNow.withLock { $0 = newValue } }
    }

    // MARK: Handlers

    /// Adds a handler; its number.
    @discardableResult
    func add(_ name: String, _ handler: EventHandler, finish: (@Sendable () -> Void)? = nil) -> Int {
        handlers.withLock { handlers in
            handlers.entryCount += 1
            handlers.events.append(Entry(number: handlers.entryCount, name: name, handler: handler))
            if let finish { handlers.finishers[handlers.entryCount] = finish }
            return handlers.entryCount
        }
    }

    func remove(_ number: Int) {
        handlers.withLock { handlers in
            handlers.events.removeAll { $0.number == number }
            handlers.finishers[number] = nil
        }
    }

    func remove(named name: String) {
        let finishers = handlers.withLock { handlers in
            let gone = handlers.events.filter { $0.name == name }
            handlers.events.removeAll { $0.name == name }
            return gone.compactMap { handlers.finishers.removeValue(forKey: $0.number) }
        }
        for finish in finishers { finish() }
    }

    func handlers(of name: String) -> [EventHandler] {
        handlers.withLock { $0.events.filter { $0.name == name }.map(\.handler) }
    }

    func addAny(_ listener: @escaping @Sendable (ReceivedMessage) -> Void) {
        handlers.withLock { $0.any.append(listener) }
    }

    func addAnyOutgoing(_ listener: @escaping @Sendable (String, SocketArguments) -> Void) {
        handlers.withLock { $0.anyOutgoing.append(listener) }
    }

    func addConnected(_ handler: @escaping @Sendable () -> Void) { handlers.withLock { $0.connected.append(handler) } }

    func addFailed(_ handler: @escaping @Sendable (ClientError) -> Void) {
        handlers.withLock { $0.failed.append(handler) }
    }

    func addDisconnected(_ handler: @escaping @Sendable (ClientDisconnectReason) -> Void) {
        handlers.withLock { $0.disconnected.append(handler) }
    }

    func addProblem(_ handler: @escaping @Sendable (SocketProblem) -> Void) {
        handlers.withLock { $0.problems.append(handler) }
    }

    /// Lets go of all handlers and ends the sequences that are being read.
    func end() {
        let finishers = handlers.withLock { handlers in
            defer { handlers = Handlers() }
            return handlers.finishers.sorted { $0.key < $1.key }.map(\.value)
        }
        shell.withLock { $0 = nil }
        for finish in finishers { finish() }
    }

    // MARK: Telling

    func tellAny(_ message: ReceivedMessage) { for listener in handlers.withLock({ $0.any }) { listener(message) } }

    func tellOutgoing(_ name: String, _ arguments: SocketArguments) {
        for listener in handlers.withLock({ $0.anyOutgoing }) { listener(name, arguments) }
    }

    func tellConnected() { for handler in handlers.withLock({ $0.connected }) { handler() } }

    func tellFailed(_ error: ClientError) { for handler in handlers.withLock({ $0.failed }) { handler(error) } }

    func tellDisconnected(_ reason: ClientDisconnectReason) {
        for handler in handlers.withLock({ $0.disconnected }) { handler(reason) }
    }

    func tellProblem(_ problem: SocketProblem) {
        for handler in handlers.withLock({ $0.problems }) { handler(problem) }
    }
}
