import Dispatch
import Synchronization

extension Storage {
    /// Asks something and blocks until the answer is there, or the time is over: for programs that do nothing meanwhile, never
    /// on a loop.
    ///
    /// - Returns: nil when the time is over.
    package func answer<Value: Sendable>(
        within limit: Duration, _ question: @escaping @Sendable (any Storage) async throws -> Value
    ) throws -> Value? {
        let answer = Answer<Value>()
        let task = Task.detached { answer.give(await Self.result { try await question(self) }) }
        defer { task.cancel() }
        return try answer.wait(within: limit)?.get()
    }

    private static func result<Value: Sendable>(
        _ work: @Sendable () async throws -> Value
    ) async -> Result<Value, any Error> {
        do { return .success(try await work()) } catch { return .failure(error) }
    }
}

/// What a task hands to a thread that waits for it.
private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Result<Value, any Error>?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func give(_ result: Result<Value, any Error>) {
        value.withLock { $0 = result }
        isThere.signal()
    }

    func wait(within limit: Duration) -> Result<Value, any Error>? {
        isThere.wait(timeout: .after(limit)) == .success ? value.withLock { $0 } : nil
    }
}
