import BotCore
import ByteKit
import Determinism
import GameKit
import ScriptedServer
import Testing

@Suite("Many bots behind one clock")
struct BotCrowdTests {
    private func crowd(_ count: Int, _ server: ScriptedServer) -> (BotCrowd, BotContext) {
        let context = BotContext(dialer: server) { server.now }
        let bots = (0..<count).map { index in
            Bot(
                BotSettings(
                    lobby: "a", name: "bot \(index)", brain: BrainType(TallyBrain.self), seed: UInt64(index),
                    startAt: server.now + .milliseconds(100 * index), endAt: server.now + .seconds(5)), context)
        }
        return (BotCrowd(bots, context), context)
    }

    private func run(_ crowd: BotCrowd, _ server: ScriptedServer, to end: Instant) {
        while let wake = crowd.nextWake, wake <= end {
            server.now = max(wake, server.now)
            crowd.advance()
            crowd.flush()
        }
        server.now = end
    }

    @Test func `bots start one after the other`() {
        let server = ScriptedServer()
        let (crowd, _) = crowd(10, server)
        run(crowd, server, to: server.now + .milliseconds(450))
        #expect(server.streams.count == 5)
        #expect(server.streams.allSatisfy { $0.head != nil })
        run(crowd, server, to: server.now + .milliseconds(1_000))
        #expect(server.streams.count == 10)
    }

    @Test func `the crowd is finished when every bot is`() {
        let server = ScriptedServer()
        let (crowd, context) = crowd(10, server)
        server.refusesDials = true
        run(crowd, server, to: server.now + .seconds(6))
        #expect(crowd.isFinished)
        #expect(crowd.nextWake == nil)
        #expect(context.report[.botsFinished] == 10)
        #expect(context.report[.connectFailures] > 20)
    }

    @Test func `all can be told to leave`() {
        let server = ScriptedServer()
        let (crowd, _) = crowd(3, server)
        run(crowd, server, to: server.now + .milliseconds(150))
        crowd.leaveNow()
        #expect(crowd.isFinished)
        #expect(server.streams.allSatisfy { $0.closed == .now })
    }
}
