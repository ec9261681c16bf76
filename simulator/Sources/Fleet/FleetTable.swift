import BotCore
import ClientCore
import Determinism

/// What a fleet did, for a person.
struct FleetTable {
    private let run: FleetRun

    init(_ run: FleetRun) {
        self.run = run
    }

    /// The table's lines.
    var lines: [String] {
        let times = times.lines
        return [headline, ""] + counters.lines + (times.isEmpty ? [] : [""] + times) + culprits
    }

    private var headline: String {
        let options = run.options
        let lobbies = options.lobbies == 1 ? "1 lobby" : "\(options.lobbies) lobbies"
        let bots = options.count == 1 ? "1 bot" : "\(options.count) bots"
        let dialects = Set(run.phases.flatMap(\.dialects.kinds).map(\.word)).sorted().joined(separator: ", ")
        let name = options.scenario.map { "\($0.name): " } ?? ""
        return "\(name)\(bots) in \(lobbies) of \(options.game) over \(dialects) for "
            + "\(Readable.duration(options.length.seconds)), seed \(options.seed), lobbies \(options.prefix)-…"
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

    /// What was measured in each phase that measured it; no line where nobody came to play.
    private var times: Columns {
        var table = Columns([.left, .left])
        guard run.measures.phases.contains(where: { $0.botSeconds > 0 }) else { return table }
        table.add(["", "phase", "count", "p50", "p95", "p99", "p99.9", "max"])
        for series in BotSeries.allCases {
            var title = series.title
            for phase in run.measures.phases where phase.times[series].count > 0 {
                let times = phase.times[series]
                let cells = [times.p50, times.p95, times.p99, times.p999, times.max].map(Readable.milliseconds)
                table.add([title, phase.name, Readable.count(times.count)] + cells)
                title = ""
            }
        }
        var title = "bytes a bot and second"
        for phase in run.measures.phases where phase.botSeconds > 0 {
            let rates = [
                Readable.bytes(phase.rate(.bytesIn)) + " in", Readable.bytes(phase.rate(.bytesOut)) + " out",
            ]
            table.add([title, phase.name] + rates)
            title = ""
        }
        return table
    }

    private var culprits: [String] {
        guard !run.crew.culprits.isEmpty else { return [] }
        var table = Columns([.left, .right, .left, .left])
        for (behaviour, count, report) in run.crew.culprits {
            let ends = report.closes.keys.sorted().map { "\($0 == 0 ? "no code" : "\($0)"): \(report.closes[$0] ?? 0)" }
            table.add([
                behaviour.rawValue, "\(report[.verdictsMet]) of \(count)", behaviour.duty,
                ends.isEmpty ? "" : "(ends by code: \(ends.joined(separator: ", ")))",
            ])
        }
        return ["", "misbehaving:"] + table.lines
    }
}
