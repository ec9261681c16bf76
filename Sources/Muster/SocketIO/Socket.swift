public import Determinism
import EventLoop
public import HTTPTypes
public import JSONCore
import ServerCore
import SocketIOCore

/// One client in one namespace.
///
/// A value to keep and compare; what is sent to a client that has gone is dropped. For the loop of its server alone.
public struct Socket: Hashable {
    let core: NamespaceSocket

    /// Its id, which other clients may know; 20 characters.
    public var id: String { core.id.text }

    /// Where it is.
    public var namespace: Namespace { Namespace(core: core.namespace) }

    /// Whether it is in the namespace: let in, and not gone.
    public var isConnected: Bool { core.isConnected }

    /// Whether the client had lost its connection, and has its id, its rooms, ``data`` and all that it has missed again: see
    /// ``SocketIOOptions/connectionStateRecovery``. Of ``state`` nothing is kept.
    public var isRecovered: Bool { core.isRecovered }

    /// How its messages travel at present.
    public var transport: EngineOptions.Transport { core.transportName == "polling" ? .polling : .webSocket }

    /// How many bytes wait for its client, in all its namespaces: the high-water mark to watch.
    public var queuedBytes: Int { core.queuedBytes }

    /// How long its client's last ping and pong took together; nil before the first, and for clients of Socket.IO 2.
    public var roundTripTime: Interval? { core.roundTripTime }

    /// How it came: its first request, and what it showed for this namespace.
    public var handshake: Handshake { Handshake(core.handshake, now: core.namespace.hub.shell.loop.now) }

    /// What you keep with it as JSON, for every server that finds the socket.
    public var data: JSONValue {
        get { core.data }
        nonmutating set { core.data = newValue }
    }

    /// What you keep with it in this process.
    public var state: AnyObject? {
        get { core.state }
        nonmutating set { core.state = newValue }
    }

    // MARK: Sending

    /// Sends it an event.
    public func emit(_ name: String, _ values: JSONValue..., options: EmitOptions = []) {
        emit(name, with: SocketArguments(values), options: options)
    }

    /// Sends it an event with arguments that are there already, such as those of another event.
    public func emit(_ name: String, with arguments: SocketArguments, options: EmitOptions = []) {
        core.emit(SocketEmission(name, arguments, options.sendOptions))
    }

    /// Sends it an event.
    ///
    /// - Throws: `EncodingError`, where the payload has no form in JSON.
    public func emit<Payload>(_ event: SocketEvent<Payload>, _ payload: Payload, options: EmitOptions = []) throws {
        emit(event.name, try JSONValue(encoding: payload), options: options)
    }

    /// Sends it an event and waits for its answer.
    ///
    /// - Parameter timeout: nil for ``SocketIOOptions/ackTimeout``.
    /// - Throws: ``AckError``.
    public func emitWithAck(
        _ name: String, _ values: JSONValue..., timeout: Interval? = nil, options: EmitOptions = []
    ) async throws -> SocketArguments {
        try await emitWithAck(name, with: SocketArguments(values), timeout: timeout, options: options)
    }

    /// Sends it an event with arguments that are there already, and waits for its answer.
    public func emitWithAck(
        _ name: String, with arguments: SocketArguments, timeout: Interval? = nil, options: EmitOptions = []
    ) async throws -> SocketArguments {
        let emission = SocketEmission(name, arguments, options.sendOptions)
        let answers: SocketAnswers = await withCheckedContinuation { continuation in
            core.ask(emission, timeout: timeout) { continuation.resume(returning: $0) }
        }
        guard let answer = answers.answers.first else {
            throw answers.isTimedOut ? AckError.timedOut : AckError.disconnected
        }
        return answer
    }

    /// Sends it a request and waits for its answer.
    ///
    /// - Throws: ``AckError``; `DecodingError` for an answer of another kind; `EncodingError`.
    public func request<Payload, Answer>(
        _ request: SocketRequest<Payload, Answer>, _ payload: Payload, timeout: Interval? = nil
    ) async throws -> Answer {
        let answer = try await emitWithAck(request.name, try JSONValue(encoding: payload), timeout: timeout)
        return try answer.first.decoded(as: Answer.self)
    }

    // MARK: Others

    /// Everyone else in the namespace.
    public var broadcast: SocketSelection { namespace.all.except(self) }

    /// Everyone else in that room.
    public func to(_ room: String) -> SocketSelection { broadcast.in(room) }

    /// Everyone else who is not in that room.
    public func except(_ room: String) -> SocketSelection { broadcast.except(room) }

    // MARK: Rooms

    /// The names of its rooms; its own id is one of them.
    public var rooms: [String] { core.rooms }

    /// Puts it into a room.
    public func join(_ room: String) { core.join(room) }

    /// Takes it out of a room.
    public func leave(_ room: String) { core.leave(room) }

    // MARK: Ending

    /// Ends its place in the namespace and tells the client, which does not come back by itself.
    ///
    /// - Parameter closesConnection: Whether all its other namespaces end, too, and its connection.
    public func disconnect(closesConnection: Bool = false) { core.disconnect(closes: closesConnection) }

    /// Whether both are the same client in the same namespace.
    public static func == (left: Socket, right: Socket) -> Bool { left.core === right.core }

    /// Hashes its identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(core)) }
}

/// How a client came.
public struct Handshake: Sendable {
    /// The fields of its first request; none where ``SocketIOOptions/keepsRequestFields`` says no.
    public let fields: HTTPFields
    /// The path and the query, as they were sent.
    public let url: String
    /// The query, decoded, Engine.IO's own names among it; of a name that came twice, the last.
    public let query: [String: String]
    /// The client's address.
    public let address: String
    /// Whether it came over TLS.
    public let isSecure: Bool
    /// Whether a page of another origin opened it: the request had an `Origin`.
    public let isCrossOrigin: Bool
    /// When it came, in milliseconds since 1970.
    public let issued: Int64
    /// What the client sent with its CONNECT; an empty object where it sent nothing.
    public let auth: JSONValue

    init(_ core: SocketHandshake, now: Instant) {
        fields = core.fields
        url = core.url
        query = Dictionary(core.query.map { ($0.name, $0.value) }) { _, last in last }
        address = core.address
        isSecure = core.isSecure
        isCrossOrigin = core.fields.contains(.origin)
        issued = WallClock.milliseconds - (now - core.issuedAt).nanoseconds / 1_000_000
        auth = core.auth
    }
}
