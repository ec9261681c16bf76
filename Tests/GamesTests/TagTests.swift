import GameKit
import Testing

@testable import ExampleGame

@Suite("Tag, the example")
struct TagTests {
    @Test
    func `brains that run after one another and away pass it on`() throws {
        let table = try TestTable(GameType(Tag.self), players: 4)
        let brains = try (0..<4).map { try BrainType(TagBrain.self).make(options: .null, seed: UInt64($0)) }
        var events: [GameEvent] = []
        for _ in 0..<1_000 {
            let state = table.state
            events += try table.step(
                brains.enumerated().compactMap { seat, brain in
                    brain.decide(state: state, seat: seat).map { (seat: seat, values: $0) }
                })
        }
        #expect(events.contains { $0.name == "tagged" })
    }

    @Test
    func `one is it, passes it on by touching, and leaves it to somebody`() throws {
        let table = try TestTable(GameType(Tag.self), players: 2)
        var events: [GameEvent] = []
        for _ in 0..<200 {
            let x = table.state.tables[0].values
            let towards: UInt32 = x.isEmpty || x[0] == x[3] ? 1 : x[0] < x[3] ? 2 : 0
            events += try table.step([(0, [towards, 1])])
        }
        #expect(events.first?.name == "tagged")
        table.game.leave(seat: 1)
        try table.step()
        #expect(table.state.tables[0].ids == [0])
        #expect(table.state.tables[0].values[2] == 1)
    }
}
