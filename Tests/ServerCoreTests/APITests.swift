import ByteKit
import Determinism
import HTTPTypes
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

@Suite("The API and its description (protocol/spec/openapi.json)")
struct APIDescriptionTests {
    /// `GET /api/lobbies` and so on, of the server's table.
    private var routes: [String] { APIRoute.all.map { "\($0.method.rawValue) \($0.path)" } }

    @Test func `every route is described, and nothing else is`() {
        let description = World().ask("/api/openapi.json")
        #expect(description.status == 200 && description["content-type"]?.hasPrefix("application/json") == true)
        #expect(description.json["openapi"] == "3.1.0")
        var described: [String] = []
        for path in description.json["paths"]?.object?.members ?? [] {
            for operation in path.value.object?.members ?? [] where operation.key != "parameters" {
                described.append("\(operation.key.uppercased()) \(path.key)")
            }
        }
        #expect(described.sorted() == routes.sorted() && Set(routes).count == routes.count)
    }

    @Test func `a path that is asked otherwise is 405, and told how it may be`() {
        let world = World()
        for path in Set(APIRoute.all.map(\.path)) {
            let target = path.replacing("{id}", with: "x").replacing("{ticket}", with: "t").replacing(
                "{game}", with: "probe")
            let answer = world.ask(target, method: "PUT")
            let methods = APIRoute.all.filter { $0.path == path }.map {
                $0.method == .get ? "GET, HEAD" : $0.method.rawValue
            }
            #expect(answer.status == 405 && answer.json["error"]?.string != nil, "\(path)")
            #expect(answer["allow"] == (methods + ["OPTIONS"]).joined(separator: ", "), "\(path)")
        }
        #expect(world.ask("/api/nothing", method: "POST").status == 404)
        #expect(world.ask("/api/nothing", method: "OPTIONS").status == 404)
    }

    @Test func `pages of other origins may not ask, whatever it is`() {
        let world = World()
        for route in APIRoute.all {
            let answer = world.ask(route.path, method: route.method.rawValue, "Origin: https://evil.example")
            #expect(answer.status == 403, "\(route.path)")
        }
        let own = world.ask("/api/openapi.json", "Origin: http://muster.test:7777")
        #expect(own.status == 200 && own["access-control-allow-origin"] == "http://muster.test:7777")
    }

    @Test func `where a connection cannot come to what it is about, it is told to try again`() {
        let world = Stage.world(loops: 2)
        world.streamsMove = false
        PlainClient(world).join()
        world.home = 1
        let targets = [
            ("GET", "/api/lobbies/x"), ("GET", "/api/lobbies/x/events"), ("DELETE", "/api/lobbies/x/seats/t"),
            ("GET", "/api/queue/1-a"), ("GET", "/api/queue/1-a/events"), ("DELETE", "/api/queue/1-a"),
            ("POST", "/api/queue"),
        ]
        for (method, target) in targets {
            let answer = world.ask(target, method: method)
            #expect(answer.status == 503 && answer["retry-after"] == "1", "\(method) \(target)")
        }
    }
}

@Suite("Seats in any lobby or a new one, and given up (protocol/spec/lobby.md §2.2)")
struct SeatVerbTests {
    private func tickets(_ answer: Answer) -> [JSONValue] {
        (answer.json["tickets"]?.array ?? []).map { $0["ticket"] ?? .null }
    }

    private func lobby(_ answer: Answer) -> String { answer.json["lobby"]?.string ?? "" }

    @Test(arguments: [1, 2])
    func `a quick join by request keeps a seat in the fullest lobby that has room for all`(loops: Int) {
        let world = World(loops: loops)
        for (name, count) in [("a", 1), ("b", 3), ("c", 2)] {
            for _ in 0..<count { PlainClient(world, lobby: name).join() }
        }
        world.home = loops - 1
        let one = world.post("/api/lobbies/~quick/seats", .null)
        #expect(one.status == 201 && lobby(one) == "b")
        #expect(PlainClient(world, lobby: "b").join(["ticket": tickets(one)[0]])["seat"] == 3)
        let two = world.post("/api/lobbies/~quick/seats", ["count": 2])
        #expect(lobby(two) == "c" && tickets(two).count == 2)
        let three = world.post("/api/lobbies/~quick/seats", ["count": 3])
        #expect(lobby(three) == "a")
    }

    @Test func `where no lobby is as wished, one is opened that is`() {
        let world = World()
        PlainClient(world, lobby: "a").join()
        let answer = world.post("/api/lobbies/~quick/seats", ["filter": ["map": "yard"], "count": 2])
        #expect(answer.status == 201 && lobby(answer) != "a" && world.server.lobbies.count == 2)
        #expect(world.lobby(lobby(answer))?.lobby.seats.reservedCount == 2)
        let again = world.post("/api/lobbies/~quick/seats", ["filter": ["map": "yard"]])
        #expect(lobby(again) == lobby(answer), "it has the filter as its metadata")
    }

    @Test(arguments: [1, 2])
    func `a new lobby is opened with seats in it, on whatever loop`(loops: Int) {
        let world = World(loops: loops)
        PlainClient(world, lobby: "first").join()
        let answer = world.post(
            "/api/lobbies/~new/seats",
            ["count": 2, "game": "probe", "lobby": ["password": "hush", "title": "Ours", "listed": false]])
        #expect(answer.status == 201 && lobby(answer).count == 6)
        #expect(PlainClient(world, lobby: lobby(answer)).join(["ticket": tickets(answer)[1]])["seat"] == 1)
        let stranger = PlainClient(world, lobby: lobby(answer))
        stranger.join()
        #expect(stranger.closeCode == 4012)
        // The code is all that a friend needs to be told, beside the password.
        let friend = world.post("/api/lobbies/\(lobby(answer))/seats", ["password": "hush"])
        #expect(friend.status == 201)
    }

