import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Anything that a peer can send")
struct MutationTests {
    /// Reads of a valid conversation of the plain dialect, one after the other.
    private static func plainScript(_ client: Client) -> [[UInt8]] {
        let schema = GameType(Probe.self).schema
        let inputs = (1...3).map { QuantisedInput(tick: $0, sequence: $0, values: [9, 1]) }
        let texts = [
            "{\"event\":\"join\",\"data\":{\"name\":\"Ann\",\"game\":\"probe\",\"tick\":4,\"options\":{\"greet\":true}}}",
            "{\"event\":\"input\",\"data\":{\"input\":{\"by\":3,\"loud\":true},\"tick\":2,\"sequence\":0},\"id\":1}",
            "{\"event\":\"keyframe\",\"data\":{\"mismatch\":true},\"id\":[2]}", "{\"event\":\"leave\",\"id\":3}",
        ]
        return [Client.request("/lobby/m")] + texts.prefix(3).map { client.frame(.text, Array($0.utf8)) } + [
            client.frame(.binary, ClientMessage.inputs(ack: 3, inputs).encode(schema: schema)),
            client.frame(.ping, [1, 2]) + client.frame(.pong, []), client.frame(.binary, [9, 0]),
            client.frame(.text, Array(texts[3].utf8)),
        ]
    }

    /// The same of the Socket.IO dialect.
    private static func socketScript(_ client: Client) -> [[UInt8]] {
        let texts = [
            "40", "420[\"lobbies\"]", "40/lobby/m,{\"name\":\"Ann\",\"token\":null}",
            "42/lobby/m,7[\"input\",{\"input\":{\"by\":-3},\"tick\":2}]", "40/lobby/n,{\"options\":{\"kickAt\":2}}",
            "451-/lobby/m,[\"input\",{\"_placeholder\":true,\"num\":0}]",
        ]
        let input = ClientMessage.inputs(ack: 0, [QuantisedInput(tick: 1, sequence: 12, values: [3, 0])])
        return [Client.request("/socket.io/?EIO=4&transport=websocket")]
            + texts.map { client.frame(.text, Array($0.utf8)) } + [
                client.frame(.binary, input.encode(schema: GameType(Probe.self).schema)),
                client.frame(.text, Array("3".utf8)),
                client.frame(.text, Array("40/admin,{\"username\":\"root\",\"password\":\"x\"}".utf8)),
                client.frame(.text, Array("41/lobby/m,".utf8)), client.frame(.text, Array("1".utf8)),
            ]
    }

    /// Damages a conversation: bytes flipped, set, taken out or doubled, reads swapped or cut.
    private func mutate(_ script: [[UInt8]], _ random: inout SeededRandom) -> [[UInt8]] {
        var script = script
        for _ in 0..<random.int(in: 1...4) {
            // The request itself is damaged seldom: little else is reached then.
            let at = random.int(in: random.int(in: 0...9) == 0 ? 0...script.count - 1 : 1...script.count - 1)
            guard !script[at].isEmpty else { continue }
            let byte = random.int(in: 0...script[at].count - 1)
            switch random.int(in: 0...7) {
            case 0: script[at][byte] ^= 1 << UInt8(random.int(in: 0...7))
            case 1: script[at][byte] = UInt8(random.int(in: 0...255))
            case 2: script[at].remove(at: byte)
            case 3: script[at].insert(contentsOf: script[at][byte...].prefix(random.int(in: 1...9)), at: byte)
            case 4: script[at].removeLast(script[at].count - byte)
            case 5: script.swapAt(at, random.int(in: 1...script.count - 1))
            case 6: script.insert(script[at], at: at)
            default: script[at] = Self.textMutation(script[at], &random)
            }
        }
        return script
    }

    /// Changes one byte of a masked frame's payload to another that has a meaning in a text.
    private static func textMutation(_ frame: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        guard frame.count > 6, frame[1] & 0x7F < 126 else { return frame }
        var frame = frame
        let at = random.int(in: 6...frame.count - 1)
        let bytes = Array("0123456789-,:.{}[]\"\\/ eEnu\u{0}".utf8)
        frame[at] = bytes[random.int(in: 0...bytes.count - 1)] ^ frame[2 + (at - 6) % 4]
        return frame
    }

