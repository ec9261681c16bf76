/// What players write to each other, made fit to be shown.
package enum ChatText {
    /// The most marks on one letter: Vietnamese needs two, pointed Hebrew three.
    package static let marksMax = 3
    /// The most equal characters in a row.
    package static let runMax = 8

    /// The text as others are shown it: line breaks and tabs are blanks; control characters, what orders or joins
    /// characters (bidirectional overrides, zero-width ones) and what shows nothing are left out; piles of combining marks
    /// and runs of one character are cut; blanks at the ends are left out. May be empty.
    ///
    /// What is text stays text, markup and links too: it is for clients to show it as such.
    package static func cleaned(_ text: String) -> String {
        var kept = String.UnicodeScalarView()
        var marks = 0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t", "\n", "\r", "\u{2028}", "\u{2029}":
                marks = 0
                kept.append(" ")
                continue
            default: break
            }
            guard isShown(scalar) else { continue }
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .spacingMark:
                marks += 1
                // A mark at the beginning would sit on what the client shows in front of it.
                if marks > marksMax || kept.isEmpty { continue }
            default: marks = 0
            }
            kept.append(scalar)
        }
        return withoutRuns(String(kept))
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        // How an emoji looks, text or picture, is said by a selector behind it; a blank of braille is a disguise.
        if scalar == "\u{FE0E}" || scalar == "\u{FE0F}" { return true }
        if scalar == "\u{2800}" || scalar.properties.isDefaultIgnorableCodePoint { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: return false
        default: return true
        }
    }

    /// The text without long runs, and without blanks at its ends.
    private static func withoutRuns(_ text: String) -> String {
        var kept = ""
        var last: Character?
        var run = 0
        for character in text {
            run = character == last ? run + 1 : 1
            last = character
            if run <= runMax, !(kept.isEmpty && character.isWhitespace) { kept.append(character) }
        }
        while kept.last?.isWhitespace == true { kept.removeLast() }
        return kept
    }
}
