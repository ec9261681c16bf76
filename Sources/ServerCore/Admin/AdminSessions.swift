import Determinism
import LobbyCore

/// Who is logged in as admin, on all loops: what each token stands for, and until when. Tokens themselves are not kept.
///
/// It is part of the ``LoopDirectory``, and looked at for each thing that an admin asks for, which is seldom.
struct AdminSessions: Sendable {
    /// The most sessions at a time, and the most of one user: the oldest go.
    static let sessionsMax = 1_024
    static let perUserMax = 16

    struct Session: Sendable {
        let user: AdminUser
        /// The loop on which it began, which sees to it that the user still is one.
        let loop: Int
        let ends: Instant
        fileprivate let digest: [UInt8]
    }

    /// The oldest first.
    private var sessions: [Session] = []

    /// Begins a session of a token with that digest.
    mutating func begin(_ user: AdminUser, digest: [UInt8], on loop: Int, until ends: Instant, at now: Instant) {
        sessions.removeAll { $0.ends <= now }
        let isOfUser = { (session: Session) in session.user.name == user.name }
        if sessions.count(where: isOfUser) >= Self.perUserMax, let oldest = sessions.firstIndex(where: isOfUser) {
            sessions.remove(at: oldest)
        }
        if sessions.count >= Self.sessionsMax { sessions.removeFirst() }
        sessions.append(Session(user: user, loop: loop, ends: ends, digest: digest))
    }

    /// The session of the token with that digest, unless it has ended. All are looked at, whichever it is.
    func session(_ digest: [UInt8], at now: Instant) -> Session? {
        var found: Session?
        for session in sessions where ConstantTime.areEqual(session.digest, digest) { found = session }
        return found.flatMap { $0.ends > now ? $0 : nil }
    }

    /// Ends a session; whether there was one.
    mutating func end(_ digest: [UInt8]) -> Bool {
        let count = sessions.count
        sessions.removeAll { $0.digest == digest }
        return sessions.count < count
    }

    /// Whether sessions have begun on that loop and have not ended.
    func hasAny(of loop: Int, at now: Instant) -> Bool { sessions.contains { $0.loop == loop && $0.ends > now } }

    /// Ends the sessions of one loop whose users are none any more, or have another password or role by now.
    ///
    /// - Returns: Whether any were ended.
    mutating func keep(_ users: [AdminUser], of loop: Int) -> Bool {
        let count = sessions.count
        sessions.removeAll { $0.loop == loop && !users.contains($0.user) }
        return sessions.count < count
    }

    /// How many sessions a user has.
    func count(of user: String, at now: Instant) -> Int { sessions.count { $0.user.name == user && $0.ends > now } }
}
