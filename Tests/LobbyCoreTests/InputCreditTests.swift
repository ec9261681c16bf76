import Determinism
import GameKit
import LobbyCore
import Testing

/// One step forward for each input: a game that a speedhack would gain something in.
private struct March: Game {
    struct Stride: GameInput {
        var by = 0
        static var fields: [Field<Stride>] { Field("by", \.by, .int(0...1)) }
    }
    struct Marcher: Entity {
        var at = 0
    }

    static let name = "march"
    static let rules = Rules(tickRate: 30, seats: 2)
    static var replicated: Replication<March> {
        Entities(\.marchers, "marcher") { Field("at", \.at, .int(0...1_000_000)) }
    }

    var marchers = Table<Marcher>()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) { marchers[seat: seat.number] = Marcher() }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { marchers[seat: seat.number] = nil }
    mutating func step(_ inputs: Inputs<Stride>, _ context: inout GameContext) {
        for (seat, stride) in inputs { marchers[seat: seat]?.at += stride.by }
    }
}

/// What a client sends before each step: for which ticks from the next one on, each an input.
private struct Schedule: CustomTestStringConvertible, Sendable {
    var name: String
    var ticks: @Sendable (_ step: Int, _ random: inout SeededRandom) -> [Int]
    var testDescription: String { name }
}

private let cheats = [
    Schedule(name: "double rate") { _, _ in [0, 0] },
    Schedule(name: "ten times the rate") { _, _ in Array(repeating: 0, count: 10) },
    Schedule(name: "a drip of one more each tenth step") { step, _ in step % 10 == 0 ? [0, 0] : [0] },
    Schedule(name: "a burst of 32 each second") { step, _ in step % 30 == 0 ? Array(repeating: 0, count: 32) : [0] },
    Schedule(name: "a clock that is 5 % fast") { step, _ in step % 20 == 0 ? [0, 0] : [0] },
    Schedule(name: "a clock that is 5 % slow") { step, _ in step % 20 == 0 ? [] : [0] },
    Schedule(name: "stamps of the future, all of one tick") { step, _ in [14 - step % 15, 14 - step % 15] },
    Schedule(name: "stamps of the past") { step, _ in [-20 + step % 20, 0] },
    Schedule(name: "silence and bursts") { step, _ in step % 60 < 30 ? [] : [0, 0, 0] },
    Schedule(name: "anything") { _, random in
        (0..<random.int(in: 0...5)).map { _ in random.int(in: -40...20) }
    },
]

@Suite("Input credit: nobody plays faster (reliability G-02, G-03)")
struct InputCreditTests {
    private func lobby(_ missing: MissingInput = .skip) throws -> Lobby {
        let game = GameType(March.self)
        var rules = game.rules
        rules.missingInput = missing
        let lobby = try Lobby(id: "m", game: game.with(rules: rules), options: .null, seed: 1, now: .zero)
        _ = lobby.take(name: "cheat", token: [1])
        return lobby
    }

    private func distance(_ lobby: Lobby) -> Int {
        lobby.captureSnapshot()
        return Int(lobby.newestSnapshot?.tables[0].values.first ?? 0)
    }

    /// How far a schedule comes, and how far it had come after each step.
    private func march(_ schedule: Schedule, steps: Int, _ missing: MissingInput = .skip) throws -> [Int] {
        let lobby = try lobby(missing)
        var random = SeededRandom(seed: 11)
        var way: [Int] = []
        for step in 0..<steps {
            for ahead in schedule.ticks(step, &random) {
                let tick = Int(lobby.tick) + 1 + ahead
                guard tick >= 0 else { continue }
                _ = lobby.offer(seat: 0, tick: UInt32(tick), sequence: nil, values: [1])
            }
            try lobby.step()
            way.append(distance(lobby))
        }
        return way
    }

    @Test(arguments: cheats)
    private func `in no span of time more than the rate, 2 percent and eight`(_ schedule: Schedule) throws {
        for missing in [MissingInput.skip, .repeat(ticks: 5)] {
            let way = [0] + (try march(schedule, steps: 600, missing))
            for start in way.indices {
                for end in way.indices[start...] where end > start {
                    let most = Double(end - start) * 1.02 + 8
                    #expect(Double(way[end] - way[start]) <= most, "steps \(start)..<\(end), \(missing)")
                }
            }
        }
    }

    @Test(arguments: cheats)
    private func `in a minute less than 2_5 percent is gained`(_ schedule: Schedule) throws {
        let way = try march(schedule, steps: 1_800)
        #expect(Double(way.last ?? 0) <= 1_800 * 1.025)
    }

    @Test func `who plays fairly loses nothing, also over a connection that halts and catches up`() throws {
        let fair = try march(Schedule(name: "fair") { _, _ in [0] }, steps: 900)
        #expect(fair.last == 900)
        let halting = try march(
            Schedule(name: "halting") { step, _ in step % 60 < 6 ? [] : step % 60 == 6 ? (-6...0).map { $0 } : [0] },
            steps: 900)
        #expect(halting.last == 900)
    }

