import TLS
import Testing

@Suite("Certificates are read anew while connections live")
struct ReloadTests {
    let certificates: Certificates

    init() throws { certificates = try Certificates() }

    @Test func `new handshakes get the new certificate and old connections live on`() throws {
        let identity = try certificates.make("server", days: 10)
        let server = try TLSServerContext([identity])
        let before = server.certificates
        let old = try Pair(server, TLSClientContext(trust: .authorities(path: identity.certificateChainPath)))
        old.pipe.run()
        let half = try Pair(server, TLSClientContext(trust: .authorities(path: identity.certificateChainPath)))

        try certificates.make("server", kind: .rsa, days: 20)
        try server.reload()
        #expect(server.certificates[0].expiresAtUnixSeconds - before[0].expiresAtUnixSeconds > 9 * 86_400)
        let new = try Pair(server, TLSClientContext(trust: .authorities(path: identity.certificateChainPath)))
        new.pipe.run()
        #expect(new.isDone)
        old.client.send("still there")
        old.pipe.run()
        #expect(old.atServer.received == Array("still there".utf8))
        // A handshake that had begun ends with what it began with.
        half.pipe.run()
        #expect(half.isDone)
    }

    enum Fault: CaseIterable { case noFile, noChain, garbage, otherKey, encryptedKey, noKey, weakKey }

    @Test(arguments: Fault.allCases)
    func `a file that cannot be used is named, and the old one stays`(_ fault: Fault) throws {
        let identity = try certificates.make("server")
        let server = try TLSServerContext([identity])
        let before = server.certificates
        let old = try TLSClientContext(trust: .authorities(path: identity.certificateChainPath))
        let (chain, key) = (identity.certificateChainPath, identity.privateKeyPath)
        let expected: TLSError
        switch fault {
        case .noFile:
            try certificates.remove("server.pem")
            expected = .file(path: chain, reason: "No such file or directory")
        case .noChain:
            try certificates.write("", to: "server.pem")
            expected = .file(path: chain, reason: "no start line")
        case .garbage:
            try certificates.write("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", to: "server.pem")
            expected = .file(path: chain, reason: "bad base64 decode")
        case .otherKey:
            try certificates.make("other")
            try certificates.copy("other.key", to: "server.key")
            expected = .file(path: key, reason: "key values mismatch")
        case .encryptedKey:
            try certificates.make("server", password: "secret")
            expected = .file(path: key, reason: "the key needs a password; give one without")
        case .noKey:
            try certificates.remove("server.key")
            expected = .file(path: key, reason: "No such file or directory")
        case .weakKey:
            try certificates.make("server", kind: .weakRSA)
            expected = .file(path: chain, reason: "ee key too small")
        }
        #expect(throws: expected) { try server.reload() }
        #expect(throws: expected) { _ = try TLSServerContext([identity]) }
        #expect(server.certificates == before)
        #expect("\(expected)".contains(fault == .noFile ? "server.pem: No such file" : "server."))
        let pair = try Pair(server, old)
        pair.pipe.run()
        #expect(pair.isDone)
    }
}
