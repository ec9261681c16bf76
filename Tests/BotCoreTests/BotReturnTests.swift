import BotCore
import ByteKit
import Determinism
import ScriptedServer
import JSONCore
import SnapshotCore
import Testing

@Suite("A bot that loses its connection (protocol/spec/lobby.md §3)")
struct BotReturnTests {
    /// A bot in its seat that the server has heard from.
    private func settled(_ change: (inout BotSettings) -> Void = { _ in }) -> BotBench {
        let bench = BotBench(change)
        bench.join(seat: 2, token: "t1")
        bench.snapshot(2, 4)
        bench.snapshot(4, 6, since: (2, 4))
        bench.advance(.milliseconds(1_100))
        return bench
    }

    @Test func `it comes back with its token and its last tick, and goes on from there`() {
        let bench = settled()
        bench.stream.drop()
        #expect(bench.bot.state == .waiting)
        #expect(bench.report[.unexpectedCloses] == 1)
        bench.advance(.milliseconds(150))
        #expect(bench.server.streams.count == 2)
        let request = bench.upgrade()
        #expect(request?["data"]?["token"] == "t1")
        #expect(request?["data"]?["tick"] == 4)
        bench.event("joined", bench.welcome(seat: 2, token: "t2", resumed: true, tick: 8))
        bench.snapshot(8, 9, since: (4, 6))
        #expect(bench.bot.worldState == bench.state(8, 9))
        #expect(bench.messages() == [.ack(4), .inputs(ack: 8, [.init(tick: 9, sequence: 1, values: [2])])])
        let report = bench.report
        #expect([report[.resumes], report[.joins], report[.seatLost]] == [1, 1, 0])
        #expect([report[.catchUps], report[.snapshotsSkipped]] == [1, 0])
        #expect(report.count(of: .reconnectTime) == 1)
        #expect(bench.bot.seat?.token == "t2")
    }

    @Test(arguments: [(1, true), (2, false)])
    func `another seat, or a new one, is a seat lost`(seat: Int, resumed: Bool) {
        let bench = settled()
        bench.stream.drop()
        bench.advance(.milliseconds(150))
        _ = bench.upgrade()
        bench.event("joined", bench.welcome(seat: seat, token: "t2", resumed: resumed, tick: 8))
        #expect(bench.report[.seatLost] == 1)
        #expect(bench.report[.resumes] == 0)
    }

    @Test func `a refused token is a seat lost, and the next join is without it`() {
        let bench = settled()
        bench.stream.drop()
        bench.advance(.milliseconds(150))
        _ = bench.upgrade()
        bench.event("exception", ["code": 4001, "message": "the resume token is not valid here"])
        bench.advance(.milliseconds(300))
        #expect(bench.server.streams.count == 3)
        #expect(bench.upgrade()?["data"] == ["name": "bot", "game": "tally", "codec": 1])
        bench.event("joined", bench.welcome(seat: 0, token: "t3", tick: 30))
        #expect(bench.report[.seatLost] == 1)
        #expect(bench.report[.joins] == 2)
        #expect(bench.report[.botsJoined] == 1)
    }

    @Test func `a refused token of a game that has ended meanwhile is no fault`() {
        let bench = settled()
        bench.stream.drop()
        bench.advance(.milliseconds(150))
        _ = bench.upgrade()
        bench.event("exception", ["code": 4001, "message": "the resume token is not valid here"])
        bench.advance(.milliseconds(300))
        _ = bench.upgrade()
        bench.event("joined", bench.welcome(seat: 0, token: "t3", tick: 1))
        #expect(bench.report[.seatLost] == 0)
        #expect(bench.report[.gamesFinished] == 1)
    }

