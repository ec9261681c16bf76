internal import GRDB
public import StorageKit

/// Storage in one SQLite file: what a server has unless it is given another.
///
/// Writes go one after another, questions beside them (SQLite's write-ahead log); both run on threads of GRDB's own. A
/// loss of power can cost the last moments of writes, never the file.
public final class SQLiteStorage: Storage {
    /// How many matches and entries of the audit log are kept; the oldest go. Leaderboards keep what those matches scored.
    package static let matchesMax: Int64 = 1_000_000
    package static let auditMax: Int64 = 1_000_000
    /// Scores beyond this, either way, are cut, so that no sum ever overflows.
    package static let scoreMax = 1_000_000_000_000

    let database: DatabasePool
    private let keep: (matches: Int64, audit: Int64)

    /// Opens the file at `path`, makes it if there is none, and brings it up to date.
    ///
    /// - Throws: ``SQLiteStorageError`` when the file can't be opened or made, is no database, is in use by who does not let
    ///   go of it for five seconds, or was written by a newer server.
    public convenience init(path: String) throws {
        try self.init(path: path, keep: (Self.matchesMax, Self.auditMax))
    }

    package init(path: String, keep: (matches: Int64, audit: Int64), prepare: String? = nil) throws {
        self.keep = keep
        var configuration = Configuration()
        configuration.label = "storage"
        // How long to wait for another process that has locked the file.
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        if let prepare { configuration.prepareDatabase { try $0.execute(sql: prepare) } }
        do {
            database = try DatabasePool(path: path, configuration: configuration)
            try Schema.migrate(database)
        } catch let error as SQLiteStorageError {
            throw error
        } catch {
            throw SQLiteStorageError("cannot open \(path): \(Self.reason(error))")
        }
    }

    /// In one transaction, after which what is beyond the newest that are kept is removed.
    public func write(_ records: [StorageRecord]) async throws {
        do {
            try await database.write { [keep] db in
                for (index, record) in records.enumerated() {
                    do {
                        try db.write(record)
                    } catch let error as DatabaseError where error.isOfTheRecord {
                        throw StorageRefusal(index: index, Self.reason(error))
                    }
                }
                try db.trim(keep)
            }
        } catch let error as DatabaseError {
            throw SQLiteStorageError(Self.reason(error))
        }
    }

    /// Limits beyond 1 to 100 are cut to them.
    public func matches(of game: String?, before: Int64?, limit: Int) async throws -> StoredPage<StoredMatch> {
        try await database.read { try $0.matches(of: game, before: before, limit: limit) }
    }

    /// Limits beyond 1 to 100 are cut to them.
    public func leaderboard(_ query: LeaderboardQuery) async throws -> Leaderboard {
        try await database.read { try $0.leaderboard(query) }
    }

    /// Those that have not ended at that time.
    public func bans(at time: UnixMilliseconds) async throws -> [StoredBan] {
        try await database.read { try $0.bans(at: time) }
    }

    /// Limits beyond 1 to 100 are cut to them.
    public func audit(_ query: AuditQuery) async throws -> StoredPage<AuditEntry> {
        try await database.read { try $0.audit(query) }
    }

    /// In the order of their names.
    public func users() async throws -> [StoredUser] { try await database.read { try $0.users() } }

    /// Nil when there is none of that name.
    public func setting(_ name: String) async throws -> String? {
        try await database.read {
            try String.fetchOne($0, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
        }
    }

    /// SQLite's own words, without the statement and its values, which are players' data.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        let message = error.message ?? "no message"
        return "\(message) (SQLite \(error.extendedResultCode.rawValue))"
    }
}

/// Why a file cannot be used, or was not written to.
public struct SQLiteStorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence for people.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension DatabaseError {
    /// Whether it is the record that is wrong, and not the file, the disk or somebody else's lock.
    fileprivate var isOfTheRecord: Bool {
        switch resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_RANGE: true
        default: false
        }
    }
}