    /// Plays a conversation in random pieces; time passes in between.
    private func play(_ script: [[UInt8]], on stream: FakeStream, in world: World, _ random: inout SeededRandom) {
        for read in script {
            var rest = read[...]
            while !rest.isEmpty {
                let piece = rest.prefix(random.int(in: 0...2) == 0 ? random.int(in: 1...rest.count) : rest.count)
                rest = rest.dropFirst(piece.count)
                stream.receive(Array(piece))
            }
            if random.int(in: 0...3) == 0 { world.run(.milliseconds(random.int(in: 0...60))) } else { world.turn() }
        }
    }

    @Test(arguments: 0..<20)
    func `ten thousand damaged conversations never stop the server from serving another client`(_ part: Int) {
        var random = SeededRandom(seed: UInt64(part) &+ 77)
        var hooks = ServerHooks()
        hooks.verifyAdmin = { user, _, decided in decided(.of(user == "root", user)) }
        var world = World(hooks: hooks)
        var canary = PlainClient(world, lobby: "canary")
        for round in 0..<500 {
            if round % 50 == 0 {
                world = World(seed: UInt64(round), hooks: hooks)
                canary = PlainClient(world, lobby: "canary")
                canary.join()
            }
            let stream = world.connect()
            let template = canary
            let script = round % 2 == 0 ? Self.plainScript(template) : Self.socketScript(template)
            play(mutate(script, &random), on: stream, in: world, &random)
            switch random.int(in: 0...2) {
            case 0: stream.cut()
            case 1: stream.end()
            default: break
            }
            canary.emit("input", ["input": ["loud": true]], id: round)
            let isServed = canary.acks.last?.id == .integer(Int64(round))
            #expect(isServed, "seed \(part &+ 77), round \(round)")
            guard isServed else { return }
            check(world, "seed \(part &+ 77), round \(round)")
        }
        world.steps(3, of: "canary")
        #expect(canary.event("loud") == 0)
        world.run(.seconds(120))
        #expect(world.server.connectionCount == 0, "everybody has been found dead")
    }

    /// What holds in every state of the server.
    private func check(_ world: World, _ place: Comment) {
        for hosted in world.server.lobbies {
            let seats = hosted.lobby.seats
            let isWhole =
                seats.takenCount <= seats.rows.count && seats.connectedCount == hosted.members.count { $0 != nil }
            #expect(isWhole, place)
        }
    }

    @Test func `the undamaged conversations are served to their end`() {
        let world = World()
        var random = SeededRandom(seed: 1)
        let plain = Client(World(), "/")
        for (script, joins) in [(Self.plainScript(plain), 1), (Self.socketScript(plain), 2)] {
            let before = world.count(.joins)
            play(script, on: world.connect(), in: world, &random)
            #expect(world.count(.joins) - before == UInt64(joins))
        }
        #expect(world.count(.messagesMalformed) == 0 && world.count(.inputsRefused) == 0)
        #expect(world.count(.inputsAccepted) >= 4)
    }
}

@Suite("Determinism: the same session twice")
struct DeterminismTests {
    /// Everything that every stream of a busy session was sent.
    private func session(seed: UInt64, loops: Int) -> [[UInt8]] {
        var random = SeededRandom(seed: 99)
        let world = World(seed: seed, loops: loops) { $0.messagesPerSecond = 60 }
        var clients: [PlainClient] = []
        var streams: [FakeStream] = []
        var tokens: [JSONValue] = []
        let socket = SocketClient(world)
        socket.join("b", ["options": ["greet": true]])
        for _ in 0..<300 {
            world.home = random.int(in: 0...loops - 1)
            switch random.int(in: 0...7) {
            case 0:
                let client = PlainClient(world, lobby: random.int(in: 0...1) == 0 ? "a" : "b")
                clients.append(client)
                streams.append(client.stream)
                if let token = client.join(["options": ["greet": true]])["token"] { tokens.append(token) }
            case 1:
                let client = PlainClient(world, lobby: "a")
                clients.append(client)
                streams.append(client.stream)
                client.emit("join", ["token": tokens.randomElement(using: &random) ?? .null, "tick": 9])
            case 2: clients.randomElement(using: &random)?.stream.cut()
            case 3: clients.randomElement(using: &random)?.stream.stalls = true
            case 4: for client in clients { client.stream.drain() }
            case 5: socket.emit("input", ["input": ["loud": true]], in: "/lobby/b", id: 4)
            default:
                clients.randomElement(using: &random)?.emit("input", ["input": ["by": 2]], id: 1)
                world.run(.milliseconds(random.int(in: 0...900)))
            }
        }
        return [socket.stream.sent] + streams.map(\.sent)
    }

