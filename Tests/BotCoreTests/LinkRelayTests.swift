import BotCore
import ByteKit
import ClientCore
import Determinism
import ScriptedServer
import Testing

@Suite("A bad line of our own (docs/decisions/0026-bots.md)")
struct LinkRelayTests {
    /// What a client hears of its stream.
    private final class Client: ByteStreamHandler {
        var received: [UInt8] = []
        var reads = 0
        var drained = 0
        var ends: [String] = []
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            received += [UInt8](copying: bytes.span)
            reads += 1
        }
        func streamDrained(_ stream: any ByteStream) { drained += 1 }
        func streamEnded(_ stream: any ByteStream) { ends.append("FIN") }
        func streamClosed(_ stream: any ByteStream) { ends.append("closed") }
    }

    /// The socket behind the relay.
    private final class Socket: ByteStream {
        var handler: (any ByteStreamHandler)?
        var isBlocked = false
        var sent: [UInt8] = []
        var closed: StreamCloseManner?
        var isPaused = false
        func pauseReading() { isPaused = true }
        func resumeReading() { isPaused = false }
        func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
            sent += bytes + shared
            bytes.removeAll()
        }
        func close(_ manner: StreamCloseManner) { closed = manner }
        func deliver(_ bytes: [UInt8]) {
            var bytes = bytes
            var span = bytes.mutableSpan
            handler?.streamReceived(&span)
        }
    }

    private final class Clock {
        var now = Instant.zero + .seconds(1)
    }

    /// The server, of which there is only a socket.
    private final class SocketDialer: Dialer {
        let socket = Socket()

        func dial(
            _ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void
        ) {
            socket.handler = handler
            completion(.success(socket))
        }
    }

    private final class Bench {
        private let clock = Clock()
        private let dialer = SocketDialer()
        let client = Client()
        let relay: LinkRelay
        let line: LinkedDialer
        private(set) var stream: (any ByteStream)?

        var socket: Socket { dialer.socket }

        var now: Instant {
            get { clock.now }
            set { clock.now = newValue }
        }

        init(_ conditions: NetworkConditions?, seed: UInt64 = 1) {
            let clock = clock
            relay = LinkRelay(seed: seed) { clock.now }
            line = LinkedDialer(conditions, through: relay, to: dialer)
            line.dial(client) { [unowned self] in stream = try? $0.get() }
        }

        func advance(_ milliseconds: Int) {
            let end = now + .milliseconds(milliseconds)
            while let wake = relay.nextWake, wake <= end {
                now = max(now, wake)
                relay.advance()
            }
            now = end
        }

        func send(_ bytes: [UInt8]) {
            var bytes = bytes
            stream?.send(&bytes, then: [])
        }
    }

    private func conditions(_ change: (inout LinkConditions) -> Void) -> NetworkConditions {
        var link = LinkConditions()
        link.latency = .milliseconds(20)
        change(&link)
        return NetworkConditions(both: link)
    }

    @Test func `a connection comes after a way there and back, bytes after one way`() {
        let bench = Bench(conditions { _ in })
        bench.advance(39)
        #expect(bench.stream == nil)
        bench.advance(2)
        bench.send([1, 2])
        bench.socket.deliver([3])
        bench.advance(19)
        #expect(bench.socket.sent.isEmpty && bench.client.received.isEmpty)
        bench.advance(2)
        #expect(bench.socket.sent == [1, 2] && bench.client.received == [3])
    }

    @Test func `a line without conditions is as if it were not there`() {
        let bench = Bench(nil)
        bench.send([1])
        bench.socket.deliver([2])
        #expect(bench.socket.sent == [1] && bench.client.received == [2] && bench.relay.nextWake == nil)
    }

    @Test func `bandwidth is kept, the socket is not read while too much is under way, and all of it comes`() {
        let bench = Bench(
            conditions { ($0.bytesPerSecond, $0.receiveWindowBytes, $0.segmentBytesMax) = (1_000, 500, 100) })
        bench.advance(100)
        bench.socket.deliver([UInt8](repeating: 7, count: 1_000))
        #expect(bench.socket.isPaused)
        bench.advance(520)
        #expect((400...600).contains(bench.client.received.count))
        bench.advance(600)
        #expect(bench.client.received.count == 1_000 && !bench.socket.isPaused)
    }

    @Test func `a client is blocked while its buffer is full, and told when there is room`() {
        let bench = Bench(conditions { ($0.bytesPerSecond, $0.sendBufferBytes, $0.segmentBytesMax) = (1_000, 100, 50) })
        bench.advance(100)
        bench.send([UInt8](repeating: 7, count: 300))
        #expect(bench.stream?.isBlocked == true)
        bench.advance(150)
        #expect(bench.client.drained == 0)
        bench.advance(300)
        #expect(bench.client.drained == 1 && bench.stream?.isBlocked == false && bench.socket.sent.count == 300)
    }

    @Test(arguments: 1...20)
    func `whatever befalls it, the order is kept and nothing is lost or added`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bench = Bench(LinkProfile.terrible.conditions, seed: seed)
        bench.advance(1_000)
        var up: [UInt8] = []
        var down: [UInt8] = []
        for _ in 0..<100 {
            let bytes = (0..<random.int(in: 1...200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if random.next() & 1 == 0, bench.stream?.isBlocked == false {
                bench.send(bytes)
                up += bytes
            } else {
                bench.socket.deliver(bytes)
                down += bytes
            }
            bench.advance(random.int(in: 0...100))
            if random.int(in: 0...20) == 0 {
                bench.line.conditions = random.next() & 1 == 0 ? nil : LinkProfile.terrible.conditions
            }
        }
        bench.advance(60_000)
        #expect(bench.socket.sent == up, "seed \(seed)")
        #expect(bench.client.received == down, "seed \(seed)")
    }

    @Test func `a stall holds what is sent in it, and lets it all come at its end`() {
        let bench = Bench(nil)
        bench.line.stall(for: .seconds(2))
        bench.socket.deliver([1])
        bench.advance(1_000)
        bench.socket.deliver([2])
        bench.advance(999)
        #expect(bench.client.received.isEmpty)
        bench.advance(2)
        #expect(bench.client.received == [1, 2])
    }

    @Test func `what is lost one way is lost that way alone, and nobody is told`() {
        let bench = Bench(conditions { _ in })
        bench.advance(100)
        bench.line.lose(.up)
        bench.send([1])
        bench.socket.deliver([2])
        bench.advance(1_000)
        #expect(bench.socket.sent.isEmpty && bench.client.received == [2] && bench.client.ends.isEmpty)
        // Nor does the server hear of the end.
        bench.stream?.close(.now)
        bench.advance(100)
        #expect(bench.socket.closed == nil && bench.client.ends == ["closed"])
    }

    @Test func `an end of the server's comes after its bytes, and not where they are lost`() {
        let bench = Bench(conditions { _ in })
        bench.advance(100)
        bench.socket.deliver([1])
        bench.socket.handler?.streamEnded(bench.socket)
        bench.socket.handler?.streamClosed(bench.socket)
        #expect(bench.client.ends.isEmpty)
        bench.advance(25)
        #expect(bench.client.received == [1] && bench.client.ends == ["FIN", "closed"])
        let lost = Bench(conditions { _ in })
        lost.advance(100)
        lost.line.lose(.down)
        lost.socket.handler?.streamClosed(lost.socket)
        lost.advance(10_000)
        #expect(lost.client.ends.isEmpty)
        lost.stream?.close(.now)
        lost.advance(1)
        #expect(lost.client.ends == ["closed"])
    }

    @Test func `a client's close goes after what it has sent`() {
        let bench = Bench(conditions { _ in })
        bench.advance(100)
        bench.send([1])
        bench.stream?.close(.afterSending)
        #expect(bench.socket.closed == nil)
        bench.advance(25)
        #expect(bench.socket.sent == [1] && bench.socket.closed == .afterSending)
        bench.socket.handler?.streamClosed(bench.socket)
        #expect(bench.client.ends == ["closed"])
    }

    @Test func `losses come in bursts that double the wait`() {
        var link = LinkConditions()
        (link.lossChance, link.burstChance) = (1, 1)
        var line = LinkLine(start: .zero)
        var random = SeededRandom(seed: 1)
        let arrival = line.depart(100, at: .zero, link, &random)
        // 200, 400, 800 and 1,600 ms.
        #expect(arrival >= .zero + .seconds(3) && arrival < .zero + .milliseconds(3_001))
    }
}
