import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

/// Sixty-four players and two hundred shots in an arena's fields: nobody rests, and no shot lives for five seconds.
private struct Crowd: Game {
    struct Player: Entity {
        var x = 0.0
        var y = 0.0
        var aim = 0
        var health = 100
        var ammo = 50
        var score = 0
    }

    struct Shot: Entity {
        var x = 0.0
        var y = 0.0
        var aim = 0
        var owner = 0
        var left = 0
    }

    static let name = "crowd"
    static let rules = Rules(tickRate: 30, seats: 4, grace: .seconds(20))
    static var replicated: Replication<Crowd> {
        Entities(\.players, "player") {
            Field("x", \.x, .fixed(-20...20, step: 1 / 64), .linear)
            Field("y", \.y, .fixed(-12...12, step: 1 / 64), .linear)
            Field("aim", \.aim, .int(0...255))
            Field("health", \.health, .int(0...100))
            Field("ammo", \.ammo, .int(0...50))
            Field("score", \.score, .int(0...9_999))
        }
        Entities(\.shots, "projectile") {
            Field("x", \.x, .fixed(-20...20, step: 1 / 64), .linear)
            Field("y", \.y, .fixed(-12...12, step: 1 / 64), .linear)
            Field("aim", \.aim, .int(0...255))
            Field("owner", \.owner, .int(0...63))
        }
    }

    static let type = GameType(Crowd.self).withSnapshotTables()

    private(set) var players = Table<Player>()
    private(set) var shots = Table<Shot>()

    init(_ context: inout GameContext, options: JSONValue) {
        for _ in 0..<64 {
            var player = Player()
            player.x = Double(context.random.int(in: -1280...1280)) / 64
            player.y = Double(context.random.int(in: -768...768)) / 64
            players.insert(player)
        }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        for id in players.ids {
            guard var player = players[id] else { continue }
            if context.random.int(in: 0...14) == 0 { player.aim = context.random.int(in: 0...255) }
            player.x = min(20, max(-20, player.x + Double(player.aim % 16 - 8) / 40))
            player.y = min(12, max(-12, player.y + Double(player.aim / 16 - 8) / 40))
            if context.random.int(in: 0...29) == 0 { player.health = context.random.int(in: 0...100) }
            if context.random.int(in: 0...29) == 0 { player.ammo = context.random.int(in: 0...50) }
            if context.random.int(in: 0...59) == 0 { player.score += 1 }
            players[id] = player
        }
        for id in shots.ids {
            guard var shot = shots[id] else { continue }
            shot.left -= 1
            shot.x = min(20, max(-20, shot.x + Double(shot.aim % 16 - 8) / 13))
            shot.y = min(12, max(-12, shot.y + Double(shot.aim / 16 - 8) / 13))
            shots[id] = shot
        }
        shots.removeAll { $1.left < 0 }
        while shots.ids.count < 200 {
            let owner = context.random.int(in: 0...63)
            var shot = Shot()
            (shot.x, shot.y) = players[players.ids[owner]].map { ($0.x, $0.y) } ?? (0, 0)
            shot.aim = context.random.int(in: 0...255)
            shot.owner = owner
            shot.left = context.random.int(in: 10...60)
            shots.insert(shot)
        }
    }
}

@Suite("What coming back costs (docs/performance.md, In a browser)")
struct ReturnCostTests {
    /// All that a client is sent until it has a state, as WebSocket messages without their heads.
    private struct Cost {
        var welcome: Int
        var state: Int
        var total: Int { welcome + state }

        init(_ client: PlainClient, _ joined: JSONValue) throws {
            welcome = JSONValue.object(["event": "joined", "data": joined]).text.utf8.count
            state = try #require(client.snapshots.first).count
            #expect(client.events.prefix(2).map(\.name) == ["joined", "snapshot"], "and nothing else before")
        }
    }

    private func tick(of snapshot: [UInt8]?) throws -> UInt32 {
        let snapshot = try #require(snapshot)
        return try Snapshot.header(of: snapshot.span).tick
    }

    /// What it costs to come back after 5 s, and what somebody new is sent at the same tick.
    private func costs(codec: Int64) throws -> (back: Cost, new: Cost) {
        let world = World(seed: 8, games: [Crowd.type]) {
            $0.defaultGame = "crowd"
            $0.heartbeatInterval = .seconds(1_000_000)
        }
        world.streamsMove = false
        let other = PlainClient(world)
        other.join()
        other.emit("keyframe")
        let client = PlainClient(world)
        let joined = client.join(["codec": .integer(codec)])
        for _ in 0..<90 {
            world.steps(1)
            guard let last = client.snapshots.last else { continue }
            let tick = try self.tick(of: last)
            client.send(.binary, ClientMessage.ack(tick).encode(schema: Crowd.type.schema))
        }
        let tick = try self.tick(of: client.snapshots.last)
        client.stream.cut()
        world.run(.seconds(5))
        let (again, new) = (PlainClient(world), PlainClient(world))
        var request: JSONObject = [
            "token": joined["token"] ?? .null, "tick": .integer(Int64(tick)), "codec": .integer(codec),
            "schema": joined["schemaHash"] ?? .null,
        ]
        if let tables = joined["tablesHash"] { request["tables"] = tables }
        let back = again.join(.object(request))
        #expect(back["resumed"] == true && back["schema"] == nil && back["tables"] == nil)
        let shown = try self.tick(of: again.snapshots.first)
        let now = try #require(back["tick"]?.integer)
        #expect(now - Int64(shown) <= 2, "playing within two ticks")
        return (try Cost(again, back), try Cost(new, new.join(["codec": .integer(codec)])))
    }

    @Test(arguments: [0, 1])
    func `where everybody moves a state costs no more than a new one, and the welcome leaves out what is known`(
        codec: Int64
    ) throws {
        let (back, new) = try costs(codec: codec)
        #expect(back.state <= new.state)
        #expect(back.welcome * 2 < new.welcome)
    }
}
