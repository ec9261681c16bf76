import ByteKit
import Determinism
import JSONCore
import LobbyCore
import ServerCore
import Testing

@Suite("Who is who (protocol/spec/lobby.md §2.3)")
struct IdentityTests {
    @Test func `where guests may not come in, whoever is known may, and whoever has a seat's token`() {
        let world = Known.world { $0.letsGuestsIn = false }
        let guest = PlainClient(world)
        guest.join(["name": "Ann"])
        #expect(guest.closeCode == 4001)
        #expect(guest.event("exception")?["message"] == "this server lets in only who is signed in")
        let known = PlainClient(world)
        let token = known.join(["who": "ann"])["token"] ?? .null
        known.emit("keyframe")
        known.stream.cut()
        #expect(PlainClient(world).join(["token": token])["resumed"] == true)
        #expect(world.post("/api/lobbies", ["id": "y"]).status == 403)
    }

    @Test func `a name that somebody vouches for is the player's, whatever the client says`() {
        let world = Known.world()
        let joined = PlainClient(world).join(["who": "ann", "called": "\u{202E}Ann ", "name": "Root"])
        #expect(joined["name"] == "Ann")
        #expect(PlainClient(world).join(["who": "bob", "name": "Bob"])["name"] == "Bob")
    }

    @Test(arguments: [1, 2])
    func `a game knows who sits where and with which role, on whatever loop, by join and by ticket`(loops: Int) {
        var hooks = ServerHooks()
        hooks.authorize = { request, decided in
            decided(
                .success(Identity(subject: request.auth["who"]?.string, role: request.auth["as"]?.string)))
        }
        let world = World(loops: loops, hooks: hooks)
        world.streamsMove = false
        let first = PlainClient(world)
        first.join(["who": "ann", "as": "judge", "options": ["tellWho": true]])
        world.home = loops - 1
        let second = SocketClient(world)
        second.join("x", ["who": "bob"])
        let guest = PlainClient(world)
        let token = guest.join()["token"] ?? .null
        let ticket = world.post("/api/lobbies/x/seats", .null).json["tickets"]?[0]?["ticket"] ?? .null
        PlainClient(world).join(["who": "dan", "as": "referee", "ticket": ticket])
        // Who comes back is who it was.
        guest.emit("keyframe")
        guest.stream.cut()
        #expect(PlainClient(world).join(["token": token, "who": "eve", "as": "judge"])["resumed"] == true)
        let who = first.events.filter { $0.name == "who" }.map(\.data)
        #expect(who == [[0, "ann", "judge"], [1, "bob", .null], [2, .null, .null], [3, "dan", "referee"]])
        #expect(world.lobby()?.lobby.seats.rows.map(\.role) == ["judge", nil, nil, "referee"])
        world.steps(2)
        #expect(world.ask("/api/lobbies/x").text.contains("judge") == false, "nobody else is told")
    }

    @Test func `a second login has another seat, none, or takes over the first`() {
        for policy in DuplicateLogins.allCases {
            let world = Known.world { $0.duplicateLogins = policy }
            let first = PlainClient(world)
            first.join(["who": "ann"])
            let second = SocketClient(world)
            let joined = second.join("x", ["who": "ann"])
            switch policy {
            case .allow: #expect(joined["seat"] == 1 && first.closeCode == nil)
            case .refuse:
                #expect(second.refusal()?["data"]?["code"] == 4017 && first.closeCode == nil)
                #expect(world.lobby()?.lobby.seats.takenCount == 1)
            case .replace:
                #expect(joined["seat"] == 0 && joined["resumed"] == true && first.closeCode == 4006)
                #expect(world.lobby()?.lobby.seats.takenCount == 1)
            }
            #expect(PlainClient(world, lobby: "y").join(["who": "ann"])["seat"] == 0, "each lobby for itself")
            #expect(PlainClient(world).join()["seat"] != 0, "guests are nobody, and no two are the same")
        }
    }

