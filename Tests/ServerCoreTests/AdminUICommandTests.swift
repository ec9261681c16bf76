import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import SocketIOCore
import Testing
import WebSocketCore

@testable import ServerCore

@Suite("The events that the official Admin UI shows (protocol/spec/admin.md §9.3)")
struct AdminUIEventTests {
    private let stand = AdminStand(mode: .development)

    @Test func `events of both directions are told with their socket, bytes by their number and secrets not at all`() {
        let world = stand.world()
        let player = SocketClient(world)
        player.join("x")
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        player.emit("chat", ["text": "hello", "password": "hush", "more": .binary([1, 2, 3])])
        let other = PlainClient(world)
        let token = other.join()["token"]?.string ?? "?"
        other.send(.binary, [1, 2, 3, 4, 5])
        world.run(.milliseconds(1_020))
        let received = page.told("event_received")
        #expect(
            received.first?.prefix(3).map(\.text) == [
                #""/lobby""#, #""x/0/1""#,
                #"["chat",{"text":"hello","password":"<secret>","more":"<Buffer 3 bytes>"}]"#,
            ])
        #expect(received.first?[3].string?.hasPrefix("2026-11-22T14:16:4") == true)
        #expect(received.contains { $0[2] == ["input", "<Buffer 5 bytes>"] })
        let sent = page.told("event_sent")
        let joined = sent.first { $0[2][0] == "joined" }
        #expect(joined?[1].string?.hasPrefix("x/1/") == true && joined?[2][1]?["token"] == "<secret>")
        #expect(sent.contains { $0[2][0] == "snapshot" && $0[2][1]?.string?.hasPrefix("<Buffer ") == true })
        let everything = page.socket.received.map { "\($0)" }.joined()
        #expect(!everything.contains(token) && !everything.contains("hush"))
    }

    @Test
    func `of each second 64 events are told at most, eight of them inputs and snapshots, and the rest is counted`() {
        let world = stand.world { $0.messagesPerSecond = 10_000 }
        let player = PlainClient(world)
        player.join()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        let before = (page.told("event_received").count, page.told("event_sent").count)
        for _ in 0..<200 { player.emit("chat", ["text": "hello"]) }
        world.run(.milliseconds(1_020))
        let received = page.told("event_received").count - before.0
        let sent = page.told("event_sent").count - before.1
        #expect((60...64).contains(received + sent), "\(received) \(sent)")
        #expect(page.told("event_sent").count { $0[2][0] == "snapshot" } <= 16)
        #expect(world.count(.adminEventsSkipped) > 100)
    }

    @Test(arguments: [1, 2])
    func `an event for all is told once for each who is sent it`(loops: Int) {
        let world = stand.world(loops: loops)
        for _ in 0..<3 { PlainClient(world).join() }
        world.home = loops - 1
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        world.lobby()?.emit("notice", ["text": "hi"])
        world.run(.milliseconds(1_020))
        let notices = page.told("event_sent").filter { $0[2] == ["notice", ["text": "hi"]] }
        #expect(notices.map { $0[1].string?.prefix(4) } == ["x/0/", "x/1/", "x/2/"])
    }

    @Test func `what is shown is cut, however deep, long or many it is`() {
        let long = JSONValue.string(String(repeating: "x", count: 100_000))
        var deep: JSONValue = long
        for _ in 0..<60 { deep = [deep] }
        let wide = JSONValue.array(Array(repeating: long, count: 5_000))
        let many = JSONValue.object(JSONObject((0..<1_000).map { ("k\($0)", long) }))
        for value in [long, deep, wide, many, ["a": deep, "b": wide]] {
            #expect(value.shown().text.utf8.count < 20_000)
        }
        #expect(deep.shown().text == "[[[[[[\"…\"]]]]]]")
        #expect(([1, 2.5, true, nil, "é"] as JSONValue).shown() == [1, 2.5, true, nil, "é"])
        #expect(
            (["TOKEN": "a", "Ticket": ["b"], "tokens": 1] as JSONValue).shown() == [
                "TOKEN": "<secret>", "Ticket": "<secret>", "tokens": 1,
            ])
    }
}

@Suite("What the official Admin UI does (protocol/spec/admin.md §9.4)")
struct AdminUICommandTests {
    private let stand = AdminStand(mode: .development)

