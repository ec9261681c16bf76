/// How far the closing handshake of one connection has come (RFC 6455 §7.1).
///
/// Each side sends one close frame. When both have, the server closes the transport; a deadline of the owner's covers
/// a peer that never answers.
package struct WebSocketClosing: Sendable, Equatable {
    /// Whether our close frame has been sent: nothing may be sent after it (§5.5.1).
    package private(set) var hasSent = false
    /// Whether the peer's has come.
    package private(set) var hasReceived = false

    /// An open connection.
    package init() {}

    /// Whether both frames have gone and the transport can be closed.
    package var isComplete: Bool { hasSent && hasReceived }

    /// Notes that we send a close frame now. False where one has gone already: then none may be sent.
    package mutating func send() -> Bool {
        defer { hasSent = true }
        return !hasSent
    }

    /// Notes the peer's close frame. True where ours is still owed, which is then sent at once, with the same code
    /// (§5.5.1).
    package mutating func receive() -> Bool {
        hasReceived = true
        return send()
    }
}
