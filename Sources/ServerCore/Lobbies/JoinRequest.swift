import JSONCore
import LobbyCore
import RecordingCore

/// What a client asks for when it joins a lobby, whatever its dialect.
///
/// From the CONNECT payload (Socket.IO) or the data of the `join` event (plain WebSocket):
/// `{"name"?, "game"?, "token"?, "ticket"?, "tick"?, "schema"?, "options"?, "lobby"?, "password"?, "filter"?, "watch"?,
/// "codec"?, "tables"?}` (protocol/spec/lobby.md §2).
package struct JoinRequest: Sendable {
    /// The lobby, from the namespace or the path; the word that stands for one, until the lobby is known.
    package var lobbyID: String
    /// Which lobby is meant.
    package var choice: LobbyChoice
    /// The player's name: 1 to 32 characters, no control characters.
    package var name: String
    /// The game to open the lobby with when it does not exist.
    package var game: String?
    /// The token that takes a seat up again.
    package var token: String?
    /// The ticket of a seat that is kept.
    package var ticket: String?
    /// The newest snapshot tick that a resuming client still has.
    package var lastTick: UInt32?
    /// The schema that the client was built for: its hash in hexadecimal, or its text.
    package var schema: String?
    /// The highest codec of snapshots that the client reads.
    var codec: UInt8 = 0
    /// The hash of the tables that the client has for codec 1.
    var tablesHash: String?
    /// What the game's `init` is given when this join opens the lobby.
    package var options: JSONValue
    /// The terms of the lobby when this join opens it, not looked at.
    package var terms: JSONValue
    /// The password, for a lobby that has one.
    package var password: String?
    /// Whether a seat is wanted; without one, the lobby is only opened.
    package var takesSeat = true
    /// On whose account a lobby is that it opens; nil where nobody is counted, or has been counted already.
    var opener: LobbyOpener?
    /// Whether it is for watching, without a seat.
    package var watches = false
    /// What the metadata of a lobby must have that a quick join finds.
    package var filter = JSONObject()
    /// Everything the client sent, for the author's own hook.
    package var auth: JSONValue
    /// The peer's address.
    package var peerAddress: String
    /// Who has made it, once that has been found out.
    package var identity = Identity.guest
    /// The number of the session that has made it; 0 for a request over HTTP.
    var session: UInt64 = 0
    /// The address by which a guest is known; nil where it says nothing about who is there.
    var guestAddress: String?

    /// Reads a request, or says what is wrong with it.
    init(lobbyID: String, auth: JSONValue, peerAddress: String) throws(JoinRefusal) {
        guard let choice = LobbyChoice(place: lobbyID) else { throw .badRequest(LobbyID.rule) }
        let payload = auth == .null ? .object([:]) : auth
        guard case .object = payload else { throw .badRequest("the join data must be an object") }
        self.lobbyID = lobbyID
        self.choice = choice
        self.auth = payload
        self.peerAddress = peerAddress
        game = try Self.text(payload, "game")
        token = try Self.text(payload, "token")
        ticket = try Self.text(payload, "ticket", bytesMax: SeatTicket.bytesMax)
        schema = try Self.text(payload, "schema", bytesMax: 4_096)
        options = payload["options"] ?? .null
        terms = payload["lobby"] ?? .null
        password = try Self.text(payload, "password")
        if let members = payload["filter"], members != .null {
            filter = try LobbyTerms.metadata(members, named: "filter")
        }
        name = DisplayText.cleaned(try Self.text(payload, "name") ?? "player", charactersMax: 32)
        if name.isEmpty { name = "player" }
        guard token == nil && ticket == nil || choice == .named else {
            throw .badRequest("a seat is taken up again by the lobby's own id, which \"joined\" has told")
        }
        guard token == nil || ticket == nil else {
            throw .badRequest("either \"token\" or \"ticket\" brings to a seat")
        }
        if let watch = payload["watch"], watch != .null {
            guard let wanted = watch.bool else { throw .badRequest("\"watch\" must be true or false") }
            watches = wanted
        }
        guard !watches || choice == .named && token == nil && ticket == nil else {
            throw .badRequest("one watches a lobby of a known id, without \"token\" and \"ticket\"")
        }
        if let tick = payload["tick"], tick != .null {
            guard let value = tick.integer.flatMap(UInt32.init(exactly:)) else {
                throw .badRequest("\"tick\" must be a whole number from 0 to 4294967295")
            }
            lastTick = value
        }
        if let codec = payload["codec"], codec != .null {
            guard let value = codec.integer.flatMap(UInt8.init(exactly:)) else {
                throw .badRequest("\"codec\" must be a whole number from 0 to 255")
            }
            self.codec = value
        }
        tablesHash = try Self.text(payload, "tables")
        guard tablesHash?.utf8.allSatisfy(Self.isHexDigit) ?? true, tablesHash?.utf8.count ?? 16 == 16 else {
            throw .badRequest("\"tables\" must be 16 lower-case hexadecimal digits")
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// The password that the client knows: the lobby's, or the one that it wants the lobby to have.
    var shownPassword: String? { password ?? terms["password"]?.string }

    /// The same request, for that lobby.
    func with(lobbyID: String) -> JoinRequest {
        var request = self
        request.lobbyID = lobbyID
        return request
    }

    private static func text(
        _ payload: JSONValue, _ key: String, bytesMax: Int = 256
    ) throws(JoinRefusal) -> String? {
        guard let value = payload[key], value != .null else { return nil }
        guard let text = value.string, text.utf8.count <= bytesMax else {
            throw .badRequest("\"\(key)\" must be a string of at most \(bytesMax) bytes")
        }
        return text
    }
}

/// How important a line of the log is.
package enum LogSeverity: Sendable {
    /// Something failed.
    case error
    /// Somebody tried what they may not.
    case warning
    /// What an operator wants to know.
    case info
    /// Each join.
    case debug
}

/// What the shell around the server core supplies: the author's decisions and slow work, which may answer at
/// once or on a later turn, but always on the server's own loop.
package struct ServerHooks {
    /// Decides whether a join is allowed and says who has made it; nil allows every one, as a guest. Seats are taken only
    /// after the answer.
    package var authorize: ((JoinRequest, @escaping (Result<Identity, JoinRefusal>) -> Void) -> Void)?
    /// Checks an admin's user name and password with a slow salted hash; nil means that there is no admin.
    package var verifyAdmin: ((_ user: String, _ password: String, @escaping (AdminVerdict) -> Void) -> Void)?
    /// Says who may log in as admin by now, and nil when that cannot be told; nil where that never changes.
    package var listAdmins: ((@escaping ([AdminUser]?) -> Void) -> Void)?
    /// Takes the result of each game that has finished; nil where nobody keeps them. It is called on the lobby's loop, between
    /// two steps, and must not take long.
    package var results: ((MatchResult) -> Void)?
    /// Takes what admins do, and what they want and do not get, for the audit log; nil where nobody keeps one. It must not take
    /// long.
    package var audit: ((AdminAct) -> Void)?
    /// Takes what becomes of bans from all lobbies; nil where nobody keeps them. Called while the directory is lent, so that all
    /// loops' changes come in the order in which they hold; it must not take long, nor ask the server anything.
    package var bansChanged: ((BanChange) -> Void)?
    /// The season to which results are added, empty for none; nil where nothing is stored.
    package var season: (() -> String)?
    /// Begins a season from the next result on; false where that is not for an admin to say.
    package var beginSeason: ((String) -> Bool)?
    /// Answers a question about what is stored, now or on a later turn, with nil when it cannot; nil where nothing is.
    package var askStorage: ((StoredQuestion, @escaping (JSONValue?) -> Void) -> Void)?
    /// Milliseconds since 1970: asked for what admins are shown, and for nothing that a game depends on.
    package var wallClock: () -> Int64 = { 0 }
    /// The machine's name and the process's number, for admins.
    package var host = (name: "", process: 0)
    /// What else is shown on `/metrics`, in Prometheus's text format: of the process, and of the author.
    package var metrics: (() -> String)?
    /// Takes one line for the log; the text is made only if it is wanted.
    package var log: (LogSeverity, () -> String) -> Void = { _, _ in }

    /// What recordings say that they are of.
    package var build = ""
    /// Opens the place for the recording of a lobby that is being opened; nil records none.
    package var openRecording: ((RecordingHeader) -> (any RecordingSink)?)?

    /// Hooks that allow every join and no admin.
    package init() {}
}
