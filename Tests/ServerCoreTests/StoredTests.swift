import ByteKit
import Determinism
import GameKit
import HTTPTypes
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

/// What the hooks were told, and the questions that wait for an answer.
private final class Shelf {
    var results: [MatchResult] = []
    var acts: [AdminAct] = []
    var questions: [StoredQuestion] = []
    var waiting: [(JSONValue?) -> Void] = []

    var hooks: ServerHooks {
        var hooks = ServerHooks()
        hooks.results = { [unowned self] in results.append($0) }
        hooks.audit = { [unowned self] in acts.append($0) }
        hooks.askStorage = { [unowned self] question, answered in
            questions.append(question)
            waiting.append(answered)
        }
        hooks.verifyAdmin = { user, password, decided in
            decided(.of(user == "root" && password == "secret", user))
        }
        return hooks
    }

    func answer(_ value: JSONValue?) {
        let all = waiting
        waiting = []
        for answered in all { answered(value) }
    }
}

@Suite("Results and what admins do, on their way to the storage")
struct RecordTests {
    @Test(arguments: [1, 2])
    func `a game that finishes hands on its result once, with who sat there, on one loop or two`(loops: Int) {
        let shelf = Shelf()
        let world = World(loops: loops, hooks: shelf.hooks)
        let first = PlainClient(world)
        first.join(["name": "Ann", "options": ["finishAt": 30]])
        // On another loop, where there is one.
        world.home = loops - 1
        let second = PlainClient(world)
        second.join(["name": "Bob"])
        world.steps(40)
        #expect(shelf.results.count == 1)
        let result = shelf.results.first
        #expect(result?.game == "probe" && result?.lobby == "x" && result?.result == ["winner": 0])
        #expect(result?.endedTick == 30 && result?.tickRate == 20 && result?.round == 1)
        #expect(result?.players.map(\.name) == ["Ann", "Bob"] && result?.players.map(\.score) == [7, nil])
    }

    @Test func `what an admin does or is refused is noted: who, from where, what, to whom and why`() {
        let shelf = Shelf()
        let world = World(hooks: shelf.hooks)
        PlainClient(world).join(["name": "Ann"])
        let client = SocketClient(world, peer: PeerAddress(ipv4: 0xC633_6407, port: 9))
        client.send(
            SocketPacket(namespace: "/admin", .connect(["username": "root", "password": "secret", "client": "muster"])))
        let long = String(repeating: "x", count: 300)
        for (id, command) in [
            ("kick", ["lobby": "x", "seat": 0, "reason": "rude"]), ("kick", ["lobby": "x", "seat": 0]),
            ("overview", .null),
            ("close-lobby", ["lobby": "x", "reason": .string(long)]),
        ].enumerated() as EnumeratedSequence<[(String, JSONValue)]> {
            client.emit(command.0, command.1, in: "/admin", id: id + 1)
        }
        #expect(shelf.acts.map(\.action) == ["login", "kick", "kick", "close-lobby"])
        #expect(shelf.acts.map(\.target) == ["", "x/0", "x/0", "x"])
        #expect(shelf.acts.map(\.outcome) == ["done", "done", "no-such-seat", "done"])
        #expect(shelf.acts.allSatisfy { $0.actor == "root" && $0.address == "198.51.100.7" })
        #expect(shelf.acts[1].reason == "rude" && shelf.acts[3].reason.count == 100)
    }

    @Test func `a lobby that is closed or fails hands on nothing`() {
        let shelf = Shelf()
        let world = World(hooks: shelf.hooks)
        PlainClient(world).join(["name": "Ann", "options": ["failAt": 5]])
        world.steps(10)
        PlainClient(world, lobby: "y").join(["name": "Ann"])
        world.lobby("y")?.close("enough")
        world.run(.seconds(2))
        #expect(shelf.results.isEmpty)
    }
}

@Suite("What is stored, over HTTP (protocol/spec/lobby.md §5.4)")
struct StoredAPITests {
    private let shelf = Shelf()

