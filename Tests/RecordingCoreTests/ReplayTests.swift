import Determinism
import GameKit
import LobbyCore
import RecordingCore
import SnapshotCore
import Testing

@Suite("Recording and replay of a lobby")
struct ReplayTests {
    private func lobby(
        _ sink: MemorySink?, options: JSONValue = .null, seed: UInt64 = 5, game: GameType = GameType(Walk.self)
    ) throws -> Lobby {
        try Lobby(id: "l", game: game, options: options, seed: seed, now: .zero, record: sink.map(recorder))
    }

    /// A life of a lobby in which everything happens that can, at chance; the hash after each step.
    private func live(_ lobby: Lobby, steps: Int, seed: UInt64) throws -> [UInt32] {
        var random = SeededRandom(seed: seed)
        var hashes: [UInt32] = []
        var token: UInt8 = 0
        for _ in 0..<steps {
            let seat = random.int(in: 0...2)
            token &+= 1
            switch random.int(in: 0...9) {
            case 0: _ = lobby.take(name: "p\(token)", token: [token])
            case 1 where lobby.seats.rows[seat].state != .free: lobby.free(seat, by: .leave)
            case 2 where lobby.seats.rows[seat].state == .connected:
                lobby.confirm(seat)
                lobby.drop(seat, at: .zero)
            case 3 where lobby.seats.rows[seat].state != .free:
                lobby.resume(seat, newToken: [token], presented: [token])
            case 4 where lobby.seats.rows[seat].state == .connected: lobby.setCongested(token % 2 == 0, seat: seat)
            default: break
            }
            for seat in 0...2 where lobby.seats.rows[seat].state == .connected && random.int(in: 0...2) > 0 {
                let ahead = UInt32(random.int(in: 0...4))
                _ = lobby.offer(
                    seat: seat, tick: lobby.tick + ahead, sequence: nil, values: [UInt32(random.int(in: 0...6))],
                    seen: UInt32(random.int(in: 0...600)))
            }
            try lobby.step()
            _ = lobby.takeOutput()
            hashes.append(lobby.stateHash)
        }
        return hashes
    }

    @Test(arguments: 1...8)
    func `a life in which everything happens is played again bit for bit`(_ seed: UInt64) throws {
        let sink = MemorySink()
        let lobby = try lobby(sink)
        let hashes = try live(lobby, steps: 500, seed: seed)
        lobby.endRecording("over")
        #expect(sink.hasEnded)
        let player = try player(sink.bytes)
        var played: [UInt32] = []
        while try player.playStep() {
            guard case .step(_, let fingerprint)? = player.entries.last else { continue }
            played.append(fingerprint)
        }
        #expect(played == hashes, "seed \(seed)")
        #expect(player.replay.tick == 500 && player.ending == .ended("over") && player.inputCount > 100)
        lobby.captureSnapshot()
        #expect(player.replay.state() == lobby.newestSnapshot)
    }

    @Test func `a recorded game is the game that is not recorded`() throws {
        let recorded = try live(try lobby(MemorySink()), steps: 200, seed: 3)
        let plain = try live(try lobby(nil), steps: 200, seed: 3)
        #expect(recorded == plain)
    }

    @Test func `bytes are handed over once a second, and not at each step`() throws {
        let sink = MemorySink()
        let lobby = try lobby(sink)
        #expect(sink.writes == 1, "the header at once")
        for _ in 0..<100 { try lobby.step() }
        #expect(sink.writes == 6)
        lobby.endRecording("")
        #expect(sink.writes == 7)
        try lobby.step()
        lobby.endRecording("again")
        #expect(sink.writes == 7, "it is over")
    }

    @Test func `a recording whose disk is full is good up to there, and its lobby goes on`() throws {
        let sink = MemorySink()
        sink.writesMax = 4
        let lobby = try lobby(sink)
        _ = try live(lobby, steps: 300, seed: 1)
        lobby.endRecording("over")
        #expect(lobby.tick == 300 && sink.writes == 4 && !sink.hasEnded)
        let player = try player(sink.bytes)
        while try player.playStep() {}
        #expect(player.replay.tick == 60 && player.ending == .open)
    }

    @Test func `a recording that is cut anywhere is good up to its last whole step`() throws {
        let sink = MemorySink()
        let lobby = try lobby(sink)
        _ = try live(lobby, steps: 20, seed: 2)
        lobby.endRecording("over")
        var ticks: Set<UInt32> = []
        let header = try #require(sink.bytes[19...].firstIndex(of: UInt8(ascii: "\n"))) + 1
        for length in header..<sink.bytes.count {
            let player = try player(Array(sink.bytes.prefix(length)))
            while try player.playStep() {}
            ticks.insert(player.replay.tick)
            if case .ended = player.ending { Issue.record("an end in the middle, at \(length)") }
        }
        #expect(ticks == Set(0...20))
    }

    @Test func `a game that has failed fails at the same tick`() throws {
        let sink = MemorySink()
        let lobby = try lobby(sink, options: ["stumbleAt": 7])
        #expect(throws: Walk.Stumbled.self) { for _ in 0..<10 { try lobby.step() } }
        lobby.endRecording("the game failed")
        let player = try player(sink.bytes)
        while try player.playStep() {}
        #expect(player.replay.tick == 7 && player.ending == .ended("the game failed"))
    }

    /// The entries of a life, in an encoder that says something else of the game.
    private func rewritten(_ change: (inout RecordingHeader) -> Void) throws -> [UInt8] {
        let sink = MemorySink()
        let lobby = try lobby(sink)
        _ = try live(lobby, steps: 50, seed: 4)
        lobby.endRecording("over")
        var parser = RecordingParser()
        parser.append(sink.bytes)
        var entries: [RecordingEntry] = []
        while let entry = try parser.next() { entries.append(entry) }
        var header = try #require(parser.header)
        change(&header)
        var encoder = RecordingEncoder(header)
        for entry in entries { encoder.append(entry) }
        return encoder.bytes
    }

