import BotCore
import ByteKit
import Determinism
import GameKit
import ScriptedServer
import JSONCore
import SnapshotCore
import Testing

@Suite("A bot at play (protocol/spec/lobby.md)")
struct BotPlayTests {
    @Test func `it joins by name and game, and speaks at once`() {
        let bench = BotBench()
        let request = bench.join()
        #expect(request == ["event": "join", "data": ["name": "bot", "game": "tally", "codec": 1]])
        #expect(bench.stream.target == "/lobby/a")
        #expect(bench.bot.state == .playing)
        #expect(bench.messages() == [.ack(0)])
        #expect(bench.report[.joins] == 1)
        #expect(bench.report.count(of: .joinTime) == 1)
    }

    @Test func `in a lobby of another game it says so and ends, and reads no state`() {
        let bench = BotBench()
        bench.advance(.zero)
        _ = bench.upgrade()
        guard case .object(var welcome) = bench.welcome() else { return }
        welcome["schema"] = .string(GameType(Other.self).schema.text)
        bench.event("joined", .object(welcome))
        bench.snapshot(2, 4)
        #expect(bench.bot.state != .playing && bench.bot.worldState == nil)
        #expect(bench.report[.malformedAnswers] == 1 && bench.report[.snapshots] == 0)
    }

    @Test func `it decodes every snapshot, checks every hash and counts the kinds`() {
        let bench = BotBench()
        bench.join()
        bench.snapshot(2, 4)
        bench.snapshot(4, 6, since: (2, 4))
        bench.snapshot(10, 8, since: (4, 6))
        #expect(bench.bot.worldState == bench.state(10, 8))
        let report = bench.report
        #expect([report[.keyframes], report[.deltas], report[.catchUps]] == [1, 1, 1])
        #expect([report[.hashChecks], report[.hashMismatches], report[.wrongSnapshots]] == [3, 0, 0])
        #expect(report[.snapshotsSkipped] == 2)
        #expect(report.count(of: .snapshotInterval) == 2)
    }

    @Test func `a snapshot at which its brain does not look is checked like any other`() {
        let bench = BotBench()
        bench.join()
        _ = bench.messages()
        bench.snapshot(98, 5)
        bench.snapshot(100, 7, since: (98, 5))
        #expect(bench.bot.worldState == bench.state(100, 7))
        #expect(bench.report[.hashChecks] == 2)
        #expect(bench.messages() == [.inputs(ack: 98, [QuantisedInput(tick: 99, sequence: 1, values: [3])])])
    }

    @Test func `a brain that decides at times of its own is asked then, and not at snapshots`() {
        let bench = BotBench { $0.brain = BrainType(TickingBrain.self) }
        bench.join()
        _ = bench.messages()
        bench.snapshot(20, 5)
        #expect(bench.messages().isEmpty)
        bench.advance(.seconds(3))
        let sent = bench.messages().compactMap { message -> UInt32? in
            guard case .inputs(20, let inputs) = message else { return nil }
            return inputs.first?.tick
        }
        // Ten ticks apart, from the first half second on, for the tick that the lobby is at by then.
        #expect(sent.count == 6 && (21...31).contains(sent[0]))
        #expect(zip(sent, sent.dropFirst()).allSatisfy { $1 - $0 == 10 })
    }