    @Test(
        arguments: [
            ("~new", ["count": 5], 409), ("~quick", ["count": 5], 409),
            ("~new", ["lobby": ["players": 1], "count": 2], 409),
            ("~new", ["game": "chess"], 404), ("~new", ["options": ["refuse": true]], 422),
            ("~new", ["lobby": ["players": 9]], 400), ("~quick", ["filter": 5], 400), ("~match", .null, 400),
            ("~other", .null, 400),
        ] as [(String, JSONValue, Int)])
    func `what cannot be is refused as a join would be, and opens nothing`(
        _ word: String, _ wish: JSONValue, _ status: Int
    ) {
        let world = World()
        let answer = world.post("/api/lobbies/\(word)/seats", wish)
        #expect(answer.status == status && answer.json["code"] != nil, "\(answer.text)")
        #expect(world.server.lobbies.isEmpty)
    }

    @Test func `a server that is full or drains keeps no seats in new lobbies`() {
        let world = World { $0.lobbiesMax = 1 }
        #expect(world.post("/api/lobbies/~new/seats", .null).status == 201)
        #expect(world.post("/api/lobbies/~new/seats", .null).json["code"] == 4008)
        world.server.drain()
        #expect(world.post("/api/lobbies/~quick/seats", .null).json["code"] == 4009)
    }

    @Test func `the lobbies that are opened so count as their address's, and so do the requests`() {
        let world = World { $0.admission.openingRate = AdmissionRate(perSecond: 100, burst: 100) }
        let statuses = (0..<7).map { _ in world.post("/api/lobbies/~new/seats", .null, from: .far).status }
        #expect(statuses == [201, 201, 201, 201, 201, 429, 429])
        let slow = World()
        let more = (0..<6).map { _ in slow.post("/api/lobbies/~quick/seats", .null, from: .far) }
        #expect(more.map(\.status) == [201, 201, 201, 201, 201, 429] && more[5]["retry-after"] != nil)
        #expect(slow.server.lobbies.count == 2)
    }

    @Test func `the game socket has the words too`() {
        let world = World()
        let socket = SocketClient(world)
        socket.send(SocketPacket(namespace: "/", .connect(nil)))
        socket.emit("reserve", ["lobby": "~new", "count": 2], in: "/", id: 1)
        let first = socket.ack(1)
        socket.emit("reserve", ["lobby": "~quick"], in: "/", id: 2)
        #expect(first?["lobby"]?.string?.count == 6 && socket.ack(2)?["lobby"] == first?["lobby"])
    }

    @Test(arguments: [1, 2])
    func `a seat that is given up is free at once, and its ticket is dead`(loops: Int) throws {
        let world = World(loops: loops)
        PlainClient(world).join()
        world.home = loops - 1
        let given = try #require(tickets(world.post("/api/lobbies/x/seats", ["count": 3]))[1].string)
        let answer = world.ask("/api/lobbies/x/seats/\(given)", method: "DELETE")
        #expect(answer.status == 204 && answer.body.isEmpty && world.lobby()?.lobby.seats.takenCount == 3)
        #expect(world.ask("/api/lobbies/x/seats/\(given)", method: "DELETE").json["code"] == 4015)
        let late = PlainClient(world)
        late.join(["ticket": .string(given)])
        #expect(late.closeCode == 4015)
        #expect(PlainClient(world).join()["seat"] == 2 && world.count(.reservationsCancelled) == 1)
    }

    @Test func `only a good ticket of the lobby gives a seat up, and none that is taken`() throws {
        let world = World()
        PlainClient(world).join()
        PlainClient(world, lobby: "y").join()
        let both = tickets(world.post("/api/lobbies/x/seats", ["count": 2])).compactMap(\.string)
        PlainClient(world).join(["ticket": .string(both[0])])
        func giveUp(_ ticket: String, _ lobby: String = "x") -> (Int, JSONValue?) {
            let answer = world.ask("/api/lobbies/\(lobby)/seats/\(ticket)", method: "DELETE")
            return (answer.status, answer.json["code"])
        }
        #expect(giveUp(both[0]) == (403, 4015))
        #expect(giveUp(both[1], "y") == (403, 4001) && giveUp(both[1] + "A") == (403, 4001))
        #expect(giveUp(String(repeating: "a", count: 1_025)) == (403, 4001) && giveUp("") == (403, 4001))
        #expect(giveUp(both[1], "z") == (404, 4010))
        world.run(.seconds(16))
        #expect(giveUp(both[1]) == (403, 4014))
        #expect(world.count(.reservationsCancelled) == 0 && world.lobby()?.lobby.seats.heldCount == 2)
    }

    @Test func `a lobby whose last kept seat is given up is empty`() throws {
        let world = World()
        let answer = world.post("/api/lobbies/~new/seats", .null)
        let ticket = try #require(tickets(answer)[0].string)
        world.run(.seconds(5))
        #expect(world.ask("/api/lobbies/\(lobby(answer))/seats/\(ticket)", method: "DELETE").status == 204)
        world.run(.seconds(31))
        #expect(world.server.lobbies.isEmpty)
    }
}
