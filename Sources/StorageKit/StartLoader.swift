import Dispatch

/// What earlier processes have left for a server to begin with.
package struct StartRecords: Sendable, Equatable {
    /// The setting under which the season is kept that an admin has begun.
    package static let seasonSetting = "season"

    /// The bans that still hold.
    package let bans: [StoredBan]
    /// The season that an admin has begun; nil when none has.
    package let season: String?
}

/// What becomes of loading what earlier processes have left.
package enum StartLoadEvent: Sendable, Equatable {
    /// So many bans were loaded, and the rest, after that many tries that failed.
    case loaded(bans: Int, failures: Int)
    /// The storage does not answer; it is asked again later. Said once.
    case failed(String)
}

/// Loads what earlier processes have left, once: before anybody can come in if the storage answers in time, else as soon as
/// it does.
package final class StartLoader: Sendable {
    private let task: Task<Void, Never>
    private let isTried = DispatchSemaphore(value: 0)

    /// Begins to load.
    ///
    /// - Parameters:
    ///   - now: The time. Bans that have been said since the start are known without the storage, and are left out.
    ///   - wait: Returns after that time; throws once the task is cancelled.
    ///   - restore: Takes what was loaded, on some thread.
    ///   - report: Told on the same thread what becomes of it.
    package init(
        _ storage: any Storage, now: @escaping @Sendable () -> UnixMilliseconds,
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        restore: @escaping @Sendable (StartRecords) -> Void, report: @escaping @Sendable (StartLoadEvent) -> Void
    ) {
        let start = now()
        task = Task.detached { [isTried] in
            defer { isTried.signal() }
            var failures = 0
            while !Task.isCancelled {
                do {
                    let bans = try await storage.bans(at: now()).filter { $0.since < start || failures == 0 }
                    let season = try await storage.setting(StartRecords.seasonSetting)
                    restore(StartRecords(bans: bans, season: season))
                    return report(.loaded(bans: bans.count, failures: failures))
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
