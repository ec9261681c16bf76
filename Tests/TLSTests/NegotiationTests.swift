import ByteKit
import COpenSSL
import TLS
import Testing

@Suite("RFC 6066 §3, RFC 7301, RFC 8446 §2.2: names, protocols, sessions, trust")
struct NegotiationTests {
    let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private static func connect(_ pair: Pair) -> Pair {
        pair.pipe.run()
        return pair
    }

    @Test(arguments: [
        ("a.example", 0), ("A.Example", 0), ("x.b.example", 1), ("y.x.b.example", 0), ("b.example", 0),
        ("exact.b.example", 2), ("unknown.example", 0), ("127.0.0.1", 0),
    ])
    func `the server name picks the identity: exact, one label's wildcard, else the first`(
        _ name: String, _ expected: Int
    ) throws {
        let identities = [
            try certificates.make("0", for: ["a.example", "127.0.0.1"]),
            try certificates.make("1", for: ["*.b.example"]),
            try certificates.make("2", for: ["exact.b.example"], kind: .rsa),
        ]
        let server = try TLSServerContext(identities)
        #expect(server.certificates.map(\.names) == [["a.example"], ["*.b.example"], ["exact.b.example"]])
        for (index, identity) in identities.enumerated() {
            let client = try TLSClientContext(trust: .authorities(path: identity.certificateChainPath))
            let pair = Self.connect(try Pair(server, client, name: name))
            let isKnown = !["y.x.b.example", "b.example", "unknown.example"].contains(name)
            #expect(pair.isDone == (index == expected && isKnown), "\(index)")
            guard !pair.isDone else { continue }
            guard case .certificate = pair.client.error else {
                Issue.record("\(String(describing: pair.client.error))")
                continue
            }
        }
    }

    @Test func `a certificate of another name, of nobody known, or out of date is refused, unless anyone is trusted`()
        throws
    {
        let other = try certificates.make("other", for: ["other.example"])
        let old = try certificates.make("old", days: -1)
        let good = try certificates.make("good")
        for (identity, authority, reason) in [
            (other, other, "hostname mismatch"), (good, other, "self-signed certificate"),
            (old, old, "certificate has expired"),
        ] {
            let server = try TLSServerContext([identity])
            let trusting = try TLSClientContext(trust: .authorities(path: authority.certificateChainPath))
            let refused = Self.connect(try Pair(server, trusting))
            #expect(refused.client.error == .certificate(reason: reason))
            #expect(refused.atClient.closedCount == 1 && refused.atServer.closedCount == 1)
            guard case .handshake = refused.server.error else {
                // With TLS 1.3 the server may be done before the client's alert arrives.
                guard case .record = refused.server.error else {
                    Issue.record("\(String(describing: refused.server.error))")
                    continue
                }
                continue
            }
        }
        let anyone = Self.connect(try Pair(try TLSServerContext([other]), try TLSClientContext(trust: .anyone)))
        #expect(anyone.isDone)
    }

    @Test(arguments: [("http/1.1", true), ("h2,http/1.1", true), ("h2", false), ("", true), ("http/1.0,spdy/1", false)])
    func `http/1.1 is agreed on; offers without it are refused; none is fine`(_ offer: String, _ isGood: Bool) throws {
        let server = try TLSServerContext([certificates.make("server")])
        let pipe = Pipe()
        let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
        stream.handler = Recorder()
        stream.start()
        let list = offer.split(separator: ",").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let client = unsafe try RawClient(pipe.client) { context in
            if !list.isEmpty { _ = unsafe SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) }
        }
        client.handshake()
        pipe.run()
        #expect(stream.isHandshaking == !isGood)
        #expect(client.hasFailed == !isGood)
        #expect(stream.applicationProtocol == (isGood && !list.isEmpty ? "http/1.1" : nil))
        if !isGood { #expect(stream.error == .handshake(reason: "no application protocol")) }
    }

    @Test(arguments: [TLSVersion.v12, .v13])
    func `a reconnect resumes the session, also after a reload`(_ version: TLSVersion) throws {
        let identity = try certificates.make("server")
        let server = try TLSServerContext([identity])
        let client = try TLSClientContext(trust: .authorities(path: identity.certificateChainPath), newest: version)
        let resumed = try (0..<4).map { round in
            if round == 3 { try server.reload() }
            let pair = Self.connect(try Pair(server, client))
            #expect(pair.isDone && pair.client.isResumed == pair.server.isResumed)
            return pair.server.isResumed
        }
        #expect(resumed == [false, true, true, true])
    }

    @Test func `a session survives a connection that was cut without a word`() throws {
        let identity = try certificates.make("server")
        let server = try TLSServerContext([identity])
        let client = try TLSClientContext(trust: .authorities(path: identity.certificateChainPath))
        for round in 0..<3 {
            let pair = Self.connect(try Pair(server, client))
            #expect(pair.client.isResumed == (round > 0))
            // As when the socket fails: the streams only hear that it is closed.
            pair.pipe.client.close(.now)
            pair.pipe.server.close(.now)
            pair.pipe.run()
            #expect(pair.atClient.closedCount == 1)
        }
    }

    @Test func `sessions belong to the name they were made with`() throws {
        let identity = try certificates.make("server", for: ["one.example", "two.example"])
        let server = try TLSServerContext([identity])
        let client = try TLSClientContext(trust: .authorities(path: identity.certificateChainPath))
        let resumed = try ["one.example", "two.example", "one.example"].map {
            Self.connect(try Pair(server, client, name: $0)).client.isResumed
        }
        #expect(resumed == [false, false, true])
    }

    @Test func `a name that cannot be one is refused before anything is sent`() throws {
        let client = try TLSClientContext(trust: .anyone)
        let end = PipeEnd()
        #expect(throws: TLSError.self) {
            try TLSStream(end, client: client, name: String(repeating: "a", count: 300), workspace: TLSWorkspace())
        }
        #expect(end.sentByteCount == 0)
    }
}
