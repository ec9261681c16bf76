import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// Things that drift about and bounce, one more now and then; with the option `noise` so many more of them, and by no rule.
private struct Drift: Game {
    struct Thing: Entity {
        var x = 0.0
        var speed = 0.0
        var hits = 0
    }

    static let name = "drift"
    static let rules = Rules(tickRate: 20, seats: 4, grace: .seconds(30))
    static var replicated: Replication<Drift> {
        Entities(\.things, "thing") {
            Field("x", \.x, .fixed(0...64, step: 1 / 64), .linear)
            Field("hits", \.hits, .int(0...1_000))
        }
    }

    private(set) var things = Table<Thing>()
    private let isNoisy: Bool

    init(_ context: inout GameContext, options: JSONValue) {
        let more = Int(options["noise"]?.integer ?? 0)
        isNoisy = more > 0
        for number in 0..<10 { things.insert(Thing(x: Double(number) * 6, speed: Double(number - 4) / 8)) }
        for _ in 0..<more { things.insert(Thing(x: context.random.double(in: 1...63))) }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        if context.tick % 50 == 0 { things.insert(Thing(x: 1, speed: 0.5)) }
        for id in things.ids {
            guard var thing = things[id] else { continue }
            if isNoisy { thing.speed = context.random.double(in: -1...1) }
            if !(0...64).contains(thing.x + thing.speed) { (thing.speed, thing.hits) = (-thing.speed, thing.hits + 1) }
            thing.x += thing.speed
            things[id] = thing
        }
    }

    static let type = GameType(Drift.self).withSnapshotTables()
}

/// What a client makes of its answer and its snapshots, and nothing else.
struct Follower {
    let codec: Int64?
    private(set) var receiver: SnapshotReceiver
    private var read = 0

    /// - Parameter had: The tables that it has from before.
    init(_ joined: JSONValue?, of game: GameType, had: CodingTables? = nil) throws {
        let joined = try #require(joined)
        codec = joined["codec"]?.integer
        receiver = SnapshotReceiver(schema: game.schema)
        try take(joined, had: had)
    }

    /// Reads codec 1 from now on as the answer to a join says.
    mutating func take(_ joined: JSONValue, had: CodingTables? = nil) throws {
        guard joined["codec"] == 1 else {
            #expect(joined["tables"] == nil && joined["tablesHash"] == nil)
            receiver.codec1 = nil
            return
        }
        var given: CodingTables?
        if let text = joined["tables"]?.string.map({ Array($0.utf8) }) {
            let bytes = Base64.decodeURL(text.span)
            given = try CodingTables(try #require(bytes), for: receiver.schema)
        }
        let tables = given ?? had ?? TableTrainer(schema: receiver.schema).tables()
        #expect(joined["tablesHash"]?.string == tables.hashText)
        receiver.codec1 = Codec1(schema: receiver.schema, tables: tables)
    }

    /// Applies what is new.
    mutating func follow(_ snapshots: [[UInt8]]) throws {
        for snapshot in snapshots[read...] { try receiver.receive(snapshot.span) }
        read = snapshots.count
    }

    var state: WorldState? { receiver.state }
}

/// The codec of a message, and its ticks: from which state it leads on, and which is before that.
private func link(_ snapshot: [UInt8]?) throws -> [UInt32] {
    let snapshot = try #require(snapshot)
    let header = try Snapshot.header(of: snapshot.span)
    return [UInt32(header.codec), header.tick, header.baselineTick ?? 0, header.beforeTick ?? 0]
}

@Suite("Codec 1 in a lobby (protocol/spec/snapshot.md §9.9)")
struct CodecTests {
    private func world(
        loops: Int = 1, _ game: GameType = Drift.type, _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) -> World {
        let world = World(seed: 61, loops: loops, games: [game]) {
            $0.defaultGame = game.name
            $0.heartbeatInterval = .seconds(1_000_000)
            adjust(&$0)
        }
        world.streamsMove = false
        return world
    }

    private static var tables: CodingTables { TableTrainer(schema: Drift.type.schema).tables() }