    @Test(arguments: [6, 10, 30, 60, 150, 300])
    func `a lag switch gains nothing: what is over a second old is refused, the rest is within the credit`(
        _ silence: Int
    ) throws {
        let switched = Schedule(name: "lag switch") { step, _ in
            let phase = step % (silence + 30)
            return phase < silence ? [] : phase == silence ? (-silence...0).map { $0 } : [0]
        }
        let way = try march(switched, steps: 1_800)
        #expect(Double(way.last ?? 0) <= 1_800 * 1.025)
        let lobby = try lobby()
        for _ in 0..<100 { try lobby.step() }
        #expect(lobby.offer(seat: 0, tick: 70, sequence: 1, values: [1]) == .tooLate)
        #expect(lobby.offer(seat: 0, tick: 71, sequence: 1, values: [1]) == .accepted)
    }

    @Test func `what is over the credit is dropped and counted`() throws {
        let lobby = try lobby()
        for _ in 0..<20 { _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [1]) }
        #expect(try lobby.step() == 11)
        #expect(distance(lobby) == 9)
        for _ in 0..<20 { _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [1]) }
        #expect(try lobby.step() == 19)
        #expect(distance(lobby) == 10)
    }

    @Test func `who comes back has the credit it had, and a new player all of it`() throws {
        let lobby = try lobby()
        func use() throws -> Int {
            for _ in 0..<20 { _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [1]) }
            return 20 - (try lobby.step())
        }
        #expect(try use() == 9)
        lobby.resume(0, newToken: [2], presented: [1])
        #expect(try use() == 1)
        lobby.free(0, by: .leave)
        _ = lobby.take(name: "another", token: [3])
        #expect(try use() == 9)
    }

    @Test func `a rate that the rules declare is what counts`() throws {
        let game = GameType(March.self)
        var rules = game.rules
        rules.inputRate = 90
        let lobby = try Lobby(id: "m", game: game.with(rules: rules), options: .null, seed: 1, now: .zero)
        _ = lobby.take(name: "a", token: [1])
        for _ in 0..<300 {
            for _ in 0..<3 { _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [1]) }
            try lobby.step()
        }
        #expect(distance(lobby) == 900)
    }
}

@Suite("Missing inputs: nothing, the last one, or neutral")
struct MissingInputTests {
    /// What the steps got: the inputs that came and those that stood in.
    private func march(_ missing: MissingInput, _ comes: [Bool], _ meddle: (Int, Lobby) -> Void = { _, _ in }) throws
        -> [Int]
    {
        let game = GameType(March.self)
        var rules = game.rules
        rules.missingInput = missing
        let lobby = try Lobby(id: "m", game: game.with(rules: rules), options: .null, seed: 1, now: .zero)
        _ = lobby.take(name: "a", token: [1])
        lobby.confirm(0)
        var way: [Int] = []
        for (step, isThere) in comes.enumerated() {
            meddle(step, lobby)
            if isThere { _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [1]) }
            try lobby.step()
            lobby.captureSnapshot()
            way.append(Int(lobby.newestSnapshot?.tables[0].values.first ?? 0))
        }
        return way
    }

    @Test func `skip and neutral move nobody, repeat does for so many ticks`() throws {
        let comes = [true, false, false, false, false, true, false]
        #expect(try march(.skip, comes) == [1, 1, 1, 1, 1, 2, 2])
        #expect(try march(.neutral, comes) == [1, 1, 1, 1, 1, 2, 2])
        #expect(try march(.repeat(ticks: 2), comes) == [1, 2, 3, 3, 3, 4, 5])
    }

    @Test func `nothing stands in for whoever is away, or has not begun`() throws {
        let comes = [true, false, false, false]
        let way = try march(.repeat(ticks: 10), comes) { step, lobby in
            if step == 2 { lobby.drop(0, at: .zero) }
        }
        #expect(way == [1, 2, 2, 2])
        #expect(try march(.repeat(ticks: 10), [false, false]) == [0, 0])
    }

    @Test func `how early inputs come is told once, by the latest of them`() throws {
        let lobby = try Lobby(id: "m", game: GameType(March.self), options: .null, seed: 1, now: .zero)
        _ = lobby.take(name: "a", token: [1])
        for _ in 0..<50 { try lobby.step() }
        #expect(lobby.takeEarliness(of: 0) == nil)
        for (sequence, tick) in [(1, 54), (2, 53), (3, 60)] as [(UInt32, UInt32)] {
            _ = lobby.offer(seat: 0, tick: tick, sequence: sequence, values: [1])
        }
        #expect(lobby.takeEarliness(of: 0) == 2)
        #expect(lobby.takeEarliness(of: 0) == nil)
        _ = lobby.offer(seat: 0, tick: 48, sequence: 4, values: [1])
        _ = lobby.offer(seat: 0, tick: 1, sequence: 5, values: [1])
        #expect(lobby.takeEarliness(of: 0) == -50, "also of one that came too late")
        _ = lobby.offer(seat: 0, tick: 900, sequence: 6, values: [1])
        #expect(lobby.takeEarliness(of: 0) == nil, "one too far ahead says nothing of the way")
    }
}
