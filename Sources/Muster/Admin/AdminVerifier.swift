import ServerCore
import StorageKit

/// Checks admin logins against the users of the storage, and the one whom the settings name.
///
/// A check costs about 0.1 s of a core and 32 MiB; the caller bounds how many run at a time.
package final class AdminVerifier: Sendable {
    /// The user of the settings, who is there before there are others.
    private let own: (user: AdminUser, password: AdminPassword)?
    private let storage: (any Storage)?
    private let check: @Sendable (AdminPassword, String) -> Bool
    /// Takes the time of a check for names that nobody has.
    private let decoy = AdminPassword.decoy()

    /// - Parameters:
    ///   - user: The user of the settings; nil where there is none.
    ///   - storage: Where other users are; one of them may have the name of the settings', who is then nobody.
    ///   - check: Compares a hash with a password. Tests count how often that is.
    package init(
        user: (name: String, password: AdminPassword)?, storage: (any Storage)? = nil,
        check: @escaping @Sendable (AdminPassword, String) -> Bool = { $0.matches($1) }
    ) {
        self.check = check
        own = user.map { (AdminUser($0.name, .admin, stamp: "settings"), $0.password) }
        self.storage = storage
    }

    /// Whether user and password are right. Runs on the global executor, never on the caller's loop; whatever is wrong costs one
    /// check, so a name that nobody has costs what a wrong password does.
    @concurrent package func verify(user: String, password: String) async -> AdminVerdict {
        let found = await find(user)
        let isRight = check(found?.hash ?? decoy, password)
        guard let found else { return .wrong(isKnown: false) }
        return isRight ? .right(found.user) : .wrong(isKnown: true)
    }

    /// Everybody who may log in; nil while the storage does not say.
    @concurrent package func users() async -> [AdminUser]? {
        guard let stored = await stored() else { return nil }
        let users = stored.compactMap(\.admin)
        guard let own, !users.contains(where: { $0.name == own.user.name }) else { return users }
        return users + [own.user]
    }

    private func find(_ name: String) async -> (user: AdminUser, hash: AdminPassword)? {
        let user = await stored()?.first { $0.name.utf8.elementsEqual(name.utf8) }
        if let user { return user.admin.flatMap { admin in AdminPassword(text: user.password).map { (admin, $0) } } }
        guard let own, own.user.name.utf8.elementsEqual(name.utf8) else { return nil }
        return (own.user, own.password)
    }

    private func stored() async -> [StoredUser]? {
        guard let storage else { return [] }
        return try? await storage.users()
    }
}

extension StoredUser {
    /// As the server knows them; nil for a role that it does not know.
    package var admin: AdminUser? { AdminRole(rawValue: role).map { AdminUser(name, $0, stamp: stamp) } }
}

extension AdminSettings {
    /// The verifier that a server starts with, and the password if it had to be generated, for the operator to be
    /// told once; nil when there is no admin. Takes about 0.1 s unless the setting is a hash.
    ///
    /// - Parameters:
    ///   - storage: Where users may be.
    ///   - hasUsers: Whether there are any now: then the settings' user needs a password of its own.
    ///   - isLocal: Whether only this machine can reach the server; else nobody is let in by a password that was generated.
    /// - Throws: ``AdminPasswordError`` when there is not enough memory, or for a password that
    ///   ``MusterConfiguration/load(file:environment:flags:)`` would have refused.
    package func makeVerifier(
        storage: (any Storage)? = nil, hasUsers: Bool = false, isLocal: Bool = true
    ) throws(AdminPasswordError) -> (verifier: AdminVerifier, generated: String?)? {
        guard isEnabled else { return nil }
        if let password, let hashed = AdminPassword(text: password) {
            return (AdminVerifier(user: (user, hashed), storage: storage), nil)
        }
        if password == nil, hasUsers || !isLocal {
            return storage.map { (AdminVerifier(user: nil, storage: $0), nil) }
        }
        let plain = password ?? AdminPassword.generate()
        let hashed = try AdminPassword(plain: plain)
        return (AdminVerifier(user: (user, hashed), storage: storage), password == nil ? plain : nil)
    }
}

extension ListenAddress {
    /// Whether only this machine can reach it.
    var isLocal: Bool {
        switch self {
        case .unix: true
        case .ip(let host, _), .tls(let host, _):
            host == "localhost" || host == "::1"
                || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
        }
    }
}
