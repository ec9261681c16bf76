import ByteKit
import COpenSSL
import Determinism
import TLS
import Testing

@Suite("A TLS stream keeps the contract of a byte stream")
struct StreamTests {
    let certificates: Certificates
    let server: TLSServerContext
    let client: TLSClientContext

    init() throws {
        certificates = try Certificates()
        let identity = try certificates.make("server")
        server = try TLSServerContext([identity])
        client = try TLSClientContext(trust: .authorities(path: identity.certificateChainPath))
    }

    private func connected() throws -> Pair {
        let pair = try Pair(server, client)
        pair.pipe.run()
        #expect(pair.isDone && pair.atClient.drainedCount == 0 && pair.atServer.drainedCount == 0)
        return pair
    }

    private static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    @Test func `both arrays of a send arrive in order, and a small send is one record and one inner send`() throws {
        let pair = try connected()
        var bytes: [UInt8] = [1, 2, 3]
        let (sends, sent) = (pair.pipe.server.sendCount, pair.pipe.server.sentByteCount)
        pair.server.send(&bytes, then: [4, 5])
        #expect(bytes.isEmpty)
        #expect(pair.pipe.server.sendCount - sends == 1)
        #expect(pair.pipe.server.sentByteCount - sent == 5 + 22)
        pair.pipe.run()
        #expect(pair.atClient.received == [1, 2, 3, 4, 5])
        for (first, second) in [(0, 40_000), (40_000, 0), (10, 20_000), (20_000, 20_000), (16_384, 1), (0, 0)] {
            pair.atClient.received = []
            let all = Self.pattern(first + second)
            var bytes = Array(all[..<first])
            pair.server.send(&bytes, then: Array(all[first...]))
            pair.pipe.run()
            #expect(pair.atClient.received == all && bytes.isEmpty)
        }
    }

