public import CoreMetrics
import ServerCore
import Synchronization

/// Metrics of your own, made through the swift-metrics API: `/metrics` shows them beside the server's.
///
///     let server = MusterServer(configuration: configuration)
///     MetricsSystem.bootstrap(server.metrics)
///     …
///     Counter(label: "shots_fired", dimensions: [("weapon", "bow")]).increment()
///
/// A counter is shown with `_total` behind its name, a timer as a histogram of seconds, a recorder that aggregates as a histogram,
/// another one, and a meter, as a gauge. What Prometheus does not allow in a name becomes `_`. May be used from any thread.
public final class MusterMetrics: MetricsFactory {
    /// The most series that are kept; the handlers of more do nothing that is shown.
    static let seriesMax = 10_000

    private let series = Mutex<[MetricIdentity: MetricSeries]>([:])

    /// Nothing to show yet.
    init() {}

    /// All series as `/metrics` shows them.
    var text: String {
        let all = series.withLock { $0 }
        var page = MetricsText(prefix: "")
        var family = ""
        for (identity, series) in all.sorted(by: { $0.key < $1.key }) {
            if identity.name != family {
                family = identity.name
                page.head(family, series.kind.type, "Of the game.")
            }
            series.write(to: &page, identity)
        }
        return page.text
    }

    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: MetricKind) -> MetricSeries {
        let identity = MetricIdentity(label, dimensions, kind)
        return series.withLock { all in
            if let known = all[identity] {
                precondition(
                    known.kind == kind,
                    "the metric \"\(identity.name)\" is a \(known.kind.type) already, and cannot be a \(kind.type)")
                return known
            }
            let fresh = MetricSeries(kind)
            if all.count < Self.seriesMax { all[identity] = fresh }
            return fresh
        }
    }

    private func forget(_ handler: AnyObject) {
        series.withLock { all in
            guard let identity = all.first(where: { $0.value === handler })?.key else { return }
            all[identity] = nil
        }
    }

    // MARK: What swift-metrics asks for

    /// The counter of that name and those labels, made for the first who asks.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter)
    }

    /// The gauge of that name and those labels, made for the first who asks.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    /// The histogram of that name and those labels, or the gauge where it does not aggregate, made for the first who asks.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .histogram : .gauge)
    }

    /// The histogram of seconds of that name and those labels, made for the first who asks.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .timer)
    }

    /// Shows that series no more.
    public func destroyCounter(_ handler: any CounterHandler) { forget(handler) }

    /// Shows that series no more.
    public func destroyMeter(_ handler: any MeterHandler) { forget(handler) }

    /// Shows that series no more.
    public func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }

    /// Shows that series no more.
    public func destroyTimer(_ handler: any TimerHandler) { forget(handler) }
}

/// What a series is known by: the name of its family, and its labels.
private struct MetricIdentity: Hashable, Comparable {
    let name: String
    let labels: [[String]]

    init(_ label: String, _ dimensions: [(String, String)], _ kind: MetricKind) {
        name = Self.name(label) + kind.suffix
        labels = dimensions.map { [Self.name($0.0), $0.1] }.sorted { $0[0] < $1[0] }
    }

    static func < (one: MetricIdentity, other: MetricIdentity) -> Bool {
        guard one.name == other.name else { return one.name < other.name }
        return one.labels.lexicographicallyPrecedes(other.labels) { $0.lexicographicallyPrecedes($1) }
    }

    /// A text as Prometheus allows it for a name: letters, digits and underscores, no digit first.
    private static func name(_ text: String) -> String {
        let name = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return name.first.map { !$0.isNumber } ?? false ? name : "_" + name
    }
}

/// What becomes of a metric.
private enum MetricKind {
    case counter, gauge, histogram, timer

    var type: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram, .timer: "histogram"
        }
    }

    var suffix: String {
        switch self {
        case .counter: "_total"
        case .gauge, .histogram: ""
        case .timer: "_seconds"
        }
    }

    /// Up to where values are counted together; of times 100 µs to 10 s.
    var bounds: [Double] {
        switch self {
        case .counter, .gauge: []
        case .histogram: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000]
        case .timer: MetricsText.secondsBounds
        }
    }
}

/// One number, or one histogram.
private final class MetricSeries: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    private struct State {
        var value = 0.0
        var counts: [UInt64]
        var count: UInt64 = 0
    }

    let kind: MetricKind
    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ kind: MetricKind) {
        self.kind = kind
        bounds = kind.bounds
        state = Mutex(State(counts: kind.bounds.map { _ in 0 }))
    }

    func write(to page: inout MetricsText, _ identity: MetricIdentity) {
        let state = state.withLock { $0 }
        let labels = identity.labels.map { (name: $0[0], value: $0[1]) }
        guard !bounds.isEmpty else { return page.sample(identity.name, labels, MetricsText.number(state.value)) }
        var below: UInt64 = 0
        let counts = state.counts.map { count in
            below += count
            return below
        }
        page.histogram(identity.name, labels, counts: counts, of: bounds, count: state.count, sum: state.value)
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func reset() { set(0.0) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.value = value } }
    func increment(by amount: Double) { state.withLock { $0.value += amount } }
    func decrement(by amount: Double) { state.withLock { $0.value -= amount } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !bounds.isEmpty else { return set(value) }
        let place = bounds.firstIndex { value <= $0 }
        state.withLock { state in
            if let place { state.counts[place] += 1 }
            state.count += 1
            state.value += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
