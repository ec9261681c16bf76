import JSONCore
public import SocketIOCore

/// What comes: as calls, or as sequences to be read.
extension ClientSocket {
    /// Lets `handler` have every event of that name, after the handlers that were added before. What it throws is told to
    /// ``onProblem(_:)``.
    public func on(_ name: String, _ handler: @escaping @Sendable (ReceivedMessage) throws -> Void) {
        state.add(name, .now(handler))
    }

    /// Lets `handler` have every event of that name; the socket's later events wait until it is done.
    public func on(_ name: String, _ handler: @escaping @Sendable (ReceivedMessage) async throws -> Void) {
        state.add(name, .later(handler))
    }

    /// Lets `handler` have every such event. One of another type is not handled, and told to ``onProblem(_:)``.
    public func on<Payload: SendableMetatype>(
        _ event: SocketEvent<Payload>, _ handler: @escaping @Sendable (Payload) throws -> Void
    ) {
        on(event.name) { message throws in
            try handler(try message.arguments.first.decoded(as: Payload.self))
        }
    }

    /// Lets `handler` have every such event; the socket's later events wait until it is done.
    public func on<Payload: SendableMetatype>(
        _ event: SocketEvent<Payload>, _ handler: @escaping @Sendable (Payload) async throws -> Void
    ) {
        on(event.name) { message async throws in
            try await handler(try message.arguments.first.decoded(as: Payload.self))
        }
    }

    /// Answers every such request of the server with what `handler` returns.
    public func on<Payload: SendableMetatype, Answer: SendableMetatype>(
        _ request: SocketRequest<Payload, Answer>, _ handler: @escaping @Sendable (Payload) throws -> Answer
    ) {
        on(request.name) { message throws in
            try message.reply(encoding: try handler(try message.arguments.first.decoded(as: Payload.self)))
        }
    }

    /// Answers every such request with what `handler` returns; the socket's later events wait until it is done.
    public func on<Payload: SendableMetatype, Answer: SendableMetatype>(
        _ request: SocketRequest<Payload, Answer>, _ handler: @escaping @Sendable (Payload) async throws -> Answer
    ) {
        on(request.name) { message async throws in
            try message.reply(encoding: try await handler(try message.arguments.first.decoded(as: Payload.self)))
        }
    }

    /// Takes the handlers of that name away, and ends the sequences of it.
    public func off(_ name: String) { state.remove(named: name) }

    /// Lets `listener` see every event that comes, before its handlers do.
    public func onAny(_ listener: @escaping @Sendable (ReceivedMessage) -> Void) { state.addAny(listener) }

    /// The events of that name from now on, through losses of the connection, until the sequence is no longer read or the manager
    /// is closed.
    ///
    /// - Parameter bufferMax: How many may wait to be read; of more, the newest are kept.
    public func messages(_ name: String, bufferMax: Int = 1_024) -> AsyncStream<ReceivedMessage> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ReceivedMessage.self, bufferingPolicy: .bufferingNewest(bufferMax))
        let number = state.add(name, .now { continuation.yield($0) }, finish: { continuation.finish() })
        continuation.onTermination = { [state] _ in state.remove(number) }
        return stream
    }

    /// The payloads of such events from now on; those of another type are left out, and told to ``onProblem(_:)``.
    ///
    /// - Parameter bufferMax: How many may wait to be read; of more, the newest are kept.
    public func events<Payload: Sendable>(
        _ event: SocketEvent<Payload>, bufferMax: Int = 1_024
    ) -> AsyncStream<Payload> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Payload.self, bufferingPolicy: .bufferingNewest(bufferMax))
        let handler = EventHandler.now { message throws in
            continuation.yield(try message.arguments.first.decoded(as: Payload.self))
        }
        let number = state.add(event.name, handler, finish: { continuation.finish() })
        continuation.onTermination = { [state] _ in state.remove(number) }
        return stream
    }
}
