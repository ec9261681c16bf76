import BotCore
import Determinism
import GameKit
import JSONCore
import Testing

@testable import Fleet

@Suite("Scenarios (simulator/scenarios/README.md)")
struct ScenarioTests {
    private func problems(_ text: String) -> [String] {
        do throws(Scenario.Problems) {
            _ = try Scenario.parse(Array(text.utf8), file: "s.json")
            return []
        } catch {
            return error.sentences
        }
    }

    private func scenario(_ text: String) throws -> Scenario { try Scenario.parse(Array(text.utf8), file: "s.json") }

    @Test func `phases take over what the whole scenario says, and bots from the phase before`() throws {
        let scenario = try scenario(
            """
            {"bots": 20, "link": "wifi", "protocol": "mixed", "ramp": 10, "phases": [
              {"seconds": 2},
              {"name": "more", "seconds": 3.5, "bots": 30, "link": null, "behaviour": {"play": 2, "spam": 1}},
              {"seconds": 1, "link": {"profile": "4g", "loss": 0.25, "down_bytes_per_second": 9000}, "cut_every_seconds": 2}
            ]}
            """)
        #expect(scenario.phases.map(\.bots) == [20, 30, 30])
        #expect(scenario.phases.map(\.name) == ["phase 1", "more", "phase 3"])
        #expect(scenario.phases.map { $0.link?.name } == ["wifi", nil, "4g, by numbers"])
        #expect(scenario.phases[1].length == .milliseconds(3_500))
        #expect(scenario.phases[2].cutEvery == .seconds(2) && scenario.phases[1].cutEvery == nil)
        let changed = try #require(scenario.phases[2].link?.conditions)
        #expect(changed.up.lossChance == 0.25 && changed.down.lossChance == 0.25)
        #expect(changed.down.bytesPerSecond == 9_000)
        #expect(changed.up.bytesPerSecond == LinkProfile.mobile4G.conditions.up.bytesPerSecond)
        #expect(scenario.phases[1].behaviours.series(6).count { $0 == .spam } == 2)
        #expect(scenario.phases[0].dialects.series(4) == [.plain, .socketIO, .plain, .socketIO])
    }

    @Test(arguments: [
        ("{\"phases\": [{\"seconds\": 1}], \"bots\": 1,}", ["s.json:1: JSON at byte"]),
        ("{\n\"bots\": 1,\n\"phasen\": []}", ["s.json:3: \"phasen\" is unknown", "s.json:1: \"phases\" is missing"]),
        (
            "{\"bots\": 1,\n\"phases\": [\n{\"seconds\": 0},\n{\"sekunden\": 1,\n\"bots\": 1.5}\n]}",
            [
                "s.json:3: \"phases[0].seconds\" must be a number from 0.1",
                "s.json:4: \"phases[1].sekunden\" is unknown",
                "s.json:5: \"phases[1].bots\" must be a whole number",
                "s.json:4: \"phases[1]\" has no \"seconds\"",
            ]
        ),
        ("{\"phases\": []}", ["s.json:1: \"phases\" must have a phase"]),
        ("{\"phases\": [{\"seconds\": 1}]}", ["s.json:1: \"phases\" must say how many \"bots\""]),
        ("[]", ["s.json:1: must be an object", "s.json:1: \"phases\" is missing"]),
        (
            "{\"bots\": 1, \"phases\": [{\"seconds\": 1, \"expect\": {\n\"snapshot_age_p98_ms\": 1}}]}",
            ["s.json:2: \"phases[0].expect.snapshot_age_p98_ms\" is unknown"]
        ),
        (
            "{\"bots\": 1, \"link\": \"5g\", \"protocol\": {\"websocket\": 0}, \"phases\": [{\"seconds\": 1}]}",
            [
                "\"link\" must be one of: lan, broadband, cellular, awful, perfect, fiber, wifi, 4g, 3g, terrible",
                "\"protocol\" must have a weight above 0",
            ]
        ),
        (
            "{\"bots\": 1, \"phases\": [{\"seconds\": 1, \"faults\": [{\"fault\": \"cut\", \"seconds\": 2}, {\"share\": 2}]}]}",
            ["faults[0].seconds\" is said of a stall alone", "faults[1]\" has no \"fault\""]
        ),
        (
            "{\"bots\": 1, \"lobbies\": 2, \"phases\": [{\"seconds\": 1}]}",
            ["\"lobbies\" must be at most the number of bots, 1"]
        ),
    ])
    func `what is wrong is said with file, line and key`(_ text: String, _ expected: [String]) {
        let found = problems(text)
        #expect(found.count == expected.count, "\(found)")
        for sentence in expected { #expect(found.contains { $0.contains(sentence) }, "\(sentence) is not in \(found)") }
    }

    @Test func `a mix keeps its proportions at every point`() {
        let mix = FleetMix<String>([("a", 5), ("b", 1), ("c", 2)])
        #expect(mix.series(8).joined() == "acaabaca")
        for count in 1...40 {
            let found = mix.series(count).count { $0 == "a" }
            #expect(abs(Double(found) - Double(count) * 5 / 8) < 1)
        }
    }
}
