/// Why the server ends a connection or a seat, with the WebSocket close code that says so (protocol/spec/websocket.md §5).
package enum Departure: Sendable, Equatable {
    /// The player said so.
    case left
    /// An admin or the game removed the player.
    case kicked(String)
    /// An admin or the game removed the player, who may not come back.
    case banned(String)
    /// The lobby has ended: closed by an admin, finished, or its game failed.
    case lobbyClosed(String)
    /// The same seat was taken up by another connection with its token.
    case replaced
    /// The peer did not answer a ping in time.
    case heartbeatTimeout
    /// The peer did not read what it was sent.
    case slowConsumer
    /// The peer sent what no client may send.
    case badMessage(String)
    /// The peer sent far more than it may.
    case rateLimited
    /// The peer joined nothing in time.
    case joinTimeout
    /// A join was refused; the refusal says why.
    case refused(JoinRefusal)
    /// The server is shutting down.
    case draining
    /// An author's service has closed the session, with a code of its own.
    case service(code: UInt16, reason: String)

    /// The close code for a plain WebSocket.
    package var closeCode: UInt16 {
        switch self {
        case .left: 1000
        case .lobbyClosed: 4000
        case .joinTimeout: 4001
        case .badMessage: 4002
        case .kicked: 4003
        case .banned: 4016
        case .slowConsumer: 4004
        case .heartbeatTimeout: 4005
        case .replaced: 4006
        case .rateLimited: 4008
        case .draining: 4009
        case .refused(let refusal): refusal.code
        case .service(let code, _): code
        }
    }

    /// The reason in words, at most 123 bytes on the wire.
    package var reason: String {
        switch self {
        case .left: "left"
        case .kicked(let reason): reason.isEmpty ? "kicked" : reason
        case .banned(let reason): reason.isEmpty ? "banned" : reason
        case .lobbyClosed(let reason): reason.isEmpty ? "the lobby was closed" : reason
        case .replaced: "the seat was taken up by another connection"
        case .heartbeatTimeout: "no answer to a heartbeat"
        case .slowConsumer: "too slow to read"
        case .badMessage(let reason): reason
        case .rateLimited: "too many messages"
        case .joinTimeout: "no lobby joined in time"
        case .refused(let refusal): refusal.message
        case .service(_, let reason): reason
        case .draining: "the server is shutting down"
        }
    }
}

/// Why a join was refused.
package enum JoinRefusal: Error, Sendable, Equatable {
    /// The request lacks something or has it wrong; the text says what.
    case badRequest(String)
    /// The client was built for another schema than the game's; the text says what differs.
    case otherSchema(String)
    /// The author's hook said no.
    case notAuthorized(String)
    /// The resume token, or the ticket of a seat, was never one of this lobby's: forged, or of another lobby.
    case invalidToken
    /// The token or the ticket was good once, and its time is over; the text says how.
    case expired(String)
    /// The token or the ticket was used already.
    case used
    /// The player was kicked from this lobby; the text is the reason.
    case kicked(String)
    /// The player is banned from this lobby, or from all; the text is the reason.
    case banned(String)
    /// Whoever this is has a seat in the lobby already.
    case alreadyHere
    /// Every seat is taken, or as many as the lobby lets be.
    case lobbyFull
    /// The lobby takes no new players.
    case lobbyLocked
    /// The lobby has a password, and this is not it.
    case wrongPassword
    /// As many watch the lobby, or all lobbies, as may.
    case tooManyWatch
    /// There is a lobby of that id already.
    case lobbyExists
    /// There is no such lobby and no game was named to open it with.
    case noSuchLobby
    /// The game is not one that this server hosts.
    case unknownGame(String)
    /// The server hosts as many lobbies as it may.
    case tooManyLobbies
    /// The address has opened as many lobbies as it may in this time.
    case tooManyOpenings
    /// The address has had as many seats kept as it may in this time.
    case tooManyReservations
    /// The game could not start; the text is its error.
    case gameFailed(String)
    /// The address has as many lobbies open as it may.
    case tooManyOpenLobbies
    /// The address joins too often.
    case tooManyJoins
    /// As many wait for a match as may.
    case queueFull
    /// Nobody was found in time who fits into a match.
    case noMatch
    /// The server takes no new players.
    case draining

    /// The close code for a plain WebSocket, and `data.code` of a CONNECT_ERROR.
    package var code: UInt16 {
        switch self {
        case .badRequest: 4002
        case .otherSchema: 4019
        case .notAuthorized, .invalidToken: 4001
        case .expired: 4014
        case .used: 4015
        case .kicked: 4003
        case .banned: 4016
        case .alreadyHere: 4017
        case .lobbyFull, .tooManyWatch: 4007
        case .lobbyLocked: 4011
        case .wrongPassword: 4012
        case .lobbyExists: 4013
        case .noSuchLobby, .unknownGame: 4010
        case .tooManyLobbies, .tooManyOpenings, .tooManyReservations, .tooManyOpenLobbies, .tooManyJoins, .queueFull:
            4008
        case .noMatch: 4018
        case .gameFailed: 4000
        case .draining: 4009
        }
    }

    /// The refusal in words, for the player.
    package var message: String {
        switch self {
        case .badRequest(let text), .otherSchema(let text): text
        case .notAuthorized(let text): text.isEmpty ? "not authorized" : text
        case .invalidToken: "the token or ticket is not valid here"
        case .expired(let text): text
        case .used: "the token or ticket was used already"
        case .kicked(let reason): reason.isEmpty ? "kicked" : "kicked: \(reason)"
        case .banned(let reason): reason.isEmpty ? "banned" : "banned: \(reason)"
        case .alreadyHere: "there is a seat of yours in this lobby already"
        case .lobbyFull: "the lobby is full"
        case .tooManyWatch: "as many watch as may"
        case .lobbyLocked: "the lobby takes no new players"
        case .wrongPassword: "the lobby has a password, and this is not it"
        case .lobbyExists: "there is a lobby of that id already"
        case .noSuchLobby: "no such lobby, and no game was named to open it with"
        case .unknownGame(let name): "this server does not host the game \"\(name)\""
        case .tooManyLobbies: "the server hosts as many lobbies as it may"
        case .tooManyOpenings: "too many lobbies opened in a short time"
        case .tooManyReservations: "too many seats kept in a short time"
        case .tooManyOpenLobbies: "too many lobbies are open that you have opened"
        case .tooManyJoins: "too many joins in a short time"
        case .queueFull: "as many wait for a match as may"
        case .noMatch: "nobody was found in time who fits"
        case .gameFailed(let text): "the game could not start: \(text)"
        case .draining: "the server is shutting down"
        }
    }
}
