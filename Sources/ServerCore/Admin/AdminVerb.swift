import JSONCore

/// What came of a verb: what whoever has asked is told, or why not.
typealias AdminOutcome = Result<JSONValue, AdminRefusal>

/// Something that an admin may ask for: over the namespace as an event, over HTTP at `/api/admin/NAME`
/// (protocol/spec/admin.md §4).
struct AdminVerb: Sendable {
    /// Where it is done.
    enum Work: Sendable {
        /// On the asker's loop, with an answer now or on a later turn.
        case here(@Sendable (AdminHub, AdminCall, @escaping (AdminOutcome) -> Void) -> Void)
        /// On the loop of the lobby that is named.
        case lobby(@Sendable (HostedLobby, AdminCall) throws(AdminRefusal) -> JSONValue)
        /// The same where a lobby is named; else the other.
        case either(
            @Sendable (HostedLobby, AdminCall) throws(AdminRefusal) -> JSONValue,
            @Sendable (AdminHub, AdminCall) throws(AdminRefusal) -> JSONValue)
    }

    /// The event's name, and the last part of the path.
    let name: String
    /// The least that one has to be.
    let role: AdminRole
    /// Whether it changes something: it is then a POST, is audited, and takes a reason.
    let isAction: Bool
    /// What it may be told.
    let arguments: [AdminArgument]
    let work: Work

    private init(question name: String, _ role: AdminRole, _ arguments: [AdminArgument], _ work: Work) {
        self.name = name
        self.role = role
        self.arguments = arguments
        self.work = work
        isAction = false
    }

    private init(action name: String, _ role: AdminRole, _ arguments: [AdminArgument], _ work: Work) {
        self.name = name
        self.role = role
        self.arguments = arguments + [AdminArgument("reason", .text(1_024))]
        self.work = work
        isAction = true
    }

    func argument(_ name: String) -> AdminArgument? {
        arguments.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The verb of that name.
    static func named(_ name: String) -> AdminVerb? { all.first { $0.name == name } }

    private static let lobby = AdminArgument("lobby", .text(64), isRequired: true)
    private static let anyLobby = AdminArgument("lobby", .text(64))
    private static let seat = AdminArgument("seat", .integer(0...1_023), isRequired: true)
    private static let anySeat = AdminArgument("seat", .integer(0...1_023))
    private static let anySession = AdminArgument("session", .integer(1...Int.max))
    private static let subject = AdminArgument("subject", .text(128))
    private static let address = AdminArgument("address", .text(64))
    /// The longest ban that an admin may give: ten years.
    private static let banSeconds = AdminArgument("seconds", .integer(1...315_360_000))

    /// Everything there is.
    static let all: [AdminVerb] = [
        AdminVerb(
            question: "overview", .viewer, [AdminArgument("lobbies", .flag)],
            .here { hub, call, answered in
                hub.askForOverview(withRows: call.flag("lobbies") ?? true) { answered(.success($0)) }
            }),
        AdminVerb(question: "timeline", .viewer, [], .here { hub, _, answered in hub.answerTimeline(answered) }),
        AdminVerb(question: "lobbies", .viewer, AdminLobbyQuery.arguments, .here { $0.listLobbies($1, $2) }),
        AdminVerb(
            question: "lobby", .viewer, [lobby], .lobby { hosted, call in hosted.detail(for: call.actor.user.role) }),
        AdminVerb(question: "events", .viewer, AdminHub.eventArguments, .here { $0.answerEvents($1, $2) }),
        AdminVerb(question: "trace", .moderator, AdminHub.traceArguments, .here { $0.answerTrace($1, $2) }),
        AdminVerb(question: "bans", .moderator, [], .here { hub, _, answered in answered(.success(hub.listBans())) }),
        AdminVerb(question: "audit", .admin, AdminAuditQuery.arguments, .here { $0.answerAudit($1, $2) }),
        AdminVerb(question: "users", .admin, [], .here { hub, _, answered in hub.listUsers(answered) }),

        AdminVerb(action: "kick", .moderator, [lobby, seat, anySession], .lobby(kick)),
        AdminVerb(
            action: "end-session", .moderator, [AdminArgument("session", .integer(1...Int.max), isRequired: true)],
            .here { $0.endSession($1, $2) }),
        AdminVerb(
            action: "ban", .moderator,
            [anyLobby, anySeat, subject, address, banSeconds, AdminArgument("everywhere", .flag)],
            .either(
                { hosted, call throws(AdminRefusal) in try hosted.server.admin.ban(call, in: hosted) },
                { hub, call throws(AdminRefusal) in try hub.ban(call, in: nil) })),
        AdminVerb(
            action: "unban", .moderator, [anyLobby, subject, address],
            .here { hub, call, answered in answered(hub.unban(call)) }),
        AdminVerb(
            action: "mute", .moderator,
            [lobby, seat, AdminArgument("seconds", .integer(0...86_400), isRequired: true)], .lobby(mute)),
        AdminVerb(
            action: "message", .moderator,
            [anyLobby, anySeat, AdminArgument("text", .text(1_024), isRequired: true)], .either(message, messageAll)),
        AdminVerb(action: "lock", .moderator, [lobby, AdminArgument("locked", .flag)], .lobby(lock)),
        AdminVerb(action: "pause", .moderator, [lobby, AdminArgument("paused", .flag)], .lobby(pause)),
        AdminVerb(action: "step", .moderator, [lobby, AdminArgument("steps", .integer(1...1_000))], .lobby(step)),
        AdminVerb(action: "clear", .moderator, [anyLobby], .either(clear, clearAll)),
        AdminVerb(action: "close-lobby", .moderator, [lobby], .lobby(close)),
        AdminVerb(
            action: "season", .admin, [AdminArgument("season", .text(64))],
            .here { hub, call, answered in answered(hub.season(call)) }),
        AdminVerb(action: "drain", .admin, [], .here { hub, _, answered in answered(hub.drain()) }),
    ]
}
