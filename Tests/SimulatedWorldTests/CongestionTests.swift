import BotCore
import Determinism
import GameKit
import ServerCore
import SimulatedWorld
import Testing

/// What a player of ``Flood`` asks for: nothing.
struct Idle: GameInput {
    var flag = false
    static var fields: [Field<Idle>] { Field("flag", \.flag) }
}

/// A game that sends every seat 8 KiB a step, 160 KiB a second, and minds how they keep up if its options say so.
struct Flood: Game {
    static let name = "flood"
    static let rules = Rules(tickRate: 20, seats: 8)
    static var replicated: Replication<Flood> {
        Single(\.state, "state") {
            Field("congested", \.congested, .int(0...1_000_000))
            Field("sent", \.sent, .int(0...1_000_000))
        }
    }

    struct State: Entity {
        /// Steps in which a seat was found to have fallen behind, and those in which one was sent something.
        var congested = 0
        var sent = 0
    }

    private(set) var state = State()
    private let minds: Bool

    init(_ context: inout GameContext, options: JSONValue) { minds = options["minds"] == true }
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Idle>, _ context: inout GameContext) {
        for seat in context.seats where seat.isConnected {
            if seat.isCongested { state.congested += 1 }
            guard !minds || !seat.isCongested else { continue }
            state.sent += 1
            context.emit("chunk", .string(String(repeating: "x", count: 8_192)), to: seat.number)
        }
    }
}

/// Plays ``Flood``: watches.
struct Watching: Brain {
    init(seed: UInt64) {}
    mutating func decide(_ game: Flood, seat: Int, tick: UInt32) -> Idle? { nil }
}

@Suite("A game that minds who falls behind")
struct CongestionTests {
    /// Four bots whose programs stop reading for six seconds, in a game that minds or does not.
    private func run(minds: Bool, loops: Int = 1) -> (Simulation, SimulationResult) {
        var options = SimulationOptions(seed: 5, playTime: .seconds(20))
        options.bots = 4
        options.lobbies = 1
        options.loops = loops
        options.gameOptions = ["minds": .bool(minds)]
        let simulation = Simulation(options, game: GameType(Flood.self), brain: BrainType(Watching.self))
        simulation.time.run(for: .seconds(5))
        let stalled = simulation.network.livePipes
        for pipe in stalled { pipe.setReadingStalled(true, at: .client) }
        simulation.time.run(for: .seconds(6))
        for pipe in stalled { pipe.setReadingStalled(false, at: .client) }
        return (simulation, simulation.run())
    }

    @Test(arguments: [1, 2])
    func `one that minds loses nobody: it waits, and goes on when they read`(_ loops: Int) {
        let (simulation, result) = run(minds: true, loops: loops)
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.counters[.slowConsumersClosed] == 0 && result.report[.unexpectedCloses] == 0)
        let state = simulation.crowd.bots.compactMap(\.worldState)
        #expect(state.count == 4 && result.report[.gameEvents] > 4 * 20 * 10)
    }

    @Test func `one that does not loses them, at the outbox's bound`() {
        let (_, result) = run(minds: false)
        #expect(result.counters[.slowConsumersClosed] == 4 && result.report[.unexpectedCloses] > 0)
    }

    @Test func `what it sees follows from the seed`() {
        let first = run(minds: true).1.traceHash
        let again = run(minds: true).1.traceHash
        #expect(first == again)
    }
}
