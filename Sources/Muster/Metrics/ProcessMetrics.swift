import EventLoop
import ServerCore

/// What `/metrics` says of the process, under the names that Prometheus's own clients use.
enum ProcessMetrics {
    /// The text, as of now.
    static var text: String {
        let usage = ProcessUsage()
        var page = MetricsText(prefix: "process_")
        page.head("cpu_seconds_total", "counter", "Time on a CPU, user and system.")
        page.sample("cpu_seconds_total", [], MetricsText.number(usage.cpuSeconds))
        page.gauge("resident_memory_bytes", "Memory that is really there.", Double(usage.residentBytes))
        if let most = usage.descriptorsMax { page.gauge("max_fds", "How many descriptors there may be.", Double(most)) }
        return page.text
    }
}
