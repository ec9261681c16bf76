import Determinism

/// A run as JUnit's XML, which every CI shows: a case for each thing that must be true.
struct FleetJUnit {
    let text: String

    init(_ run: FleetRun, _ result: FleetResult) {
        let name = Markup.escape(run.options.scenario?.name ?? "bots")
        let seconds = Readable.plain((run.now() - run.startedAt).seconds)
        let failed = result.checks.count { !$0.failures.isEmpty }
        let counts = "tests=\"\(result.checks.count)\" failures=\"\(failed)\" errors=\"0\" time=\"\(seconds)\""
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites \(counts)>",
            "  <testsuite name=\"muster bots: \(name)\" \(counts)>",
        ]
        for check in result.checks {
            let open = "    <testcase classname=\"muster.bots.\(name)\" name=\"\(Markup.escape(check.name))\""
            guard let first = check.failures.first else {
                lines.append(open + "/>")
                continue
            }
            lines += [
                open + ">", "      <failure message=\"\(Markup.escape(first))\">",
                Markup.escape(check.failures.joined(separator: "\n")) + "</failure>", "    </testcase>",
            ]
        }
        lines += ["  </testsuite>", "</testsuites>", ""]
        text = lines.joined(separator: "\n")
    }
}

/// Text in XML and HTML.
enum Markup {
    /// With `&`, `<`, `>` and quotation marks as entities; control characters, which XML cannot have, become spaces.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\n": escaped += "\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
