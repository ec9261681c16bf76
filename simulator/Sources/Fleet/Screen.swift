import EventLoop

/// A line of a screen: what it says, and how much that matters.
struct ScreenLine: Equatable, ExpressibleByStringLiteral {
    enum Style {
        case plain, strong, warning, alarm
    }

    let text: String
    let style: Style

    init(_ text: String, _ style: Style = .plain) {
        self.text = text
        self.style = style
    }

    init(stringLiteral text: String) { self.init(text) }
}

/// A terminal that is drawn over in place, as much as fits.
struct Screen {
    var size: TerminalSize
    /// Whether lines that matter have colours.
    var hasColors: Bool

    /// What draws these lines from the first on: nothing is wrapped and nothing scrolls.
    func drawing(_ lines: [ScreenLine]) -> String {
        let home = "\u{1B}[H"
        let rest = "\u{1B}[J"
        return home + lines.prefix(size.rows).map { styled($0) + "\u{1B}[K" }.joined(separator: "\n") + rest
    }

    private func styled(_ line: ScreenLine) -> String {
        let text = Self.cut(line.text, to: size.columns)
        guard hasColors, let code = line.style.code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// The text, or as much of its beginning as takes so many places in a terminal.
    static func cut(_ text: String, to columns: Int) -> String {
        var (places, end) = (0, text.startIndex)
        while end < text.endIndex {
            places += width(text[end])
            if places > columns { return String(text[..<end]) }
            end = text.index(after: end)
        }
        return text
    }

    /// How many places a text takes in a terminal.
    static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// Letters of East Asia and pictures take two (Unicode Standard Annex #11, in its broad strokes).
    private static func width(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}

extension ScreenLine.Style {
    /// ECMA-48 §8.3.117.
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .warning: "33"
        case .alarm: "31"
        }
    }
}
