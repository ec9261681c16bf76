import COpenSSL
import Foundation
import TLS
import Testing

/// Certificates that are made anew for each run, in a folder that goes with its object: there is no key in the repository.
final class Certificates {
    enum Kind: CaseIterable { case ecdsa, rsa, weakRSA }

    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func copy(_ name: String, to other: String) throws {
        try remove(other)
        try FileManager.default.copyItem(atPath: path(name), toPath: path(other))
    }

    /// Writes `name.pem` and `name.key`: self-signed, for the names given.
    @discardableResult func make(
        _ name: String, for names: [String] = ["localhost"], kind: Kind = .ecdsa, days: Int = 365,
        password: String? = nil
    ) throws -> TLSIdentity {
        let key = unsafe try Self.makeKey(kind)
        defer { unsafe EVP_PKEY_free(key) }
        let certificate = unsafe try Self.makeCertificate(key, names: names, days: days)
        defer { unsafe X509_free(certificate) }
        let identity = TLSIdentity(
            certificateChainPath: path("\(name).pem"), privateKeyPath: path("\(name).key"))
        let file = unsafe BIO_new_file(identity.certificateChainPath, "w")
        defer { unsafe BIO_free(file) }
        let keyFile = unsafe BIO_new_file(identity.privateKeyPath, "w")
        defer { unsafe BIO_free(keyFile) }
        try unsafe check(PEM_write_bio_X509(file, certificate))
        var secret = (password ?? "").utf8CString
        let cipher = unsafe password == nil ? nil : EVP_aes_128_cbc()
        try unsafe secret.withUnsafeMutableBufferPointer { secret in
            try unsafe check(
                PEM_write_bio_PKCS8PrivateKey(
                    keyFile, key, cipher, secret.baseAddress, Int32(secret.count - 1), nil, nil))
        }
        return identity
    }

    private static func makeKey(_ kind: Kind) throws -> OpaquePointer {
        let generator = unsafe EVP_PKEY_CTX_new_id(kind == .ecdsa ? EVP_PKEY_EC : EVP_PKEY_RSA, nil)
        defer { unsafe EVP_PKEY_CTX_free(generator) }
        try unsafe check(EVP_PKEY_keygen_init(generator))
        switch kind {
        case .ecdsa: try unsafe check(EVP_PKEY_CTX_set_group_name(generator, "P-256"))
        case .rsa: try unsafe check(EVP_PKEY_CTX_set_rsa_keygen_bits(generator, 2048))
        case .weakRSA: try unsafe check(EVP_PKEY_CTX_set_rsa_keygen_bits(generator, 1024))
        }
        var key: OpaquePointer?
        try unsafe check(EVP_PKEY_generate(generator, &key))
        return unsafe try #require(key)
    }

    private static func makeCertificate(_ key: OpaquePointer, names: [String], days: Int) throws -> OpaquePointer {
        let certificate = unsafe try #require(X509_new())
        try unsafe check(X509_set_version(certificate, 2))
        try unsafe check(ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), Int64.random(in: 1...(1 << 62))))
        _ = unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -86_400)
        _ = unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400)
        let subject = unsafe X509_get_subject_name(certificate)
        try unsafe check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, "only for tests", -1, -1, 0))
        try unsafe check(X509_set_issuer_name(certificate, subject))
        try unsafe check(X509_set_pubkey(certificate, key))
        let alternatives = names.map {
            $0.contains(":") || $0.allSatisfy { $0.isNumber || $0 == "." } ? "IP:\($0)" : "DNS:\($0)"
        }
        for (kind, value) in [
            (NID_subject_alt_name, alternatives.joined(separator: ",")), (NID_basic_constraints, "critical,CA:TRUE"),
        ] {
            let entry = unsafe X509V3_EXT_conf_nid(nil, nil, kind, value)
            defer { unsafe X509_EXTENSION_free(entry) }
            try unsafe check(X509_add_ext(certificate, entry, -1))
        }
        guard unsafe X509_sign(certificate, key, EVP_sha256()) > 0 else { throw Failure() }
        return unsafe certificate
    }

    private struct Failure: Error {}

    private static func check(_ result: Int32) throws {
        if result != 1 { throw Failure() }
    }

    private func check(_ result: Int32) throws { try Self.check(result) }
}
