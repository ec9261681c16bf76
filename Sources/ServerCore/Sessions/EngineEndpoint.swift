import Determinism
import HTTPCore
import HTTPTypes
import SocketIOCore

/// A place where Engine.IO is spoken, over long polling and WebSocket: its rules, and what its sessions are
/// (protocol/spec/socketio.md §7). One object serves all sessions of a path; those of another path are not known here.
package final class EngineEndpoint {
    /// What each session may use up. `messageBytesMax` is `maxPayload`; without a heartbeat the interval is 25 s.
    package let limits: SessionLimits
    /// The transports and revisions that are spoken.
    package let policy: EnginePolicy
    /// Which web pages may connect.
    package let origins: HTTPOriginRule
    /// The cookie that each handshake sets and each further request must show; nil for none.
    package let cookie: EngineCookie?
    /// What the author has to say about its connections. Whom it refuses is told code 4.
    package let hooks: EndpointHooks
    /// What sessions keep of their first request; nil for nothing.
    let keepsRequest: KeptRequest.Extent?
    /// What a new session is.
    let makeSession: (Transport, EngineHandshake) -> EngineSession

    init(
        limits: SessionLimits, policy: EnginePolicy, origins: HTTPOriginRule, cookie: EngineCookie?,
        hooks: EndpointHooks = EndpointHooks(), keepsRequest: KeptRequest.Extent? = nil,
        makeSession: @escaping (Transport, EngineHandshake) -> EngineSession
    ) {
        precondition(limits.heartbeatInterval != nil, "an Engine.IO session has a heartbeat")
        self.limits = limits
        self.policy = policy
        self.origins = origins
        self.cookie = cookie
        self.hooks = hooks
        self.keepsRequest = keepsRequest
        self.makeSession = makeSession
    }

    /// An endpoint whose messages are an author's own.
    package convenience init(
        limits: SessionLimits, policy: EnginePolicy = EnginePolicy(), origins: HTTPOriginRule = HTTPOriginRule(),
        cookie: EngineCookie? = nil, hooks: EndpointHooks = EndpointHooks(), service: any MessageService
    ) {
        self.init(limits: limits, policy: policy, origins: origins, cookie: cookie, hooks: hooks) {
            transport, handshake in
            EngineMessageSession(transport, handshake, service: service)
        }
    }
}

/// What the first request of a session has settled for all of it.
struct EngineHandshake {
    /// Where it came to.
    let endpoint: EngineEndpoint
    /// How packets are written for the client.
    let form: EngineForm
    /// The value of the session's cookie; nil where there is none.
    let cookie: String?
    /// The request itself, where that is kept.
    let request: KeptRequest?
    /// Whether it came from a web page from which nobody is to act as admin.
    let isForeignToAdmins: Bool
}

/// How a client wants its packets written.
struct EngineForm: Equatable {
    /// The revision of the handshake.
    let revision: EngineRevision
    /// Whether the client takes text alone.
    let isBase64: Bool

    /// Whether WebSocket frames are what they are for everybody.
    var isPlain: Bool { revision == .four && !isBase64 }
}