    @Test(arguments: [1, 2])
    func `its buttons are our verbs, with their roles and the audit log`(loops: Int) {
        let world = stand.world(loops: loops)
        let players = (0..<4).map { _ in PlainClient(world) }
        for player in players { player.join() }
        world.home = loops - 1
        let page = AdminPage(world, "moderator")
        world.run(.milliseconds(1_020))
        let ids = page.shown
        page.emit("_disconnect", "/lobby", false, .string(ids[0]))
        page.emit("leave", "/lobby", "x", .string(ids[1]))
        page.emit("emit", "/lobby", .string(ids[2]), "notice", "beware")
        page.emit("_disconnect", "/lobby", true, .string(ids[2]))
        page.emit("_disconnect", "/lobby", false, "x")
        #expect(players.map(\.closeCode) == [4003, 4003, 4003, 4000])
        #expect(players[2].event("notice") == ["text": "beware"])
        let sessions = ids.map { $0.split(separator: "/")[2] }
        #expect(
            stand.office.notes.prefix(3) == [
                "moderator kick x/0 done", "moderator kick x/1 done", "moderator message x/2 done",
            ])
        #expect(stand.office.notes.contains("moderator kick x/2 done"))
        #expect(stand.office.notes.last == "moderator close-lobby x done", "\(sessions)")
        world.run(.milliseconds(1_020))
        #expect(page.shown.isEmpty)
    }

    @Test(arguments: [1, 2])
    func `to clear a room throws out everybody who plays there, and to disconnect all is for admins alone`(loops: Int) {
        let world = stand.world(loops: loops)
        let players = ["x", "x", "y", "z"].map { lobby in
            let player = PlainClient(world, lobby: lobby)
            player.join()
            return player
        }
        let spectator = PlainClient(world)
        spectator.join(["watch": true])
        world.home = loops - 1
        let page = AdminPage(world, "moderator")
        #expect(page.refusal("leave", ["/lobby", "x"]) == nil)
        #expect(players.map(\.closeCode) == [4003, 4003, nil, nil] && spectator.closeCode == nil)
        #expect(page.refusal("_disconnect", ["/lobby", false]) == "forbidden")
        let admin = AdminPage(world, "admin")
        #expect(admin.refusal("_disconnect", ["/lobby", false]) == nil)
        world.turn()
        #expect(players.map(\.closeCode) == [4003, 4003, 4003, 4003])
        #expect(
            stand.office.notes == [
                "moderator clear x done", "moderator clear  forbidden", "admin clear  done",
            ])
        #expect(world.servers.flatMap(\.lobbies).map(\.id).sorted() == ["x", "y", "z"], "they stay")
    }

    @Test func `whoever sits down meanwhile is not thrown out in another's place`() {
        let world = stand.world()
        let first = PlainClient(world)
        first.join()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        let id = page.shown[0]
        first.emit("leave")
        let second = PlainClient(world)
        #expect(second.join()["seat"] == 0)
        #expect(page.refusal("_disconnect", ["/lobby", false, .string(id)]) == "no-such-seat")
        #expect(second.closeCode == nil && stand.office.notes == ["admin kick x/0 no-such-seat"])
    }

    @Test(
        arguments: [
            ("join", ["/lobby", "y", "x/0/1"], "malformed"), ("join", ["/lobby", "y"], "malformed"),
            ("leave", ["/lobby"], "malformed"), ("leave", ["/lobby", "x/0/1", "x/0/1"], "malformed"),
            ("leave", ["/lobby", "y"], "no-such-lobby"), ("leave", ["/lobby", "x", "y/0/1"], "malformed"),
            ("_disconnect", ["/", true, "x/0/1"], "malformed"),
            ("_disconnect", ["/lobby", false, "y"], "no-such-lobby"), ("_disconnect", [], "malformed"),
            ("_disconnect", [5, 5, 5], "malformed"), ("_disconnect", ["/lobby", true, "x/9/9"], "no-such-seat"),
            ("_disconnect", ["/lobby", true, "x/watching/999"], "no-such-session"),
            ("_disconnect", ["/lobby", false, "x/0/1/2"], "no-such-lobby"),
            ("_disconnect", ["/lobby", false, "../0/18446744073709551615"], "no-such-lobby"),
            ("emit", ["/lobby", nil, "joined", "x"], "malformed"), ("emit", ["/lobby", "x", "notice"], "malformed"),
            ("emit", ["/lobby", "x", "notice", ["text": 5]], "malformed"), ("overview", [], "no-such-verb"),
            ("__proto__", ["/lobby"], "no-such-verb"),
        ] as [(String, [JSONValue], String)])
    func `what means nothing here is refused, and a viewer's every wish`(
        _ name: String, _ values: [JSONValue], _ code: String
    ) {
        let world = stand.world()
        let player = PlainClient(world)
        player.join()
        let page = AdminPage(world, "admin")
        let viewer = AdminPage(world, "viewer")
        #expect(page.refusal(name, values) == code)
        #expect(viewer.refusal(name, values) == "forbidden")
        #expect(player.closeCode == nil && world.count(.adminCallsRefused) == 2 && world.count(.adminActions) == 0)
        #expect(stand.office.acts.filter { $0.action != "login" }.map(\.outcome) == [code, "forbidden"])
    }

    @Test(arguments: [1, 2])
    func `a client is disconnected by the number of its session, and its seat is kept`(loops: Int) {
        let world = stand.world(loops: loops)
        world.streamsMove = false
        let player = SocketClient(world)
        player.send(SocketPacket(namespace: "/", .connect(nil)))
        let token = player.join("x")["token"] ?? .null
        player.emit("keyframe")
        let polling = EngineClient(world, path: "/socket.io/")
        _ = polling.post("40/lobby/x,{}")
        _ = polling.get()
        world.home = loops - 1
        let client = AdminClient(world, "moderator")
        #expect(client.ask("end-session", ["session": 1, "reason": "why not"]) == ["ok": true])
        #expect(
            player.words("/").last == "disconnect" && player.words().last == "disconnect" && player.closeCode == 4003)
        #expect(client.refusal("end-session", ["session": 1]) == "no-such-session")
        #expect(client.ask("end-session", ["session": 2]) == ["ok": true])
        world.run(.milliseconds(10))
        #expect(world.lobby()?.lobby.seats.connectedCount == 0 && world.lobby()?.lobby.seats.takenCount == 1)
        world.home = 0
        #expect(PlainClient(world).join(["token": token])["resumed"] == true)
        for number: JSONValue in [9_999, .integer(5 << 40), .integer(.max)] {
            #expect(client.refusal("end-session", ["session": number]) == "no-such-session")
        }
        #expect(
            client.refusal("end-session") == "malformed" && client.refusal("end-session", ["session": 0]) == "malformed"
        )
        #expect(stand.office.notes.first == "moderator end-session session/1 done")
    }
}