    @Test(arguments: [1, 2])
    func `clients of both codecs in one lobby have the same states, in any dialect and on any loop`(loops: Int) throws {
        let world = world(loops: loops)
        let plain = PlainClient(world)
        let socket = SocketClient(world)
        var followers = [
            try Follower(plain.join(["codec": 1]), of: Drift.type), try Follower(socket.join(), of: Drift.type),
        ]
        world.home = loops - 1
        let farSocket = SocketClient(world)
        let farPlain = PlainClient(world)
        followers.append(try Follower(farSocket.join("x", ["codec": 1]), of: Drift.type))
        followers.append(try Follower(farPlain.join(["codec": 0]), of: Drift.type))
        #expect(followers.map(\.codec) == [1, 0, 1, 0])
        world.steps(2)
        for _ in 0..<150 {
            world.steps(1)
            let sent = [plain.snapshots, socket.snapshots(), farSocket.snapshots(), farPlain.snapshots]
            for place in followers.indices { try followers[place].follow(sent[place]) }
            let state = try #require(world.lobby()?.lobby.newestSnapshot)
            #expect(followers.allSatisfy { $0.state == state && $0.state?.hash == state.hash })
        }
        let last = [plain.snapshots, farSocket.snapshots(), socket.snapshots(), farPlain.snapshots].map(\.last)
        #expect(last[0] == last[1] && last[2] == last[3])
        #expect(try link(last[0]) == [1, 152, 151, 150] && link(last[2]) == [0, 152, 151, 0])
        let bytes = [plain.snapshots, farPlain.snapshots].map { $0.suffix(100).reduce(0) { $0 + $1.count } }
        #expect(bytes[0] * 2 < bytes[1], "\(bytes)")
    }

    @Test func `joined says the codec, and has the tables unless the client names them or makes them`() throws {
        let trained = try Self.trained()
        for (game, tables) in [
            (Drift.type, Self.tables), (Drift.type.with(givenTables: trained.bytes).withSnapshotTables(), trained),
        ] {
            try checkJoins(world(game), tables, given: tables == trained ? "given" : nil)
        }
    }

    private func checkJoins(_ world: World, _ tables: CodingTables, given: JSONValue?) throws {
        let hash = JSONValue.string(tables.hashText)
        func joined(_ request: JSONValue) -> [JSONValue?] {
            let client = PlainClient(world)
            let answer = client.join(request)
            client.emit("leave")
            return [answer["codec"], answer["tablesHash"], answer["tables"].map { _ in "given" }]
        }
        #expect(joined([:]) == [0, nil, nil])
        #expect(joined(["codec": 0, "tables": hash]) == [0, nil, nil])
        #expect(joined(["codec": .null, "tables": .null]) == [0, nil, nil])
        #expect(joined(["codec": 1]) == [1, hash, given])
        #expect(joined(["codec": 255]) == [1, hash, given], "a client of later codecs reads this one, too")
        #expect(joined(["codec": 1, "tables": hash]) == [1, hash, nil])
        #expect(joined(["codec": 1, "tables": "0123456789abcdef"]) == [1, hash, given])
    }

    /// Tables that are not the generic ones.
    private static func trained() throws -> CodingTables {
        var trainer = TableTrainer(schema: Drift.type.schema)
        let states = (1...3).map { tick in
            var state = WorldState(schema: Drift.type.schema)
            state.tick = UInt32(tick)
            return state
        }
        trainer.learn(states[2], since: states[1], before: states[0])
        return trainer.tables()
    }

    @Test func `who was built for another schema is told the first field that differs, on any loop`() throws {
        let world = world(loops: 2)
        let schema = Drift.type.schema
        let line = try #require(schema.text.split(separator: "\n").first { $0.hasPrefix("field ") })
        let other = schema.text.replacing(line, with: "field other bool", maxReplacements: 1)
        let home = PlainClient(world)
        home.join(["schema": .string(other)])
        world.home = 1
        let far = SocketClient(world)
        far.join("x", ["schema": .string(other)])
        for message in [home.events.first { $0.name == "exception" }?.data["message"], far.refusal()?["message"]] {
            let words = try #require(message?.string)
            #expect(words.contains("field other bool") && words.contains(line))
        }
        #expect(home.closeCode == 4019 && far.refusal()?["data"]?["code"] == 4019)
        let right = PlainClient(world)
        #expect(right.join(["schema": .string(schema.text)])["seat"] != nil)
    }

