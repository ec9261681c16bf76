import GameKit
import JSONCore

/// The way into a lobby, the same for every dialect.
extension Server {
    /// Asks the author's hook, if there is one.
    func authorize(_ request: JoinRequest, _ decided: @escaping (JoinRefusal?) -> Void) {
        guard let authorize = hooks.authorize else { return decided(nil) }
        authorize(request, decided)
    }

    /// Finds or opens the lobby and takes a seat, in one step.
    func join(
        _ request: JoinRequest, session: Session, dialect: Dialect
    ) throws(JoinRefusal) -> (Member, JSONValue) {
        if drainDeadline != nil, request.token == nil { throw .draining }
        let joined = try lobby(for: request).join(request, session: session, dialect: dialect)
        hooks.log(.debug) {
            "\(request.peerAddress) \(request.token == nil ? "joined" : "resumed") seat \(joined.0.seat) of \(request.lobbyID)"
        }
        return joined
    }
}

extension JoinRefusal {
    /// What a refused client is told.
    var data: JSONValue {
        .object(["code": .integer(Int64(code)), "message": .string(message)])
    }
}

extension Departure {
    /// The event that tells a player why its seat is gone; nil when it knows.
    var event: String? {
        switch self {
        case .kicked: "kicked"
        case .lobbyClosed: "closed"
        case .replaced: "replaced"
        default: nil
        }
    }
}
