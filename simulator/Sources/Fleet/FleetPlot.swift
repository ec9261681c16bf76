/// Lines over time, as SVG.
struct FleetPlot {
    /// One line; a point without a value is a gap in it.
    struct Line {
        var name: String
        var points: [(x: Double, y: Double?)]
    }

    private static let width = 640.0
    private static let height = 220.0
    private static let left = 52.0
    private static let bottom = 24.0
    private static let top = 20.0
    /// More points than that are not to be seen.
    private static let pointsMax = 600

    private let title: String
    private let lines: [Line]

    init(_ title: String, _ lines: [Line]) {
        self.title = title
        self.lines = lines
    }

    /// The plot with its title and legend.
    ///
    /// - Parameter marks: Where phases begin, in seconds, and their names.
    func figure(marks: [(Double, String)]) -> String {
        let peak = lines.flatMap(\.points).compactMap(\.y).max() ?? 0
        let end = max(lines.flatMap(\.points).map(\.x).max() ?? 1, 0.001)
        let (step, most) = Self.scale(peak)
        let legend = lines.enumerated().map { index, line in
            "<span class=\"line\(index)\">\(Markup.escape(line.name))</span>"
        }
        return """
            <figure><figcaption>\(Markup.escape(title)) \(legend.joined(separator: " "))</figcaption>
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" aria-label="\(Markup.escape(title))">
            \(grid(step, most).joined())\(axis(end).joined())\(phases(marks, end).joined())
            \(lines.enumerated().map { path($1, "line\($0)", end, most) }.joined(separator: "\n"))
            </svg></figure>
            """
    }

    /// The distance between two lines of the grid, and the topmost: 1, 2 or 5 times a power of ten.
    private static func scale(_ peak: Double) -> (step: Double, most: Double) {
        var step = 0.001
        let factors = [2, 2.5, 2]
        var index = 0
        while step * 4 < peak, step < 1e15 {
            step *= factors[index % 3]
            index += 1
        }
        return (step, step * max(1, (peak / step).rounded(.up)))
    }

    private func x(_ seconds: Double, _ end: Double) -> String {
        Readable.plain(Self.left + seconds / end * (Self.width - Self.left - 8))
    }

    private func y(_ value: Double, _ most: Double) -> String {
        Readable.plain(Self.height - Self.bottom - value / most * (Self.height - Self.bottom - Self.top))
    }

    private func grid(_ step: Double, _ most: Double) -> [String] {
        (0...Int((most / step).rounded())).map { number in
            let value = Double(number) * step
            let places = step < 0.01 ? 3 : step < 0.1 ? 2 : step < 1 ? 1 : 0
            let height = y(value, most)
            return "<path class=\"grid\" d=\"M\(Int(Self.left)) \(height)H\(Int(Self.width) - 8)\"/>"
                + "<text x=\"\(Int(Self.left) - 6)\" y=\"\(height)\" dy=\"4\" text-anchor=\"end\">\(Readable.decimal(value, places))</text>"
        }
    }

    private func axis(_ end: Double) -> [String] {
        let (step, _) = Self.scale(end)
        return (0...Int((end / step).rounded(.down))).map { number in
            let seconds = Double(number) * step
            return "<text x=\"\(x(seconds, end))\" y=\"\(Int(Self.height) - 6)\" text-anchor=\"middle\">"
                + "\(Readable.decimal(seconds, step < 1 ? 1 : 0)) s</text>"
        }
    }

    private func phases(_ marks: [(Double, String)], _ end: Double) -> [String] {
        marks.map { seconds, name in
            let place = x(seconds, end)
            return "<path class=\"phase\" d=\"M\(place) \(Int(Self.top))V\(Int(Self.height - Self.bottom))\"/>"
                + "<text class=\"name\" x=\"\(place)\" y=\"12\" dx=\"2\">\(Markup.escape(name))</text>"
        }
    }

    private func path(_ line: Line, _ name: String, _ end: Double, _ most: Double) -> String {
        let every = max(1, line.points.count / Self.pointsMax)
        var commands = ""
        var isDrawing = false
        for (index, point) in line.points.enumerated() where index.isMultiple(of: every) {
            guard let value = point.y else {
                isDrawing = false
                continue
            }
            commands += "\(isDrawing ? "L" : "M")\(x(point.x, end)) \(y(value, most))"
            isDrawing = true
        }
        return "<path class=\"curve \(name)\" d=\"\(commands)\"/>"
    }
}

/// The page's look: the system's fonts, dark or light as its reader has it, tables that scroll within themselves.
enum FleetStyle {
    static let sheet = """
        :root{--ground:#fff;--text:#1c2330;--dim:#5d6778;--rule:#dde2ea;--card:#f5f7fa;--good:#1a7f4b;--bad:#c02c38;--a:#2a6fdb;--b:#d9730d}
        @media(prefers-color-scheme:dark){:root{--ground:#12161d;--text:#e3e8f0;--dim:#93a0b4;--rule:#2b3342;--card:#1a202b;--good:#4cc38a;\
        --bad:#ff7b85;--a:#6ba4ff;--b:#ffab5e}}
        *{box-sizing:border-box}body{margin:0 auto;max-width:1400px;padding:16px;background:var(--ground);color:var(--text);\
        font:15px/1.5 system-ui,sans-serif}
        h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:24px 0 8px}header{padding:16px;border-radius:8px;background:var(--card);\
        border-left:6px solid var(--good)}
        header.failed{border-color:var(--bad)}header span{color:var(--good)}header.failed span,.failures{color:var(--bad)}
        header ul{display:flex;flex-wrap:wrap;gap:4px 24px;margin:8px 0 0;padding:0;list-style:none}header p{margin:4px 0;color:var(--dim)}
        .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:12px}
        figure{margin:0;padding:10px;border-radius:8px;background:var(--card)}figcaption{font-weight:600}
        figcaption span{margin-left:10px;font-weight:400}svg{display:block;width:100%;height:auto}
        svg text{fill:var(--dim);font-size:11px}svg .name{fill:var(--text)}.grid{stroke:var(--rule)}.phase{stroke:var(--dim);stroke-dasharray:2 3}
        .curve{fill:none;stroke-width:2;stroke-linejoin:round}.curve.line0{stroke:var(--a)}.curve.line1{stroke:var(--b)}\
        span.line0{color:var(--a)}span.line1{color:var(--b)}
        .table{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;white-space:nowrap}
        th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid var(--rule)}th{color:var(--dim);font-weight:500}
        th:first-child,td:first-child{text-align:left}footer{margin-top:24px;color:var(--dim);font-size:13px}
        """
}
