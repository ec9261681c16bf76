import Determinism
import HTTPCore
import ServerCore
import SocketIOCore
import WebSocketCore

/// How Engine.IO clients of a path of your own may connect, and what they may use up.
public struct EngineOptions: Sendable {
    /// A way for messages to travel.
    public enum Transport: Sendable {
        /// Over HTTP: a GET that waits for messages, a POST that brings them.
        case polling
        /// A message of a WebSocket each.
        case webSocket
    }

    /// A cookie that every handshake sets, and that each further request of the session must show: whoever has read a
    /// session's id somewhere has not got the cookie. Pages of other origins then need ``allowsCredentials``.
    public struct Cookie: Sendable {
        /// When browsers send the cookie with requests that come from other sites.
        public enum SameSite: Sendable {
            case strict, lax, none
        }

        /// A token (RFC 9110 §5.6.2).
        public var name = "io"
        /// Begins with a slash.
        public var path = "/"
        /// How long browsers keep it; nil until they end.
        public var maxAgeSeconds: Int?
        /// With ``SameSite/none`` browsers take it over TLS alone.
        public var sameSite = SameSite.lax

        /// The defaults above.
        public init() {}

        var cookie: EngineCookie {
            let sameSite: EngineCookie.SameSite =
                switch sameSite {
                case .strict: .strict
                case .lax: .lax
                case .none: .none
                }
            guard
                let cookie = EngineCookie(name: name, path: path, maxAgeSeconds: maxAgeSeconds, sameSite: sameSite)
            else {
                preconditionFailure("a cookie's name is a token, its path begins with /, its age is not below zero")
            }
            return cookie
        }
    }

    /// How long after a pong, or the opening, a client is pinged. In revision 3 the client pings.
    public var pingInterval = Interval.seconds(25)
    /// How long a client may take to answer a ping.
    public var pingTimeout = Interval.seconds(20)
    /// The longest message, and the longest body of a POST, in bytes; no answer to a GET is longer, unless one message is.
    public var maxPayload = 1_000_000
    /// The most frames in which one message may come over a WebSocket.
    public var fragmentsMax = 64
    /// The most bytes that wait for a client that does not read; beyond it, its own input is held back.
    public var outboxBytesMax = 1_048_576
    /// Messages a second that a client may send, with a burst of twice as many; nil counts none.
    public var messagesPerSecond: Int? = 240
    /// The transports that are spoken. With both, clients begin with polling and move on.
    public var transports: [Transport] = [.polling, .webSocket]
    /// Whether clients of Socket.IO 2 are spoken with, which is revision 3 of the protocol.
    public var allowEIO3 = false
    /// Whether messages over a WebSocket are compressed for clients that offer it (RFC 7692).
    public var compresses = false
    /// Shorter messages are never compressed.
    public var compressionThresholdBytes = 1_024
    /// Whether a client's messages may be compressed with what it sent or was sent before: smaller, at up to 300 KiB a client.
    /// What is sent to many is compressed by itself all the same, once for all.
    public var keepsCompressionContext = false
    /// The cookie that handshakes set; nil for none.
    public var cookie: Cookie?
    /// The origins of web pages that may connect besides the server's own host; `["*"]` allows every one.
    public var allowedOrigins: [String] = []
    /// Whether pages of the listed origins may send cookies; with `*` only where ``echoesOrigins`` says so.
    public var allowsCredentials = false
    /// Whether `*` names each page's origin in the answer, so that pages of every origin may send cookies: any page can then
    /// act as its visitor.
    public var echoesOrigins = false
    /// What you have to say about connections: who may come, fields of your own, what is refused.
    public var hooks = ConnectionHooks()

    /// The defaults above.
    public init() {}

    func endpoint(_ handler: any MessageHandler, on loop: LoopContext) -> EngineEndpoint {
        EngineEndpoint(
            limits: limits(), policy: policy, origins: origins, cookie: cookie?.cookie, hooks: hooks.hooks(on: loop),
            service: HandlerAdapter(handler))
    }

    /// Where a hub's clients come to. What it says to a client by itself has a bound, too: four times the outbox's.
    func endpoint(of hub: SocketHub, on loop: LoopContext) -> EngineEndpoint {
        let ceiling = outboxBytesMax.multipliedReportingOverflow(by: 4)
        return hub.endpoint(
            limits: limits(outboxBytesCeiling: ceiling.overflow ? .max : ceiling.partialValue), policy: policy,
            origins: origins, cookie: cookie?.cookie, hooks: hooks.hooks(on: loop))
    }

    /// Where a hub's clients without Socket.IO come to.
    func plainEndpoint(of hub: SocketHub, _ namespace: String, on loop: LoopContext) -> MessageEndpoint {
        let ceiling = outboxBytesMax.multipliedReportingOverflow(by: 4)
        return hub.plainEndpoint(
            namespace: namespace, limits: limits(outboxBytesCeiling: ceiling.overflow ? .max : ceiling.partialValue),
            origins: origins, hooks: hooks.hooks(on: loop))
    }

    private func limits(outboxBytesCeiling: Int = .max) -> SessionLimits {
        var compression: MessageCompression?
        if compresses {
            compression = MessageCompression()
            compression?.deflate = PermessageDeflate(
                sendsWithoutContext: !keepsCompressionContext, receivesWithoutContext: !keepsCompressionContext)
            compression?.thresholdBytes = compressionThresholdBytes
        }
        return SessionLimits(
            messageBytesMax: maxPayload, fragmentsMax: fragmentsMax, outboxBytesMax: outboxBytesMax,
            messagesPerSecond: messagesPerSecond, waitsForReader: true, outboxBytesCeiling: outboxBytesCeiling,
            compression: compression, heartbeatInterval: pingInterval, heartbeatTimeout: pingTimeout)
    }

    private var policy: EnginePolicy {
        EnginePolicy(
            transports: transports.map { $0 == .polling ? .polling : .websocket }, allowsRevision3: allowEIO3)
    }

    private var origins: HTTPOriginRule {
        HTTPOriginRule(
            origins: allowedOrigins, allowsCredentials: allowsCredentials, echoesOrigins: echoesOrigins)
    }
}
