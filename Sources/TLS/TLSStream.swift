import ByteKit

/// A byte stream that is encrypted on its way through another one.
///
/// Plaintext is delivered out of the workspace's buffer, all that one read of the inner stream has brought in one call.
/// What is sent becomes records and one `send` of the inner stream. Bytes may be sent before the handshake is done; they
/// wait for it, and ``isBlocked`` is true meanwhile. The handshake has no deadline here: ``isHandshaking`` tells the
/// owner, who has the clock.
///
/// When the peer breaks TLS, it gets the alert that is due, ``error`` is set and the stream closes by itself.
package final class TLSStream: ByteStream {
    /// Who receives what happens; to be set before ``start()``.
    package var handler: (any ByteStreamHandler)?
    /// What ended the stream, or cut it short, if something did.
    package private(set) var error: TLSError?

    private let inner: any ByteStream
    private let channel: SecureChannel
    private let workspace: TLSWorkspace
    private var phase = Phase.open
    /// What has come since the stream was to be closed.
    private var dropped = ClosingInput()
    /// Plaintext that waits for the end of the handshake: one call's.
    private var early: [UInt8] = []
    /// Ciphertext that TLS itself made while the inner stream was blocked.
    private var held: [UInt8] = []
    /// Whether the handler knows that the peer has finished.
    private var hasEnded = false

    /// How much ciphertext may wait in ``held``. A flight of the handshake is smaller; beyond that only a peer gets that
    /// demands answers and reads none.
    static let heldBytesMax = 16 * 1024
    /// The most plaintext of one record (RFC 8446 §5.1).
    private static let recordBytesMax = 16 * 1024

    private enum Phase {
        case open
        /// To be closed once what is pending can go; input is discarded but for the handshake's.
        case finishing
        /// The inner stream was told to close, or is closed.
        case closed
    }

    /// The server's end of a connection.
    ///
    /// - Parameters:
    ///   - inner: A stream that nothing was read from yet. This stream becomes its handler in ``start()``.
    ///   - workspace: The one of the inner stream's loop.
    /// - Throws: ``TLSError/setup(reason:)`` when OpenSSL has no memory; the inner stream is left as it was.
    package convenience init(
        _ inner: any ByteStream, server: TLSServerContext, workspace: TLSWorkspace
    ) throws(TLSError) {
        try self.init(inner, .server(server.identitySet), workspace)
    }

    /// A client's end of a connection.
    ///
    /// - Parameters:
    ///   - inner: A connected stream that nothing was read from yet. This stream becomes its handler in ``start()``.
    ///   - name: Whom to speak to, a host name or an IP address: it is asked for, and its certificate must have it.
    ///   - workspace: The one of the inner stream's loop.
    /// - Throws: ``TLSError/setup(reason:)`` for a name that cannot be one; the inner stream is left as it was.
    package convenience init(
        _ inner: any ByteStream, client: TLSClientContext, name: String, workspace: TLSWorkspace
    ) throws(TLSError) {
        try self.init(inner, .client(client, name: name), workspace)
    }

    private init(_ inner: any ByteStream, _ role: SecureChannel.Role, _ workspace: TLSWorkspace) throws(TLSError) {
        self.inner = inner
        self.workspace = workspace
        channel = try SecureChannel(role, in: workspace)
        isClient = if case .client = role { true } else { false }
    }

    /// Goes on with a connection that was detached on another loop, on whose thread this is called.
    ///
    /// - Parameters:
    ///   - inner: The stream that was made of ``DetachedTLSStream/inner``. This stream is its handler.
    ///   - workspace: The one of the inner stream's loop.
    package init(_ detached: DetachedTLSStream, over inner: any ByteStream, workspace: TLSWorkspace) {
        self.inner = inner
        self.workspace = workspace
        channel = detached.channel
        hasEnded = detached.hasEnded
        isClient = false
        channel.move(to: workspace)
        inner.handler = self
    }

    /// Whether ``start()`` is to send the first message of a handshake.
    private let isClient: Bool

    /// Takes the inner stream over, which may then start reading; a client also sends its first message.
    package func start() {
        precondition(handler != nil, "a stream needs a handler before it starts")
        inner.handler = self
        guard isClient else { return }
        let error = channel.start()
        flush()
        if let error { fail(error) }
    }

    /// Whether the peers still agree on keys: nothing was received, and what is sent waits.
    package var isHandshaking: Bool { channel.isHandshaking }

    /// Whether bytes of an earlier send wait for the handshake or the kernel.
    package var isBlocked: Bool { inner.isBlocked || !early.isEmpty }

    /// What the peer did wrong, if that ended the stream; a peer that just went did nothing wrong.
    package var failure: String? { error == .truncated ? nil : error?.description }

    /// Stops delivering; see ``ByteStream/pauseReading()``. The handshake then stands still as well.
    package func pauseReading() { inner.pauseReading() }

    /// Goes on delivering; see ``ByteStream/resumeReading()``.
    package func resumeReading() { inner.resumeReading() }

    // MARK: Sending

    /// Encrypts `bytes` and then `shared` and sends them; see ``ByteStream/send(_:then:)``.
    ///
    /// `bytes` keeps up to 16 KiB of capacity for its next use.
    package func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        if phase == .open, bytes.count + shared.count > 0 {
            precondition(!isBlocked, "send on a stream that is blocked")
            if channel.isHandshaking {
                early = bytes + shared
            } else {
                encrypt(&bytes, then: shared)
            }
        }
        if bytes.capacity <= Self.recordBytesMax {
            bytes.removeAll(keepingCapacity: true)
        } else {
            bytes = []
        }
    }

    private func encrypt(_ bytes: inout [UInt8], then shared: [UInt8]) {
        var error: TLSError?
        // A record costs 22 bytes and a round of the cipher, so what fits into one goes into one.
        if bytes.isEmpty {
            error = channel.encrypt(shared)
        } else if shared.count <= Self.recordBytesMax - min(bytes.count, Self.recordBytesMax) {
            bytes.append(contentsOf: shared)
            error = channel.encrypt(bytes)
        } else {
            error = channel.encrypt(bytes) ?? channel.encrypt(shared)
        }
        flush()
        if let error { fail(error) }
    }

    /// Hands on what was encrypted, or holds it while the inner stream is blocked.
    private func flush() {
        guard !workspace.ciphertext.isEmpty else { return }
        if !inner.isBlocked {
            inner.send(&workspace.ciphertext, then: [])
        } else {
            held.append(contentsOf: workspace.ciphertext)
            workspace.ciphertext.removeAll(keepingCapacity: true)
        }
    }

    /// Sends what has waited, now that it can go, and tells the handler, or closes.
    private func settle() {
        guard phase != .closed, !inner.isBlocked else { return }
        if !held.isEmpty {
            inner.send(&held, then: [])
            held = []
        }
        if !channel.isHandshaking, !early.isEmpty, !inner.isBlocked {
            var bytes = early
            early = []
            encrypt(&bytes, then: [])
        }
        guard !isBlocked else { return }
        switch phase {
        case .open: handler?.streamDrained(self)
        case .finishing: finish()
        case .closed: break
        }
    }

    // MARK: Closing

    /// Closes the stream; see ``ByteStream/close(_:)``.
    ///
    /// The peer gets our close_notify, unless something that was sent is discarded: then it shall notice.
    package func close(_ manner: StreamCloseManner) {
        switch (manner, phase) {
        case (.afterSending, .open) where hasEnded && channel.isHandshaking,
            (.afterSendingLast, .open) where hasEnded && channel.isHandshaking:
            // What waits for the handshake can never be encrypted.
            close(.now)
        // After the last message there is still our close_notify, which the peer may answer: no need to hurry.
        case (.afterSending, .open), (.afterSendingLast, .open):
            phase = .finishing
            // A handshake that nothing waits for need not be finished; one that is waited for must not be paused.
            if isBlocked { inner.resumeReading() } else { finish() }
        case (.afterSending, _), (.afterSendingLast, _):
            break
        case (.now, .closed):
            inner.close(.now)
        case (.now, _):
            if !isBlocked, !channel.isHandshaking {
                channel.finish()
                flush()
            }
            phase = .closed
            inner.close(.now)
        }
    }

    /// Nothing is pending: says so, and closes the inner stream.
    private func finish() {
        if !channel.isHandshaking {
            channel.finish()
            flush()
        }
        phase = .closed
        inner.close(.afterSending)
    }

    /// Takes the connection off its loop, with the state of TLS; see ``ByteStream/detach()``.
    package func detach() -> (any DetachedStream)? {
        guard phase == .open, !isBlocked, !isHandshaking, let inner = inner.detach() else { return nil }
        phase = .closed
        handler = nil
        return DetachedTLSStream(channel, inner, hasEnded: hasEnded)
    }

    private func fail(_ error: TLSError) {
        guard phase != .closed else { return }
        self.error = error
        phase = .closed
        early = []
        held = []
        // The alert is on its way; to a peer that does not read it is not worth the wait.
        inner.close(inner.isBlocked ? .now : .afterSending)
    }
}