    @Test(arguments: [UInt64](0..<8)) func `large transfers both ways through a narrow kernel, in random pieces`(
        _ seed: UInt64
    ) throws {
        let pair = try Pair(server, client)
        let random = RandomCuts(seed: seed)
        pair.pipe.client.capacity = 2_000
        pair.pipe.server.capacity = 700
        let all = Self.pattern(300_000)
        let feeds = [(pair.client as any ByteStream, pair.atClient), (pair.server, pair.atServer)].map {
            stream, recorder in
            var position = 0
            let feed = {
                while !stream.isBlocked, position < all.count {
                    let end = min(all.count, position + random.next(0) * 20)
                    var bytes = Array(all[position..<((position + end) / 2)])
                    stream.send(&bytes, then: Array(all[((position + end) / 2)..<end]))
                    position = end
                }
                if position == all.count, !stream.isBlocked {
                    position += 1
                    stream.close(.afterSending)
                }
            }
            recorder.onDrained = feed
            return feed
        }
        for feed in feeds { feed() }
        #expect(pair.client.isBlocked && pair.server.isBlocked, "the first send waits for the handshake")
        // Whoever is done first closes, and discards what the other still sends.
        pair.pipe.run(cut: random.next)
        let received = [pair.atServer.received, pair.atClient.received]
        #expect(received.contains(all), "seed \(seed)")
        for bytes in received { #expect(all.starts(with: bytes), "seed \(seed)") }
        #expect(pair.atClient.closedCount == 1 && pair.atServer.closedCount == 1)
        #expect(pair.client.error == nil && pair.server.error == nil, "seed \(seed)")
    }

    @Test func `what is sent before the handshake is done waits, blocks, and is drained once`() throws {
        let pair = try Pair(server, client)
        pair.client.send("early")
        pair.server.send("bird")
        #expect(pair.client.isBlocked && pair.server.isBlocked)
        pair.pipe.run()
        #expect(pair.atServer.received == Array("early".utf8) && pair.atClient.received == Array("bird".utf8))
        #expect(!pair.client.isBlocked && pair.atClient.drainedCount == 1 && pair.atServer.drainedCount == 1)
    }

    @Test func `what waited for the handshake may then wait for the kernel, and is drained once it has gone`() throws {
        let pair = try Pair(server, client)
        pair.pipe.client.capacity = 100
        pair.client.send([UInt8](repeating: 1, count: 10_000))
        pair.pipe.run()
        #expect(pair.atServer.received.count == 10_000)
        #expect(pair.atClient.drainedCount == 1 && pair.atClient.drainedWhileBlockedCount == 0)
    }

    @Test func `what TLS itself answers while the kernel is full goes out with the drain`() throws {
        let pipe = Pipe()
        let recorder = Recorder()
        let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
        stream.handler = recorder
        stream.start()
        let raw = unsafe try RawClient(pipe.client)
        raw.handshake()
        pipe.run()
        pipe.server.capacity = 10
        stream.send("before")
        #expect(stream.isBlocked)
        // New keys for what the server sends, from its answer on (RFC 8446 §4.6.3). OpenSSL answers one when the next comes.
        for _ in 0..<3 {
            #expect(unsafe SSL_key_update(raw.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
            raw.handshake()
        }
        raw.send("ask")
        var question = pipe.client.takeUnderWay()
        var span = question.mutableSpan
        stream.streamReceived(&span)
        #expect(recorder.received == Array("ask".utf8))
        pipe.run()
        stream.send("after")
        pipe.run()
        #expect(raw.received == Array("beforeafter".utf8) && !raw.hasFailed)
        #expect(recorder.drainedWhileBlockedCount == 0)
    }

    @Test func `after a blocked send there is one drain, when the last byte has gone`() throws {
        let pair = try connected()
        pair.pipe.server.capacity = 10
        pair.server.send("a")
        #expect(pair.server.isBlocked && pair.atServer.drainedCount == 0)
        pair.pipe.run()
        #expect(!pair.server.isBlocked && pair.atServer.drainedCount == 1)
        #expect(pair.atClient.received == Array("a".utf8))
    }

    @Test func `what one read brings is delivered in one call`() throws {
        let pair = try connected()
        for byte in 0..<100 { pair.client.send([UInt8(byte)]) }
        pair.pipe.run()
        #expect(pair.atServer.received == (0..<100).map(UInt8.init))
        #expect(pair.atServer.deliveries == 1)
    }

    @Test func `a read that holds more plaintext than the buffer is delivered in several calls`() throws {
        let pair = try connected()
        let all = Self.pattern(500_000)
        pair.client.send(all)
        pair.pipe.run()
        #expect(pair.atServer.received == all && pair.atServer.deliveries > 1)
    }

    @Test func `pausing holds back the peer's bytes and its end`() throws {
        let pair = try connected()
        pair.server.pauseReading()
        pair.client.send("held")
        pair.client.close(.afterSending)
        pair.pipe.run()
        #expect(pair.atServer.received.isEmpty && pair.atServer.endedCount == 0)
        pair.server.resumeReading()
        pair.pipe.run()
        #expect(pair.atServer.received == Array("held".utf8) && pair.atServer.endedCount == 1)
    }

    @Test func `a handler may send, close and start others while bytes are lent to it`() throws {
        let pair = try connected()
        let other = try Pair(server, client)
        other.pipe.run()
        pair.atServer.onReceived = {
            other.server.send("from inside")
            pair.server.send("answer")
            pair.server.close(.afterSending)
            pair.server.send("ignored")
        }
        for _ in 0..<3 { pair.client.send([UInt8](repeating: 1, count: 50_000)) }
        pair.pipe.run()
        other.pipe.run()
        #expect(pair.atServer.deliveries == 1)
        #expect(pair.atClient.received == Array("answer".utf8) && pair.atClient.endedCount == 1)
        #expect(other.atClient.received == Array("from inside".utf8))
    }

    @Test func `a forged byte ends the connection with an alert, after what came before it`() throws {
        let pair = try connected()
        pair.client.send("good")
        pair.client.send("bad")
        var bytes = pair.pipe.client.takeUnderWay()
        bytes[bytes.count - 1] ^= 1
        pair.pipe.client.inject(bytes)
        pair.pipe.run()
        #expect(pair.atServer.received == Array("good".utf8))
        guard case .record = pair.server.error, case .record = pair.client.error else {
            Issue.record("\(String(describing: pair.server.error)) \(String(describing: pair.client.error))")
            return
        }
        #expect(pair.atServer.closedCount == 1 && pair.atClient.closedCount == 1)
    }
}