    /// A request that waits for its answer.
    private func request(_ world: World, _ target: String) -> FakeStream {
        let stream = world.connect()
        stream.receive(Array("GET \(target) HTTP/1.1\r\nHost: muster.test:7777\r\n\r\n".utf8))
        world.turn()
        return stream
    }

    @Test func `without a storage there is nothing, and no such game has no board`() {
        #expect(World().ask("/api/results").status == 404)
        #expect(World().ask("/api/leaderboards/probe").status == 404)
        let world = World(hooks: shelf.hooks)
        #expect(world.ask("/api/leaderboards/chess").status == 404)
        #expect(world.ask("/api/leaderboards").status == 404)
        #expect(world.ask("/api/results", method: "POST").status == 405)
        #expect(shelf.questions.isEmpty)
    }

    @Test func `a board is asked for by season, order, place and limit`() {
        let world = World(hooks: shelf.hooks)
        for target in [
            "/api/leaderboards/probe", "/api/leaderboards/other?season=spring+1&order=sum&from=41&limit=20",
            "/api/leaderboards/probe?order=least&around=B%C3%B6b",
        ] { _ = request(world, target) }
        #expect(
            shelf.questions == [
                .leaderboard(game: "probe", season: "", order: "best", place: .rank(1), limit: 10),
                .leaderboard(game: "other", season: "spring 1", order: "sum", place: .rank(41), limit: 20),
                .leaderboard(game: "probe", season: "", order: "least", place: .around("Böb"), limit: 10),
            ])
    }

    @Test func `results are asked for by game, page and limit`() {
        let world = World(hooks: shelf.hooks)
        for target in ["/api/results", "/api/results?game=probe&before=17&limit=100"] { _ = request(world, target) }
        #expect(
            shelf.questions == [
                .results(game: nil, before: nil, limit: 20), .results(game: "probe", before: 17, limit: 100),
            ])
    }

    @Test(arguments: [
        "limit=0", "limit=101", "limit=x", "from=0", "from=1000001", "from=9999999999999999999", "order=rank",
        "before=1", "page=2", "season=%zz",
    ])
    func `what cannot be asked is refused before the storage hears of it`(query: String) {
        let world = World(hooks: shelf.hooks)
        let answer = world.ask("/api/leaderboards/probe?\(query)")
        #expect(answer.status == 400 && answer.json["error"]?.string != nil)
        let results = world.ask("/api/results?before=0")
        #expect(results.status == 400 && shelf.questions.isEmpty)
    }

    @Test func `the answer comes on a later turn, and the loop does not wait for it`() {
        let world = World(hooks: shelf.hooks)
        let stream = request(world, "/api/results")
        #expect(stream.sent.isEmpty)
        let health = world.ask("/health")
        #expect(health.status == 200)
        shelf.answer(["results": [], "next": .null])
        world.turn()
        let answer = Answer(stream.sent)
        #expect(answer.status == 200 && answer.json == ["results": [], "next": .null])
        #expect(answer["cache-control"] == "no-store")
    }

    @Test func `a storage that cannot answer, or takes too long, is a 503`() {
        let world = World(hooks: shelf.hooks)
        let failing = request(world, "/api/results")
        shelf.answer(nil)
        world.turn()
        #expect(Answer(failing.sent).status == 503 && Answer(failing.sent)["retry-after"] == "1")
        let slow = request(world, "/api/results")
        world.run(.seconds(11))
        #expect(Answer(slow.sent).status == 503)
        // What comes then is for nobody.
        shelf.answer(["results": []])
        world.turn()
    }

    @Test func `no more than 64 questions wait, and each answer makes room`() {
        let world = World(hooks: shelf.hooks)
        let streams = (0..<64).map { _ in request(world, "/api/results") }
        let refused = world.ask("/api/results")
        #expect(refused.status == 503 && refused["retry-after"] == "1")
        #expect(shelf.questions.count == 64 && world.count(.storageQuestionsRefused) == 1)
        // Those whose askers have gone count until they are answered: the storage works on them.
        for stream in streams { stream.cut() }
        world.turn()
        #expect(world.ask("/api/results").status == 503)
        shelf.answer(["results": []])
        _ = request(world, "/api/results")
        #expect(shelf.questions.count == 65)
    }
}
