import JSONCore
import ServerCore
import SocketIOCore

/// What a namespace's clients are served by: middlewares, handlers and listeners, which are called on the server's loop and must
/// not block it.
///
/// A client's events are handled one after the other, in their order: while an `async` handler of it is under way, its further events
/// wait, and those of other clients do not.
public protocol SocketHandling {
    /// What the functions below add to.
    var handlers: SocketHandlers { get }
}

/// Middlewares, handlers and listeners; ``SocketHandling`` adds to them.
public struct SocketHandlers {
    let behaviour: SocketBehaviour
    let shell: SocketShell
}

extension SocketHandling {
    private var behaviour: SocketBehaviour { handlers.behaviour }
    private var shell: SocketShell { handlers.shell }

    // MARK: Who may come

    /// Asks `check` about every client that wants to join, after those that were added before. It may look at
    /// ``Socket/handshake``, set ``Socket/data`` and join rooms; what it emits follows once the client is in.
    ///
    /// To refuse, throw a ``ConnectRefusal``; for another error the client is told "not authorized", and it is logged.
    public func use(_ check: @escaping (Socket) throws -> Void) {
        let shell = shell
        behaviour.use { socket, done in
            do {
                try check(Socket(core: socket))
                done(nil)
            } catch {
                done(shell.refusal(for: error))
            }
        }
    }

    /// Asks `check` as above; the client waits for as long as it takes.
    public func use(_ check: @escaping (Socket) async throws -> Void) {
        let shell = shell
        behaviour.use { socket, done in
            shell.run {
                do {
                    try await check(Socket(core: socket))
                    done(nil)
                } catch {
                    done(shell.refusal(for: error))
                }
            }
        }
    }

    // MARK: Coming and going

    /// Tells of each client that has joined. What `handler` throws is logged.
    public func onConnect(_ handler: @escaping (Socket) throws -> Void) {
        let shell = shell
        behaviour.onConnect { socket in shell.attempt { try handler(Socket(core: socket)) } }
    }

    /// Tells of each client that has joined; its events wait until `handler` is done. What that throws is logged.
    public func onConnect(_ handler: @escaping (Socket) async throws -> Void) {
        let shell = shell
        behaviour.onConnect { socket in
            shell.hold(socket) {
                do { try await handler(Socket(core: socket)) } catch { shell.failed(error) }
            }
        }
    }

    /// Tells of each client that is about to leave; its rooms are still there. What `handler` throws is logged.
    public func onDisconnecting(_ handler: @escaping (Socket, DisconnectReason) throws -> Void) {
        let shell = shell
        behaviour.onDisconnecting { socket, reason in shell.attempt { try handler(Socket(core: socket), reason) } }
    }

    /// Tells of each client that has left. What `handler` throws is logged.
    public func onDisconnect(_ handler: @escaping (Socket, DisconnectReason) throws -> Void) {
        let shell = shell
        behaviour.onDisconnect { socket, reason in shell.attempt { try handler(Socket(core: socket), reason) } }
    }

    // MARK: Events

    /// Lets `handler` have every event of that name. What it throws is logged.
    public func on(_ name: String, _ handler: @escaping (Socket, SocketMessage) throws -> Void) {
        let shell = shell
        behaviour.on(name) { socket, event in
            do {
                try handler(Socket(core: socket), SocketMessage(socket: socket, event: event))
            } catch {
                shell.failed(error, event, of: socket)
            }
        }
    }

    /// Lets `handler` have every event of that name; the client's further events wait until it is done.
    public func on(_ name: String, _ handler: @escaping (Socket, SocketMessage) async throws -> Void) {
        let shell = shell
        behaviour.on(name) { socket, event in
            shell.hold(socket) {
                do {
                    try await handler(Socket(core: socket), SocketMessage(socket: socket, event: event))
                } catch {
                    shell.failed(error, event, of: socket)
                }
            }
        }
    }

