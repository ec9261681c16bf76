import ByteKit
import Determinism
import JSONCore
import LobbyCore
import ServerCore
import Testing

@Suite("Waiting for a match over HTTP (protocol/spec/lobby.md §5.5)")
struct QueueAPITests {
    /// Two teams of one in the staged game, unless it says otherwise.
    private func wish(_ rank: Int = 0, players: Int = 2, party: JSONValue = .null) -> JSONValue {
        ["match": ["rank": .integer(Int64(rank)), "players": .integer(Int64(players)), "party": party]]
    }

    private func enter(_ world: World, _ wish: JSONValue) -> String {
        let answer = world.post("/api/queue", wish)
        #expect(answer.status == 201 && answer.json["state"] == "queued", "\(answer.text)")
        let id = answer.json["id"]?.string ?? ""
        #expect(answer["location"] == "/api/queue/\(id)" && answer["cache-control"] == "no-store")
        return id
    }

    private func place(_ world: World, _ id: String) -> Answer { world.ask("/api/queue/\(id)") }

    /// Lets time pass while somebody asks about places each second.
    private func wait(_ world: World, seconds: Int, _ ids: String...) {
        for _ in 0..<seconds {
            world.run(.seconds(1))
            for id in ids { _ = place(world, id) }
        }
    }

    @Test func `two who wait are found each other, and their tickets bring them into two teams of one lobby`() throws {
        let world = Stage.world()
        let ids = [enter(world, wish()), enter(world, wish(50))]
        #expect(ids[0] != ids[1] && place(world, ids[0]).json["seconds"] == 60)
        world.run(.milliseconds(300))
        let found = ids.map { place(world, $0).json }
        #expect(found[0]["state"] == "found" && found[0]["lobby"] == found[1]["lobby"])
        #expect(found.map { $0["team"] } == [0, 1] && found.map { $0["seat"] } == [0, 1])
        let lobby = try #require(found[0]["lobby"]?.string)
        let players = found.map { place -> PlainClient in
            let client = PlainClient(world, lobby: lobby)
            #expect(client.join(["ticket": place["ticket"] ?? .null])["team"] == place["team"])
            return client
        }
        for player in players { player.emit("ready", id: 1) }
        world.run(.seconds(1))
        #expect(players[0].event("phase")?["phase"] == "running")
        #expect(world.count(.matchesFound) == 1 && world.count(.reservationsUsed) == 2)
        #expect(world.ask("/api/lobbies").json == [])
    }

    @Test(arguments: [1, 3])
    func `whoever waits on a socket meets whoever waits by request, on whatever loops`(loops: Int) throws {
        let world = Stage.world(loops: loops)
        world.home = loops - 1
        let id = enter(world, wish())
        let socket = PlainClient(world, lobby: "~match")
        socket.emit("join", wish())
        world.run(.milliseconds(600))
        world.home = loops / 2
        let found = place(world, id).json
        let joined = try #require(socket.event("joined"))
        #expect(found["state"] == "found" && found["lobby"] == joined["lobby"] && found["team"] != joined["team"])
        let lobby = try #require(found["lobby"]?.string)
        #expect(PlainClient(world, lobby: lobby).join(["ticket": found["ticket"] ?? .null])["seat"] == found["seat"])
    }

    // MARK: Who does not ask is out

    @Test func `a place that nobody asks about for ten seconds is out of the queue`() {
        let world = Stage.world()
        let gone = enter(world, wish())
        let kept = enter(world, wish(900))
        wait(world, seconds: 9, kept)
        #expect(world.count(.queueLeft) == 0)
        wait(world, seconds: 2, kept)
        #expect(world.count(.queueLeft) == 1 && place(world, gone).status == 404)
        let last = enter(world, wish())
        wait(world, seconds: 3, kept, last)
        #expect(place(world, kept).json["state"] == "queued" && world.server.lobbies.isEmpty)
    }

    @Test func `a place that was found stays as long as its seat is kept, however often it is asked about`() {
        let world = Stage.world()
        let ids = [enter(world, wish()), enter(world, wish())]
        world.run(.seconds(1))
        let first = place(world, ids[0]).json
        world.run(.seconds(13))
        #expect(first["state"] == "found" && place(world, ids[0]).json == first && place(world, ids[1]).status == 200)
        world.run(.seconds(30))
        #expect(ids.map { place(world, $0).status } == [404, 404])
    }

