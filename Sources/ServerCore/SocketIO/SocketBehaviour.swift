import JSONCore
import SocketIOCore

/// One event of a client.
package struct ReceivedEvent {
    /// The event's name.
    package let name: String
    /// What it says.
    package let arguments: SocketArguments
    /// The id by which the client wants an answer; nil when it wants none.
    package let ackID: Int?
}

/// What happens to a namespace's rooms. The rooms that are named like sockets are among them.
package enum SocketRoomChange: Sendable, Equatable {
    case created(String)
    case deleted(String)
    case joined(String, SocketID)
    case left(String, SocketID)
}

/// What the author said of a namespace: who may join, and what its events do. Namespaces that come from one pattern share
/// one.
package final class SocketBehaviour {
    /// Decides about a socket, and calls back once, now or on a later turn.
    package typealias Middleware = (NamespaceSocket, @escaping (ConnectRefusal?) -> Void) -> Void
    package typealias Handler = (NamespaceSocket, ReceivedEvent) -> Void

    private(set) var middlewares: [Middleware] = []
    private(set) var connected: [(NamespaceSocket) -> Void] = []
    private(set) var disconnecting: [(NamespaceSocket, SocketDisconnectReason) -> Void] = []
    private(set) var disconnected: [(NamespaceSocket, SocketDisconnectReason) -> Void] = []
    private(set) var handlers = SocketEventTable<Handler>()
    private(set) var incoming: [Handler] = []
    private(set) var outgoing: [(NamespaceSocket, String, SocketArguments) -> Void] = []
    private(set) var filters: [(NamespaceSocket, ReceivedEvent) -> Bool] = []
    private(set) var roomChanged: [(SocketNamespace, SocketRoomChange) -> Void] = []
    private(set) var told = SocketEventTable<(SocketNamespace, SocketArguments, ((SocketArguments) -> Void)?) -> Void>()
    /// Whether an event goes straight to its handler.
    private(set) var isPlain = true
    /// Who sees what happens in the namespace, while a page of the official Admin UI shows it.
    var observer: SocketObserver? {
        didSet { isPlain = incoming.isEmpty && filters.isEmpty && observer == nil }
    }

    package init() {}

    /// Asks `middleware` about every socket that wants to join, after those that were added before.
    package func use(_ middleware: @escaping Middleware) { middlewares.append(middleware) }

    /// Tells of each socket that has joined.
    package func onConnect(_ handler: @escaping (NamespaceSocket) -> Void) { connected.append(handler) }

    /// Tells of each socket that is about to leave; its rooms are still there.
    package func onDisconnecting(_ handler: @escaping (NamespaceSocket, SocketDisconnectReason) -> Void) {
        disconnecting.append(handler)
    }

    /// Tells of each socket that has left.
    package func onDisconnect(_ handler: @escaping (NamespaceSocket, SocketDisconnectReason) -> Void) {
        disconnected.append(handler)
    }

    /// Lets `handler` have every event of that name, after the handlers that were added before.
    package func on(_ name: String, _ handler: @escaping Handler) {
        precondition(SocketEventName(.string(name)) != nil, "the event name \"\(name)\" is reserved or too long")
        guard let earlier = handlers[name] else { return handlers[name] = handler }
        handlers[name] = { socket, message in
            earlier(socket, message)
            handler(socket, message)
        }
    }

    /// Whether anything is done with an event of that name.
    func hears(_ name: String) -> Bool { handlers[name] != nil || !incoming.isEmpty }

    /// Takes the handlers of that name away.
    package func off(_ name: String) { handlers[name] = nil }

    /// Lets `listener` see every event that comes, before anything else does.
    package func onAny(_ listener: @escaping Handler) {
        incoming.append(listener)
        isPlain = false
    }

    /// Lets `listener` see every event that is sent, once for each socket; acks are no events.
    package func onAnyOutgoing(_ listener: @escaping (NamespaceSocket, String, SocketArguments) -> Void) {
        outgoing.append(listener)
    }

    /// Lets `filter` decide about every event that comes; false drops it.
    package func filter(_ filter: @escaping (NamespaceSocket, ReceivedEvent) -> Bool) {
        filters.append(filter)
        isPlain = false
    }

    /// Tells of the rooms.
    package func onRoomChange(_ handler: @escaping (SocketNamespace, SocketRoomChange) -> Void) {
        roomChanged.append(handler)
    }

    /// Answers what another server tells this one.
    package func onTold(
        _ name: String, _ handler: @escaping (SocketNamespace, SocketArguments, ((SocketArguments) -> Void)?) -> Void
    ) { told[name] = handler }
}
