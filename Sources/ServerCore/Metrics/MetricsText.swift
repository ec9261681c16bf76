/// What a monitoring system reads, in Prometheus's text format (version 0.0.4): families of samples, one after another.
///
/// A family's name is given without `muster_`, a counter's without `_total`.
package struct MetricsText {
    /// The content type of the format.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All that was written.
    package private(set) var text = ""
    private let prefix: String

    /// Nothing yet.
    ///
    /// - Parameter prefix: What each name begins with.
    package init(prefix: String = "muster_") {
        self.prefix = prefix
    }

    /// One number that only grows.
    package mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        head("\(name)_total", "counter", help)
        sample("\(name)_total", [], "\(value)")
    }

    /// One number that goes up and down.
    package mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        gauge(name, help, [(labels: [], value: value)])
    }

    /// Such a number for each of several things, which labels tell apart.
    package mutating func gauge(
        _ name: String, _ help: String, _ values: [(labels: [(name: String, value: String)], value: Double)]
    ) {
        head(name, "gauge", help)
        for (labels, value) in values { sample(name, labels, Self.number(value)) }
    }

    /// Up to where durations are counted together, in seconds.
    package static let secondsBounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// The samples of a histogram, of the family that was begun last.
    ///
    /// - Parameters:
    ///   - counts: How many were at most as large as each of `bounds`, which ascend.
    ///   - count: How many there were.
    ///   - sum: All of them together.
    package mutating func histogram(
        _ name: String, _ labels: [(name: String, value: String)] = [], counts: [UInt64], of bounds: [Double],
        count: UInt64, sum: Double
    ) {
        for (bound, below) in zip(bounds, counts) {
            sample("\(name)_bucket", labels + [(name: "le", value: Self.number(bound))], "\(below)")
        }
        sample("\(name)_bucket", labels + [(name: "le", value: "+Inf")], "\(count)")
        sample("\(name)_sum", labels, Self.number(sum))
        sample("\(name)_count", labels, "\(count)")
    }

    /// The line that says what a family is; its samples follow.
    package mutating func head(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(prefix)\(name) \(Self.escaped(help))\n# TYPE \(prefix)\(name) \(type)\n"
    }

    /// One sample of the family that was begun last.
    package mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += prefix + name
        if !labels.isEmpty {
            text += "{"
            for (place, label) in labels.enumerated() {
                if place > 0 { text += "," }
                text += "\(label.name)=\"\(Self.escaped(label.value).replacing("\"", with: "\\\""))\""
            }
            text += "}"
        }
        text += " \(value)\n"
    }

    /// As the format writes numbers: whole ones without a fraction.
    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }
}
