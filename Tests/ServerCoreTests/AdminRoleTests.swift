import ByteKit
import Determinism
import GameKit
import HTTPTypes
import JSONCore
import LobbyCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

@testable import ServerCore

@Suite("What each role may do (protocol/spec/admin.md §4)")
struct AdminRoleTests {
    /// What makes each verb right to ask for, where anything does.
    private static let data: [String: JSONValue] = [
        "lobby": ["lobby": "x"], "kick": ["lobby": "x", "seat": 0], "ban": ["subject": "eve"],
        "unban": ["subject": "eve"], "mute": ["lobby": "x", "seat": 0, "seconds": 5],
        "message": ["lobby": "x", "text": "hi"], "lock": ["lobby": "x"], "pause": ["lobby": "x"],
        "step": ["lobby": "x"], "clear": ["lobby": "x"], "close-lobby": ["lobby": "x"], "trace": ["player": "ann"],
        "end-session": ["session": 999],
    ]

    @Test(arguments: AdminVerb.all.map(\.name), [1, 2])
    func `every verb is refused to who is below its role, by both ways, and counted and noted`(
        _ name: String, _ loops: Int
    )
        throws
    {
        let verb = try #require(AdminVerb.named(name))
        for user in AdminRole.allCases {
            let office = AdminOffice()
            let world = World(loops: loops, hooks: office.hooks)
            PlainClient(world).join(["game": "probe"])
            world.home = loops - 1
            let client = AdminClient(world, user.rawValue)
            #expect(client.session?["role"]?.string == user.rawValue)
            let answers = [
                client.refusal(name, Self.data[name] ?? .null),
                world.admin(name, token: client.token, verb.body(Self.data[name] ?? [:])).json["code"]?
                    .string,
            ]
            let refused = world.count(.adminCallsRefused)
            if user < verb.role {
                #expect(answers == ["forbidden", "forbidden"] && refused == 2)
                #expect(office.acts.count { $0.outcome == "forbidden" && $0.actor == user.rawValue } == 2)
                #expect(world.lobby()?.lobby.seats.takenCount == 1, "nothing has happened")
            } else {
                #expect(answers.allSatisfy { $0 != "forbidden" && $0 != "unauthorized" })
            }
        }
    }

    @Test(arguments: [1, 2])
    func `what is asked over HTTP and over the namespace has the same effect`(loops: Int) {
        let office = AdminOffice()
        let world = World(loops: loops, hooks: office.hooks)
        let players = (0..<2).map { _ in PlainClient(world) }
        for player in players { player.join() }
        world.home = loops - 1
        let client = AdminClient(world, "moderator")
        #expect(client.ask("kick", ["lobby": "x", "seat": 0, "reason": "rude"]) == ["ok": true])
        let answer = world.admin("kick", token: client.token, ["lobby": "x", "seat": 1, "reason": "rude"])
        #expect(answer.status == 200 && answer.json == ["ok": true])
        #expect(players.map(\.closeCode) == [4003, 4003])
        #expect(players.map { $0.event("kicked") } == [["reason": "rude"], ["reason": "rude"]])
        #expect(office.notes == ["moderator kick x/0 done", "moderator kick x/1 done"])
        #expect(world.count(.adminActions) == 2)
    }

    @Test func `a target that is gone is told apart from what is malformed, by code and status`() {
        let office = AdminOffice()
        let world = World(hooks: office.hooks)
        PlainClient(world).join()
        let client = AdminClient(world, "admin")
        let wrong: [(String, JSONValue, String, Int)] = [
            ("kick", ["lobby": "z", "seat": 0], "no-such-lobby", 404),
            ("kick", ["lobby": "x", "seat": 3], "no-such-seat", 404),
            ("kick", ["lobby": "x"], "malformed", 400), ("kick", ["lobby": "x", "seat": 1_024], "malformed", 400),
            ("kick", ["lobby": "x", "seat": 0, "why": "?"], "malformed", 400),
            ("kick", ["lobby": 5, "seat": 0], "malformed", 400),
            ("kick", [1], "malformed", 400), ("mute", ["lobby": "x", "seat": 3, "seconds": 5], "no-such-seat", 404),
            ("message", ["lobby": "x", "seat": 3, "text": "hi"], "no-such-seat", 404),
            ("message", ["lobby": "x", "text": "\u{7}\u{202E} "], "malformed", 400),
            ("message", ["seat": 0, "text": "hi"], "malformed", 400), ("step", ["lobby": "x"], "conflict", 409),
            ("unban", ["subject": "eve"], "no-such-ban", 404), ("audit", .null, "no-storage", 404),
            (
                "ban", ["lobby": "x", "reason": .string(String(repeating: "x", count: 2_000)), "subject": "a"],
                "malformed", 400
            ),
        ]
        for (verb, data, code, status) in wrong {
            #expect(client.refusal(verb, data) == code, "\(verb) \(data.text)")
            let answer = world.admin(verb, token: client.token, AdminVerb.named(verb)?.body(data))
            #expect(answer.status == status && answer.json["code"]?.string == code, "\(verb) \(data.text)")
        }
        #expect(client.refusal("reboot") == "no-such-verb")
        #expect(world.admin("reboot", token: client.token).status == 404)
        #expect(world.lobby()?.lobby.seats.takenCount == 1)
    }

