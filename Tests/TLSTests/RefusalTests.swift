import ByteKit
import COpenSSL
import TLS
import Testing

@Suite("RFC 9325: what a server refuses")
struct RefusalTests {
    let certificates: Certificates
    let server: TLSServerContext
    let pipe = Pipe()
    let recorder = Recorder()

    init() throws {
        certificates = try Certificates()
        server = try TLSServerContext([certificates.make("server")])
    }

    private func startServer() throws -> TLSStream {
        let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
        stream.handler = recorder
        stream.start()
        return stream
    }

    struct Offer: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]

        init(_ name: String, _ bytes: [UInt8]) {
            testDescription = name
            self.bytes = bytes
        }

        static let weak = [
            Offer("SSLv3", clientHello(version: 0x0300)),
            Offer("TLS 1.0", clientHello(version: 0x0301)),
            Offer("TLS 1.1", clientHello(version: 0x0302)),
            Offer("RC4", clientHello(suites: [0xC007, 0xC011, 0x0005])),
            Offer("3DES", clientHello(suites: [0xC008, 0xC012, 0x000A])),
            Offer("CBC only", clientHello(suites: [0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC024, 0xC027, 0xC028])),
            Offer("static RSA", clientHello(suites: [0x009C, 0x009D, 0x002F])),
            Offer("finite-field DHE", clientHello(suites: [0x009E, 0x009F])),
            Offer("null", clientHello(suites: [0xC006, 0xC010, 0x0001, 0x003B])),
            Offer("export", clientHello(suites: [0x0003, 0x0008, 0x0014])),
            Offer("anonymous", clientHello(suites: [0xC018, 0x00A6, 0x0034])),
            Offer("SHA-1 only", clientHello(signatures: [0x0203, 0x0201])),
            Offer("compression only", clientHello(compression: [1])),
            Offer("no group of ours", clientHello(groups: [25, 14])),
        ]
    }

    @Test(arguments: Offer.weak) func `a weak offer gets one alert and the end`(_ offer: Offer) throws {
        let stream = try startServer()
        pipe.client.inject(offer.bytes)
        let alert = run()
        #expect(alert.count == 7 && alert.first == 21 && alert[5] == 2, "one fatal alert: \(alert)")
        guard case .handshake = stream.error else {
            Issue.record("\(String(describing: stream.error))")
            return
        }
        #expect(stream.isHandshaking && pipe.server.closed == .afterSending)
    }

    @Test func `the same hello with what we have is answered`() throws {
        let stream = try startServer()
        pipe.client.inject(clientHello())
        #expect(run().first == 22)
        #expect(stream.error == nil && pipe.server.closed == nil)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n", "\0\0\0\0\0\0\0\0",
        "CONNECT a:1 HTTP/1.1\r\n\r\n", "\u{80}.\u{1}\u{0}\u{2}\u{0}\u{15}\u{0}\u{0}\u{0}\u{10}",
    ])
    func `bytes that are not TLS end the connection with one alert at most`(_ text: String) throws {
        let stream = try startServer()
        pipe.client.inject(Array(text.utf8))
        let answer = run()
        #expect(answer.isEmpty || (answer.count == 7 && answer.first == 21), "\(answer)")
        #expect(stream.error != nil && pipe.server.closed == .afterSending)
        #expect(recorder.deliveries == 0)
    }

    @Test func `plain HTTP is told from a failed handshake`() throws {
        let stream = try startServer()
        pipe.client.inject(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        _ = run()
        #expect(stream.error == .notTLS)
    }

    @Test func `every prefix of a ClientHello is waited for, then FIN ends it`() throws {
        let hello = clientHello()
        for count in 0..<hello.count {
            let pipe = Pipe()
            let recorder = Recorder()
            let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
            stream.handler = recorder
            stream.start()
            pipe.client.inject(Array(hello[..<count]))
            pipe.run { _ in 1 }
            #expect(stream.isHandshaking && stream.error == nil && pipe.server.closed == nil)
            pipe.client.close(.afterSending)
            pipe.run()
            #expect(recorder.endedCount == 1)
            stream.close(.afterSending)
            pipe.run()
            #expect(recorder.closedCount == 1)
        }
    }

    /// A ClientHello may say that it has up to 16 MiB; 131 KiB is what OpenSSL itself would wait for.
    @Test(arguments: [1_000, 16_000]) func `a handshake of more than 16 KiB is cut off`(_ pieceByteCount: Int) throws {
        let stream = try startServer()
        let announced: [UInt8] = [1, 1, 0, 0, 3, 3]
        for index in 0..<40 {
            let piece =
                (index == 0 ? announced : []) + [UInt8](repeating: 0, count: pieceByteCount - (index == 0 ? 6 : 0))
            pipe.client.inject([22, 3, 1, UInt8(piece.count >> 8), UInt8(piece.count & 0xFF)] + piece)
        }
        _ = run()
        #expect(stream.error == .handshakeTooLong)
        #expect(pipe.server.closed == .afterSending)
    }

    @Test func `a server name of 16 KB and floods of empty records end the connection`() throws {
        let long = 15_000
        let name = [0, UInt8(long >> 8), UInt8(long & 0xFF)] + [UInt8](repeating: 97, count: long)
        var hello = clientHello()
        // The extension goes to the end; the four lengths around it grow.
        let list = [UInt8(name.count >> 8), UInt8(name.count & 0xFF)] + name
        let added = [0, 0, UInt8(list.count >> 8), UInt8(list.count & 0xFF)] + list
        for offset in [3, 7, 9 + 34 + 1 + 6 + 2 - 1] {
            let length = Int(hello[offset]) << 8 + Int(hello[offset + 1]) + added.count
            hello[offset] = UInt8(length >> 8)
            hello[offset + 1] = UInt8(length & 0xFF)
        }
        for bytes in [hello + added, [UInt8](repeatElement([22, 3, 3, 0, 0], count: 3_000).joined())] {
            let pipe = Pipe()
            let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
            stream.handler = Recorder()
            stream.start()
            pipe.client.inject(bytes)
            pipe.run()
            #expect(stream.error != nil && pipe.server.closed == .afterSending)
        }
    }

    @Test func `TLS 1.2 renegotiation is refused and the connection goes on`() throws {
        let stream = try startServer()
        let client = unsafe try RawClient(pipe.client) { context in
            unsafe SSL_CTX_set_security_level(context, 1)
            _ = unsafe copenssl_ctx_versions(context, TLS1_2_VERSION, TLS1_2_VERSION)
        }
        client.handshake()
        pipe.run()
        #expect(!stream.isHandshaking)
        let before = pipe.server.sentByteCount
        #expect(unsafe SSL_renegotiate(client.ssl) == 1)
        client.handshake()
        pipe.run()
        // no_renegotiation: one encrypted alert, and no ServerHello with its certificate.
        #expect(pipe.server.sentByteCount - before < 64 && pipe.server.sentByteCount > before)
        #expect(stream.cipherSuite != nil && recorder.deliveries == 0)
    }

    @Test func `early data is refused, and replayed as little`() throws {
        let session = unsafe try ticket()
        defer { unsafe SSL_SESSION_free(session) }
        #expect(unsafe SSL_SESSION_get_max_early_data(session) == 0, "the ticket allows none")
        // A client that tries all the same.
        _ = unsafe SSL_SESSION_set_max_early_data(session, 1_000)
        let stream = try startServer()
        let client = unsafe try RawClient(pipe.client) { context in
            _ = unsafe SSL_CTX_set_max_early_data(context, 1_000)
        }
        _ = unsafe SSL_set_session(client.ssl, session)
        var written = 0
        #expect(unsafe SSL_write_early_data(client.ssl, "replay", 6, &written) == 1)
        client.flush()
        let recorded = pipe.client.takeUnderWay()
        pipe.client.inject(recorded)
        pipe.run()
        #expect(recorder.received.isEmpty)
        client.handshake()
        pipe.run()
        client.send("after")
        pipe.run()
        #expect(recorder.received == Array("after".utf8))
        #expect(unsafe SSL_get_early_data_status(client.ssl) == SSL_EARLY_DATA_REJECTED)
        #expect(stream.isResumed)

        let replay = Pipe()
        let other = Recorder()
        let victim = try TLSStream(replay.server, server: server, workspace: TLSWorkspace())
        victim.handler = other
        victim.start()
        replay.client.inject(recorded)
        replay.run()
        #expect(other.received.isEmpty && victim.isHandshaking)
    }

    @Test func `a peer that demands key updates and reads nothing is cut off`() throws {
        let stream = try startServer()
        let client = unsafe try RawClient(pipe.client)
        client.handshake()
        pipe.run()
        pipe.server.capacity = 100
        for _ in 0..<1_500 {
            _ = unsafe SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED)
            _ = unsafe SSL_do_handshake(client.ssl)
        }
        client.flush()
        let bytes = pipe.client.takeUnderWay()
        deliver(bytes, to: stream)
        #expect(stream.error == .answersUnread)
        #expect(pipe.server.closed == .now)
    }

    private func deliver(_ bytes: [UInt8], to stream: TLSStream) {
        for start in stride(from: 0, to: bytes.count, by: 1_000) {
            var piece = Array(bytes[start..<min(start + 1_000, bytes.count)])
            var span = piece.mutableSpan
            stream.streamReceived(&span)
        }
    }

    /// A session that a client got from the server.
    private func ticket() throws -> OpaquePointer {
        let pipe = Pipe()
        let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
        stream.handler = Recorder()
        stream.start()
        let client = unsafe try RawClient(pipe.client)
        client.handshake()
        pipe.run()
        return unsafe try #require(SSL_get1_session(client.ssl))
    }

    /// Delivers what is there, and answers with what the server has sent.
    private func run() -> [UInt8] {
        let sink = Recorder()
        pipe.client.handler = sink
        pipe.run()
        return sink.received
    }
}
