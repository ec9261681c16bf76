/// Which clients a server lets in, as far as Engine.IO knows them.
package struct EnginePolicy: Sendable, Equatable {
    /// The transports that may be used.
    package var transports: [EngineTransport]
    /// Whether revision 3 is spoken, with JSONP (`allowEIO3` of the reference).
    package var allowsRevision3: Bool

    /// A policy; both transports and revision 4 alone, unless told otherwise.
    package init(transports: [EngineTransport] = [.polling, .websocket], allowsRevision3: Bool = false) {
        self.transports = transports
        self.allowsRevision3 = allowsRevision3
    }
}

/// What the checks need to know of the session that a request names.
package struct EngineSessionStatus: Sendable, Equatable {
    /// Where a session's packets travel.
    package enum Route: Sendable, Equatable {
        /// Over HTTP, and nobody has tried to change that.
        case polling
        /// Over HTTP, while a WebSocket is being tried.
        case upgrading
        /// Over a WebSocket, from the start or after an upgrade. It never goes back.
        case websocket
    }

    /// The revision of the handshake.
    package var revision: EngineRevision
    /// Where packets travel now.
    package var route: Route
    /// Whether the request has what the session asks for beside its id, such as a cookie.
    package var isProven: Bool

    /// A session's status; proven where it asks for nothing but its id.
    package init(revision: EngineRevision, route: Route, isProven: Bool = true) {
        self.revision = revision
        self.route = route
        self.isProven = isProven
    }
}

/// An Engine.IO request, as far as it decides what becomes of it.
package struct EngineRequest: Sendable, Equatable {
    /// The methods that make a difference. A preflight (OPTIONS) is answered before it comes here.
    package enum Method: Sendable, Equatable {
        case get
        case post
        case other
    }

    /// What is to be thought of the `Origin` field.
    package enum Origin: Sendable, Equatable {
        /// There is none, or it is one that the server serves.
        case allowed
        /// It is well formed, and not served.
        case foreign
        /// There are several, or it holds what no origin does.
        case malformed
    }

    /// What the query says.
    package var query: EngineQuery
    /// The request's method.
    package var method: Method
    /// Whether it asks for a WebSocket. Whether it asks for it correctly is checked elsewhere, after this.
    package var isUpgrade: Bool
    /// The verdict on its origin.
    package var origin: Origin

    /// A request.
    package init(query: EngineQuery, method: Method, isUpgrade: Bool, origin: Origin) {
        self.query = query
        self.method = method
        self.isUpgrade = isUpgrade
        self.origin = origin
    }
}

/// What becomes of an Engine.IO request.
package enum EngineDecision: Sendable, Equatable {
    /// It opens a session; over a WebSocket if it asks for one.
    case handshake(EngineRevision)
    /// It waits for the session's packets.
    case poll
    /// It brings packets for the session.
    case post
    /// It tries a WebSocket for the session: ``EngineUpgrade``.
    case upgrade
    /// It tries a WebSocket for a session that has one or is trying one. The WebSocket is opened and closed again,
    /// without a close code: the reference does so, and its protocol suite asks for it. The session goes on.
    case uselessUpgrade
    /// It is refused, and no session has changed.
    case refused(EngineRefusal)
}

extension EngineRequest {
    /// Decides in the order of the reference, and on every request, not on the first of a session alone
    /// (protocol/spec/socketio.md §9).
    ///
    /// - Parameter session: The session of ``EngineQuery/sid``; nil where there is none of that id, or no id.
    package func decide(_ policy: EnginePolicy, session: EngineSessionStatus?) -> EngineDecision {
        do throws(EngineRefusal) {
            guard let transport = query.transport, policy.transports.contains(transport) else {
                throw .transportUnknown
            }
            switch origin {
            case .allowed: break
            case .foreign: throw .forbidden()
            case .malformed: throw .badRequest
            }
            guard query.sid != nil else { return .handshake(try openingRevision(transport, policy)) }
            guard let session else { throw .sessionUnknown }
            return try decide(transport, session)
        } catch {
            return .refused(error)
        }
    }

    private func openingRevision(
        _ transport: EngineTransport, _ policy: EnginePolicy
    ) throws(EngineRefusal) -> EngineRevision {
        guard method == .get else { throw .badMethod }
        guard isUpgrade == (transport == .websocket) else { throw .badRequest }
        guard let revision = query.revision, revision == .four || policy.allowsRevision3 else {
            throw .unsupportedRevision
        }
        try checkScript(revision)
        return revision
    }

    private func decide(
        _ transport: EngineTransport, _ session: EngineSessionStatus
    ) throws(EngineRefusal) -> EngineDecision {
        guard query.revision == session.revision else { throw .badRequest }
        guard session.isProven else { throw .forbidden() }
        guard isUpgrade == (transport == .websocket) else { throw .badRequest }
        try checkScript(session.revision)
        guard !isUpgrade else {
            guard method == .get else { throw .badRequest }
            return session.route == .polling ? .upgrade : .uselessUpgrade
        }
        guard session.route != .websocket else { throw .badRequest }
        switch method {
        case .get: return .poll
        case .post: return .post
        case .other: throw .badRequest
        }
    }

    /// Clients of revision 4 have no JSONP.
    private func checkScript(_ revision: EngineRevision) throws(EngineRefusal) {
        guard query.scriptIndex == nil || revision == .three else { throw .badRequest }
    }
}
