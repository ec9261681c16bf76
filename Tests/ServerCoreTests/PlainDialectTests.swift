import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

@Suite("Plain dialect (protocol/spec/lobby.md)")
struct PlainDialectTests {
    @Test func `a join is answered by joined with every key, before anything else of the lobby`() throws {
        let world = World()
        let client = PlainClient(world, lobby: "den")
        let joined = client.join(["name": "Ann", "options": ["greet": true]])
        #expect(client.events.map(\.name) == ["joined", "greeting", "arrived"])
        let keys = try #require(joined.object).members.map(\.key)
        #expect(
            Set(keys) == [
                "lobby", "game", "name", "seat", "seats", "token", "resumed", "tick", "tickRate", "snapshotRate",
                "pingInterval", "pingTimeout", "schema", "schemaHash", "codec",
            ])
        #expect(joined["lobby"] == "den" && joined["game"] == "probe" && joined["name"] == "Ann")
        #expect(joined["seat"] == 0 && joined["seats"] == 4 && joined["resumed"] == false && joined["tick"] == 0)
        #expect(joined["tickRate"] == 20 && joined["snapshotRate"] == 20 && joined["codec"] == 0)
        #expect(joined["schema"] == .string(GameType(Probe.self).schema.text))
        #expect(joined["schemaHash"] == .string(GameType(Probe.self).schema.hashText))
        #expect(joined["token"]?.string?.utf8.count == 43, "256 bits in base64url")
    }

    @Test func `the first snapshot is a keyframe that follows joined at once if there is one`() {
        let world = World()
        let first = PlainClient(world)
        first.join()
        world.steps(3)
        #expect(kind(first.snapshots.first) == "key 1")
        #expect(first.snapshots.dropFirst().map(kind) == ["2 from 1", "3 from 2"])
        let second = PlainClient(world)
        second.join()
        #expect(second.events.map(\.name) == ["joined", "snapshot"] && kind(second.snapshots.last) == "key 3")
    }

    @Test func `a client that applies every snapshot has the state of the game`() throws {
        let world = World()
        let client = PlainClient(world)
        client.join()
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for by in [1, -3, 8, 0] {
            client.emit("input", ["input": ["by": .integer(Int64(by))]])
            world.steps(7)
        }
        for snapshot in client.snapshots { try receiver.receive(snapshot.span) }
        #expect(receiver.state?.tables[0].values == [4 * 8 + 6])
    }

    @Test func `a JSON input is answered with what became of it, when asked`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.emit("input", ["input": ["by": 1], "tick": 1, "sequence": 5], id: 1)
        client.emit("input", ["input": ["by": 1], "sequence": 5], id: 2)
        client.emit("input", ["input": ["by": 1]])
        client.emit("input", ["input": [:], "tick": 100], id: 3)
        #expect(client.acks.map(\.id) == [1, 2, 3])
        #expect(client.acks.map { $0.data["accepted"] } == [true, false, false])
        #expect(client.acks.allSatisfy { $0.data["tick"] == 0 })
        #expect(world.count(.inputsAccepted) == 2 && world.count(.inputsRepeated) == 1)
        #expect(world.count(.inputsTooEarly) == 1)
    }

    @Test func `a binary input reaches the step, and one that is malformed closes with 4002`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        let schema = GameType(Probe.self).schema
        let input = QuantisedInput(tick: 1, sequence: 1, values: [16, 1])
        client.send(.binary, ClientMessage.inputs(ack: 0, [input]).encode(schema: schema))
        world.steps(2)
        #expect(client.event("loud") == 0)
        client.send(.binary, [0xFF])
        #expect(client.closeCode == 4002 && world.count(.inputsRefused) == 1)
    }

    @Test(arguments: [
        "", "{", "[1,]", "nul", "[]", "{}", "17", "{\"event\":1}", "{\"event\":\"join\",\"event\":\"join\"}",
        "{\"data\":{}}", "\u{FEFF}{\"event\":\"join\"}",
    ])
    func `what is no message closes with 4002, joined or not`(_ text: String) {
        let world = World()
        let stranger = PlainClient(world)
        stranger.send(text: text)
        #expect(stranger.closeCode == 4002)
        let player = PlainClient(world)
        player.join()
        player.send(text: text)
        #expect(player.closeCode == 4002 && world.count(.messagesMalformed) == 2)
    }

    @Test func `an event or bytes before the join close with 4002`() {
        for opcode in [true, false] {
            let client = PlainClient(World())
            if opcode { client.emit("input", ["input": [:]]) } else { client.send(.binary, [9, 0]) }
            #expect(client.closeCode == 4002)
        }
    }

    @Test func `a refused request is an exception, and the player stays`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        let refused: [(String, JSONValue)] = [
            ("dance", .null), ("join", [:]), ("input", .null), ("input", ["input": ["by": 9]]),
            ("input", ["input": ["by": "1"]]), ("input", ["input": ["loud": 1]]),
            ("input", ["input": [:], "tick": -1]), ("input", ["input": [:], "sequence": 1.5]),
            ("input", ["input": [:], "tick": 4_294_967_296]),
        ]
        for (index, (event, data)) in refused.enumerated() {
            client.emit(event, data, id: index)
            let exception = client.event("exception")
            #expect(exception?["event"] == .string(event) && exception?["id"] == .integer(Int64(index)))
            #expect(exception?["message"]?.string?.isEmpty == false)
        }
        #expect(client.closeCode == nil && world.count(.inputsRefused) == 7)
        world.steps(2)
        #expect(!client.snapshots.isEmpty)
    }

    @Test func `leave frees the seat and closes with 1000`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.emit("leave", id: 1)
        #expect(client.acks.first?.data == .null && client.closeCode == 1000)
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 0 && world.count(.leaves) == 1)
    }

    @Test func `a keyframe that was asked for is the next snapshot`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(3)
        client.emit("keyframe", ["mismatch": true], id: 1)
        world.steps(2)
        #expect(client.snapshots.suffix(2).map(kind) == ["key 4", "5 from 4"])
        #expect(world.count(.keyframesRequested) == 1 && world.count(.stateMismatches) == 1)
    }

    @Test func `no message after the upgrade closes with 4001 at ten seconds`() {
        let world = World()
        let client = PlainClient(world)
        world.run(.milliseconds(9_900))
        #expect(client.received.isEmpty)
        world.run(.milliseconds(150))
        #expect(client.closeCode == 4001)
    }

    @Test(
        arguments: [
            ("\"a\"", 4002), ("{\"name\":1}", 4002), ("{\"token\":\"forged\"}", 4001), ("{\"tick\":-1}", 4002),
            ("{\"game\":\"chess\"}", 4010), ("{\"schema\":\"0000000000000000\"}", 4019),
            ("{\"options\":{\"refuse\":true}}", 4000),
            ("{\"name\":\"" + String(repeating: "x", count: 257) + "\"}", 4002),
        ] as [(String, UInt16)])
    func `a refused join is an exception with its code, then a close with it`(_ text: String, _ code: UInt16) {
        let data = JSONValue.of(text)
        let world = World()
        let client = PlainClient(world)
        client.emit("join", data)
        #expect(client.event("exception")?["code"] == .integer(Int64(code)))
        #expect(client.event("exception")?["message"]?.string?.isEmpty == false)
        #expect(client.closeCode == code && world.count(.joinsRefused) == 1)
    }

    @Test func `a join without a game opens nothing when there is no default`() {
        let client = PlainClient(World { $0.defaultGame = nil })
        client.emit("join", [:])
        #expect(client.closeCode == 4010)
    }

    @Test func `names are cleaned of what could deceive, and never empty`() {
        let world = World()
        let names = ["  Ann  ", "a\u{202E}b\u{0}c\n", "\u{200B}", String(repeating: "é", count: 40)]
        let joined = names.map { PlainClient(world).join(["name": .string($0)])["name"]?.string }
        #expect(joined == ["Ann", "abc", "player", String(repeating: "é", count: 32)])
    }

    @Test func `a fifth player is refused with 4007, and seats never exceed`() {
        let world = World()
        let players = (0..<6).map { _ in PlainClient(world) }
        for player in players { player.emit("join", [:]) }
        #expect(players.map(\.closeCode) == [nil, nil, nil, nil, 4007, 4007])
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 4)
    }

    @Test func `with a slow hook the seat is taken when it answers, and a second join changes nothing`() {
        var decisions: [(Result<Identity, JoinRefusal>) -> Void] = []
        var hooks = ServerHooks()
        hooks.authorize = { _, decided in decisions.append(decided) }
        let world = World(hooks: hooks)
        let clients = (0..<3).map { _ in PlainClient(world) }
        for client in clients { client.emit("join", [:]) }
        clients[0].emit("join", [:])
        #expect(decisions.count == 3 && world.server.lobby("x") == nil)
        clients[2].stream.cut()
        decisions[0](.success(.guest))
        decisions[1](.failure(.notAuthorized("not you")))
        decisions[2](.success(.guest))
        world.turn()
        #expect(clients[0].event("joined") != nil)
        #expect(clients[1].event("exception")?["message"] == "not you" && clients[1].closeCode == 4001)
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 1, "who has gone takes no seat")
    }
}

