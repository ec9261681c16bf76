import COpenSSL

/// The machine of one connection: an `SSL`. Ciphertext in and plaintext out, and the reverse, through the buffers of
/// its workspace; no I/O of its own.
@safe final class SecureChannel {
    /// What a client's or a server's side of the connection is.
    enum Role {
        case server(IdentitySet)
        /// - Parameter name: Whom we want to speak to: a host name or an IP address.
        case client(TLSClientContext, name: String)
    }

    /// What became of received bytes.
    enum Outcome {
        /// All was used up; more is needed.
        case needsMore
        /// The workspace is full of plaintext, and there may be more.
        case isFull
        /// The peer has said that it sends no more (RFC 8446 §6.1).
        case ended
        /// The connection has failed; an alert for the peer may wait in the workspace.
        case failed(TLSError)
    }

    /// How much a client may send for its handshake: a ClientHello with everything takes 2 KiB.
    static let clientHandshakeBytesMax = 16 * 1024
    /// How much a server may send for it: it has a chain of certificates to show.
    static let serverHandshakeBytesMax = 64 * 1024

    /// Whether nothing can be encrypted or decrypted yet.
    private(set) var isHandshaking = true
    private let ssl: OpaquePointer
    /// What the `SSL` refers to, held as long.
    private let role: Role
    private var workspace: TLSWorkspace
    private var handshakeBytesLeft: Int

    init(_ role: Role, in workspace: TLSWorkspace) throws(TLSError) {
        ErrorQueue.clear()
        let context =
            switch role {
            case .server(let identities): identities.first
            case .client(let client, _): client.context
            }
        guard let ssl = unsafe SSL_new(context.context) else { throw .setup(reason: ErrorQueue.takeFirst().text) }
        guard let end = unsafe workspace.makeEnd() else {
            unsafe SSL_free(ssl)
            throw .setup(reason: ErrorQueue.takeFirst().text)
        }
        unsafe SSL_set_bio(ssl, end, end)
        unsafe self.ssl = ssl
        self.role = role
        self.workspace = workspace
        switch role {
        case .server:
            handshakeBytesLeft = Self.clientHandshakeBytesMax
            unsafe SSL_set_accept_state(ssl)
        case .client(let client, let name):
            handshakeBytesLeft = Self.serverHandshakeBytesMax
            unsafe SSL_set_connect_state(ssl)
            try prepare(client, for: name)
        }
    }

    deinit {
        // Else the session of a connection that was cut could not be resumed, which is when it is needed. After a fatal
        // alert OpenSSL has forbidden that already.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(ssl)
    }

    /// Sets up a client: whom to ask for, whom to accept, what to resume.
    private func prepare(_ client: TLSClientContext, for name: String) throws(TLSError) {
        unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        let flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
        unsafe SSL_set_hostflags(ssl, UInt32(flags))
        // An address is compared with the certificate's addresses, and never asked for by name (RFC 6066 §3).
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1 {
            ErrorQueue.clear()
            guard unsafe SSL_set1_host(ssl, name) == 1, unsafe copenssl_ssl_server_name(ssl, name) == 1 else {
                throw .setup(reason: ErrorQueue.takeFirst().text)
            }
        }
        if let session = client.session(for: name) { unsafe SSL_set_session(ssl, session.session) }
    }

    /// Keeps what the server gave for resuming. False for a server's own side.
    func keep(_ session: TLSSession) -> Bool {
        guard case .client(let client, let name) = role else { return false }
        client.keep(session, for: name)
        return true
    }

    /// Uses the buffers of another loop from now on, on whose thread this is called.
    func move(to workspace: TLSWorkspace) {
        self.workspace = workspace
        unsafe workspace.take(SSL_get_rbio(ssl))
    }

    // MARK: Bytes

    /// Begins a client's handshake: its first message is in the workspace afterwards.
    func start() -> TLSError? {
        ErrorQueue.clear()
        let result = unsafe SSL_do_handshake(ssl)
        return unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? nil : failure()
    }

    /// Decrypts `bytes` from `cursor` on into the workspace, or goes on with the handshake.
    ///
    /// - Returns: How many bytes of plaintext there are now, also when the connection then ended or failed.
    func receive(_ bytes: inout MutableSpan<UInt8>, at cursor: inout Int) -> (plaintextCount: Int, outcome: Outcome) {
        ErrorQueue.clear()
        var count = 0
        var position = cursor
        let outcome = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> Outcome in
            let received = UnsafeRawBufferPointer(buffer)
            while unsafe count < workspace.plaintext.count {
                var readCount = 0
                var result: Int32 = 0
                let space = unsafe UnsafeMutableBufferPointer(rebasing: workspace.plaintext[count...])
                let lentCount = min(received.count - position, isHandshaking ? handshakeBytesLeft : received.count)
                let lent = unsafe UnsafeRawBufferPointer(rebasing: received[position..<(position + lentCount)])
                let used = unsafe workspace.lend(lent) {
                    result = unsafe SSL_read_ex(ssl, space.baseAddress, space.count, &readCount)
                }
                position += used
                if isHandshaking {
                    handshakeBytesLeft -= used
                    isHandshaking = unsafe SSL_is_init_finished(ssl) == 0
                }
                if result == 1 {
                    count += readCount
                    continue
                }
                switch unsafe SSL_get_error(ssl, result) {
                case SSL_ERROR_WANT_READ where position == received.count: return .needsMore
                case SSL_ERROR_WANT_READ where isHandshaking: return .failed(.handshakeTooLong)
                case SSL_ERROR_WANT_READ: continue
                case SSL_ERROR_ZERO_RETURN: return .ended
                default: return .failed(failure())
                }
            }
            return .isFull
        }
        cursor = position
        return (count, outcome)
    }

    /// Encrypts `bytes` into the workspace. Not while handshaking.
    func encrypt(_ bytes: [UInt8]) -> TLSError? {
        guard !bytes.isEmpty else { return nil }
        ErrorQueue.clear()
        var writtenCount = 0
        // All or nothing: our end takes whatever it is given.
        let isWritten = unsafe SSL_write_ex(ssl, bytes, bytes.count, &writtenCount) == 1
        return isWritten ? nil : failure()
    }

    /// Puts a close_notify into the workspace: nothing more will be sent (RFC 8446 §6.1). Not while handshaking.
    func finish() {
        ErrorQueue.clear()
        if unsafe SSL_shutdown(ssl) < 0 { ErrorQueue.clear() }
    }

    /// What went wrong in the call before.
    private func failure() -> TLSError {
        let failure = ErrorQueue.takeFirst()
        guard isHandshaking else { return .record(reason: failure.text) }
        guard failure.library == ERR_LIB_SSL else { return .handshake(reason: failure.text) }
        switch failure.reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER: return .notTLS
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            let result = unsafe SSL_get_verify_result(ssl)
            return .certificate(reason: unsafe String(cString: X509_verify_cert_error_string(result)))
        default: return .handshake(reason: failure.text)
        }
    }
}

// MARK: What was agreed on

extension SecureChannel {
    /// The version of the protocol, like `TLSv1.3`.
    var protocolVersion: String { unsafe String(cString: SSL_get_version(ssl)) }

    /// The cipher suite, like `TLS_AES_128_GCM_SHA256`.
    var cipherSuite: String? {
        guard let cipher = unsafe SSL_get_current_cipher(ssl) else { return nil }
        return unsafe String(cString: SSL_CIPHER_get_name(cipher))
    }

    /// The name that the client asked for.
    var serverName: String? {
        unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
    }

    /// The protocol above, by RFC 7301.
    var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard count > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Whether an earlier session was resumed.
    var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }
}
