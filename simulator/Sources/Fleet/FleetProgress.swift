import BotCore
import ClientCore
import Determinism

/// How a fleet is doing: a few lines in place on a terminal, else a new line every five seconds.
struct FleetProgress {
    private static let barWidth = 24

    private let isTerminal = Console.showsErrors
    private var shownAt: Instant?
    /// How many lines stand on the terminal, to be written over.
    private var height = 0

    /// Shows the newest sample, if it is time.
    mutating func show(_ run: FleetRun) {
        guard let sample = run.measures.samples.last else { return }
        let now = run.now()
        let every: Interval = isTerminal ? .milliseconds(500) : .seconds(5)
        guard now - (shownAt ?? run.startedAt) >= every else { return }
        shownAt = now
        guard isTerminal else { return Console.writeError(line(run, sample, now) + "\n") }
        let lines = block(run, sample, now)
        let up = height > 0 ? "\u{1B}[\(height)A\r" : ""
        Console.writeError(up + lines.map { "\($0)\u{1B}[K\n" }.joined())
        height = lines.count
    }

    private func line(_ run: FleetRun, _ sample: FleetSample, _ now: Instant) -> String {
        ([
            Readable.duration((now - run.startedAt).seconds), run.phases[run.phaseIndex].name,
        ] + presence(run, sample) + rates(sample) + troubles(run)).joined(separator: "  ")
    }

    private func block(_ run: FleetRun, _ sample: FleetSample, _ now: Instant) -> [String] {
        let elapsed = (now - run.startedAt).seconds
        let part = min(1, elapsed / max(run.options.length.seconds, 0.001))
        let filled = Int((part * Double(Self.barWidth)).rounded())
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
        let phase = run.phases[run.phaseIndex]
        let place = "phase \(run.phaseIndex + 1) of \(run.phases.count): \(phase.name)"
        let link = phase.link.map { "  on \($0.name)" } ?? ""
        var times = Columns([.left])
        times.add(["", "p50", "p99"])
        for series in [BotSeries.snapshotAge, .snapshotJitter, .inputToEffect, .roundTrip] {
            let found = sample.times[series]
            let cells = [found.p50, found.p99].map { found.count == 0 ? "–" : Readable.milliseconds($0) }
            times.add([series.title] + cells)
        }
        return [
            "\(bar)  \(Readable.duration(elapsed)) of \(Readable.duration(run.options.length.seconds))  \(place)\(link)",
            presence(run, sample).joined(separator: "  "), rates(sample).joined(separator: "  "),
            troubles(run).joined(separator: "  "),
        ] + times.lines
    }

    private func presence(_ run: FleetRun, _ sample: FleetSample) -> [String] {
        ["\(sample.playing) of \(run.crew.playerCount) playing", "\(sample.away) connecting"]
    }

    private func rates(_ sample: FleetSample) -> [String] {
        [
            "\(Readable.count(Int64(sample.snapshotsPerSecond))) snapshots/s",
            "\(Readable.bytes(sample.bytesInPerSecond))/s in", "\(Readable.bytes(sample.bytesOutPerSecond))/s out",
        ]
    }

    private func troubles(_ run: FleetRun) -> [String] {
        let report = run.report
        let troubles =
            report[.wrongSnapshots] + report[.hashMismatches] + report[.heartbeatsMissed] + report[.seatLost]
            + report[.unexpectedCloses] + report[.connectFailures] + report[.joinsRefused]
        let culprits = run.crew.culprits.map { behaviour, count, report in
            "\(report[.verdictsMet]) of \(count) \(behaviour.rawValue) judged"
        }
        return ["\(Readable.count(report[.resumes])) resumed", "\(Readable.count(troubles)) troubles"] + culprits
    }

    /// Leaves the lines standing.
    func end() {
        if isTerminal, shownAt != nil { Console.writeError("\n") }
    }
}
