import Determinism
import Foundation
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

/// What a player of the fog holds, from its messages alone.
private struct Sight {
    let seat: Int
    private var receiver = SnapshotReceiver(schema: Sight.game.schema)
    private var read = 0
    static let game = GameType(Fog.self).withSnapshotTables()

    /// - Parameter isCoded: Whether it may be sent codec 1.
    init(seat: Int, isCoded: Bool = false) {
        self.seat = seat
        if isCoded { receiver.codec1 = Sight.game.snapshotTables?.codec }
    }

    /// Applies what is new, and gives the state.
    mutating func look(_ snapshots: [[UInt8]]) throws -> WorldState {
        for snapshot in snapshots[read...] { try receiver.receive(snapshot.span) }
        read = snapshots.count
        return try #require(receiver.state)
    }

    /// Checks a state against what the game's rules say that the seat sees, value for value.
    static func check(_ state: WorldState, seat: Int) {
        let tick = Int(state.tick)
        #expect(state.tables[0].values == [UInt32(tick)])
        let team = seat % 2
        #expect(state.tables[1].ids == (0..<9).filter { (tick + $0) % 5 != 0 }.map { UInt16(team * 100 + $0) })
        #expect(state.tables[1].values == state.tables[1].ids.map { UInt32(tick / 4 + Int($0) % 100) })
        #expect(state.tables[2] == EntityTable(ids: [UInt16(seat * 100)], values: [UInt32(seat + tick / 8)]))
        let eye = Fog.eye(of: seat, at: tick)
        for id in 0..<80 {
            let spot = Fog.animal(id, at: tick)
            let far = max(abs(spot.x - eye.x), abs(spot.y - eye.y))
            let row = state.tables[3].ids.firstIndex(of: UInt16(id))
            if far <= Fog.sight { #expect(row != nil, "animal \(id) at tick \(tick) is \(far) from seat \(seat)") }
            if far > Fog.sight + 10 { #expect(row == nil, "animal \(id) at tick \(tick) is \(far) from seat \(seat)") }
            guard let row else { continue }
            #expect(Array(state.tables[3].values[row * 2...row * 2 + 1]) == [UInt32(spot.x * 4), UInt32(spot.y * 4)])
        }
        #expect(state.tables[4].ids.isEmpty, "what nobody sees")
    }
}

/// The distance from a message's baseline; nil for one from nothing. Whether it is in groups at all, and of which codec.
private func way(_ snapshot: [UInt8]?) throws -> (tick: UInt32, since: UInt32?, isGrouped: Bool, codec: UInt8) {
    let snapshot = try #require(snapshot)
    let heading = try SnapshotReceiver.heading(of: snapshot.span)
    return (heading.tick, heading.baselineTick, snapshot[0] & 15 == 3, snapshot[0] >> 4 & 3)
}

@Suite("What a player may see (docs/decisions/0025-interest.md)")
struct InterestTests {
    private func world(loops: Int = 1, seed: UInt64 = 1) -> World {
        let world = World(seed: seed, loops: loops, games: [Sight.game, GameType(OpenFog.self)]) { settings in
            settings.defaultGame = "fog"
            settings.messagesPerSecond = 1_000
            settings.heartbeatInterval = .seconds(1_000_000)
        }
        world.streamsMove = false
        return world
    }

    @Test(arguments: [1, 2])
    func `each player has at every tick what it sees and nothing else, on any loop and in any dialect`(loops: Int)
        throws
    {
        let world = world(loops: loops)
        let first = PlainClient(world)
        first.join(["codec": 1])
        let second = SocketClient(world)
        second.join("x")
        if loops > 1 { world.home = 1 }
        let third = PlainClient(world)
        third.join()
        let fourth = SocketClient(world)
        fourth.join("x", ["codec": 1])
        var sights = (0..<4).map { Sight(seat: $0, isCoded: $0 % 3 == 0) }
        for step in 0..<220 {
            world.steps(1)
            guard step > 1 else { continue }
            let all = [first.snapshots, second.snapshots(), third.snapshots, fourth.snapshots()]
            for seat in 0..<4 { Sight.check(try sights[seat].look(all[seat]), seat: seat) }
        }
        #expect(world.count(.keyframesSent) <= 8, "from then on each is led on from what it was sent last")
        let codecs = try [first.snapshots, second.snapshots(), third.snapshots, fourth.snapshots()].map {
            try way($0.last).codec
        }
        #expect(codecs == [1, 0, 0, 1])
    }

    @Test(arguments: [0, 1])
    func `who falls behind gets one message to what it sees now; with the history over, from nothing`(
        codec: Int64
    ) throws {
        let world = world()
        let client = PlainClient(world)
        client.join(["codec": .integer(codec)])
        world.steps(5)
        for (halt, isFromNothing) in [(3, false), (20, false), (40, true)] {
            let before = try way(client.snapshots.last)
            let count = client.snapshots.count
            client.stream.stalls = true
            world.steps(1 + halt)
            client.stream.drain()
            world.turn()
            // The one that was stuck, and one for all that came after it.
            #expect(client.snapshots.count == count + 2)
            let after = try way(client.snapshots.last)
            #expect(after.tick == before.tick + UInt32(halt) + 1)
            #expect(after.since == (isFromNothing ? nil : before.tick + 1))
            var sight = Sight(seat: 0, isCoded: codec > 0)
            Sight.check(try sight.look(client.snapshots), seat: 0)
            world.steps(2)
        }
    }

    /// After 100 steps that tick is not among the last 32 any more: it is one that was kept for the seat.
    @Test(arguments: [0, 1], [7, 100])
    func `who comes back is led on from the tick that it has, and who asks gets all it sees from nothing`(
        codec: Int64, missed: Int
    ) throws {
        let world = world()
        let client = PlainClient(world)
        let token = client.join(["codec": .integer(codec)])["token"] ?? .null
        PlainClient(world).join()
        client.emit("keyframe")
        world.steps(10)
        #expect(try way(client.snapshots.last).since != nil)
        let had = client.snapshots
        client.stream.cut()
        world.steps(missed)
        let again = PlainClient(world)
        again.join([
            "token": token, "tick": .integer(Int64(try way(had.last).tick)), "codec": .integer(codec),
        ])
        world.steps(1)
        #expect(try way(again.snapshots.first).since == way(had.last).tick)
        var sight = Sight(seat: 0, isCoded: codec > 0)
        Sight.check(try sight.look(had + again.snapshots), seat: 0)
        again.emit("keyframe")
        world.steps(1)
        #expect(try way(again.snapshots.last).since == nil && way(again.snapshots.last).codec == UInt8(codec))
        var fresh = Sight(seat: 0, isCoded: codec > 0)
        Sight.check(try fresh.look([try #require(again.snapshots.last)]), seat: 0)
    }

    @Test func `who sits down where somebody sat sees nothing of what that one saw`() throws {
        let world = world()
        PlainClient(world).join()
        let old = PlainClient(world)
        #expect(old.join()["seat"] == 1)
        world.steps(5)
        #expect(try way(old.snapshots.last).isGrouped)
        old.emit("leave")
        let new = PlainClient(world)
        #expect(new.join()["seat"] == 1)
        var sight = Sight(seat: 1)
        let state = try sight.look(new.snapshots)
        let isHidden = state.tables[1...4].allSatisfy(\.ids.isEmpty)
        #expect(isHidden, "before the next snapshot")
        world.steps(1)
        Sight.check(try sight.look(new.snapshots), seat: 1)
    }

    @Test func `players who see the same are sent the same bytes`() throws {
        let world = world()
        let clients = (0..<4).map { _ in PlainClient(world) }
        for client in clients { client.join(["options": ["alike": true], "codec": 1]) }
        world.steps(10)
        #expect(try way(clients[0].snapshots.last).codec == 1)
        #expect(clients[0].snapshots.suffix(8) == clients[2].snapshots.suffix(8))
        #expect(clients[1].snapshots.suffix(8) == clients[3].snapshots.suffix(8))
        #expect(clients[0].snapshots.last != clients[1].snapshots.last)
    }

    @Test func `those who watch see what everybody sees, in ordinary messages and as JSON`() throws {
        let world = world()
        PlainClient(world).join()
        let spectator = PlainClient(world)
        spectator.join(["watch": true])
        world.steps(5)
        let shown = try #require(spectator.snapshots.last)
        #expect(try !way(shown).isGrouped)
        var receiver = SnapshotReceiver(schema: GameType(Fog.self).schema)
        for snapshot in spectator.snapshots { try receiver.receive(snapshot.span) }
        let state = try #require(receiver.state)
        let isHidden = state.tables[1...4].allSatisfy(\.ids.isEmpty)
        #expect(isHidden && state.tables[5].ids == [0])
        #expect(state.tables[0].values == [state.tick])
        let page = String(decoding: world.request("GET", "/api/lobbies/x").bytes, as: UTF8.self)
        #expect(page.contains(#""unit":[]"#) && page.contains(#""flag":[{"id":0"#))
    }

    @Test func `where the game says so those who watch see everything, and players do not`() throws {
        let world = world()
        let players = (0..<2).map { _ in PlainClient(world) }
        for player in players { player.join(["game": "openfog"]) }
        let spectator = PlainClient(world)
        spectator.join(["watch": true])
        world.steps(60)
        var receiver = SnapshotReceiver(schema: GameType(OpenFog.self).schema)
        for snapshot in spectator.snapshots { try receiver.receive(snapshot.span) }
        #expect(receiver.state?.tables[0].ids == [0, 1])
        for (seat, player) in players.enumerated() {
            var own = SnapshotReceiver(schema: GameType(OpenFog.self).schema)
            for snapshot in player.snapshots { try own.receive(snapshot.span) }
            #expect(own.state?.tables[0].ids == [UInt16(seat)])
        }
    }

    /// `scripts/check --long` plays a million ticks; without it some hundreds are.
    private var ticks: Int { ProcessInfo.processInfo.environment["MUSTER_LONG"] == nil ? 600 : 1_000_000 }

    @Test(arguments: [0, 1])
    func `what a player must not see is in no byte and no length that it is sent (abuse G-10)`(codec: Int64) {
        var hashes: [[UInt64]] = []
        for isOther in [false, true] {
            let world = world(seed: 3)
            let player = PlainClient(world)
            player.join(["options": ["other": .bool(isOther)], "codec": .integer(codec)])
            let enemy = PlainClient(world)
            enemy.join(["codec": .integer(codec)])
            let spectator = PlainClient(world)
            spectator.join(["watch": true, "codec": .integer(codec)])
            let box = Tapped()
            for (index, client) in [player, enemy, spectator].enumerated() {
                client.stream.tap = { box.take($0, index) }
            }
            for tick in 0..<ticks {
                world.steps(1)
                if tick % 50 == 0 { box.take(world.request("GET", "/api/lobbies/x").bytes, 3) }
                if tick % 97 == 0 { player.stream.receive(player.frame(.binary, [0x0A, 0])) }
            }
            hashes.append(box.hashes.map(\.value))
            #expect(box.counts.allSatisfy { $0 > ticks }, "\(box.counts)")
        }
        #expect(hashes[0][0] == hashes[1][0], "the player")
        #expect(hashes[0][2...] == hashes[1][2...], "those who watch")
        #expect(hashes[0][1] != hashes[1][1], "the twin's secrets are others")
    }
}

/// Of all that some streams were sent.
private final class Tapped {
    var hashes = [WordHash(), WordHash(), WordHash(), WordHash()]
    var counts = [0, 0, 0, 0]

    func take(_ bytes: [UInt8], _ index: Int) {
        counts[index] += bytes.count
        hashes[index].feed(UInt64(bytes.count))
        for byte in bytes { hashes[index].feed(UInt64(byte)) }
    }
}
