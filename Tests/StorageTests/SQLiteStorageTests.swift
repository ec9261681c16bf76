import Foundation
import GRDB
import StorageKit
import Testing

@testable import StorageSQLite

@Suite("Storage in an SQLite file")
struct SQLiteStorageTests {
    private let folder: Folder
    private let storage: SQLiteStorage

    init() throws {
        folder = try Folder()
        storage = try SQLiteStorage(path: folder.file)
    }

    @Test func `a match comes back as it was written, also from a file that was closed`() async throws {
        var match = StoredMatch.of([("Ann", 3), ("Böb 🎲", -1)], season: "spring", subjects: ["Ann": "user-1"])
        match.players.append(StoredMatch.Player(seat: 7, name: "Cy", team: 1))
        try await storage.write([.match(match)])
        #expect(try await storage.matches(of: "racing", before: nil, limit: 10).rows == [match])
        let again = try SQLiteStorage(path: folder.file)
        #expect(try await again.matches(of: nil, before: nil, limit: 10) == StoredPage(rows: [match], next: nil))
        #expect(try await again.matches(of: "arena", before: nil, limit: 10).rows.isEmpty)
    }

    @Test func `what is written twice is there once, and scores once`() async throws {
        let match = StoredMatch.of([("Ann", 3)])
        try await storage.write([.match(match)])
        try await storage.write([.match(match), .match(.of([("Ann", 4)]))])
        #expect(try await storage.matches(of: nil, before: nil, limit: 10).rows.count == 2)
        let board = try await storage.leaderboard(LeaderboardQuery(game: "racing", order: .sum))
        #expect(board.rows.map(\.score) == [7] && board.rows.map(\.matches) == [2])
    }

    @Test func `lists come in pages, the newest first, and no row twice`() async throws {
        try await storage.write((0..<25).map { .match(.of([], id: "\($0)", game: $0 % 5 == 0 ? "arena" : "racing")) })
        var (seen, before): ([String], Int64?) = ([], nil)
        repeat {
            let page = try await storage.matches(of: "racing", before: before, limit: 6)
            seen += page.rows.map(\.id)
            before = page.next
        } while before != nil
        #expect(seen == (0..<25).filter { $0 % 5 != 0 }.reversed().map { "\($0)" })
        #expect(try await storage.matches(of: nil, before: nil, limit: 10_000).rows.count == 25)
        #expect(try await storage.matches(of: nil, before: nil, limit: -4).rows.count == 1)
    }

    // MARK: Leaderboards

    private func board(_ order: LeaderboardOrder = .best, season: String = "", limit: Int = 10) async throws -> [String]
    {
        try await storage.leaderboard(LeaderboardQuery(game: "racing", season: season, order: order, limit: limit))
            .rows.map { "\($0.rank) \($0.name) \($0.score)" }
    }

    @Test func `a board is by best score, by sum or by least, for all times and for each season`() async throws {
        try await storage.write([
            .match(.of([("Ann", 5), ("Bob", 9)], season: "spring")),
            .match(.of([("Ann", 6), ("Cy", 2)], season: "spring")),
            .match(.of([("Bob", 1), ("Ann", 3)], season: "autumn")), .match(.of([("Ann", 100)], game: "arena")),
        ])
        #expect(try await board() == ["1 Bob 9", "2 Ann 6", "3 Cy 2"])
        #expect(try await board(.sum) == ["1 Ann 14", "2 Bob 10", "3 Cy 2"])
        #expect(try await board(.least) == ["1 Bob 1", "2 Cy 2", "3 Ann 3"])
        #expect(try await board(season: "spring") == ["1 Bob 9", "2 Ann 6", "3 Cy 2"])
        #expect(try await board(.sum, season: "autumn") == ["1 Ann 3", "2 Bob 1"])
        #expect(try await board(season: "winter").isEmpty)
    }

    @Test func `of two with the same score, who came first to the board is the better`() async throws {
        try await storage.write([.match(.of([("Ann", 5)])), .match(.of([("Bob", 5)])), .match(.of([("Cy", 6)]))])
        try await storage.write([.match(.of([("Bob", 5), ("Ann", 4)]))])
        #expect(try await board() == ["1 Cy 6", "2 Ann 5", "3 Bob 5"])
    }

