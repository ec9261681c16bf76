import ByteKit
import Crypto
package import HTTPCore
package import HTTPTypes

/// Why an opening handshake was refused, by either side (RFC 6455 §4).
package enum WebSocketHandshakeError: Error, Equatable, Sendable {
    /// Not a GET.
    case method
    /// No `Upgrade: websocket`: an ordinary request to a WebSocket's path.
    case upgrade
    /// No `Connection: Upgrade`.
    case connection
    /// `Sec-WebSocket-Version` is missing or not 13.
    case version
    /// `Sec-WebSocket-Key` is missing, repeated, or not 16 bytes in base64.
    case key
    /// `Sec-WebSocket-Protocol` is not a list of different tokens, or of more than 32.
    case subprotocol
    /// The request has a body.
    case body
    /// A server's answer is not 101, or its `Sec-WebSocket-Accept` is not of our nonce.
    case notAccepted
    /// `Sec-WebSocket-Extensions` breaks its grammar, or a server's answer names what was not offered.
    case extensions

    /// The status of the refusal; 502 where it was the server's answer that was wrong.
    package var status: HTTPResponse.Status {
        switch self {
        case .method: .methodNotAllowed
        case .upgrade, .version: .upgradeRequired
        case .connection, .key, .subprotocol, .extensions, .body: .badRequest
        case .notAccepted: .badGateway
        }
    }

    /// The whole answer to a refused request, with the fields that its status asks for. The connection closes.
    package func response() -> [UInt8] {
        var fields = HTTPFields()
        switch self {
        case .method:
            fields[.allow] = "GET"
        case .upgrade, .version:
            // RFC 9110 §15.5.22 and RFC 6455 §4.4.
            fields[.upgrade] = "websocket"
            fields[.secWebSocketVersion] = WebSocketHandshake.version
        case .connection, .key, .subprotocol, .extensions, .body, .notAccepted:
            break
        }
        return HTTPWriter.response(
            status, fields: fields, text: status.reasonPhrase,
            connection: fields.contains(.upgrade) ? .upgradeThenClose : .close)
    }
}

