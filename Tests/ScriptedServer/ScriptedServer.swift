import ClientCore
import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import WebSocketCore

/// What a client has sent after its upgrade.
package enum Sent: Equatable {
    case text(String)
    case binary([UInt8])
    case ping
    case pong([UInt8])
    case close(UInt16?)
}

/// The server's end of a byte stream that a test holds in its hands: nothing happens unless the test does it.
package final class ScriptedStream: ByteStream {
    package init() {}

    package var handler: (any ByteStreamHandler)?
    package var isBlocked = false
    /// How the client has closed; nil while it has not.
    package private(set) var closed: StreamCloseManner?
    package private(set) var head: HTTPRequestHead?
    /// How often the client has called `send`.
    package private(set) var sendCount = 0
    /// Whether the client has paused reading.
    package private(set) var isPaused = false
    private var parser = HTTPRequestParser()
    private var receiver = WebSocketReceiver(role: .server, messageBytesMax: 1 << 20)
    private var inbox: [Sent] = []
    /// For the server's end of a connection with compression.
    package let pool = DeflatePool()

    /// The path and query that the client asked for.
    package var target: String? { head.map { $0.query.isEmpty ? $0.path : "\($0.path)?\($0.query)" } }

    /// What it offered of extensions.
    package var extensions: String? { head?.fields[.secWebSocketExtensions] }

    /// The `Host` field that it sent.
    package var host: String? { HTTPField.Name("host").flatMap { head?.fields[$0] } }

    package func pauseReading() { isPaused = true }

    package func resumeReading() { isPaused = false }

    package func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        precondition(!isBlocked, "send on a blocked stream")
        guard closed == nil else { return }
        sendCount += 1
        var all = bytes + shared
        bytes.removeAll()
        var span = all.mutableSpan
        var cursor = 0
        do {
            if head == nil {
                if case .head(let head)? = try parser.next(span.span, at: &cursor) { self.head = head }
            }
            while let event = try receiver.next(&span, at: &cursor) { note(event, span.span) }
        } catch {
            inbox.append(.text("malformed: \(error)"))
        }
    }

    package func close(_ manner: StreamCloseManner) {
        closed = manner
    }

    private func note(_ event: WebSocketEvent, _ bytes: Span<UInt8>) {
        switch event {
        case .text(let message):
            inbox.append(.text(String(decoding: receiver.copy(message, from: bytes), as: UTF8.self)))
        case .binary(let message): inbox.append(.binary(receiver.copy(message, from: bytes)))
        case .ping: inbox.append(.ping)
        case .pong: inbox.append(.pong(receiver.control))
        case .close(let code): inbox.append(.close(code))
        }
    }

    /// What has come since the last call.
    package func takeSent() -> [Sent] {
        defer { inbox = [] }
        return inbox
    }

    /// The binary messages that have come since the last call; the rest is dropped.
    package func takeBinary() -> [[UInt8]] {
        takeSent().compactMap { if case .binary(let bytes) = $0 { bytes } else { nil } }
    }

    // MARK: To the client

    /// Delivers bytes in pieces of that size.
    package func deliver(_ bytes: [UInt8], pieces: Int = .max) {
        var rest = bytes[...]
        while !rest.isEmpty {
            var piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            var span = piece.mutableSpan
            handler?.streamReceived(&span)
        }
    }

    /// Answers the upgrade as a server does.
    package func upgrade(pieces: Int = .max, extensions: PermessageDeflate.Agreement? = nil) {
        guard let head, let handshake = try? WebSocketHandshake.check(head) else { return }
        deliver(handshake.response(extensions: extensions), pieces: pieces)
        guard let extensions else { return }
        receiver = WebSocketReceiver(
            role: .server, messageBytesMax: 1 << 20,
            inflater: MessageInflater(extensions, role: .server, pool: pool))
    }

    /// Answers the upgrade with that field for the extensions, whatever the client has offered.
    package func upgrade(answering extensions: String) {
        guard let head, let handshake = try? WebSocketHandshake.check(head) else { return }
        var fields = HTTPFields()
        fields[.secWebSocketExtensions] = extensions
        deliver(handshake.response(fields: fields))
    }

    package func text(_ text: String, pieces: Int = .max) {
        deliver(WebSocketFrame.framed(.text, Array(text.utf8).span), pieces: pieces)
    }

    package func binary(_ bytes: [UInt8], pieces: Int = .max) {
        deliver(WebSocketFrame.framed(.binary, bytes.span), pieces: pieces)
    }

    package func ping(_ payload: [UInt8] = []) {
        deliver(WebSocketFrame.framed(.ping, payload.span))
    }

    package func closeFrame(_ code: UInt16, _ reason: String = "") {
        var frame: [UInt8] = []
        WebSocketFrame.appendClose(code: code, reason: reason, to: &frame)
        deliver(frame)
    }

    /// The stream is gone for both.
    package func drop() {
        handler?.streamClosed(self)
    }
}

/// Gives out streams, and holds the clock.
package final class ScriptedServer: Dialer {
    package init() {}

    package var now = Instant(nanoseconds: 1_000_000_000)
    package var refusesDials = false
    /// Whether answers to dials wait for ``answerDials()``.
    package var holdsDials = false
    private var held: [() -> Void] = []
    package private(set) var streams: [ScriptedStream] = []

    /// The newest stream; a test that asks has seen a dial.
    package var stream: ScriptedStream { streams[streams.count - 1] }

    package func dial(
        _ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) {
        guard !refusesDials else { return completion(.failure(DialError("refused"))) }
        let stream = ScriptedStream()
        stream.handler = handler
        streams.append(stream)
        guard holdsDials else { return completion(.success(stream)) }
        held.append { completion(.success(stream)) }
    }

    /// Answers the dials that have been held.
    package func answerDials() {
        let answers = held
        held = []
        for answer in answers { answer() }
    }
}
