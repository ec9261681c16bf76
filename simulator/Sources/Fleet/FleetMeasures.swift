import BotCore
import ClientCore
import Determinism
import JSONCore

/// What was measured in a phase, or in the whole run. Of players only: those that misbehave have figures of their own.
struct FleetPart {
    var name: String
    /// From the run's beginning, in seconds.
    var start: Double
    var end: Double
    /// How many seconds bots have played, all of them together.
    var botSeconds: Double
    var bytesIn: UInt64
    var bytesOut: UInt64
    var times: BotTimesSummary
    fileprivate var counts: [UInt64]

    subscript(_ counter: BotCounter) -> UInt64 { counts[counter.rawValue] }

    func rate(_ rate: FleetThreshold.Rate) -> Double {
        let amount =
            switch rate {
            case .snapshots: self[.snapshots]
            case .bytesIn: bytesIn
            case .bytesOut: bytesOut
            }
        return Double(amount) / max(botSeconds, 0.001)
    }

    var json: JSONValue {
        let counters = BotCounter.allCases.filter { self[$0] > 0 }.map { ("\($0)", JSONValue.count(self[$0])) }
        let rates = FleetThreshold.Rate.allCases.map { ($0.rawValue, JSONValue.number(rate($0))) }
        return [
            "name": .string(name), "start": .number(start), "seconds": .number(end - start),
            "botSeconds": .number(botSeconds), "bytesIn": .count(bytesIn), "bytesOut": .count(bytesOut),
            "rates": .object(JSONObject(rates)), "counters": .object(JSONObject(counters)),
            "milliseconds": .object(times.json),
        ]
    }
}

/// How things stood at a moment, with what came since the one before: a point of each plot.
struct FleetSample {
    /// From the run's beginning, in seconds.
    var at: Double
    var playing: Int
    var away: Int
    var snapshotsPerSecond: Double
    var bytesInPerSecond: Double
    var bytesOutPerSecond: Double
    var times: BotTimesSummary

    var json: JSONValue {
        func p(_ series: BotSeries) -> JSONValue {
            let times = times[series]
            return times.count == 0 ? .null : [.number(times.p50), .number(times.p99)]
        }
        return [
            "at": .number(at), "playing": .integer(Int64(playing)), "away": .integer(Int64(away)),
            "snapshotsPerSecond": .number(snapshotsPerSecond), "bytesInPerSecond": .number(bytesInPerSecond),
            "bytesOutPerSecond": .number(bytesOutPerSecond), "snapshotAge": p(.snapshotAge),
            "snapshotJitter": p(.snapshotJitter), "inputToEffect": p(.inputToEffect), "roundTrip": p(.roundTrip),
        ]
    }
}

extension JSONValue {
    static func count(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }
}

/// Follows the report of a run: once a second for the plots, and at each phase's end.
struct FleetMeasures {
    private let report: BotReport
    private let startedAt: Instant
    private(set) var samples: [FleetSample] = []
    private(set) var phases: [FleetPart] = []
    /// How things stood at the last sample, at the phase's beginning, and at the run's.
    private var last: Mark
    private var phaseBegan: Mark
    private let began: Mark

    /// When the last sample was taken.
    var lastAt: Instant { last.at }

    private struct Mark {
        var at: Instant
        var counts: [UInt64]
        var bytesIn: UInt64
        var bytesOut: UInt64
        var botSeconds: Double
    }

    init(_ report: BotReport, at now: Instant) {
        self.report = report
        startedAt = now
        began = Self.mark(report, now, botSeconds: 0)
        last = began
        phaseBegan = began
    }

    private static func mark(_ report: BotReport, _ now: Instant, botSeconds: Double) -> Mark {
        Mark(
            at: now, counts: BotCounter.allCases.map { report[$0] }, bytesIn: report.traffic.bytesIn,
            bytesOut: report.traffic.bytesOut, botSeconds: botSeconds)
    }

    mutating func sample(playing: Int, away: Int, at now: Instant) {
        let seconds = (now - last.at).seconds
        guard seconds > 0 else { return }
        let mark = Self.mark(report, now, botSeconds: last.botSeconds + Double(playing) * seconds)
        let snapshots = BotCounter.snapshots.rawValue
        samples.append(
            FleetSample(
                at: (now - startedAt).seconds, playing: playing, away: away,
                snapshotsPerSecond: Double(mark.counts[snapshots] - last.counts[snapshots]) / seconds,
                bytesInPerSecond: Double(mark.bytesIn - last.bytesIn) / seconds,
                bytesOutPerSecond: Double(mark.bytesOut - last.bytesOut) / seconds, times: report.takeRecent()))
        last = mark
        thinOut()
    }

    /// A run of days has points further apart.
    private mutating func thinOut() {
        guard samples.count >= 7_200 else { return }
        samples = samples.indices.filter { $0.isMultiple(of: 2) }.map { samples[$0] }
    }

    /// A phase is over, and has just been sampled.
    mutating func endPhase(_ name: String) {
        phases.append(part(name, from: phaseBegan, report.takePhase()))
        phaseBegan = last
    }

    /// All phases together.
    var whole: FleetPart { part("the whole run", from: began, report.times) }

    private func part(_ name: String, from mark: Mark, _ times: BotTimesSummary) -> FleetPart {
        let now = Self.mark(report, last.at, botSeconds: last.botSeconds)
        return FleetPart(
            name: name, start: (mark.at - startedAt).seconds, end: (now.at - startedAt).seconds,
            botSeconds: now.botSeconds - mark.botSeconds, bytesIn: now.bytesIn - mark.bytesIn,
            bytesOut: now.bytesOut - mark.bytesOut, times: times, counts: zip(now.counts, mark.counts).map { $0 - $1 })
    }
}
