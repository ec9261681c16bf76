import Determinism

/// One loop's last hour: what went on in each ten seconds of it (protocol/spec/admin.md §8).
///
/// A ring that is as large from its first sample on as it ever gets, so that a sample costs a copy of some hundred bytes.
/// No timer belongs to it: an interval is closed on the first turn after its end, and where no turn was, nothing has
/// happened.
struct Timeline: Sendable {
    /// How long an interval is. They begin at multiples of it, so that those of all loops are the same.
    static let interval = Interval.seconds(10)
    /// An hour of them.
    static let samplesMax = 360

    /// What there was at the end of an interval.
    struct Levels: Sendable {
        var connections = 0
        var lobbies = 0
        var players = 0
    }

    /// What went on in it.
    struct Flows: Sendable {
        var bytesIn: UInt64 = 0
        var bytesOut: UInt64 = 0
        var messagesIn: UInt64 = 0
        var snapshotsSent: UInt64 = 0
        var snapshotsSkipped: UInt64 = 0
        var stepsDropped: UInt64 = 0
        var drops: UInt64 = 0

        init() {}

        /// All of it since the start.
        init(_ counted: Counters) {
            bytesIn = counted[.bytesIn]
            bytesOut = counted[.bytesOut]
            messagesIn = counted[.messagesIn]
            snapshotsSent = counted[.snapshotsSent]
            snapshotsSkipped = counted[.snapshotsSkipped]
            stepsDropped = counted[.stepsDropped]
            drops = counted[.drops]
        }

        mutating func change(by other: Flows, _ change: (inout UInt64, UInt64) -> Void) {
            change(&bytesIn, other.bytesIn)
            change(&bytesOut, other.bytesOut)
            change(&messagesIn, other.messagesIn)
            change(&snapshotsSent, other.snapshotsSent)
            change(&snapshotsSkipped, other.snapshotsSkipped)
            change(&stepsDropped, other.stepsDropped)
            change(&drops, other.drops)
        }
    }

    struct Sample: Sendable {
        var levels = Levels()
        var flows = Flows()
        var lateness = LatenessCounts()

        /// Adds what went on on another loop meanwhile.
        mutating func add(_ other: Sample) {
            levels.connections += other.levels.connections
            levels.lobbies += other.levels.lobbies
            levels.players += other.levels.players
            flows.change(by: other.flows) { $0 &+= $1 }
            lateness.add(other.lateness)
        }
    }

    private var ring: [Sample] = []
    /// Where the next sample goes.
    private var next = 0
    /// Which interval goes on: the first after the clock's origin is 0.
    private(set) var current: Int64
    /// Its end.
    private var end: Instant
    private var lateness = LatenessCounts()
    private var before = Flows()

    init(at now: Instant) {
        current = now.nanoseconds / Self.interval.nanoseconds
        end = Instant(nanoseconds: (current + 1) * Self.interval.nanoseconds)
    }

    /// Counts a step that was so late.
    mutating func stepped(_ late: Interval) { lateness.record(late) }

    /// Whether the interval is over.
    func isOver(at now: Instant) -> Bool { now >= end }

    /// Closes the intervals that are over. All that has happened since the last was closed belongs to the first of them.
    mutating func close(at now: Instant, _ levels: Levels, _ counted: Counters) {
        let number = now.nanoseconds / Self.interval.nanoseconds
        guard number > current else { return }
        let total = Flows(counted)
        var sample = Sample(levels: levels, flows: total, lateness: lateness)
        sample.flows.change(by: before) { $0 &-= $1 }
        append(sample)
        // Nothing went on in those after it.
        for _ in 0..<min(number - current - 1, Int64(Self.samplesMax)) { append(Sample(levels: levels)) }
        (current, before, lateness) = (number, total, LatenessCounts())
        end = Instant(nanoseconds: (current + 1) * Self.interval.nanoseconds)
    }

    private mutating func append(_ sample: Sample) {
        if ring.count == Self.samplesMax {
            ring[next] = sample
        } else {
            if ring.isEmpty { ring.reserveCapacity(Self.samplesMax) }
            ring.append(sample)
        }
        next = (next + 1) % Self.samplesMax
    }

    /// The samples, the oldest first.
    var samples: [Sample] { ring.count < Self.samplesMax ? ring : Array(ring[next...] + ring[..<next]) }
}

/// How many steps were how late: in buckets of which four are twice as late, from 16 µs to a second, and the latest of them.
struct LatenessCounts: Sendable {
    private var buckets = InlineArray<64, UInt32>(repeating: 0)
    private(set) var count: UInt64 = 0
    private var worst: UInt64 = 0

    mutating func record(_ late: Interval) {
        let microseconds = UInt64(clamping: late.nanoseconds) / 1_000
        buckets[Self.bucket(of: microseconds)] &+= 1
        count += 1
        worst = max(worst, microseconds)
    }

    mutating func add(_ other: LatenessCounts) {
        for place in buckets.indices { buckets[place] &+= other.buckets[place] }
        count += other.count
        worst = max(worst, other.worst)
    }

    /// The bucket of what is so late: the first for less than 16 µs, then four for each octave, the last for all beyond.
    private static func bucket(of microseconds: UInt64) -> Int {
        guard microseconds >= 16 else { return 0 }
        let octave = 63 - microseconds.leadingZeroBitCount
        let quarter = Int(microseconds >> UInt64(octave - 2)) & 3
        return min(1 + (octave - 4) * 4 + quarter, 63)
    }

    /// What a bucket's steps stay below, in microseconds.
    private static func bound(of bucket: Int) -> UInt64 {
        guard bucket > 0 else { return 16 }
        let (octave, quarter) = ((bucket - 1) / 4 + 4, (bucket - 1) % 4)
        return UInt64(quarter + 5) << UInt64(octave - 2)
    }

    /// What so many of a thousand steps stayed at or below, in milliseconds, a quarter too high at most; nil where there
    /// was no step.
    func milliseconds(atPerMille share: UInt64) -> Double? {
        guard count > 0 else { return nil }
        let wanted = (count * share + 999) / 1_000
        var sum: UInt64 = 0
        for place in buckets.indices {
            sum += UInt64(buckets[place])
            guard sum >= wanted else { continue }
            return Double(place == 63 ? worst : min(worst, Self.bound(of: place))) / 1_000
        }
        return Double(worst) / 1_000
    }
}