    @Test func `a refused token of a seat the server may never have heard from is no fault`() {
        let bench = BotBench()
        bench.join()
        bench.snapshot(2, 4)
        bench.advance(.milliseconds(500))
        bench.stream.drop()
        bench.advance(.milliseconds(150))
        #expect(bench.upgrade()?["data"]?["token"] == "t1")
        bench.event("exception", ["code": 4001, "message": "the resume token is not valid here"])
        bench.advance(.milliseconds(300))
        _ = bench.upgrade()
        bench.event("joined", bench.welcome(seat: 0, token: "t3", tick: 30))
        #expect(bench.report[.seatLost] == 0)
    }

    @Test func `it drops its own connection at times, at once, and comes back`() {
        let bench = settled { $0.cutEvery = .seconds(10) }
        bench.advance(.milliseconds(3_800))
        #expect(bench.report[.cuts] == 0)
        let first = bench.stream
        bench.advance(.seconds(10))
        #expect(bench.report[.cuts] == 1)
        #expect(first.closed == .now)
        #expect(bench.report[.unexpectedCloses] == 0)
        #expect(bench.server.streams.count >= 2)
    }

    @Test func `a plain server that says nothing for long is dead`() {
        let bench = BotBench()
        bench.join()
        bench.advance(.milliseconds(44_999))
        #expect(bench.bot.state == .playing)
        bench.advance(.milliseconds(1))
        #expect(bench.report[.heartbeatsMissed] == 1)
        #expect(bench.stream.closed == .now)
        #expect(bench.bot.state == .waiting)
    }

    @Test func `an attempt without an answer ends after ten seconds`() {
        let bench = BotBench()
        bench.advance(.milliseconds(9_999))
        #expect(bench.bot.state == .connecting)
        bench.advance(.milliseconds(1))
        #expect(bench.bot.state == .waiting)
        #expect(bench.report[.connectFailures] == 1)
        #expect(bench.stream.closed == .now)
    }

    @Test func `a server that is not there is tried again and again, until the end`() {
        let bench = BotBench()
        bench.server.refusesDials = true
        bench.advance(.seconds(61))
        #expect(bench.bot.state == .finished)
        #expect((14...40).contains(bench.report[.connectFailures]))
        let failures = bench.report.failures(BotExpectations(bots: 1, playTime: .seconds(60)))
        #expect(failures.first == "Bots that never got a seat: 1 of 1.")
    }

    @Test func `a stream that comes too late is closed`() {
        let bench = BotBench()
        bench.server.holdsDials = true
        bench.advance(.milliseconds(10_050))
        #expect(bench.report[.connectFailures] == 1)
        bench.server.holdsDials = false
        bench.server.answerDials()
        #expect(bench.server.streams.map(\.closed) == [.now])
        bench.advance(.milliseconds(150))
        #expect(bench.server.streams.count == 2)
        #expect(bench.stream.closed == nil)
        #expect(bench.stream.head != nil)
    }

    @Test func `a full lobby is tried again, an unknown game is not`() {
        let full = BotBench()
        full.advance(.zero)
        _ = full.upgrade()
        full.event("exception", ["code": 4007, "message": "the lobby is full"])
        #expect(full.bot.state == .waiting)
        let unknown = BotBench()
        unknown.advance(.zero)
        _ = unknown.upgrade()
        unknown.event("exception", ["code": 4010, "message": "no such game"])
        #expect(unknown.bot.state == .finished)
        #expect(unknown.report.firstRefusal == "no such game")
    }

    @Test func `a server that refuses and then says nothing is hung up on before the next attempt`() {
        let bench = BotBench()
        bench.advance(.zero)
        _ = bench.upgrade()
        let refusing = bench.stream
        bench.event("exception", ["code": 4007, "message": "the lobby is full"])
        #expect(refusing.takeSent() == [.close(1000)] && refusing.closed == nil)
        bench.advance(.milliseconds(150))
        #expect(refusing.closed == .now)
        #expect(bench.server.streams.count == 2)
    }

