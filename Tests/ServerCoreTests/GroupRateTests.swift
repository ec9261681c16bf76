import GameKit
import JSONCore
import ServerCore
import SnapshotCore
import Testing

/// Scouts who go from one side to the other, taken into one of three snapshots; each player sees one side, and the other for a while.
private struct Patrol: Game {
    struct Scout: Entity { var at = 0 }
    struct Clock: Sendable { var tick = 0 }

    static let name = "patrol"
    static let rules = Rules(tickRate: 20, seats: 2)
    static var replicated: Replication<Patrol> {
        Single(\.clock, "clock") { Field("tick", \.tick, .int(0...1_000_000)) }
        Entities(\.scouts, "scout", every: 3, in: { _, _, scout in .team(scout.at % 2) }) {
            Field("at", \.at, .int(0...1_000_000), .linear)
        }
    }

    private(set) var clock = Clock()
    private(set) var scouts = Table<Scout>()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        clock.tick = Int(context.tick)
        for id in 0..<10 { scouts[EntityID(id)] = Scout(at: Patrol.place(of: id, at: clock.tick)) }
    }

    func view(of seat: Seat, _ view: inout View) { view.add(.team(Patrol.side(seat.number, at: clock.tick))) }

    private static func place(of id: Int, at tick: Int) -> Int { (tick + id) / 4 }
    private static func side(_ seat: Int, at tick: Int) -> Int { (tick / 7 + seat) % 2 }

    /// What a player is to see at a tick from 2 on: the scouts as they were when it was last their type's turn, of the side that the
    /// player sees now. The type's place is 1, so its turn is in each snapshot whose number and 1 are a multiple of 3.
    static func seen(_ seat: Int, at tick: Int) -> EntityTable {
        let taken = tick - (tick + 1) % 3
        let ids = (0..<10).filter { place(of: $0, at: taken) % 2 == side(seat, at: tick) }
        return EntityTable(ids: ids.map(UInt16.init), values: ids.map { UInt32(place(of: $0, at: taken)) })
    }

    static let type = GameType(Patrol.self).withSnapshotTables()
}

@Suite("Rates of types whose entities are in groups (protocol/spec/lobby.md §2, snapshot.md §8)")
struct GroupRateTests {
    @Test(arguments: [0, 1] as [Int64])
    func
        `between its turns a type has the values and the groups of the last one, whatever comes into view or was missed`(
            codec: Int64
        ) throws
    {
        let world = World(seed: 7, games: [Patrol.type]) {
            $0.defaultGame = "patrol"
            $0.heartbeatInterval = .seconds(1_000_000)
        }
        world.streamsMove = false
        let clients = (0..<2).map { _ in PlainClient(world) }
        var followers = try clients.map { try Follower($0.join(["codec": .integer(codec)]), of: Patrol.type) }
        var checked = 0
        for step in 0..<130 {
            // One of them reads nothing now and then.
            if step % 20 == 9 { clients[1].stream.stalls = true }
            if step % 20 == 14 {
                clients[1].stream.drain()
                world.turn()
            }
            world.steps(1)
            for seat in 0..<2 {
                try followers[seat].follow(clients[seat].snapshots)
                guard let state = followers[seat].state, state.tick >= 2 else { continue }
                #expect(state.tables[0].values == [state.tick])
                #expect(state.tables[1] == Patrol.seen(seat, at: Int(state.tick)), "seat \(seat) at \(state.tick)")
                checked += 1
            }
        }
        #expect(checked > 200)
    }
}