@Suite("WebSocket rules on a connection (RFC 6455)")
struct ConnectionTests {
    @Test func `row 12, pings: answered with their payload (§5_5_2)`() {
        let client = PlainClient(World())
        client.send(.ping, [1, 2, 3])
        #expect(client.received == [.pong])
    }

    @Test func `a close is answered with the same code and the connection ends (§5_5_1)`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.sendClose(3_000)
        #expect(client.closeCode == 3_000 && client.stream.isClosed && world.server.connectionCount == 0)
    }

    @Test func `what breaks the framing closes with its code (§7_4_1)`() {
        let broken: [([UInt8], UInt16)] = [
            ([0x81, 0x01, 0x41], 1002), ([0xC1, 0x80, 0, 0, 0, 0], 1002), ([0x83, 0x80, 0, 0, 0, 0], 1002),
            ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007), ([0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0], 1009),
            ([0x80, 0x80, 0, 0, 0, 0], 1002), ([0x09, 0x80, 0, 0, 0, 0], 1002), ([0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        ]
        for (bytes, code) in broken {
            let world = World()
            let client = PlainClient(world)
            client.stream.receive(bytes)
            world.turn()
            #expect(client.closeCode == code && client.stream.isClosed)
            #expect(world.count(.messagesMalformed) == 1)
        }
    }

    @Test func `a peer that does not answer our close is cut after five seconds`() {
        let world = World()
        let client = PlainClient(world)
        client.join(["name": "a", "options": ["kickAt": 1]])
        world.steps(1)
        #expect(client.closeCode == 4003 && !client.stream.isClosed)
        world.run(.milliseconds(5_100))
        #expect(client.stream.isClosed && world.server.connectionCount == 0)
    }

    @Test func `after a bad message the server waits for the peer's close, so that its own is read`() {
        let world = World()
        let client = PlainClient(world)
        client.send(text: "{")
        #expect(client.closeCode == 4002 && !client.stream.isClosed)
        client.send(text: "{")
        client.sendClose(4002)
        #expect(client.stream.isClosed && world.count(.messagesMalformed) == 1)
    }

    @Test func `a FIN without a close frame is a lost connection`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.emit("keyframe")
        client.stream.end()
        world.turn()
        #expect(client.stream.isClosed && world.count(.drops) == 1)
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 1, "the seat waits for its holder")
    }

    @Test func `messages over the rate are dropped and counted, far too many close with 4008`() {
        let world = World { $0.messagesPerSecond = 10 }
        let client = PlainClient(world)
        client.join()
        for _ in 0..<25 { client.emit("keyframe") }
        #expect(world.count(.messagesRateLimited) == 6 && client.closeCode == nil)
        world.run(.seconds(1))
        for _ in 0..<10 { client.emit("keyframe") }
        #expect(world.count(.messagesRateLimited) == 6, "the allowance fills again")
        for _ in 0..<41 { client.emit("keyframe") }
        #expect(client.closeCode == 4008)
    }

    @Test func `pings count as messages, so that a flood of them ends as any other`() {
        let world = World { $0.messagesPerSecond = 10 }
        let client = PlainClient(world)
        for _ in 0..<100 { client.send(.ping, []) }
        #expect(client.received.count { $0 == .pong } == 20 && client.closeCode == 4008)
    }

    @Test func `nothing follows a close frame, not even the snapshot of the same turn (§5_5_1)`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(3)
        world.clock.now = world.clock.now + .milliseconds(50)
        world.server.advance()
        _ = world.server.lobby("x")?.kick(seat: 0, reason: "")
        world.turn()
        #expect(client.closeCode == 4003 && client.events.suffix(2).map(\.name) == ["snapshot", "kicked"])
    }

    @Test func `what is sent in one turn arrives in the order in which it was sent`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(3)
        for _ in 0..<3 {
            world.clock.now = world.clock.now + .milliseconds(50)
            world.server.advance()
        }
        world.server.lobby("x")?.emit("late", .null)
        world.turn()
        #expect(client.snapshots.suffix(3).map(kind) == ["4 from 3", "5 from 4", "6 from 5"])
        #expect(client.events.last?.name == "late")
    }
}