    @Test func `who has a subject keeps it through all names, and is nobody's guest of that name`() async throws {
        let subjects = ["Ann": "u1", "Anna": "u1"]
        try await storage.write([
            .match(.of([("Ann", 5)], subjects: subjects)), .match(.of([("Anna", 7)], subjects: subjects)),
            .match(.of([("u1", 6), ("Anna", 1)])),
        ])
        let rows = try await storage.leaderboard(LeaderboardQuery(game: "racing")).rows
        #expect(rows.map(\.name) == ["Anna", "u1", "Anna"] && rows.map(\.subject) == ["u1", nil, nil])
    }

    @Test(arguments: LeaderboardOrder.allCases, [1, 2, 3] as [UInt64])
    func `ranks and pages agree with a sorted list`(order: LeaderboardOrder, seed: UInt64) async throws {
        var random = SystemSeeded(state: seed)
        var all: [(name: String, score: Int)] = []
        for number in 0..<200 { all.append(("p\(number)", Int(random.next() % 40))) }
        try await storage.write(all.map { .match(.of([($0.name, $0.score)])) })
        let sorted = all.enumerated().sorted {
            let (left, right) = order == .least ? ($0, $1) : ($1, $0)
            return left.element.score == right.element.score
                ? $0.offset < $1.offset : left.element.score < right.element.score
        }.map { "\($0.element.name) \($0.element.score)" }
        for (index, text) in sorted.enumerated() where index % 17 == 0 {
            let name = String(text.split(separator: " ")[0])
            let around = try await storage.leaderboard(
                LeaderboardQuery(game: "racing", order: order, place: .around(name), limit: 7))
            #expect(around.players == 200)
            #expect(around.rows.map { "\($0.name) \($0.score)" } == Array(sorted[max(0, index - 3)...].prefix(7)))
            #expect(around.rows.first { $0.name == name }?.rank == index + 1)
            let from = try await storage.leaderboard(
                LeaderboardQuery(game: "racing", order: order, place: .rank(index + 1), limit: 5))
            #expect(from.rows.map { "\($0.name) \($0.score)" } == Array(sorted[index...].prefix(5)))
        }
    }

    @Test func `a page beyond the end, or around nobody, is empty; places and limits are cut to what there is`()
        async throws
    {
        try await storage.write([.match(.of([("Ann", 1), ("Bob", 2)]))])
        func page(_ place: LeaderboardQuery.Place, limit: Int = 10) async throws -> Leaderboard {
            try await storage.leaderboard(LeaderboardQuery(game: "racing", place: place, limit: limit))
        }
        #expect(try await page(.rank(3)) == Leaderboard(players: 2, rows: []))
        #expect(try await page(.around("nobody")) == Leaderboard(players: 2, rows: []))
        #expect(try await page(.rank(-5)).rows.count == 2)
        #expect(try await page(.rank(Int.max)).rows.isEmpty)
        #expect(try await page(.rank(1), limit: 0).rows.count == 1)
    }

    @Test func `scores beyond what can be added up are cut`() async throws {
        try await storage.write((0..<20).map { _ in .match(.of([("Ann", Int.max), ("Bob", Int.min)])) })
        #expect(try await board(.sum) == ["1 Ann 20000000000000", "2 Bob -20000000000000"])
    }

    // MARK: The rest

    @Test func `bans that have ended are gone with the next one`() async throws {
        try await storage.write([.ban(StoredBan(.subject("a"), reason: "", actor: "", since: 1, until: 50))])
        try await storage.write([.ban(StoredBan(.subject("b"), reason: "", actor: "", since: 49, until: 60))])
        #expect(try await storage.bans(at: 0).count == 2)
        try await storage.write([.ban(StoredBan(.subject("c"), reason: "", actor: "", since: 50))])
        #expect(try await storage.bans(at: 0).map(\.target) == [.subject("b"), .subject("c")])
    }

    @Test func `bans hold until their time, and the newest word about somebody counts`() async throws {
        let first = StoredBan(.subject("u1"), reason: "spam", actor: "admin", since: 1, until: 100)
        let second = StoredBan(.address("192.0.2.7"), reason: "flood", actor: "admin", since: 2)
        let third = StoredBan(.address("u1"), reason: "other", actor: "admin", since: 3, until: 50)
        try await storage.write([.ban(first), .ban(second), .ban(third)])
        #expect(try await storage.bans(at: 10) == [first, second, third])
        #expect(try await storage.bans(at: 50) == [first, second])
        #expect(try await storage.bans(at: 100) == [second])
        let longer = StoredBan(.subject("u1"), reason: "again", actor: "root", since: 5, until: 900)
        try await storage.write([.ban(longer), .unban(second.target), .unban(.subject("nobody"))])
        #expect(try await storage.bans(at: 100) == [longer])
    }

