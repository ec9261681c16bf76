import Determinism
import JSONCore
import LobbyCore

/// What admins ask of the journal: what happens just now, and what became of a player (protocol/spec/admin.md §7).
extension AdminHub {
    static let eventArguments = [
        AdminArgument("after", .integer(0...Int.max)), AdminArgument("player", .text(128)),
        AdminArgument("lobby", .text(64)), AdminArgument("kind", .word(JournalKind.allCases.map(\.rawValue))),
        AdminArgument("limit", .integer(1...500)),
    ]
    static let traceArguments = [
        AdminArgument("player", .text(128)), AdminArgument("lobby", .text(64)),
        AdminArgument("seat", .integer(0...1_023)), AdminArgument("session", .integer(1...Int.max)),
        AdminArgument("limit", .integer(1...500)),
    ]

    /// What has happened since somebody asked last, the oldest first, and what to say the next time.
    func answerEvents(_ call: AdminCall, _ answered: @escaping (AdminOutcome) -> Void) {
        var query = JournalQuery(limit: call.integer("limit") ?? 100)
        query.player = call.text("player")?.lowercased()
        query.lobby = call.text("lobby")
        query.kind = call.text("kind").flatMap(JournalKind.init)
        query.after = call.integer("after").map { .zero + .microseconds(min($0, .max / 1_000)) }
        let role = call.actor.user.role
        ask(query) { [weak self] entries, end in
            guard let self else { return }
            // What is noted at this very moment, or on a loop that answered later, comes with the next question: nothing is left
            // out, and nothing told twice.
            let end = Instant(nanoseconds: (end.nanoseconds / 1_000 - 1) * 1_000)
            let whole = entries.filter { $0.at <= end }
            answered(.success(show(whole, role, ["next": .integer(end.nanoseconds / 1_000)])))
        }
    }

    /// All that happened to a player: the seats that are as is said, and the sessions that had them.
    func answerTrace(_ call: AdminCall, _ answered: @escaping (AdminOutcome) -> Void) {
        var query = JournalQuery(limit: call.integer("limit") ?? 200)
        query.player = call.text("player")?.lowercased()
        query.lobby = call.text("lobby")
        query.seat = call.integer("seat")
        if let session = call.integer("session") { query.sessions = [UInt64(session)] }
        guard query.player != nil || query.lobby != nil || !query.sessions.isEmpty else {
            return answered(.failure(.malformed("\"player\", \"lobby\" with \"seat\", or \"session\" says who")))
        }
        let role = call.actor.user.role
        ask(query) { [weak self] entries, _ in
            var wider = query
            for entry in entries where entry.session > 0 && !wider.sessions.contains(entry.session) {
                wider.sessions.append(entry.session)
            }
            self?.ask(wider) { [weak self] entries, _ in
                guard let self else { return }
                answered(.success(show(entries.suffix(query.limit), role, [:])))
            }
        }
    }

    private func ask(_ query: JournalQuery, _ answered: @escaping ([JournalEntry], _ end: Instant) -> Void) {
        server.loops.askAll(.journal(query)) { answers in
            var (entries, end): ([JournalEntry], Instant) = ([], .distantFuture)
            for case .journal(let more, let until) in answers {
                entries += more
                end = min(end, until)
            }
            entries.sort(by: JournalEntry.isBefore)
            answered(entries, end)
        }
    }

    private func show(_ entries: some Sequence<JournalEntry>, _ role: AdminRole, _ first: JSONObject) -> JSONValue {
        let now = server.clock()
        var answer = first
        answer["entries"] = .array(entries.map { $0.json(for: role, at: now) })
        return .object(answer)
    }
}

// What is noted, where it happens.

extension Server {
    /// Notes what happens to a session.
    func note(_ kind: JournalKind, _ session: Session, code: UInt16 = 0, detail: String = "") {
        // What stands for a session of another loop is noted there.
        guard let peer = session.transport.remotePeer else { return }
        // One that a client only tries is none of its own.
        if !(session is EngineProbeSession) {
            if kind == .connected { clients.connected += 1 }
            if kind == .ended { clients.noteEnd(session.endReason) }
        }
        journal.add(
            JournalEntry(
                at: clock(), kind: kind, session: session.journalNumber, peer: peer, code: code, detail: detail))
    }

    /// Notes that somebody was refused who wanted to come in.
    func note(_ refusal: JoinRefusal, _ session: Session, lobby: String) {
        journal.add(
            JournalEntry(
                at: clock(), kind: .refused, session: session.journalNumber, lobby: lobby,
                peer: session.transport.remotePeer,
                code: refusal.code, detail: refusal.message))
    }
}

extension HostedLobby {
    /// Notes what happens to a seat's holder. Call it while the seat has its holder's name.
    func note(_ kind: JournalKind, _ seat: Int, session: UInt64 = 0, code: UInt16 = 0, detail: String = "") {
        guard lobby.seats.rows.indices.contains(seat) else { return }
        if server.eventSample.isOpen, session > 0, kind != .joined, kind != .resumed {
            let why = detail.isEmpty || detail == kind.rawValue ? kind.rawValue : "\(kind.rawValue): \(detail)"
            server.sampleLeft(AdminSocketID(lobby: id, seat: seat, session: session), why)
        }
        let holder = lobby.seats.rows[seat]
        server.journal.add(
            JournalEntry(
                at: server.clock(), kind: kind, session: session, lobby: id, seat: seat, name: holder.name,
                subject: holder.subject, code: code, detail: detail))
    }
}
