import EventLoop
import FoundationEssentials
import JSONCore
import LobbyCore
import Logging
import ServerCore
import StorageKit
import Synchronization

/// What stands between the loops and the storage: a queue for what is to be written, and tasks for what is asked.
final class ServerStorage: Sendable {
    /// How long a server that ends waits until all is written.
    static let finishTime = Duration.seconds(5)
    /// How long a server that begins waits for what earlier ones have left.
    static let loadTime = Duration.seconds(5)
    /// The longest result that is kept, as JSON; of a longer one there stays `null`.
    static let resultBytesMax = 65_536

    private let storage: any Storage
    private let queue: WriteBehind
    private let season: Season
    private let logger: Logger
    private let count: @Sendable (Counter, Int) -> Void
    /// Whether it has been said that the queue is full.
    private let saidFull: Atomic<Bool>
    /// What is on its way from the storage.
    private let loading: Mutex<StartLoader?>

    /// - Parameters:
    ///   - season: What the configuration says; empty where that is an admin's affair.
    ///   - count: Counts what happens off the loops.
    init(
        _ storage: any Storage, season: String, logger: Logger, count: @escaping @Sendable (Counter, Int) -> Void
    ) {
        self.storage = storage
        self.season = Season(configured: season)
        self.logger = logger
        self.count = count
        saidFull = Atomic(false)
        loading = Mutex(nil)
        queue = WriteBehind(storage) { [logger, count] in Self.note($0, logger, count) }
    }

    private static func note(
        _ event: WriteBehindEvent, _ logger: Logger, _ count: @Sendable (Counter, Int) -> Void
    ) {
        switch event {
        case .written(let records): count(.recordsStored, records)
        case .failed(let reason, let isFirst):
            count(.storageFailures, 1)
            // Once an outage: it is tried again for as long as it lasts.
            if isFirst {
                logger.error("the storage cannot write: \(reason); records wait in memory, and it is tried again")
            }
        case .refused(let reason):
            count(.recordsDropped, 1)
            logger.error("a record cannot be stored, and is dropped: \(reason)")
        case .recovered(let tries): logger.notice("the storage writes again, after \(tries) tries")
        }
    }

    private static func note(
        _ event: StartLoadEvent, _ logger: Logger, _ count: @Sendable (Counter, Int) -> Void
    ) {
        switch event {
        case .loaded(let bans, let failures):
            if failures > 0 { logger.notice("\(bans) bans loaded, after \(failures) tries") }
        case .failed(let reason):
            count(.storageFailures, 1)
            logger.error(
                "what earlier processes have stored cannot be loaded: \(reason); until it is, who was banned before can come in"
            )
        }
    }

    /// Has a loop's server store and ask.
    func add(to hooks: inout ServerHooks, on loop: EventLoop) {
        hooks.results = { [self] in write(.match(record($0))) }
        hooks.audit = { [self] in write(.audit(entry($0))) }
        hooks.bansChanged = { [self] in write($0.record(at: Self.now)) }
        hooks.season = { [season] in season.name }
        hooks.beginSeason = { [self] name in
            guard season.begin(name) else { return false }
            write(.setting(name: StartRecords.seasonSetting, value: name))
            return true
        }
        hooks.askStorage = { [self] question, answered in
            let answered = LoopBound(answered, on: loop)
            Task(executorPreference: loop) {
                let answer = await withTaskExecutorPreference(globalConcurrentExecutor) { await self.answer(question) }
                answered.value(answer)
            }
        }
    }

    /// Loads what earlier processes have left, their bans into what the loops share, and blocks until the storage has answered,
    /// for some seconds at most. Where it does not, the server goes on without until it does.
    func load(into group: LoopGroup) {
        let loader = StartLoader(
            storage, now: { Self.now },
            restore: { [weak group, season] in
                group?.restore($0.bans, at: Self.now)
                if let name = $0.season { season.restore(name) }
            }, report: { [logger, count] in Self.note($0, logger, count) })
        loading.withLock { $0 = loader }
        if !loader.firstTry(within: Self.loadTime) {
            logger.error("the storage does not answer: until the bans are loaded, who was banned before can come in")
        }
    }

    /// Waits until what is left has been written, for some seconds at most. Blocks; call when the loops have ended.
    func finish() {
        loading.withLock { $0?.cancel() }
        let lost = queue.finish(within: Self.finishTime)
        if lost > 0 { logger.error("\(lost) records could not be stored, and are lost") }
    }

    // MARK: Writing

    private func write(_ record: StorageRecord) {
        guard !queue.add(record) else { return saidFull.store(false, ordering: .relaxed) }
        count(.recordsDropped, 1)
        if !saidFull.exchange(true, ordering: .relaxed) {
            logger.error("the queue before the storage is full: what comes now is dropped")
        }
    }

    private static var now: UnixMilliseconds { UnixMilliseconds(Date().timeIntervalSince1970 * 1_000) }

    /// 128 random bits: unique wherever results are put together.
    private static func makeID() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private func record(_ result: MatchResult) -> StoredMatch {
        var text = result.result.text
        if text.utf8.count > Self.resultBytesMax {
            logger.error("a result of \(result.game) is longer than \(Self.resultBytesMax) bytes, and is not kept")
            text = "null"
        }
        let now = Self.now
        let length = Int64(result.endedTick - result.startedTick) * 1_000 / Int64(result.tickRate)
        return StoredMatch(
            id: Self.makeID(), game: result.game, lobby: result.lobby, season: season.name, startedAt: now - length,
            endedAt: now,
            players: result.players.map {
                StoredMatch.Player(
                    seat: $0.seat, name: $0.name, subject: $0.subject, team: $0.team, score: $0.score)
            }, result: text)
    }

    private func entry(_ act: AdminAct) -> AuditEntry {
        AuditEntry(
            id: Self.makeID(), at: Self.now, actor: act.actor, address: act.address, action: act.action,
            target: act.target, reason: act.reason, outcome: act.outcome)
    }

    // MARK: Asking

    private func answer(_ question: StoredQuestion) async -> JSONValue? {
        do {
            switch question {
            case .leaderboard(let game, let season, let order, let place, let limit):
                guard let order = LeaderboardOrder(rawValue: order) else { return nil }
                let query = LeaderboardQuery(
                    game: game, season: season, order: order, place: place.storage, limit: limit)
                return try await storage.leaderboard(query).json(of: query)
            case .results(let game, let before, let limit):
                return try await storage.matches(of: game, before: before, limit: limit).json
            case .audit(let filter, let before, let limit):
                return try await storage.audit(AuditQuery(filter, before: before, limit: limit)).json
            }
        } catch {
            logger.error("the storage cannot answer: \(error)")
            return nil
        }
    }
}

extension AuditQuery {
    fileprivate init(_ filter: AuditFilter, before: Int64?, limit: Int) {
        self.init(before: before, limit: limit)
        (actor, action, target) = (filter.actor, filter.action, filter.target)
        (outcome, since) = (filter.outcome, filter.since)
    }
}

extension BoardPlace {
    fileprivate var storage: LeaderboardQuery.Place {
        switch self {
        case .rank(let rank): .rank(rank)
        case .around(let name): .around(name)
        }
    }
}
