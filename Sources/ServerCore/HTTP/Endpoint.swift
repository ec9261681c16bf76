import HTTPCore

/// What an author has put at a path, beside the lobbies.
package enum Endpoint {
    /// Plain requests with bodies up to that many bytes.
    case http(bodyBytesMax: Int, (HTTPExchange) -> Void)
    /// A WebSocket whose messages are the author's own.
    case webSocket(MessageEndpoint)
    /// Engine.IO, over long polling and WebSocket.
    case engine(EngineEndpoint)
}

/// A place where clients exchange messages of the author's own: its limits, and who answers.
package struct MessageEndpoint {
    /// What each session may use up.
    package var limits: SessionLimits
    /// The WebSocket subprotocols that are spoken; the first of a client's list that is among them is selected.
    package var subprotocols: [String]
    /// Which web pages may connect.
    package var origins: HTTPOriginRule
    /// Makes a session of a request.
    let makeSession: (WebSocketTransport, HTTPExchange) -> MessageSession
    /// What the author has to say about its connections.
    package var hooks: EndpointHooks

    /// An endpoint.
    ///
    /// - Parameter service: Who answers, for every session at this path.
    package init(
        limits: SessionLimits, subprotocols: [String] = [], origins: HTTPOriginRule = HTTPOriginRule(),
        hooks: EndpointHooks = EndpointHooks(), service: any MessageService
    ) {
        self.init(limits: limits, subprotocols: subprotocols, origins: origins, hooks: hooks) { transport, _ in
            WebSocketMessageSession(transport, service: service)
        }
    }

    /// An endpoint whose sessions are made by `makeSession`.
    init(
        limits: SessionLimits, subprotocols: [String] = [], origins: HTTPOriginRule = HTTPOriginRule(),
        hooks: EndpointHooks = EndpointHooks(),
        makeSession: @escaping (WebSocketTransport, HTTPExchange) -> MessageSession
    ) {
        self.limits = limits
        self.subprotocols = subprotocols
        self.origins = origins
        self.hooks = hooks
        self.makeSession = makeSession
    }
}

/// What answers the sessions of an author's endpoint. One object serves them all, on the server's loop.
package protocol MessageService: AnyObject {
    /// A client has connected.
    func opened(_ session: MessageSession)
    /// A text message, valid UTF-8, lent for the call.
    func textReceived(_ text: Span<UInt8>, from session: MessageSession)
    /// A binary message, lent for the call.
    func binaryReceived(_ bytes: Span<UInt8>, from session: MessageSession)
    /// The answer to a ping of ours, or one that nobody asked for.
    func pongReceived(_ payload: Span<UInt8>, from session: MessageSession)
    /// What waited for a slow reader has gone.
    func drained(_ session: MessageSession)
    /// The client has gone. The last call.
    func closed(_ session: MessageSession)
}
