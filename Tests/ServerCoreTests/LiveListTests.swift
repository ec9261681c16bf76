import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

/// What a client knows of the list of lobbies that keeps to the protocol: by what it was told, whatever the way.
private struct KnownList {
    private(set) var rows: [String: JSONValue] = [:]
    private(set) var wholes = 0

    init(_ news: [JSONValue]) {
        for data in news {
            if data["whole"] == true {
                rows = [:]
                wholes += 1
            }
            for id in data["removed"]?.array ?? [] { rows[id.string ?? ""] = nil }
            for row in data["lobbies"]?.array ?? [] { rows[row["id"]?.string ?? ""] = row }
        }
    }

    var ids: [String] { rows.keys.sorted() }
}

extension PlainClient {
    fileprivate var news: [JSONValue] { events.filter { $0.name == "lobbies" }.map(\.data) }
    fileprivate var list: KnownList { KnownList(news) }
}

extension SocketClient {
    fileprivate var news: [JSONValue] {
        packets.compactMap { packet in
            guard case .event(.text("lobbies"), let values, _) = packet.body else { return nil }
            return values.first
        }
    }
    fileprivate var list: KnownList { KnownList(news) }
}

extension EventSource {
    fileprivate var list: KnownList { KnownList(events("lobbies").map { JSONValue.of($0.data) }) }
}