    @Test func `a server without tables for the game answers with codec 0`() throws {
        let world = world(GameType(Drift.self))
        let client = PlainClient(world)
        var follower = try Follower(client.join(["codec": 1]), of: Drift.type)
        #expect(follower.codec == 0)
        world.steps(5)
        try follower.follow(client.snapshots)
        #expect(try link(client.snapshots.last) == [0, 5, 4, 0])
    }

    @Test(
        arguments: [
            ["codec": -1], ["codec": 256], ["codec": 1.5], ["codec": "1"], ["codec": true], ["codec": [1]],
            ["codec": 18_446_744_073_709_551_616.0], ["codec": 1, "tables": ""], ["codec": 1, "tables": 5],
            ["codec": 1, "tables": "0123456789ABCDEF"], ["codec": 1, "tables": "0123456789abcdef0"],
            ["codec": 1, "tables": "0123456789abcde"], ["tables": .string(String(repeating: "a", count: 3_000))],
        ] as [JSONValue])
    func `a join with a codec or tables that are none is refused in words`(request: JSONValue) {
        let world = world()
        let client = PlainClient(world)
        client.join(request)
        #expect(client.closeCode == 4002 && client.event("joined") == nil)
        let message = client.event("exception")?["message"]?.string
        #expect(message?.contains("codec") == true || message?.contains("tables") == true)
        #expect(world.lobby() == nil)
    }

    @Test(arguments: [1, 2])
    func `who skips snapshots is led on from where it stood, and is in step again after one more`(loops: Int) throws {
        let world = world(loops: loops)
        let other = PlainClient(world)
        var others = try Follower(other.join(["codec": 1]), of: Drift.type)
        world.home = loops - 1
        let client = PlainClient(world)
        var follower = try Follower(client.join(["codec": 1]), of: Drift.type)
        client.emit("keyframe")
        for (halt, isFromNothing) in [(3, false), (20, false), (40, true)] {
            world.steps(5)
            try follower.follow(client.snapshots)
            client.stream.stalls = true
            world.steps(1)
            let stuck = try #require(world.lobby()?.lobby.newestSnapshotTick)
            world.steps(halt)
            client.stream.drain()
            world.turn()
            world.steps(3)
            let tick = stuck + UInt32(halt)
            let links = try client.snapshots.suffix(4).map(link)
            let caughtUp: [UInt32] = isFromNothing ? [1, tick, 0, 0] : [1, tick, stuck, stuck - 1]
            #expect(links[0] == caughtUp)
            #expect(links[1] == [1, tick + 1, tick, isFromNothing ? 0 : stuck])
            #expect(links[2] == [1, tick + 2, tick + 1, tick])
            try follower.follow(client.snapshots)
            try others.follow(other.snapshots)
            #expect(follower.state == others.state && follower.state == world.lobby()?.lobby.newestSnapshot)
            #expect(client.snapshots.last == other.snapshots.last)
        }
    }

    @Test func `who comes back with a tick is led on without a step, and who asks gets a keyframe of its codec`() throws
    {
        let world = world()
        let client = PlainClient(world)
        let joined = client.join(["codec": 1])
        var follower = try Follower(joined, of: Drift.type)
        PlainClient(world).join()
        client.emit("keyframe")
        world.steps(10)
        try follower.follow(client.snapshots)
        client.stream.cut()
        world.steps(7)
        let again = PlainClient(world)
        let back = again.join([
            "token": joined["token"] ?? .null, "tick": 10, "codec": 1, "tables": joined["tablesHash"] ?? .null,
        ])
        #expect(back["resumed"] == true && back["tables"] == nil)
        try follower.take(back, had: Self.tables)
        world.steps(2)
        #expect(try again.snapshots.map(link) == [[1, 17, 10, 0], [1, 18, 17, 10], [1, 19, 18, 17]])
        for snapshot in again.snapshots { try follower.receiver(takes: snapshot) }
        #expect(follower.state == world.lobby()?.lobby.newestSnapshot)
        again.emit("keyframe")
        world.steps(2)
        #expect(try again.snapshots.suffix(2).map(link) == [[1, 20, 0, 0], [1, 21, 20, 0]])
        for snapshot in again.snapshots.suffix(2) { try follower.receiver(takes: snapshot) }
        #expect(follower.state == world.lobby()?.lobby.newestSnapshot)
    }

