/// Where a server keeps what outlives it: results, leaderboards, bans, admins and what they did, and settings.
///
/// Bring your own by conforming to this: `MusterServer(configuration: …, storage: MyStorage())`. The server never waits for
/// it. What is to be written is gathered and handed over in batches by one task, the next after the last is done, and
/// none of it on a loop; questions come from several tasks, meanwhile. A function may take its time, but must not block
/// the thread that it is called on for long.
public protocol Storage: Sendable {
    /// Writes all of `records` in their order, or nothing at all. What is there already under the same id is left as it is.
    ///
    /// - Throws: ``StorageRefusal`` for a record that can never be written: it is left out, and the others are handed over
    ///   again. Anything else counts as an outage: the same records are handed over again later.
    func write(_ records: [StorageRecord]) async throws

    /// Matches that have ended, the newest first.
    ///
    /// - Parameters:
    ///   - game: Only those of this game; nil for all.
    ///   - before: Where the page before has ended; nil for the first page.
    ///   - limit: The most, 1 to 100.
    func matches(of game: String?, before: Int64?, limit: Int) async throws -> StoredPage<StoredMatch>

    /// A page of a leaderboard.
    func leaderboard(_ query: LeaderboardQuery) async throws -> Leaderboard

    /// The bans that have not ended at that time, the oldest first.
    func bans(at time: UnixMilliseconds) async throws -> [StoredBan]

    /// What admins did, or wanted and did not get, the newest first.
    func audit(_ query: AuditQuery) async throws -> StoredPage<AuditEntry>

    /// Who may log in as admin, in the order of their names. A storage that keeps no users says none.
    func users() async throws -> [StoredUser]

    /// The value that was last written under that name.
    func setting(_ name: String) async throws -> String?
}

extension Storage {
    /// None.
    public func users() async throws -> [StoredUser] { [] }
}

/// One record of a batch can never be written.
public struct StorageRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// Its place in the batch.
    public let index: Int
    /// Why, for the log.
    public let description: String

    /// A refusal of the record at `index`.
    public init(index: Int, _ description: String) {
        self.index = index
        self.description = description
    }
}
