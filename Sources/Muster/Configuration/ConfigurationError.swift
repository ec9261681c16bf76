/// Why a configuration was refused: everything that is wrong with it, at once.
///
/// The caller shows it and ends with exit code 2.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence each: the key, where it was set, the value (never a secret one), and what is allowed.
    public let problems: [String]

    /// The problems, one a line.
    public var description: String { problems.joined(separator: "\n") }
}

extension ConfigurationError {
    /// A value that its key does not allow; `text` is the value as it was written.
    static func refused(_ key: ConfigurationKey, _ text: String, in source: String) -> String {
        let value = key.isSecret ? "a value that is not shown" : text
        return "\(key.name): \(value) (\(source)) is refused; it must be \(key.allowed)"
    }

    /// A name that nothing has. Its value is not shown: it may be a password under a misspelt name.
    static func unknown(_ name: String, in source: String, known: [String], listing: String) -> String {
        let hint = Suggestion.nearest(to: name, among: known).map { "did you mean \($0)?" } ?? listing
        return "\(name) (\(source)) is not known; \(hint)"
    }
}

/// Finds what a misspelt name was meant to be.
enum Suggestion {
    /// The candidate that needs the fewest edits to become `name`, case aside; nil when even that one needs more than
    /// a third of its length. The first of equals wins.
    static func nearest(to name: String, among candidates: [String]) -> String? {
        guard name.utf8.count <= 128 else { return nil }
        let ranked = candidates.map { (candidate: $0, edits: edits(name.lowercased(), $0.lowercased())) }
        guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
        return best.edits <= max(1, best.candidate.utf8.count / 3) ? best.candidate : nil
    }

    /// How many bytes must be inserted, removed or replaced to turn one text into the other (Levenshtein).
    static func edits(_ left: String, _ right: String) -> Int {
        let target = Array(right.utf8)
        var row = Array(0...target.count)
        for (index, byte) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in target.indices {
                let replaced = diagonal + (byte == target[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[target.count]
    }
}
