import DequeModule
import Dispatch
import Synchronization

/// What became of records that were to be written.
package enum WriteBehindEvent: Sendable, Equatable {
    /// So many were written.
    case written(Int)
    /// The storage could not write. `isFirst` begins an outage; it is over with the next ``written(_:)``.
    case failed(String, isFirst: Bool)
    /// One record can never be written, and is forgotten.
    case refused(String)
    /// The storage writes again, after so many tries.
    case recovered(tries: Int)
}

/// The queue in front of a ``Storage``: takes records on any thread without waiting, and writes them in batches from a task
/// of its own.
///
/// It is bounded in records and in bytes. When it is full the newest record is not taken, and its sender is told; what is
/// in the queue stays there until it is written, however long the storage is out of order.
package final class WriteBehind: Sendable {
    /// The most records that wait, and the most bytes of them.
    package static let recordsMax = 8_192
    package static let bytesMax = 16_777_216
    /// The most records of one batch.
    package static let batchMax = 256
    /// How long to wait after the first failure; each further wait is twice as long, up to the last.
    package static let firstRetry = Duration.milliseconds(500)
    package static let lastRetry = Duration.seconds(30)

    private struct State {
        var queue = Deque<StorageRecord>()
        var bytes = 0
        var isFinishing = false
        /// Who sleeps until something happens, and the number by which a timer knows it.
        var sleeper: CheckedContinuation<Void, Never>?
        var sleepNumber = 0
        /// Whether only the end or a timer shall wake it: the storage is out of order.
        var sleepsForRetry = false
    }

    private let storage: any Storage
    private let wait: @Sendable (Duration) async -> Void
    private let report: @Sendable (WriteBehindEvent) -> Void
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    /// A queue before `storage`, at work from now on.
    ///
    /// - Parameters:
    ///   - wait: Returns after that time; a test's own may return when it likes.
    ///   - report: Told on the queue's task what becomes of the records.
    package init(
        _ storage: any Storage,
        wait: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        report: @escaping @Sendable (WriteBehindEvent) -> Void
    ) {
        self.storage = storage
        self.wait = wait
        self.report = report
        Task.detached { [self] in await run() }
    }

    /// How many records wait.
    package var count: Int { state.withLock(\.queue.count) }

    /// Takes a record, on any thread; never waits.
    ///
    /// - Returns: whether there was room for it.
    package func add(_ record: StorageRecord) -> Bool {
        let cost = record.cost
        let (isTaken, sleeper) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isFinishing, state.queue.count < Self.recordsMax, state.bytes + cost <= Self.bytesMax else {
                return (false, nil)
            }
            state.queue.append(record)
            state.bytes += cost
            return (true, state.sleepsForRetry ? nil : Self.takeSleeper(&state))
        }
        sleeper?.resume()
        return isTaken
    }

    /// Takes no more records, and blocks until those that wait are written, or cannot be, or the time is over.
    ///
    /// - Returns: how many were not written.
    package func finish(within limit: Duration) -> Int {
        let sleeper = state.withLock { state in
            state.isFinishing = true
            return Self.takeSleeper(&state)
        }
        sleeper?.resume()
        if ended.wait(timeout: .after(limit)) == .success { ended.signal() }
        return count
    }

    // MARK: The task

    private func run() async {
        var tries = 0
        while let batch = await next() {
            do {
                try await storage.write(batch)
                remove(batch.count)
                if tries > 0 { report(.recovered(tries: tries)) }
                tries = 0
                report(.written(batch.count))
            } catch let refusal as StorageRefusal where batch.indices.contains(refusal.index) {
                remove(1, at: refusal.index)
                report(.refused(refusal.description))
            } catch {
                tries += 1
                report(.failed("\(error)", isFirst: tries == 1))
                // At the end one try has to do: the storage has had its own time to wait for a lock.
                if state.withLock(\.isFinishing) { break }
                await sleep(for: Self.retryWait(after: tries))
            }
        }
        ended.signal()
    }

    /// How long to wait after that many failures in a row.
    package static func retryWait(after tries: Int) -> Duration {
        min(lastRetry, firstRetry * (1 << min(tries - 1, 10)))
    }

    /// The oldest records, which stay in the queue until they are written; nil at the end.
    private func next() async -> [StorageRecord]? {
        while true {
            let (batch, isOver) = state.withLock { state in
                (Array(state.queue.prefix(Self.batchMax)), state.isFinishing)
            }
            if !batch.isEmpty { return batch }
            if isOver { return nil }
            await sleep(for: nil)
        }
    }

    private func remove(_ count: Int, at place: Int = 0) {
        state.withLock { state in
            for record in state.queue[place..<(place + count)] { state.bytes -= record.cost }
            state.queue.removeSubrange(place..<(place + count))
        }
    }

    /// Sleeps until a record comes, or the end; or, after a failure, for that long, or until the end.
    private func sleep(for length: Duration?) async {
        await withCheckedContinuation { continuation in
            let number = state.withLock { state -> Int? in
                guard !state.isFinishing, length != nil || state.queue.isEmpty else { return nil }
                state.sleeper = continuation
                state.sleepsForRetry = length != nil
                state.sleepNumber += 1
                return state.sleepNumber
            }
            guard let number else { return continuation.resume() }
            guard let length else { return }
            Task.detached { [self] in
                await wait(length)
                wake(number)
            }
        }
    }

    private func wake(_ number: Int) {
        let sleeper = state.withLock { $0.sleepNumber == number ? Self.takeSleeper(&$0) : nil }
        sleeper?.resume()
    }

    private static func takeSleeper(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        let sleeper = state.sleeper
        state.sleeper = nil
        state.sleepsForRetry = false
        return sleeper
    }
}

extension DispatchTime {
    /// The time after that many seconds.
    static func after(_ length: Duration) -> DispatchTime {
        let nanoseconds = length.components.seconds * 1_000_000_000 + length.components.attoseconds / 1_000_000_000
        return .now() + .nanoseconds(Int(clamping: nanoseconds))
    }
}
