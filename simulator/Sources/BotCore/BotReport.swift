import ClientCore
import Determinism
import Histogram
import JSONCore

/// What bots count. Each name is a key of the report's JSON.
package enum BotCounter: Int, CaseIterable, Sendable {
    /// Connections that stood, and attempts that came to nothing in time.
    case connects, connectFailures
    /// Seats taken, refused, taken up again, and not given back to their holder.
    case joins, joinsRefused, resumes, seatLost
    /// Connections that bots dropped on purpose.
    case cuts
    /// Snapshot messages, whole ones, deltas from the one before, and deltas over a gap.
    case snapshots, keyframes, deltas, catchUps
    /// Snapshots that could not be applied, and those of a regular series that were never sent.
    case wrongSnapshots, snapshotsSkipped
    /// State hashes compared, and those that differed.
    case hashChecks, hashMismatches
    /// Heartbeats, and servers that stopped sending them.
    case heartbeatsAnswered, heartbeatsMissed
    /// Connections that the server ended though the bot was playing; answers that no server may give.
    case unexpectedCloses, malformedAnswers
    /// Binary client messages: inputs, and acks without one.
    case inputsSent, acksSent
    /// Answers that said how early inputs came in a second; those of them in which the latest was late, and more than two ticks
    /// early.
    case paceAnswers, paceLate, paceAhead
    /// Events of the games themselves; games that ended; lobbies closed under a game.
    case gameEvents, gamesFinished, lobbiesClosed
    /// Players removed by an admin or a game.
    case kicked
    /// Bots that have joined, have had a snapshot, and have come to their end.
    case botsJoined, botsServed, botsFinished
    /// Seats not left in good order: the server did not answer, or was not reached again in time.
    case leavesUnanswered, seatsAbandoned
}

/// How long something took, over all bots.
package enum BotSeries: Int, CaseIterable, Sendable {
    /// From dialing to the seat, at a first join.
    case joinTime
    /// From the lost connection to the seat taken up again.
    case reconnectTime
    /// Between two snapshots of one connection.
    case snapshotInterval
}

/// Everything that the bots of one loop have counted and measured.
package final class BotReport {
    /// Bytes of all connections.
    package let traffic: Traffic
    /// What the first refused join was told.
    package internal(set) var firstRefusal: String?
    /// What the first unexpected end of a connection was.
    package internal(set) var firstClose: String?
    /// Why the first snapshot could not be applied.
    package internal(set) var firstWrong: String?
    private var values = [UInt64](repeating: 0, count: BotCounter.allCases.count)
    private var series = [Histogram<UInt64>]()

    /// An empty report.
    package init(traffic: Traffic = Traffic()) {
        self.traffic = traffic
        // From a microsecond to ten minutes, three digits exact.
        series = BotSeries.allCases.map { _ in
            Histogram(
                lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
        }
    }

    /// The count so far.
    package internal(set) subscript(_ counter: BotCounter) -> UInt64 {
        get { values[counter.rawValue] }
        set { values[counter.rawValue] = newValue }
    }

    func record(_ interval: Interval, _ kind: BotSeries) {
        let microseconds = min(max(interval.nanoseconds, 0) / 1_000, 600_000_000)
        series[kind.rawValue].record(UInt64(microseconds))
    }

    /// How often something was measured.
    package func count(of kind: BotSeries) -> UInt64 { series[kind.rawValue].totalCount }

    /// The time, in milliseconds, that `percent` of all measurements stayed at or below; 0 without any.
    package func milliseconds(_ kind: BotSeries, atPercentile percent: Double) -> Double {
        Double(series[kind.rawValue].valueAtPercentile(percent)) / 1_000
    }

    /// Counters, bytes and percentiles as one object.
    package var json: JSONObject {
        var counters = JSONObject()
        for counter in BotCounter.allCases { counters["\(counter)"] = .integer(Int64(clamping: self[counter])) }
        var times = JSONObject()
        for kind in BotSeries.allCases {
            times["\(kind)"] = [
                "count": .integer(Int64(clamping: count(of: kind))),
                "p50": .number(milliseconds(kind, atPercentile: 50)),
                "p99": .number(milliseconds(kind, atPercentile: 99)),
                "p999": .number(milliseconds(kind, atPercentile: 99.9)),
                "max": .number(milliseconds(kind, atPercentile: 100)),
            ]
        }
        return [
            "counters": .object(counters),
            "bytesIn": .integer(Int64(clamping: traffic.bytesIn)),
            "bytesOut": .integer(Int64(clamping: traffic.bytesOut)),
            "connectionsCompressed": .integer(Int64(clamping: traffic.connectionsCompressed)),
            "messagesCompressed": .integer(Int64(clamping: traffic.messagesCompressed)),
            "milliseconds": .object(times),
        ]
    }
}
