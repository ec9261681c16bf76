import Dispatch

/// What becomes of loading the bans of earlier processes.
package enum BanLoadEvent: Sendable, Equatable {
    /// So many were loaded, after that many tries that failed.
    case loaded(Int, failures: Int)
    /// The storage does not answer; it is asked again later. Said once.
    case failed(String)
}

/// The bans of earlier processes, loaded once: before anybody can come in if the storage answers in time, else as soon as it
/// does.
package final class StoredBans: Sendable {
    private let task: Task<Void, Never>
    private let isTried = DispatchSemaphore(value: 0)

    /// Begins to load.
    ///
    /// - Parameters:
    ///   - now: The time. What has been said since the start is known without the storage, and is left out.
    ///   - wait: Returns after that time; throws once the task is cancelled.
    ///   - restore: Takes the bans, on some thread.
    ///   - report: Told on the same thread what becomes of it.
    package init(
        _ storage: any Storage, now: @escaping @Sendable () -> UnixMilliseconds,
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        restore: @escaping @Sendable ([StoredBan]) -> Void, report: @escaping @Sendable (BanLoadEvent) -> Void
    ) {
        let start = now()
        task = Task.detached { [isTried] in
            defer { isTried.signal() }
            var failures = 0
            while !Task.isCancelled {
                do {
                    let bans = try await storage.bans(at: now()).filter { $0.since < start || failures == 0 }
                    restore(bans)
                    return report(.loaded(bans.count, failures: failures))
                } catch {
                    failures += 1
                    if failures == 1 { report(.failed("\(error)")) }
                }
                isTried.signal()
                do { try await wait(WriteBehind.retryWait(after: failures)) } catch { return }
            }
        }
    }

    /// Blocks until the storage has answered, or failed to, or the time is over.
    ///
    /// - Returns: Whether it has answered or failed.
    package func firstTry(within limit: Duration) -> Bool {
        isTried.wait(timeout: .after(limit)) == .success
    }

    /// Gives up what has not been loaded.
    package func cancel() { task.cancel() }
}
