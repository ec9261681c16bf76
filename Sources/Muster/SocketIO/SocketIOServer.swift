import EventLoop
import FoundationEssentials
public import JSONCore
import Logging
import ServerCore
import SocketIOCore

/// Socket.IO at one path of a ``MusterServer``, on one of its loops.
///
///     server.socketIO { io in
///         io.main.on("chat") { socket, message in
///             socket.broadcast.emit("chat", with: message.arguments)
///         }
///     }
public final class SocketIOServer {
    let hub: SocketHub
    /// The loop that all of this is called on.
    public let loop: LoopContext

    init(hub: SocketHub, loop: LoopContext) {
        self.hub = hub
        self.loop = loop
    }

    /// The namespace `/`, which clients join unless they name another.
    public var main: Namespace { Namespace(core: hub.namespace("/")) }

    /// The namespace of that name, made if there is none; a slash at its front may be left out. It stays for good.
    public func namespace(_ name: String) -> Namespace { Namespace(core: hub.namespace(name)) }

    /// Lets clients have any namespace whose whole name matches. Each is there for as long as somebody is in it.
    ///
    /// Where several patterns and functions allow a name, the first that was added counts.
    public func namespaces(matching pattern: some RegexComponent) -> NamespaceFamily {
        namespaces { name, _ in (try? pattern.regex.wholeMatch(in: name)) != nil }
    }

    /// Lets clients have any namespace that `allows` says yes to, given its name and what the client showed.
    public func namespaces(where allows: @escaping (String, JSONValue) -> Bool) -> NamespaceFamily {
        add(SocketFamily { name, auth, done in done(allows(name, auth)) })
    }

    /// Lets clients have any namespace that `allows` says yes to; they wait for as long as it takes.
    public func namespaces(where allows: @escaping (String, JSONValue) async -> Bool) -> NamespaceFamily {
        let shell = hub.shell
        return add(
            SocketFamily { name, auth, done in
                shell.run { done(await allows(name, auth)) }
            })
    }

    private func add(_ family: SocketFamily) -> NamespaceFamily {
        hub.add(family)
        return NamespaceFamily(core: family, shell: hub.shell)
    }

    /// Tells of each namespace that comes to be, but for the main one.
    public func onNamespace(_ handler: @escaping (Namespace) -> Void) {
        hub.namespaceOpened = { handler(Namespace(core: $0)) }
    }

    /// Every namespace there is, in the order of their names.
    public var namespaces: [Namespace] { hub.allNamespaces.map(Namespace.init) }
}

/// Namespaces that come to be when clients ask for them; what is said of it counts for each.
public struct NamespaceFamily: SocketHandling {
    let core: SocketFamily
    let shell: SocketShell

    /// What their sockets are served by.
    public var handlers: SocketHandlers { SocketHandlers(behaviour: core.behaviour, shell: shell) }

    /// Those that there are now.
    public var namespaces: [Namespace] { core.children.map(Namespace.init) }

    /// Sends everyone in each of them an event.
    public func emit(_ name: String, _ values: JSONValue..., options: EmitOptions = []) {
        let arguments = SocketArguments(values)
        for namespace in namespaces { namespace.all.emit(name, with: arguments, options: options) }
    }
}

/// What joins a hub to its loop: tasks, and the log.
final class SocketShell {
    let loop: EventLoop
    private let logger: Logger
    /// The hub's place among other servers.
    var member: RedisMember?

    init(loop: EventLoop, logger: Logger) {
        self.loop = loop
        self.logger = logger
    }

    /// Runs `work` on the loop, from a coming turn on.
    func run(_ work: @escaping () async -> Void) {
        let bound = LoopBound(work, on: loop)
        Task(executorPreference: loop) { await bound.value() }
    }

    /// Runs `work` while a socket's further events wait.
    func hold(_ socket: NamespaceSocket, _ work: @escaping () async -> Void) {
        socket.hold()
        run {
            await work()
            socket.release()
        }
    }

    func refusal(for error: any Error) -> ConnectRefusal {
        if let refusal = error as? ConnectRefusal { return refusal }
        logger.error("a middleware of Socket.IO failed: \(error)")
        return ConnectRefusal("not authorized")
    }

    /// Runs what tells an author that a client has come or gone.
    func attempt(_ work: () throws -> Void) {
        do { try work() } catch { failed(error) }
    }

    func failed(_ error: any Error) {
        logger.error("a handler of clients that come or go failed: \(error)")
    }

    /// An event was not handled: a line in the log, and what a client is told that can be.
    func failed(_ error: any Error, _ event: ReceivedEvent, of socket: NamespaceSocket) {
        switch error {
        case let refusal as EventRefusal: return socket.refuse(event, refusal.message, data: refusal.data)
        case is DecodingError: socket.refuse(event, "the data is of another kind")
        default: socket.refuse(event, "this did not work")
        }
        logger.error("the event \"\(event.name)\" was not handled: \(error)")
    }
}

extension SocketHub {
    /// What the hub was made with.
    var shell: SocketShell {
        guard let shell = context as? SocketShell else { preconditionFailure("a hub is made with a shell") }
        return shell
    }
}

/// The time of day.
enum WallClock {
    /// Milliseconds since 1970.
    static var milliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}