    @Test func `whoever leaves is out at once`() {
        let world = Stage.world()
        let id = enter(world, wish())
        let answer = world.ask("/api/queue/\(id)", method: "DELETE")
        #expect(answer.status == 204 && place(world, id).status == 404 && world.count(.queueLeft) == 1)
        #expect(world.ask("/api/queue/\(id)", method: "DELETE").status == 404)
        _ = enter(world, wish())
        world.run(.seconds(1))
        #expect(world.server.lobbies.isEmpty)
    }

    @Test(arguments: ["", "1", "1-", "-1", "1-AAAAAAAAAAAAAAAAAAAAAAAA", "x-y", "99999999999999999999-a"])
    func `nobody gets at another's place`(_ id: String) {
        let world = Stage.world()
        let own = enter(world, wish())
        #expect(own.utf8.count >= 24)
        #expect(place(world, id).status == 404 && world.ask("/api/queue/\(id)", method: "DELETE").status == 404)
        #expect(place(world, own).status == 200)
    }

    @Test func `nobody in time is told once, with the code of the game socket`() {
        let world = Stage.world { $0.queue.timeoutSeconds = 5 }
        let id = enter(world, wish())
        wait(world, seconds: 4, id)
        world.run(.seconds(2))
        let answer = place(world, id)
        #expect(answer.status == 410 && answer.json["code"] == 4018 && place(world, id).status == 404)
    }

    // MARK: Event streams

    @Test func `a stream tells what changes, and ends with what was found`() {
        let world = Stage.world()
        let code: JSONValue = ["code": "our little secret", "size": 2]
        let id = enter(world, wish(players: 4, party: code))
        let stream = EventSource(world, "/api/queue/\(id)/events")
        #expect(stream.answer["content-type"] == "text/event-stream" && world.server.watcherCount == 1)
        world.run(.seconds(25))
        #expect(stream.comments >= 2 && !stream.stream.isClosed, "the stream keeps the place")
        _ = enter(world, wish(players: 4, party: code))
        for _ in 0..<2 { _ = enter(world, wish(players: 4)) }
        world.run(.milliseconds(800))
        let counts = stream.events("queued").map { JSONValue.of($0.data)["party"]?["here"] }
        #expect(counts == [1, 2])
        let found = stream.events("found").map { JSONValue.of($0.data) }
        #expect(found.count == 1 && found[0]["state"] == "found" && found[0]["ticket"] != nil)
        #expect(stream.stream.isClosed && world.server.watcherCount == 0)
        // A page that comes back is told again.
        let again = EventSource(world, "/api/queue/\(id)/events")
        #expect(again.events.map(\.name) == ["found"] && again.stream.isClosed)
    }

    @Test func `whoever loses its stream is out of the queue at once`() {
        let world = Stage.world()
        let id = enter(world, wish())
        let stream = EventSource(world, "/api/queue/\(id)/events")
        stream.stream.cut()
        world.turn()
        #expect(place(world, id).status == 404 && world.count(.queueLeft) == 1 && world.server.watcherCount == 0)
    }

    @Test func `a second stream takes the place of the first, and the place stays`() {
        let world = Stage.world()
        let id = enter(world, wish())
        let first = EventSource(world, "/api/queue/\(id)/events")
        let second = EventSource(world, "/api/queue/\(id)/events")
        #expect(first.stream.isClosed && !second.stream.isClosed && world.server.watcherCount == 1)
        #expect(world.ask("/api/queue/\(id)/events", method: "HEAD").status == 200)
        world.run(.seconds(15))
        #expect(place(world, id).status == 200 && !second.stream.isClosed && world.server.watcherCount == 1)
        second.stream.cut()
        world.turn()
        #expect(place(world, id).status == 404)
    }

    @Test func `a stream is told why no match was found`() {
        let world = Stage.world { $0.queue.timeoutSeconds = 5 }
        let stream = EventSource(world, "/api/queue/\(enter(world, wish()))/events")
        let late = EventSource(world, "/api/queue/\(enter(world, wish(900)))/events")
        world.run(.milliseconds(5_300))
        for stream in [stream, late] {
            #expect(JSONValue.of(stream.events("exception").first?.data ?? "")["code"] == 4018)
            #expect(stream.stream.isClosed)
        }
    }

