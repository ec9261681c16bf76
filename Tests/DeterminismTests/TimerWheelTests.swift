import Determinism
import Testing

@Suite("Timer wheel")
struct TimerWheelTests {
    private func milliseconds(_ count: Int) -> Instant { .zero + .milliseconds(count) }

    @Test(arguments: [0, 1, 7, 8, 9, 4095, 4096, 4097, 60_000])
    func `a timer fires once, not before its instant and at most two slots after`(_ due: Int) {
        var wheel = TimerWheel(now: .zero)
        _ = wheel.arm(at: milliseconds(due), token: 7)
        var fired: [Int] = []
        for now in 0...due + 40 {
            wheel.advance(to: milliseconds(now)) { _, token in
                #expect(token == 7)
                fired.append(now)
            }
        }
        #expect(fired.count == 1)
        #expect(fired[0] >= due && fired[0] <= due + 16)
        #expect(wheel.count == 0)
    }

    @Test func `nextWake is the end of the first armed slot, wherever the wheel stands`() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<200 {
            let now = random.int(in: 0...20_000)
            var wheel = TimerWheel(now: milliseconds(now))
            let dues = (0..<random.int(in: 1...4)).map { _ in now + random.int(in: 8...4_000) }
            for due in dues { _ = wheel.arm(at: milliseconds(due), token: 0) }
            #expect(wheel.nextWake == milliseconds((dues.reduce(.max, min) / 8 + 1) * 8))
        }
    }

    @Test func `following nextWake fires every timer in time, in any arming order`() throws {
        var random = SeededRandom(seed: 3)
        var wheel = TimerWheel(now: .zero)
        var armed: [UInt64: Int] = [:]
        for token in 0..<500 as Range<UInt64> {
            let due = random.int(in: 0...20_000)
            armed[token] = due
            _ = wheel.arm(at: milliseconds(due), token: token)
        }
        while let wake = wheel.nextWake {
            wheel.advance(to: wake) { _, token in
                let late = wake - milliseconds(armed[token]!)
                #expect(late >= .zero && late <= .milliseconds(16))
                armed[token] = nil
            }
        }
        #expect(armed.isEmpty)
    }

    @Test func `a cancelled timer never fires, and its stale key touches no other`() {
        var wheel = TimerWheel(now: .zero)
        let first = wheel.arm(at: milliseconds(10), token: 1)
        wheel.cancel(first)
        let second = wheel.arm(at: milliseconds(10), token: 2)
        wheel.cancel(first)
        wheel.cancel(.none)
        var tokens: [UInt64] = []
        wheel.advance(to: milliseconds(100)) { _, token in tokens.append(token) }
        #expect(tokens == [2])
        wheel.cancel(second)
        #expect(wheel.count == 0)
    }

    @Test func `a long pause fires everything due, once`() {
        var wheel = TimerWheel(now: .zero)
        for token in 0..<100 as Range<UInt64> {
            _ = wheel.arm(at: milliseconds(Int(token) * 97), token: token)
        }
        var tokens: Set<UInt64> = []
        wheel.advance(to: milliseconds(3_600_000)) { _, token in #expect(tokens.insert(token).inserted) }
        #expect(tokens.count == 100)
    }

    @Test func `a timer armed while another fires is kept for its own time`() {
        var wheel = TimerWheel(now: .zero)
        _ = wheel.arm(at: milliseconds(10), token: 0)
        var tokens: [UInt64] = []
        wheel.advance(to: milliseconds(30)) { wheel, token in
            tokens.append(token)
            if token < 3 { _ = wheel.arm(at: self.milliseconds(5), token: token + 1) }
        }
        // One slot later each, although long due: a timer that arms another cannot hold the wheel.
        #expect(tokens == [0, 1])
        wheel.advance(to: milliseconds(100)) { _, token in tokens.append(token) }
        #expect(tokens == [0, 1, 2])
    }
}