// MARK: What the inner stream tells

extension TLSStream: ByteStreamHandler {
    /// Ciphertext has arrived.
    package func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        // Decrypting is what it costs to find the peer's end behind all that.
        if phase == .finishing, !dropped.drop(bytes.count) { return close(.now) }
        var cursor = 0
        while phase != .closed {
            let wasHandshaking = channel.isHandshaking
            let (count, outcome) = channel.receive(&bytes, at: &cursor)
            precondition(!workspace.isLent, "reads of one loop's streams nest")
            workspace.isLent = true
            flush()
            if wasHandshaking, !channel.isHandshaking, !early.isEmpty { settle() }
            deliver(count)
            workspace.isLent = false
            if held.count > Self.heldBytesMax { fail(.answersUnread) }
            switch outcome {
            case .needsMore: return
            case .isFull: continue
            case .ended: return end()
            case .failed(let error): return fail(error)
            }
        }
    }

    /// Lends the first `count` bytes of plaintext to the handler.
    private func deliver(_ count: Int) {
        guard count > 0, phase == .open, !hasEnded, let handler else { return }
        var plaintext = unsafe MutableSpan(_unsafeElements: workspace.plaintext.extracting(0..<count))
        handler.streamReceived(&plaintext)
    }

    /// The peer sends no more.
    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        switch phase {
        case .open: handler?.streamEnded(self)
        // The handshake that our last bytes wait for will not be finished any more.
        case .finishing: if channel.isHandshaking { close(.now) }
        case .closed: break
        }
    }

    /// The inner stream can be sent to again.
    package func streamDrained(_ stream: any ByteStream) {
        settle()
    }

    /// The peer's FIN. Without a close_notify before it something may be missing, and ``error`` says so.
    package func streamEnded(_ stream: any ByteStream) {
        if !hasEnded, phase == .open { error = .truncated }
        end()
    }

    /// The inner stream is closed.
    package func streamClosed(_ stream: any ByteStream) {
        phase = .closed
        let handler = handler
        self.handler = nil
        handler?.streamClosed(self)
    }
}

// MARK: For logs

extension TLSStream {
    /// The version of the protocol that is spoken, like `TLSv1.3`; nil while handshaking.
    package var protocolVersion: String? { isHandshaking ? nil : channel.protocolVersion }

    /// The cipher suite, like `TLS_AES_128_GCM_SHA256`; nil while handshaking.
    package var cipherSuite: String? { isHandshaking ? nil : channel.cipherSuite }

    /// The server name that the client asked for, if it did. It is the client's word: check it before you use it.
    package var serverName: String? { channel.serverName }

    /// The application protocol that was agreed on (RFC 7301), if one was.
    package var applicationProtocol: String? { isHandshaking ? nil : channel.applicationProtocol }

    /// Whether an earlier session was resumed, so that no certificate was shown.
    package var isResumed: Bool { !isHandshaking && channel.isResumed }
}