    @Test func `streams of the queue are event streams as others, and as many`() {
        let world = Stage.world { $0.watchersMax = 1 }
        let ids = [enter(world, wish()), enter(world, wish(900))]
        let stream = EventSource(world, "/api/queue/\(ids[0])/events")
        let refused = world.ask("/api/queue/\(ids[1])/events")
        #expect(refused.status == 503 && refused["retry-after"] == "5" && world.count(.watchersRefused) == 1)
        #expect(!stream.stream.isClosed)
    }

    // MARK: Refusals

    @Test(arguments: [
        #"{"match":5}"#, #"{"match":{"rank":-1}}"#, #"{"match":{"players":5}}"#, #"{"match":{"party":{"size":2}}}"#,
        #"{"match":{},"filter":[]}"#, #"[]"#, #"{"token":"a"}"#, #"{"ticket":"a"}"#,
    ])
    func `a wish that makes no sense is refused as on the game socket`(_ text: String) {
        let world = Stage.world()
        let answer = world.post("/api/queue", .of(text))
        #expect(answer.status == 400 && answer.json["code"] == 4002, "\(answer.text)")
        #expect(world.count(.queueEntered) == 0)
    }

    @Test func `who was built for another schema does not wait, and has the code that says so`() {
        let world = Stage.world()
        let answer = world.post("/api/queue", ["schema": "0"])
        #expect(answer.status == 400 && answer.json["code"] == 4019, "\(answer.text)")
        #expect(world.count(.queueEntered) == 0)
    }

    @Test func `a party that is whole takes nobody more, and one that loses somebody waits again`() {
        let world = Stage.world()
        let code: JSONValue = ["code": "our little secret", "size": 2]
        let ann = enter(world, wish(players: 4, party: code))
        let bob = enter(world, wish(players: 4, party: code))
        #expect(place(world, ann).json["party"] == ["size": 2, "here": 2])
        let third = world.post("/api/queue", wish(players: 4, party: code))
        #expect(third.status == 400 && third.json["code"] == 4002)
        _ = world.ask("/api/queue/\(bob)", method: "DELETE")
        #expect(place(world, ann).json["party"] == ["size": 2, "here": 1])
    }

    @Test func `a server that drains lets nobody wait, and tells those who do`() {
        let world = Stage.world(loops: 2)
        let id = enter(world, wish())
        let stream = EventSource(world, "/api/queue/\(enter(world, wish(900)))/events")
        world.servers[1].drain()
        world.turn()
        #expect(JSONValue.of(stream.events("exception").first?.data ?? "")["code"] == 4009)
        #expect(place(world, id).json["code"] == 4009 && place(world, id).status == 404)
        #expect(world.post("/api/queue", wish()).status == 503)
    }

    @Test func `an unknown game is 404, and a full queue 503`() {
        let world = Stage.world { $0.queue.ticketsMax = 3 }
        #expect(world.post("/api/queue", ["game": "chess"]).status == 404)
        for rank in 0..<3 { _ = enter(world, wish(rank * 1_000)) }
        let full = world.post("/api/queue", wish(9_000))
        #expect(full.status == 503 && full.json["code"] == 4008)
        // Nor may parties gather beyond that, which are no tickets yet.
        let party: JSONValue = ["code": "our little secret", "size": 2]
        #expect(world.post("/api/queue", wish(players: 4, party: party)).status == 503)
    }

    @Test func `to enter and leave without end is joining without end (abuse G-12)`() {
        let world = Stage.world { $0.admission.addressRate = AdmissionRate(perSecond: 1_000, burst: 1_000) }
        var entered = 0
        for _ in 0..<100 {
            let answer = world.post("/api/queue", wish(), from: .far)
            guard let id = answer.json["id"]?.string else {
                #expect(answer.status == 429 && answer.json["code"] == 4008 && answer["retry-after"] != nil)
                continue
            }
            entered += 1
            _ = world.ask("/api/queue/\(id)", method: "DELETE")
        }
        #expect(entered == 20 && world.count(.joinsRateLimited) == 80)
        #expect(world.count(.queueEntered) == world.count(.queueLeft))
    }
}
