import Determinism
import Histogram
import JSONCore

/// How long something took each time: a histogram from 1 µs to one minute, three digits exact.
package struct DurationRecord: Sendable {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)

    package init() {}

    /// Longer than a minute counts as a minute.
    mutating func record(_ duration: Interval) {
        histogram.record(min(UInt64(clamping: duration.nanoseconds) / 1_000, 60_000_000))
    }

    /// Counts what is in another record as well.
    mutating func add(_ other: DurationRecord) {
        histogram.add(other.histogram)
    }

    /// The duration, in milliseconds, that `percent` of all stayed at or below.
    package func milliseconds(atPercentile percent: Double) -> Double {
        Double(histogram.valueAtPercentile(percent)) / 1_000
    }

    /// How many were recorded.
    package var count: UInt64 { histogram.totalCount }

    /// All of them together, in seconds, as exact as the histogram.
    var seconds: Double { count == 0 ? 0 : histogram.mean * Double(count) / 1e6 }

    /// How many were at most as long as each of `bounds`, in seconds, ascending.
    func counts(upTo bounds: [Double]) -> [UInt64] {
        let bounds = bounds.map { UInt64(($0 * 1e6).rounded()) }
        var counts = bounds.map { _ in UInt64(0) }
        var sum: UInt64 = 0
        var place = 0
        for step in histogram.recordedValues() {
            while place < bounds.count, bounds[place] < step.value {
                counts[place] = sum
                place += 1
            }
            sum += step.count
        }
        for left in place..<bounds.count { counts[left] = sum }
        return counts
    }

    var summary: JSONValue {
        [
            "count": .integer(Int64(clamping: count)),
            "p50": .number(milliseconds(atPercentile: 50)), "p99": .number(milliseconds(atPercentile: 99)),
            "p999": .number(milliseconds(atPercentile: 99.9)), "max": .number(milliseconds(atPercentile: 100)),
        ]
    }
}

/// How long things have taken on one loop, or on several, since the start.
struct Durations: Sendable {
    /// How late steps were.
    var lateness = DurationRecord()
    /// How long steps took, without what was sent after them.
    var steps = DurationRecord()
    /// From the step that a snapshot shows until an input of who had seen it came back; once a second for each player.
    var snapshotAges = DurationRecord()
    /// From a heartbeat's ping to its pong.
    var roundTrips = DurationRecord()

    mutating func add(_ other: Durations) {
        lateness.add(other.lateness)
        steps.add(other.steps)
        snapshotAges.add(other.snapshotAges)
        roundTrips.add(other.roundTrips)
    }
}
