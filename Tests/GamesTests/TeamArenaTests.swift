import Determinism
import GameKit
import JSONCore
import Testing

@testable import Games

@Suite("The arena of two teams")
struct TeamArenaTests {
    /// Four players, of each team in turn, with nothing to collect.
    private func play(_ context: inout GameContext, roundSeconds: Int64 = 10) throws -> TeamArena {
        var game = try TeamArena(&context, options: ["roundSeconds": .integer(roundSeconds)])
        game.arena.pickups = Table()
        for number in 0..<4 { game.join(Seat(number: number, name: "p", team: number % 2), &context) }
        return game
    }

    private func step(
        _ game: inout TeamArena, _ context: inout GameContext, _ inputs: [(seat: Int, input: Arena.Input)]
    ) {
        context.tick += 1
        game.step(Inputs(inputs), &context)
    }

    @Test(arguments: [(1, 75), (2, 100)])
    func `a shot hits the other team, and passes through one's own`(_ target: Int, _ health: Int) throws {
        var context = GameContext(tickRate: 30, seed: 1)
        var game = try play(&context)
        func put(_ seat: Int, _ x: Double, _ y: Double) {
            game.arena.players[seat: seat]?.x = x
            game.arena.players[seat: seat]?.y = y
        }
        for seat in 1..<4 { put(seat, -19, -11) }
        put(0, -15, 2)
        put(target, -12, 2)
        var input = Arena.Input()
        input.fire = true
        step(&game, &context, [(0, input)])
        input.fire = false
        for _ in 0..<20 { step(&game, &context, [(0, input)]) }
        #expect(game.arena.players[seat: target]?.health == health)
    }

    @Test func `each team begins on its own side`() throws {
        for seed: UInt64 in 1...20 {
            var context = GameContext(tickRate: 30, seed: seed)
            let game = try play(&context)
            for (id, player) in game.arena.players { #expect(id % 2 == 0 ? player.x < 0 : player.x > 0) }
        }
    }

    @Test(arguments: [([3, 1, 0, 1], 0), ([0, 1, 2, 4], 1), ([1, 1, 1, 1], nil)])
    func `after its one round it is over, and the team with more points has won`(
        _ scores: [Int], _ winner: Int?
    ) throws {
        var context = GameContext(tickRate: 30, seed: 1)
        var game = try play(&context)
        for (seat, score) in scores.enumerated() { game.arena.players[seat: seat]?.score = score }
        for _ in 0..<10 * 30 - 1 { step(&game, &context, []) }
        #expect(context.output.result == nil)
        step(&game, &context, [])
        let result = try #require(context.output.result)
        #expect(result["winner"]?.integer == winner.map { Int64($0) })
        #expect(context.output.scores.map(\.score) == scores && context.output.scores.map(\.seat) == [0, 1, 2, 3])
    }
}
