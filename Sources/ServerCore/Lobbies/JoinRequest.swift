import JSONCore

/// What a client asks for when it joins a lobby, whatever its dialect.
///
/// From the CONNECT payload (Socket.IO) or the data of the `join` event (plain WebSocket):
/// `{"name", "game"?, "token"?, "tick"?, "schema"?, "options"?}` (protocol/spec/lobby.md §2).
package struct JoinRequest: Sendable {
    /// The lobby, from the namespace or the path.
    package var lobbyID: String
    /// The player's name: 1 to 32 characters, no control characters.
    package var name: String
    /// The game to open the lobby with when it does not exist.
    package var game: String?
    /// The token that takes a seat up again.
    package var token: String?
    /// The newest snapshot tick that a resuming client still has.
    package var lastTick: UInt32?
    /// The hash of the schema that the client was built for, in hexadecimal.
    package var schemaHash: String?
    /// What the game's `init` is given when this join opens the lobby.
    package var options: JSONValue
    /// Everything the client sent, for the author's own hook.
    package var auth: JSONValue
    /// The peer's address.
    package var peerAddress: String

    /// Reads a request, or says what is wrong with it.
    init(lobbyID: String, auth: JSONValue, peerAddress: String) throws(JoinRefusal) {
        guard LobbyID.isValid(lobbyID) else { throw .badRequest(LobbyID.rule) }
        let payload = auth == .null ? .object([:]) : auth
        guard case .object = payload else { throw .badRequest("the join data must be an object") }
        self.lobbyID = lobbyID
        self.auth = payload
        self.peerAddress = peerAddress
        game = try Self.text(payload, "game")
        token = try Self.text(payload, "token")
        schemaHash = try Self.text(payload, "schema")
        options = payload["options"] ?? .null
        name = Self.cleaned(try Self.text(payload, "name") ?? "player")
        if let tick = payload["tick"], tick != .null {
            guard let value = tick.integer.flatMap(UInt32.init(exactly:)) else {
                throw .badRequest("\"tick\" must be a whole number from 0 to 4294967295")
            }
            lastTick = value
        }
    }

    private static func text(_ payload: JSONValue, _ key: String) throws(JoinRefusal) -> String? {
        guard let value = payload[key], value != .null else { return nil }
        guard let text = value.string, text.utf8.count <= 256 else {
            throw .badRequest("\"\(key)\" must be a string of at most 256 bytes")
        }
        return text
    }

    /// A name as others may see it: no control or formatting characters, at most 32 characters, never empty.
    private static func cleaned(_ name: String) -> String {
        let kept = name.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
            default: true
            }
        }
        var text = String(String.UnicodeScalarView(kept)).prefix(32)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        while text.utf8.count > 128 { text.removeLast() }
        return text.isEmpty ? "player" : String(text)
    }
}

/// The names that lobbies may have.
enum LobbyID {
    static let rule = "a lobby id is 1 to 64 characters from A-Z a-z 0-9 . _ -"

    static func isValid(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
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
    /// Decides whether a join is allowed; nil allows every one. Seats are taken only after the answer.
    package var authorize: ((JoinRequest, @escaping (JoinRefusal?) -> Void) -> Void)?
    /// Checks an admin's user name and password with a slow salted hash; nil means that there is no admin.
    package var verifyAdmin: ((_ user: String, _ password: String, @escaping (Bool) -> Void) -> Void)?
    /// Takes one line for the log; the text is made only if it is wanted.
    package var log: (LogSeverity, () -> String) -> Void = { _, _ in }

    /// Hooks that allow every join and no admin.
    package init() {}
}
