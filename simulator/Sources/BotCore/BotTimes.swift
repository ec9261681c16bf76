import Determinism
import Histogram
import JSONCore

/// How long something took, over all bots. Each name is a key of the report's JSON.
package enum BotSeries: Int, CaseIterable, Sendable {
    /// From dialing to a connection over which the join can go.
    case connectTime
    /// From dialing to the seat, at a first join.
    case joinTime
    /// From the lost connection to the seat taken up again.
    case reconnectTime
    /// Between two snapshots of one connection.
    case snapshotInterval
    /// By how much that differs from the time between the two in the lobby.
    case snapshotJitter
    /// How long ago the tick of a snapshot was due in the lobby, when it came.
    case snapshotAge
    /// From sending an input to the first snapshot in which it has taken effect.
    case inputToEffect
    /// From a question to the lobby to its answer.
    case roundTrip
}

/// How often something was measured, and what it came to, in milliseconds.
package struct BotPercentiles: Sendable, Equatable {
    /// How many measurements there are; without any, all else is 0.
    package var count: UInt64
    /// What half of them stayed at or below, nine of ten, and so on.
    package var p50, p90, p95, p99, p999, max: Double

    init(_ histogram: Histogram<UInt64>) {
        func at(_ percent: Double) -> Double { Double(histogram.valueAtPercentile(percent)) / 1_000 }
        count = histogram.totalCount
        (p50, p90, p95, p99, p999, max) = (at(50), at(90), at(95), at(99), at(99.9), at(100))
    }

    /// As one object.
    package var json: JSONValue {
        [
            "count": .integer(Int64(clamping: count)), "p50": .number(p50), "p90": .number(p90), "p95": .number(p95),
            "p99": .number(p99), "p999": .number(p999), "max": .number(max),
        ]
    }
}

/// The percentiles of every series.
package struct BotTimesSummary: Sendable, Equatable {
    private var series: [BotPercentiles]

    init(_ histogram: (BotSeries) -> Histogram<UInt64>) {
        series = BotSeries.allCases.map { BotPercentiles(histogram($0)) }
    }

    /// Those of one series.
    package subscript(_ kind: BotSeries) -> BotPercentiles { series[kind.rawValue] }

    /// As one object, by the names of the series.
    package var json: JSONObject {
        JSONObject(BotSeries.allCases.map { ("\($0)", self[$0].json) })
    }
}

/// What was measured: recently, in the present phase, and altogether. A measurement is recorded once, in a histogram of fixed size,
/// and allocates nothing; the histograms are added up when somebody looks.
struct BotTimes {
    /// The longest time that is told from a longer one: ten minutes, in microseconds.
    private static let longest: UInt64 = 600_000_000

    private var recent = makeSeries()
    /// Made when somebody looks for the first time.
    private var phase: [Histogram<UInt64>] = []
    private var whole: [Histogram<UInt64>] = []

    private static func makeSeries() -> [Histogram<UInt64>] {
        // From a microsecond on, three digits exact.
        BotSeries.allCases.map { _ in
            Histogram(
                lowestDiscernibleValue: 1, highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
        }
    }

    mutating func record(_ interval: Interval, _ kind: BotSeries) {
        let microseconds = UInt64(max(interval.nanoseconds, 0)) / 1_000
        recent[kind.rawValue].record(min(microseconds, Self.longest))
    }

    /// All measurements of a series.
    func all(_ kind: BotSeries) -> Histogram<UInt64> {
        guard !whole.isEmpty else { return recent[kind.rawValue] }
        var sum = whole[kind.rawValue]
        sum.add(recent[kind.rawValue])
        return sum
    }

    mutating func takeRecent() -> BotTimesSummary {
        let summary = BotTimesSummary { recent[$0.rawValue] }
        fold()
        return summary
    }

    mutating func takePhase() -> BotTimesSummary {
        fold()
        let summary = BotTimesSummary { phase[$0.rawValue] }
        for index in phase.indices { phase[index].reset() }
        return summary
    }

    private mutating func fold() {
        if whole.isEmpty { (phase, whole) = (Self.makeSeries(), Self.makeSeries()) }
        for index in recent.indices where recent[index].totalCount > 0 {
            phase[index].add(recent[index])
            whole[index].add(recent[index])
            recent[index].reset()
        }
    }
}
