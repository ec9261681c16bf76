import FoundationEssentials
import ServerCore
import StorageKit
import StorageSQLite

/// The admins in a storage's file, for who has that file: what `muster users` changes. A server that runs on it takes notice
/// within a second.
package struct AdminUsers {
    private let storage: any Storage
    /// How long a question or a change may take.
    private let patience: Duration

    /// Opens the file that the configuration names, or makes it.
    ///
    /// - Throws: ``AdminUsersError`` where it names none, or the file can't be used.
    package init(
        _ configuration: MusterConfiguration, patience: Duration = .seconds(10)
    ) throws(AdminUsersError) {
        self.patience = patience
        guard !configuration.storage.isEmpty else {
            throw AdminUsersError(
                "there is no storage to keep users in: name a file with --storage, or in the configuration")
        }
        do {
            storage = try SQLiteStorage(path: configuration.storage)
        } catch {
            throw AdminUsersError("the storage \(error)")
        }
    }

    /// Adds a user.
    package func add(_ name: String, _ role: AdminRole, password: String) throws(AdminUsersError) {
        guard (1...128).contains(name.utf8.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw AdminUsersError("a user's name is 1 to 128 bytes without control characters")
        }
        guard try find(name) == nil else { throw AdminUsersError("there is a user \"\(name)\" already") }
        let now = UnixMilliseconds(Date().timeIntervalSince1970 * 1_000)
        try write(
            StoredUser(
                name: name, role: role.rawValue, password: try Self.hash(password, of: name), stamp: Self.stamp(),
                since: now))
    }

    /// Gives a user another password; all of the user's sessions end.
    package func setPassword(of name: String, _ password: String) throws(AdminUsersError) {
        var user = try known(name)
        user.password = try Self.hash(password, of: name)
        try write(user)
    }

    /// Gives a user another role; all of the user's sessions end.
    package func setRole(of name: String, _ role: AdminRole) throws(AdminUsersError) {
        var user = try known(name)
        user.role = role.rawValue
        try write(user)
    }

    /// Removes a user; all of the user's sessions end.
    package func remove(_ name: String) throws(AdminUsersError) {
        _ = try known(name)
        try write(.removeUser(name))
    }

    /// Everybody there is, by name.
    package func list() throws(AdminUsersError) -> [StoredUser] {
        try ask { try await $0.users() }
    }

    /// A page of the audit log.
    package func audit(_ query: AuditQuery) throws(AdminUsersError) -> StoredPage<AuditEntry> {
        try ask { try await $0.audit(query) }
    }

    private func find(_ name: String) throws(AdminUsersError) -> StoredUser? {
        try list().first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    private func known(_ name: String) throws(AdminUsersError) -> StoredUser {
        guard var user = try find(name) else { throw AdminUsersError("there is no user \"\(name)\"") }
        user.stamp = Self.stamp()
        return user
    }

    private func write(_ user: StoredUser) throws(AdminUsersError) { try write(.user(user)) }

    private func write(_ record: StorageRecord) throws(AdminUsersError) {
        try ask { try await $0.write([record]) }
    }

    private func ask<Value: Sendable>(
        _ question: @escaping @Sendable (any Storage) async throws -> Value
    ) throws(AdminUsersError) -> Value {
        do {
            if let answer = try storage.answer(within: patience, question) { return answer }
        } catch {
            throw AdminUsersError("the storage: \(error)")
        }
        throw AdminUsersError("the storage does not answer")
    }

    private static func hash(_ password: String, of name: String) throws(AdminUsersError) -> String {
        do throws(AdminPasswordError) {
            guard !AdminPassword.isObvious(password, to: name) else { throw .obvious }
            return try AdminPassword(plain: password).description
        } catch {
            throw AdminUsersError("\(error)")
        }
    }

    private static func stamp() -> String {
        var random = SystemRandomNumberGenerator()
        return String(random.next() as UInt64, radix: 16)
    }
}

/// Why users could not be looked at or changed, in a sentence for people.
package struct AdminUsersError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