    @Test func `a seat may be taken up again in another codec`() throws {
        let world = world()
        let client = PlainClient(world)
        var (joined, tick) = (client.join(["codec": 1]), UInt32(0))
        var follower = try Follower(joined, of: Drift.type)
        var last = client
        last.emit("keyframe")
        for codec in [0, 1, 0] as [Int64] {
            world.steps(4)
            for snapshot in last.snapshots { try follower.receiver(takes: snapshot) }
            tick = try #require(follower.state?.tick)
            last.stream.cut()
            last = PlainClient(world)
            joined = last.join([
                "token": joined["token"] ?? .null, "tick": .integer(Int64(tick)), "codec": .integer(codec),
            ])
            #expect(joined["codec"] == .integer(codec) && joined["resumed"] == true)
            try follower.take(joined)
            last.emit("time", id: 1)
            world.steps(1)
            #expect(try link(last.snapshots.last) == [UInt32(codec), tick + 1, tick, 0])
        }
    }

    // MARK: What it costs

    @Test(arguments: [false, true])
    func `a thousand clients in step cost as many encodings as one does`(isMixed: Bool) throws {
        var encoded: [UInt64] = []
        for count in [1, 999] {
            let world = world { $0.watchersPerLobbyMax = 1_000 }
            let player = PlainClient(world)
            player.join(["codec": 1])
            // One is always there who reads codec 0.
            if isMixed { PlainClient(world).join() }
            let watching = (0..<count).map { number in
                let client = PlainClient(world)
                client.join(["watch": true, "codec": isMixed && number % 2 == 0 ? 0 : 1, "tables": "0123456789abcdef"])
                return client
            }
            world.steps(3)
            let before = world.count(.snapshotsEncoded)
            let sent = world.count(.snapshotsSent)
            world.steps(10)
            encoded.append(world.count(.snapshotsEncoded) - before)
            #expect(world.count(.snapshotsSent) - sent == UInt64(10 * (count + (isMixed ? 2 : 1))))
            #expect(watching.allSatisfy { $0.event("joined") != nil })
        }
        #expect(encoded == (isMixed ? [20, 20] : [10, 10]))
    }

    @Test func `however clients skip snapshots, the messages made of one are few`() throws {
        let world = world { $0.watchersPerLobbyMax = 1_000 }
        PlainClient(world).join(["codec": 1])
        let clients = (0..<150).map { _ in
            let client = PlainClient(world)
            client.join(["watch": true, "codec": 1])
            return client
        }
        world.steps(3)
        // Each takes another two of the next snapshots, and none besides but the first.
        for client in clients { client.stream.stalls = true }
        world.steps(1)
        var pairs: [(Int, Int)] = []
        for second in 1..<28 { for first in 0..<second { pairs.append((first, second)) } }
        for step in 0..<28 {
            for (number, client) in clients.enumerated()
            where pairs[number * 2].0 == step || pairs[number * 2].1 == step {
                client.stream.drain()
                client.stream.stalls = true
            }
            world.steps(1)
        }
        let before = world.count(.snapshotsEncoded)
        for client in clients { client.stream.drain() }
        world.steps(1)
        let made = world.count(.snapshotsEncoded) - before
        // What they were to be sent at once, and the next snapshot.
        #expect(made > 60 && made <= 2 * (48 + 32), "\(made)")
        for client in clients {
            var follower = try Follower(client.event("joined"), of: Drift.type)
            try follower.follow(client.snapshots)
            #expect(follower.state == world.lobby()?.lobby.newestSnapshot)
        }
    }