    @Test func `the audit log is told newest first, and an entry written twice is one`() async throws {
        let entries = (0..<3).map {
            AuditEntry(
                id: "\($0)", at: Int64($0), actor: "admin", address: "192.0.2.1", action: "kick", target: "x/\($0)",
                reason: "because")
        }
        try await storage.write(entries.map { .audit($0) } + [.audit(entries[0])])
        let page = try await storage.audit(AuditQuery(limit: 2))
        #expect(page.rows == [entries[2], entries[1]])
        #expect(
            try await storage.audit(AuditQuery(before: page.next, limit: 2))
                == StoredPage(rows: [entries[0]], next: nil))
    }

    @Test func `the audit log is asked for by who, what, to whom, when and what came of it`() async throws {
        func entry(_ number: Int, _ actor: String, _ action: String, _ target: String, _ outcome: String) -> AuditEntry
        {
            AuditEntry(
                id: "\(number)", at: Int64(number), actor: actor, address: "", action: action, target: target,
                reason: "",
                outcome: outcome)
        }
        try await storage.write([
            .audit(entry(0, "ann", "kick", "x/1", "done")), .audit(entry(1, "ann", "ban", "x/2", "no-such-seat")),
            .audit(entry(2, "bob", "kick", "x%", "done")), .audit(entry(3, "bob", "kick", "y/1", "done")),
        ])
        func ids(_ adjust: (inout AuditQuery) -> Void) async throws -> [String] {
            var query = AuditQuery()
            adjust(&query)
            return try await storage.audit(query).rows.map(\.id)
        }
        #expect(try await ids { $0.actor = "ann" } == ["1", "0"])
        #expect(try await ids { $0.action = "kick" } == ["3", "2", "0"])
        #expect(try await ids { $0.target = "x/" } == ["1", "0"])
        #expect(try await ids { $0.target = "x%" } == ["2"], "it is text and no pattern")
        #expect(try await ids { $0.outcome = "no-such-seat" } == ["1"])
        #expect(try await ids { $0.since = 2 } == ["3", "2"])
        #expect(try await ids { ($0.actor, $0.action, $0.since) = ("bob", "kick", 3) } == ["3"])
    }

    @Test func `a user is what was last written of that name, until it is removed`() async throws {
        let ann = StoredUser(name: "ann", role: "viewer", password: "scrypt$…", stamp: "1", since: 5)
        var other = ann
        (other.role, other.stamp) = ("admin", "2")
        try await storage.write([
            .user(ann), .user(StoredUser(name: "Bob", role: "admin", password: "p", stamp: "3", since: 6)),
        ])
        #expect(try await storage.users().map(\.name) == ["Bob", "ann"])
        try await storage.write([.user(other), .removeUser("Bob"), .removeUser("nobody")])
        #expect(try await storage.users() == [other])
    }

    @Test func `a setting is what was last written, or nothing`() async throws {
        #expect(try await storage.setting("motd") == nil)
        try await storage.write([.setting(name: "motd", value: "hi"), .setting(name: "motd", value: "hello")])
        #expect(try await storage.setting("motd") == "hello")
        try await storage.write([.setting(name: "motd", value: nil)])
        #expect(try await storage.setting("motd") == nil)
    }

    @Test func `the oldest matches go, and the boards keep what they scored`() async throws {
        let small = try SQLiteStorage(path: folder.path + "/small.db", keep: (10, 3))
        for batch in 0..<5 {
            try await small.write((0..<4).map { .match(.of([("Ann", 1)], id: "\(batch).\($0)")) })
        }
        #expect(try await small.matches(of: nil, before: nil, limit: 100).rows.count == 10)
        #expect(try await small.leaderboard(LeaderboardQuery(game: "racing", order: .sum)).rows.map(\.score) == [20])
        #expect(try await small.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM players") } == 10)
    }

    @Test func `a batch is written whole or not at all, and the record to blame is named`() async throws {
        try await storage.database.write {
            try $0.execute(
                sql:
                    "CREATE TRIGGER t BEFORE INSERT ON settings WHEN NEW.name = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        }
        let refusal = await #expect(throws: StorageRefusal.self) {
            try await storage.write([.setting(name: "a", value: "1"), .setting(name: "bad", value: "1")])
        }
        #expect(refusal?.index == 1)
        #expect(try await storage.setting("a") == nil)
    }
}

/// A generator that a test can seed.
struct SystemSeeded {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
