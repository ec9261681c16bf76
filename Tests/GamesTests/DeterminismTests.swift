import Games
import GameKit
import Testing

@Suite("Built-in games are deterministic")
struct DeterminismTests {
    /// Plays with brains that see what a client decodes; returns the state hash of every tick.
    static func play(_ game: String, brains count: Int, ticks: Int, seed: UInt64) throws -> (
        hashes: [UInt32], events: [GameEvent]
    ) {
        let type = try #require(BuiltInGames.all.first { $0.name == game })
        let brainType = try #require(BuiltInGames.brains.first { $0.gameName == game })
        let brains = try (0..<count).map { try brainType.make(options: .null, seed: seed &* 100 &+ UInt64($0)) }
        let table = try TestTable(type, players: count, seed: seed)
        var receiver = SnapshotReceiver(schema: type.schema)
        var hashes: [UInt32] = []
        var events: [GameEvent] = []
        for _ in 0..<ticks {
            let seen = receiver.state
            let inputs = brains.enumerated().compactMap { seat, brain in
                seen.flatMap { brain.decide(state: $0, seat: seat) }.map { (seat: seat, values: $0) }
            }
            let said = try table.step(inputs)
            events += said
            for event in said {
                for (seat, brain) in brains.enumerated() where event.seat ?? seat == seat {
                    brain.hear(event.name, event.data)
                }
            }
            let message = Snapshot.encode(table.state, since: seen, schema: type.schema, stateHash: table.state.hash)
            try receiver.receive(message.span)
            #expect(receiver.state == table.state)
            hashes.append(table.state.hash)
        }
        return (hashes, events)
    }

    @Test
    func `eight brains in the arena give the same hashes twice, and the recorded one at the end`() throws {
        let first = try Self.play("arena", brains: 8, ticks: 3_000, seed: 42)
        let second = try Self.play("arena", brains: 8, ticks: 3_000, seed: 42)
        #expect(first.hashes == second.hashes)
        #expect(first.events.filter { $0.name == "frag" }.count >= 10, "the brains play")
        #expect(first.hashes.last == 668_179_241)
    }

    @Test
    func `two brains play tic-tac-toe round after round`() throws {
        let first = try Self.play("tictactoe", brains: 2, ticks: 1_000, seed: 7)
        #expect(first.events.filter { $0.name == "round-over" }.count >= 20)
        #expect(!first.events.contains { $0.name == "refused" })
        #expect(first.hashes.last == 2_716_888_613)
    }

    @Test
    func `four brains play crazy eights, each from its own hand`() throws {
        let first = try Self.play("eights", brains: 4, ticks: 1_500, seed: 7)
        let second = try Self.play("eights", brains: 4, ticks: 1_500, seed: 7)
        #expect(first.hashes == second.hashes)
        #expect(first.events.filter { $0.name == "round-over" }.count >= 10)
        #expect(!first.events.contains { $0.name == "refused" })
        #expect(first.hashes.last == 424_604_736)
    }

    @Test
    func `eight brains race to the end of their laps`() throws {
        let first = try Self.play("racing", brains: 8, ticks: 3_000, seed: 7)
        let second = try Self.play("racing", brains: 8, ticks: 3_000, seed: 7)
        #expect(first.hashes == second.hashes)
        #expect(first.events.filter { $0.name == "arrived" }.count == 8)
        #expect(first.hashes.last == 3_354_809_723)
    }
}
