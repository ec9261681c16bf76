import BotCore
import Determinism
import JSONCore

/// What came of a fleet.
package struct FleetResult: Sendable {
    /// Options, counters, bytes, percentiles and verdict as one object.
    package let json: JSONObject
    /// What had to be true.
    let checks: [FleetCheck]

    /// What did not happen as expected, a sentence each; empty when the run has passed.
    package var failures: [String] { checks.flatMap(\.failures) }

    /// 0 when the run has passed, else 1.
    package var exitCode: Int32 { failures.isEmpty ? 0 : 1 }

    init(_ run: FleetRun, _ checks: [FleetCheck]) {
        self.checks = checks
        let (options, failures) = (run.options, checks.flatMap(\.failures))
        var json = run.report.json
        json["seconds"] = .number((run.now() - run.startedAt).seconds)
        json["options"] = [
            "scenario": options.scenario.map { .string($0.name) } ?? .null,
            "server": .string(options.server), "game": .string(options.game),
            "count": .integer(Int64(options.count)), "lobbies": .integer(Int64(options.lobbies)),
            "seconds": .number(options.seconds), "protocol": .string(options.dialects.rawValue),
            "codec": .integer(Int64(options.codec)),
            "cutEverySeconds": options.cutEverySeconds.map { .number($0) } ?? .null,
            "seed": .string(String(options.seed)), "lobbyPrefix": .string(options.prefix),
        ]
        json["phases"] = .array(run.measures.phases.map(\.json))
        json["samples"] = .array(run.measures.samples.map(\.json))
        json["culprits"] = .array(
            run.crew.culprits.map { behaviour, count, report in
                [
                    "behaviour": .string(behaviour.rawValue), "count": .integer(Int64(count)),
                    "met": .count(report[.verdictsMet]), "report": .object(report.json),
                ]
            })
        json["checks"] = .array(
            checks.map { ["name": .string($0.name), "failures": .array($0.failures.map { .string($0) })] })
        json["passed"] = .bool(failures.isEmpty)
        json["failures"] = .array(failures.map { .string($0) })
        self.json = json
    }
}
