import Foundation
import JSONCore
import Testing

@testable import Muster

@Suite("Configuration: what is shown")
struct ConfigurationReportTests {
    @Test func `the report is JSON with the value and source of every key`() throws {
        var sources = Sources(file: #"{"drainSeconds": 0.25, "log": {"level": "error"}}"#)
        sources.environment = ["MUSTER_LISTEN": "127.0.0.1:1"]
        sources.flags = ["limits.lobbies": ["7"]]
        let report = Array(try sources.load().report.utf8)
        let json = try JSONValue.parse(report.span)
        #expect(json.object?.members.map(\.key) == ConfigurationKey.all.map(\.name))
        #expect(json["listen"] == ["value": ["127.0.0.1:1"], "source": "environment MUSTER_LISTEN"])
        #expect(json["limits.lobbies"] == ["value": 7, "source": "flag --limits-lobbies"])
        #expect(json["limits.namespaces"] == ["value": 16, "source": "default"])
        #expect(json["drainSeconds"]?["value"] == 0.25)
        #expect(json["drainSeconds"]?["source"]?.string?.hasPrefix("file ") == true)
    }

    @Test func `a password is shown as set or generated, never as itself`() throws {
        let secret = "hunter2hunter2"
        let set = try Sources(environment: ["MUSTER_ADMIN_PASSWORD": secret]).load().report
        #expect(!set.contains(secret))
        #expect(set.contains(#""admin.password": {"value":"(set)","source":"environment MUSTER_ADMIN_PASSWORD"}"#))
        let unset = try Sources().load().report
        #expect(unset.contains(#""admin.password": {"value":"(generated)","source":"default"}"#))
        let disabled = try Sources(flags: ["admin.enabled": ["false"]]).load().report
        #expect(disabled.contains(#""admin.password": {"value":"(none)","source":"default"}"#))
    }

    @Test(arguments: [
        Sources(environment: ["MUSTER_ADMIN_PASSWORD": "hunt"]),
        Sources(environment: ["MUSTER_ADMIN_PASSWORD": "scrypt$hunt"]),
        Sources(environment: ["MUSTER_ADMIN_PASSWRD": "hunter2hunter2"]),
        Sources(file: #"{"admin": {"password": "hunt"}}"#),
        Sources(file: #"{"admin": {"password": ["hunter2hunter2"]}}"#),
        Sources(file: #"{"admin": {"passwort": "hunter2hunter2"}}"#),
    ])
    func `a refusal never shows a password, nor the value of an unknown key`(_ sources: Sources) {
        let problems = sources.problems()
        #expect(problems.count == 1)
        #expect(problems.allSatisfy { !$0.contains("hunt") && $0.lowercased().contains("admin") }, "\(problems)")
    }

    @Test func `names, variables and flags of keys are distinct`() {
        let keys = ConfigurationKey.all
        #expect(Set(keys.map(\.name)).count == keys.count)
        #expect(Set(keys.map(\.variable)).count == keys.count)
        #expect(Set(keys.map(\.flag)).count == keys.count)
        #expect(ConfigurationKey.named("heartbeat.intervalSeconds")?.variable == "MUSTER_HEARTBEAT_INTERVAL_SECONDS")
        #expect(ConfigurationKey.named("heartbeat.intervalSeconds")?.flag == "heartbeat-interval-seconds")
    }

    @Test func `the table in docs is the one that the keys make`() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../docs/configuration.md").standardized
        let document = try String(contentsOf: path, encoding: .utf8)
        let table = document.split(separator: "\n").filter { $0.hasPrefix("|") }.joined(separator: "\n")
        #expect(table == ConfigurationKey.markdownTable, "The table must be:\n\(ConfigurationKey.markdownTable)")
    }
}