    @Test func `whoever is known takes up a dropped seat without a token, where second logins take over`() {
        let world = Known.world { $0.duplicateLogins = .replace }
        let first = PlainClient(world)
        let token = first.join(["who": "ann"])["token"] ?? .null
        first.stream.cut()
        #expect(world.lobby()?.lobby.seats.takenCount == 1, "kept, though it has sent nothing")
        let again = PlainClient(world)
        #expect(again.join(["who": "ann"])["resumed"] == true)
        let thief = PlainClient(world)
        thief.join(["token": token])
        #expect(thief.closeCode == 4015 && again.closeCode == nil)
    }

    @Test func `a token brings nobody to a seat of somebody else`() {
        let world = Known.world()
        let ann = PlainClient(world)
        let token = ann.join(["who": "ann"])["token"] ?? .null
        ann.emit("keyframe")
        let bob = PlainClient(world)
        bob.join(["who": "bob", "token": token])
        #expect(bob.closeCode == 4001 && ann.closeCode == nil)
        #expect(PlainClient(world).join(["who": "ann", "token": token])["resumed"] == true)
    }
}

@Suite("G-05 and G-06: joining as somebody, and replaying tokens")
struct TokenAbuseTests {
    /// A player with a confirmed seat, and its token.
    private func settled(_ world: World, lobby: String = "x") -> (client: PlainClient, token: String) {
        let client = PlainClient(world, lobby: lobby)
        let token = client.join(["name": "Ann"])["token"]?.string ?? ""
        client.emit("keyframe")
        return (client, token)
    }

    @Test func `twelve forms of a token that is none bring nobody back`() {
        let world = World()
        let (client, token) = settled(world)
        let forms: [(JSONValue, UInt16?)] = [
            ("", 4001), (" ", 4001), ("0", 4001), (.integer(0), 4002), (true, 4002), (.array([.string(token)]), 4002),
            (["token": .string(token)], 4002), (.string(token + " "), 4001), (.string(token.uppercased()), 4001),
            (.string(String(token.dropLast())), 4001), (.string(token + "="), 4001), ("Ann", 4001),
        ]
        for (form, code) in forms {
            let forger = PlainClient(world)
            forger.join(["token": form])
            #expect(forger.closeCode == code, "\(form)")
        }
        #expect(client.closeCode == nil && world.lobby()?.lobby.seats.takenCount == 1)
    }

    @Test func `of parallel resumes with one token exactly one has the seat in the end`() {
        let world = World()
        let (client, token) = settled(world)
        client.stream.cut()
        let rivals = (0..<8).map { _ in PlainClient(world) }
        for rival in rivals { rival.emit("join", ["token": .string(token)]) }
        let left = rivals.filter { $0.closeCode == nil }
        #expect(left.count == 1 && rivals.count { $0.closeCode == 4006 } == 7)
        #expect(world.lobby()?.lobby.seats.takenCount == 1 && world.lobby()?.lobby.seats.connectedCount == 1)
        left[0].emit("keyframe")
        let late = PlainClient(world)
        late.join(["token": .string(token)])
        #expect(late.closeCode == 4015, "it was used")
    }

    @Test func `a token is nothing after a restart, in another lobby, and in a new lobby of the same id`() {
        let world = World()
        let (_, token) = settled(world)
        let restarted = World(seed: 2)
        for (world, lobby) in [(restarted, "x"), (world, "y")] {
            PlainClient(world, lobby: lobby).join()
            let client = PlainClient(world, lobby: lobby)
            client.join(["token": .string(token)])
            #expect(client.closeCode == 4001)
        }
        world.lobby()?.close("over")
        PlainClient(world).join()
        let client = PlainClient(world)
        client.join(["token": .string(token)])
        #expect(client.closeCode == 4001)
    }

    @Test func `tokens are 256 bits, all different, and only their digests are kept`() {
        let world = World()
        var tokens: Set<String> = []
        for index in 0..<32 { tokens.insert(settled(world, lobby: "l\(index)").token) }
        #expect(tokens.count == 32 && tokens.allSatisfy { $0.utf8.count == 43 })
        let text = world.lobby("l0").map { "\($0.lobby.seats)" } ?? ""
        #expect(!text.isEmpty && tokens.allSatisfy { !text.contains($0) })
    }
}
