import ExampleGame
import GameKit
import Games
import Testing

@Suite("Tic-tac-toe")
struct TicTacToeTests {
    static func table(players: Int = 2) throws -> TestTable {
        try TestTable(try #require(BuiltInGames.all.first { $0.name == "tictactoe" }), players: players)
    }

    static func reason(_ events: [GameEvent]) -> JSONValue? {
        events.first { $0.name == "refused" }?.data["reason"]
    }

    @Test
    func `a move out of turn, on a taken cell or too early is refused to that seat`() throws {
        let alone = try Self.table(players: 1)
        #expect(Self.reason(try alone.step([(0, [0])])) == "waiting for a second player")
        let table = try Self.table()
        let early = try table.step([(1, [0])])
        #expect(Self.reason(early) == "not your turn")
        #expect(early.map(\.seat) == [1])
        #expect(try table.step([(0, [4])]).isEmpty)
        #expect(Self.reason(try table.step([(1, [4])])) == "the cell is taken")
        #expect(table.state.tables[1].values == [0, 0, 0, 0, 1, 0, 0, 0, 0])
    }

    @Test
    func `three in a row win, and the other side begins the next round`() throws {
        let table = try Self.table()
        var events: [GameEvent] = []
        for (seat, cell) in [(0, 0), (1, 3), (0, 1), (1, 4), (0, 2)] as [(Int, UInt32)] {
            events = try table.step([(seat, [cell])])
        }
        #expect(events.map(\.data) == [["winner": "cross"]])
        #expect(table.state.tables[0].values == [2, 2, 1, 0])
        #expect(Self.reason(try table.step([(1, [8])])) == "the round is over")
        for _ in 0..<19 { try table.step() }
        #expect(table.state.tables[0].values == [1, 2, 0, 1])
        #expect(table.state.tables[1].values == [UInt32](repeating: 0, count: 9))
    }

    @Test
    func `a full board without three in a row is a draw`() throws {
        let table = try Self.table()
        var events: [GameEvent] = []
        for (turn, cell) in [0, 1, 2, 4, 3, 5, 7, 6, 8].enumerated() {
            events = try table.step([(turn % 2, [UInt32(cell)])])
        }
        #expect(events.map(\.data) == [["winner": .null]])
    }

    @Test
    func `when a player leaves, the other waits on an empty board`() throws {
        let table = try Self.table()
        try table.step([(0, [4])])
        table.game.leave(seat: 1)
        try table.step()
        #expect(table.state.tables[0].values.first == 0)
        #expect(table.state.tables[1].values == [UInt32](repeating: 0, count: 9))
    }

    @Test
    func `after as many rounds as it was asked for the game finishes, with the rounds won as scores`() throws {
        let type = try #require(BuiltInGames.all.first { $0.name == "tictactoe" })
        let table = try TestTable(type, players: 2, options: ["rounds": 1])
        var output = GameOutput()
        for (seat, cell) in [(0, 0), (1, 3), (0, 1), (1, 4), (0, 2)] as [(Int, UInt32)] {
            output = try table.stepOutput([(seat, [cell])])
        }
        #expect(output.result == ["winner": 0])
        #expect(output.scores == [GameScore(seat: 0, score: 1), GameScore(seat: 1, score: 0)])
    }
}
