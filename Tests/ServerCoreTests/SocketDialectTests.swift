import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Socket.IO dialect (protocol/spec/lobby.md, protocol/spec/socketio.md)")
struct SocketDialectTests {
    @Test func `the server opens with a handshake that tells its heartbeat and limits`() {
        let client = SocketClient(World())
        #expect(client.open?["pingInterval"] == 25_000 && client.open?["pingTimeout"] == 20_000)
        #expect(client.open?["maxPayload"] == 65_536 && client.open?["upgrades"] == [])
        #expect(client.open?["sid"]?.string?.utf8.count == 20)
    }

    @Test func `the main namespace is open to everyone and lists lobbies`() {
        let world = World()
        let client = SocketClient(world)
        client.send(SocketPacket(.connect(nil)))
        client.join("den")
        client.emit("lobbies", in: "/", id: 3)
        #expect(client.words("/") == ["connect", "ack"])
        #expect(client.ack(3)?[0]?["id"] == "den" && client.ack(3)?[0]?["players"] == 1)
    }

    @Test func `a lobby answers CONNECT with a sid, then joined, then the rest`() {
        let world = World()
        let client = SocketClient(world)
        let joined = client.join("x", ["name": "Ann", "options": ["greet": true]])
        #expect(client.words() == ["connect", "joined", "greeting", "arrived"])
        #expect(joined["name"] == "Ann" && joined["seat"] == 0 && joined["resumed"] == false)
        guard case .connect(let payload) = client.packets.first?.body else {
            Issue.record("no CONNECT")
            return
        }
        #expect(payload?["sid"]?.string?.utf8.count == 20 && payload?["sid"] != client.open?["sid"])
    }

    @Test func `a snapshot is one event with one attachment`() {
        let world = World()
        let client = SocketClient(world)
        client.join()
        world.steps(3)
        #expect(client.snapshots().map(kind) == ["key 1", "2 from 1", "3 from 2"])
    }

    @Test func `an event that asks for an ack gets one, whatever it says`() {
        let world = World()
        let client = SocketClient(world)
        client.join()
        client.emit("input", ["input": ["by": 1, "loud": true]], id: 0)
        client.emit("input", ["input": ["by": 99]], id: 1)
        client.emit("keyframe", id: 2)
        client.emit("dance", id: 3)
        client.emit("input", .null, id: 9_999_999_999)
        let schema = GameType(Probe.self).schema
        let input = ClientMessage.inputs(ack: 0, [QuantisedInput(tick: 1, sequence: 9, values: [8, 1])])
        client.emit("input", .binary(input.encode(schema: schema)), id: 4)
        #expect(client.ack(0)?["accepted"] == true && client.ack(0)?["tick"] == 0)
        #expect(client.ack(1)?["error"]?.string?.contains("range") == true)
        #expect(client.ack(2) == .null && client.ack(3)?["error"] == "no such event: dance")
        #expect(client.ack(9_999_999_999)?["error"] != nil && client.ack(4)?["tick"] == 0)
        world.steps(2)
        #expect(client.words().count { $0 == "loud" } == 2)
    }

    @Test func `a CONNECT that is refused says why, with its code, and the connection stays`() {
        let world = World()
        for _ in 0..<4 { PlainClient(world, lobby: "full").join() }
        let client = SocketClient(world)
        let cases: [(String, JSONObject, Int64?)] = [
            ("/nowhere", [:], nil), ("/lobby/a b", [:], 4002), ("/lobby/full", [:], 4007),
            ("/lobby/x", ["game": "chess"], 4010), ("/lobby/x", ["token": "forged"], 4001),
            ("/lobby/x", ["name": 7], 4002), ("/lobby/x", ["options": ["refuse": true]], 4000),
        ]
        for (namespace, auth, code) in cases {
            client.send(SocketPacket(namespace: namespace, .connect(auth)))
            let refusal = client.refusal(namespace)
            #expect(refusal?["message"]?.string?.isEmpty == false)
            #expect(refusal?["data"]?["code"]?.integer == code)
        }
        #expect(client.refusal("/nowhere")?["message"] == "Invalid namespace")
        #expect(world.count(.joinsRefused) == 6 && client.closeCode == nil)
        #expect(client.join()["seat"] == 0)
    }

    @Test func `one connection is in several namespaces, and leaving one leaves the others`() {
        let world = World()
        let client = SocketClient(world)
        client.join("a")
        client.join("b")
        world.steps(2, of: "b")
        client.send(SocketPacket(namespace: "/lobby/a", .disconnect))
        #expect(world.server.lobby("a")?.lobby.seats.takenCount == 0)
        let before = client.snapshots("/lobby/b").count
        let beforeA = client.packets.count { $0.namespace == "/lobby/a" }
        world.steps(3, of: "b")
        #expect(client.snapshots("/lobby/b").count == before + 3)
        #expect(client.packets.count { $0.namespace == "/lobby/a" } == beforeA, "nothing to a namespace that was left")
        #expect(client.join("a")["seat"] == 0, "and it can be joined again")
    }

