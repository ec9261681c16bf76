import ArgumentParser
import Foundation
import JSONCore
import Muster

/// `muster audit`: what admins did.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "List or export what admins did, and what they were refused.",
        discussion: """
            Reads the storage, the SQLite file of the server, whether or not the server runs. The newest comes first.

              muster audit --storage muster.db
              muster audit --storage muster.db --actor ann --action ban
              muster audit --storage muster.db --json --limit 0 > audit.jsonl     # all there is
            """)

    @OptionGroup var place: UsersCommand.Place
    @Option(help: "Only what this user has done.") var actor: String?
    @Option(help: "Only this verb: kick, ban, login and so on.") var action: String?
    @Option(help: "Only what was done to this: what the target begins with.") var target: String?
    @Option(help: "Only with this outcome: done, or the code of a refusal.") var outcome: String?
    @Option(help: "Only of the last so many hours.") var hours: Int?
    @Option(help: "How many at most; 0 for all.") var limit = 100
    @Flag(help: "Print JSON, one object a line.") var json = false

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit \(limit) is refused; it must be 0 at least.") }
        guard hours ?? 1 >= 1 else { throw ValidationError("--hours \(hours ?? 0) is refused; it must be 1 at least.") }
    }

    func run() throws {
        var query = AuditQuery()
        (query.actor, query.action, query.target, query.outcome) = (actor, action, target, outcome)
        query.since = hours.map { UnixMilliseconds(Date().timeIntervalSince1970 * 1_000) - Int64($0) * 3_600_000 }
        try place.withUsers { storage throws(AdminUsersError) in
            var left = limit == 0 ? Int.max : limit
            repeat {
                query.limit = min(left, 100)
                let page = try storage.audit(query)
                for entry in page.rows { Main.say(json ? entry.json.text : Self.line(entry)) }
                left -= page.rows.count
                query.before = page.next
            } while query.before != nil && left > 0
        }
    }

    private static func line(_ entry: AuditEntry) -> String {
        let reason = entry.reason.isEmpty ? "" : "  (\(entry.reason))"
        return "\(JSONText.time(entry.at))  \(entry.actor)  \(entry.address)  \(entry.action)  \(entry.target)  "
            + "\(entry.outcome)\(reason)"
    }
}

/// What commands print for other programs.
enum JSONText {
    /// An object of texts on one line.
    static func line(_ members: [(String, String)]) -> String {
        JSONValue.object(JSONObject(members.map { ($0.0, .string($0.1)) })).text
    }

    /// A time of the calendar, in UTC: `2026-01-31T18:25:56Z`.
    static func time(_ milliseconds: UnixMilliseconds) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}