/// The server's side of the opening handshake (RFC 6455 §4.2).
package struct WebSocketHandshake: Sendable, Equatable {
    /// The one version there is.
    static let version = "13"
    private static let subprotocolsMax = 32

    /// What the client offers, in its order of preference.
    package let subprotocols: [String]
    /// The offers of permessage-deflate that break no rule, in the client's order: what
    /// ``PermessageDeflate/agreement(for:)`` chooses from. Other extensions are not looked at.
    package let offers: [PermessageDeflate.Offer]
    private let accept: String

    /// Checks that a request asks for a WebSocket as §4.2.1 says.
    ///
    /// - Throws: Answer with ``WebSocketHandshakeError/response()`` and close.
    package static func check(_ head: HTTPRequestHead) throws(WebSocketHandshakeError) -> WebSocketHandshake {
        let fields = head.fields
        guard head.method == .get else { throw .method }
        guard fields.hasToken("websocket", in: .upgrade) else { throw .upgrade }
        guard fields.hasToken("upgrade", in: .connection) else { throw .connection }
        guard fields[values: .secWebSocketVersion] == [version] else { throw .version }
        let keys = fields[values: .secWebSocketKey]
        guard keys.count == 1, let accept = acceptValue(forKey: keys[0]) else { throw .key }
        guard let subprotocols = fields.tokens(in: .secWebSocketProtocol),
            subprotocols.count <= subprotocolsMax, Set(subprotocols).count == subprotocols.count
        else { throw .subprotocol }
        guard (fields[.contentLength] ?? "0") == "0", !fields.contains(.transferEncoding) else { throw .body }
        let offers = try ExtensionParameters.read(fields[values: .secWebSocketExtensions])
            .filter { $0.isDeflate && $0.isValid }
            .map(PermessageDeflate.Offer.init)
        return WebSocketHandshake(subprotocols: subprotocols, offers: offers, accept: accept)
    }

    /// The 101 response (§4.2.2). Frames may follow it at once.
    ///
    /// - Parameters:
    ///   - subprotocol: One of ``subprotocols``, or nil for none.
    ///   - extensions: What has been agreed to of ``offers``, or nil for none.
    ///   - fields: More fields, such as cookies.
    package func response(
        subprotocol: String? = nil, extensions: PermessageDeflate.Agreement? = nil, fields: HTTPFields = [:]
    ) -> [UInt8] {
        var fields = fields
        fields[.upgrade] = "websocket"
        fields[.secWebSocketAccept] = accept
        if let subprotocol {
            precondition(subprotocols.contains(subprotocol), "a subprotocol that the client did not offer")
            fields[.secWebSocketProtocol] = subprotocol
        }
        if let extensions { fields[.secWebSocketExtensions] = extensions.fieldValue }
        return HTTPWriter.response(.switchingProtocols, fields: fields, connection: .upgrade)
    }

    /// `Sec-WebSocket-Accept` for a key (§4.2.2), nil where the key is not 16 bytes in base64.
    static func acceptValue(forKey key: String) -> String? {
        var bytes = Array(key.utf8)
        guard bytes.count == 24, Base64.decode(bytes.span)?.count == 16 else { return nil }
        bytes.append(contentsOf: "258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        let digest = Array(Insecure.SHA1.hash(data: bytes))
        return String(decoding: Base64.encode(digest), as: UTF8.self)
    }
}

/// The client's side of the opening handshake (RFC 6455 §4.1).
package struct WebSocketClientHandshake: Sendable {
    /// What a server has agreed to.
    package struct Answer: Sendable, Equatable {
        /// The subprotocol that it chose among ours.
        package var subprotocol: String?
        /// How messages may be compressed, if at all.
        package var extensions: PermessageDeflate.Agreement?

        /// An answer, for a test; nothing agreed where nothing is said.
        package init(subprotocol: String? = nil, extensions: PermessageDeflate.Agreement? = nil) {
            self.subprotocol = subprotocol
            self.extensions = extensions
        }
    }

    private let key: String
    private let subprotocols: [String]
    private let deflate: PermessageDeflate?

    /// Begins with a nonce of 16 bytes that the caller draws at random.
    ///
    /// - Parameters:
    ///   - subprotocols: What to offer, in order of preference; tokens.
    ///   - deflate: How to offer compression, or nil not to.
    package init(nonce: [UInt8], subprotocols: [String] = [], deflate: PermessageDeflate? = nil) {
        precondition(nonce.count == 16, "a handshake's nonce has 16 bytes")
        key = String(decoding: Base64.encode(nonce), as: UTF8.self)
        self.subprotocols = subprotocols
        self.deflate = deflate
    }

    /// The request.
    ///
    /// - Throws: For a target or host that no server would take.
    package func request(
        target: String, host: String, fields: HTTPFields = [:]
    ) throws(HTTPError) -> [UInt8] {
        var fields = fields
        fields[.upgrade] = "websocket"
        fields[.connection] = "Upgrade"
        fields[.secWebSocketVersion] = WebSocketHandshake.version
        fields[.secWebSocketKey] = key
        if !subprotocols.isEmpty { fields[.secWebSocketProtocol] = subprotocols.joined(separator: ", ") }
        if let deflate { fields[.secWebSocketExtensions] = deflate.offer }
        return try HTTPWriter.request(.get, target: target, host: host, fields: fields)
    }

    /// Checks the server's answer, and returns what it agreed to.
    package func check(_ head: HTTPResponseHead) throws(WebSocketHandshakeError) -> Answer {
        let fields = head.fields
        guard head.status.code == 101 else { throw .notAccepted }
        guard fields.hasToken("websocket", in: .upgrade) else { throw .upgrade }
        guard fields.hasToken("upgrade", in: .connection) else { throw .connection }
        guard let accept = WebSocketHandshake.acceptValue(forKey: key),
            fields[values: .secWebSocketAccept] == [accept]
        else { throw .notAccepted }
        let extensions = fields[values: .secWebSocketExtensions]
        guard deflate != nil || extensions.isEmpty else { throw .extensions }
        guard let chosen = fields.tokens(in: .secWebSocketProtocol), chosen.count <= 1,
            chosen.allSatisfy(subprotocols.contains)
        else { throw .subprotocol }
        return Answer(subprotocol: chosen.first, extensions: try deflate?.agreement(answeredBy: extensions))
    }
}
