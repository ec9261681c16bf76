import BotCore
import Determinism
import Testing

@testable import Fleet

@Suite("What must hold for a run")
struct FleetThresholdTests {
    private func part(_ name: String, _ report: BotReport, playing: Int = 10) -> FleetPart {
        var measures = FleetMeasures(BotReport(), at: .zero)
        measures = FleetMeasures(report, at: .zero)
        measures.sample(playing: playing, away: 0, at: .zero + .seconds(2))
        measures.endPhase(name)
        return measures.phases[0]
    }

    @Test func `a bound is kept by what equals it, and says what broke it`() throws {
        let part = part("steady", BotReport())
        let most = try #require(FleetThreshold("unexpected_closes_max", 0))
        #expect(most.failure(in: part) == nil)
        let least = try #require(FleetThreshold("hash_checks_min", 5))
        #expect(least.failure(in: part) == "hash_checks_min of steady is 0, and must be 5 or more.")
        let rate = try #require(FleetThreshold("snapshots_per_bot_second_min", 1.5))
        #expect(rate.failure(in: part) == "snapshots_per_bot_second_min of steady is 0.0, and must be 1.500 or more.")
    }

    @Test func `a time that was never measured is not kept`() throws {
        let bound = try #require(FleetThreshold("snapshot_age_p99_ms", 120))
        #expect(bound.failure(in: part("x", BotReport()))?.contains("nothing of it was measured") == true)
    }

    @Test(arguments: ["snapshot_age_p98_ms", "snapshot_age_p99", "unexpectedCloses_max", "closes_max", "", "_max"])
    func `a name that there is not is none`(_ name: String) {
        #expect(FleetThreshold(name, 1) == nil)
    }

    @Test func `every series and every counter has its names`() {
        for series in BotSeries.allCases { #expect(FleetThreshold(series.word + "_p999_ms", 1) != nil) }
        for name in ["connect_failures", "seat_lost", "verdicts_missed", "state_hashes"] {
            #expect((FleetThreshold(name + "_min", 1) == nil) == (name == "state_hashes"))
        }
        #expect(FleetThreshold("kicked_max", 2)?.allowed == .kicked)
        #expect(FleetThreshold("kicked_min", 2)?.allowed == nil)
    }

    @Test func `a fault that has a bound of its own is none by itself`() {
        let report = BotReport()
        var expected = BotExpectations(bots: 0, playTime: .seconds(1))
        expected.bounded = [.kicked]
        #expect(report.failures(expected).isEmpty)
    }
}

@Suite("Reports as text")
struct ReportTextTests {
    @Test func `markup holds nothing that would end it`() {
        #expect(Markup.escape("<a href=\"x\">&'\u{7}") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39; ")
    }

    @Test func `a plot has a gap where nothing was measured, and grid lines in round steps`() {
        let line = FleetPlot.Line(name: "p50", points: [(0, 1), (1, nil), (2, 37), (3, 40)])
        let text = FleetPlot("Age", [line]).figure(marks: [(0, "join")])
        let curve = text.split(separator: "class=\"curve line0\"")[1]
        #expect(curve.count { $0 == "M" } == 2)
        for step in [">0<", ">10<", ">40<", ">join<"] { #expect(text.contains(step), "\(step)") }
    }
}
