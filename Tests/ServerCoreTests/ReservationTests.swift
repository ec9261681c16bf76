import ByteKit
import Determinism
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Seats that are kept (protocol/spec/lobby.md §2.2)")
struct ReservationTests {
    /// A world with a lobby that somebody sits in.
    private func world(loops: Int = 1, lobby: JSONValue = .null) -> World {
        let world = Known.world(loops: loops)
        PlainClient(world).join(["who": "root", "lobby": lobby])
        return world
    }

    private func tickets(_ answer: Answer) -> [JSONValue] {
        (answer.json["tickets"]?.array ?? []).map { $0["ticket"] ?? .null }
    }

    private func seats(_ world: World) -> SeatTable? { world.lobby()?.lobby.seats }

    @Test(arguments: [1, 2])
    func `a request keeps seats, and each ticket brings to its own, once`(loops: Int) {
        let world = world(loops: loops)
        world.home = loops - 1
        let answer = world.post("/api/lobbies/x/seats", ["count": 3])
        #expect(answer.status == 201 && answer.json["lobby"] == "x" && answer.json["seconds"] == 15)
        #expect(answer["cache-control"] == "no-store")
        #expect(seats(world)?.takenCount == 4 && seats(world)?.heldCount == 1)
        let stranger = PlainClient(world)
        stranger.join()
        #expect(stranger.closeCode == 4007, "what is kept counts as taken")
        let tickets = tickets(answer)
        #expect(PlainClient(world).join(["ticket": tickets[1], "name": "Bob"])["seat"] == 2)
        let replay = PlainClient(world)
        replay.join(["ticket": tickets[1]])
        #expect(replay.closeCode == 4015)
        let socket = SocketClient(world)
        #expect(socket.join("x", ["ticket": tickets[0]])["seat"] == 1)
        #expect(world.count(.seatsReserved) == 3 && world.count(.reservationsUsed) == 2)
    }

    @Test func `a seat that nobody has come for is free after fifteen seconds, and its ticket is told so`() {
        let world = world()
        let ticket = tickets(world.post("/api/lobbies/x/seats", .null))[0]
        world.run(.milliseconds(14_900))
        #expect(seats(world)?.reservedCount == 1)
        world.run(.milliseconds(200))
        #expect(seats(world)?.takenCount == 1 && world.count(.reservationsExpired) == 1)
        let late = PlainClient(world)
        late.join(["ticket": ticket])
        #expect(late.closeCode == 4014)
        #expect(world.count(.graceExpired) == 0 && world.count(.reservationsRefused) == 1)
    }

    @Test func `a lobby in which seats are kept is not empty`() {
        let world = World()
        #expect(world.post("/api/lobbies", ["id": "x"]).status == 201)
        world.run(.seconds(20))
        let ticket = tickets(world.post("/api/lobbies/x/seats", .null))[0]
        world.run(.milliseconds(14_500))
        #expect(PlainClient(world).join(["ticket": ticket])["seat"] == 0)
        let other = World()
        #expect(other.post("/api/lobbies", ["id": "x"]).status == 201)
        #expect(other.post("/api/lobbies/x/seats", .null).status == 201)
        other.run(.seconds(44))
        #expect(other.lobby() != nil)
        other.run(.seconds(2))
        #expect(other.lobby() == nil, "30 s after the last seat was kept")
    }

    @Test func `a forged ticket, one of another lobby, and one of another server are told 4001`() throws {
        let world = world()
        PlainClient(world, lobby: "y").join(["who": "root"])
        let ticket = try #require(tickets(world.post("/api/lobbies/x/seats", .null))[0].string)
        let foreign = World { $0.ticketKey = Array(repeating: 8, count: 32) }
        PlainClient(foreign).join()
        let other = try #require(tickets(foreign.post("/api/lobbies/x/seats", .null))[0].string)
        let parts = ticket.split(separator: ".").map(String.init)
        var flipped = Array(ticket.utf8)
        flipped[3] = flipped[3] == 65 ? 66 : 65
        let forged = [
            "", ".", "a.b", parts[0], parts[0] + ".", "." + parts[1], ticket + "A", ticket + ".", other,
            String(decoding: flipped, as: UTF8.self), parts[1] + "." + parts[0],
        ]
        for text in forged {
            let client = PlainClient(world)
            client.join(["ticket": .string(text)])
            #expect(client.closeCode == 4001, "\(text)")
        }
        let elsewhere = PlainClient(world, lobby: "y")
        elsewhere.join(["ticket": .string(ticket)])
        #expect(elsewhere.closeCode == 4001)
        let nowhere = PlainClient(world, lobby: "z")
        nowhere.join(["ticket": .string(ticket)])
        #expect(nowhere.closeCode == 4001 && world.server.lobby("z") == nil, "a ticket opens no lobby")
        #expect(PlainClient(world).join(["ticket": .string(ticket)])["seat"] == 1)
    }

    @Test func `a ticket is of its own lobby, not of a later one of the same id`() {
        let world = world()
        let ticket = tickets(world.post("/api/lobbies/x/seats", .null))[0]
        world.lobby()?.close("over")
        PlainClient(world).join(["who": "root"])
        #expect(world.post("/api/lobbies/x/seats", .null).status == 201, "the same seat, and the same number")
        let client = PlainClient(world)
        client.join(["ticket": ticket])
        #expect(client.closeCode == 4001)
    }