@Suite("The list of lobbies, pushed (protocol/spec/lobby.md §5.6)")
struct LiveListTests {
    private func world(loops: Int = 1, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> World {
        let world = World(seed: 90, loops: loops) {
            // These clients answer no pings, and some of them read late.
            ($0.heartbeatInterval, $0.writeTimeout) = (.seconds(3_000), .seconds(3_000))
            adjust(&$0)
        }
        if loops > 1 { world.streamsMove = false }
        return world
    }

    /// A lobby with one player.
    @discardableResult
    private func open(_ world: World, _ id: String, _ lobby: JSONValue = [:], game: String = "probe") -> PlainClient {
        let player = PlainClient(world, lobby: id)
        player.join(["game": .string(game), "lobby": lobby, "name": "Ann"])
        player.emit("keyframe")
        return player
    }

    private func subscriber(_ world: World, _ query: JSONValue = .null, peer: PeerAddress = .test) -> PlainClient {
        let client = PlainClient(world, lobby: "~quick", peer: peer)
        client.emit("subscribe", query, id: 1)
        return client
    }

    private func socket(_ world: World, _ query: JSONValue = .null) -> SocketClient {
        let client = SocketClient(world)
        client.send(SocketPacket(namespace: "/", .connect(nil)))
        client.emit("subscribe", query, in: "/", id: 1)
        return client
    }

    private func stream(_ world: World, _ query: String = "") -> EventSource {
        EventSource(world, "/api/lobbies\(query)", "Accept: text/event-stream")
    }

    @Test(arguments: [1, 2, 3])
    func `a subscriber is told the list at once and each change after it, in every dialect and of every loop`(
        loops: Int
    ) {
        let world = world(loops: loops)
        let first = open(world, "b")
        open(world, "a", ["title": "Friday", "metadata": ["mode": "ctf"]])
        open(world, "hidden", ["listed": false])
        world.home = loops - 1
        let plain = subscriber(world)
        let socket = socket(world)
        let stream = stream(world)
        #expect(plain.acks.first?.data == .null && socket.words("/") == ["connect", "ack", "lobbies"])
        for list in [plain.list, socket.list, stream.list] {
            #expect(list.ids == ["a", "b"] && list.wholes == 1)
            #expect(list.rows["a"]?["title"] == "Friday" && list.rows["a"]?["players"] == 1)
        }
        #expect(stream.answer["content-type"] == "text/event-stream")
        #expect(JSONValue.array(plain.news[0]["lobbies"]?.array ?? []) == world.ask("/api/lobbies").json)

        open(world, "c")
        PlainClient(world, lobby: "a").join()
        first.emit("leave")
        world.run(.milliseconds(1_200))
        for list in [plain.list, socket.list, stream.list] {
            #expect(list.ids == ["a", "b", "c"] && list.rows["a"]?["players"] == 2 && list.wholes == 1)
            #expect(list.rows["b"]?["players"] == 0)
        }
        world.run(.seconds(31))
        for list in [plain.list, socket.list, stream.list] { #expect(list.ids == ["a", "c"]) }
        #expect(plain.closeCode == nil, "subscribing is as good as joining")
    }

    @Test(arguments: [1, 2])
    func `however much changes, a subscriber is told twice a second at most, and of what has not changed never`(
        loops: Int
    ) {
        let world = world(loops: loops)
        open(world, "a")
        let still = open(world, "still")
        world.home = loops - 1
        let plain = subscriber(world)
        for _ in 0..<100 {
            let player = PlainClient(world, lobby: "a")
            player.join()
            world.run(.milliseconds(27))
            player.emit("leave")
            world.run(.milliseconds(30))
            still.emit("input", ["input": ["by": 1]])
        }
        world.run(.seconds(1))
        #expect((5...15).contains(plain.news.count))
        #expect(plain.news.dropFirst().allSatisfy { $0["lobbies"]?.array?.map { $0["id"] } == ["a"] })
        #expect(plain.list.rows["a"]?["players"] == 1)
        let told = plain.news.count
        world.run(.seconds(10))
        #expect(plain.news.count == told)
    }

    @Test func `filters are those of the list, and a lobby comes and goes as it meets them or not`() {
        let world = world()
        let player = open(world, "a", ["title": "Friday", "metadata": ["mode": "ctf", "level": 3]])
        open(world, "b", [:], game: "other")
        open(world, "c", ["password": "open"])
        let queries: [(JSONValue, String, [String])] = [
            (["game": "other"], "?game=other", ["b"]), (["title": "FRI"], "?title=FRI", ["a"]),
            (["open": true], "?open=true", ["a"]), (["limit": 2], "?limit=2", ["a", "b"]),
            (["metadata": ["level": 3]], "?metadata.level=3", ["a"]), (["after": "a"], "?after=a", ["b", "c"]),
            (["metadata": ["level": 4]], "?metadata.level=4", []),
        ]
        let clients = queries.map { subscriber(world, $0.0) }
        let streams = queries.map { stream(world, $0.1) }
        for (index, query) in queries.enumerated() {
            #expect(clients[index].list.ids == query.2 && streams[index].list.ids == query.2)
            #expect(clients[index].list.wholes == 1)
        }
        // The host of a staged game would do it by `terms`; a game that locks is told apart by `open`.
        for _ in 0..<3 { PlainClient(world, lobby: "a").join() }
        world.run(.seconds(1))
        #expect(clients[2].list.ids.isEmpty && streams[2].list.ids.isEmpty, "full")
        player.emit("leave")
        world.run(.seconds(1))
        #expect(clients[2].list.ids == ["a"] && clients[2].list.rows["a"]?["players"] == 3)
        #expect(clients.allSatisfy { $0.list.wholes == 1 })
    }

    @Test func `a page is kept full: what leaves it makes room for the next`() {
        let world = world()
        let players = ["a", "b", "c", "d"].map { open(world, $0) }
        let page = subscriber(world, ["limit": 2])
        let next = subscriber(world, ["limit": 2, "after": "b"])
        #expect(page.list.ids == ["a", "b"] && next.list.ids == ["c", "d"])
        _ = players[0]
        world.lobby("a")?.close("over")
        world.run(.seconds(1))
        #expect(page.list.ids == ["b", "c"] && page.list.wholes == 1)
        open(world, "aa")
        world.run(.seconds(1))
        #expect(page.list.ids == ["aa", "b"] && next.list.ids == ["c", "d"])
        #expect(page.news.last?["removed"] == ["c"])
    }

    @Test func `terms that a host has changed are shown, and so is a lobby that is listed no more`() {
        let world = Stage.world(seed: 91)
        let host = Stage.players(1, world)[0]
        let plain = subscriber(world)
        host.emit("terms", ["title": "New", "metadata": ["mode": "ffa"]])
        world.run(.seconds(1))
        #expect(plain.list.rows["x"]?["title"] == "New" && plain.list.rows["x"]?["metadata"]?["mode"] == "ffa")
        host.emit("lock")
        world.run(.seconds(1))
        #expect(plain.list.rows["x"]?["locked"] == true)
        host.emit("terms", ["listed": false])
        world.run(.seconds(1))
        #expect(plain.list.ids.isEmpty && plain.news.last?["removed"] == ["x"])
        host.emit("terms", ["listed": true])
        world.run(.seconds(1))
        #expect(plain.list.ids == ["x"])
    }

    @Test(arguments: [1, 2])
    func `a lobby that has closed and was opened anew within a moment is the new one`(loops: Int) {
        let world = world(loops: loops)
        open(world, "a", ["title": "old"])
        world.home = loops - 1
        let plain = subscriber(world)
        for round in 0..<5 {
            world.lobby("a")?.close("over")
            world.turn()
            open(world, "a", ["title": .string("new \(round)")])
        }
        world.run(.seconds(2))
        #expect(plain.list.ids == ["a"] && plain.list.rows["a"]?["title"] == "new 4")
    }

    @Test(arguments: [1, 2])
    func `who does not read is told everything once it does, and never what lies between`(loops: Int) {
        let world = world(loops: loops)
        open(world, "a")
        world.home = loops - 1
        let slow = subscriber(world)
        let quick = subscriber(world)
        slow.stream.stalls = true
        for round in 0..<20 {
            open(world, "r\(round)")
            world.run(.seconds(1))
        }
        #expect(quick.list.rows.count == 21 && quick.list.wholes == 1)
        slow.stream.drain()
        world.run(.seconds(1))
        #expect(slow.list.rows == quick.list.rows && slow.list.wholes == 2 && slow.news.count <= 3)
        #expect(world.count(.listingsSkipped) >= 10)
    }

    @Test func `subscribers with one filter are sent the very same bytes`() {
        let world = world()
        let clients = (0..<3).map { _ in subscriber(world, ["open": true]) }
        let starts = clients.map(\.stream.sent.count)
        for round in 0..<5 {
            open(world, "r\(round)")
            world.run(.seconds(1))
        }
        let tails = zip(clients, starts).map { Array($0.stream.sent[$1...]) }
        #expect(!tails[0].isEmpty && tails.allSatisfy { $0 == tails[0] })
    }

    @Test(arguments: [1, 2])
    func `it ends with unsubscribing, with the connection, and with the namespace`(loops: Int) {
        let world = world(loops: loops)
        world.home = loops - 1
        let plain = subscriber(world)
        let socket = socket(world)
        let stream = stream(world)
        let cut = subscriber(world)
        #expect(world.subscribers == 4)
        plain.emit("unsubscribe", id: 2)
        #expect(plain.acks.last?.id == 2)
        socket.send(SocketPacket(namespace: "/", .disconnect))
        cut.stream.cut()
        world.turn()
        #expect(world.subscribers == 1)
        stream.stream.cut()
        world.turn()
        #expect(world.subscribers == 0)
        let before = (plain.news.count, socket.news.count)
        open(world, "a")
        world.run(.seconds(5))
        #expect(plain.news.count == before.0 && socket.news.count == before.1)
        #expect(plain.closeCode == nil || plain.closeCode == 4001)
        world.run(.seconds(6))
        #expect(plain.closeCode == 4001, "nothing is joined any more")
        let again = subscriber(world)
        #expect(again.list.ids == ["a"])
    }

    @Test func `a second subscription takes the place of the first, and playing ends none`() {
        let world = world()
        open(world, "a")
        open(world, "b", [:], game: "other")
        let plain = subscriber(world)
        plain.emit("subscribe", ["game": "other"])
        #expect(plain.list.ids == ["b"] && plain.list.wholes == 2 && world.subscribers == 1)
        #expect(plain.join()["lobby"] == "a")
        open(world, "c", [:], game: "other")
        world.run(.seconds(1))
        #expect(plain.list.ids == ["b", "c"] && !plain.snapshots.isEmpty)
        plain.emit("lobbies", ["game": "other"], id: 5)
        #expect(plain.acks.last?.data.array?.count == 2)
    }

    @Test func `what cannot be served is refused in words, and so are too many`() {
        let world = world { $0.subscribersMax = 2 }
        let bad = subscriber(world, ["gamer": "x"])
        #expect(bad.event("exception")?["event"] == "subscribe" && bad.closeCode == nil && world.subscribers == 0)
        for query: JSONValue in [["limit": 0], ["limit": 51], ["open": 1], ["metadata": [:], "after": 3], 7] {
            bad.emit("subscribe", query, id: 1)
        }
        #expect(bad.events.count { $0.name == "exception" } == 6)
        #expect(stream(world, "?limit=0").answer.status == 400)
        let clients = [subscriber(world), subscriber(world)]
        #expect(subscriber(world).event("exception")?["message"] == "as many have subscribed as may")
        #expect(stream(world).answer.status == 503 && world.count(.subscribersRefused) == 2)
        #expect(socket(world).ack(1)?["error"] == "as many have subscribed as may")
        clients[0].stream.cut()
        world.turn()
        #expect(subscriber(world).list.wholes == 1)
    }

    @Test func `an address is shown lists so often a second, and subscribing is one`() {
        let world = world()
        let clients = (0..<7).map { _ in subscriber(world, peer: .far) }
        #expect(clients.count { $0.list.wholes == 1 } == 5 && world.count(.listsRefused) == 2)
        #expect(clients[6].event("exception")?["message"] == "too many lists in a short time")
    }

    @Test func `an event stream is shown to be alive, and a drain ends it`() {
        let world = world()
        let stream = stream(world)
        world.run(.seconds(31))
        #expect(stream.comments == 2)
        world.server.drain()
        world.turn()
        #expect(stream.events.last?.name == "draining" && stream.stream.closing != nil && world.subscribers == 0)
        #expect(self.stream(world).answer.status == 503)
        #expect(world.ask("/api/lobbies", "Accept: application/json").json == [])
    }

    @Test func `a loop that does not turn delays what is told of its lobbies, and nothing else`() {
        let world = world(loops: 2)
        let far = open(world, "a")
        world.home = 1
        let plain = subscriber(world)
        #expect(plain.list.ids == ["a"])
        let own = PlainClient(world, lobby: "b")
        own.join()
        let loop = world.servers.firstIndex { $0.lobby("a") != nil } ?? 0
        world.mail.stuck = [loop]
        world.run(.seconds(20))
        #expect(world.mail.waitingCount(for: loop) <= 16)
        world.mail.stuck = []
        far.emit("leave")
        world.run(.seconds(2))
        #expect(plain.list.rows["a"]?["players"] == 0 && plain.list.ids == ["a", "b"])
        #expect(plain.list.wholes == 1)
    }

    @Test func `many who want different things are told in turn, and none is forgotten`() {
        let world = world()
        for index in 0..<60 { open(world, "l\(index)") }
        let clients = (0..<200).map { subscriber(world, ["metadata": ["n": .integer(Int64($0 % 100))]]) }
        // A hundred filters that match nothing yet look at all sixty lobbies each.
        open(world, "hit", ["metadata": ["n": 7]])
        open(world, "miss", ["metadata": ["n": 99]])
        world.run(.seconds(3))
        for (index, client) in clients.enumerated() {
            #expect(client.list.ids == (index % 100 == 7 ? ["hit"] : index % 100 == 99 ? ["miss"] : []))
        }
    }

    @Test(arguments: [1, 2])
    func `whatever happens, what is shown is what the list would answer`(loops: Int) {
        let world = world(loops: loops) { $0.emptyLobbyTime = .seconds(2) }
        var random = SeededRandom(seed: 92)
        var players: [PlainClient] = []
        let queries: [(JSONValue, String)] = [
            (.null, ""), (["open": true], "?open=true"), (["limit": 3], "?limit=3"),
            (["game": "other"], "?game=other"), (["after": "m5", "limit": 2], "?after=m5&limit=2"),
        ]
        var clients = queries.map { subscriber(world, $0.0) }
        for step in 0..<300 {
            world.home = Int(random.next() % UInt64(loops))
            switch random.next() % 8 {
            case 0...2:
                let id = "m\(random.next() % 10)"
                players.append(open(world, id, [:], game: random.next() % 3 == 0 ? "other" : "probe"))
            case 3...4:
                if let player = players.randomElement(using: &random) { player.emit("leave") }
            case 5: if let player = players.randomElement(using: &random) { player.stream.cut() }
            case 6:
                let place = Int(random.next() % UInt64(clients.count))
                if random.next() % 3 == 0 {
                    clients[place].stream.cut()
                    clients[place] = subscriber(world, queries[place].0)
                } else {
                    clients[place].stream.stalls = true
                }
            default: for client in clients { client.stream.drain() }
            }
            world.run(.milliseconds(Int(random.next() % 700)))
            guard step % 25 == 24 else { continue }
            for client in clients { client.stream.drain() }
            // Seats whose grace ends and lobbies that close while it is looked make another look necessary.
            var isSettled = false
            for _ in 0..<20 where !isSettled {
                world.run(.milliseconds(300))
                isSettled = queries.indices.allSatisfy { index in
                    let rows = clients[index].list.rows.values.map(\.text).sorted()
                    return rows == world.ask("/api/lobbies\(queries[index].1)").json.array?.map(\.text).sorted()
                }
            }
            #expect(isSettled, "step \(step)")
        }
    }
}

extension World {
    /// How many have subscribed to the list, on all loops.
    fileprivate var subscribers: Int { server.subscriberCount }
}
