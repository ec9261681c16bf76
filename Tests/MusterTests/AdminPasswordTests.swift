import Foundation
import ServerCore
import StorageKit
import StorageSQLite
import Synchronization
import Testing

@testable import Muster

@Suite("Admin password: scrypt, RFC 7914")
struct AdminPasswordTests {
    /// Made by OpenSSL.
    private static let foreign =
        "scrypt$1024$8$16$TmFDbE5hQ2w=$XsC2ZTdXJ4zsfzVdRtTQNNSXMToqf+tcSxiTF5U/"
        + "EW4bQrmC0tFSLiqsSgATDJlsuk/bU58fe99WhUo5izDpPw=="

    @Test func `a hash takes its own password and no other, before and after it was text`() throws {
        let password = try AdminPassword(plain: "correct horse")
        let read = try #require(AdminPassword(text: password.description))
        #expect(read.description == password.description)
        #expect(password.matches("correct horse"))
        #expect(read.matches("correct horse"))
        #expect(!read.matches("correct horsf"))
        #expect(!read.matches(""))
        #expect(!read.matches(String(repeating: "a", count: 257)))
    }

    @Test func `a hash of another implementation is understood`() throws {
        let password = try #require(AdminPassword(text: Self.foreign))
        #expect(password.matches("password"))
        #expect(!password.matches("passwort"))
    }

    @Test func `the salt is fresh each time`() throws {
        let first = try AdminPassword(plain: "correct horse").description
        let second = try AdminPassword(plain: "correct horse").description
        #expect(first != second)
        #expect(first.hasPrefix("scrypt$32768$8$1$"))
    }

    @Test(arguments: ["", "1234567", "\u{E4}\u{F6}\u{FC}\u{DF}\u{E4}\u{F6}\u{FC}", String(repeating: "a", count: 257)])
    func `a password that is too short or too long is refused`(_ plain: String) {
        #expect(throws: AdminPasswordError.length) { try AdminPassword(plain: plain) }
        #expect(!AdminPassword.isAcceptable(plain))
    }

    @Test(arguments: [
        "", "scrypt", "scrypt$1024$8$16$TmFDbE5hQ2w=", "bcrypt$1024$8$16$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1000$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==", "scrypt$0$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$-1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1048576$32$16$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1024$0$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1024$8$0$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1024$8$1$TmFDbA==$TmFDbE5hQ2xOYUNsTmFDbA==", "scrypt$1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2w=",
        "scrypt$1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==$", "scrypt$1024$8$1$*$TmFDbE5hQ2xOYUNsTmFDbA==",
    ])
    func `a text that is no hash, or too cheap, or too dear, is refused`(_ text: String) {
        #expect(AdminPassword(text: text) == nil)
        #expect(!text.hasPrefix("scrypt$") || !AdminPassword.isAcceptable(text))
    }

    @Test func `a generated password has 28 characters of a readable alphabet and differs each time`() {
        let passwords = (0..<100).map { _ in AdminPassword.generate() }
        #expect(Set(passwords).count == 100)
        for password in passwords {
            #expect(password.filter { $0 != "-" }.count == 28)
            #expect(password.allSatisfy { !"ilou".contains($0) && ($0 == "-" || $0.isNumber || $0.isLowercase) })
            #expect(AdminPassword.isAcceptable(password))
        }
    }
}

@Suite("Admin verifier")
struct AdminVerifierTests {
    @Test func `only the right user with the right password is let in`() async throws {
        var settings = AdminSettings()
        settings.password = try AdminPassword(plain: "correct horse").description
        let made = try #require(try settings.makeVerifier())
        #expect(made.generated == nil)
        let admin = AdminUser("admin", .admin, stamp: "settings")
        #expect(await made.verifier.verify(user: "admin", password: "correct horse") == .right(admin))
        #expect(await made.verifier.verify(user: "admin", password: "correct house") == .wrong(isKnown: true))
        #expect(await made.verifier.verify(user: "root", password: "correct horse") == .wrong(isKnown: false))
        #expect(await made.verifier.verify(user: "", password: "") == .wrong(isKnown: false))
        #expect(await made.verifier.users() == [admin])
    }

    @Test(arguments: [
        ("admin", "correct horse", true), ("admin", "correct house", false), ("admin", "", false),
        ("Admin", "correct horse", false), ("nobody", "correct horse", false), ("", "", false),
        ("lost", "correct horse", false), ("odd", "correct horse", false),
    ])
    func `whatever is right or wrong of a login costs one check of a hash that is as dear (A-03, A-09)`(
        user: String, password: String, isRight: Bool
    ) async throws {
        let hash = try AdminPassword(plain: "correct horse")
        let storage = UsersOnly([
            // A hash that cannot be read, and a role of another version.
            StoredUser(name: "lost", role: "admin", password: "scrypt$", stamp: "1", since: 0),
            StoredUser(name: "odd", role: "owner", password: hash.description, stamp: "1", since: 0),
        ])
        let costs = Mutex<[Substring]>([])
        let verifier = AdminVerifier(user: ("admin", hash), storage: storage) { hash, password in
            costs.withLock { $0.append(hash.description.prefix(17)) }
            return hash.matches(password)
        }
        let verdict = await verifier.verify(user: user, password: password)
        #expect(costs.withLock(\.self) == ["scrypt$32768$8$1$"])
        if case .right = verdict { #expect(isRight) } else { #expect(!isRight) }
    }

    @Test func `a plain password is hashed, and a missing one generated and told once`() async throws {
        var settings = AdminSettings()
        settings.password = "correct horse"
        let plain = try #require(try settings.makeVerifier())
        #expect(plain.generated == nil)
        #expect(await plain.verifier.lets("admin", "correct horse"))

        settings.password = nil
        let fresh = try #require(try settings.makeVerifier())
        let generated = try #require(fresh.generated)
        #expect(await fresh.verifier.lets("admin", generated))
    }

    @Test func `without an admin there is nothing to verify against`() throws {
        var settings = AdminSettings()
        settings.isEnabled = false
        #expect(try settings.makeVerifier() == nil)
    }
}

/// A storage that knows users, and nothing else.
private struct UsersOnly: Storage {
    let all: [StoredUser]

