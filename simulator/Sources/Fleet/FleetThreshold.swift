import BotCore
import Determinism

/// A bound that decides whether a run has passed: `snapshot_age_p99_ms`, `unexpected_closes_max`.
package struct FleetThreshold: Sendable, Equatable {
    private enum Subject: Sendable, Equatable {
        case time(BotSeries, PartialPercentile)
        case counter(BotCounter, isFloor: Bool)
        case rate(Rate, isFloor: Bool)
    }

    /// What is measured for each bot and second.
    enum Rate: String, CaseIterable, Sendable {
        case snapshots = "snapshots_per_bot_second"
        case bytesIn = "bytes_in_per_bot_second"
        case bytesOut = "bytes_out_per_bot_second"
    }

    enum PartialPercentile: String, CaseIterable, Sendable {
        case p50, p90, p95, p99, p999, max

        func value(of times: BotPercentiles) -> Double {
            switch self {
            case .p50: times.p50
            case .p90: times.p90
            case .p95: times.p95
            case .p99: times.p99
            case .p999: times.p999
            case .max: times.max
            }
        }
    }

    /// As it is written in a scenario.
    package let name: String
    /// The bound.
    package let bound: Double
    private let subject: Subject

    /// The bound of that name; nil for a name that there is not.
    package init?(_ name: String, _ bound: Double) {
        guard let subject = Self.subjects[name] else { return nil }
        (self.name, self.bound, self.subject) = (name, bound, subject)
    }

    /// Which names there are, in a sentence.
    package static var names: String {
        let series = BotSeries.allCases.map(\.word).joined(separator: ", ")
        let rates = Rate.allCases.map(\.rawValue).joined(separator: ", ")
        return "NAME_p50_ms, _p90_, _p95_, _p99_, _p999_ and _max_ms for \(series); NAME_min and NAME_max for \(rates) "
            + "and the report's counters, as in unexpected_closes_max"
    }

    private static let subjects: [String: Subject] = {
        var subjects: [String: Subject] = [:]
        for series in BotSeries.allCases {
            for percentile in PartialPercentile.allCases {
                subjects["\(series.word)_\(percentile.rawValue)_ms"] = .time(series, percentile)
            }
        }
        for (suffix, isFloor) in [("_min", true), ("_max", false)] {
            for rate in Rate.allCases { subjects[rate.rawValue + suffix] = .rate(rate, isFloor: isFloor) }
            for counter in BotCounter.allCases {
                subjects[snakeCase("\(counter)") + suffix] = .counter(counter, isFloor: isFloor)
            }
        }
        return subjects
    }()

    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }

    /// The counter that may come up to a bound; a run without one takes it for a fault where there is any.
    var allowed: BotCounter? {
        if case .counter(let counter, isFloor: false) = subject { counter } else { nil }
    }

    /// What is wrong with a part of a run, as a sentence; nil where the bound is kept.
    func failure(in part: FleetPart) -> String? {
        switch subject {
        case .time(let series, let percentile):
            let times = part.times[series]
            guard times.count > 0 else {
                return "\(name) of \(part.name) cannot be told: nothing of it was measured."
            }
            let value = percentile.value(of: times)
            return value <= bound ? nil : sentence(part, Readable.decimal(value, 1), isFloor: false)
        case .counter(let counter, let isFloor):
            let value = Double(part[counter])
            return isKept(value, isFloor) ? nil : sentence(part, Readable.count(part[counter]), isFloor: isFloor)
        case .rate(let rate, let isFloor):
            let value = part.rate(rate)
            return isKept(value, isFloor) ? nil : sentence(part, Readable.decimal(value, 1), isFloor: isFloor)
        }
    }

    private func isKept(_ value: Double, _ isFloor: Bool) -> Bool { isFloor ? value >= bound : value <= bound }

    private func sentence(_ part: FleetPart, _ value: String, isFloor: Bool) -> String {
        "\(name) of \(part.name) is \(value), and must be \(boundText) or \(isFloor ? "more" : "less")."
    }

    /// The bound as people read it.
    var boundText: String { Readable.decimal(bound, bound == bound.rounded() ? 0 : 3) }
}

extension BotSeries {
    /// What thresholds and reports call it.
    var word: String {
        switch self {
        case .connectTime: "connect"
        case .joinTime: "join"
        case .reconnectTime: "reconnect"
        case .snapshotInterval: "snapshot_interval"
        case .snapshotJitter: "snapshot_jitter"
        case .snapshotAge: "snapshot_age"
        case .inputToEffect: "input_to_effect"
        case .roundTrip: "rtt"
        }
    }

    /// What people read.
    var title: String {
        switch self {
        case .connectTime: "time to a connection"
        case .joinTime: "time to a seat"
        case .reconnectTime: "time back to it"
        case .snapshotInterval: "between snapshots"
        case .snapshotJitter: "jitter of snapshots"
        case .snapshotAge: "age of snapshots"
        case .inputToEffect: "input to effect"
        case .roundTrip: "round trip"
        }
    }
}