    @Test func `inputs carry the next tick, ascending sequences and the applied tick as ack`() {
        let bench = BotBench()
        bench.join(seat: 3)
        _ = bench.messages()
        bench.snapshot(2, 5)
        bench.snapshot(4, 7, since: (2, 5))
        #expect(
            bench.messages() == [
                .inputs(ack: 2, [QuantisedInput(tick: 3, sequence: 1, values: [3])]),
                .inputs(ack: 4, [QuantisedInput(tick: 5, sequence: 2, values: [3])]),
            ])
        #expect(bench.report[.inputsSent] == 2)
    }

    @Test
    func `it asks once a second how early its many inputs come, and sends them for a tick as far ahead as it needs`() {
        let bench = BotBench()
        bench.join()
        _ = bench.stream.takeSent()
        var (tick, total) = (UInt32(2), UInt32(5))
        bench.snapshot(tick, total)
        /// The tick of the next input less that of its snapshot, after an answer.
        func lead(_ answer: JSONValue) -> UInt32? {
            bench.event("ack", answer)
            bench.snapshot(tick + 2, total + 2, since: (tick, total))
            (tick, total) = (tick + 2, total + 2)
            guard case .inputs(let seen, let inputs)? = bench.messages().first else { return nil }
            return inputs.first.map { $0.tick - seen }
        }
        #expect(lead(["tick": 4, "age": 1]) == 1, "nothing is known yet")
        #expect(lead(["early": -3]) == 5)
        #expect(lead(["early": -3]) == 5, "that was of inputs from before, too")
        #expect(lead(["early": 1]) == 5 && lead(["early": 2]) == 5)
        #expect(lead(["early": 5]) == 2)
        #expect(lead(["early": 9]) == 2 && lead(["early": 9]) == 1, "never for a tick that has been")
        #expect(lead(["early": -900]) == 1 && lead(["early": -900]) == 10, "half a second at most")
        #expect(lead(["early": -9_000_000]) == 10 && lead(["early": "1"]) == 10, "no answer of a lobby's")
        #expect(bench.report[.paceAnswers] == 9 && bench.report[.paceLate] == 4 && bench.report[.paceAhead] == 3)
        for isAsked in [true, false] {
            bench.advance(.seconds(1))
            bench.snapshot(tick + 2, total + 2, since: (tick, total))
            (tick, total) = (tick + 2, total + 2)
            let hasAsked = bench.stream.takeSent().contains(.text(#"{"event":"time","id":0}"#))
            #expect(hasAsked == isAsked, "one input a second is not worth a question")
        }
    }

    @Test func `a brain with nothing to say still acks every second`() {
        let bench = BotBench()
        bench.join()
        _ = bench.messages()
        bench.snapshot(2, 4)
        #expect(bench.messages() == [])
        bench.advance(.milliseconds(999))
        #expect(bench.messages() == [])
        bench.advance(.milliseconds(1))
        #expect(bench.messages() == [.ack(2)])
        bench.advance(.seconds(3))
        #expect(bench.messages() == [.ack(2), .ack(2), .ack(2)])
    }

    @Test func `a different hash is counted and answered with a keyframe request`() {
        let bench = BotBench()
        bench.join()
        bench.snapshot(2, 4)
        _ = bench.messages()
        bench.snapshot(4, 6, since: (2, 4), hash: 1)
        #expect(bench.messages() == [.keyframeRequest(.hashMismatch)])
        #expect(bench.report[.hashMismatches] == 1)
        // What was under way is no further fault, and is not applied.
        bench.snapshot(6, 8, since: (4, 6))
        #expect(bench.bot.worldState?.tick == 2)
        #expect(bench.report[.wrongSnapshots] == 0)
        bench.snapshot(8, 10)
        #expect(bench.bot.worldState == bench.state(8, 10))
        #expect(bench.report[.snapshotsSkipped] == 0)
        bench.snapshot(10, 12, since: (8, 10))
        #expect(bench.bot.worldState == bench.state(10, 12))
    }

    @Test func `a snapshot that does not apply is wrong, and a keyframe is asked for until one comes`() {
        let bench = BotBench()
        bench.join()
        bench.snapshot(2, 4)
        _ = bench.messages()
        bench.snapshot(8, 6, since: (6, 4))
        #expect(bench.messages() == [.keyframeRequest(.cannotApply)])
        #expect(bench.report[.wrongSnapshots] == 1)
        bench.advance(.seconds(1))
        #expect(bench.messages() == [.keyframeRequest(.cannotApply)])
        bench.stream.binary([0xFF, 0xFF])
        #expect(bench.report[.wrongSnapshots] == 2)
        #expect(bench.report.firstWrong == "wrongBaseline, in a")
    }

    @Test func `pings are answered and counted`() {
        let bench = BotBench()
        bench.join()
        _ = bench.stream.takeSent()
        bench.stream.ping()
        bench.bot.flush()
        #expect(bench.stream.takeSent() == [.pong([])])
        #expect(bench.report[.heartbeatsAnswered] == 1)
    }

    @Test func `events of the game are counted, those of the lobby are not`() {
        let bench = BotBench()
        bench.join()
        bench.event("hit", 1)
        bench.event("draining", ["seconds": 5])
        #expect(bench.report[.gameEvents] == 1)
    }

    @Test func `at the end of its life it leaves and waits to be let go`() {
        let bench = BotBench()
        bench.join()
        bench.snapshot(2, 4)
        // The server pings, or the bot would give it up as dead.
        bench.advance(.seconds(40))
        bench.stream.ping()
        bench.advance(.seconds(20))
        #expect(bench.bot.state == .leaving)
        #expect(bench.stream.takeSent().contains(.text(#"{"event":"leave"}"#)))
        bench.stream.closeFrame(1000, "left")
        #expect(bench.bot.state == .finished)
        #expect(bench.bot.nextWake == nil)
        let failures = bench.report.failures(BotExpectations(bots: 1, playTime: .seconds(60)))
        #expect(failures == [])
    }

    @Test func `a leave that nobody answers ends after five seconds and fails the run`() {
        let bench = BotBench { $0.endAt = $0.startAt + .seconds(5) }
        bench.join()
        bench.snapshot(2, 4)
        bench.advance(.milliseconds(9_999))
        #expect(bench.bot.state == .leaving)
        bench.advance(.milliseconds(1))
        #expect(bench.bot.state == .finished)
        #expect(bench.stream.closed == .now)
        let failures = bench.report.failures(BotExpectations(bots: 1, playTime: .seconds(1)))
        #expect(failures == ["Bots that left and were not let go: 1."])
    }

    @Test func `a bot that sees only some groups reads messages in segments`() {
        let bench = BotBench()
        bench.join()
        var before: WorldState?
        for (tick, total) in [(UInt32(2), UInt32(5)), (3, 6)] {
            let state = bench.state(tick, total)
            var (message, payload, least) = ([UInt8](), [UInt8](), 0)
            GroupMessage.appendHeader(tick: tick, since: before?.tick, to: &message)
            GroupMessage.appendPayload(
                state, since: before, schema: bench.schema, stateHash: state.hash, to: &payload)
            GroupMessage.appendSegment(0, least: &least, payload[...], to: &message)
            bench.stream.binary(message)
            bench.bot.flush()
            #expect(bench.bot.worldState == state)
            before = state
        }
        #expect(
            bench.bot.report[.keyframes] == 1 && bench.bot.report[.deltas] == 1 && bench.bot.report[.hashChecks] == 2)
    }

    /// Tally's tables of codec 1: the generic ones, or ones that are given.
    private func tables(generic: Bool) throws -> SnapshotTables {
        let type = GameType(Tally.self)
        guard !generic else { return try #require(type.withSnapshotTables().snapshotTables) }
        var trainer = TableTrainer(schema: type.schema)
        var state = WorldState(schema: type.schema)
        state.tick = 1
        trainer.learn(state, since: nil, before: nil)
        return try #require(type.with(givenTables: trainer.tables().bytes).withSnapshotTables().snapshotTables)
    }

    @Test(arguments: [true, false])
    func
        `snapshots of codec 1 are read by the tables that the server gives or the generic ones, and a later join names them`(
            generic: Bool
        ) throws
    {
        let bench = BotBench()
        let tables = try tables(generic: generic)
        #expect((tables.text == nil) == generic)
        bench.advance(.zero)
        _ = bench.upgrade()
        bench.event("joined", bench.welcome(codec: tables.hash, tables.text))
        var codec = tables.codec
        var before: WorldState?
        for (tick, total) in [(UInt32(2), UInt32(5)), (4, 6)] {
            let state = bench.state(tick, total)
            var message: [UInt8] = []
            codec.encode(state, since: before, before: nil, stateHash: state.hash, appendingTo: &message)
            bench.stream.binary(message)
            bench.bot.flush()
            #expect(bench.bot.worldState == state)
            before = state
        }
        #expect(bench.report[.hashChecks] == 2 && bench.report[.wrongSnapshots] == 0)
        bench.stream.drop()
        bench.advance(.milliseconds(150))
        let request = bench.upgrade()?["data"]
        #expect(request?["codec"] == 1 && request?["tables"]?.string == tables.hash && request?["tick"] == 4)
        bench.event("joined", bench.welcome(resumed: true, tick: 4, codec: tables.hash, nil))
        #expect(bench.bot.state == .playing && bench.report[.malformedAnswers] == 0)
    }

    @Test func `tables that are not those that the server names, or are none, end the bot`() throws {
        let tables = try tables(generic: false)
        for (hash, text) in [
            ("0123456789abcdef", tables.text), (tables.hash, "AQID"), (tables.hash, "?"), (tables.hash, nil),
            ("0123456789abcdef", nil),
        ] {
            let bench = BotBench()
            bench.advance(.zero)
            _ = bench.upgrade()
            bench.event("joined", bench.welcome(codec: hash, text))
            #expect(bench.bot.state == .finished && bench.report[.malformedAnswers] == 1)
        }
    }

    @Test func `over Socket.IO the same game is played`() {
        let bench = BotBench { $0.dialect = .socketIO }
        bench.advance(.zero)
        bench.stream.upgrade()
        bench.stream.text(#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":65536}"#)
        bench.bot.flush()
        #expect(bench.stream.takeSent() == [.text(#"40/lobby/a,{"name":"bot","game":"tally","codec":1}"#)])
        bench.stream.text(#"40/lobby/a,{"sid":"x"}"#)
        bench.stream.text(#"42/lobby/a,["joined",\#(bench.welcome().text)]"#)
        let state = bench.state(2, 5)
        bench.stream.text(#"451-/lobby/a,["snapshot",{"_placeholder":true,"num":0}]"#)
        bench.stream.binary(Snapshot.encode(state, since: nil, schema: bench.schema, stateHash: state.hash))
        bench.stream.text("2")
        bench.bot.flush()
        let header = Sent.text(#"451-/lobby/a,["input",{"_placeholder":true,"num":0}]"#)
        let input = ClientMessage.inputs(ack: 2, [QuantisedInput(tick: 3, sequence: 1, values: [3])])
        #expect(
            bench.stream.takeSent() == [
                header, .binary(ClientMessage.ack(0).encode(schema: bench.schema)),
                header, .binary(input.encode(schema: bench.schema)), .text("3"),
            ])
        for tick in UInt32(3)...13 {
            if tick == 13 { bench.advance(.seconds(1)) }
            let state = bench.state(tick, 5)
            bench.stream.text(#"451-/lobby/a,["snapshot",{"_placeholder":true,"num":0}]"#)
            bench.stream.binary(Snapshot.encode(state, since: nil, schema: bench.schema, stateHash: state.hash))
        }
        bench.bot.flush()
        #expect(bench.stream.takeSent().contains(.text(#"42/lobby/a,0["time"]"#)))
        bench.bot.leaveNow()
        bench.bot.flush()
        #expect(bench.stream.takeSent() == [.text(#"42/lobby/a,["leave"]"#)])
        bench.stream.text("41/lobby/a,")
        bench.bot.flush()
        #expect(bench.stream.takeSent() == [.close(1000)])
        bench.stream.closeFrame(1000)
        #expect(bench.bot.state == .finished)
        #expect(bench.report[.hashChecks] == 12)
        #expect(bench.report[.leavesUnanswered] == 0)
    }
}

/// A game with fields of its own.
private struct Other: Game {
    struct Input: GameInput {
        var isUp = false
        static var fields: [Field<Input>] { Field("isUp", \.isUp) }
    }

    static let name = "other"
    static let rules = Rules(tickRate: 20, seats: 4)
    static var replicated: Replication<Other> { Single(\.ball, "ball") { Field("height", \.height, .int(0...7)) } }

    struct Ball: Entity {
        var height = 0
    }

    var ball = Ball()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {}
}