    @Test func `a ticket may be for one player alone, and may say the name`() {
        let world = world()
        let answer = world.post(
            "/api/lobbies/x/seats", ["players": [["subject": "ann", "name": "Ann"], ["name": "\u{7}Bob"], [:]]])
        let tickets = tickets(answer)
        let thief = PlainClient(world)
        thief.join(["ticket": tickets[0], "who": "bob"])
        #expect(thief.closeCode == 4001)
        #expect(PlainClient(world).join(["ticket": tickets[0], "who": "ann"])["name"] == "Ann")
        #expect(PlainClient(world).join(["ticket": tickets[1], "name": "x"])["name"] == "Bob")
        #expect(PlainClient(world).join(["ticket": tickets[2], "name": "Eve"])["name"] == "Eve")
        world.lobby()?.close("over")
        PlainClient(world).join(["who": "root"])
        let own = self.tickets(world.post("/api/lobbies/x/seats", ["who": "ann"]))[0]
        let other = PlainClient(world)
        other.join(["ticket": own, "who": "bob"])
        #expect(other.closeCode == 4001, "one seat is for who has asked for it")
    }

    @Test func `all seats that are asked for are kept, or none`() {
        let world = world(lobby: ["players": 3])
        #expect(world.post("/api/lobbies/x/seats", ["count": 3]).status == 409)
        #expect(seats(world)?.takenCount == 1)
        #expect(world.post("/api/lobbies/x/seats", ["count": 2]).status == 201)
        let row = world.ask("/api/lobbies").json.array?.first
        #expect(row?["players"] == 3 && world.ask("/api/lobbies/x").json["seats"]?.array?.count == 1)
    }

    @Test func `a password, a lock, a drain, a ban and a lobby that is not there are refused as at a join`() {
        let secret = world(lobby: ["password": "hush"])
        #expect(secret.post("/api/lobbies/x/seats", .null).json["code"] == 4012)
        #expect(secret.post("/api/lobbies/x/seats", ["password": "hush"]).status == 201)
        #expect(secret.post("/api/lobbies/z/seats", .null).status == 404)
        let locked = World()
        PlainClient(locked).join(["options": ["lockWith": 1]])
        #expect(locked.post("/api/lobbies/x/seats", .null).json["code"] == 4011)
        let barred = Known.world()
        PlainClient(barred).join(["who": "root"])
        PlainClient(barred).join(["who": "ann"])
        _ = barred.lobby()?.ban(seat: 1, reason: "", for: nil)
        #expect(barred.post("/api/lobbies/x/seats", ["who": "ann"]).json["code"] == 4016)
        barred.server.drain()
        #expect(barred.post("/api/lobbies/x/seats", .null).json["code"] == 4009)
        let without = World { $0.ticketKey = [] }
        PlainClient(without).join()
        #expect(without.post("/api/lobbies/x/seats", .null).status == 403)
    }

    @Test(arguments: [
        #"{"count":0}"#, #"{"count":17}"#, #"{"count":"1"}"#, #"{"count":1.5}"#, #"{"players":[]}"#,
        #"{"players":[1]}"#,
        #"{"players":[{"seat":1}]}"#, #"{"players":[{"subject":""}]}"#, #"{"count":1,"players":[{}]}"#, #"[]"#,
        #"{"token":"a"}"#,
    ])
    func `a wish that breaks a rule is 400`(_ wish: String) {
        let world = world()
        #expect(world.post("/api/lobbies/x/seats", JSONValue.of(wish)).status == 400)
        #expect(seats(world)?.takenCount == 1)
    }

    @Test func `an address may have seats kept five times at once, and each five seconds`() {
        let world = world()
        let statuses = (0..<7).map { _ in world.post("/api/lobbies/x/seats", .null, from: .far).status }
        #expect(statuses == [201, 201, 201, 409, 409, 429, 429])
        #expect(world.ask("/api/lobbies/x/seats").status == 405)
    }

    @Test(arguments: [1, 2])
    func `the game socket has the same verb, inside a lobby and outside`(loops: Int) {
        let world = world(loops: loops)
        world.home = loops - 1
        let plain = PlainClient(world)
        plain.join(["who": "ann"])
        plain.emit("reserve", ["count": 1], id: 7)
        let ticket = plain.acks.last?.data["tickets"]?.array?.first?["ticket"] ?? .null
        #expect(PlainClient(world).join(["ticket": ticket])["seat"] == 2)
        plain.emit("reserve", ["count": 2], id: 8)
        #expect(plain.event("exception")?["message"] == "the lobby is full")
        let socket = SocketClient(world)
        socket.send(SocketPacket(namespace: "/", .connect(nil)))
        socket.emit("reserve", ["lobby": "x"], in: "/", id: 3)
        let own = socket.ack(3)?["tickets"]?.array?.first?["ticket"]?.string ?? ""
        #expect(socket.join("x", ["ticket": .string(own)])["seat"] == 3)
        socket.emit("reserve", in: "/lobby/x", id: 4)
        #expect(socket.ack(4)?["code"] == 4007)
    }
}
