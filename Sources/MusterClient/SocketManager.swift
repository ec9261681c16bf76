import ClientCore
import EventLoop
public import Determinism
public import JSONCore
import Synchronization
import TLS

/// The connection to one Socket.IO server, which the clients of several namespaces share: made when the first of them
/// wants it, made again when it is lost, ended when none wants it any more.
///
///     let manager = try SocketManager("https://play.example.org")
///     let chat = manager.socket("/chat")
///     chat.on("said") { print($0.arguments.values) }
///     try await chat.connect()
///     chat.emit("say", "hello")
///
/// It lives while somebody holds it or one of its sockets. Any thread and any task may use it.
public final class SocketManager: Sendable {
    let loop: ClientLoop
    private let shell: LoopBound<ManagerShell>
    private let watcher: ConnectionWatcher
    private let sockets = Mutex<[String: SocketState]>([:])

    /// A manager for the server at `url`: `http://HOST:PORT` or `https://HOST:PORT`, or the same with `ws` and `wss`; the port is 80
    /// or 443 unless named. It connects once a socket does.
    ///
    /// - Parameter loop: Where it runs; nil for a thread of its own.
    /// - Throws: ``ClientError``.
    public init(
        _ url: String, _ options: SocketManagerOptions = SocketManagerOptions(), on loop: ClientLoop? = nil
    ) throws(ClientError) {
        guard let address = ServerAddress(url) else {
            throw .address("A server's address is \(ServerAddress.forms), not \"\(url)\".")
        }
        let secure: SecureDialing?
        do throws(TLSError) {
            secure = try SecureDialing(to: address, trust: options.trust)
        } catch {
            throw .tls(error.description)
        }
        let owned: ClientLoop
        if let loop { owned = loop } else { owned = try ClientLoop() }
        let watcher = ConnectionWatcher()
        self.loop = owned
        self.watcher = watcher
        shell = LoopBound(ManagerShell(owned, address, secure, options, watcher), on: owned.loop)
    }

    deinit { end() }

    /// The client of that namespace, which begins with a slash: the same one each time; `options` count the first time.
    public func socket(_ namespace: String = "/", _ options: ClientSocketOptions = ClientSocketOptions())
        -> ClientSocket
    {
        let state = sockets.withLock { sockets in
            if let state = sockets[namespace] { return state }
            let state = SocketState(namespace, loop: loop.loop)
            sockets[namespace] = state
            loop.loop.post { [shell] in shell.value.add(state, options) }
            return state
        }
        return ClientSocket(manager: self, state: state)
    }

    /// The client of that namespace, which shows `auth` whenever it asks for its place.
    public func socket(_ namespace: String = "/", auth: JSONObject) -> ClientSocket {
        socket(namespace, ClientSocketOptions(auth: auth))
    }

    /// Tells of the connection: that it is open, lost, tried again. One handler at a time.
    public func onChange(_ handler: @escaping @Sendable (ConnectionChange) -> Void) { watcher.set(handler) }

    /// Ends every socket's place and the connection for good, in good order, and lets go of all handlers.
    public func close() { end() }

    private func end() {
        // The loop, if it is this manager's own, ends with this object; it runs first what has been posted.
        loop.loop.post { [shell] in shell.value.close() }
    }
}

/// What happens to a manager's connection.
public enum ConnectionChange: Sendable, Equatable {
    /// It is there, and by which transport.
    case opened(SocketManagerOptions.Transport)
    /// It has moved to a WebSocket.
    case upgraded
    /// It is over, or an attempt has failed; the text says why.
    case lost(String)
    /// The next attempt, which counts from 1, comes after the wait.
    case waiting(Interval, attempt: Int)
    /// All attempts have failed; the next one is yours to begin.
    case gaveUp
}

/// Who hears of a connection.
final class ConnectionWatcher: Sendable {
    private let handler = Mutex<(@Sendable (ConnectionChange) -> Void)?>(nil)

    func set(_ handler: @escaping @Sendable (ConnectionChange) -> Void) { self.handler.withLock { $0 = handler } }

    func tell(_ change: ConnectionChange) { handler.withLock { $0 }?(change) }
}
