import BotCore
import Determinism

/// A run as a page of one file: nothing is loaded from anywhere, plots are SVG in it, and it is readable on a phone, dark or light.
struct FleetHTML {
    let text: String

    init(_ run: FleetRun, _ result: FleetResult) {
        let page = FleetPage(run, result)
        text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(page.title): \(page.verdict)</title>
            <style>\(FleetStyle.sheet)</style>
            </head>
            <body>
            \(page.header)
            <main>
            \(page.failures)
            \(page.plots)
            \(page.phases)
            \(page.culprits)
            \(page.counters)
            \(page.checks)
            </main>
            <footer>\(page.footer)</footer>
            </body>
            </html>

            """
    }
}

/// The parts of the page.
private struct FleetPage {
    private let run: FleetRun
    private let result: FleetResult
    private let options: FleetOptions

    init(_ run: FleetRun, _ result: FleetResult) {
        (self.run, self.result, options) = (run, result, run.options)
    }

    var title: String { Markup.escape(options.scenario?.name ?? "muster bots") }

    var verdict: String { result.failures.isEmpty ? "passed" : "failed" }

    var header: String {
        let about = options.scenario.map { "<p>\(Markup.escape($0.about))</p>" } ?? ""
        let facts = [
            ("\(Readable.count(Int64(options.count)))", options.count == 1 ? "bot" : "bots"),
            ("\(Readable.count(Int64(options.lobbies)))", "\(options.game) lobbies"),
            (Readable.duration((run.now() - run.startedAt).seconds), "of play"),
            (Readable.count(run.report[.snapshots]), "snapshots decoded"),
            (Readable.count(run.report[.hashChecks]), "state hashes checked"),
        ]
        let cells = facts.map { "<li><b>\(Markup.escape($0.0))</b> \(Markup.escape($0.1))</li>" }.joined()
        return """
            <header class="\(verdict)"><h1>\(title) <span>\(verdict)</span></h1>\(about)<ul>\(cells)</ul></header>
            """
    }

    var failures: String {
        guard !result.failures.isEmpty else { return "" }
        let rows = result.failures.map { "<li>\(Markup.escape($0))</li>" }.joined()
        return "<section class=\"failures\"><h2>What failed</h2><ul>\(rows)</ul></section>"
    }

    // MARK: Plots

    var plots: String {
        let samples = run.measures.samples
        guard samples.count > 1 else { return "" }
        func line(_ name: String, _ value: (FleetSample) -> Double?) -> FleetPlot.Line {
            FleetPlot.Line(name: name, points: samples.map { ($0.at, value($0)) })
        }
        func times(_ series: BotSeries) -> [FleetPlot.Line] {
            [
                line("p50") { $0.times[series].count == 0 ? nil : $0.times[series].p50 },
                line("p99") { $0.times[series].count == 0 ? nil : $0.times[series].p99 },
            ]
        }
        let marks = run.measures.phases.map { ($0.start, $0.name) }
        let plots = [
            FleetPlot(
                "Bots playing", [line("playing") { Double($0.playing) }, line("connecting") { Double($0.away) }]),
            FleetPlot("Snapshots a second", [line("received") { $0.snapshotsPerSecond }]),
            FleetPlot("Age of snapshots, ms", times(.snapshotAge)),
            FleetPlot("Jitter of snapshots, ms", times(.snapshotJitter)),
            FleetPlot("Input to effect, ms", times(.inputToEffect)),
            FleetPlot("Round trip, ms", times(.roundTrip)),
            FleetPlot(
                "Traffic, kB a second",
                [line("in") { $0.bytesInPerSecond / 1_000 }, line("out") { $0.bytesOutPerSecond / 1_000 }]),
        ]
        let figures = plots.map { $0.figure(marks: marks) }.joined(separator: "\n")
        return "<section><h2>Over time</h2><div class=\"plots\">\(figures)</div></section>"
    }

    // MARK: Tables

    var phases: String {
        let rows = run.measures.phases.enumerated().map { index, part -> [String] in
            let phase = run.phases[index]
            let cells: [(BotSeries, (BotPercentiles) -> Double)] = [
                (.connectTime, \.p99), (.joinTime, \.p99), (.snapshotInterval, \.p50), (.snapshotJitter, \.p99),
                (.snapshotAge, \.p50), (.snapshotAge, \.p99), (.inputToEffect, \.p50), (.inputToEffect, \.p99),
                (.reconnectTime, \.p99), (.roundTrip, \.p50), (.roundTrip, \.p99),
            ]
            return [
                part.name, Readable.decimal(part.end - part.start, 1), Readable.count(Int64(phase.bots)),
                phase.link?.name ?? "–",
            ]
                + cells.map { series, value in
                    part.times[series].count == 0 ? "–" : Readable.milliseconds(value(part.times[series]))
                } + [Readable.bytes(part.rate(.bytesIn)), Readable.bytes(part.rate(.bytesOut))]
        }
        let heads = [
            "phase", "s", "bots", "link", "connect p99", "join p99", "interval p50", "jitter p99", "age p50", "age p99",
            "effect p50", "effect p99", "reconnect p99", "RTT p50", "RTT p99", "in/bot/s", "out/bot/s",
        ]
        return section("Phases", table(heads, rows))
    }

    var culprits: String {
        guard !run.crew.culprits.isEmpty else { return "" }
        let rows = run.crew.culprits.map { behaviour, count, report -> [String] in
            let ends = report.closes.keys.sorted().map { code in
                "\(code == 0 ? "without a code" : "\(code)"): \(Readable.count(report.closes[code] ?? 0))"
            }
            return [
                behaviour.rawValue, "\(Readable.count(report[.verdictsMet])) of \(count)", behaviour.duty,
                ends.isEmpty ? "–" : ends.joined(separator: ", "),
            ]
        }
        return section("Misbehaving bots", table(["behaviour", "met", "what must happen", "ends by code"], rows))
    }

    var counters: String {
        let rows = BotCounter.allCases.filter { run.report[$0] > 0 }.map { counter in
            ["\(counter)"] + run.measures.phases.map { Readable.count($0[counter]) } + [
                Readable.count(run.report[counter])
            ]
        }
        return section("Counted", table(["of players"] + run.measures.phases.map(\.name) + ["all"], rows))
    }

    var checks: String {
        let rows = result.checks.map { [$0.failures.isEmpty ? "✓" : "✗", $0.name] }
        return section("Held to", table(["", "what"], rows))
    }

    var footer: String {
        let dialects = Set(run.phases.flatMap(\.dialects.kinds).map(\.word)).sorted().joined(separator: ", ")
        return Markup.escape(
            "\(options.server), over \(dialects), seed \(options.seed), lobbies \(options.prefix)-…. Times are in milliseconds unless they "
                + "say otherwise; percentiles are of all players together.")
    }

    private func section(_ title: String, _ body: String) -> String {
        "<section><h2>\(title)</h2>\(body)</section>"
    }

    private func table(_ heads: [String], _ rows: [[String]]) -> String {
        let head = heads.map { "<th>\(Markup.escape($0))</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.map { "<td>\(Markup.escape($0))</td>" }.joined() + "</tr>"
        }
        return
            "<div class=\"table\"><table><thead><tr>\(head)</tr></thead><tbody>\(body.joined())</tbody></table></div>"
    }
}
