import Determinism
import Foundation
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import Testing

/// A game of eight.
private struct Eight: Game {
    static let name = "eight"
    static let rules = Rules(tickRate: 1, seats: 8)
    static var replicated: Replication<Eight> { Single(\.pawn, "pawn") { Field("at", \.at, .int(0...1)) } }
    var pawn = Pawn()
    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {}
}

/// `scripts/check --long` plays 10,000 interleavings; without it a hundredth does.
@Suite("Fifty join eight seats at once (abuse G-07)")
struct SeatRaceTests {
    /// What happens to the fifty, in an order that follows from the seed: hooks answer, late or never, with yes or no, connections are
    /// cut, and some who sit leave again.
    private func race(_ seed: UInt64, loops: Int) {
        var random = SeededRandom(seed: seed)
        var decisions: [(Result<Identity, JoinRefusal>) -> Void] = []
        var hooks = ServerHooks()
        hooks.authorize = { _, decided in decisions.append(decided) }
        let world = World(seed: seed, loops: loops, games: [GameType(Eight.self)], hooks: hooks) { settings in
            settings.defaultGame = "eight"
        }
        world.streamsMove = false
        var clients: [PlainClient] = []
        func check() {
            guard let seats = world.lobby()?.lobby.seats else { return }
            let taken = seats.rows.count { $0.state != .free }
            if taken > 8 || seats.takenCount != taken { Issue.record("\(taken) of 8 seats, seed \(seed)") }
        }
        func decide() {
            guard !decisions.isEmpty else { return }
            let decide = decisions.remove(at: random.int(in: 0...decisions.count - 1))
            decide(random.int(in: 0...9) == 0 ? .failure(.notAuthorized("")) : .success(.guest))
            world.turn()
        }
        while clients.count < 50 || !decisions.isEmpty {
            switch random.int(in: 0...9) {
            case 0...4 where clients.count < 50:
                world.home = random.int(in: 0...loops - 1)
                clients.append(PlainClient(world))
                clients[clients.count - 1].emit("join")
            case 5 where !clients.isEmpty:
                clients[random.int(in: 0...clients.count - 1)].stream.cut()
                world.turn()
            case 6 where random.int(in: 0...3) == 0: world.run(.seconds(random.int(in: 1...12)))
            default: decide()
            }
            check()
        }
        // Whoever was told full was told so while eight had seats; now that all have decided, there is room again.
        for client in clients where client.closeCode == nil { client.stream.cut() }
        world.run(.seconds(31))
        let last = PlainClient(world)
        last.emit("join")
        while !decisions.isEmpty { decisions.removeFirst()(.success(.guest)) }
        world.turn()
        if last.event("joined") == nil { Issue.record("full for ever, seed \(seed)") }
    }

    @Test func `in every order there are eight at most, and a seat for whoever comes when they have gone`() {
        let count: UInt64 = ProcessInfo.processInfo.environment["MUSTER_LONG"] == nil ? 100 : 10_000
        for seed in 0..<count { race(seed, loops: seed % 4 == 0 ? 2 : 1) }
    }
}
