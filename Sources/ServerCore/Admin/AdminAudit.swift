import JSONCore

/// Something that an admin has done, or has wanted and not got, for the audit log.
package struct AdminAct: Sendable, Equatable {
    /// The admin's user name; of a login that was refused, the one that was tried.
    package let actor: String
    /// From where.
    package let address: String
    /// The verb's name, `login` or `logout`.
    package let action: String
    /// What it was done to: `LOBBY`, `LOBBY/SEAT`, who was let in again, as a subject or address, and of which lobby, or a
    /// season.
    package let target: String
    /// Why, as the admin has said; 100 characters at most.
    package let reason: String
    /// `done`, or the code of the refusal.
    package let outcome: String
}

/// Which entries of the audit log somebody wants to see: those that have all that is named.
package struct AuditFilter: Sendable, Equatable {
    /// Who has done it.
    package var actor: String?
    /// What was done: a verb's name.
    package var action: String?
    /// What the target begins with.
    package var target: String?
    /// `done`, or the code of a refusal.
    package var outcome: String?
    /// Not before that time, in milliseconds since 1970.
    package var since: Int64?

    /// All entries.
    package init() {}
}

/// How an admin asks for the audit log (protocol/spec/admin.md §4).
enum AdminAuditQuery {
    static let arguments = [
        AdminArgument("actor", .text(128)), AdminArgument("action", .text(64)), AdminArgument("target", .text(256)),
        AdminArgument("outcome", .text(64)), AdminArgument("since", .integer(0...Int.max)),
        AdminArgument("before", .integer(1...Int.max)), AdminArgument("limit", .integer(1...100)),
    ]

    static func question(_ call: AdminCall) -> StoredQuestion {
        var filter = AuditFilter()
        filter.actor = call.text("actor")
        filter.action = call.text("action")
        filter.target = call.text("target")
        filter.outcome = call.text("outcome")
        filter.since = call.integer("since").map { Int64($0) }
        return .audit(filter, before: call.integer("before").map { Int64($0) }, limit: call.integer("limit") ?? 50)
    }
}

extension AdminHub {
    /// A page of the audit log, the newest first.
    func answerAudit(_ call: AdminCall, _ answered: @escaping (AdminOutcome) -> Void) {
        guard let ask = server.hooks.askStorage else { return answered(.failure(.noStorage)) }
        guard server.storedQuestions < Server.storedQuestionsMax else {
            server.counters[.storageQuestionsRefused] += 1
            return answered(.failure(.busy("too many ask already")))
        }
        server.storedQuestions += 1
        ask(AdminAuditQuery.question(call)) { [weak self] answer in
            self?.server.storedQuestions -= 1
            answered(answer.map { .success($0) } ?? .failure(.busy("the storage does not answer")))
        }
    }
}
