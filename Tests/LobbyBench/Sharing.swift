import ArgumentParser
import ByteKit
import Determinism
import GameKit
import ServerCore
import WebSocketCore

/// Nine hundred bodies that fly about in every second tick, and hang in the air in the others.
private struct Flock: Game {
    struct Body: Entity {
        var x = 0.0
        var y = 0.0
        var dx = 0.0
        var dy = 0.0
    }

    struct Input: GameInput {
        var turn = false
        static var fields: [Field<Input>] { Field("turn", \.turn) }
    }

    static let name = "flock"
    static let rules = Rules(tickRate: 60, seats: 1)
    static var replicated: Replication<Flock> {
        Entities(\.bodies, "body") {
            Field("x", \.x, .fixed(-64...64, step: 1 / 512), .linear)
            Field("y", \.y, .fixed(-64...64, step: 1 / 512), .linear)
        }
    }

    private(set) var bodies = Table<Body>()

    init(_ context: inout GameContext, options: JSONValue) {
        for _ in 0..<900 {
            bodies.insert(
                Body(
                    x: context.random.double(in: -60...60), y: context.random.double(in: -60...60),
                    dx: context.random.double(in: -0.1...0.1), dy: context.random.double(in: -0.1...0.1)))
        }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        guard context.tick % 2 == 1 else { return }
        let push = context.random.double(in: -0.01...0.01)
        bodies.update { id, body in
            if body.x.magnitude > 60 { body.dx = -body.dx }
            if body.y.magnitude > 60 { body.dy = -body.dy }
            if id % 8 == UInt16(truncatingIfNeeded: push.bitPattern) % 8 { body.dx += push }
            body.x += body.dx
            body.y += body.dy
        }
    }
}

/// What the encoding of a snapshot costs a lobby with one client in step, and with many: the time of a server's turn in which bodies have
/// moved, less that of the next one, in which they have not.
struct Share: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures what encoding costs a lobby with one client in step, and with many.")

    @Option(help: "How many clients the many are.")
    var clients = 1_000
    @Option(help: "How many pairs of snapshots are taken.")
    var pairs = 5_000
    @Option(help: "The codec: 0 or 1.")
    var codec = 1

    func run() {
        var crowds = [Crowd(1, codec: codec), Crowd(clients, codec: codec)]
        var costs: [[Double]] = [[], []]
        // In turn, so that what else runs on the machine slows both.
        for _ in 0..<pairs {
            for place in crowds.indices { costs[place].append(crowds[place].pair()) }
        }
        let medians = costs.map { $0.sorted()[$0.count / 2] }
        for (count, median) in zip([1, clients], medians) { print("\(count) clients: \(Int(median)) ns") }
        print("ratio \(Double(Int(medians[1] / medians[0] * 1_000)) / 1_000)")
        crowds.removeAll()
    }
}

/// A server with one lobby of ``Flock`` and clients whose connections take everything.
private final class Crowd {
    /// The hand-driven clock.
    private final class Clock {
        var now = Instant.zero + .seconds(1_000)
    }

    private let clock = Clock()
    private let server: Server

    init(_ count: Int, codec: Int) {
        var settings = ServerSettings()
        settings.defaultGame = "flock"
        settings.ticketKey = Array(repeating: 7, count: 32)
        settings.watchersPerLobbyMax = 1_000_000
        settings.heartbeatInterval = .seconds(1_000_000)
        settings.admission.connectionsMax = count + 10
        let clock = clock
        server = Server(
            settings: settings, games: [GameType(Flock.self).withSnapshotTables()], hooks: ServerHooks(),
            entropy: SeededRandom(seed: 1), clock: { clock.now })
        for number in 0..<count {
            let join: JSONValue = [
                "event": "join",
                "data": ["watch": .bool(number > 0), "codec": .integer(Int64(codec))],
            ]
            Sink(server, join: join.text)
            turn()
        }
    }

    private func turn() {
        server.advance()
        server.flush()
    }

    /// By how many nanoseconds a turn whose snapshot has something to say takes longer than one whose snapshot has not.
    ///
    /// Of two such turns each the second is taken: the first brings back what the other server has driven out of the cache.
    func pair() -> Double {
        _ = (timedTurn(), timedTurn())
        let moving = timedTurn()
        return moving - timedTurn()
    }

    private func timedTurn() -> Double {
        clock.now = max(clock.now + Interval(nanoseconds: 1_000_000_000 / 60), server.nextWake ?? clock.now)
        let begun = ContinuousClock().now
        turn()
        return (ContinuousClock().now - begun) / .nanoseconds(1)
    }
}

/// The server's end of a connection whose peer reads everything at once.
private final class Sink: ByteStream {
    var handler: (any ByteStreamHandler)?
    let isBlocked = false

    /// Connects to a lobby.
    @discardableResult init(_ server: Server, join: String) {
        server.accept(self, peer: PeerAddress(ipv4: 0x7F00_0001, port: 40_000))
        receive(
            Array(
                ("GET /lobby/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").utf8))
        var frame: [UInt8] = []
        WebSocketFrame.append(.text, Array(join.utf8).span, to: &frame, mask: 0x1234_5678)
        receive(frame)
    }

    private func receive(_ bytes: [UInt8]) {
        var lent = bytes
        var span = lent.mutableSpan
        handler?.streamReceived(&span)
    }

    func pauseReading() {}
    func resumeReading() {}
    func send(_ bytes: inout [UInt8], then shared: [UInt8]) { bytes.removeAll(keepingCapacity: true) }
    func close(_ manner: StreamCloseManner) {}
}
