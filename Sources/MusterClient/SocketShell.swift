import ClientCore
import EventLoop
import JSONCore
import SocketIOCore

/// A socket on its loop: joins its core to the handlers in its state.
final class SocketShell {
    let core: NamespaceClient
    private let state: SocketState
    private let loop: EventLoop
    private let heldMax: Int
    /// Whether an `async` handler is under way.
    private var isHeld = false
    /// What has come meanwhile.
    private var held: [ReceivedMessage] = []
    /// Who waits for the namespace.
    private var waiters: [Int: (Result<Void, ClientError>) -> Void] = [:]
    private var waiterCount = 0

    init(_ core: NamespaceClient, _ state: SocketState, _ loop: EventLoop, _ options: ClientSocketOptions) {
        self.core = core
        self.state = state
        self.loop = loop
        heldMax = options.waitingEventsMax
        core.owner = self
    }

    // MARK: Coming and going

    /// Connects, and calls `done` once that has come to something; its number, for ``giveUp(waiter:)``.
    func connect(_ done: @escaping (Result<Void, ClientError>) -> Void) -> Int {
        waiterCount += 1
        if core.isConnected {
            done(.success(()))
        } else {
            waiters[waiterCount] = done
            core.connect()
        }
        return waiterCount
    }

    func giveUp(waiter: Int) { waiters[waiter] = nil }

    private func tellWaiters(_ result: Result<Void, ClientError>) {
        let told = waiters.sorted { $0.key < $1.key }
        waiters = [:]
        for (_, done) in told { done(result) }
    }

    func disconnect() {
        core.disconnect()
        tellWaiters(.failure(.unreachable("it was ended here")))
    }

    /// All attempts to connect have failed.
    func gaveUp() { tellWaiters(.failure(.unreachable("all attempts have failed"))) }

    /// The manager ends.
    func end() {
        tellWaiters(.failure(.unreachable("it was ended here")))
        held = []
        state.end()
    }

    // MARK: Events

    private func handle(_ message: ReceivedMessage) {
        state.tellAny(message)
        var later: [@Sendable (ReceivedMessage) async throws -> Void] = []
        for handler in state.handlers(of: message.name) {
            switch handler {
            case .now(let handler):
                do { try handler(message) } catch { state.tellProblem(.handlerFailed(event: message.name, error)) }
            case .later(let handler): later.append(handler)
            }
        }
        if !later.isEmpty { hold(message, later) }
    }

    /// Runs `async` handlers while later events wait.
    private func hold(_ message: ReceivedMessage, _ handlers: [@Sendable (ReceivedMessage) async throws -> Void]) {
        isHeld = true
        let bound = LoopBound(self, on: loop)
        let state = state
        Task(executorPreference: loop) {
            for handler in handlers {
                do {
                    try await handler(message)
                } catch {
                    state.tellProblem(.handlerFailed(event: message.name, error))
                }
            }
            bound.value.release()
        }
    }

    private func release() {
        isHeld = false
        while !isHeld, !held.isEmpty { handle(held.removeFirst()) }
    }
}

extension SocketShell: NamespaceClientOwner {
    func namespaceConnected() {
        state.standing = .init(id: core.id, isConnected: true, isRecovered: core.isRecovered)
        state.tellConnected()
        tellWaiters(.success(()))
    }

    func namespaceConnectFailed(_ failure: ConnectFailure) {
        switch failure {
        case .refused(let message, let data):
            let error = ClientError.refused(message: message, data: data)
            state.tellFailed(error)
            tellWaiters(.failure(error))
        case .unreachable(let end):
            // Whoever waits for the namespace goes on waiting, as the manager tries again; or it gives up, and says so.
            state.tellFailed(.unreachable(end.text))
        }
    }

    func namespaceReceived(_ event: ClientEvent) {
        let message = ReceivedMessage(event, state)
        guard isHeld else { return handle(message) }
        guard held.count < heldMax else { return state.tellProblem(.dropped(event: event.name, .bufferFull)) }
        held.append(message)
    }

    func namespaceDisconnected(_ reason: ClientDisconnectReason) {
        state.standing = .init()
        state.tellDisconnected(reason)
    }

    func namespaceSends(_ name: String, _ arguments: SocketArguments) { state.tellOutgoing(name, arguments) }

    func namespaceDropped(_ name: String, _ failure: EmissionFailure) {
        let reason: SocketProblem.Reason =
            switch failure {
            case .bufferFull: .bufferFull
            case .notWritable: .notWritable
            case .illegal: .illegal
            }
        state.tellProblem(.dropped(event: name, reason))
    }
}
