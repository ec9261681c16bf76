import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import WebSocketCore

/// The answer that turns a request into a WebSocket.
struct WebSocketAnswer {
    /// The whole 101 response.
    var response: [UInt8]
    /// How messages may be compressed, if at all.
    var agreement: PermessageDeflate.Agreement?
}

/// One HTTP request and its answer, which may come later or be streamed.
///
/// Exactly one of ``respond(_:fields:body:compresses:)``, ``upgrade(_:limits:_:)`` and ``beginStream(fields:)`` is called,
/// once; calls after the peer has gone, or after an answer, do nothing.
package final class HTTPExchange {
    /// The request's head.
    package let head: HTTPRequestHead
    /// The request's whole body.
    package internal(set) var body: [UInt8] = []
    /// Fields that every answer to this request carries, such as those of CORS.
    package var answerFields = HTTPFields()
    /// Called when the peer has gone before the answer was whole; nothing can be answered then.
    package var onAbandoned: (() -> Void)?
    /// Called when a streamed answer's bytes have gone after they had to wait.
    package var onDrained: (() -> Void)?

    /// Where the answer goes; nil once it has been given, or the peer has gone.
    private var channel: HTTPChannel?
    private(set) var isStreaming = false

    init(head: HTTPRequestHead, channel: HTTPChannel) {
        self.head = head
        self.channel = channel
    }

    /// Whether an answer is still wanted.
    package var isOpen: Bool { channel != nil }

    /// The client's address: the peer's, or the one that a listed proxy names, without a port.
    package var peer: PeerAddress { channel?.client(of: head) ?? .local }

    /// Whether the request came over TLS.
    package var isSecure: Bool { channel?.isSecure ?? false }

    // MARK: Whole answers

    /// Answers with a body of bytes.
    ///
    /// - Parameter compresses: Whether a body of text or JSON may be compressed for a client that takes it. Say false for
    ///   one that holds a secret beside text that somebody else has chosen: its length would tell of the secret.
    package func respond(
        _ status: HTTPResponse.Status, fields: HTTPFields = [:], body: [UInt8], compresses: Bool = true
    ) {
        guard let channel, !isStreaming else { return }
        self.channel = nil
        onAbandoned = nil
        var (fields, body) = (fields, body)
        for field in answerFields {
            if field.name == .vary { fields.addVary(field.value) } else { fields.append(field) }
        }
        if compresses { channel.server.compress(&body, fields: &fields, for: head) }
        let answer = HTTPWriter.response(
            status, fields: fields, body: body, connection: head.keepsAlive ? .keepAlive : .close,
            isForHead: head.method == .head)
        channel.answered(answer, keepsAlive: head.keepsAlive)
    }

    /// Answers with a line of plain text, which nobody keeps.
    package func respond(_ status: HTTPResponse.Status, text: String? = nil, fields: HTTPFields = [:]) {
        var fields = fields
        fields[.contentType] = "text/plain; charset=utf-8"
        if !fields.contains(.cacheControl) { fields[.cacheControl] = "no-store" }
        respond(status, fields: fields, body: Array(((text ?? status.reasonPhrase) + "\n").utf8))
    }

    /// Answers with JSON, which nobody keeps unless the fields say so.
    package func respond(
        _ status: HTTPResponse.Status = .ok, json: JSONValue, fields: HTTPFields = [:], compresses: Bool = true
    ) {
        var body: [UInt8] = []
        json.write(to: &body)
        body.append(UInt8(ascii: "\n"))
        var fields = fields
        fields[.contentType] = "application/json"
        if !fields.contains(.cacheControl) { fields[.cacheControl] = "no-store" }
        respond(status, fields: fields, body: body, compresses: compresses)
    }

    /// Answers with bytes made elsewhere, and closes when they say so.
    func respond(raw answer: [UInt8], keepsAlive: Bool) {
        guard let channel, !isStreaming else { return }
        self.channel = nil
        onAbandoned = nil
        channel.answered(answer, keepsAlive: keepsAlive)
    }

    // MARK: Waiting

    /// Somebody else decides about the request; when that takes longer, it is answered 503.
    func expectAnswer(within time: Interval) { channel?.expectAnswer(within: time) }

    // MARK: Upgrades

    /// Becomes a WebSocket.
    func upgrade(_ answer: WebSocketAnswer, limits: SessionLimits, _ makeSession: (WebSocketTransport) -> Session) {
        guard let channel, !isStreaming else { return }
        self.channel = nil
        onAbandoned = nil
        channel.upgrade(answer, limits: limits, makeSession)
    }

    // MARK: Streamed answers

    /// Begins an answer without a known length: its end is the connection's.
    package func beginStream(fields: HTTPFields) {
        guard let channel, !isStreaming else { return }
        isStreaming = true
        var fields = fields
        fields.append(contentsOf: answerFields)
        channel.streamed(HTTPWriter.streamHead(.ok, fields: fields))
        if head.method == .head { endStream() }
    }

    /// Sends a part of the streamed answer. An array that is sent to many is not copied, unless another follows it in the
    /// same turn.
    package func stream(_ bytes: [UInt8]) {
        guard isStreaming else { return }
        channel?.streamed(bytes)
    }

    /// Whether the peer has not read what was streamed before, and how much waits behind that.
    package var streamBacklog: (bytes: Int, isBlocked: Bool) { channel?.backlog ?? (0, false) }

    /// Ends a streamed answer, behind what was streamed.
    package func endStream() {
        guard let channel, isStreaming else { return }
        self.channel = nil
        onAbandoned = nil
        onDrained = nil
        channel.streamEnded(self)
    }

    // MARK: The channel's side

    func drained() { onDrained?() }

    func abandon() {
        channel = nil
        let onAbandoned = onAbandoned
        self.onAbandoned = nil
        onDrained = nil
        onAbandoned?()
    }
}
