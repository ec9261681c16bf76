import BotCore
import Determinism
import GameKit
import LobbyCore
import ServerCore
import SimulatedWorld
import Testing

/// A game that shows what it knows of the way to its players, and whose clock may go a little wrong.
private struct Pacing: Game {
    struct Beat: GameInput {
        var flag = false
        static var fields: [Field<Beat>] { Field("flag", \.flag) }
    }

    struct Player: Entity {
        var roundTrip = 0
        var offset = 0
    }

    static let name = "pacing"
    static let rules = Rules(tickRate: 30, seats: 4)
    static var replicated: Replication<Pacing> {
        Entities(\.players, "player") {
            Field("roundTrip", \.roundTrip, .int(0...60_000))
            Field("offset", \.offset, .int(-60_000...60_000))
        }
    }

    var players = Table<Player>()
    private let drift: Int

    init(_ context: inout GameContext, options: JSONValue) {
        drift = options["drift"]?.integer.flatMap { Int(exactly: $0) } ?? 0
    }
    mutating func join(_ seat: Seat, _ context: inout GameContext) { players[seat: seat.number] = Player() }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { players[seat: seat.number] = nil }
    mutating func step(_ inputs: Inputs<Beat>, _ context: inout GameContext) {
        context.timeScale = TimeScale(500 - drift, 500)
        for seat in context.seats {
            guard let latency = seat.latency else { continue }
            players[seat: seat.number] = Player(roundTrip: latency.roundTrip, offset: latency.clockOffset)
        }
    }
}

/// Has something to say at each snapshot.
private struct Drummer: Brain {
    init(seed: UInt64) {}
    mutating func decide(_ game: Pacing, seat: Int, tick: UInt32) -> Pacing.Beat? { Pacing.Beat() }
}

@Suite("Inputs come just in time (protocol/spec/lobby.md §4.3)")
struct PaceTests {
    private func world(
        latency: Int, jitter: Int, drift: Int = 0, loops: Int = 1, lossChance: Double = 0
    ) -> Simulation {
        var options = SimulationOptions(seed: 12, playTime: .seconds(40))
        (options.bots, options.lobbies, options.loops) = (8, 2, loops)
        options.gameOptions = ["drift": .integer(Int64(drift))]
        var line = LinkConditions()
        (line.latency, line.jitter) = (.milliseconds(latency), .milliseconds(jitter))
        line.lossChance = lossChance
        options.conditions = NetworkConditions(both: line)
        return Simulation(options, game: GameType(Pacing.self), brain: BrainType(Drummer.self))
    }

    private func told(_ simulation: Simulation) -> [UInt64] {
        let report = simulation.crowd.bots[0].report
        return [report[.paceAnswers], report[.paceLate], report[.paceAhead]]
    }

    @Test(arguments: [(0, 0, 0), (20, 5, 0), (60, 12, 2), (120, 12, -2)], [1, 2])
    func `after some seconds the latest of a second's inputs is 0 to 2 ticks early, over any line and with any clock`(
        _ line: (latency: Int, jitter: Int, drift: Int), _ loops: Int
    ) {
        let simulation = world(latency: line.latency, jitter: line.jitter, drift: line.drift, loops: loops)
        simulation.time.run(for: .seconds(8))
        let before = told(simulation)
        simulation.time.run(for: .seconds(30))
        let after = told(simulation)
        #expect(after[0] - before[0] >= 8 * 28)
        #expect(after[1] == before[1] && after[2] == before[2], "of \(after), \(before) in the first seconds")
    }

    @Test func `after a loss the lead is given back`() {
        let simulation = world(latency: 20, jitter: 5, lossChance: 0.002)
        simulation.time.run(for: .seconds(38))
        let told = told(simulation)
        // Each loss holds up what follows it by 200 ms: one late answer, and one or two that are ahead.
        #expect(told[0] > 250 && told[1] > 0 && told[1] < told[0] / 5 && told[2] < told[0] / 3, "\(told)")
    }

    @Test(arguments: [1, 2])
    func `a game knows how long the way to its players is, and how far their clocks are ahead`(_ loops: Int) throws {
        let simulation = world(latency: 60, jitter: 0, loops: loops)
        simulation.time.run(for: .seconds(20))
        let state = try #require(simulation.servers.lazy.flatMap(\.lobbies).first?.lobby.newestSnapshot)
        #expect(state.tables[0].ids.count == 4)
        for row in state.tables[0].ids.indices {
            let (roundTrip, offset) = (
                state.tables[0].values[2 * row], Int(state.tables[0].values[2 * row + 1]) - 60_000
            )
            #expect((120...125).contains(roundTrip))
            // Half of that, and one or two ticks to be early by; what an input waits for its tick is part of it.
            #expect((60...60 + 34 * 3).contains(offset), "\(offset)")
        }
    }
}
