/// Text in aligned columns.
struct Columns {
    /// To which side a column's cells are moved.
    enum Side {
        case left, right
    }

    private let sides: [Side]
    private var rows: [[String]] = []

    /// No rows yet; cells beyond the last side are to the right.
    init(_ sides: [Side]) {
        self.sides = sides
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    /// The rows as lines, two spaces between columns, no space at a line's end.
    var lines: [String] { lines() }

    /// The same, without the columns of `dispensable`, the first of them first, as long as lines are wider than a terminal.
    func lines(within width: Int = .max, dispensable: [Int] = []) -> [String] {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { $0.indices.contains(column) ? Screen.width($0[column]) : 0 }.max() ?? 0
        }
        var shown = Array(widths.indices)
        for column in dispensable where shown.reduce(-2, { $0 + widths[$1] + 2 }) > width {
            shown.removeAll { $0 == column }
        }
        return rows.map { row in
            var line = ""
            for column in shown where row.indices.contains(column) {
                let gap = String(repeating: " ", count: widths[column] - Screen.width(row[column]))
                let isLeft = sides.indices.contains(column) && sides[column] == .left
                line += (column == shown[0] ? "" : "  ") + (isLeft ? row[column] + gap : gap + row[column])
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// Numbers as people read them.
enum Readable {
    /// `1,234,567`
    static func count(_ number: Int64) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// `1,234,567`
    static func count(_ number: UInt64) -> String { count(Int64(clamping: number)) }

    /// With that many decimals: `3.14`. Numbers beyond 10^15 and what is no number are `–`.
    static func decimal(_ number: Double, _ places: Int) -> String {
        guard number.magnitude < 1e15 else { return "–" }
        var scale: Int64 = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int64((number.magnitude * Double(scale)).rounded())
        let fraction = String(scaled % scale + scale).dropFirst()
        let whole = (number < 0 && scaled != 0 ? "-" : "") + count(scaled / scale)
        return places == 0 ? whole : whole + "." + fraction
    }

    /// With a decimal point and nothing else, for machines: `1234.56`.
    static func plain(_ number: Double) -> String { decimal(number, 2).filter { $0 != "," } }

    /// `0.05 ms`, `12.3 ms`, `4.56 s`
    static func milliseconds(_ number: Double) -> String {
        switch number.magnitude {
        case ..<10: decimal(number, 2) + " ms"
        case ..<1_000: decimal(number, 1) + " ms"
        default: decimal(number / 1_000, 2) + " s"
        }
    }

    /// `512 B`, `1.5 kB`, `2.3 MB`, in powers of 1000.
    static func bytes(_ number: Double) -> String {
        var rest = number
        for unit in ["B", "kB", "MB", "GB"] {
            if rest.magnitude < 999.95 { return decimal(rest, unit == "B" ? 0 : 1) + " " + unit }
            rest /= 1_000
        }
        return decimal(rest, 1) + " TB"
    }

    /// `42 s`, `3 min 05 s`, `2 h 03 min`, `5 d 4 h`
    static func duration(_ seconds: Double) -> String {
        let whole = Int64(clamping: Int(max(0, min(seconds, 1e12))))
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3_600: return "\(whole / 60) min \(two(whole % 60)) s"
        case ..<86_400: return "\(whole / 3_600) h \(two(whole / 60 % 60)) min"
        default: return "\(whole / 86_400) d \(whole / 3_600 % 24) h"
        }
    }
}
