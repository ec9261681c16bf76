import ByteKit
import Determinism
import EventLoop
import Foundation
import Testing

@Suite("Socket streams", .serialized)
struct StreamTests {
    enum Kind: CaseIterable { case ipv4, ipv6, unix }

    static func address(_ kind: Kind, in folder: TemporaryFolder) -> SocketAddress {
        switch kind {
        case .ipv4: .ip(host: "127.0.0.1", port: 0)
        case .ipv6: .ip(host: "::1", port: 0)
        case .unix: .unix(path: folder.socketPath())
        }
    }

    /// Connects a client to a listener of one connection; `start` gets both ends, then the loop ends when both closed.
    private func pair(
        _ kind: Kind = .ipv4, client: Recorder, server: Recorder,
        start: @escaping (_ client: SocketStream, _ server: SocketStream) -> Void = { _, _ in }
    ) throws {
        let folder = try TemporaryFolder()
        try LoopHarness.run { harness in
            var listener: Listener?
            var open = 2
            let closed = {
                open -= 1
                guard open == 0 else { return }
                harness.finish()
            }
            client.onClosed = closed
            server.onClosed = closed
            var ends: (SocketStream?, SocketStream?) = (nil, nil)
            let begin = {
                guard let clientEnd = ends.0, let serverEnd = ends.1 else { return }
                ends = (nil, nil)
                start(clientEnd, serverEnd)
            }
            listener = try harness.loop.listen(Self.address(kind, in: folder)) { stream in
                listener?.close()
                listener = nil
                server.attach(stream)
                ends.1 = stream
                begin()
            }
            guard let address = listener?.localAddress else { return }
            harness.loop.connect(address, handler: client) { result in
                guard case .success(let stream) = result else { return fail("\(result)") }
                client.attach(stream)
                ends.0 = stream
                begin()
            }
        }
        #expect(client.closedCount == 1 && server.closedCount == 1)
    }

    private static let hasIPv6: Bool = {
        guard let loop = try? EventLoop() else { return false }
        let listener = try? loop.listen(.ip(host: "::1", port: 0)) { _ in }
        loop.stop()
        loop.run()
        return listener != nil
    }()

    @Test(arguments: Kind.allCases) func `what is sent comes back from an echo`(_ kind: Kind) throws {
        guard kind != .ipv6 || Self.hasIPv6 else { return }
        let client = Recorder()
        let server = Recorder()
        server.onReceived = { stream in
            stream.send(server.received)
            server.received = []
        }
        client.onReceived = { if client.received.count == 5 { $0.close(.afterSending) } }
        try pair(kind, client: client, server: server) { client, _ in client.send(Array("hello".utf8)) }
        #expect(client.received == Array("hello".utf8))
        #expect(server.endedCount == 1)
        #expect(client.error == nil && server.error == nil)
    }

    @Test func `the ends know each other's address`() throws {
        let client = Recorder()
        let server = Recorder()
        var seen: [SocketAddress] = []
        try pair(client: client, server: server) { client, server in
            seen = [client.peerAddress, server.peerAddress]
            client.close(.now)
        }
        for address in seen {
            guard case .ip(let host, let port) = address else { return fail("\(address)") }
            #expect(host == "127.0.0.1" && port > 0)
        }
        #expect(Set(seen).count == 2)
    }

