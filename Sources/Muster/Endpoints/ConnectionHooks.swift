import HTTPCore
public import HTTPTypes
public import JSONCore
import Logging
import ServerCore

/// Refuses a client its connection: throw it from ``ConnectionHooks/verify(_:)``.
public typealias HandshakeRefusal = HTTPCore.HandshakeRefusal

/// What you have to say about the connections to a path of yours. All of it is called on the connection's loop, and must not
/// block it.
public struct ConnectionHooks: Sendable {
    /// Asks about a handshake.
    enum Check: Sendable {
        case now(@Sendable (WebRequest) throws -> Void)
        case later(@Sendable (WebRequest) async throws -> Void)
    }

    private var check: Check?
    /// Fields of your own for the answer to a handshake, such as more cookies.
    public var handshakeFields: (@Sendable (WebRequest) -> HTTPFields)?
    /// Fields of your own for every answer, those of handshakes and refusals among them. Perhaps asked twice about a request.
    public var answerFields: (@Sendable (WebRequest) -> HTTPFields)?
    /// Told of every request that is refused; Socket.IO calls it `connection_error`.
    public var onConnectionError: (@Sendable (ConnectionError) -> Void)?

    /// None.
    public init() {}

    /// Asks `check` about every handshake: it returns to let the client in, and throws a ``HandshakeRefusal`` to refuse it. For
    /// another error the client is told "Forbidden", and it is logged.
    public mutating func verify(_ check: @escaping @Sendable (WebRequest) throws -> Void) { self.check = .now(check) }

    /// Asks `check` as above; the client waits meanwhile, for as long as it may take to join something, and is then told 503.
    public mutating func verify(_ check: @escaping @Sendable (WebRequest) async throws -> Void) {
        self.check = .later(check)
    }

    /// The hooks of one loop.
    func hooks(on loop: LoopContext) -> EndpointHooks {
        var hooks = EndpointHooks()
        switch check {
        case .now(let check):
            hooks.check = { exchange, done in
                do {
                    try check(WebRequest(exchange: exchange))
                    done(nil)
                } catch {
                    done(loop.refusal(for: error))
                }
            }
        case .later(let check):
            hooks.check = { exchange, done in
                loop.task {
                    do {
                        try await check(WebRequest(exchange: exchange))
                        done(nil)
                    } catch {
                        done(loop.refusal(for: error))
                    }
                }
            }
        case nil: break
        }
        if let handshakeFields { hooks.handshakeFields = { handshakeFields(WebRequest(exchange: $0)) } }
        if let answerFields { hooks.answerFields = { answerFields(WebRequest(exchange: $0)) } }
        if let onConnectionError { hooks.refused = { onConnectionError(ConnectionError($0, $1)) } }
        return hooks
    }
}

/// A request that was refused, and why.
public struct ConnectionError {
    /// What kind of refusal it is, with the numbers of Engine.IO; of a plain WebSocket there are the last but one and
    /// ``badRequest``.
    public enum Code: Int, Sendable {
        /// The transport is missing, unknown or not allowed.
        case unknownTransport = 0
        /// No session has that id.
        case unknownSession
        /// A session begins with a GET.
        case badMethod
        /// The request does not fit itself or its session.
        case badRequest
        /// The origin may not connect, or ``ConnectionHooks/verify(_:)`` says no.
        case forbidden
        /// The revision of the protocol is none that is spoken.
        case unsupportedVersion
    }

    /// The request.
    public let request: WebRequest
    /// What kind of refusal it is.
    public let code: Code
    /// What the client is told.
    public let message: String
    /// What was wrong, as Socket.IO's servers tell it, such as `{"transport":"udp"}`.
    public let context: JSONValue

    init(_ exchange: HTTPExchange, _ fault: ConnectionFault) {
        request = WebRequest(exchange: exchange)
        code = Code(rawValue: fault.code) ?? .badRequest
        message = fault.message
        context = .object(fault.context)
    }
}

extension LoopContext {
    fileprivate func refusal(for error: any Error) -> HandshakeRefusal {
        if let refusal = error as? HandshakeRefusal { return refusal }
        logger.error("a handshake could not be verified: \(error)")
        return HandshakeRefusal()
    }
}
