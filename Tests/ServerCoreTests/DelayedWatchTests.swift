import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing

@Suite("Watching with a delay (protocol/spec/lobby.md §6)")
struct DelayedWatchTests {
    /// The tick of a snapshot message.
    private func tick(_ snapshot: [UInt8]) throws -> UInt32 { try Snapshot.header(of: snapshot.span).tick }

    @Test(arguments: [1, 2])
    func `nothing is shown before the delay has passed, and all of it after`(loops: Int) throws {
        let (world, player) = Watched.world(loops: loops) { $0.watchDelay = .seconds(2) }
        let plain = Watched.spectator(world)
        let socket = SocketClient(world)
        #expect(socket.join("x", ["watch": true])["delay"] == .number(2))
        var due: [(at: Instant, tick: UInt32)] = []
        for step in 0..<200 {
            if step == 100 { player.emit("input", ["input": ["by": 8, "loud": true]]) }
            world.steps(1)
            due.append((world.clock.now + .seconds(2), world.lobby()?.lobby.tick ?? 0))
            let newest = due.last { $0.at <= world.clock.now }?.tick ?? 0
            for shown in [plain.snapshots, socket.snapshots()] {
                #expect(try tick(shown.last ?? player.snapshots[0]) <= max(newest, 1))
            }
        }
        #expect(plain.snapshots.count >= 158 && plain.snapshots.count <= 160)
        let count = plain.snapshots.count
        #expect(Array(plain.snapshots[1...]) == Array(player.snapshots[1..<count]), "the very same messages")
        #expect(socket.snapshots() == plain.snapshots)
        #expect(try Watched.state(plain.snapshots)?.tick == UInt32(count))
    }

    @Test func `events come in their place between the states, as late as these`() {
        let (world, player) = Watched.world { $0.watchDelay = .seconds(1) }
        let spectator = Watched.spectator(world)
        world.steps(3)
        player.emit("input", ["input": ["by": 1, "loud": true]])
        world.steps(3)
        #expect(player.event("loud") != nil && spectator.event("loud") == nil)
        world.run(.milliseconds(900))
        #expect(spectator.event("loud") == nil)
        world.run(.milliseconds(200))
        let names = spectator.events.map(\.name)
        let place = names.firstIndex(of: "loud") ?? 0
        #expect(names[1..<place].count { $0 == "snapshot" } == 3)
    }

    @Test func `who comes late sees at once what was there so long ago`() throws {
        let (world, player) = Watched.world(["lobby": ["delay": 3]])
        world.run(.seconds(10))
        let tick = world.lobby()?.lobby.tick ?? 0
        let spectator = Watched.spectator(world)
        #expect(spectator.event("joined")?["delay"] == .number(3))
        let shown = try #require(try Watched.state(spectator.snapshots))
        #expect(shown.tick >= tick - 62 && shown.tick <= tick - 60 && kind(spectator.snapshots[0]).hasPrefix("key"))
        #expect(shown.tick == UInt32(spectator.event("joined")?["tick"]?.integer ?? 0))
        world.steps(40)
        let later = try #require(try Watched.state(spectator.snapshots))
        #expect((shown.tick + 39...shown.tick + 41).contains(later.tick))
        #expect(spectator.snapshots[1...].allSatisfy(player.snapshots.contains), "once in step, the players' own")
    }

    @Test func `all who are late together are sent one message`() {
        let (world, _) = Watched.world { $0.watchDelay = .seconds(1) }
        world.run(.seconds(3))
        let spectators = (0..<3).map { _ in Watched.spectator(world) }
        world.steps(30)
        let shown = spectators[0].snapshots
        #expect((29...32).contains(shown.count) && spectators.allSatisfy { $0.snapshots == shown })
    }

    @Test(arguments: [1, 2])
    func `one that does not read goes on from the newest state that may be shown`(loops: Int) throws {
        let (world, _) = Watched.world(loops: loops) { $0.watchDelay = .seconds(1) }
        let slow = Watched.spectator(world)
        let quick = Watched.spectator(world)
        world.steps(30)
        slow.stream.stalls = true
        world.steps(15)
        slow.stream.drain()
        world.turn()
        world.steps(2)
        #expect(slow.snapshots.count < quick.snapshots.count - 8)
        #expect(try Watched.state(slow.snapshots) == Watched.state(quick.snapshots))
        slow.stream.stalls = true
        world.steps(60)
        slow.stream.drain()
        world.turn()
        world.steps(2)
        #expect(try Watched.state(slow.snapshots) == Watched.state(quick.snapshots), "by a keyframe")
    }

