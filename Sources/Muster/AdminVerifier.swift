/// Checks admin logins against one user name and one hashed password.
///
/// A check costs about 0.1 s of a core and 32 MiB; the caller bounds how many run at a time.
package final class AdminVerifier: Sendable {
    private let user: [UInt8]
    private let password: AdminPassword

    /// A verifier of that user.
    package init(user: String, password: AdminPassword) {
        self.user = Array(user.utf8)
        self.password = password
    }

    /// Whether user and password are right. Runs on the global executor, never on the caller's loop; takes as long for
    /// a wrong user as for a wrong password.
    @concurrent package func verify(user: String, password: String) async -> Bool {
        let isPassword = self.password.matches(password)
        return isPassword && Array(user.utf8) == self.user
    }
}

extension AdminSettings {
    /// The verifier that a server starts with, and the password if it had to be generated, for the operator to be
    /// told once; nil when there is no admin. Takes about 0.1 s unless the setting is a hash.
    ///
    /// - Throws: ``AdminPasswordError`` when there is not enough memory, or for a password that
    ///   ``MusterConfiguration/load(file:environment:flags:)`` would have refused.
    package func makeVerifier() throws(AdminPasswordError) -> (verifier: AdminVerifier, generated: String?)? {
        guard isEnabled else { return nil }
        if let password, let hashed = AdminPassword(text: password) {
            return (AdminVerifier(user: user, password: hashed), nil)
        }
        let plain = password ?? AdminPassword.generate()
        let hashed = try AdminPassword(plain: plain)
        return (AdminVerifier(user: user, password: hashed), password == nil ? plain : nil)
    }
}
