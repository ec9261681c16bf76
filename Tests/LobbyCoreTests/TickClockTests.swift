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

    @Test func `row 110, lateness is the time since a step was due`() {
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
        let end = clock.nextDue + .seconds(3_600)
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

    @Test(arguments: [1, 2, 10, 50, 100])
    func `however many clocks there are, they share the time of a step out evenly, whenever they start`(_ count: Int) {
        let step = Interval.seconds(1)
        var random = SeededRandom(seed: 7)
        let places = (0..<count).map { place in
            let from = start + .milliseconds(random.int(in: 0...9_999))
            let due = TickClock(rate: 1, start: from, place: UInt64(place)).nextDue
            #expect(due >= from + step && due < from + step + step)
            return due.nanoseconds % step.nanoseconds
        }.sorted()
        for (place, next) in zip(places, places.dropFirst() + [places[0] + step.nanoseconds]) {
            // A share is 1/count; all gaps in the golden section's sequence are of about that length.
            #expect((next - place) * Int64(count) <= 2 * step.nanoseconds)
            #expect((next - place) * Int64(count) >= step.nanoseconds / 3)
        }
    }

    @Test func `a thousand clocks fall together in a hundred slots, ten in each`() {
        var counts: [Int64: Int] = [:]
        for place in 0..<1_000 as Range<UInt64> {
            let due = TickClock(rate: 10, start: start + .microseconds(Int(place) * 977), place: place).nextDue
            counts[due.nanoseconds % 100_000_000, default: 0] += 1
        }
        #expect(counts.keys.allSatisfy { $0 % TickClock.slot.nanoseconds == 0 } && counts.count == 100)
        #expect(counts.values.allSatisfy { (8...12).contains($0) })
    }
}