    @Test func `both parts of a send arrive in order, and the first is emptied`() throws {
        let client = Recorder()
        let server = Recorder()
        try pair(client: client, server: server) { client, _ in
            var head: [UInt8] = [1, 2, 3]
            client.send(&head, then: [4, 5])
            #expect(head.isEmpty && head.capacity >= 3)
            client.send(&head, then: [6])
            head = [7]
            client.send(&head, then: [])
            client.send(&head, then: [])
            client.close(.afterSending)
            head = [99]
            client.send(&head, then: [99])
            #expect(head.isEmpty)
        }
        #expect(server.received == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test(arguments: [(10_000_000, 10_000_000), (0, 20_000_000), (20_000_000, 0), (3, 20_000_000)])
    func `20 MB reach a slow reader whole, with one drained per block`(_ first: Int, _ second: Int) throws {
        let client = Recorder()
        let server = Recorder()
        let whole = pattern(first + second)
        var blocks = 0
        // One read per turn and no more.
        server.onReceived = { stream in
            stream.pauseReading()
            guard server.received.count < whole.count + 4 else { return stream.startReading() }
            var timer: LoopTimer?
            timer = stream.loop.makeTimer {
                timer?.close()
                timer = nil
                stream.startReading()
            }
            timer?.arm(at: .zero)
        }
        client.onDrained = { stream in
            stream.send([1, 2, 3, 4])
            stream.close(.afterSending)
        }
        try pair(client: client, server: server) { client, _ in
            var head = Array(whole.prefix(first))
            client.send(&head, then: Array(whole.suffix(second)))
            #expect(head.isEmpty)
            if client.isBlocked { blocks += 1 }
        }
        #expect(blocks == 1 && client.drainedCount == 1)
        let isWhole = server.received == whole + [1, 2, 3, 4]
        #expect(isWhole, "\(server.received.count) bytes")
    }

    @Test func `closing after sending delivers all of a blocked write`() throws {
        let client = Recorder()
        let server = Recorder()
        let whole = pattern(8_000_000)
        try pair(client: client, server: server) { client, _ in
            client.send(whole)
            #expect(client.isBlocked)
            client.close(.afterSending)
            client.close(.afterSending)
        }
        let isWhole = server.received == whole
        #expect(isWhole)
        #expect(client.drainedCount == 0 && client.error == nil && server.error == nil)
    }

    @Test func `closing now discards a blocked write and overrides closing after sending`() throws {
        let client = Recorder()
        let server = Recorder()
        try pair(client: client, server: server) { client, server in
            server.pauseReading()
            client.send(pattern(20_000_000))
            #expect(client.isBlocked)
            client.close(.afterSending)
            client.close(.now)
            client.close(.now)
            client.send([1])
            #expect(!client.isBlocked)
            server.startReading()
        }
        #expect(server.received.count < 20_000_000)
        #expect(client.drainedCount == 0)
    }

    @Test(arguments: [5, 8_000_000])
    func `closing after sending the last delivers all, and does not wait for the peer's end`(_ count: Int) throws {
        let client = Recorder()
        let server = Recorder()
        let whole = pattern(count)
        var closedCount: Int?
        client.onEnded = { stream in
            // When this turn's closing is through.
            var timer: LoopTimer?
            timer = stream.loop.makeTimer {
                timer?.close()
                timer = nil
                closedCount = server.closedCount
                stream.close(.now)
            }
            timer?.arm(at: .zero)
        }
        try pair(client: client, server: server) { _, server in
            server.send(whole)
            #expect(server.isBlocked == (count > 1_000_000))
            server.close(count > 1_000_000 ? .afterSending : .afterSendingLast)
            server.close(.afterSendingLast)
            server.close(.afterSending)
        }
        let isWhole = client.received == whole
        #expect(isWhole)
        #expect(closedCount == 1, "the server had not closed by itself")
        #expect(client.endedCount == 1 && client.error == nil && server.error == nil && server.drainedCount == 0)
    }

    /// The client can finish only when the server goes on taking what it no longer wants.
    @Test func `unread input does not cost the peer our last bytes`() throws {
        let client = Recorder()
        let server = Recorder()
        try pair(client: client, server: server) { client, server in
            server.pauseReading()
            client.send(pattern(ClosingInput.bytesMax))
            server.send(Array("bye".utf8))
            server.close(.afterSending)
        }
        #expect(client.received == Array("bye".utf8))
        #expect(client.endedCount == 1 && client.error == nil)
        #expect(server.received.isEmpty && server.error == nil)
    }

    @Test func `what is dropped after a close is bounded: a peer that sends for ever is cut off (H-02)`() throws {
        let client = Recorder()
        let server = Recorder()
        client.onEnded = { _ in }
        try pair(client: client, server: server) { client, server in
            client.send([UInt8](repeating: 7, count: 2 * ClosingInput.bytesMax))
            #expect(client.isBlocked)
            server.close(.afterSending)
        }
        #expect(client.error != nil && server.error == nil && server.received.isEmpty)
    }

    @Test func `a peer that never finishes is waited for only so long`() throws {
        let client = Recorder()
        let server = Recorder()
        client.onEnded = { _ in }
        server.onClosed = {}
        try pair(client: client, server: server) { client, server in
            server.close(.afterSending)
            let closed = server.handler as? Recorder
            let tell = closed?.onClosed
            closed?.onClosed = {
                client.close(.now)
                tell?()
            }
        }
        #expect(client.endedCount == 1 && server.error == nil)
    }

    @Test(arguments: [StreamCloseManner.now, .afterSending, .afterSendingLast])
    func `a stream may be closed in any callback`(_ manner: StreamCloseManner) throws {
        for callback in ["accepted", "connected", "received", "drained", "ended", "closed"] {
            let client = Recorder()
            let server = Recorder()
            server.onReceived = { if callback == "received" { $0.close(manner) } }
            server.onEnded = { $0.close(callback == "ended" ? manner : .now) }
            client.onDrained = { $0.close(callback == "drained" ? manner : .now) }
            try pair(client: client, server: server) { client, server in
                switch callback {
                case "accepted": server.close(manner)
                case "connected": client.close(manner)
                case "received", "ended":
                    client.send([1])
                    if callback == "ended" { client.close(.afterSending) }
                case "drained": client.send(pattern(8_000_000))
                default:
                    let recorder = client.handler as? Recorder
                    let tell = recorder?.onClosed
                    recorder?.onClosed = {
                        client.close(manner)
                        client.send([1])
                        tell?()
                    }
                    client.close(manner)
                }
            }
        }
    }

    @Test func `bytes may be changed in place`() throws {
        final class Masker: ByteStreamHandler {
            var stream: SocketStream?
            func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
                for index in bytes.indices { bytes[index] ^= 0xFF }
                var out: [UInt8] = []
                for index in bytes.indices { out.append(bytes[index]) }
                stream?.send(&out, then: [])
            }
            func streamDrained(_ stream: any ByteStream) {}
            func streamEnded(_ stream: any ByteStream) { stream.close(.now) }
            func streamClosed(_ stream: any ByteStream) { self.stream = nil }
        }
        let client = Recorder()
        try LoopHarness.run { harness in
            var listener: Listener?
            listener = try harness.loop.listen(.ip(host: "127.0.0.1", port: 0)) { stream in
                listener?.close()
                listener = nil
                let masker = Masker()
                masker.stream = stream
                stream.handler = masker
                stream.startReading()
            }
            client.onReceived = { $0.close(.afterSending) }
            client.onClosed = { harness.finish() }
            let address = try #require(listener?.localAddress)
            harness.loop.connect(address, handler: client) { result in
                guard case .success(let stream) = result else { return }
                client.attach(stream)
                stream.send([0x00, 0x0F])
            }
        }
        #expect(client.received == [0xFF, 0xF0])
    }

    @Test func `what is left at the end of the loop is closed and told`() throws {
        let client = Recorder()
        let server = Recorder()
        let folder = try TemporaryFolder()
        let loop = try EventLoop()
        let listener = try loop.listen(.unix(path: folder.socketPath())) { stream in
            server.attach(stream)
            loop.stop()
        }
        loop.connect(listener.localAddress, handler: client) { result in
            if case .success(let stream) = result { client.attach(stream) }
        }
        let timer = loop.makeTimer {}
        timer.arm(at: loop.now + .seconds(3600))
        #expect(loop.liveHandles() == 3)
        loop.run()
        #expect(loop.liveHandles() == 0)
        #expect(client.closedCount == 1 && server.closedCount == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.socketPath()))
    }
}
