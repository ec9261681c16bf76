import ByteKit
import Determinism
import GameKit
import JSONCore
import MessagePackCore
import ServerCore
import SnapshotCore
import Testing
import VectorFiles
import WebSocketCore

/// A client of the compact dialect.
private final class CompactClient: Client {
    private var gotEvents: [CompactEvent] = []
    private var gotSnapshots: [[UInt8]] = []
    private(set) var texts = 0
    var events: [CompactEvent] { reading { gotEvents } }
    var snapshots: [[UInt8]] { reading { gotSnapshots } }

    init(_ world: World, lobby: String = "x", subprotocols: String = "muster.compact.1") {
        super.init(world, "/lobby/\(lobby)", fields: "Sec-WebSocket-Protocol: \(subprotocols)\r\n")
    }

    override func got(_ received: Received) {
        switch received {
        case .binary(let bytes) where bytes.first == 0x07:
            do {
                gotEvents.append(try CompactEvent(decoding: bytes.span, from: .server))
            } catch {
                Issue.record("\(error)")
            }
        case .binary(let bytes): gotSnapshots.append(bytes)
        case .text: texts += 1
        default: break
        }
    }

    func emit(_ event: String, _ data: JSONValue = .null, id: JSONValue? = nil) {
        send(.binary, CompactEvent(event, data, id: id).encoded(from: .client))
    }

    func event(_ name: String) -> JSONValue? { events.last { $0.name == name }?.data }

    @discardableResult
    func join(_ data: JSONValue = [:]) -> JSONValue {
        emit("join", data)
        return event("joined") ?? .null
    }
}

@Suite("The compact dialect: the plain one with binary events")
struct CompactDialectTests {
    @Test func `the subprotocol is agreed to where it is offered, and the plain dialect spoken where it is not`() {
        let world = World()
        let client = CompactClient(world, subprotocols: "other, muster.compact.1")
        let head = String(decoding: client.stream.sent, as: UTF8.self).lowercased()
        #expect(client.status == 101 && head.contains("sec-websocket-protocol: muster.compact.1\r\n"))
        let plain = CompactClient(world, subprotocols: "muster.compact.2")
        #expect(plain.status == 101)
        #expect(!String(decoding: plain.stream.sent, as: UTF8.self).lowercased().contains("sec-websocket-protocol"))
        plain.send(text: #"{"event":"join"}"#)
        #expect(plain.texts == 1, "joined, as text")
    }

    @Test func `a player joins, plays, asks, is told and leaves without a text message`() throws {
        let world = World()
        let client = CompactClient(world)
        let other = PlainClient(world)
        other.join()
        let joined = client.join(["name": "ann", "options": ["greet": true]])
        #expect(joined["seat"] == 1 && joined["name"] == "ann")
        client.emit("keyframe", .null, id: 7)
        world.steps(2)
        client.emit("input", ["input": ["by": 3, "loud": true]], id: "which")
        client.emit("time", .null, id: 8)
        world.steps(2)
        #expect(client.event("loud") == 1 && other.event("loud") == 1)
        let answers = client.events.filter { $0.name == "ack" }
        #expect(answers.map(\.id) == [7, "which", 8] && answers[1].data["accepted"] == true)
        #expect(answers[2].data["tick"] != nil)
        var receiver = SnapshotReceiver(schema: GameType(Probe.self).schema)
        for snapshot in client.snapshots { try receiver.receive(snapshot.span) }
        #expect(!client.snapshots.isEmpty)
        client.emit("leave", .null, id: 9)
        #expect(client.closeCode == 1000 && client.texts == 0)
    }

    @Test func `binary inputs are those of the plain dialect`() {
        let world = World()
        let client = CompactClient(world)
        client.join()
        client.send(.binary, [0x09, 0])
        client.send(.binary, [0x0A, 0])
        world.steps(1)
        #expect(client.closeCode == nil && !client.snapshots.isEmpty)
    }

    @Test func `a player comes back to its seat from the compact dialect in the plain one`() throws {
        let world = World()
        let client = CompactClient(world)
        let token = try #require(client.join()["token"])
        client.emit("keyframe")
        client.stream.cut()
        #expect(PlainClient(world).join(["token": token])["resumed"] == true)
    }

    @Test func `a refusal is an exception, then its code`() {
        let client = CompactClient(World())
        client.join(["name": 3])
        #expect(client.closeCode == 4002 && client.event("exception")?["code"] == 4002)
    }

    @Test func `a verb that is refused has the id of the request`() {
        let client = CompactClient(World())
        client.join()
        client.emit("nothing", .null, id: 4)
        #expect(client.event("exception")?["id"] == 4)
    }

    @Test func `the list of lobbies is pushed`() {
        let world = World()
        PlainClient(world).join()
        let client = CompactClient(world)
        client.emit("subscribe", .null, id: 1)
        world.run(.seconds(1))
        #expect(client.event("lobbies")?["lobbies"]?.array?.count == 1)
    }

    @Test(arguments: [
        ("not MessagePack", [0x0F, 0xC1]), ("nothing behind the byte", [0x0F]),
        ("no array", [0x0F, 0xC0]), ("no name", [0x0F, 0x90]), ("a number for a name", [0x0F, 0x91, 1]),
        ("four parts", [0x0F, 0x94, 0xA1, 0x61, 1, 1, 1]), ("bytes behind", [0x0F, 0x91, 0xA1, 0x61, 0]),
        ("an input before the join", [0x09, 0]), ("another event", [0x0F, 0x91, 0xA1, 0x61]), ("empty", []),
    ])
    func `what is no event ends the connection with 4002`(_ what: String, _ bytes: [UInt8]) {
        let client = CompactClient(World())
        client.send(.binary, bytes)
        #expect(client.closeCode == 4002, "\(what)")
    }

    @Test func `a text message ends the connection with 4002`() {
        let client = CompactClient(World())
        client.send(text: #"{"event":"join"}"#)
        #expect(client.closeCode == 4002)
    }

    @Test func `a message in any pieces is the same event`() {
        for pieces in 1...9 {
            let world = World()
            let client = CompactClient(world)
            let bytes = client.frame(.binary, CompactEvent("join", ["name": "ann"]).encoded(from: .client))
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                client.stream.receive(Array(bytes[start..<min(start + pieces, bytes.count)]))
            }
            world.turn()
            #expect(client.event("joined") != nil)
        }
    }

    @Test func `each vector is written and read as it says, and what is malformed is refused`() throws {
        let file = try vectors("compact.json", as: CompactVectors.self)
        for vector in file.events {
            let parts = try #require(JSONValue.of(vector.event).array)
            let speaker: CompactEvent.Speaker = vector.from == "client" ? .client : .server
            let event = CompactEvent(parts[0].string ?? "", parts[1], id: parts.dropFirst(2).first)
            #expect(event.encoded(from: speaker) == bytesOfHex(vector.hex), "\(vector.id)")
            let read = try CompactEvent(decoding: bytesOfHex(vector.hex).span, from: speaker)
            #expect(read == event, "\(vector.id)")
        }
        for vector in file.malformed {
            let bytes = bytesOfHex(vector.hex)
            #expect(throws: CompactEvent.Malformed.self, "\(vector.id)") {
                _ = try CompactEvent(decoding: bytes.span, from: .client)
            }
        }
    }
}

/// protocol/vectors/compact.json.
private struct CompactVectors: Decodable {
    struct Event: Decodable {
        let id, from, event, hex: String
    }

    struct Malformed: Decodable {
        let id, hex: String
    }

    let events: [Event]
    let malformed: [Malformed]
}
