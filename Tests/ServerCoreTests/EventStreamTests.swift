import ByteKit
import Determinism
import GameKit
import HTTPTypes
import JSONCore
import ServerCore
import SnapshotCore
import Testing

@Suite("Event streams of lobbies (protocol/spec/lobby.md §5.3; HTML §9.2)")
struct EventStreamTests {
    /// A world with one player in lobby x, which has stepped so often.
    private func playing(
        steps: Int = 1, _ adjust: (inout ServerSettings) -> Void = { _ in }
    ) -> (World, PlainClient) {
        let world = World(adjust)
        let client = PlainClient(world)
        client.join(["name": "Ann"])
        world.steps(steps)
        return (world, client)
    }

    @Test func `a stream opens with the lobby and its newest state`() {
        let (world, _) = playing(steps: 3)
        let source = EventSource(world)
        let answer = source.answer
        #expect(answer.status == 200 && answer["content-type"] == "text/event-stream")
        #expect(answer["cache-control"] == "no-store" && answer["content-length"] == nil)
        #expect(answer["connection"] == "close" && answer.text.hasPrefix("retry: 3000\n\n"))
        #expect(source.events.map(\.name) == ["lobby", "state"])
        #expect(source.events[0].id == nil && source.events[1].id == "3")
        #expect(JSONValue.of(source.events[0].data)["seats"] == [["seat": 0, "name": "Ann", "connected": true]])
        #expect(JSONValue.of(source.events[1].data) == ["tick": 3, "state": ["pawn": [["id": 0, "at": 0]]]])
        #expect(world.server.watcherCount == 1 && world.count(.watchersOpened) == 1)
    }

    @Test(arguments: [
        ("", [3, 10, 20, 30, 40]), ("?hz=1", [3, 20, 40]), ("?hz=4", [3, 5, 10, 15, 20, 25, 30, 35, 40]),
        ("?hz=0.5", [3, 40]), ("?hz=3", [3, 7, 14, 21, 28, 35, 42]), ("?hz=1000", Array(3...43)),
    ])
    func `states come so often a second, two by default, and never more often than there are snapshots`(
        _ query: String, _ ticks: [Int]
    ) {
        let (world, _) = playing(steps: 3)
        let source = EventSource(world, "/api/lobbies/x/events\(query)")
        world.steps(40)
        #expect(source.ticks == ticks.filter { $0 <= 43 })
    }

    @Test func `a game with a snapshot every few steps has its own grid`() {
        let world = World { $0.defaultGame = "other" }
        PlainClient(world).join()
        world.steps(5)
        let source = EventSource(world, "/api/lobbies/x/events?hz=6")
        world.steps(45)
        #expect(source.ticks == [5, 10, 20, 30, 40, 50])
    }

    @Test func `changed seats are shown once a step, and a state comes after them`() {
        let (world, _) = playing()
        let source = EventSource(world)
        let others = (0..<2).map { _ in PlainClient(world) }
        for other in others { other.join(["name": "Bo"]) }
        #expect(source.events("lobby").count == 1)
        world.steps(1)
        #expect(source.events("lobby").count == 2)
        #expect(JSONValue.of(source.events("lobby")[1].data)["players"] == 3)
        others[0].stream.cut()
        world.steps(1)
        #expect(source.events("lobby").count == 3)
        world.steps(5)
        #expect(source.events("lobby").count == 3)
    }

    @Test func `seats are also shown in a lobby whose last player has left`() {
        let (world, client) = playing()
        let source = EventSource(world)
        client.emit("leave")
        world.run(.milliseconds(100))
        #expect(source.events("lobby").last.map { JSONValue.of($0.data)["players"] } == 0)
    }

    @Test func `watchers of one rate are sent the very same bytes`() {
        let (world, _) = playing()
        let first = EventSource(world, "/api/lobbies/x/events?format=snapshot&hz=5")
        world.steps(3)
        let second = EventSource(world, "/api/lobbies/x/events?format=snapshot&hz=5")
        world.steps(1)
        let starts = [first, second].map(\.stream.sent.count)
        world.steps(8)
        let tails = zip([first, second], starts).map { Array($0.stream.sent[$1...]) }
        #expect(!tails[0].isEmpty && tails[0] == tails[1])
    }

    // MARK: Snapshots

    private func message(_ event: EventSource.Event) throws -> [UInt8] {
        let text = Array(event.data.utf8)
        let bytes = Base64.decode(text.span)
        return try #require(bytes)
    }