    @Test func `queries are read as what the verb takes`() {
        let office = AdminOffice()
        let world = World(hooks: office.hooks)
        for name in ["b", "a", "c"] { PlainClient(world, lobby: name).join(["name": "Player \(name)".jsonValue]) }
        let token = AdminClient(world, "viewer").token
        func ids(_ query: String) -> [JSONValue?]? {
            world.admin("lobbies?\(query)", token: token).json["lobbies"]?.array?.map { $0["id"] }
        }
        #expect(ids("") == ["a", "b", "c"] && ids("limit=2") == ["a", "b"] && ids("limit=2&offset=2") == ["c"])
        #expect(ids("search=player+B") == ["b"] && ids("search=probe") == ["a", "b", "c"] && ids("search=none") == [])
        #expect(world.admin("lobbies?search=player", token: token).json["count"] == 3)
        for query in ["limit=0", "limit=x", "limit=1&limit=2", "sort=name", "where=x", "search=%zz"] {
            #expect(world.admin("lobbies?\(query)", token: token).status == 400, "\(query)")
        }
        #expect(world.admin("overview?x=1", token: token).status == 400)
    }

    @Test(arguments: [1, 2])
    func `lobbies of all loops come in one order, by what is asked for`(loops: Int) {
        let office = AdminOffice()
        let world = World(loops: loops, hooks: office.hooks)
        for (name, count) in [("a", 1), ("b", 3), ("c", 2)] {
            for _ in 0..<count { PlainClient(world, lobby: name).join() }
        }
        let client = AdminClient(world, "viewer")
        let rows = client.ask("lobbies", ["sort": "players", "limit": 2])?["lobbies"]?.array
        #expect(rows?.map { $0["id"] } == ["b", "c"] && rows?.map { $0["players"] } == [3, 2])
    }

    @Test func `who only looks on is told no subject and no address`() {
        let office = AdminOffice()
        var hooks = office.hooks
        hooks.authorize = { $1(.success(Identity(subject: "subject-7"))) }
        let world = World(hooks: hooks)
        PlainClient(world, peer: .far).join()
        let viewer = AdminClient(world, "viewer")
        let texts = ["overview", "lobbies", "lobby"].map {
            viewer.ask($0, $0 == "lobby" ? ["lobby": "x"] : .null)?.text ?? ""
        }
        for text in texts + [world.admin("lobby?lobby=x", token: viewer.token).text] {
            #expect(!text.isEmpty && !text.contains("subject-7") && !text.contains("192.0.2"))
        }
        let seat = AdminClient(world, "moderator").ask("lobby", ["lobby": "x"])?["seatRows"]?[0]
        #expect(seat?["subject"] == "subject-7" && seat?["address"]?.string?.hasPrefix("192.0.2.1") == true)
    }
}

extension String {
    fileprivate var jsonValue: JSONValue { .string(self) }
}

@Suite("What admins do to lobbies (protocol/spec/admin.md §4)")
struct AdminLobbyTests {
    private let office = AdminOffice()

    @Test(arguments: [1, 2])
    func `a paused lobby runs no step but those that are allowed, and all there are told`(loops: Int) {
        let world = World(loops: loops, hooks: office.hooks)
        let player = PlainClient(world)
        player.join()
        world.steps(5)
        world.home = loops - 1
        let client = AdminClient(world, "moderator")
        #expect(client.ask("pause", ["lobby": "x", "reason": "a look"]) == ["ok": true])
        let tick = world.lobby()?.lobby.tick ?? 0
        world.run(.seconds(2))
        #expect(world.lobby()?.lobby.tick == tick && player.event("paused") == ["paused": true, "reason": "a look"])
        let detail = client.ask("lobby", ["lobby": "x"])
        #expect(detail?["paused"] == true && detail?["pause"]?["by"] == "moderator")
        #expect(detail?["pause"]?["reason"] == "a look" && detail?["pause"]?["seconds"]?.number.map(Int.init) == 2)
        #expect(client.ask("step", ["lobby": "x"]) == ["ok": true])
        world.run(.seconds(2))
        #expect(world.lobby()?.lobby.tick == tick + 1)
        #expect(client.ask("step", ["lobby": "x", "steps": 7]) == ["ok": true])
        world.run(.seconds(2))
        #expect(world.lobby()?.lobby.tick == tick + 8 && world.count(.stepsDropped) == 0)
        #expect(client.ask("pause", ["lobby": "x", "paused": false]) == ["ok": true])
        world.steps(3)
        #expect(world.lobby()?.lobby.tick == tick + 11)
        let after = client.ask("lobby", ["lobby": "x"])
        #expect(after?["paused"] == false && after?["pause"] == nil)
        #expect(client.refusal("step", ["lobby": "x"]) == "conflict")
    }

