import ByteKit
import HTTPCore

/// Who a player is, as far as somebody has vouched for it: the author's join hook, or a signed ticket of the author's.
package struct Identity: Sendable, Equatable {
    /// The author's own id of the player, the same each time: 1 to 128 bytes; nil for a guest. Not a secret, and no proof.
    package var subject: String?
    /// What the player is called, whatever the client says; nil leaves that to the client.
    package var name: String?
    /// What the player may be, in the author's words.
    package var role: String?

    /// Somebody.
    package init(subject: String? = nil, name: String? = nil, role: String? = nil) {
        self.subject = subject
        self.name = name
        self.role = role
    }

    /// Nobody in particular.
    package static let guest = Identity()
}

/// What becomes of a join by somebody who has a seat in the lobby already, and does not resume it.
package enum DuplicateLogins: String, Sendable, CaseIterable {
    /// Another seat.
    case allow
    /// It is refused.
    case refuse
    /// It takes over the seat: the connection that had it is replaced.
    case replace
}

extension Server {
    /// Finds out who wants in: asks the join hook, if there is one, and looks whether guests may.
    ///
    /// - Parameters:
    ///   - peer: Who is at the other end; nil where nobody knows.
    ///   - decided: Called once with the request and who has made it, at once or on a later turn.
    func identify(
        _ request: JoinRequest, from peer: PeerAddress?, _ decided: @escaping (Result<JoinRequest, JoinRefusal>) -> Void
    ) {
        var request = request
        request.guestAddress = peer.flatMap { settings.admission.exempts($0) ? nil : $0.banText }
        guard let authorize = hooks.authorize else { return decided(admit(request, as: .guest)) }
        authorize(request) { [settings] outcome in
            decided(outcome.flatMap { Self.admit(request, as: $0, settings) })
        }
    }

    private func admit(_ request: JoinRequest, as identity: Identity) -> Result<JoinRequest, JoinRefusal> {
        Self.admit(request, as: identity, settings)
    }

    private static func admit(
        _ request: JoinRequest, as identity: Identity, _ settings: ServerSettings
    ) -> Result<JoinRequest, JoinRefusal> {
        // Whoever has the token of a seat has shown before who it is.
        guard identity.subject != nil || settings.letsGuestsIn || request.token != nil else {
            return .failure(.notAuthorized("this server lets in only who is signed in"))
        }
        var request = request
        request.identity = identity
        let name = identity.name.map { DisplayText.cleaned($0, charactersMax: 32) } ?? ""
        if !name.isEmpty { request.name = name }
        return .success(request)
    }
}
