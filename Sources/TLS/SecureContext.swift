import COpenSSL

/// A version of the protocol that is spoken here (RFC 5246, RFC 8446).
package enum TLSVersion: Sendable {
    /// TLS 1.2.
    case v12
    /// TLS 1.3.
    case v13

    var number: Int32 {
        switch self {
        case .v12: TLS1_2_VERSION
        case .v13: TLS1_3_VERSION
        }
    }
}

/// One `SSL_CTX` with what servers and clients have in common: versions, suites, groups, modes.
///
/// `@unchecked Sendable` holds because the context is set up by whoever made it, before another thread can see it, and
/// from then on only read by us; OpenSSL locks what it changes inside by itself.
@safe final class SecureContext: @unchecked Sendable {
    let context: OpaquePointer

    /// Mozilla's intermediate choice: authenticated encryption with forward secrecy only. The peer's preference rules,
    /// for it knows whether it has AES in hardware.
    private static let suitesOf12 = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
        ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let suitesOf13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"
    /// 112 bits and no SHA-1, whatever the distribution's own configuration says.
    private static let securityLevel: Int32 = 2

    init(method: OpaquePointer?, newest: TLSVersion = .v13) throws(TLSError) {
        ErrorQueue.clear()
        guard let context = unsafe SSL_CTX_new(method) else { throw .setup(reason: ErrorQueue.takeFirst().text) }
        unsafe self.context = context
        unsafe SSL_CTX_set_security_level(context, Self.securityLevel)
        unsafe copenssl_ctx_options(context)
        unsafe copenssl_ctx_modes(context)
        // Whoever has an encrypted key is told so, instead of being asked on a terminal that nobody sees.
        unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
        guard
            unsafe copenssl_ctx_versions(context, TLS1_2_VERSION, newest.number) == 1,
            unsafe SSL_CTX_set_cipher_list(context, Self.suitesOf12) == 1,
            unsafe SSL_CTX_set_ciphersuites(context, Self.suitesOf13) == 1,
            unsafe copenssl_ctx_groups(context, Self.groups) == 1
        else { throw .setup(reason: ErrorQueue.takeFirst().text) }
    }

    deinit {
        unsafe SSL_CTX_free(context)
    }
}
