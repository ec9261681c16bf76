import Determinism
import SocketIOCore
import Testing

@Suite("Heartbeat (Engine.IO v4 “Heartbeat”)")
struct HeartbeatTests {
    private var heartbeat = Heartbeat(interval: .seconds(25), timeout: .seconds(20), now: second(100))

    private static func second(_ count: Int) -> Instant { .zero + .seconds(count) }

    @Test mutating func `a ping is due one interval after the start, once`() {
        #expect(heartbeat.deadline == Self.second(125))
        let early = heartbeat.due(at: Self.second(125) - Interval(nanoseconds: 1))
        let due = heartbeat.due(at: Self.second(125))
        let again = heartbeat.due(at: Self.second(125))
        #expect(early == nil && due == .sendPing && again == nil)
        #expect(heartbeat.isAwaitingPong)
    }

    @Test mutating func `a peer that never answers is gone after interval and timeout`() {
        _ = heartbeat.due(at: Self.second(125))
        #expect(heartbeat.deadline == Self.second(145))
        let early = heartbeat.due(at: Self.second(145) - Interval(nanoseconds: 1))
        let due = heartbeat.due(at: Self.second(145))
        let still = heartbeat.due(at: Self.second(146))
        #expect(early == nil && due == .timedOut && still == .timedOut)
    }

    @Test mutating func `a pong sets the next ping one interval later`() {
        _ = heartbeat.due(at: Self.second(125))
        let isAnswer = heartbeat.pongReceived(at: Self.second(126))
        #expect(isAnswer && !heartbeat.isAwaitingPong)
        #expect(heartbeat.deadline == Self.second(151))
        let due = heartbeat.due(at: Self.second(151))
        #expect(due == .sendPing)
    }

    @Test mutating func `pongs that were not asked for postpone nothing`() {
        for second in 101...124 {
            let isAnswer = heartbeat.pongReceived(at: Self.second(second))
            #expect(!isAnswer)
        }
        let due = heartbeat.due(at: Self.second(125))
        let first = heartbeat.pongReceived(at: Self.second(126))
        let second = heartbeat.pongReceived(at: Self.second(130))
        #expect(due == .sendPing && first && !second)
        #expect(heartbeat.deadline == Self.second(151))
    }

    @Test mutating func `the time for a pong counts from when the ping is sent, however late`() {
        let due = heartbeat.due(at: Self.second(500))
        #expect(due == .sendPing)
        #expect(heartbeat.deadline == Self.second(520))
    }

    @Test mutating func `a late pong counts when no one has looked at the deadline`() {
        _ = heartbeat.due(at: Self.second(125))
        let isAnswer = heartbeat.pongReceived(at: Self.second(146))
        let due = heartbeat.due(at: Self.second(146))
        #expect(isAnswer && due == nil)
    }

    @Test func `a client gives up interval plus timeout after the last ping`() {
        var watch = HeartbeatWatch(interval: .seconds(25), timeout: .seconds(20), now: Self.second(0))
        #expect(watch.deadline == Self.second(45))
        watch.pingReceived(at: Self.second(30))
        #expect(!watch.isTimedOut(at: Self.second(75) - Interval(nanoseconds: 1)))
        #expect(watch.isTimedOut(at: Self.second(75)))
    }
}