    /// Lets `handler` have every such event. One whose payload is of another kind is logged and dropped.
    public func on<Payload>(
        _ event: SocketEvent<Payload>, _ handler: @escaping (Socket, Payload) throws -> Void
    ) {
        on(event.name) { socket, message in
            try handler(socket, try message.arguments.first.decoded(as: Payload.self))
        }
    }

    /// Lets `handler` have every such event; the client's further events wait until it is done.
    public func on<Payload>(
        _ event: SocketEvent<Payload>, _ handler: @escaping (Socket, Payload) async throws -> Void
    ) {
        on(event.name) { socket, message async throws in
            try await handler(socket, try message.arguments.first.decoded(as: Payload.self))
        }
    }

    /// Answers every such request with what `handler` returns. Where it throws there is no answer, and a line in the log.
    public func on<Payload, Answer>(
        _ request: SocketRequest<Payload, Answer>, _ handler: @escaping (Socket, Payload) throws -> Answer
    ) {
        on(request.name) { socket, message in
            try message.reply(encoding: try handler(socket, try message.arguments.first.decoded(as: Payload.self)))
        }
    }

    /// Answers every such request with what `handler` returns; the client's further events wait until it is done.
    public func on<Payload, Answer>(
        _ request: SocketRequest<Payload, Answer>, _ handler: @escaping (Socket, Payload) async throws -> Answer
    ) {
        on(request.name) { socket, message async throws in
            let payload = try message.arguments.first.decoded(as: Payload.self)
            try message.reply(encoding: try await handler(socket, payload))
        }
    }

    /// Takes the handlers of that name away.
    public func off(_ name: String) { behaviour.off(name) }

    // MARK: All events

    /// Lets `listener` see every event that comes, before anything else does.
    public func onAny(_ listener: @escaping (Socket, SocketMessage) -> Void) {
        behaviour.onAny { listener(Socket(core: $0), SocketMessage(socket: $0, event: $1)) }
    }

    /// Lets `listener` see every event that is sent, once for each socket; acks are no events.
    public func onAnyOutgoing(_ listener: @escaping (Socket, String, SocketArguments) -> Void) {
        behaviour.onAnyOutgoing { listener(Socket(core: $0), $1, $2) }
    }

    /// Asks `check` about every event that comes, after ``onAny(_:)`` and before its handler. What it throws drops the event, and
    /// is logged.
    public func filter(_ check: @escaping (Socket, SocketMessage) throws -> Void) {
        let shell = shell
        behaviour.filter { socket, event in
            do {
                try check(Socket(core: socket), SocketMessage(socket: socket, event: event))
                return true
            } catch {
                shell.failed(error, event, of: socket)
                return false
            }
        }
    }

    // MARK: Rooms and servers

    /// Tells of rooms that are made, joined, left and gone, those named by ids among them.
    public func onRoomChange(_ handler: @escaping (Namespace, RoomChange) -> Void) {
        behaviour.onRoomChange { handler(Namespace(core: $0), RoomChange($1)) }
    }

    /// Answers, once and not once a loop, what another server of the namespace tells with ``Namespace/serverSideEmit(_:_:)``: by calling the last
    /// argument, which is nil where no answer is wanted.
    public func onServerEvent(
        _ name: String, _ handler: @escaping (Namespace, SocketArguments, ((SocketArguments) -> Void)?) -> Void
    ) { behaviour.onTold(name) { handler(Namespace(core: $0), $1, $2) } }
}

/// What happens to a namespace's rooms.
public enum RoomChange: Sendable, Equatable {
    /// Somebody is about to be the first in it.
    case created(room: String)
    /// Nobody is in it any more.
    case deleted(room: String)
    /// A socket has joined it.
    case joined(room: String, socketID: String)
    /// A socket has left it.
    case left(room: String, socketID: String)

    init(_ change: SocketRoomChange) {
        self =
            switch change {
            case .created(let room): .created(room: room)
            case .deleted(let room): .deleted(room: room)
            case .joined(let room, let id): .joined(room: room, socketID: id.text)
            case .left(let room, let id): .left(room: room, socketID: id.text)
            }
    }
}
