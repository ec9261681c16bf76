import ByteKit
import Determinism
import JSONCore

/// Somebody who has logged in: a session, and its token where it has just begun.
struct AdminLogin {
    let actor: AdminActor
    /// By this the session is known to us.
    let digest: [UInt8]
    /// By this it is known to the client; nil where the client has come with it.
    let token: String?
    /// When the session ends.
    let ends: Instant

    /// What the client is told.
    func json(at now: Instant) -> JSONValue {
        var data: JSONObject = [
            "user": .string(actor.user.name), "role": .string(actor.user.role.rawValue),
            "seconds": .integer(max(0, (ends - now).nanoseconds / 1_000_000_000)),
        ]
        if let token { data["token"] = .string(token) }
        return .object(data)
    }
}

/// Logins that have not been answered.
struct PendingLogins {
    /// The most password checks at a time: each costs a slow hash.
    static let checksMax = 4
    /// The most refusals in a minute that are noted in the audit log one by one: strangers are not to push the rest out of it.
    static let notedMax = 20

    var checksRunning = 0
    /// Whether a look at who may still log in is due.
    var isReviewing = false
    /// Refusals held back, by the id in their timer token. Looked up only.
    private var heldBack: [Int: () -> Void] = [:]
    private var next = 0
    private var noted = (since: Instant.zero, count: 0)

    mutating func hold(_ answer: @escaping () -> Void) -> Int {
        heldBack[next] = answer
        defer { next += 1 }
        return next
    }

    mutating func take(_ id: Int) -> (() -> Void)? { heldBack.removeValue(forKey: id) }

    mutating func mayNote(at now: Instant) -> Bool {
        if now - noted.since >= .seconds(60) { noted = (now, 0) }
        noted.count += 1
        return noted.count <= Self.notedMax
    }
}

/// Who admins are (protocol/spec/admin.md §2).
extension AdminHub {
    /// How often it is looked at whether those who are logged in still may be.
    private static let reviewInterval = Interval.milliseconds(500)

    /// Checks `{"token"}` or `{"username", "password"}`, and begins a session for the latter.
    ///
    /// Every refusal looks the same, and comes as long after the request as the settings say, so that it tells nothing and guessing
    /// is slow.
    ///
    /// - Parameters:
    ///   - peer: Who counts as guessing; nil where that is not known.
    ///   - address: The same, for people.
    ///   - decided: Told at once or on a later turn; nil for a refusal.
    func login(
        _ auth: JSONValue, from peer: PeerAddress?, address: String, _ decided: @escaping (AdminLogin?) -> Void
    ) {
        let began = server.clock()
        if let token = auth["token"]?.string ?? auth["sessionId"]?.string, let login = login(token, address: address) {
            return decided(login)
        }
        guard let user = auth["username"]?.string, let password = auth["password"]?.string,
            (1...128).contains(user.utf8.count), password.utf8.count <= 256
        else { return refuse(nil, address, since: began, decided) }
        let key = peer.flatMap { server.settings.admission.exempts($0) ? nil : $0.admissionKey }
        let isAdmitted = server.loops.withDirectory { $0.logins.admits(user, from: key, at: began) } ?? false
        guard isAdmitted else {
            server.counters[.adminLoginsLocked] += 1
            server.loops.withDirectory { $0.logins.failed(nil, from: key, at: began) }
            return refuse(user, address, since: began, decided)
        }
        guard let verify = server.hooks.verifyAdmin, logins.checksRunning < PendingLogins.checksMax else {
            return refuse(user, address, since: began, decided)
        }
        logins.checksRunning += 1
        verify(user, password) { [weak self] verdict in
            guard let self else { return }
            logins.checksRunning -= 1
            switch verdict {
            case .right(let user):
                server.loops.withDirectory { $0.logins.succeeded(user.name, from: key) }
                decided(begin(AdminActor(user: user, address: address)))
            case .wrong(let isKnown):
                let now = server.clock()
                server.loops.withDirectory { $0.logins.failed(isKnown ? user : nil, from: key, at: now) }
                refuse(user, address, since: began, decided)
            }
        }
    }

