import BotCore
import Determinism
import JSONCore
import ScriptedServer
import SnapshotCore
import Testing

@Suite("Bots that do not just play (simulator/scenarios/README.md)")
struct BotBehaviourTests {
    private func bench(_ behaviour: BotBehaviour, _ change: (inout BotSettings) -> Void = { _ in }) -> BotBench {
        let bench = BotBench {
            $0.behaviour = behaviour
            change(&$0)
        }
        bench.join(seat: 1)
        bench.snapshot(2, 5)
        _ = bench.messages()
        return bench
    }

    private func inputs(_ bench: BotBench) -> [QuantisedInput] {
        bench.messages().flatMap { message -> [QuantisedInput] in
            if case .inputs(_, let inputs) = message { inputs } else { [] }
        }
    }

    @Test func `an idle bot only acknowledges`() {
        let bench = bench(.idle)
        for tick in 2..<6 { bench.snapshot(UInt32(tick) * 2, 5, since: (UInt32(tick) * 2 - 2, 5)) }
        bench.advance(.milliseconds(1_100))
        #expect(bench.messages() == [.ack(10)])
    }

    @Test func `a wandering bot sends legal inputs, and stays with each for a while`() {
        let bench = bench(.wander)
        var values: [UInt32] = []
        for tick in 2..<60 {
            bench.snapshot(UInt32(tick) * 2, 5, since: (UInt32(tick) * 2 - 2, 5))
            bench.advance(.milliseconds(100))
            values += inputs(bench).map { $0.values[0] }
        }
        #expect(values.count == 58 && values.allSatisfy { $0 <= 9 })
        let changes = zip(values, values.dropFirst()).count { $0 != $1 }
        #expect((5..<24).contains(changes))
    }

    @Test func `a spammer sends hundreds of inputs a second, all of them new, and is judged by its removal`() {
        let bench = bench(.spam)
        bench.advance(.seconds(1))
        let sequences = inputs(bench).map(\.sequence)
        #expect(sequences.count >= 600 && Set(sequences).count == sequences.count)
        bench.event("kicked", ["reason": "too many inputs"])
        bench.stream.closeFrame(4008, "too many inputs")
        #expect(bench.bot.state == .finished)
        #expect([bench.report[.verdictsMet], bench.report[.verdictsMissed]] == [1, 0])
        #expect(bench.report.closes == [4008: 1])
    }

    @Test func `a cheater sends what is impossible, then what is no message`() {
        let bench = bench(.cheat)
        bench.advance(.milliseconds(1_900))
        #expect(inputs(bench).contains { $0.tick > 100_000 })
        bench.advance(.milliseconds(200))
        #expect(bench.stream.takeBinary().contains([0x88, 0]))
        bench.stream.closeFrame(4002, "truncated")
        #expect(bench.report[.verdictsMet] == 1 && bench.report[.unexpectedCloses] == 0)
    }

    @Test(arguments: [(BotBehaviour.silent, 0), (.late, 0), (.early, 0), (.play, 1), (.unsolicited, 1)])
    func `who answers a heartbeat does so at once`(_ behaviour: BotBehaviour, _ pongs: Int) {
        let bench = bench(behaviour)
        _ = bench.stream.takeSent()
        bench.stream.ping([7])
        bench.bot.flush()
        let answers = bench.stream.takeSent().count { $0 == .pong([7]) }
        #expect(answers == pongs)
    }

    @Test func `a late bot answers when the time for it is over`() {
        let bench = bench(.late)
        bench.stream.ping()
        bench.bot.flush()
        bench.advance(.milliseconds(29_900))
        #expect(!bench.stream.takeSent().contains(.pong([])))
        bench.advance(.milliseconds(200))
        #expect(bench.stream.takeSent().contains(.pong([])))
    }

    @Test func `an early bot answers until it is asked, and then no more`() {
        let bench = bench(.early)
        bench.advance(.milliseconds(2_500))
        #expect(bench.stream.takeSent().count { $0 == .pong([]) } == 2)
        bench.stream.ping()
        bench.advance(.seconds(5))
        #expect(!bench.stream.takeSent().contains(.pong([])))
    }

    @Test func `a silent bot that nobody closes has missed its verdict, and another end is none`() {
        let bench = bench(.silent) { $0.endAt = $0.startAt + .seconds(10) }
        bench.advance(.seconds(10))
        bench.event("left", [:])
        bench.stream.closeFrame(1000)
        #expect([bench.report[.verdictsMet], bench.report[.verdictsMissed]] == [0, 1])
        let other = self.bench(.silent)
        other.stream.closeFrame(1011)
        #expect([other.report[.verdictsMet], other.report[.verdictsMissed]] == [0, 1])
        #expect(other.bot.state == .finished)
    }

    @Test func `one that must be let play has its verdict when it leaves in good order`() {
        let bench = bench(.unsolicited) { $0.endAt = $0.startAt + .seconds(3) }
        bench.advance(.seconds(3))
        bench.stream.closeFrame(1000)
        #expect([bench.report[.verdictsMet], bench.report[.verdictsMissed]] == [1, 0])
        let other = self.bench(.unsolicited)
        other.stream.closeFrame(4005)
        #expect(other.report[.verdictsMissed] == 1)
    }