    @Test(arguments: [1, 2])
    func `a lobby that has closed is shown to its end`(loops: Int) throws {
        let (world, player) = Watched.world(loops: loops, ["options": ["finishAt": 50]]) {
            $0.watchDelay = .seconds(2)
        }
        let spectator = Watched.spectator(world)
        if loops == 1 { #expect(EventSource(world).answer.status == 200) }
        world.run(.milliseconds(2_600))
        #expect(player.closeCode == 4000 && world.lobby() == nil)
        #expect(spectator.closeCode == nil && spectator.event("finished") == nil)
        world.run(.milliseconds(1_800))
        #expect(spectator.event("finished") == nil && world.server.watcherCount == (loops == 1 ? 2 : 1))
        world.run(.milliseconds(400))
        #expect(spectator.event("finished")?["winner"] == 0 && spectator.closeCode == 4000)
        #expect(try Watched.state(spectator.snapshots)?.tick == 49)
        #expect(world.server.watcherCount == 0)
    }

    @Test func `a lobby of the same id may be opened while the old one is still shown`() throws {
        let (world, _) = Watched.world(["options": ["finishAt": 20]]) { $0.watchDelay = .seconds(3) }
        let old = Watched.spectator(world)
        world.run(.seconds(2))
        PlainClient(world).join(["options": ["kickAt": 1_000]])
        let new = Watched.spectator(world)
        world.run(.milliseconds(2_500))
        #expect(old.closeCode == 4000 && old.event("finished") != nil)
        #expect(try Watched.state(old.snapshots)?.tick == 19)
        #expect(new.closeCode == nil && new.snapshots.isEmpty)
        world.run(.seconds(2))
        #expect(!new.snapshots.isEmpty && new.event("finished") == nil)
    }

    @Test func `nobody who watches: nothing is kept of a lobby that has closed`() {
        let (world, _) = Watched.world(["options": ["finishAt": 20]]) { $0.watchDelay = .seconds(60) }
        let spectator = Watched.spectator(world)
        world.run(.milliseconds(500))
        spectator.stream.cut()
        world.run(.seconds(2))
        #expect(world.lobby() == nil && world.server.watcherCount == 0 && world.server.audienceCount == 0)
    }

    @Test func `a rematch is shown after the game before it`() throws {
        let world = Stage.world(seed: 81) { $0.watchDelay = .seconds(2) }
        let players = Stage.players(2, world, ["finishAt": 10])
        let spectator = Watched.spectator(world)
        #expect(spectator.event("phase")?["phase"] == "waiting" && spectator.event("players") == nil)
        Stage.ready(players)
        world.run(.seconds(2))
        for player in players.reversed() { player.emit("rematch") }
        world.run(.seconds(5))
        #expect(spectator.snapshots.map(kind).filter { $0.hasPrefix("key") } == ["key 1", "key 1"])
        #expect(try Watched.state(spectator.snapshots, of: GameType(Staged.self))?.tick == 9)
        let late = Watched.spectator(world)
        #expect(late.event("phase")?["phase"] == "finished" && late.event("players")?["players"]?[0]?["name"] == "P0")
    }

    @Test func `event streams and the state as a document have the same delay`() throws {
        let (world, player) = Watched.world(["lobby": ["delay": 2]])
        #expect(world.ask("/api/lobbies/x").json["tick"] == 0)
        let states = EventSource(world, "/api/lobbies/x/events?hz=20")
        let snapshots = EventSource(world, "/api/lobbies/x/events?format=snapshot")
        world.steps(60)
        let newest = try #require(states.ticks.last)
        #expect(newest >= 19 && newest <= 20 && snapshots.ticks.last == newest)
        #expect(world.ask("/api/lobbies/x").json["tick"] == .integer(Int64(newest)))
        #expect(world.ask("/api/lobbies/x").json["state"]?["pawn"]?[0]?["at"] == 0)
        let events = snapshots.events("snapshot").map { event in
            let text = Array(event.data.utf8)
            return Base64.decode(text.span) ?? []
        }
        #expect(try Watched.state(events)?.tick == UInt32(newest))
        #expect(player.snapshots.count == 60)
    }

    @Test func `the longest delay of server, game and terms holds, and a host cannot shorten it`() {
        for (server, terms, expected) in [(0, 5, 5), (5, 0, 5), (5, 3, 5), (2, 4, 4)] {
            let (world, player) = Watched.world(["lobby": ["delay": .integer(Int64(terms))]]) {
                $0.watchDelay = .seconds(server)
            }
            #expect(Watched.spectator(world).event("joined")?["delay"] == .number(Double(expected)))
            player.emit("terms", ["delay": 0])
            #expect(Watched.spectator(world).event("joined")?["delay"] == .number(Double(expected)))
        }
        let (world, _) = Watched.world()
        for delay: JSONValue in [301, -1, 1.5, "2"] {
            let client = PlainClient(world, lobby: "y")
            client.join(["lobby": ["delay": delay]])
            #expect(client.closeCode == 4002)
        }
    }
}
