import HTTPCore
import HTTPTypes
import JSONCore
import SocketIOCore
import WebSocketCore

/// What an author has to say about the connections to one of its endpoints.
package struct EndpointHooks {
    /// Decides about a handshake whose own checks it has passed, and calls back once, now or on a later turn. It must not
    /// answer the request. Nil lets all in.
    package var check: ((HTTPExchange, @escaping (HandshakeRefusal?) -> Void) -> Void)?
    /// Fields of the author's own for the answer to a handshake.
    package var handshakeFields: ((HTTPExchange) -> HTTPFields)?
    /// Fields of the author's own for every answer. Perhaps asked more than once about one request.
    package var answerFields: ((HTTPExchange) -> HTTPFields)?
    /// Told of each request that is refused.
    package var refused: ((HTTPExchange, ConnectionFault) -> Void)?

    /// None.
    package init() {}
}

/// Why a request to an endpoint is refused, in the words of Engine.IO's `connection_error`.
package struct ConnectionFault {
    /// The number of the refusal (protocol/spec/socketio.md §9).
    package var code: Int
    /// What the client is told.
    package var message: String
    /// What was wrong with the request.
    package var context: JSONObject
}

extension Server {
    /// Asks the author about a handshake, and goes on with `admitted`, now or later; not once the client has gone.
    func check(
        _ exchange: HTTPExchange, by check: (HTTPExchange, @escaping (HandshakeRefusal?) -> Void) -> Void,
        refused: @escaping (HandshakeRefusal) -> Void, admitted: @escaping () -> Void
    ) {
        var isAnswered = false
        check(exchange) { [weak self] refusal in
            guard let self, !isAnswered, exchange.isOpen else { return }
            isAnswered = true
            if let refusal {
                counters[.handshakesRefused] += 1
                refused(refusal)
            } else if isClosing {
                refused(HandshakeRefusal("the server is shutting down", status: .serviceUnavailable))
            } else {
                admitted()
            }
        }
        if !isAnswered { exchange.expectAnswer(within: settings.joinTimeout) }
    }

    /// Tells the author of a refused request of Engine.IO.
    func tell(_ refusal: EngineRefusal, _ exchange: HTTPExchange, _ endpoint: EngineEndpoint) {
        guard let refused = endpoint.hooks.refused else { return }
        refused(
            exchange,
            ConnectionFault(
                code: refusal.code, message: refusal.message, context: context(of: refusal, exchange, endpoint)))
    }

    /// What was wrong with a request, as the reference tells it.
    private func context(
        of refusal: EngineRefusal, _ exchange: HTTPExchange, _ endpoint: EngineEndpoint
    ) -> JSONObject {
        let head = exchange.head
        let pairs = (try? HTTPQuery(head.query).pairs) ?? []
        let query = { (name: String) in pairs.last { $0.name == name }.map { JSONValue.string($0.value) } ?? .null }
        switch refusal {
        case .transportUnknown: return ["transport": query("transport")]
        case .sessionUnknown: return ["sid": query("sid")]
        case .badMethod: return ["method": .string(head.method.rawValue)]
        case .forbidden(let message): return ["message": .string(message)]
        case .unsupportedRevision: return ["protocol": query("EIO")]
        case .badRequest:
            if case .malformed = endpoint.origins.verdict(head.fields) {
                let origin = head.fields[values: .origin].joined(separator: ", ")
                return ["name": "INVALID_ORIGIN", "origin": .string(origin)]
            }
            let session = query("sid").string.flatMap { engineSessions.session($0, at: endpoint) }
            if let session, session.transport.name != query("transport").string {
                return [
                    "name": "TRANSPORT_MISMATCH", "transport": query("transport"),
                    "previousTransport": .string(session.transport.name),
                ]
            }
            let isLacking = query("transport") == "websocket" && !head.asksForWebSocket
            return isLacking ? ["name": "TRANSPORT_HANDSHAKE_ERROR"] : [:]
        }
    }

    /// Tells the author of a refused request for a WebSocket.
    func tell(_ message: String, code: Int, _ exchange: HTTPExchange, _ hooks: EndpointHooks) {
        hooks.refused?(
            exchange, ConnectionFault(code: code, message: message, context: ["message": .string(message)]))
    }
}