    /// Applies every snapshot of a stream, the first to `state`.
    private func decoded(_ source: EventSource, from state: WorldState? = nil) throws -> WorldState? {
        var state = state
        let schema = GameType(Probe.self).schema
        for event in source.events("snapshot") {
            let bytes = try message(event)
            state = try Snapshot.apply(bytes.span, to: state, schema: schema)
            #expect(event.id == "\(state?.tick ?? 0)")
        }
        return state
    }

    private func kinds(_ source: EventSource) -> [String] {
        source.events("snapshot").map { kind(Base64.decode(Array($0.data.utf8).span)) }
    }

    @Test func `a stream of snapshots begins with the schema and a keyframe, and goes on in deltas`() throws {
        let (world, client) = playing(steps: 3)
        let source = EventSource(world, "/api/lobbies/x/events?format=snapshot")
        #expect(source.events.map(\.name) == ["schema", "lobby", "snapshot"])
        let schema = JSONValue.of(source.events[0].data)
        #expect(schema["schema"] == .string(GameType(Probe.self).schema.text))
        #expect(schema["schemaHash"] == .string(GameType(Probe.self).schema.hashText))
        client.emit("input", ["input": ["by": 5, "loud": false]])
        world.steps(2)
        #expect(kinds(source) == ["key 3", "4 from 3", "5 from 4"])
        #expect(try decoded(source)?.tables[0].values == [13])
    }

    @Test func `a resumed stream of snapshots goes on from the last that came, and says what the state must be`() throws
    {
        let (world, _) = playing(steps: 3)
        let first = EventSource(world, "/api/lobbies/x/events?format=snapshot")
        let state = try #require(try decoded(first))
        first.stream.cut()
        #expect(world.server.watcherCount == 0)
        world.steps(4)
        let second = EventSource(world, "/api/lobbies/x/events?format=snapshot", "Last-Event-ID: 3")
        world.steps(1)
        #expect(kinds(second) == ["7 from 3", "8 from 7"])
        #expect(try decoded(second, from: state)?.tick == 8)
        let message = try message(second.events("snapshot")[0])
        let header = try Snapshot.header(of: message.span)
        #expect(header.stateHash != nil)
    }

    @Test(arguments: ["0", "1", "9999", "x", "-3", "4294967296", ""])
    func `an id that the lobby does not have leads to a keyframe`(_ id: String) {
        let (world, _) = playing(steps: 40)
        let source = EventSource(world, "/api/lobbies/x/events?format=snapshot&lastEventId=\(id)")
        #expect(kinds(source) == ["key 40"])
    }

    @Test func `who has the newest snapshot is sent none until there is a newer one`() {
        let (world, _) = playing(steps: 3)
        let source = EventSource(world, "/api/lobbies/x/events?format=snapshot&lastEventId=3")
        #expect(kinds(source) == [])
        world.steps(1)
        #expect(kinds(source) == ["4 from 3"])
    }

    @Test func `a resumed stream of states repeats none`() {
        let (world, _) = playing(steps: 3)
        let same = EventSource(world, "/api/lobbies/x/events?lastEventId=3")
        let older = EventSource(world, "/api/lobbies/x/events", "Last-Event-ID: 2")
        let other = EventSource(world, "/api/lobbies/x/events?lastEventId=2", "Last-Event-ID: 3")
        #expect(same.ticks == [] && older.ticks == [3] && other.ticks == [])
        let foreign = EventSource(world, "/api/lobbies/x/events?lastEventId=77")
        #expect(foreign.ticks == [3])
        world.steps(7)
        #expect(same.ticks == [10] && other.ticks == [10])
    }

    @Test(arguments: ["state", "snapshot"])
    func `an id of an earlier lobby of that name does not hold back the states of a new one`(_ format: String) {
        let (world, _) = playing(steps: 0)
        let source = EventSource(world, "/api/lobbies/x/events?format=\(format)&lastEventId=77")
        #expect(source.ticks == [])
        world.steps(1)
        #expect(source.ticks == [1])
    }

    // MARK: Slow and silent

    @Test func `a watcher that does not read is passed over, and sent the newest when it does`() throws {
        let (world, _) = playing(steps: 3)
        let source = EventSource(world, "/api/lobbies/x/events?format=snapshot")
        source.stream.stalls = true
        world.steps(1)
        #expect(source.stream.isBlocked)
        let calls = source.stream.sendCount
        PlainClient(world).join(["name": "Bo"])
        world.steps(10)
        #expect(source.stream.sendCount == calls && world.count(.watcherEventsSkipped) >= 10)
        source.stream.drain()
        world.turn()
        #expect(kinds(source) == ["key 3", "4 from 3", "14 from 4"])
        #expect(source.events("lobby").count == 2 && source.stream.sendCount == calls + 1)
        #expect(try decoded(source)?.tick == 14)
    }

