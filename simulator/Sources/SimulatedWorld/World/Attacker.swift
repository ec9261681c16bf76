internal import BotCore
internal import ByteKit
internal import Determinism

/// A hostile client of the world, at one address: now and then it opens a connection, or many, and does on them what no client may.
final class Attacker {
    /// What its processes are called, with its number: those whose bytes are no HTTP that could be counted, and those whose are.
    static let nodeName = "attacker"
    static let pollerName = "overlap"

    /// The ways of an attacker.
    private enum Shape: CaseIterable {
        /// Bytes from nowhere, before any upgrade and after it.
        case noise, frames
        /// Far more messages than anybody may send, and far more connections.
        case flood, crowd
        /// A seat's token that nobody was given.
        case forgedToken
        /// A request that never ends, a message that is never finished, and one that says it is enormous.
        case slowHead, halfMessage, hugeMessage
        /// JSON that is too deep, and bytes that are no text.
        case deepJSON, badText
        /// Two polls of one session at a time.
        case overlap
    }

    private let network: SimulatedNetwork
    private let node: SimulatedNode
    private let poller: SimulatedNode
    private let ports: [String]
    private let lobbies: [String]
    private var random: SeededRandom
    private var isActive = false
    /// Whether it knows one way alone: two polls at a time.
    var onlyOverlaps = false
    private var shots: [Shot] = []
    /// Told of each blow, on nobody's turn.
    var struck: () -> Void = {}

    init(_ number: Int, _ network: SimulatedNetwork, ports: [String], lobbies: [String], seed: UInt64) {
        self.network = network
        node = network.addNode("\(Self.nodeName)-\(number)")
        poller = network.addNode("\(Self.pollerName)-\(number)")
        self.ports = ports
        self.lobbies = lobbies
        random = SeededRandom(seed: seed)
    }

    /// Begins, and goes on until ``stop()``.
    func start() {
        isActive = true
        strikeLater()
    }

    /// Ends all that it has open.
    func stop() {
        isActive = false
        for shot in shots { shot.stream?.close(.now) }
        shots = []
    }

    private func strikeLater() {
        let wait = Interval.milliseconds(random.int(in: 100...2_000))
        network.time.schedule(at: network.time.now + wait) { [weak self] in
            guard let self, isActive else { return }
            strike()
            struck()
            strikeLater()
        }
    }

    private func strike() {
        shots.removeAll { $0.isOver }
        let drawn = Shape.allCases[random.int(in: 0...Shape.allCases.count - 1)]
        let shape = onlyOverlaps ? .overlap : drawn
        switch shape {
        case .overlap: overlap()
        case .crowd: for _ in 0..<random.int(in: 10...60) { open(Shot(pieces: [])) }
        default: open(Shot(pieces: pieces(shape), end: random.int(in: 0...2)))
        }
    }

    private func open(_ shot: Shot, from place: SimulatedNode? = nil) {
        let place = place ?? node
        shots.append(shot)
        let port = ports[random.int(in: 0...ports.count - 1)]
        network.connect(from: place, to: port, .lan, handler: shot) { result in
            guard case .success(let stream) = result else { return shot.isOver = true }
            shot.begin(stream, place)
        }
    }

    /// Asks for a session on polling, and then twice at once for what it has to say.
    private func overlap() {
        let request = "/socket.io/?EIO=4&transport=polling"
        let handshake = Shot(pieces: [(.zero, Self.get(request))])
        handshake.received = { [weak self] bytes in
            // The first string of the answer's JSON that follows a name is the session's id.
            let words = String(decoding: bytes, as: UTF8.self).split(separator: "\"")
            guard let self, let name = words.firstIndex(of: "sid"), name + 2 < words.count else { return }
            let sid = words[name + 2]
            for _ in 0..<2 {
                open(Shot(pieces: [(.zero, Self.get("\(request)&sid=\(sid)"))]), from: poller)
            }
        }
        open(handshake, from: poller)
    }

    // MARK: Bytes

