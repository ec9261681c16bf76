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
    /// Bots that misbehaved, and were treated as they must be, or not.
    case verdictsMet, verdictsMissed
    /// Seats not left in good order: the server did not answer, or was not reached again in time.
    case leavesUnanswered, seatsAbandoned
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
    private var measured = BotTimes()
    /// How connections ended that bots did not end themselves, by the close code; 0 for an end without one.
    package internal(set) var closes: [Int: UInt64] = [:]

    /// An empty report.
    package init(traffic: Traffic = Traffic()) {
        self.traffic = traffic
    }

    /// The count so far.
    package internal(set) subscript(_ counter: BotCounter) -> UInt64 {
        get { values[counter.rawValue] }
        set { values[counter.rawValue] = newValue }
    }

    func record(_ interval: Interval, _ kind: BotSeries) {
        measured.record(interval, kind)
    }

    /// How often something was measured.
    package func count(of kind: BotSeries) -> UInt64 { measured.all(kind).totalCount }

    /// The time, in milliseconds, that `percent` of all measurements stayed at or below; 0 without any.
    package func milliseconds(_ kind: BotSeries, atPercentile percent: Double) -> Double {
        Double(measured.all(kind).valueAtPercentile(percent)) / 1_000
    }

    /// The percentiles of everything.
    package var times: BotTimesSummary { BotTimesSummary { measured.all($0) } }

    /// The percentiles of what has come since the last look; then a new one begins.
    package func takeRecent() -> BotTimesSummary { measured.takeRecent() }

    /// The percentiles of what has come since the last phase; then a new one begins.
    package func takePhase() -> BotTimesSummary { measured.takePhase() }

    /// Counters, bytes and percentiles as one object.
    package var json: JSONObject {
        var counters = JSONObject()
        for counter in BotCounter.allCases { counters["\(counter)"] = .integer(Int64(clamping: self[counter])) }
        return [
            "counters": .object(counters),
            "bytesIn": .integer(Int64(clamping: traffic.bytesIn)),
            "bytesOut": .integer(Int64(clamping: traffic.bytesOut)),
            "connectionsCompressed": .integer(Int64(clamping: traffic.connectionsCompressed)),
            "messagesCompressed": .integer(Int64(clamping: traffic.messagesCompressed)),
            "closes": .object(
                JSONObject(closes.keys.sorted().map { ("\($0)", .integer(Int64(clamping: closes[$0] ?? 0))) })),
            "milliseconds": .object(times.json),
        ]
    }
}
