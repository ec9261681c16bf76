import ClientCore
public import Determinism
public import JSONCore
public import SocketIOCore
import Synchronization

/// A client in one namespace of a server.
///
/// It lives through losses of the connection: what is said meanwhile waits, and goes out in its order once the server is back. What
/// the server has kept comes before ``connect()`` returns.
///
/// A value that any thread and any task may use; events that one of them emits keep their order. Handlers are called on the manager's
/// loop, one after the other, and must not block it; while an `async` one is under way the socket's later events wait.
public struct ClientSocket: Sendable {
    /// The connection that it shares with others.
    public let manager: SocketManager
    let state: SocketState

    /// The namespace's name.
    public var namespace: String { state.namespace }

    /// Whether the client is in the namespace at present.
    public var isConnected: Bool { state.standing.isConnected }

    /// The id that the server has given it; nil while it is not connected.
    public var id: String? { state.standing.id }

    /// Whether the server has brought it back to where it was: with its id and its rooms, and having missed nothing.
    public var isRecovered: Bool { state.standing.isRecovered }

    // MARK: Coming and going

    /// Connects, and comes back after every loss until ``disconnect()``; waits until the client is in the namespace.
    ///
    /// - Throws: ``ClientError/refused(message:data:)`` when the server refuses, ``ClientError/unreachable(_:)`` when the manager has
    ///   given up, `CancellationError`: then the client goes on trying, and nobody waits.
    public func connect() async throws {
        let wait = OneAnswer<Void>()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait.begin(continuation)
                let isPosted = state.run { shell in
                    guard let shell else { return wait.end(.failure(ClientError.unreachable("the manager is closed"))) }
                    let number = shell.connect { wait.end($0.mapError { $0 as any Error }) }
                    wait.note(number)
                }
                if !isPosted { wait.end(.failure(ClientError.unreachable("the loop has too much to do"))) }
            }
        } onCancel: {
            wait.end(.failure(CancellationError()))
            state.run { shell in if let number = wait.number { shell?.giveUp(waiter: number) } }
        }
    }

    /// Connects as ``connect()`` does, and does not wait.
    public func open() { state.run { $0?.core.connect() } }

    /// Leaves the namespace, and the server where no other socket is connected. It may connect again.
    public func disconnect() { state.run { $0?.disconnect() } }

    /// Tells of each time that the client has come into the namespace: after what was missed, if it was recovered.
    public func onConnect(_ handler: @escaping @Sendable () -> Void) { state.addConnected(handler) }

    /// Tells of each refusal, after which the client does not try again by itself, and of each attempt that fails.
    public func onConnectError(_ handler: @escaping @Sendable (ClientError) -> Void) { state.addFailed(handler) }

    /// Tells of each time that the client is no longer in the namespace.
    public func onDisconnect(_ handler: @escaping @Sendable (ClientDisconnectReason) -> Void) {
        state.addDisconnected(handler)
    }

    // MARK: Sending

    /// Sends an event, now or once there is a connection.
    public func emit(_ name: String, _ values: JSONValue..., options: EmitOptions = []) {
        emit(name, with: SocketArguments(values), options: options)
    }

    /// Sends an event with arguments that are there already.
    public func emit(_ name: String, with arguments: SocketArguments, options: EmitOptions = []) {
        let state = state
        let isPosted = state.run { shell in
            guard let shell else { return state.tellProblem(.dropped(event: name, .notWritable)) }
            shell.core.emit(options.emission(name, arguments))
        }
        if !isPosted { state.tellProblem(.dropped(event: name, .bufferFull)) }
    }

    /// Sends an event.
    ///
    /// - Throws: `EncodingError`, where the payload has no form in JSON.
    public func emit<Payload>(_ event: SocketEvent<Payload>, _ payload: Payload, options: EmitOptions = []) throws {
        emit(event.name, try JSONValue(encoding: payload), options: options)
    }

    /// Sends an event and waits for the server's answer.
    ///
    /// - Parameter timeout: nil for ``ClientSocketOptions/ackTimeout``; it counts while there is no connection, too.
    /// - Throws: ``SocketIOCore/AckError``; `CancellationError`: then an event that still waits is not sent.
    public func emitWithAck(
        _ name: String, _ values: JSONValue..., timeout: Interval? = nil, options: EmitOptions = []
    ) async throws -> SocketArguments {
        try await emitWithAck(name, with: SocketArguments(values), timeout: timeout, options: options)
    }

    /// Sends an event with arguments that are there already, and waits for the server's answer.
    public func emitWithAck(
        _ name: String, with arguments: SocketArguments, timeout: Interval? = nil, options: EmitOptions = []
    ) async throws -> SocketArguments {
        let wait = OneAnswer<SocketArguments>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait.begin(continuation)
                let isPosted = state.run { shell in
                    guard let shell, !wait.hasEnded else { return wait.end(.failure(AckError.disconnected)) }
                    var emission = options.emission(name, arguments)
                    emission.timeout = timeout
                    emission.acknowledged = { wait.end($0.mapError { $0 as any Error }) }
                    wait.note(shell.core.emit(emission).number)
                }
                if !isPosted { wait.end(.failure(AckError.disconnected)) }
            }
        } onCancel: {
            wait.end(.failure(CancellationError()))
            state.run { shell in if let number = wait.number { shell?.core.giveUp(EmissionID(number: number)) } }
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Throws: As ``emitWithAck(_:_:timeout:options:)``; `DecodingError` for an answer of another kind; `EncodingError`.
    public func request<Payload, Answer>(
        _ request: SocketRequest<Payload, Answer>, _ payload: Payload, timeout: Interval? = nil
    ) async throws -> Answer {
        let answer = try await emitWithAck(request.name, try JSONValue(encoding: payload), timeout: timeout)
        return try answer.first.decoded(as: Answer.self)
    }

    /// Lets `listener` see every event that goes out, in the order in which they do.
    public func onAnyOutgoing(_ listener: @escaping @Sendable (String, SocketArguments) -> Void) {
        state.addAnyOutgoing(listener)
    }

    // MARK: Problems

    /// Tells of events that were dropped, and of handlers that have thrown.
    public func onProblem(_ handler: @escaping @Sendable (SocketProblem) -> Void) { state.addProblem(handler) }
}

extension EmitOptions {
    func emission(_ name: String, _ arguments: SocketArguments) -> ClientEmission {
        var emission = ClientEmission(name, arguments)
        emission.isVolatile = contains(.volatile)
        emission.compresses = !contains(.uncompressed)
        return emission
    }
}

/// What a task awaits: resumed once, by whoever comes first.
final class OneAnswer<Value: Sendable>: Sendable {
    private struct State: Sendable {
        var continuation: CheckedContinuation<Value, any Error>?
        /// What has come before there was anybody to tell.
        var early: Result<Value, any Error>?
        var hasEnded = false
        var number: Int?
    }

    private let state = Mutex(State())

    /// Whether there is an answer.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// What the answer can be given up by.
    var number: Int? { state.withLock { $0.number } }

    func note(_ number: Int) { state.withLock { $0.number = number } }

    func begin(_ continuation: CheckedContinuation<Value, any Error>) {
        let early = state.withLock { state in
            if state.early == nil { state.continuation = continuation }
            return state.early
        }
        if let early { continuation.resume(with: early) }
    }

    func end(_ result: Result<Value, any Error>) {
        let continuation: CheckedContinuation<Value, any Error>? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            if state.continuation == nil { state.early = result }
            return state.continuation.take()
        }
        continuation?.resume(with: result)
    }
}