    @Test func `a connection that is broken on purpose ends without a fault, the next one not`() {
        let bench = bench(.play)
        bench.advance(.milliseconds(1_100))
        bench.bot.expectLoss()
        bench.stream.drop()
        #expect(bench.report[.unexpectedCloses] == 0 && bench.bot.state == .waiting)
        bench.advance(.milliseconds(200))
        _ = bench.upgrade()
        bench.event("joined", bench.welcome(seat: 1, token: "t2", resumed: true, tick: 8))
        bench.stream.drop()
        #expect(bench.report[.unexpectedCloses] == 1)
    }

    @Test func `a bot is told how often to drop its connection, and when to`() {
        let bench = bench(.play)
        bench.advance(.milliseconds(1_100))
        bench.bot.setCutEvery(.seconds(2))
        bench.advance(.seconds(4))
        #expect(bench.report[.cuts] == 1)
        let calm = self.bench(.play)
        calm.advance(.milliseconds(1_100))
        calm.bot.dropConnection()
        #expect(calm.report[.cuts] == 1 && calm.bot.state == .waiting)
    }
}

@Suite("What bots measure")
struct BotClockTests {
    /// A bot that asks for the time, in its seat, with its first question out.
    private func settled() -> BotBench {
        let bench = BotBench { $0.asksTime = true }
        bench.join(seat: 1)
        _ = bench.stream.takeSent()
        return bench
    }

    private func asks(_ bench: BotBench) -> Int {
        bench.stream.takeSent().count { $0 == .text(#"{"event":"time","id":0}"#) }
    }

    private func answer(_ bench: BotBench, tick: Int64, age: Double) {
        bench.stream.text(
            JSONValue.object(["event": "ack", "id": 0, "data": ["tick": .integer(tick), "age": .number(age)]]).text)
        bench.bot.flush()
    }

    @Test func `it asks once a second however little it sends`() {
        let bench = BotBench { ($0.asksTime, $0.behaviour) = (true, .idle) }
        bench.join(seat: 1)
        bench.snapshot(2, 5)
        var count = asks(bench)
        for _ in 0..<5 {
            bench.advance(.milliseconds(1_000))
            count += asks(bench)
        }
        #expect((5...6).contains(count))
    }

    @Test func `age, round trip and the effect of an input follow from the answer`() throws {
        let bench = settled()
        // Tick 100 was due 10 ms before the lobby's answer, which took 40 ms there and back.
        bench.advance(.milliseconds(40))
        answer(bench, tick: 100, age: 10)
        #expect(bench.report.count(of: .roundTrip) == 1)
        #expect((39...41).contains(bench.report.milliseconds(.roundTrip, atPercentile: 50)))
        // Now is 30 ms after tick 100; another 70 ms on, a snapshot of tick 101 is 50 ms old.
        bench.advance(.milliseconds(70))
        bench.snapshot(101, 5)
        #expect((49...51).contains(bench.report.milliseconds(.snapshotAge, atPercentile: 50)))
        // Its input goes with a question; it is for tick 121, and the lobby has come to 124 when it gets it.
        bench.advance(.milliseconds(900))
        bench.snapshot(120, 7, since: (101, 5))
        #expect(bench.report.count(of: .inputToEffect) == 0)
        bench.advance(.milliseconds(20))
        answer(bench, tick: 124, age: 0)
        #expect(bench.report[.inputsSent] == 2 && bench.report[.wrongSnapshots] == 0)
        #expect(bench.report.count(of: .roundTrip) == 2)
        bench.snapshot(124, 7, since: (120, 7))
        #expect(bench.report.count(of: .inputToEffect) == 0)
        bench.advance(.milliseconds(60))
        bench.snapshot(125, 7, since: (124, 7))
        #expect(bench.report.count(of: .inputToEffect) == 1)
        #expect((79...81).contains(bench.report.milliseconds(.inputToEffect, atPercentile: 50)))
    }

    @Test func `jitter is what an interval differs from the lobby's`() {
        let bench = settled()
        bench.snapshot(2, 5)
        bench.advance(.milliseconds(130))
        bench.snapshot(4, 5, since: (2, 5))
        #expect((29...31).contains(bench.report.milliseconds(.snapshotJitter, atPercentile: 50)))
        #expect((129...131).contains(bench.report.milliseconds(.snapshotInterval, atPercentile: 50)))
    }

    @Test func `an answer out of its range is none`() {
        let bench = settled()
        answer(bench, tick: -1, age: 10)
        answer(bench, tick: 5, age: 1e9)
        #expect(bench.report.count(of: .roundTrip) == 0 && bench.bot.state == .playing)
    }

    @Test func `phases add up to the whole`() {
        let bench = settled()
        bench.snapshot(2, 5)
        for tick in 2..<5 {
            bench.advance(.milliseconds(100))
            bench.snapshot(UInt32(tick) * 2, 5, since: (UInt32(tick) * 2 - 2, 5))
            let recent = bench.report.takeRecent()
            #expect(recent[.snapshotInterval].count == 1)
            if tick == 3 { #expect(bench.report.takePhase()[.snapshotInterval].count == 2) }
        }
        #expect(bench.report.takePhase()[.snapshotInterval].count == 1)
        #expect(bench.report.count(of: .snapshotInterval) == 3)
        #expect(bench.report.times[.snapshotInterval].p50 >= 100)
    }
}
