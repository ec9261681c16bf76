import ByteKit
import Determinism
import JSONCore
import LobbyCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("What became of a player (protocol/spec/admin.md §7)")
struct JournalTests {
    private let office = AdminOffice()

    private func kinds(_ answer: JSONValue?) -> [String] {
        (answer?["entries"]?.array ?? []).compactMap { $0["kind"]?.string }
    }

    @Test(arguments: [1, 2])
    func `from a name to all that happened to its connections and seat, on whatever loop`(loops: Int) throws {
        let world = World(loops: loops, hooks: office.hooks)
        world.streamsMove = false
        PlainClient(world, lobby: "other", peer: .far).join(["name": "Bob"])
        let first = PlainClient(world, peer: .far)
        let token = first.join(["name": "Ann"])["token"] ?? .null
        first.emit("keyframe")
        first.stream.cut()
        world.run(.seconds(1))
        world.home = loops - 1
        let second = SocketClient(world, peer: .far)
        second.join("x", ["token": token])
        world.run(.seconds(1))
        let client = AdminClient(world, "moderator")
        #expect(client.ask("kick", ["lobby": "x", "seat": 0, "reason": "rude"]) == ["ok": true])
        second.stream.cut()
        world.turn()
        let trace = try #require(client.ask("trace", ["player": "ANN"]))
        let told = kinds(trace)
        #expect(told.filter { $0 != "connected" && $0 != "ended" } == ["joined", "dropped", "resumed", "kicked"])
        #expect(told.count { $0 == "connected" } == 2 && told.count { $0 == "ended" } == 2, "\(told)")
        let entries = try #require(trace["entries"]?.array)
        #expect(entries.contains { $0["kind"] == "kicked" && $0["detail"] == "rude" && $0["code"] == 4003 })
        // What is of one moment on two loops may stand either way.
        let opened = try #require(entries.first { $0["kind"] == "connected" })
        #expect(opened["address"]?.string?.hasPrefix("192.0.2.1") == true && opened["detail"] == "websocket")
        #expect(entries.allSatisfy { $0["name"] != "Bob" && $0["lobby"] != "other" })
        let ages = entries.compactMap { $0["secondsAgo"]?.number }
        #expect(ages == ages.sorted(by: >) && ages[0] >= 2)
        #expect(kinds(client.ask("trace", ["lobby": "x", "seat": 0])) == kinds(trace))
        let session = opened["session"] ?? .null
        #expect(Set(kinds(client.ask("trace", ["session": session]))) == ["connected", "joined", "ended", "dropped"])
        #expect(kinds(client.ask("trace", ["player": "nobody"])).isEmpty)
        #expect(client.refusal("trace") == "malformed")
    }

    @Test func `refusals, floods and the server's close codes are in it`() {
        let world = World(hooks: office.hooks)
        PlainClient(world).join(["name": "Ann"])
        PlainClient(world).join(["schema": "0000"])
        PlainClient(world).send(text: "nonsense")
        world.run(.milliseconds(10))
        let entries = AdminClient(world, "viewer").ask("events")?["entries"]?.array ?? []
        #expect(entries.contains { $0["kind"] == "refused" && $0["code"] == 4019 && $0["lobby"] == "x" })
        #expect(entries.contains { $0["kind"] == "closed" && $0["code"] == 4002 })
        #expect(entries.allSatisfy { $0["address"] == nil && $0["subject"] == nil }, "a viewer looks on")
    }

    @Test func `a session that moves from polling to a WebSocket says so`() {
        let world = World(hooks: office.hooks)
        let engine = EngineClient(world, path: "/socket.io/")
        let socket = engine.webSocket()
        socket.send(text: "2probe")
        socket.send(text: "5")
        world.run(.milliseconds(10))
        let entries = AdminClient(world, "viewer").ask("events", ["kind": "upgraded"])?["entries"]?.array ?? []
        #expect(entries.map { $0["detail"] } == ["websocket"])
    }

    @Test(arguments: [1, 2])
    func `events are told once each, by who asks on from where it was`(loops: Int) {
        let world = World(loops: loops, hooks: office.hooks)
        let client = AdminClient(world, "viewer")
        var next: JSONValue = 0
        func ask(_ filter: JSONObject = [:]) -> [String] {
            var data = filter
            data["after"] = next
            let answer = client.ask("events", .object(data))
            next = answer?["next"] ?? .null
            return kinds(answer)
        }
        world.run(.milliseconds(10))
        _ = ask()
        for name in ["x", "y"] { PlainClient(world, lobby: name).join() }
        world.run(.milliseconds(10))
        #expect(ask().sorted() == ["connected", "connected", "joined", "joined"] && ask().isEmpty)
        world.lobby("x")?.close("enough")
        world.run(.milliseconds(10))
        #expect(ask(["kind": "lobby-closed", "lobby": "x"]) == ["lobby-closed"])
    }

    @Test func `whoever connects without end pushes out no seats, and memory is bounded`() {
        var journal = Journal(loop: 3)
        func add(_ kind: JournalKind, lobby: String, _ time: Int) {
            journal.add(
                JournalEntry(
                    at: .zero + .milliseconds(time), kind: kind, session: journal.numberSession(), lobby: lobby, seat: 0
                ))
        }
        add(.joined, lobby: "x", 0)
        for time in 1...20_000 { add(.connected, lobby: "", time) }
        let all = journal.entries(JournalQuery(limit: 1_000_000))
        #expect(all.count == Journal.entriesMax + 1 && all[0].kind == .joined)
        #expect(all[1].at == .zero + .milliseconds(20_001 - Journal.entriesMax) && all[1].session >> 40 == 3)
        #expect(journal.entries(JournalQuery(limit: 3)).map(\.at).last == .zero + .milliseconds(20_000))
    }
}
