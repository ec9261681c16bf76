import COpenSSL
import Glibc
import Synchronization

/// The files of one identity of a server.
package struct TLSIdentity: Sendable, Equatable {
    /// A PEM file: the server's certificate first, then what leads to an authority that clients know.
    package var certificateChainPath: String
    /// A PEM file: the private key of the first certificate, not encrypted.
    package var privateKeyPath: String

    /// Names the files; they are read by ``TLSServerContext``.
    package init(certificateChainPath: String, privateKeyPath: String) {
        self.certificateChainPath = certificateChainPath
        self.privateKeyPath = privateKeyPath
    }

    /// Whether every user of the machine may read the private key.
    package var isKeyReadableByAnyone: Bool {
        var status = stat()
        return unsafe stat(privateKeyPath, &status) == 0 && status.st_mode & S_IROTH != 0
    }
}

/// What a server's TLS streams are made from: its certificates and the rules of its handshakes.
///
/// One context serves all loops of a process. TLS 1.2 and 1.3; the client's server name picks the identity (exact, then
/// a wildcard for one label, then the first); of application protocols (RFC 7301) only `http/1.1` is known, and a
/// client that offers others only is refused, as §3.2 asks. Session tickets are on and nothing is kept for them here;
/// renegotiation, compression and early data are off.
package final class TLSServerContext: Sendable {
    private let identities: [TLSIdentity]
    private let current: Mutex<IdentitySet>

    /// Reads the files.
    ///
    /// - Parameter identities: At least one; the first also serves clients that name no server, or one that is not here.
    /// - Throws: ``TLSError/file(path:reason:)`` for the first file that cannot be used, or ``TLSError/setup(reason:)``.
    package init(_ identities: [TLSIdentity]) throws(TLSError) {
        precondition(!identities.isEmpty, "a TLS server needs an identity")
        self.identities = identities
        current = Mutex(try IdentitySet(identities, ticketKeysOf: nil))
    }

    /// Reads the files anew, for the handshakes from now on. Connections that are open live on, and tickets that were
    /// given out still resume.
    ///
    /// It blocks while it reads files. Calls from several threads are fine; the last one to read wins.
    ///
    /// - Throws: As ``init(_:)``. Then nothing has changed and the old certificates stay in use.
    package func reload() throws(TLSError) {
        let next = try IdentitySet(identities, ticketKeysOf: identitySet)
        current.withLock { $0 = next }
    }

    /// The certificates in use, one for each identity.
    package var certificates: [TLSCertificate] { identitySet.certificates }

    /// What a new connection is made from.
    var identitySet: IdentitySet { current.withLock { $0 } }
}

/// The identities of a server as read at one time: an `SSL_CTX` for each. Connections keep the set that they began with.
final class IdentitySet: Sendable {
    let certificates: [TLSCertificate]
    private let contexts: [SecureContext]
    private let names: ServerNames

    /// - Parameter old: Whose ticket keys to go on with.
    init(_ identities: [TLSIdentity], ticketKeysOf old: IdentitySet?) throws(TLSError) {
        var contexts: [SecureContext] = []
        var certificates: [TLSCertificate] = []
        for identity in identities {
            let context = unsafe try SecureContext(method: TLS_server_method())
            certificates.append(try context.serve(identity))
            contexts.append(context)
        }
        self.contexts = contexts
        self.certificates = certificates
        names = ServerNames(certificates.map(\.names))
        if let old { try first.takeTicketKeys(of: old.first) }
        // A set outlives its connections, for they hold it.
        unsafe copenssl_ctx_server_name(
            first.context, onServerName, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The context that every connection begins with.
    var first: SecureContext { contexts[0] }

    /// The context for a name that a client asked for.
    fileprivate func context(for name: String) -> SecureContext? {
        names.identity(for: name).map { contexts[$0] }
    }
}

extension SecureContext {
    /// The application protocols that a server knows, as RFC 7301 §3.1 writes them: `http/1.1`.
    static let protocols: [UInt8] = [8] + Array("http/1.1".utf8)

    /// Sets the context up for one identity of a server.
    fileprivate func serve(_ identity: TLSIdentity) throws(TLSError) -> TLSCertificate {
        let (chainPath, keyPath) = (identity.certificateChainPath, identity.privateKeyPath)
        ErrorQueue.clear()
        guard unsafe SSL_CTX_use_certificate_chain_file(context, chainPath) == 1,
            let certificate = unsafe SSL_CTX_get0_certificate(context)
        else { throw .file(path: chainPath, reason: ErrorQueue.takeFirst().text) }
        // This also finds a key that is not the certificate's.
        guard unsafe SSL_CTX_use_PrivateKey_file(context, keyPath, SSL_FILETYPE_PEM) == 1 else {
            let failure = ErrorQueue.takeFirst()
            // No password is what our callback answers; which words OpenSSL finds for it depends on its version.
            let isEncrypted =
                failure.reason == ERR_R_INTERRUPTED_OR_CANCELLED
                || failure.library == ERR_LIB_PEM && failure.reason == PEM_R_BAD_PASSWORD_READ
            throw .file(
                path: keyPath, reason: isEncrypted ? "the key needs a password; give one without" : failure.text)
        }
        unsafe copenssl_ctx_session_cache(context, SSL_SESS_CACHE_OFF)
        unsafe SSL_CTX_set_alpn_select_cb(context, onProtocols, nil)
        return unsafe TLSCertificate(certificate, path: chainPath)
    }

    fileprivate func takeTicketKeys(of old: SecureContext) throws(TLSError) {
        let length = unsafe copenssl_ctx_ticket_key_length(context)
        let isTaken = unsafe withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) { keys in
            defer { unsafe OPENSSL_cleanse(keys.baseAddress, keys.count) }
            return unsafe copenssl_ctx_ticket_keys(old.context, keys.baseAddress, length) == 1
                && copenssl_ctx_use_ticket_keys(context, keys.baseAddress, length) == 1
        }
        if !isTaken { throw .setup(reason: ErrorQueue.takeFirst().text) }
    }
}

// MARK: Called by OpenSSL within a handshake

/// Chooses the identity by the name that the client asked for (RFC 6066 §3).
private func onServerName(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ set: UnsafeMutableRawPointer?
) -> Int32 {
    guard let set = unsafe set, let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
        return SSL_TLSEXT_ERR_NOACK
    }
    let identities = unsafe Unmanaged<IdentitySet>.fromOpaque(set).takeUnretainedValue()
    // A name that we do not have may be an alias, or an address of a test: the first identity answers.
    guard let context = unsafe identities.context(for: String(cString: name)) else { return SSL_TLSEXT_ERR_NOACK }
    return unsafe SSL_set_SSL_CTX(ssl, context.context) == nil ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK
}

/// Chooses `http/1.1`, or ends the handshake with no_application_protocol (RFC 7301 §3.2).
private func onProtocols(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let chosen = unsafe chosen, let chosenCount = unsafe chosenCount else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    // What is chosen has to outlive the call, so it is a piece of what was offered, which does.
    let offers = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
    var start = 0
    while start < offers.count {
        let end = start + 1 + Int(unsafe offers[start])
        guard end <= offers.count else { break }
        if unsafe offers[start..<end].elementsEqual(SecureContext.protocols) {
            unsafe chosen.pointee = offered?.advanced(by: start + 1)
            unsafe chosenCount.pointee = unsafe offers[start]
            return SSL_TLSEXT_ERR_OK
        }
        start = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