    @Test func `a slow watcher of states skips those that it missed`() {
        let (world, _) = playing(steps: 3)
        let source = EventSource(world)
        source.stream.stalls = true
        world.steps(50)
        source.stream.drain()
        world.turn()
        world.steps(7)
        #expect(source.ticks == [3, 10, 53, 60])
    }

    @Test func `a watcher that reads nothing is gone after the write timeout, and others notice nothing`() {
        let (world, client) = playing()
        let slow = EventSource(world)
        let other = EventSource(world)
        slow.stream.stalls = true
        world.run(.seconds(9))
        #expect(!slow.stream.isClosed)
        world.run(.seconds(2))
        #expect(slow.stream.isClosed && world.count(.slowConsumersClosed) == 1 && world.server.watcherCount == 1)
        #expect(other.ticks.count >= 22 && !client.stream.isClosed)
    }

    @Test func `a comment comes every fifteen seconds, whatever else does`() {
        let (world, client) = playing()
        let source = EventSource(world)
        world.run(.seconds(14))
        #expect(source.comments == 0)
        world.run(.seconds(2))
        #expect(source.comments == 1)
        client.emit("leave")
        world.run(.seconds(15))
        #expect(source.comments == 2 && !source.stream.isClosed)
    }

    // MARK: Ends

    @Test func `a lobby that closes tells its watchers why, and ends their streams`() {
        let (world, _) = playing()
        let source = EventSource(world)
        world.server.lobby("x")?.close("the end")
        world.turn()
        #expect(source.events.last == .init(name: "closed", data: "{\"reason\":\"the end\"}"))
        #expect(source.stream.isClosed && world.server.watcherCount == 0)
    }

    @Test func `watching keeps no lobby open`() {
        let (world, client) = playing()
        let source = EventSource(world)
        client.emit("leave")
        world.run(.seconds(31))
        #expect(source.events.last?.name == "closed" && source.stream.isClosed && world.server.lobby("x") == nil)
    }

    @Test func `a draining server ends its streams, and opens no more`() {
        let (world, _) = playing()
        let source = EventSource(world)
        world.server.drain()
        world.turn()
        #expect(source.events.last == .init(name: "draining", data: "{\"seconds\":5.0}"))
        #expect(source.stream.isClosed && world.server.watcherCount == 0)
        let refused = world.ask("/api/lobbies/x/events")
        #expect(refused.status == 503 && refused["retry-after"] == "5")
    }

    @Test func `an author's stream ends with the server too`() {
        let world = World()
        var isAbandoned = false
        world.server.endpoints["/own"] = .http(bodyBytesMax: 0) { exchange in
            exchange.onAbandoned = { isAbandoned = true }
            exchange.beginStream(fields: [:])
            exchange.stream(Array("one".utf8))
        }
        let source = EventSource(world, "/own")
        world.server.closeAll()
        world.turn()
        #expect(source.answer.text == "one" && source.stream.isClosed && isAbandoned)
    }

    @Test func `a HEAD has the fields of a stream and ends`() {
        let (world, _) = playing()
        let answer = world.ask("/api/lobbies/x/events", method: "HEAD")
        #expect(answer.status == 200 && answer["content-type"] == "text/event-stream" && answer.body.isEmpty)
        #expect(world.server.watcherCount == 0)
    }

    @Test func `a watcher that ends its connection is forgotten`() {
        let (world, _) = playing()
        let sources = (0..<3).map { _ in EventSource(world) }
        sources[1].stream.cut()
        sources[2].stream.end()
        world.turn()
        #expect(world.server.watcherCount == 1)
        world.steps(20)
        #expect(sources[0].ticks.count == 3)
    }

    @Test func `more than so many watchers of a lobby, or of the server, are refused until one goes`() {
        let (world, _) = playing {
            $0.watchersPerLobbyMax = 2
            $0.watchersMax = 3
        }
        PlainClient(world, lobby: "y").join()
        let sources = (0..<3).map { _ in EventSource(world) }
        #expect(sources.map(\.answer.status) == [200, 200, 503])
        #expect(sources[2].answer["retry-after"] == "5" && world.count(.watchersRefused) == 1)
        let elsewhere = (0..<2).map { _ in EventSource(world, "/api/lobbies/y/events") }
        #expect(elsewhere.map(\.answer.status) == [200, 503])
        sources[0].stream.cut()
        #expect(EventSource(world).answer.status == 200 && world.server.watcherCount == 3)
    }
}
