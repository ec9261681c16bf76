import Foundation
import Testing

@Suite("Documents say what the code says")
struct DocumentTests {
    @Test func `every counter stands in docs/limits_md`() throws {
        let limits = try Repository.text("docs/limits.md")
        let counters = try Self.counters()
        #expect(counters.count > 30, "no counters were found in Counters.swift: has its form changed?")
        for counter in counters where !limits.contains("`\(counter)`") {
            Issue.record("docs/limits.md: no word of the counter \(counter). Give it the row of its limit.")
        }
    }

    @Test func `every server setting is a row of docs/configuration_md, or stands in docs/limits_md`() throws {
        let limits = try Repository.text("docs/limits.md")
        let configuration = try Repository.text("docs/configuration.md")
        let keys = try Self.configurationKeys()
        let settings = try Self.matches(of: /package var (\w+)/, in: "Sources/ServerCore/ServerSettings.swift")
        #expect(settings.count > 15, "no settings were found in ServerSettings.swift: has its form changed?")
        for setting in settings {
            let isRow = keys[setting].map { configuration.contains("| `\($0)` |") } ?? false
            guard !isRow, !limits.contains("`\(setting)`") else { continue }
            Issue.record(
                "ServerSettings.\(setting): give it a row in ConfigurationKey+Table.swift, or one in docs/limits.md.")
        }
    }

    @Test func `a link leads to a file that is there`() throws {
        for (page, text) in try Self.pages() {
            let folder = Repository.root.appendingPathComponent(page).deletingLastPathComponent()
            for match in text.matches(of: /\]\(([^)#:\s]+)(#[^)]*)?\)/) {
                let target = folder.appendingPathComponent(String(match.output.1))
                guard !FileManager.default.fileExists(atPath: target.path) else { continue }
                Issue.record("\(page): the link to \(match.output.1) leads nowhere.")
            }
        }
    }

    @Test func `a paragraph of the specification that is cited is there`() throws {
        let citation = /(?:protocol\/)?spec\/([a-z-]+\.md)`?\)? §([0-9]+(?:\.[0-9]+)*)/
        for path in Repository.paths(
            in: ["Sources", "Tests", "protocol", "simulator", "docs"], extensions: ["swift", "py", "md"])
        {
            for match in try Repository.text(path).matches(of: citation) {
                let (page, number) = ("protocol/spec/\(match.output.1)", String(match.output.2))
                let headings = try Repository.text(page).split(separator: "\n").filter { $0.hasPrefix("#") }
                let isThere = headings.contains { heading in
                    let first = heading.split(separator: " ").dropFirst().first ?? ""
                    return first == number || first == number + "."
                }
                if !isThere { Issue.record("\(path): \(page) has no §\(number).") }
            }
        }
    }

    @Test func `what Socket_IO's checklist says is done names its tests, and they are there`() throws {
        let rows = try Repository.text("protocol/conformance/socketio.md").split(separator: "\n").compactMap {
            let cells = $0.split(separator: "|", omittingEmptySubsequences: false)
            return cells.count == 10 && Int(cells[1].trimmingCharacters(in: .whitespaces)) != nil ? cells : nil
        }
        #expect(rows.count == 115, "the checklist has 115 rows: has its form changed?")
        let files = Repository.paths(in: ["Tests", "protocol"], extensions: ["swift", "py"])
        for row in rows {
            let (number, shown) = (row[1], row[8])
            if "MS".contains(row[6].trimmingCharacters(in: .whitespaces)), row[7].contains("Y"),
                !shown.contains(/Tests`|\.py`|\.md\)|row|below/)
            {
                Issue.record("protocol/conformance/socketio.md, row\(number): it is done, and nothing shows it.")
            }
            for match in shown.matches(of: /`(\w+Tests|test_\w+\.py)`/)
            where !files.contains(where: { $0.contains("/\(match.output.1)") }) {
                Issue.record("protocol/conformance/socketio.md, row\(number): there is no \(match.output.1).")
            }
        }
    }

    /// The names of the counters, in order.
    private static func counters() throws -> [String] {
        let text = try Repository.text("Sources/ServerCore/Counters.swift")
        return text.matches(of: /(?m)^ +case ([\w, ]+)$/).flatMap { match in
            match.output.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The configuration's key of each property of the server's settings that has one.
    private static func configurationKeys() throws -> [String: String] {
        let text = try Repository.text("Sources/Muster/Configuration/ConfigurationKey+Table.swift")
        let rows = text.matches(of: /"([\w.]+)", \\\.server\.(\w+)/).map { (String($0.output.2), String($0.output.1)) }
        return Dictionary(rows) { first, _ in first }
    }

    private static func matches(of pattern: Regex<(Substring, Substring)>, in path: String) throws -> [String] {
        try Repository.text(path).matches(of: pattern).map { String($0.output.1) }
    }

    /// Every page of the repository with its text.
    private static func pages() throws -> [(path: String, text: String)] {
        let top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
        let below = Repository.paths(in: ["docs", "protocol", "simulator", "Tests"], extensions: ["md"])
        return try (top + below).map { ($0, try Repository.text($0)) }
    }
}
