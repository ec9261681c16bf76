import BotCore
import ByteKit
import Determinism
import SimulatedWorld

/// One end under test: sends a prepared stream of bytes as fast as it may, and writes down all it is told.
final class End: ByteStreamHandler {
    enum Note: Equatable { case received(Int), drained, ended, closed }

    var stream: SimulatedStream?
    var notes: [Note] = []
    var received: [UInt8] = []
    var receivedAt: [Instant] = []
    var readCounts: [Int] = []
    /// What is still to be sent, in these pieces.
    var unsent: [[UInt8]] = []
    var closesWhenSent = false
    var closesWhenEnded = true
    let time: SimulatedTime

    init(_ time: SimulatedTime) { self.time = time }

    func sendMore() {
        while let stream, !stream.isBlocked, let next = unsent.first {
            unsent.removeFirst()
            var first = Array(next.prefix(next.count / 2))
            stream.send(&first, then: Array(next.dropFirst(next.count / 2)))
            precondition(first.isEmpty)
        }
        if closesWhenSent, unsent.isEmpty { stream?.close(.afterSending) }
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        for index in 0..<bytes.count { received.append(bytes[index]) }
        // The bytes are lent, so changing them must be seen by nobody.
        for index in 0..<bytes.count { bytes[index] = 0xAA }
        readCounts.append(bytes.count)
        receivedAt.append(time.now)
        notes.append(.received(bytes.count))
    }

    func streamDrained(_ stream: any ByteStream) {
        notes.append(.drained)
        precondition(!stream.isBlocked)
        sendMore()
    }

    func streamEnded(_ stream: any ByteStream) {
        notes.append(.ended)
        if closesWhenEnded { stream.close(.afterSending) }
    }

    func streamClosed(_ stream: any ByteStream) { notes.append(.closed) }

    var events: [Note] {
        notes.filter { if case .received = $0 { false } else { true } }
    }
}

/// Two nodes and the connection between them.
final class Wire {
    let time = SimulatedTime()
    let network: SimulatedNetwork
    let clientNode: SimulatedNode
    let serverNode: SimulatedNode
    let client: End
    let server: End
    var random: SeededRandom

    init(seed: UInt64 = 1, _ conditions: NetworkConditions = .perfect, opens: Bool = true) {
        var random = SeededRandom(seed: seed)
        network = SimulatedNetwork(time: time, random: &random)
        self.random = random
        clientNode = network.addNode("client")
        serverNode = network.addNode("server")
        client = End(time)
        server = End(time)
        network.listen(on: "game", node: serverNode) { [server] stream in
            server.stream = stream
            stream.handler = server
            server.sendMore()
        }
        clientNode.call(at: time.now) { [self] in
            network.connect(from: clientNode, to: "game", conditions, handler: client) { [client] result in
                client.stream = try? result.get()
                client.sendMore()
            }
        }
        if opens { time.run(for: .seconds(3)) }
    }

    var pipe: SimulatedPipe? { network.livePipes.first }

    func run(_ milliseconds: Int) { time.run(for: .milliseconds(milliseconds)) }

    func send(_ bytes: [UInt8], from end: End) {
        var bytes = bytes
        end.stream?.send(&bytes, then: [])
    }

    deinit { network.tearDown() }
}

/// `count` bytes in which a byte that is lost, doubled or moved shows.
func pattern(_ count: Int, _ salt: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 + salt) &* 167 ^ ($0 >> 8)) }
}

/// Where two byte strings differ first and how long they are, or nil when they are the same.
func differ(_ left: [UInt8], _ right: [UInt8]) -> String? {
    guard left != right else { return nil }
    let index = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return "at \(index ?? min(left.count, right.count)) of \(left.count) and \(right.count)"
}

/// Conditions drawn from a seed: each fault is there or not (swarm), buffers from one byte up.
func drawConditions(_ random: inout SeededRandom) -> NetworkConditions {
    func link() -> LinkConditions {
        var link = LinkConditions()
        func some() -> Bool { random.next() & 1 == 0 }
        if some() { link.latency = .microseconds(random.int(in: 0...200_000)) }
        if some() { link.jitter = .microseconds(random.int(in: 1...100_000)) }
        if some() { link.bytesPerSecond = random.int(in: 20_000...10_000_000) }
        if some() { link.receiveWindowBytes = random.int(in: 64...20_000) }
        if some() { link.sendBufferBytes = random.int(in: 1...20_000) }
        if some() { link.segmentBytesMax = random.int(in: 64...2_000) }
        if some() { link.splitChance = random.unit() }
        if some() { link.lossChance = 0.1 * random.unit() }
        if some() { link.shortWriteChance = 0.5 * random.unit() }
        return link
    }
    switch random.int(in: 0...7) {
    case 0: return .perfect
    case 1: return .cellular
    case 2: return .awful
    default: return NetworkConditions(up: link(), down: link())
    }
}