    @Test(arguments: [0, 1])
    func `a reader of 2 kB a second is behind by one snapshot's time at most, and ninety-nine others are not`(
        codec: Int64
    ) throws {
        let world = world { $0.watchersPerLobbyMax = 1_000 }
        let clients = (0..<100).map { number in
            let client = PlainClient(world)
            client.join(["watch": .bool(number > 0), "codec": .integer(codec), "options": ["noise": 300]])
            return client
        }
        let slow = clients[99]
        world.steps(3)
        slow.stream.stalls = true
        // Its line takes one write, in as long as 2 kB a second need for it; what the kernel keeps comes on top of that.
        var takenAt: [UInt32: Instant] = [:]
        var (done, count) = (Instant?.none, 0)
        for _ in 0..<1_000 {
            world.run(.milliseconds(10))
            let now = world.clock.now
            if let tick = world.lobby()?.lobby.newestSnapshotTick, takenAt[tick] == nil { takenAt[tick] = now }
            let size = Double(slow.stream.pending.count)
            if slow.stream.isBlocked, done == nil { done = now + Interval(nanoseconds: Int64(size / 2_000 * 1e9)) }
            guard let end = done, end <= now else { continue }
            slow.stream.drain()
            slow.stream.stalls = true
            done = nil
            world.turn()
            let tick = try link(slow.snapshots.last)[1]
            let age = now - (try #require(takenAt[tick]))
            #expect(
                age <= Interval(nanoseconds: Int64(size / 2_000 * 1e9)) + .milliseconds(50 + 20),
                "an interval, and two of this loop's")
            count += 1
        }
        #expect(count > 5 && slow.snapshots.count < 100)
        #expect(clients.dropLast().allSatisfy { $0.snapshots.count >= 200 })
        var follower = try Follower(slow.event("joined"), of: Drift.type)
        try follower.follow(slow.snapshots)
    }

    @Test func `what a lobby keeps of a client for its snapshots is 12 bytes`() {
        #expect(MemoryLayout<SnapshotBasis>.stride == 12)
    }

    // MARK: Those who watch

    @Test func `who watches at once gets the players' bytes, who watches late codec 0`() throws {
        for delay in [Interval.zero, .seconds(1)] {
            let world = world { $0.watchDelay = delay }
            let player = PlainClient(world)
            player.join(["codec": 1])
            let spectator = PlainClient(world)
            let joined = spectator.join(["watch": true, "codec": 1])
            var follower = try Follower(joined, of: Drift.type)
            world.steps(60)
            try follower.follow(spectator.snapshots)
            let isLate = delay > .zero
            let tick = try #require(follower.state?.tick)
            #expect(follower.codec == (isLate ? 0 : 1) && (isLate ? 38...41 : 60...60).contains(tick))
            #expect(try link(spectator.snapshots.last)[0] == (isLate ? 0 : 1))
            if !isLate { #expect(spectator.snapshots.last == player.snapshots.last) }
        }
    }

    @Test func `tables that a game gives are used, and ones that are no use are named in words`() throws {
        let trained = try Self.trained()
        let given = GameType(Drift.self).with(givenTables: trained.bytes).withSnapshotTables()
        #expect(given.snapshotTables?.hash == trained.hashText && given.snapshotTables?.problem == nil)
        let cases: [([UInt8], String)] = [
            (TableTrainer(schema: GameType(Probe.self).schema).tables().bytes, "another schema"),
            (Array(trained.bytes.dropLast()), "damaged"), ([9] + trained.bytes, "version"), ([], "damaged"),
        ]
        for (bytes, words) in cases {
            let game = GameType(Drift.self).with(givenTables: bytes).withSnapshotTables()
            #expect(game.snapshotTables?.problem?.contains(words) == true)
            #expect(game.snapshotTables?.hash == Self.tables.hashText, "generic ones take their place")
        }
    }
}

extension Follower {
    /// Applies a message of another connection.
    mutating func receiver(takes snapshot: [UInt8]) throws { try receiver.receive(snapshot.span) }
}