    private func failure(_ bytes: [UInt8]) -> ReplayError? {
        do {
            let player = try player(bytes)
            while try player.playStep() {}
            return nil
        } catch {
            return error as? ReplayError
        }
    }

    @Test func `another seed, other options and another game are told apart`() throws {
        #expect(failure(try rewritten { _ in }) == nil)
        #expect(failure(try rewritten { $0.seed = 6 }) == .diverged(at: 1))
        guard case .diverged? = failure(try rewritten { $0.options = ["jitter": 2] }) else {
            Issue.record("other options lead to the same game")
            return
        }
        #expect(failure(try rewritten { $0.game = "run" }) == .unknownGame("run"))
        #expect(failure(try rewritten { $0.options = ["refuse": true] }) == .refused("Stumbled()"))
        let stumbles = failure(try rewritten { $0.options = ["stumbleAt": 9] })
        #expect(stumbles == .otherFailure(at: 9, "the game fails here, and did not: Stumbled()"))
    }

    @Test func `a lenient replay counts what is another, and goes on to the end`() throws {
        let player = try player(try rewritten { $0.seed = 6 }, isStrict: false)
        while try player.playStep() {}
        #expect(player.replay.tick == 50 && player.replay.mismatches == 50)
    }

    @Test func `what happens before a match begins is in no recording, and the game is told how things stand`() throws {
        var rules = Walk.rules
        rules.match = MatchRules(start: .whenReady(minimum: 1, countdown: .zero))
        let sink = MemorySink()
        let lobby = try lobby(sink, game: GameType(Walk.self).with(rules: rules))
        let seat = try #require(lobby.take(name: "a", token: [1]))
        lobby.confirm(seat)
        lobby.drop(seat, at: .zero)
        lobby.resume(seat, newToken: [2], presented: [1])
        lobby.setCongested(true, seat: seat)
        try lobby.step()
        #expect(lobby.tick == 0)

        try lobby.match.setReady(true, seat)
        while lobby.tick < 30 { try lobby.step() }
        lobby.endRecording("enough")
        let player = try player(sink.bytes)
        while try player.playStep() {}
        #expect(player.replay.tick == 30 && player.replay.seats.map(\.isCongested) == [true])
    }

    @Test func `what cannot have entered the game is refused, and nothing traps`() throws {
        let header = try {
            let sink = MemorySink()
            _ = try lobby(sink)
            return sink.bytes
        }()
        var parser = RecordingParser()
        parser.append(header)
        _ = try parser.next()
        let read = try #require(parser.header)
        let impossible: [[RecordingEntry]] = [
            [.join(Seat(number: 0, name: "a")), .join(Seat(number: 0, name: "b"))], [.leave(seat: 1)], [.drop(seat: 1)],
            [.resume(seat: 2)], [.congested(seat: 0, true)],
            [.latency(seat: 0, Latency(roundTrip: 1, clockOffset: 1))],
        ]
        for entries in impossible {
            var encoder = RecordingEncoder(read)
            for entry in entries { encoder.append(entry) }
            guard case .impossible? = failure(encoder.bytes) else {
                Issue.record("played: \(entries)")
                continue
            }
        }
    }

    @Test func `a game with other fields names the first that differs`() throws {
        let sink = MemorySink()
        _ = try lobby(sink)
        do {
            _ = try player(sink.bytes, games: [GameType(OtherWalk.self)])
            Issue.record("another game plays it")
        } catch ReplayError.otherSchema(let recorded, let here) {
            #expect(recorded == "field at int -1000000 1000000" && here == "field at int -5 5")
        }
    }

    @Test func `a game recorded at another rate is played at that rate`() throws {
        let sink = MemorySink()
        let lobby = try lobby(sink, game: GameType(Walk.self).with(tickRate: 60))
        _ = try live(lobby, steps: 10, seed: 1)
        let player = try player(sink.bytes)
        while try player.playStep() {}
        #expect(player.replay.header.rules.tickRate == 60 && player.ending == .open)
    }
}

/// `Walk`'s namesake.
private struct OtherWalk: Game {
    static let name = "walk"
    static let rules = Rules(tickRate: 20, seats: 3)
    static var replicated: Replication<OtherWalk> {
        Entities(\.walkers, "walker") { Field("at", \.at, .int(-5...5)) }
    }

    var walkers = Table<Walk.Walker>()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Walk.Stride>, _ context: inout GameContext) {}
}

@Suite("StateDifference: the first field that differs")
struct StateDifferenceTests {
    @Test func `an entity that one has not, a field of a table, a field of a single`() throws {
        let schema = Schema(
            types: [
                .init("pawn", .table, [.init("x", .fixed(-2...2, step: 0.5)), .init("up", .bool)]),
                .init("clock", .single, [.init("at", .int(5...10))]),
            ], input: [])
        var left = WorldState(schema: schema)
        left.tables[0] = EntityTable(ids: [1, 4], values: [0, 0, 1, 1])
        #expect(StateDifference(left, left, schema: schema) == nil)
        var right = left
        right.tables[1].values = [3]
        #expect(StateDifference(left, right, schema: schema)?.description == "clock: at is 5.0 and 8.0")
        right.tables[0].values[2] = 3
        #expect(StateDifference(left, right, schema: schema)?.description == "pawn 4: x is -1.5 and -0.5")
        right.tables[0] = EntityTable(ids: [4], values: [1, 1])
        #expect(StateDifference(left, right, schema: schema)?.description == "pawn 1: one of them has it not")
    }
}