    /// Whoever has come with a token of a session.
    func login(_ token: String, address: String) -> AdminLogin? {
        token.utf8.count <= 128 ? login(by: Server.digest(of: token), address: address) : nil
    }

    /// Whoever has the session of that digest.
    func login(by digest: [UInt8], address: String) -> AdminLogin? {
        let now = server.clock()
        let session = server.loops.withDirectory { $0.admins.session(digest, at: now) } ?? nil
        return session.map {
            AdminLogin(actor: AdminActor(user: $0.user, address: address), digest: digest, token: nil, ends: $0.ends)
        }
    }

    private func begin(_ actor: AdminActor) -> AdminLogin {
        let (token, now) = (server.makeToken(), server.clock())
        let ends = now + server.settings.adminSessionTime
        let own = server.loops.own
        server.loops.withDirectory {
            $0.admins.begin(actor.user, digest: token.digest, on: own, until: ends, at: now)
        }
        server.counters[.adminLogins] += 1
        note("login", by: actor, outcome: "done")
        armReview()
        return AdminLogin(actor: actor, digest: token.digest, token: token.text, ends: ends)
    }

    private func refuse(
        _ user: String?, _ address: String, since began: Instant, _ decided: @escaping (AdminLogin?) -> Void
    ) {
        server.counters[.adminLoginsRefused] += 1
        let now = server.clock()
        if let leftOut = server.peerLog.pass("admin login", at: now) {
            server.hooks.log(.warning) {
                "admin login refused from \(address)" + (leftOut > 0 ? ", and \(leftOut) more since the last line" : "")
            }
        }
        if let user, logins.mayNote(at: now) {
            let actor = AdminActor(user: AdminUser(user, .viewer, stamp: ""), address: address)
            note("login", by: actor, outcome: "refused")
        }
        let id = logins.hold { decided(nil) }
        let due = began + server.settings.adminRefusalDelay
        _ = server.wheel.arm(at: max(due, now), token: TimerToken.delayedAnswer(id).encoded)
    }

    /// The delay of a held-back refusal is over.
    func answerDue(_ id: Int) { logins.take(id)?() }

    /// Ends a session, and the sockets that go by it on all loops.
    func logout(_ login: AdminLogin) {
        guard server.loops.withDirectory({ $0.admins.end(login.digest) }) == true else { return }
        note("logout", by: login.actor, outcome: "done")
        endWatchersEverywhere()
    }

    private func endWatchersEverywhere() { server.loops.askAll(.endAdmins) { _ in } }

    // MARK: Those who may log in no more

    private func armReview() {
        guard server.hooks.listAdmins != nil, !logins.isReviewing else { return }
        logins.isReviewing = true
        let due = server.clock() + Self.reviewInterval
        _ = server.wheel.arm(at: due, token: TimerToken.adminReview.encoded)
    }

    /// Asks who may log in by now, and ends the sessions of those who may not, or with another password or role.
    func reviewDue() {
        logins.isReviewing = false
        let (own, now) = (server.loops.own, server.clock())
        guard server.loops.withDirectory({ $0.admins.hasAny(of: own, at: now) }) == true else { return }
        server.hooks.listAdmins? { [weak self] users in
            guard let self else { return }
            // A storage that does not answer says nothing about anybody.
            if let users, server.loops.withDirectory({ $0.admins.keep(users, of: own) }) == true {
                endWatchersEverywhere()
            }
            armReview()
        }
    }

    /// Everybody who may log in, and how many sessions they have.
    func listUsers(_ answered: @escaping (AdminOutcome) -> Void) {
        guard let list = server.hooks.listAdmins else { return answered(.failure(.noStorage)) }
        list { [weak self] users in
            guard let self else { return }
            guard let users else { return answered(.failure(.busy("the storage does not answer"))) }
            let now = server.clock()
            let rows = server.loops.withDirectory { directory in
                users.map { user -> JSONValue in
                    [
                        "name": .string(user.name), "role": .string(user.role.rawValue),
                        "sessions": .integer(Int64(directory.admins.count(of: user.name, at: now))),
                    ]
                }
            }
            answered(.success(["users": .array(rows ?? [])]))
        }
    }
}
