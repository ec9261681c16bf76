import BotCore
import ClientCore
import Determinism
import EventLoop

/// The line that says how a fleet is doing: each second in place on a terminal, else a new one every five seconds.
struct FleetProgress {
    private let isTerminal = Console.showsErrors
    private var shownAt: Instant?
    private var isArmed = false
    private var lastSnapshots: UInt64 = 0
    private var lastBytesIn: UInt64 = 0
    private var lastBytesOut: UInt64 = 0

    private var every: Interval { isTerminal ? .seconds(1) : .seconds(5) }

    /// Sets the timer for the next line, unless it is set.
    mutating func arm(_ timer: LoopTimer, _ run: FleetRun) {
        guard !isArmed else { return }
        isArmed = true
        timer.arm(at: (shownAt ?? run.startedAt) + every)
    }

    mutating func show(_ run: FleetRun) {
        let now = run.now()
        let text = line(run, seconds: max(0.001, (now - (shownAt ?? run.startedAt)).seconds), now)
        Console.writeError(isTerminal ? "\r\(text)\u{1B}[K" : text + "\n")
        shownAt = now
        isArmed = false
    }

    /// Leaves the line standing.
    func end() {
        if isTerminal, shownAt != nil { Console.writeError("\n") }
    }

    private mutating func line(_ run: FleetRun, seconds: Double, _ now: Instant) -> String {
        let report = run.report
        let traffic = report.traffic
        let snapshots = Double(report[.snapshots] - lastSnapshots) / seconds
        let bytesIn = Double(traffic.bytesIn - lastBytesIn) / seconds
        let bytesOut = Double(traffic.bytesOut - lastBytesOut) / seconds
        (lastSnapshots, lastBytesIn, lastBytesOut) = (report[.snapshots], traffic.bytesIn, traffic.bytesOut)
        var playing = 0
        var away = 0
        for bot in run.crowd.bots {
            switch bot.state {
            case .playing: playing += 1
            case .connecting, .joining, .waiting: away += 1
            case .idle, .leaving, .finished: break
            }
        }
        let troubles =
            report[.wrongSnapshots] + report[.hashMismatches] + report[.heartbeatsMissed] + report[.seatLost]
            + report[.unexpectedCloses] + report[.connectFailures] + report[.joinsRefused]
        return [
            Readable.duration((now - run.startedAt).seconds),
            "\(playing) of \(run.options.count) playing",
            "\(away) connecting",
            "\(Readable.count(Int64(snapshots))) snapshots/s",
            "\(Readable.bytes(bytesIn))/s in",
            "\(Readable.bytes(bytesOut))/s out",
            "\(Readable.count(report[.resumes])) resumed",
            "\(Readable.count(troubles)) troubles",
        ].joined(separator: "  ")
    }
}
