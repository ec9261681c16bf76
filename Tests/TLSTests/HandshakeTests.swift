import ByteKit
import Determinism
import TLS
import Testing

@Suite("RFC 8446 §4, RFC 5246 §7.3: handshakes")
struct HandshakeTests {
    enum Cut: CaseIterable { case whole, bytes, random }
    let certificates: Certificates
    let identity: TLSIdentity
    let server: TLSServerContext

    init() throws {
        certificates = try Certificates()
        identity = try certificates.make("server")
        server = try TLSServerContext([identity])
    }

    private func client(_ newest: TLSVersion = .v13) throws -> TLSClientContext {
        try TLSClientContext(trust: .authorities(path: identity.certificateChainPath), newest: newest)
    }

    @Test(arguments: [TLSVersion.v12, .v13], Cut.allCases)
    func `a handshake in any pieces ends with bytes that flow both ways`(_ version: TLSVersion, _ cut: Cut) throws {
        let pair = try Pair(server, client(version))
        #expect(pair.client.isHandshaking && pair.server.isHandshaking)
        let cuts = RandomCuts(seed: 7)
        let size: (Int) -> Int =
            switch cut {
            case .whole: { $0 }
            case .bytes: { _ in 1 }
            case .random: cuts.next
            }
        pair.pipe.run(cut: size)
        #expect(pair.isDone)
        #expect(pair.server.protocolVersion == (version == .v12 ? "TLSv1.2" : "TLSv1.3"))
        #expect(pair.client.cipherSuite == pair.server.cipherSuite)
        #expect(pair.server.serverName == "localhost")
        #expect(pair.server.applicationProtocol == "http/1.1" && pair.client.applicationProtocol == "http/1.1")
        pair.client.send("up")
        pair.server.send("down")
        pair.pipe.run(cut: size)
        #expect(pair.atServer.received == Array("up".utf8))
        #expect(pair.atClient.received == Array("down".utf8))
        #expect(pair.client.error == nil && pair.server.error == nil)
    }
}
