import ByteKit
import Determinism
import TLS
import Testing

@Suite("A TLS stream moves to another loop with its state")
struct MoveTests {
    private let certificates: Certificates
    private let pair: Pair

    init() throws {
        certificates = try Certificates()
        let identity = try certificates.make("server")
        pair = try Pair(
            TLSServerContext([identity]),
            TLSClientContext(trust: .authorities(path: identity.certificateChainPath)))
    }

    /// Moves the server's end to a loop with buffers of its own.
    private func move(_ stream: TLSStream, _ recorder: Recorder) throws -> (TLSStream, TLSWorkspace) {
        let detached = try #require(stream.detach() as? DetachedTLSStream)
        #expect(stream.handler == nil && pair.pipe.server.handler == nil && detached.inner is PipeEnd.Detached)
        let workspace = TLSWorkspace()
        let moved = TLSStream(detached, over: pair.pipe.server, workspace: workspace)
        moved.handler = recorder
        return (moved, workspace)
    }

    @Test(arguments: [UInt64](0..<8))
    func `in the middle of anything the peer sends, with pieces of records on both sides`(
        _ seed: UInt64
    ) throws {
        pair.pipe.run()
        let all = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        pair.client.send(all)
        let random = RandomCuts(seed: seed)
        var server = pair.server
        var workspaces = [pair.workspace]
        var back: [UInt8] = []
        var steps = 0
        while pair.atServer.received.count < all.count {
            steps += 1
            _ = pair.pipe.client.turn(random.next)
            guard steps % 40 == 0 else { continue }
            let (moved, workspace) = try move(server, pair.atServer)
            server = moved
            workspaces.append(workspace)
            let answer = Array("answer \(steps)".utf8)
            server.send(answer)
            back += answer
        }
        pair.pipe.run()
        #expect(pair.atServer.received == all && pair.atClient.received == back && workspaces.count > 3)
        server.close(.afterSending)
        pair.pipe.run()
        #expect(pair.atClient.endedCount == 1 && pair.client.error == nil)
    }

    @Test func `the peer's end is known to have come`() throws {
        pair.pipe.run()
        pair.client.send("bye")
        pair.client.close(.afterSending)
        pair.pipe.run()
        #expect(pair.atServer.endedCount == 1)
        let recorder = Recorder()
        let (moved, workspace) = try move(pair.server, recorder)
        pair.pipe.run()
        moved.send("good bye")
        pair.pipe.run()
        #expect(recorder.endedCount == 0 && recorder.closedCount == 0 && moved.error == nil)
        withExtendedLifetime(workspace) { moved.close(.afterSending) }
    }

    @Test func `not before the handshake is done, nor while something waits, nor once it is closed`() throws {
        #expect(pair.server.detach() == nil && pair.server.handler != nil)
        pair.pipe.run()
        pair.pipe.server.capacity = 100
        pair.server.send([UInt8](repeating: 7, count: 1_000))
        #expect(pair.server.isBlocked && pair.server.detach() == nil)
        pair.pipe.run()
        pair.server.close(.now)
        #expect(pair.server.detach() == nil)
    }
}
