import Determinism
import LobbyCore
import Testing

@Suite("TickClock: a fixed step from a monotonic clock")
struct TickClockTests {
    private let start = Instant.zero + .seconds(10)

    /// Every step that one turn at `now` takes, by its lateness.
    private func turn(_ clock: inout TickClock, at now: Instant) -> [Interval] {
        var late: [Interval] = []
        while let lateness = clock.takeStep(at: now, taken: late.count) { late.append(lateness) }
        return late
    }

    @Test func `the first step is due one step after the start, and not before`() {
        var clock = TickClock(rate: 20, start: start)
        let early = turn(&clock, at: start + .milliseconds(49))
        let due = turn(&clock, at: start + .milliseconds(50))
        let again = turn(&clock, at: start + .milliseconds(50))
        #expect(early.isEmpty)
        #expect(due == [.zero])
        #expect(again.isEmpty)
    }

    @Test func `lateness is the time since a step was due`() {
        var clock = TickClock(rate: 20, start: start)
        let late = turn(&clock, at: start + .milliseconds(157))
        #expect(late == [.milliseconds(107), .milliseconds(57), .milliseconds(7)])
        #expect(clock.dropped == 0)
    }

    @Test(arguments: [4, 5, 20, 1_000_000])
    func `of what is owed three steps are run and the rest is dropped and counted`(_ owed: Int) {
        var clock = TickClock(rate: 20, start: start)
        let now = start + .milliseconds(50 * owed + 3)
        let late = turn(&clock, at: now)
        #expect(late.count == TickClock.catchUpMax)
        #expect(clock.dropped == UInt64(owed - 3))
        #expect(clock.nextDue == start + .milliseconds(50 * (owed + 1)), "the phase is kept")
    }

    @Test(arguments: [1, 7, 20, 30, 60, 128])
    func `an hour holds as many steps as it should, however the wakes jitter`(_ rate: Int) {
        var clock = TickClock(rate: rate, start: start)
        var random = SeededRandom(seed: UInt64(rate))
        let end = start + .seconds(3_600)
        var now = start
        var steps = 0
        while now < end {
            now = min(end, clock.nextDue + .microseconds(random.int(in: 0...7_000)))
            steps += turn(&clock, at: now).count
        }
        #expect(clock.dropped == 0)
        #expect((3_600 * rate...3_600 * rate + 1).contains(steps))
    }

    @Test func `after a restart nothing is owed`() {
        var clock = TickClock(rate: 20, start: start)
        let later = start + .seconds(100)
        clock.restart(at: later)
        let none = turn(&clock, at: later + .milliseconds(49))
        let one = turn(&clock, at: later + .milliseconds(50))
        #expect(none.isEmpty && one.count == 1)
        #expect(clock.dropped == 0)
    }

    @Test func `a restart keeps the place in the time of a step`() {
        var clock = TickClock(rate: 20, start: start)
        clock.restart(at: start + .milliseconds(49))
        #expect(clock.nextDue == start + .milliseconds(50))
        clock.restart(at: start + .milliseconds(50))
        #expect(clock.nextDue == start + .milliseconds(100))
        clock.restart(at: start + .milliseconds(777))
        #expect(clock.nextDue == start + .milliseconds(800))
    }

    @Test(arguments: [1, 2, 10, 100, 1_000])
    func `however many clocks there are, the time of a step is shared out evenly among them`(_ count: Int) {
        let step = Interval.milliseconds(100)
        let dues = (0..<count).map { TickClock(rate: 10, start: start, place: UInt64($0)).nextDue }.sorted()
        let around = dues + [dues[0] + step]
        for (due, next) in zip(around, around.dropFirst()) {
            #expect(due >= start + step && due < start + step + step)
            // A share is 1/count; three gaps at most are in the golden section's sequence, all of about that length.
            #expect((next - due).nanoseconds * Int64(count) <= 2 * step.nanoseconds)
            #expect((next - due).nanoseconds * Int64(count) >= step.nanoseconds / 3)
        }
    }
}
