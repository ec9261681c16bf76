import BotCore
import ClientCore
import Determinism
import JSONCore
import ServerCore
import SimulatedWorld
import SocketIOCore
import Testing

/// The ways to connect, and what they come to.
private let ways: [(transports: [EngineTransport], ends: EngineTransport)] = [
    ([.polling], .polling), ([.websocket], .websocket), ([.polling, .websocket], .websocket),
    ([.websocket, .polling], .websocket),
]

@Suite("Clients and the real server in one simulated world")
struct WorldTests {
    @Test(arguments: ways.indices, [NetworkConditions.perfect, .cellular, .awful].indices)
    func `events and acks keep their order on every transport, whatever the network does`(_ way: Int, _ net: Int) {
        let conditions = [NetworkConditions.perfect, .cellular, .awful][net]
        // A pong that is lost a few times, behind what was said before it, takes longer than a usual timeout.
        let world = ClientWorld(seed: UInt64(way * 10 + net), conditions, heartbeatTimeout: .seconds(20))
        let manager = world.manager(ways[way].transports)
        let user = WorldUser(manager)
        var acked: [JSONValue] = []
        world.act { user.socket.connect() }
        for number in 0..<200 {
            world.act {
                let value = JSONValue.integer(Int64(number))
                let bytes = JSONValue.binary([UInt8](repeating: UInt8(number), count: number % 7))
                user.socket.emit(ClientEmission("echo", number % 3 == 0 ? [value, bytes] : [value]))
                user.socket.emit(
                    ClientEmission("echo", [value]) { if case .success(let it) = $0 { acked += it.values } })
            }
            if number % 5 == 0 { world.run(.milliseconds(20)) }
        }
        #expect(world.run { acked.count >= 200 })
        let wanted = (0..<200).map { JSONValue.integer(Int64($0)) }
        #expect(user.received.filter { $0.integer != nil } == wanted && acked == wanted)
        #expect(user.received.filter { $0.binary != nil }.count == 67)
        #expect(manager.transport == ways[way].ends && user.connects == 1 && user.reasons == [])
    }

    @Test(arguments: 0..<ways.count)
    func `a session outlives many heartbeats, and its end is told to both`(_ way: Int) {
        var reasons: [SocketDisconnectReason] = []
        let world = ClientWorld { hub in
            ClientWorld.echo(hub)
            hub.namespace("/").behaviour.onDisconnect { reasons.append($1) }
        }
        let user = WorldUser(world.manager(ways[way].transports))
        world.act { user.socket.connect() }
        world.run(.seconds(120))
        #expect(user.connects == 1 && user.reasons == [])
        world.act { user.socket.disconnect() }
        world.run(.seconds(1))
        #expect(user.reasons == ["io client disconnect"] && reasons == [.clientNamespaceDisconnect])
        world.run(.seconds(20))
        #expect(world.network.livePipes.isEmpty)
    }

    @Test(arguments: 0..<ways.count, ["kick", "end"])
    func `a server that ends the place is not come back to`(_ way: Int, _ event: String) {
        let world = ClientWorld()
        let user = WorldUser(world.manager(ways[way].transports))
        world.act { user.socket.connect() }
        world.run(.seconds(2))
        world.act { user.socket.emit(ClientEmission(event)) }
        world.run(.seconds(20))
        #expect(user.reasons == ["io server disconnect"] && user.connects == 1)
    }

    @Test(arguments: 0..<ways.count)
    func `a server that crashes and comes back is found again, and what was said meanwhile arrives`(_ way: Int) {
        let world = ClientWorld()
        let user = WorldUser(world.manager(ways[way].transports))
        world.act { user.socket.connect() }
        world.run(.seconds(2))
        world.crash()
        world.run(.seconds(1))
        #expect(user.reasons == [way == 0 ? "transport error" : "transport close"])
        world.act { for number in 0..<5 { user.socket.emit(ClientEmission("echo", [.integer(Int64(number))])) } }
        world.run(.seconds(30))
        #expect(user.connects == 1)
        world.restart()
        #expect(world.run { user.received.count == 5 })
        #expect(user.received == (0..<5).map { .integer($0) } && user.connects == 2)
    }

    @Test(arguments: 0..<ways.count)
    func `a server that stands still is noticed by its silence`(_ way: Int) {
        let world = ClientWorld()
        let user = WorldUser(world.manager(ways[way].transports))
        world.act { user.socket.connect() }
        world.run(.seconds(2))
        world.serverNode.pause()
        world.run(.seconds(10))
        #expect(user.reasons == ["ping timeout"])
        world.serverNode.resume()
        #expect(world.run { user.connects == 2 })
    }

