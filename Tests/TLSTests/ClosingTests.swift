import ByteKit
import COpenSSL
import Glibc
import Synchronization
import TLS
import Testing

@Suite("RFC 8446 §6.1: closing in every order")
struct ClosingTests {
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
        return pair
    }

    @Test(arguments: [StreamCloseManner.afterSending, .now])
    func `a close says so: the peer ends without an error`(_ manner: StreamCloseManner) throws {
        let pair = try connected()
        pair.client.send("last")
        pair.client.close(manner)
        pair.client.close(manner)
        pair.pipe.run()
        #expect(pair.atServer.received == Array("last".utf8))
        #expect(pair.atServer.endedCount == 1 && pair.server.error == nil)
        pair.server.close(.afterSending)
        pair.pipe.run()
        #expect(pair.atServer.closedCount == 1 && pair.atClient.closedCount == 1)
        #expect(pair.atClient.endedCount == 0, "nothing more is told to who has closed, but the end of all")
    }

    @Test func `a FIN without close_notify is an end that was cut short`() throws {
        let pair = try connected()
        pair.client.send("half of it")
        pair.pipe.client.close(.afterSending)
        pair.pipe.run()
        #expect(pair.atServer.received == Array("half of it".utf8))
        #expect(pair.atServer.endedCount == 1 && pair.server.error == .truncated)
    }

    @Test func `after the peer's close_notify we may still send`() throws {
        let pipe = Pipe()
        let recorder = Recorder()
        let stream = try TLSStream(pipe.server, server: server, workspace: TLSWorkspace())
        stream.handler = recorder
        recorder.onEnded = {
            stream.send("the answer")
            stream.close(.afterSending)
        }
        stream.start()
        let raw = unsafe try RawClient(pipe.client)
        raw.handshake()
        pipe.run()
        _ = unsafe SSL_shutdown(raw.ssl)
        raw.flush()
        pipe.run()
        #expect(raw.received == Array("the answer".utf8) && raw.hasEnded && !raw.hasFailed)
        #expect(unsafe SSL_get_shutdown(raw.ssl) == SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        #expect(stream.error == nil)
    }

    @Test(arguments: [ClosingInput.bytesMax - 300_000, ClosingInput.bytesMax + 300_000])
    func `what comes while a close waits for the kernel is dropped up to a bound`(_ count: Int) throws {
        let pair = try connected()
        pair.pipe.server.capacity = 100
        pair.pipe.client.pauseReading()
        pair.server.send([UInt8](repeating: 5, count: 100_000))
        pair.server.close(.afterSending)
        pair.client.send([UInt8](repeating: 6, count: count))
        pair.pipe.run(cut: { min($0, 65_536) })
        #expect(pair.pipe.server.closed == (count < ClosingInput.bytesMax ? nil : .now))
        #expect(pair.atServer.received.isEmpty)
    }

    @Test func `a close while the kernel is full waits for it, then says so`() throws {
        let pair = try connected()
        pair.pipe.server.capacity = 100
        let bytes = [UInt8](repeating: 5, count: 100_000)
        pair.server.send(bytes)
        pair.server.close(.afterSending)
        #expect(pair.pipe.server.closed == nil)
        pair.pipe.run()
        #expect(pair.atClient.received == bytes && pair.atClient.endedCount == 1 && pair.client.error == nil)
        #expect(pair.atServer.drainedCount == 0 && pair.atServer.closedCount == 0)
        pair.client.close(.afterSending)
        pair.pipe.run()
        #expect(pair.atServer.closedCount == 1)
    }

    @Test func `discarding what is pending says nothing, so the peer notices`() throws {
        let pair = try connected()
        pair.pipe.server.capacity = 100
        pair.server.send([UInt8](repeating: 5, count: 1_000))
        pair.server.close(.now)
        pair.pipe.run()
        #expect(pair.atClient.received.isEmpty && pair.client.error == .truncated)
        #expect(pair.atServer.closedCount == 1)
    }

    @Test func `now after afterSending takes effect`() throws {
        let pair = try connected()
        pair.pipe.server.capacity = 100
        pair.server.send([UInt8](repeating: 5, count: 1_000))
        pair.server.close(.afterSending)
        pair.server.close(.now)
        #expect(pair.pipe.server.closed == .now)
        pair.pipe.run()
        #expect(pair.atServer.closedCount == 1)
    }

    @Test func `closing during the handshake: what waits is still sent; what can never be sent is not waited for`()
        throws
    {
        let patient = try Pair(server, client)
        patient.client.send("after all")
        patient.client.close(.afterSending)
        patient.pipe.run()
        #expect(patient.atServer.received == Array("after all".utf8) && patient.atServer.endedCount == 1)

        let idle = try Pair(server, client)
        idle.server.close(.afterSending)
        #expect(idle.pipe.server.closed == .afterSending)

        for closesFirst in [true, false] {
            let lost = try Pair(server, client)
            lost.client.send("never")
            if closesFirst { lost.client.close(.afterSending) }
            lost.pipe.server.close(.now)
            lost.pipe.run()
            if !closesFirst {
                #expect(lost.atClient.endedCount == 1)
                lost.client.close(.afterSending)
                lost.pipe.run()
            }
            #expect(lost.pipe.client.closed == .now && lost.atClient.closedCount == 1)
        }
    }

    /// All orders of four out of five events, before and after the handshake.
    @Test func `in every order of close, FIN, data and drain each handler hears one close`() throws {
        let events: [(Pair) -> Void] = [
            { $0.server.close(.afterSending) }, { $0.client.close(.now) },
            { $0.client.isBlocked ? () : $0.client.send("x") }, { $0.pipe.run() },
            { $0.server.isBlocked ? () : $0.server.send([UInt8](repeating: 1, count: 500)) },
        ]
        for code in 0..<1_250 {
            let pair = try Pair(server, client)
            pair.pipe.server.capacity = 200
            if code % 2 == 0 { pair.pipe.run() }
            var rest = code / 2
            for _ in 0..<4 {
                events[rest % 5](pair)
                rest /= 5
            }
            pair.pipe.run()
            pair.client.close(.afterSending)
            pair.server.close(.afterSending)
            pair.pipe.run()
            pair.client.close(.now)
            pair.server.close(.now)
            pair.pipe.run()
            #expect(pair.atClient.closedCount == 1 && pair.atServer.closedCount == 1, "order \(code)")
        }
    }

    @Test func `nothing of OpenSSL's outlives its stream`() throws {
        let counter = SSLCounter()
        let before = counter.alive
        weak var weakClient: TLSStream?
        weak var weakServer: TLSStream?
        for round in 0..<20 {
            let pair = try Pair(server, client)
            if round % 3 != 0 { pair.pipe.run() }
            #expect(counter.alive == before + 2)
            (weakClient, weakServer) = (pair.client, pair.server)
            pair.client.close(round % 2 == 0 ? .now : .afterSending)
            pair.server.close(.now)
            pair.pipe.run()
            #expect(pair.atClient.closedCount == 1 && pair.atServer.closedCount == 1)
        }
        #expect(weakClient == nil && weakServer == nil)
        #expect(counter.alive == before)
    }
}

/// Counts the `SSL` objects that this thread has made and not freed, from the first counter on.
private struct SSLCounter {
    static let counts = Mutex<[UInt: Int]>([:])
    private static let index = unsafe CRYPTO_get_ex_new_index(
        CRYPTO_EX_INDEX_SSL, 0, nil, { _, _, _, _, _, _ in SSLCounter.add(1) }, nil,
        { _, _, _, _, _, _ in SSLCounter.add(-1) })

    init() { precondition(Self.index >= 0) }

    var alive: Int { Self.counts.withLock { $0[Self.thread] ?? 0 } }

    private static var thread: UInt { UInt(pthread_self()) }

    private static func add(_ change: Int) {
        counts.withLock { $0[thread, default: 0] += change }
    }
}