    @Test(arguments: [1, 3])
    func `the same seed gives the same bytes on every stream, another gives others`(_ loops: Int) {
        let first = session(seed: 3, loops: loops)
        let second = session(seed: 3, loops: loops)
        let other = session(seed: 4, loops: loops)
        #expect(first.joined().count > 20_000)
        #expect(first == second)
        #expect(first != other)
    }
}

@Suite("Life times: what is closed is freed")
struct LifetimeTests {
    /// Whether what a weak reference held is gone.
    private final class Watch {
        weak var connection: Connection?
        weak var member: Member?
        weak var lobby: HostedLobby?

        init(_ world: World, _ stream: FakeStream, lobby: String = "x") {
            connection = stream.handler as? Connection
            self.lobby = world.server.lobby(lobby)
            member = self.lobby?.members.first.flatMap { $0 }
        }

        var isGone: Bool { connection == nil && member == nil }
    }

    @Test func `however a connection ends, it and its member are freed`() {
        let endings: [(String, (World, Client) -> Void)] = [
            ("cut", { _, client in client.stream.cut() }), ("FIN", { _, client in client.stream.end() }),
            ("close", { _, client in client.sendClose(1_000) }),
            ("malformed", { _, client in client.stream.receive([0xFF, 0xFF]) }),
            ("heartbeat", { world, _ in world.run(.seconds(60)) }),
            (
                "kick",
                { world, client in
                    _ = world.server.lobby("x")?.kick(seat: 0, reason: "")
                    world.turn()
                    client.sendClose(4_003)
                }
            ),
            (
                "lobby closed",
                { world, client in
                    world.server.lobby("x")?.close("")
                    world.turn()
                    client.sendClose(4_000)
                }
            ),
            (
                "write timeout",
                { world, client in
                    client.stream.stalls = true
                    world.run(.seconds(20))
                }
            ),
        ]
        for plain in [true, false] {
            for (name, end) in endings {
                let world = World()
                let watch = lone(world, plain: plain, end)
                if watch.connection != nil, name == "kick" || name == "lobby closed" {
                    // A Socket.IO connection outlives its namespaces.
                    #expect(!plain && watch.member == nil, "\(name)")
                } else {
                    #expect(watch.isGone, "\(name), plain: \(plain)")
                }
                #expect(world.server.connectionCount == (watch.connection == nil ? 0 : 1))
            }
        }
    }

    /// Joins, ends as told, and leaves nothing of the client's behind.
    private func lone(_ world: World, plain: Bool, _ end: (World, Client) -> Void) -> Watch {
        let client: Client
        if plain {
            let player = PlainClient(world)
            player.join()
            client = player
        } else {
            let player = SocketClient(world)
            player.join()
            client = player
        }
        let watch = Watch(world, client.stream)
        #expect(watch.connection != nil && watch.member != nil && watch.lobby != nil)
        world.steps(2)
        end(world, client)
        world.turn()
        world.turn()
        return watch
    }

    @Test func `a player whom the game kicks while joining is freed with its connection`() {
        let world = World()
        let client = PlainClient(world)
        let stream = client.stream
        let watch = Watch(world, stream)
        client.join(["name": "Mallory", "options": ["kickName": "Mallory"]])
        client.sendClose(4_003)
        #expect(watch.connection == nil && world.server.connectionCount == 0)
    }

    @Test func `a connection that is gone before its hook answers is freed`() {
        var decisions: [(Result<Identity, JoinRefusal>) -> Void] = []
        var hooks = ServerHooks()
        hooks.authorize = { _, decided in decisions.append(decided) }
        hooks.verifyAdmin = { _, _, _ in }
        let world = World(hooks: hooks)
        let client = SocketClient(world)
        client.join()
        client.send(
            SocketPacket(namespace: "/admin", .connect(["username": "a", "password": "b", "client": "muster"])))
        let watch = Watch(world, client.stream)
        client.stream.cut()
        world.turn()
        #expect(watch.connection == nil)
        decisions[0](.success(.guest))
        #expect(world.server.lobby("x") == nil)
    }

    @Test func `a closed lobby is freed with its game, and so is the server with everything`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        let watch = Watch(world, client.stream)
        world.steps(2)
        world.server.lobby("x")?.close("")
        world.run(.seconds(1))
        #expect(watch.lobby == nil)
        weak var server: Server?
        do {
            let short = World()
            PlainClient(short).join()
            server = short.server
            short.steps(2)
            #expect(server != nil)
        }
        #expect(server == nil)
    }
}
