import Foundation
import JSONCore

/// An entry of the journal or of the audit log (protocol/spec/admin.md §6 and §7) as a line for people.
enum JournalText {
    static func line(_ entry: JSONValue) -> String {
        entry["kind"] == nil ? act(entry) : event(entry)
    }

    private static func event(_ entry: JSONValue) -> String {
        var parts = ["\(Readable.decimal(entry["secondsAgo"]?.number ?? 0, 1)) s ago", text(entry, "kind")]
        if let lobby = entry["lobby"]?.string {
            parts.append(lobby + (entry["seat"]?.integer.map { "/\($0)" } ?? ""))
        }
        parts += [text(entry, "name"), text(entry, "subject")]
        if let session = entry["session"]?.integer { parts.append("session \(session)") }
        parts += [text(entry, "address"), entry["code"]?.integer.map(String.init) ?? "", text(entry, "detail")]
        return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private static func act(_ entry: JSONValue) -> String {
        let at = Date(timeIntervalSince1970: (entry["at"]?.number ?? 0) / 1_000).formatted(.iso8601)
        let reason = text(entry, "reason")
        let parts = [
            at, text(entry, "actor"), text(entry, "address"), text(entry, "action"), text(entry, "target"),
            text(entry, "outcome"), reason.isEmpty ? "" : "(\(reason))",
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private static func text(_ entry: JSONValue, _ key: String) -> String { entry[key]?.string ?? "" }
}

/// What somebody writes in a terminal for the data of a verb: `lobby=yard seat=3 locked=false`.
package enum VerbText {
    /// What is always text, whatever it looks like.
    private static let texts: Set = [
        "lobby", "player", "subject", "address", "text", "reason", "search", "season", "actor", "target",
    ]

    /// The data; nil where a word is no `NAME=VALUE`.
    package static func data(_ words: [String]) -> JSONObject? {
        var data = JSONObject()
        for word in words {
            guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return nil }
            let (name, value) = (String(word[..<equals]), String(word[word.index(after: equals)...]))
            switch (texts.contains(name), value) {
            case (false, "true"): data[name] = true
            case (false, "false"): data[name] = false
            default:
                data[name] = texts.contains(name) ? .string(value) : Int64(value).map { .integer($0) } ?? .string(value)
            }
        }
        return data
    }
}