    private func noise(_ most: Int) -> [UInt8] {
        (0..<random.int(in: 1...most)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private func pieces(_ shape: Shape) -> [(Interval, [UInt8])] {
        let lobby = lobbies[random.int(in: 0...lobbies.count - 1)]
        switch shape {
        case .noise: return (0..<3).map { _ in (.milliseconds(50), noise(2_000)) }
        case .frames: return [(.zero, Self.upgrade(lobby)), (.milliseconds(30), noise(4_000))]
        case .flood:
            let message = Self.frame(1, Array(#"{"event":"time","id":1}"#.utf8))
            let many = [[UInt8]](repeating: message, count: 600).flatMap { $0 }
            return [(.zero, Self.upgrade(lobby))] + (0..<5).map { _ in (.milliseconds(100), many) }
        case .forgedToken:
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
            let token = String(decoding: (0..<43).map { _ in letters[random.int(in: 0...63)] }, as: UTF8.self)
            let join = #"{"event":"join","data":{"name":"nobody","token":"\#(token)"}}"#
            return [(.zero, Self.upgrade(lobby)), (.milliseconds(30), Self.frame(1, Array(join.utf8)))]
        case .slowHead: return Self.get("/").map { (.milliseconds(900), [$0]) }
        case .halfMessage:
            return [(.zero, Self.upgrade(lobby)), (.milliseconds(30), [0x81, 0xFE, 0x10, 0x00, 0, 0, 0, 0])]
        case .hugeMessage:
            return [
                (.zero, Self.upgrade(lobby)),
                (.milliseconds(30), [0x82, 0xFF, 0x7F] + [UInt8](repeating: 255, count: 7)),
            ]
        case .deepJSON:
            let deep = [UInt8](repeating: UInt8(ascii: "["), count: 5_000)
            return [(.zero, Self.upgrade(lobby)), (.milliseconds(30), Self.frame(1, deep))]
        case .badText: return [(.zero, Self.upgrade(lobby)), (.milliseconds(30), Self.frame(1, [0xC3, 0x28, 0xFF]))]
        case .crowd, .overlap: return []
        }
    }

    private static func get(_ target: String) -> [UInt8] {
        Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    }

    private static func upgrade(_ lobby: String) -> [UInt8] {
        Array(
            ("GET /lobby/\(lobby) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n").utf8)
    }

    /// A frame of a client's, masked with zeros (RFC 6455 §5.2).
    private static func frame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        let length: [UInt8] = count < 126 ? [0x80 | UInt8(count)] : [0x80 | 126, UInt8(count >> 8), UInt8(count & 255)]
        return [0x80 | opcode] + length + [0, 0, 0, 0] + payload
    }
}

/// One connection of an attacker: what it sends and when, and how it ends.
private final class Shot: ByteStreamHandler {
    private var pieces: [(Interval, [UInt8])]
    /// What follows the last piece: nothing, the end of what it sends, or a close.
    private let end: Int
    private(set) var stream: SimulatedStream?
    var isOver = false
    /// Told of what comes back, until that is cleared.
    var received: (([UInt8]) -> Void)?

    init(pieces: [(Interval, [UInt8])], end: Int = 0) {
        self.pieces = pieces.reversed()
        self.end = end
    }

    func begin(_ stream: SimulatedStream, _ node: SimulatedNode) {
        self.stream = stream
        sendNext(stream, node)
    }

    private func sendNext(_ stream: SimulatedStream, _ node: SimulatedNode) {
        guard let (wait, bytes) = pieces.popLast() else {
            if end == 1 { stream.finishSending() }
            if end == 2 { stream.close(.now) }
            return
        }
        node.call(at: node.time.now + wait) { [weak self] in
            guard let self, !isOver, !stream.isBlocked else { return }
            var bytes = bytes
            stream.send(&bytes, then: [])
            sendNext(stream, node)
        }
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard let received else { return }
        self.received = nil
        received((0..<bytes.count).map { bytes[$0] })
    }

    func streamDrained(_ stream: any ByteStream) {}

    func streamEnded(_ stream: any ByteStream) { stream.close(.afterSending) }

    func streamClosed(_ stream: any ByteStream) {
        isOver = true
        self.stream = nil
    }
}
