import ByteKit
import Determinism
import EventLoop
import Synchronization
import Testing

/// Connections that go from one loop to another on another thread.
@Suite("A stream that moves to another loop", .serialized)
struct MoveTests {
    /// The other loop, which echoes on the connection that it is given and ends with it.
    private final class Other: Sendable {
        let loop: EventLoop
        /// How often the connection has told of its end there, and of its closing.
        let told = Mutex<(ended: Int, closed: Int)>((0, 0))

        init() throws { loop = try EventLoop() }

        func take(_ detached: DetachedSocket) {
            loop.post { [self] in
                let recorder = Recorder()
                recorder.onReceived = { [self, unowned recorder] in echo($0, recorder) }
                recorder.onDrained = { [self, unowned recorder] in echo($0, recorder) }
                recorder.onClosed = { [self, unowned recorder] in
                    told.withLock { $0 = (recorder.endedCount, recorder.closedCount) }
                    loop.stop()
                }
                do throws(UVError) {
                    recorder.attach(try loop.adopt(detached))
                } catch {
                    fail("\(error)")
                    loop.stop()
                }
            }
        }

        private func echo(_ stream: SocketStream, _ recorder: Recorder) {
            guard !stream.isBlocked, !recorder.received.isEmpty else { return }
            stream.send(recorder.received)
            recorder.received = []
        }
    }

    /// Connects a client, which sends `request`; `arrived` is called once that has been read, and reading rests.
    private func run(
        _ kind: StreamTests.Kind, _ request: [UInt8], client: Recorder, server: Recorder,
        arrived: @escaping (SocketStream) -> Void
    ) throws {
        let folder = try TemporaryFolder()
        try LoopHarness.run { harness in
            var listener: Listener?
            server.onReceived = { stream in
                guard server.received.count == request.count else { return }
                stream.pauseReading()
                harness.nextTurn {
                    arrived(stream)
                    // Nobody tells a handler that its stream has moved.
                    server.onReceived = { _ in }
                    if stream.handler == nil { server.stream = nil }
                }
            }
            client.onClosed = { harness.finish() }
            listener = try harness.loop.listen(StreamTests.address(kind, in: folder)) { stream in
                listener?.close()
                listener = nil
                server.attach(stream)
            }
            guard let address = listener?.localAddress else { return }
            harness.loop.connect(address, handler: client) { result in
                guard case .success(let stream) = result else { return fail("\(result)") }
                client.attach(stream)
                stream.send(request)
            }
        }
    }

    @Test(arguments: [StreamTests.Kind.ipv4, .unix])
    func `what was answered before arrives, and what is on the way is delivered there, both ways`(
        _ kind: StreamTests.Kind
    ) throws {
        let other = try Other()
        let thread = try LoopThread { other.loop.run() }
        let all = pattern(900_000)
        let request = Array(all.prefix(1_000))
        let (client, server) = (Recorder(), Recorder())
        var rest = all.dropFirst(1_000)
        client.onDrained = { stream in
            while !stream.isBlocked, !rest.isEmpty {
                stream.send(Array(rest.prefix(300_000)))
                rest = rest.dropFirst(300_000)
            }
        }
        let answer = Array("first".utf8)
        client.onReceived = { stream in
            if client.received.count == answer.count + all.count - 1_000 { stream.close(.afterSending) }
        }
        try run(kind, request, client: client, server: server) { stream in
            stream.send(answer)
            // On its way before the stream is detached, and while it is nobody's.
            if let end = client.stream { client.onDrained(end) }
            guard let detached = stream.detach() as? DetachedSocket else { return fail("it did not move") }
            stream.send(Array("to nobody".utf8))
            #expect(stream.descriptor == nil && stream.handler == nil)
            other.take(detached)
        }
        thread.join()
        #expect(client.received == answer + all.dropFirst(1_000) && client.error == nil)
        #expect(other.told.withLock { $0 } == (1, 1))
        #expect(server.received == request && server.endedCount == 0 && server.closedCount == 0)
    }

    @Test func `what nobody adopts is closed, and so is what comes to a loop that has ended`() throws {
        for hasOther in [false, true] {
            let other = try Other()
            other.loop.stop()
            other.loop.run()
            let (client, server) = (Recorder(), Recorder())
            try run(.ipv4, [1, 2, 3], client: client, server: server) { stream in
                guard let detached = stream.detach() as? DetachedSocket else { return fail("it did not move") }
                if hasOther { other.take(detached) }
            }
            #expect(client.endedCount == 1 && client.closedCount == 1 && other.told.withLock { $0 } == (0, 0))
        }
    }

    @Test func `a peer that has gone on the way is gone to the loop that adopts it`() throws {
        let other = try Other()
        let (client, server) = (Recorder(), Recorder())
        try run(.ipv4, [1, 2, 3], client: client, server: server) { stream in
            guard let detached = stream.detach() as? DetachedSocket else { return fail("it did not move") }
            client.stream?.close(.now)
            other.take(detached)
        }
        other.loop.run()
        #expect(other.told.withLock(\.closed) == 1)
    }

    @Test func `a stream that is blocked or closed stays`() throws {
        let (client, server) = (Recorder(), Recorder())
        let answer = pattern(8_000_000)
        client.onReceived = { stream in if client.received.count == answer.count { stream.close(.afterSending) } }
        try run(.unix, [1, 2, 3], client: client, server: server) { stream in
            client.stream?.pauseReading()
            stream.send(answer)
            #expect(stream.isBlocked && stream.detach() == nil && stream.handler === server)
            client.stream?.resumeReading()
            stream.resumeReading()
            server.onClosed = { #expect(stream.detach() == nil) }
        }
        #expect(client.received == answer && server.closedCount == 1)
    }
}