    @Test func `leave ends the seat with DISCONNECT`() {
        let world = World()
        let client = SocketClient(world)
        client.join()
        client.emit("leave", id: 1)
        #expect(client.words().suffix(2) == ["ack", "disconnect"])
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 0 && client.closeCode == nil)
    }

    @Test func `what a namespace that was not joined, or was joined already, is sent closes with 4002`() {
        let wrong: [SocketPacket] = [
            SocketPacket(namespace: "/lobby/y", .event("input", [], ackID: nil)),
            SocketPacket(namespace: "/lobby/y", .disconnect), SocketPacket(namespace: "/lobby/x", .connect(nil)),
            SocketPacket(namespace: "/lobby/x", .connectError("no")),
        ]
        for packet in wrong {
            let client = SocketClient(World())
            client.join()
            client.send(packet)
            #expect(client.closeCode == 4002)
        }
    }

    @Test(arguments: ["", "9", "4", "49", "2", "2probe", "bAAAA", "42[", "42{}", "42[1.5]", "42[\"connect\"]"])
    func `what is no packet closes with 4002`(_ text: String) {
        let world = World()
        let client = SocketClient(world)
        client.send(SocketPacket(.connect(nil)))
        client.send(text: text)
        #expect(client.closeCode == 4002 && world.count(.messagesMalformed) == 1)
    }

    @Test func `bytes that no event announced, and text where bytes are due, close with 4002`() {
        let one = SocketClient(World())
        one.send(.binary, [1])
        #expect(one.closeCode == 4002)
        let two = SocketClient(World())
        two.join()
        two.send(text: "451-/lobby/x,[\"input\",{\"_placeholder\":true,\"num\":0}]")
        #expect(two.closeCode == nil)
        two.send(text: "42/lobby/x,[\"input\"]")
        #expect(two.closeCode == 4002)
    }

    @Test func `over the rate a packet is dropped with its attachments, and the connection stays whole`() {
        let world = World { $0.messagesPerSecond = 5 }
        let client = SocketClient(world)
        client.join()
        let schema = GameType(Probe.self).schema
        for number in 1...25 as ClosedRange<UInt32> {
            let input = ClientMessage.inputs(ack: 0, [QuantisedInput(tick: 1, sequence: number, values: [8, 1])])
            client.emit("input", .binary(input.encode(schema: schema)), id: Int(number))
            if number % 3 == 0 { world.run(.milliseconds(70)) }
        }
        #expect(client.closeCode == nil && world.count(.messagesRateLimited) > 9)
        #expect(world.count(.messagesRateLimited) + world.count(.inputsAccepted) == 25)
        client.send(SocketPacket(namespace: "/lobby/x", .disconnect))
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 0, "leaving is not dropped")
    }

    @Test func `attachments do not count against the rate`() {
        let world = World { $0.messagesPerSecond = 5 }
        let client = SocketClient(world)
        client.join()
        for _ in 0..<9 { client.emit("input", .binary([9, 0])) }
        #expect(world.count(.messagesRateLimited) == 0)
        client.emit("input", .binary([9, 0]))
        #expect(world.count(.messagesRateLimited) == 1 && client.closeCode == nil)
    }

    @Test func `a handshake that Engine_IO refuses is counted`() {
        let world = World()
        for target in ["/socket.io/?EIO=3&transport=websocket", "/socket.io/?EIO=%zz"] {
            #expect(Client(world, target).status == 400)
        }
        #expect(world.count(.handshakesRefused) == 2)
    }

    @Test func `too many namespaces are refused`() {
        let client = SocketClient(World { $0.namespacesMax = 2 })
        client.join("a")
        client.join("b")
        client.join("c")
        #expect(client.refusal("/lobby/c")?["message"] == "too many namespaces" && client.closeCode == nil)
    }

    @Test func `without any namespace the connection closes with 4001 at ten seconds`() {
        let world = World()
        let client = SocketClient(world)
        client.send(SocketPacket(namespace: "/nowhere", .connect(nil)))
        world.run(.milliseconds(10_100))
        #expect(client.closeCode == 4001)
    }

    @Test func `who leaves the last namespace has ten seconds for the next`() {
        let world = World()
        let client = SocketClient(world)
        client.join("a")
        world.run(.seconds(20))
        client.send(SocketPacket(namespace: "/lobby/a", .disconnect))
        world.run(.seconds(9))
        #expect(client.closeCode == nil)
        #expect(client.join("b")["seat"] == 0)
        client.emit("leave", in: "/lobby/b")
        world.run(.milliseconds(10_100))
        #expect(client.closeCode == 4001)
    }

    @Test func `an engine close packet is a lost connection, told 1000`() {
        let world = World()
        let client = SocketClient(world)
        client.join()
        client.emit("keyframe")
        client.send(text: "1")
        #expect(client.closeCode == 1_000 && world.server.lobby("x")?.lobby.seats.takenCount == 1)
    }

    @Test func `a decision for a CONNECT that was taken back is not one for the next`() {
        var decisions: [(Result<Identity, JoinRefusal>) -> Void] = []
        var hooks = ServerHooks()
        hooks.authorize = { _, decided in decisions.append(decided) }
        let world = World(hooks: hooks)
        let client = SocketClient(world)
        client.send(SocketPacket(namespace: "/lobby/x", .connect(["name": "first"])))
        client.send(SocketPacket(namespace: "/lobby/x", .disconnect))
        client.send(SocketPacket(namespace: "/lobby/x", .connect(["name": "second"])))
        decisions[0](.failure(.notAuthorized("no")))
        decisions[1](.success(.guest))
        world.turn()
        #expect(client.words() == ["connect", "joined"] && client.event("joined")?["name"] == "second")
    }

    @Test func `an event before CONNECT was answered closes with 4002`() {
        var hooks = ServerHooks()
        hooks.authorize = { _, _ in }
        let client = SocketClient(World(hooks: hooks))
        client.join()
        client.emit("input", .null)
        #expect(client.closeCode == 4002)
    }
}
