import BotCore
import ClientCore

/// What a fleet did, for a person.
struct FleetTable {
    private let run: FleetRun

    init(_ run: FleetRun) {
        self.run = run
    }

    /// The table's lines.
    var lines: [String] {
        [headline, ""] + counters.lines + [""] + times.lines
    }

    private var headline: String {
        let options = run.options
        let lobbies = options.lobbies == 1 ? "1 lobby" : "\(options.lobbies) lobbies"
        let bots = options.count == 1 ? "1 bot" : "\(options.count) bots"
        return "\(bots) in \(lobbies) of \(options.game) over \(options.dialects.rawValue) for "
            + "\(Readable.duration(options.seconds)), seed \(options.seed), lobbies \(options.prefix)-…"
    }

    private var counters: Columns {
        var table = Columns([.left, .right, .left, .right, .left, .right, .left, .right, .left])
        let report = run.report
        func row(_ title: String, _ cells: [(String, BotCounter)]) {
            table.add([title] + cells.flatMap { [Readable.count(report[$0.1]), $0.0] })
        }
        row(
            "connections",
            [
                ("made", .connects), ("failed", .connectFailures), ("cut", .cuts),
                ("ended by the server", .unexpectedCloses),
            ])
        row(
            "seats",
            [("taken", .joins), ("refused", .joinsRefused), ("resumed", .resumes), ("lost", .seatLost)])
        row(
            "snapshots",
            [("received", .snapshots), ("wrong", .wrongSnapshots), ("skipped", .snapshotsSkipped)])
        row("", [("deltas", .deltas), ("keyframes", .keyframes), ("catch-ups", .catchUps)])
        row("state hashes", [("checked", .hashChecks), ("different", .hashMismatches)])
        row("heartbeats", [("answered", .heartbeatsAnswered), ("missed", .heartbeatsMissed)])
        row("sent", [("inputs", .inputsSent), ("acks", .acksSent)])
        row(
            "events",
            [
                ("of games", .gameEvents), ("games over", .gamesFinished), ("lobbies closed", .lobbiesClosed),
                ("kicked", .kicked),
            ])
        table.add([
            "bytes", Readable.bytes(Double(report.traffic.bytesIn)), "in",
            Readable.bytes(Double(report.traffic.bytesOut)), "out",
        ])
        return table
    }

    private var times: Columns {
        var table = Columns([.left])
        table.add(["", "count", "p50", "p99", "p99.9", "max"])
        let titles: [(BotSeries, String)] = [
            (.joinTime, "time to a seat"), (.reconnectTime, "time back to it"),
            (.snapshotInterval, "between snapshots"),
        ]
        for (series, title) in titles where run.report.count(of: series) > 0 {
            let cells = [50, 99, 99.9, 100].map { percent in
                Readable.milliseconds(run.report.milliseconds(series, atPercentile: percent))
            }
            table.add([title, Readable.count(run.report.count(of: series))] + cells)
        }
        return table
    }
}