    @Test(arguments: 0..<ways.count)
    func `rows 55 and 56: MessagePack and a parser of one's own say the same`(_ way: Int) {
        // Each packet as its JSON text, with bytes as they are in JSON: as base64.
        let own = SocketParser(
            encode: { packet in
                var packed: [UInt8] = []
                SocketPacketEncoder.pack(packet, to: &packed)
                return [.text(packed.map { String($0, radix: 16) }.joined(separator: " "))]
            },
            makeDecoder: {
                { message in
                    guard case .text(let text) = message else { return nil }
                    let packed = text.split(separator: " ").compactMap { UInt8($0, radix: 16) }
                    return try SocketPacket(unpacking: packed.span, limits: .init())
                }
            })
        for codec in [SocketCodec.messagePack, .custom(own)] {
            let world = ClientWorld(.cellular, codec: codec)
            let user = WorldUser(world.manager(ways[way].transports) { $0.codec = codec })
            var acked: [JSONValue] = []
            let mixed: SocketArguments = [1, "two", nil, [1.5, ["deep": .binary([1, 2, 3])]], .binary([])]
            world.act {
                user.socket.connect()
                user.socket.emit(ClientEmission("echo", mixed))
                user.socket.emit(ClientEmission("echo", mixed) { if case .success(let it) = $0 { acked = it.values } })
            }
            #expect(world.run { !acked.isEmpty })
            #expect(acked == mixed.values && user.received == mixed.values)
            world.act { user.socket.disconnect() }
            world.run(.seconds(1))
            #expect(user.reasons == ["io client disconnect"])
        }
    }

    @Test func `a server of another codec is a parse error, and no more`() {
        let world = ClientWorld(codec: .messagePack)
        let user = WorldUser(world.manager([.websocket]))
        world.act { user.socket.connect() }
        world.run(.seconds(10))
        #expect(user.connects == 0)
    }

    // MARK: Transports

    @Test func `a server without WebSockets is spoken to by polling, and one without polling is not`() {
        let world = ClientWorld(policy: EnginePolicy(transports: [.polling]))
        let both = WorldUser(world.manager([.polling, .websocket]))
        let only = WorldUser(world.manager([.websocket]))
        world.act {
            both.socket.connect()
            only.socket.connect()
        }
        world.run(.seconds(10))
        #expect(both.connects == 1 && only.connects == 0 && only.failures.count > 2)
    }

    @Test func `row 91: the next transport is tried where the first cannot open a session, if that is wanted`() {
        for isWanted in [false, true] {
            let world = ClientWorld(policy: EnginePolicy(transports: [.polling]))
            let manager = world.manager([.websocket, .polling]) { $0.engine.triesAllTransports = isWanted }
            let user = WorldUser(manager)
            world.act { user.socket.connect() }
            world.run(.milliseconds(900))
            #expect(user.connects == (isWanted ? 1 : 0))
            #expect(user.failures.isEmpty == isWanted)
        }
    }

    @Test func `row 91: an upgrade that worked is remembered, until a WebSocket fails`() {
        let world = ClientWorld()
        let manager = world.manager([.polling, .websocket]) { $0.remembersUpgrade = true }
        let user = WorldUser(manager)
        world.act { user.socket.connect() }
        world.run(.seconds(2))
        #expect(manager.transport == .websocket && world.dialer.count == 3)
        world.act { world.network.livePipes.forEach { $0.reset() } }
        world.run(.seconds(3))
        // A WebSocket from the start is one connection.
        #expect(user.connects == 2 && world.dialer.count == 4)
        world.dialer.refuses = { $0 == 4 }
        world.act { world.network.livePipes.forEach { $0.reset() } }
        world.run(.seconds(6))
        #expect(user.connects == 3 && world.dialer.count == 8)
    }

    @Test func `without upgrades a session stays with polling`() {
        let world = ClientWorld()
        let manager = world.manager([.polling, .websocket]) { $0.engine.upgrades = false }
        let user = WorldUser(manager)
        world.act { user.socket.connect() }
        world.run(.seconds(2))
        #expect(user.connects == 1 && manager.transport == .polling)
    }