    @Test(arguments: [1, 2])
    func `a message goes to a seat, to a lobby, or to everybody`(loops: Int) {
        let world = World(loops: loops, hooks: office.hooks)
        let players = ["x", "x", "y"].map { lobby in
            let player = PlainClient(world, lobby: lobby)
            player.join()
            return player
        }
        let client = AdminClient(world, "moderator")
        for data in [
            ["lobby": "x", "seat": 1, "text": "you"], ["lobby": "x", "text": "you all"], ["text": "everybody\n"],
        ] as [JSONValue] { #expect(client.ask("message", data) == ["ok": true]) }
        let told = players.map { player in player.events.filter { $0.name == "notice" }.map { $0.data["text"] } }
        #expect(told == [["you all", "everybody"], ["you", "you all", "everybody"], ["everybody"]])
    }

    @Test func `a lobby is locked, and let go again`() {
        let world = World(hooks: office.hooks)
        PlainClient(world).join()
        let client = AdminClient(world, "moderator")
        #expect(client.ask("lock", ["lobby": "x"]) == ["ok": true])
        let late = PlainClient(world)
        late.join()
        #expect(late.closeCode == 4011)
        #expect(client.ask("lock", ["lobby": "x", "locked": false]) == ["ok": true])
        #expect(PlainClient(world).join()["seat"] != nil)
    }

    @Test(arguments: [1, 2])
    func `an admin drains the server, once`(loops: Int) {
        let world = World(loops: loops, hooks: office.hooks)
        let player = PlainClient(world)
        player.join()
        world.home = loops - 1
        let client = AdminClient(world, "admin")
        #expect(client.ask("drain", ["reason": "a new version"]) == ["ok": true])
        #expect(player.event("draining") != nil && world.servers.allSatisfy { $0.drainDeadline != nil })
        #expect(client.refusal("drain") == "conflict")
        #expect(office.acts.first { $0.action == "drain" }?.reason == "a new version")
    }

    @Test func `what a lobby shows of its seats is true`() throws {
        let world = World(hooks: office.hooks)
        let player = PlainClient(world)
        player.join(["name": "Ann"])
        let socket = SocketClient(world)
        socket.join()
        world.steps(10)
        let schema = GameType(Probe.self).schema
        player.send(.binary, ClientMessage.ack(4).encode(schema: schema))
        let away = PlainClient(world)
        away.join(["name": "Bob"])
        away.emit("keyframe")
        away.stream.cut()
        world.turn()
        let detail = try #require(AdminClient(world, "viewer").ask("lobby", ["lobby": "x"]))
        let seats = try #require(detail["seatRows"]?.array)
        #expect(seats.map { $0["state"] } == ["connected", "connected", "dropped"])
        #expect(seats.map { $0["dialect"] } == ["plain", "socketio", nil])
        #expect(seats[0]["transport"] == "websocket" && seats[0]["queuedBytes"] == 0 && seats[0]["name"] == "Ann")
        #expect((seats[2]["secondsLeft"]?.number ?? 0) > 1 && seats[0]["secondsLeft"] == nil)
        // Of 20 steps a second the client has the fourth; the other one has not said what it has.
        let age = try #require(seats[0]["snapshotAgeMilliseconds"]?.number)
        let ticks = Double((detail["tick"]?.integer ?? 0) - 4)
        #expect(age >= ticks * 50 && age < (ticks + 1) * 50 && ticks >= 6)
        #expect(seats[1]["snapshotAgeMilliseconds"] == nil)
        #expect(detail["players"] == 3 && detail["snapshotRate"] != nil && detail["tick"]?.integer ?? 0 >= 10)
    }

    @Test func `two admins at once: the second is told that it is done already`() {
        let world = World(hooks: office.hooks)
        PlainClient(world).join()
        let (first, second) = (AdminClient(world, "moderator"), AdminClient(world, "admin"))
        first.socket.stream.receive(
            first.socket.frame(.text, Array(#"42/admin,1["kick",{"lobby":"x","seat":0}]"#.utf8)))
        second.socket.stream.receive(
            second.socket.frame(.text, Array(#"42/admin,1["kick",{"lobby":"x","seat":0}]"#.utf8)))
        world.turn()
        #expect(first.socket.ack(1) == ["ok": true] && second.socket.ack(1)?["code"] == "no-such-seat")
        #expect(office.notes == ["moderator kick x/0 done", "admin kick x/0 no-such-seat"])
    }
}
