import CoreMetrics
import Testing

@testable import Muster

@Suite("Metrics of an author's own, through the swift-metrics API")
struct MusterMetricsTests {
    private let metrics = MusterMetrics()

    private func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: metrics)
    }

    @Test func `a counter is shown with its labels, and two of one name and labels are one`() {
        counter("shots", [("weapon", "bow")]).increment()
        counter("shots", [("weapon", "bow")]).increment(by: 2)
        counter("shots", [("weapon", "axe")]).increment()
        #expect(
            metrics.text == """
                # HELP shots_total Of the game.
                # TYPE shots_total counter
                shots_total{weapon="axe"} 1
                shots_total{weapon="bow"} 3

                """)
    }

    @Test func `a timer is a histogram of seconds, an aggregating recorder one of values`() {
        let timer = Timer(label: "think", dimensions: [], factory: metrics)
        timer.recordMilliseconds(3)
        timer.recordSeconds(60)
        let recorder = Recorder(label: "damage", dimensions: [], aggregate: true, factory: metrics)
        for value in [1, 7, 1_000] { recorder.record(value) }
        let lines = Set(metrics.text.split(separator: "\n").map(String.init))
        #expect(
            lines.isSuperset(of: [
                "# TYPE think_seconds histogram", "think_seconds_bucket{le=\"0.0025\"} 0",
                "think_seconds_bucket{le=\"0.005\"} 1",
                "think_seconds_bucket{le=\"10\"} 1", "think_seconds_bucket{le=\"+Inf\"} 2", "think_seconds_count 2",
                "think_seconds_sum 60.003", "# TYPE damage histogram", "damage_bucket{le=\"1\"} 1",
                "damage_bucket{le=\"10\"} 2",
                "damage_bucket{le=\"1000\"} 3", "damage_sum 1008",
            ]))
    }

    @Test func `meters and other recorders show their last value`() {
        let meter = Meter(label: "heat", dimensions: [], factory: metrics)
        meter.set(4)
        meter.increment(by: 0.5)
        Recorder(label: "depth", dimensions: [], aggregate: false, factory: metrics).record(9)
        #expect(metrics.text.contains("# TYPE heat gauge\nheat 4.5\n") && metrics.text.contains("depth 9\n"))
    }

    @Test func `what Prometheus allows in no name becomes an underscore`() {
        counter("2nd.try-é", [("a b", "c d")]).increment()
        #expect(metrics.text.contains("_2nd_try___total{a_b=\"c d\"} 1\n"))
    }

    @Test func `what is destroyed is shown no more`() {
        let gone = counter("gone")
        gone.increment()
        gone.destroy()
        #expect(metrics.text.isEmpty)
    }

    @Test func `series beyond the most there may be work, and are not shown`() {
        for number in 0...MusterMetrics.seriesMax { counter("n", [("number", "\(number)")]).increment() }
        #expect(metrics.text.split(separator: "\n").count == MusterMetrics.seriesMax + 2)
    }

    @Test func `the process says what it takes`() {
        let text = ProcessMetrics.text
        for name in ["cpu_seconds_total", "resident_memory_bytes", "max_fds"] {
            #expect(text.contains("\nprocess_\(name) ") || text.hasPrefix("process_\(name) "), "\(name)")
        }
    }
}