    /// A bot that speaks Socket.IO and asks for the time, to a server that pings every 2 s and waits 2 s for the answer.
    private func socketIOBot() -> BotBench {
        let bench = BotBench {
            $0.dialect = .socketIO
            $0.asksTime = true
        }
        bench.advance(.zero)
        bench.stream.upgrade()
        bench.stream.text(#"0{"sid":"s","upgrades":[],"pingInterval":2000,"pingTimeout":2000,"maxPayload":100000}"#)
        bench.stream.text(#"40/lobby/a,{"sid":"n"}"#)
        bench.bot.flush()
        return bench
    }

    private func sit(_ bench: BotBench) {
        bench.stream.text("42/lobby/a," + JSONValue.array(["joined", bench.welcome()]).text)
        bench.bot.flush()
    }

    @Test func `a seat that it is given when the server has long let go of it is one to come back to`() {
        let bench = socketIOBot()
        bench.server.now = bench.server.now + .seconds(5)
        sit(bench)
        #expect(bench.report[.heartbeatsMissed] == 1)
        #expect(bench.bot.state == .waiting)
        bench.advance(.milliseconds(150))
        #expect(bench.server.streams.count == 2)
    }

    @Test func `a bot that is to leave when the server has let go of it has left`() {
        let bench = socketIOBot()
        sit(bench)
        #expect(bench.bot.state == .playing)
        bench.server.now = bench.server.now + .seconds(5)
        bench.bot.leaveNow()
        #expect(bench.bot.state == .finished)
        #expect(bench.report[.leavesUnanswered] == 0)
    }

    @Test func `a kicked bot stays away`() {
        let bench = settled { $0.expectsKick = true }
        bench.event("kicked", ["reason": "enough"])
        bench.stream.closeFrame(4003, "enough")
        #expect(bench.bot.state == .finished)
        #expect(bench.report[.kicked] == 1)
        let expected = BotExpectations(bots: 1, playTime: .seconds(1), expectsKick: true)
        #expect(bench.report.failures(expected) == [])
        let unexpected = BotExpectations(bots: 1, playTime: .seconds(1))
        #expect(bench.report.failures(unexpected) == ["Bots that were kicked: 1."])
    }

    @Test func `a game that is over is joined anew, without a token`() {
        let bench = settled()
        bench.event("finished", ["winner": 2])
        bench.event("closed", ["reason": "the game is over"])
        bench.stream.closeFrame(4000, "the game is over")
        #expect([bench.report[.gamesFinished], bench.report[.lobbiesClosed]] == [1, 0])
        bench.advance(.milliseconds(150))
        #expect(bench.upgrade()?["data"] == ["name": "bot", "game": "tally", "codec": 1])
    }

    @Test func `at the end of its life it first goes back to its seat, then leaves it`() {
        let bench = settled { $0.endAt = $0.startAt + .seconds(2) }
        bench.server.refusesDials = true
        bench.stream.drop()
        bench.advance(.seconds(3))
        bench.server.refusesDials = false
        bench.advance(.seconds(2))
        #expect(bench.upgrade()?["data"]?["token"] == "t1")
        bench.event("joined", bench.welcome(seat: 2, token: "t2", resumed: true, tick: 90))
        #expect(bench.bot.state == .leaving)
        #expect(bench.stream.takeSent() == [.text(#"{"event":"leave"}"#)])
        bench.stream.closeFrame(1000, "left")
        #expect(bench.report[.seatsAbandoned] == 0)
    }

    @Test func `a seat that cannot be reached again is a failure in the end`() {
        let bench = settled { $0.endAt = $0.startAt + .seconds(2) }
        bench.server.refusesDials = true
        bench.stream.drop()
        bench.advance(.seconds(30))
        #expect(bench.bot.state == .finished)
        #expect(bench.report[.seatsAbandoned] == 1)
    }

    @Test func `answers that no server may give are malformed, not a trap`() {
        for text in [#"{"event":"joined","data":{"lobby":"a"}}"#, "[]", "{", #"{"event":7}"#] {
            let bench = BotBench()
            bench.advance(.zero)
            _ = bench.upgrade()
            bench.stream.text(text)
            #expect(bench.bot.state == .waiting)
        }
    }
}
