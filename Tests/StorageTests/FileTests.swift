import Foundation
import GRDB
import StorageKit
import Testing

@testable import StorageSQLite

@Suite("The file of a storage: versions, and what goes wrong with it")
struct FileTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
    }

    /// A connection of another process's, as it were, that may hold a lock.
    private func locker() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: folder.file, configuration: configuration)
    }

    @Test(arguments: 0..<Schema.steps.count)
    func `a file of every version before is brought up to date, with what it holds`(version: Int) async throws {
        do {
            let old = try DatabasePool(path: folder.file)
            try Schema.migrate(old, to: version)
            if version > 0 {
                try await old.write {
                    try $0.execute(
                        sql: """
                            INSERT INTO matches (id, game, lobby, season, started_at, ended_at, result)
                            VALUES ('old', 'racing', 'x', '', 1, 2, 'null');
                            INSERT INTO players (match, seat, name) VALUES (1, 0, 'Ann')
                            """)
                }
            }
            try old.close()
        }
        let storage = try SQLiteStorage(path: folder.file)
        try await storage.write([.match(.of([("Ann", 1)])), .setting(name: "a", value: "b")])
        #expect(try await storage.matches(of: nil, before: nil, limit: 10).rows.count == (version > 0 ? 2 : 1))
        #expect(try await storage.leaderboard(LeaderboardQuery(game: "racing")).players == 1)
        #expect(try await storage.setting("a") == "b")
    }

    @Test func `every version ends in the same tables`() async throws {
        func tables(_ path: String) async throws -> [String] {
            try await DatabasePool(path: path).read {
                try String.fetchAll($0, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
            }
        }
        _ = try SQLiteStorage(path: folder.file)
        let fresh = try await tables(folder.file)
        #expect(fresh.count > 10)
        for version in 0..<Schema.steps.count {
            let path = folder.path + "/\(version).db"
            try Schema.migrate(try DatabasePool(path: path), to: version)
            _ = try SQLiteStorage(path: path)
            #expect(try await tables(path) == fresh)
        }
    }

    @Test func `a file of a newer server is refused, and stays as it is`() async throws {
        try await SQLiteStorage(path: folder.file).database.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9: from the future')")
        }
        let error = #expect(throws: SQLiteStorageError.self) { _ = try SQLiteStorage(path: folder.file) }
        #expect(error?.description.contains("newer") == true)
    }

    @Test func `what is no database, or in no folder, is refused in a sentence`() throws {
        try Data(repeating: 7, count: 8_192).write(to: URL(filePath: folder.file))
        for path in [folder.file, folder.path, folder.path + "/none/x.db"] {
            let error = #expect(throws: SQLiteStorageError.self) { _ = try SQLiteStorage(path: path) }
            #expect(error?.description.hasPrefix("cannot open \(path): ") == true, "\(error?.description ?? "")")
        }
    }

    /// A disk that is full is a file that may not grow: SQLite says the same of both.
    @Test func `on a full disk one alarm is raised, and once there is room all is written`() async throws {
        let storage = try SQLiteStorage(
            path: folder.file, keep: (1_000, 1_000), prepare: "PRAGMA max_page_count = 60")
        let desk = Desk()
        let queue = WriteBehind(storage, wait: desk.wait) { desk.note($0) }
        let long = String(repeating: "x", count: 60_000)
        for number in 0..<8 { _ = queue.add(.setting(name: "\(number)", value: long)) }
        await desk.waits(1)
        let alarms = desk.events.compactMap { if case .failed(let text, true) = $0 { text } else { nil } }
        #expect(alarms.count == 1 && alarms[0].contains("full"), "\(alarms)")
        #expect(alarms.allSatisfy { !$0.contains("xxx") }, "values are players' data, and no line of a log")
        try await storage.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        desk.pass()
        #expect(await queue.end() == 0)
        #expect(desk.events.contains { if case .recovered = $0 { true } else { false } })
        #expect(try await storage.setting("7") == long)
    }

    @Test func `a file that another process has locked is written to once it lets go`() async throws {
        let storage = try SQLiteStorage(
            path: folder.file, keep: (1_000, 1_000), prepare: "PRAGMA busy_timeout = 1")
        let other = try locker()
        let desk = Desk()
        let queue = WriteBehind(storage, wait: desk.wait) { desk.note($0) }
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        _ = queue.add(.setting(name: "a", value: "b"))
        await desk.waits(1)
        guard case .failed(let reason, isFirst: true)? = desk.events.first else {
            Issue.record("no alarm: \(desk.events)")
            return
        }
        #expect(reason.contains("locked"))
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        desk.pass()
        #expect(await queue.end() == 0)
        #expect(try await storage.setting("a") == "b")
    }

    @Test func `questions are answered while a write waits for a lock`() async throws {
        let storage = try SQLiteStorage(path: folder.file)
        try await storage.write([.setting(name: "a", value: "b")])
        let other = try locker()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        #expect(try await storage.setting("a") == "b")
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }

    @Test func `a folder that has become read-only stops nothing that was open before`() async throws {
        let storage = try SQLiteStorage(path: folder.file)
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path) }
        try await storage.write([.setting(name: "a", value: "b")])
        #expect(try await storage.setting("a") == "b")
    }
}
