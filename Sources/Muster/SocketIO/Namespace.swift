public import Determinism
public import JSONCore
import EventLoop
import ServerCore
import SocketIOCore

/// One namespace, with its sockets on this loop.
///
/// What its clients' events do is said by ``SocketHandling``'s functions.
public struct Namespace: SocketHandling, Hashable {
    let core: SocketNamespace

    /// What its sockets are served by.
    public var handlers: SocketHandlers { SocketHandlers(behaviour: core.behaviour, shell: core.hub.shell) }

    /// Its name, with the slash.
    public var name: String { core.name }

    /// How many sockets are in it, on this loop.
    public var socketCount: Int { core.socketCount }

    /// Its sockets on this loop.
    public var sockets: [Socket] { core.allSockets.map(Socket.init) }

    /// The socket of that id, if it is on this loop.
    public func socket(_ id: String) -> Socket? { SocketID(id).flatMap(core.socket).map(Socket.init) }

    /// The names of the rooms that somebody on this loop is in, but for those named by ids.
    public var rooms: [String] { core.roomNames }

    // MARK: Who is meant

    /// Everyone in it.
    public var all: SocketSelection { SocketSelection(core: core, target: SocketTarget()) }

    /// Everyone in that room; a socket's id is a room.
    public func `in`(_ room: String) -> SocketSelection { all.in(room) }

    /// Everyone in that room.
    public func to(_ room: String) -> SocketSelection { all.in(room) }

    /// Everyone who is not in that room.
    public func except(_ room: String) -> SocketSelection { all.except(room) }

    /// Everyone on this server, on all its loops, and nobody on others.
    public var local: SocketSelection { all.local }

    /// Sends everyone an event.
    public func emit(_ name: String, _ values: JSONValue..., options: EmitOptions = []) {
        all.emit(name, with: SocketArguments(values), options: options)
    }

    /// Sends everyone an event.
    public func emit<Payload>(_ event: SocketEvent<Payload>, _ payload: Payload, options: EmitOptions = []) throws {
        try all.emit(event, payload, options: options)
    }

    // MARK: Other servers

    /// Tells the namespace's other servers something, never this one with any of its loops;
    /// ``SocketHandling/onServerEvent(_:_:)`` hears it.
    public func serverSideEmit(_ name: String, _ values: JSONValue...) {
        core.tell(name, SocketArguments(values))
    }

    /// Tells the other servers something and waits for what they answer.
    public func serverSideEmitWithAck(_ name: String, _ values: JSONValue...) async -> AckAnswers {
        let arguments = SocketArguments(values)
        return AckAnswers(
            await withCheckedContinuation { continuation in
                core.tell(name, arguments) { continuation.resume(returning: $0) }
            })
    }

    /// Whether both are the same namespace.
    public static func == (left: Namespace, right: Namespace) -> Bool { left.core === right.core }

    /// Hashes its identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(core)) }
}

/// Sockets of a namespace, meant by their rooms: of every server, unless it says ``local``.
///
///     namespace.in("red").in("blue").except("muted").emit("score", 3)
public struct SocketSelection {
    let core: SocketNamespace
    var target: SocketTarget

    private func with(_ change: (inout SocketTarget) -> Void) -> SocketSelection {
        var selection = self
        change(&selection.target)
        return selection
    }

    /// Those in that room, too; the first room leaves the others out.
    public func `in`(_ room: String) -> SocketSelection { with { $0.rooms.append(room) } }

    /// Those in that room, too; the first room leaves the others out.
    public func to(_ room: String) -> SocketSelection { self.in(room) }

    /// None of those in that room.
    public func except(_ room: String) -> SocketSelection { with { $0.exceptRooms.append(room) } }

    /// Not that socket.
    public func except(_ socket: Socket) -> SocketSelection {
        with { target in
            if target.exceptSocket == nil {
                target.exceptSocket = socket.core.id
            } else {
                target.exceptRooms.append(socket.id)
            }
        }
    }

    /// Those on this server alone, on all its loops.
    public var local: SocketSelection { with { $0.isLocal = true } }

    // MARK: Sending

    /// Sends each an event, which is encoded once.
    public func emit(_ name: String, _ values: JSONValue..., options: EmitOptions = []) {
        emit(name, with: SocketArguments(values), options: options)
    }

    /// Sends each an event with arguments that are there already.
    public func emit(_ name: String, with arguments: SocketArguments, options: EmitOptions = []) {
        core.perform(.emit(SocketEmission(name, arguments, options.sendOptions)), on: target)
    }

    /// Sends each an event.
    ///
    /// - Throws: `EncodingError`, where the payload has no form in JSON.
    public func emit<Payload>(_ event: SocketEvent<Payload>, _ payload: Payload, options: EmitOptions = []) throws {
        emit(event.name, try JSONValue(encoding: payload), options: options)
    }

    /// Sends each an event and waits until all have answered or gone, or the time is over.
    ///
    /// - Parameter timeout: nil for ``SocketIOOptions/ackTimeout``.
    public func emitWithAck(_ name: String, _ values: JSONValue..., timeout: Interval? = nil) async -> AckAnswers {
        let emission = SocketEmission(name, SocketArguments(values))
        return AckAnswers(
            await withCheckedContinuation { continuation in
                core.ask(emission, of: target, timeout: timeout) { continuation.resume(returning: $0) }
            })
    }

    // MARK: Steering

    /// Puts each into a room.
    public func join(_ room: String) { core.perform(.join([room]), on: target) }

    /// Takes each out of a room.
    public func leave(_ room: String) { core.perform(.leave([room]), on: target) }

    /// Ends each one's place in the namespace, or its whole connection.
    public func disconnect(closesConnection: Bool = false) {
        core.perform(.disconnect(closes: closesConnection), on: target)
    }

    /// Those of them on this loop.
    public var sockets: [Socket] { core.sockets(target).map(Socket.init) }

    /// Finds them on every loop and server; whoever does not answer in time is left out and named.
    public func fetch() async -> FoundSockets {
        let finding: SocketFinding = await withCheckedContinuation { continuation in
            core.fetch(target) { continuation.resume(returning: $0) }
        }
        let hub = core.hub
        let now = hub.shell.loop.now
        return FoundSockets(
            sockets: finding.sockets.map {
                RemoteSocket(id: $0.id, rooms: $0.rooms, data: $0.data, handshake: Handshake($0.handshake, now: now))
            }, missing: finding.missing)
    }
}

/// Sockets of every server.
public struct FoundSockets: Sendable {
    /// Those that were found, this loop's first.
    public let sockets: [RemoteSocket]
    /// The servers, and the loops of this one, that did not answer in time.
    public let missing: [String]
}

/// A socket of any server, as it was when it was asked for. Reach it by its id: `namespace.in(socket.id)`.
public struct RemoteSocket: Sendable {
    /// Its id.
    public let id: String
    /// Its rooms.
    public let rooms: [String]
    /// What is kept with it.
    public let data: JSONValue
    /// How it came.
    public let handshake: Handshake
}