    @Test(arguments: 0..<60)
    func `a move to a WebSocket that breaks off anywhere loses nothing`(_ step: Int) {
        let world = ClientWorld(seed: UInt64(step), .broadband)
        let manager = world.manager([.polling, .websocket])
        let user = WorldUser(manager)
        world.act { user.socket.connect() }
        var cutCount = 0
        for number in 0..<100 {
            world.act { user.socket.emit(ClientEmission("echo", [.integer(Int64(number))])) }
            world.run(.milliseconds(4))
            // The third connection is the WebSocket; it is cut at another moment in each world.
            if number == 10 + step, manager.transport == .polling {
                for pipe in world.network.livePipes where pipe.connection == 3 {
                    pipe.reset()
                    cutCount += 1
                }
            }
        }
        _ = world.run { user.received.count == 100 || !user.reasons.isEmpty }
        // After the client's `5` the session is on the WebSocket and goes with it; before, it goes on.
        if user.reasons.isEmpty {
            #expect(user.received == (0..<100).map { .integer($0) }, "cut \(cutCount)")
        } else {
            #expect(Set(user.received.map(\.text)).count == user.received.count)
        }
    }

    @Test func `cookies of the handshake come back with every request of the session`() {
        let world = ClientWorld()
        let manager = world.manager([.polling, .websocket])
        let user = WorldUser(manager)
        world.act { user.socket.connect() }
        // The server asks for its cookie: without it the session would have been refused.
        #expect(world.run { manager.transport == .websocket && user.connects == 1 })
    }

    // MARK: Faults

    @Test(arguments: 0..<40)
    func `whatever is cut, what arrives is in order, and everybody comes back`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let world = ClientWorld(seed: seed, seed % 2 == 0 ? .cellular : .broadband)
        let users = (0..<8).map { index in
            WorldUser(world.manager(ways[index % ways.count].transports) { $0.remembersUpgrade = index % 2 == 0 })
        }
        world.act { for user in users { user.socket.connect() } }
        var next = [Int64](repeating: 0, count: users.count)
        for _ in 0..<150 {
            world.run(.milliseconds(random.int(in: 1...200)))
            if random.int(in: 0...5) == 0 { world.network.drawPipe(&random)?.reset() }
            for index in users.indices {
                let number = next[index]
                next[index] += 1
                world.act { users[index].socket.emit(ClientEmission("echo", [.integer(number)])) }
            }
        }
        #expect(world.run { users.allSatisfy { $0.socket.isConnected } })
        world.run(.seconds(10))
        for (user, last) in zip(users, next) {
            let numbers = user.received.compactMap(\.integer)
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count, "seed \(seed)")
            #expect(numbers.last == last - 1 || !user.reasons.isEmpty, "seed \(seed)")
            #expect(user.dropped == 0)
        }
    }

    @Test(arguments: 0..<20)
    func `row 89: with retries everything arrives in its order, whatever is cut`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let world = ClientWorld(seed: seed, .broadband)
        var options = NamespaceClientOptions()
        options.retries = 1_000
        options.ackTimeout = .seconds(3)
        let user = WorldUser(world.manager(ways[Int(seed) % ways.count].transports), "/", options)
        var acked: [Int64] = []
        world.act { user.socket.connect() }
        for number in Int64(0)..<50 {
            world.act {
                user.socket.emit(
                    ClientEmission("echo", [.integer(number)]) { result in
                        if case .success(let answer) = result { acked += answer.values.compactMap(\.integer) }
                    })
            }
            world.run(.milliseconds(random.int(in: 1...100)))
            if random.int(in: 0...9) == 0 { world.network.drawPipe(&random)?.reset() }
        }
        #expect(world.run { acked.count == 50 })
        #expect(acked == Array(0..<50))
    }

    @Test func `a storm of clients that lost their server together is spread out, and all come back`() {
        let world = ClientWorld(.broadband)
        let users = (0..<200).map { index in WorldUser(world.manager(ways[index % 3].transports)) }
        world.act { for user in users { user.socket.connect() } }
        #expect(world.run { users.allSatisfy { $0.socket.isConnected } })
        world.crash()
        world.run(.seconds(1))
        world.restart()
        let before = world.dialer.count
        var busiest = 0
        var last = before
        for _ in 0..<60 {
            world.run(.milliseconds(50))
            busiest = max(busiest, world.dialer.count - last)
            last = world.dialer.count
        }
        #expect(busiest < 120, "\(busiest) connections in 50 ms")
        #expect(world.run { users.allSatisfy { $0.socket.isConnected } })
        #expect(users.allSatisfy { $0.connects == 2 })
    }
}
