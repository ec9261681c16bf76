import Determinism
import GameKit
import LobbyCore
import Testing

/// A game that says what its timers do, and obeys its inputs: start, stop, pause, scale.
private struct Clockwork: Game {
    struct Order: GameInput {
        var what = 0
        static var fields: [Field<Order>] { Field("what", \.what, .int(0...9)) }
    }
    struct Face: Sendable {
        var steps = 0
        var rings = 0
    }

    static let name = "clockwork"
    static let rules = Rules(tickRate: 20, seats: 2)
    static var replicated: Replication<Clockwork> {
        Single(\.face, "face") {
            Field("steps", \.steps, .int(0...1_000_000))
            Field("rings", \.rings, .int(0...1_000_000))
        }
    }

    var face = Face()

    init(_ context: inout GameContext, options: JSONValue) {
        context.isPaused = options["pausedUntilTwo"] == true
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        if context.seats.count == 2 { context.isPaused = false }
    }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { context.isPaused = false }
    mutating func drop(_ seat: Seat, _ context: inout GameContext) { context.isPaused = true }
    mutating func resume(_ seat: Seat, _ context: inout GameContext) { context.isPaused = false }
    mutating func timer(_ timer: Int, _ context: inout GameContext) {
        face.rings += 1
        context.emit("rang", [.integer(Int64(timer)), .integer(Int64(context.tick))])
        if timer == 5 { context.startTimer(6, after: 1) }
    }
    mutating func step(_ inputs: Inputs<Order>, _ context: inout GameContext) {
        face.steps += 1
        for (_, order) in inputs {
            switch order.what {
            case 1: context.startTimer(1, after: 3)
            case 2: context.startTimer(2, after: 2, repeats: true)
            case 3: context.stopTimer(2)
            case 4:
                context.startTimer(4, after: 4)
                context.startTimer(3, after: 4)
                context.startTimer(4, after: 4)
            case 5: context.startTimer(5, after: 1)
            case 6: context.timeScale = TimeScale(1, 2)
            case 7: context.timeScale = TimeScale(4)
            case 8: context.emit("left", .integer(context.ticksLeft(of: 1).map { Int64($0) } ?? -1))
            default: break
            }
        }
    }
}

@Suite("A game's own time: timers, pauses, scale")
struct GameTimeTests {
    private func lobby(_ options: JSONValue = .null) throws -> Lobby {
        let lobby = try Lobby(
            id: "c", game: GameType(Clockwork.self), options: options, seed: 0, now: .zero)
        _ = lobby.take(name: "a", token: [1])
        lobby.confirm(0)
        return lobby
    }

    /// The timers that rang in so many steps, the first of them with an order.
    private func run(_ lobby: Lobby, order: UInt32, steps: Int) throws -> [[Int]] {
        _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [order])
        var rings: [[Int]] = []
        for _ in 0..<steps {
            try lobby.step()
            rings += lobby.takeOutput().events.filter { $0.name == "rang" }.map { event in
                (event.data.array ?? []).compactMap { $0.integer.map { Int($0) } }
            }
        }
        return rings
    }

    @Test func `a timer rings once, at its tick`() throws {
        #expect(try run(lobby(), order: 1, steps: 20) == [[1, 4]])
    }

    @Test func `one that repeats rings until it is stopped`() throws {
        let lobby = try lobby()
        #expect(try run(lobby, order: 2, steps: 7) == [[2, 3], [2, 5], [2, 7]])
        #expect(try run(lobby, order: 3, steps: 7) == [], "it is stopped in the step of tick 8")
    }

    @Test func `those of one tick ring in the order in which they were started last`() throws {
        #expect(try run(lobby(), order: 4, steps: 10) == [[3, 5], [4, 5]])
    }

    @Test func `a timer may start another`() throws {
        #expect(try run(lobby(), order: 5, steps: 10) == [[5, 2], [6, 3]])
    }

    @Test func `what is left of a timer is told in ticks`() throws {
        let lobby = try lobby()
        _ = try run(lobby, order: 1, steps: 1)
        for left in [2, 1, -1] as [Int64] {
            _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [8])
            try lobby.step()
            #expect(lobby.takeOutput().events.last?.data == .integer(left))
        }
    }

    @Test func `a paused game waits for what happens to it`() throws {
        let lobby = try lobby(["pausedUntilTwo": true])
        #expect(lobby.isPaused)
        _ = lobby.take(name: "b", token: [2])
        #expect(!lobby.isPaused)
        try lobby.step()
        lobby.drop(0, at: .zero)
        #expect(lobby.isPaused)
        lobby.resume(0, newToken: [3], presented: [1])
        #expect(!lobby.isPaused)
        lobby.drop(0, at: .zero)
        try lobby.step()
        #expect(!lobby.isPaused, "a host that goes on ends the pause")
    }

    @Test func `scaled time runs more or fewer steps, each of which is as long for the game as ever`() throws {
        let lobby = try lobby()
        let normal = lobby.clock.step
        _ = try run(lobby, order: 6, steps: 1)
        #expect(lobby.clock.step == normal * 2)
        _ = try run(lobby, order: 7, steps: 1)
        #expect(lobby.clock.step * 4 == normal)
        #expect(lobby.rules.tickRate == 20)
    }

    @Test func `timers are part of what a fingerprint covers`() throws {
        let (plain, timed) = (try lobby(), try lobby())
        _ = try run(plain, order: 0, steps: 1)
        _ = try run(timed, order: 1, steps: 1)
        #expect(plain.stateHash != timed.stateHash)
    }
}
