import ServerCore

/// Who a player is, as you know it.
public struct PlayerIdentity: Sendable, Equatable {
    /// Your own id of the player, the same each time, of 1 to 128 bytes; nil for a guest. Others may see it: it is no secret,
    /// and proves nothing.
    public var subject: String?
    /// What the player is called, whatever the client says; nil leaves that to the client.
    public var name: String?
    /// What the player may be, in your words, in at most 128 bytes; nil for nothing in particular. The game sees it as
    /// `Seat.role`.
    public var role: String?

    /// Somebody.
    public init(subject: String? = nil, name: String? = nil, role: String? = nil) {
        self.subject = subject
        self.name = name
        self.role = role
    }

    /// Nobody in particular.
    public static let guest = PlayerIdentity()

    /// The same as the server core has it.
    var identity: Identity { Identity(subject: subject, name: name, role: role) }
}

/// Decides about joins in an order: a JWT says who it is, or the author's own check, and the author's hook has the last word.
struct JoinGate: Sendable {
    /// Checks JWTs; nil where none is taken.
    var tokens: JWTVerifier?
    /// The author's own check of who it is.
    var identify: (@Sendable (JoinAttempt) async throws -> PlayerIdentity)?
    /// Whether the join is allowed.
    var authorize: (@Sendable (JoinAttempt) async throws -> Void)?

    /// Whether everybody comes in as a guest.
    var isOpen: Bool { tokens == nil && identify == nil && authorize == nil }

    /// Who wants in, for a join that is allowed.
    ///
    /// - Throws: ``JoinDenied`` with what the player is told, or whatever the author's code throws.
    func decide(_ attempt: JoinAttempt, jwt: String?) async throws -> PlayerIdentity {
        var attempt = attempt
        if let tokens, let jwt {
            attempt.identity = try await tokens.identity(of: jwt, joining: attempt.lobby)
        }
        if let identify { attempt.identity = try await identify(attempt) }
        if let subject = attempt.identity.subject, !(1...128).contains(subject.utf8.count) {
            throw JoinDenied("a subject is 1 to 128 bytes")
        }
        if attempt.identity.role?.isEmpty == true { attempt.identity.role = nil }
        guard attempt.identity.role?.utf8.count ?? 0 <= 128 else { throw JoinDenied("a role is at most 128 bytes") }
        try await authorize?(attempt)
        return attempt.identity
    }
}
