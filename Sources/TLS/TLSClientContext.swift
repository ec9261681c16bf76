import COpenSSL
import Synchronization

/// What a client's TLS streams are made from: whom it trusts, and the sessions that it can resume.
///
/// One context serves all loops of a process.
package final class TLSClientContext: Sendable {
    /// Whom a client trusts.
    package enum Trust: Sendable, Equatable {
        /// The authorities of the system.
        case system
        /// The authorities, or self-signed certificates, in a PEM file; no others.
        case authorities(path: String)
        /// Everybody: for tests on one machine, never over a network.
        case anyone
    }

    let context: SecureContext
    /// Whether a server has to prove who it is.
    package let isVerifying: Bool
    private let sessions = Mutex(SessionStore())

    /// Sets up a client.
    ///
    /// - Parameter newest: The newest version of the protocol to offer.
    /// - Throws: ``TLSError/file(path:reason:)`` for authorities that cannot be read, or ``TLSError/setup(reason:)``.
    package init(trust: Trust = .system, newest: TLSVersion = .v13) throws(TLSError) {
        context = unsafe try SecureContext(method: TLS_client_method(), newest: newest)
        isVerifying = trust != .anyone
        unsafe SSL_CTX_set_verify(context.context, isVerifying ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        switch trust {
        case .anyone: break
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(context.context) == 1 else {
                throw .setup(reason: ErrorQueue.takeFirst().text)
            }
        case .authorities(let path):
            guard unsafe SSL_CTX_load_verify_file(context.context, path) == 1 else {
                throw .file(path: path, reason: ErrorQueue.takeFirst().text)
            }
        }
        let protocols = SecureContext.protocols
        guard unsafe SSL_CTX_set_alpn_protos(context.context, protocols, UInt32(protocols.count)) == 0 else {
            throw .setup(reason: ErrorQueue.takeFirst().text)
        }
        unsafe copenssl_ctx_session_cache(context.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL)
        unsafe SSL_CTX_sess_set_new_cb(context.context, onNewSession)
    }

    /// The session to resume with a server, if there is one.
    func session(for name: String) -> TLSSession? {
        sessions.withLock { $0.session(for: name) }
    }

    /// Keeps the newest session with a server.
    func keep(_ session: TLSSession, for name: String) {
        sessions.withLock { $0.keep(session, for: name) }
    }
}

/// A session that can be resumed: an `SSL_SESSION`.
///
/// `@unchecked Sendable` holds because OpenSSL changes a session no more once it has handed it out, and counts its users
/// atomically.
@safe final class TLSSession: @unchecked Sendable {
    let session: OpaquePointer

    /// Takes over a reference.
    init(owning session: OpaquePointer) {
        unsafe self.session = session
    }

    deinit {
        unsafe SSL_SESSION_free(session)
    }
}

/// The newest session with each of a bounded number of servers.
struct SessionStore {
    static let serversMax = 64
    private var sessions: [String: TLSSession] = [:]

    func session(for name: String) -> TLSSession? { sessions[name] }

    /// With too many servers all sessions go: the next handshakes are full ones and no more is lost.
    mutating func keep(_ session: TLSSession, for name: String) {
        if sessions.count >= Self.serversMax, sessions[name] == nil { sessions.removeAll() }
        sessions[name] = session
    }
}

/// The server gave a ticket: with TLS 1.3 that is after the handshake (RFC 8446 §4.6.1). OpenSSL keeps the session
/// alive for us when the answer is 1.
private func onNewSession(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
    guard let session = unsafe session, let owner = unsafe SSL_get_ex_data(ssl, 0) else { return 0 }
    let channel = unsafe Unmanaged<SecureChannel>.fromOpaque(owner).takeUnretainedValue()
    return channel.keep(unsafe TLSSession(owning: session)) ? 1 : 0
}