    init(_ all: [StoredUser]) { self.all = all }

    func users() async throws -> [StoredUser] { all }
    func write(_ records: [StorageRecord]) async throws { throw CancellationError() }
    func matches(of game: String?, before: Int64?, limit: Int) async throws -> StoredPage<StoredMatch> {
        throw CancellationError()
    }
    func leaderboard(_ query: LeaderboardQuery) async throws -> Leaderboard { throw CancellationError() }
    func bans(at time: UnixMilliseconds) async throws -> [StoredBan] { [] }
    func audit(_ query: AuditQuery) async throws -> StoredPage<AuditEntry> { throw CancellationError() }
    func setting(_ name: String) async throws -> String? { nil }
}

extension AdminVerifier {
    fileprivate func lets(_ user: String, _ password: String) async -> Bool {
        if case .right = await verify(user: user, password: password) { true } else { false }
    }
}

@Suite("Who may log in as admin")
struct AdminUsersTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "muster-\(UUID().uuidString).db").path

    /// Does something with the users on a thread of its own: what blocks must not have one that answers need.
    private func withUsers(_ work: @escaping @Sendable (AdminUsers) throws(AdminUsersError) -> Void) async throws {
        let path = path
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread {
                continuation.resume(
                    with: Result {
                        var configuration = MusterConfiguration()
                        configuration.storage = path
                        // The other tests may have all threads for long.
                        try work(try AdminUsers(configuration, patience: .seconds(600)))
                    })
            }.start()
        }
    }

    @Test func `users of the storage log in with their roles, and the settings' user beside them`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withUsers { users throws(AdminUsersError) in
            try users.add("ann", .moderator, password: "correct horse")
            try users.add("admin", .viewer, password: "another horse")
        }
        let storage = try SQLiteStorage(path: path)
        let verifier = AdminVerifier(user: ("boss", try AdminPassword(plain: "third horse")), storage: storage)
        guard case .right(let ann) = await verifier.verify(user: "ann", password: "correct horse") else {
            Issue.record("ann is let in")
            return
        }
        #expect(ann.role == .moderator)
        #expect(await verifier.verify(user: "ann", password: "another horse") == .wrong(isKnown: true))
        #expect(await verifier.lets("boss", "third horse"))
        #expect(await verifier.users()?.map(\.name) == ["admin", "ann", "boss"])
        try await withUsers { users throws(AdminUsersError) in try users.setPassword(of: "ann", "fourth horse") }
        #expect(await verifier.users()?.contains(ann) == false, "her sessions are worth nothing now")
        #expect(await verifier.lets("ann", "fourth horse"))
        try await withUsers { users throws(AdminUsersError) in try users.setRole(of: "ann", .admin) }
        #expect(await verifier.users()?.first { $0.name == "ann" }?.role == .admin)
        try await withUsers { users throws(AdminUsersError) in try users.remove("ann") }
        #expect(await verifier.verify(user: "ann", password: "fourth horse") == .wrong(isKnown: false))
    }

    @Test func `one who is there is not added again, and nobody who is not there is changed`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withUsers { users throws(AdminUsersError) in
            try users.add("ann", .viewer, password: "correct horse")
            #expect(throws: AdminUsersError.self) { try users.add("ann", .admin, password: "correct horse") }
            #expect(throws: AdminUsersError.self) { try users.setRole(of: "bob", .admin) }
            #expect(throws: AdminUsersError.self) { try users.remove("Ann") }
            for name in ["", "a\nb", String(repeating: "x", count: 129)] {
                #expect(throws: AdminUsersError.self) { try users.add(name, .admin, password: "correct horse") }
            }
            for password in ["short", "password", "ChangeMe", "longer-name"] {
                #expect(throws: AdminUsersError.self) { try users.add("longer-name", .admin, password: password) }
            }
            let names = try users.list().map(\.name)
            #expect(names == ["ann"])
        }
    }

    @Test func `without a password anywhere only a server that nobody else reaches has an admin`() throws {
        let settings = AdminSettings()
        #expect(try settings.makeVerifier(isLocal: false) == nil)
        #expect(try settings.makeVerifier(isLocal: true)?.generated != nil)
        let storage = try SQLiteStorage(path: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try settings.makeVerifier(storage: storage, hasUsers: true, isLocal: true)?.generated == nil)
        #expect(try settings.makeVerifier(storage: storage, isLocal: false) != nil, "users may be added while it runs")
        let places = ["127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/tmp/x", "127.9.9.9:1"]
        #expect(places.allSatisfy { ListenAddress($0)?.isLocal == true })
        for place in ["0.0.0.0:1", "[::]:1", "https://192.0.2.1:1", "127.0.0.1.example:1", "game.example:1"] {
            #expect(ListenAddress(place)?.isLocal == false, "\(place)")
        }
    }

    @Test(arguments: ["password", "PASSWORD", "changeme", "12345678", "defaultkey", "admin-admin"])
    func `what everybody tries first is no password`(_ password: String) {
        var configuration = MusterConfiguration()
        configuration.admin.user = "admin-admin"
        configuration.admin.password = password
        #expect(!configuration.conflicts.isEmpty)
    }
}
