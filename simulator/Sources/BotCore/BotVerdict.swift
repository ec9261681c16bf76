import Determinism

/// What must have happened for a run of bots to count as passed.
package struct BotExpectations: Sendable {
    /// How many bots there were.
    package var bots: Int
    /// How long each played at least.
    package var playTime: Interval
    /// How often bots dropped their own connections; nil for never.
    package var cutEvery: Interval?
    /// Whether an admin was to step in.
    package var expectsKick: Bool

    /// Counters that somebody else holds to a bound: that they are not zero is no fault.
    package var bounded: Set<BotCounter> = []

    /// Expectations of a run.
    package init(bots: Int, playTime: Interval, cutEvery: Interval? = nil, expectsKick: Bool = false) {
        self.bots = bots
        self.playTime = playTime
        self.cutEvery = cutEvery
        self.expectsKick = expectsKick
    }
}

extension BotReport {
    /// What did not happen as expected, a sentence each; empty when the run has passed.
    ///
    /// Snapshots that the server skipped are no failure: it sends the newest state to who falls behind.
    package func failures(_ expected: BotExpectations) -> [String] {
        presence(expected) + faults(expected) + interventions(expected)
    }

    private func presence(_ expected: BotExpectations) -> [String] {
        var failures: [String] = []
        let bots = UInt64(expected.bots)
        if self[.botsJoined] < bots {
            failures.append("Bots that never got a seat: \(bots - self[.botsJoined]) of \(bots).")
        }
        if self[.botsServed] < self[.botsJoined] {
            let unserved = self[.botsJoined] - self[.botsServed]
            failures.append("Bots with a seat that never got a snapshot: \(unserved).")
        }
        if self[.botsFinished] < bots {
            failures.append("Bots that have not come to their end: \(bots - self[.botsFinished]) of \(bots).")
        }
        // A hash rides along once a second.
        if self[.botsServed] > 0, expected.playTime >= .seconds(3), self[.hashChecks] == 0 {
            failures.append("No state hash came, so nobody knows whether the bots were in step.")
        }
        if let cutEvery = expected.cutEvery, expected.playTime > cutEvery * 2, self[.cuts] == 0 {
            failures.append("No connection was cut, though cuts were asked for.")
        }
        return failures
    }

    private func faults(_ expected: BotExpectations) -> [String] {
        let faults: [(BotCounter, String, first: String?)] = [
            (.connectFailures, "Attempts to connect that failed", firstClose),
            (.joinsRefused, "Joins that were refused", firstRefusal),
            (.seatLost, "Seats that were not given back to their holders", nil),
            (.wrongSnapshots, "Snapshots that could not be applied", firstWrong),
            (.hashMismatches, "State hashes that differed", nil),
            (.heartbeatsMissed, "Servers whose heartbeat was missing", nil),
            (.unexpectedCloses, "Connections that ended unexpectedly", firstClose),
            (.malformedAnswers, "Answers of the server that were malformed", firstClose),
            (.leavesUnanswered, "Bots that left and were not let go", nil),
            (.seatsAbandoned, "Bots that did not get back to their seats before the end", nil),
        ]
        return faults.filter { !expected.bounded.contains($0.0) }.compactMap { sentence($0.0, $0.1, first: $0.first) }
    }

    /// `Joins that were refused: 2 (the first: the lobby is full).`; nil when the count is zero.
    private func sentence(_ counter: BotCounter, _ text: String, first: String? = nil) -> String? {
        guard self[counter] > 0 else { return nil }
        return "\(text): \(self[counter])" + (first.map { " (the first: \($0))" } ?? "") + "."
    }

    private func interventions(_ expected: BotExpectations) -> [String] {
        if expected.expectsKick {
            return self[.kicked] + self[.lobbiesClosed] == 0 ? ["No bot was kicked, though a kick was expected."] : []
        }
        let faults: [(BotCounter, String)] = [
            (.kicked, "Bots that were kicked"),
            (.lobbiesClosed, "Bots that lost their lobby before its game was over"),
        ]
        return faults.filter { !expected.bounded.contains($0.0) }.compactMap { sentence($0.0, $0.1) }
    }
}
