import ArgumentParser
import Foundation
import JSONCore
import SnapshotCore

/// `muster snapshots`: what snapshots cost.
struct SnapshotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots", abstract: "Measure what snapshots of a recording cost.",
        subcommands: [Measure.self, Inspect.self, Encode.self])

    /// What both have in common.
    struct Choice: ParsableArguments {
        @Argument(help: "The recording: frames of 901 records of 32 bytes.")
        var recording: String

        @Option(
            parsing: .unconditionalSingleValue,
            help: "Train the tables on that recording; may be given several times.")
        var train: [String] = []

        @Option(parsing: .unconditional, help: "The baseline is so many sent frames back; 0 makes keyframes.")
        var baseline = 1

        @Option(parsing: .unconditional, help: "Send one frame of so many.")
        var every = 1

        @Option(
            parsing: .unconditional,
            help: "As to clients that were in step and have missed so many frames; not with --baseline.")
        var behind: Int?

        func validate() throws {
            guard behind.map((1...100_000).contains) ?? true else { throw ValidationError("--behind is 1 to 100000.") }
            guard behind == nil || baseline == 1 else { throw ValidationError("--behind or --baseline, not both.") }
            guard (0...100_000).contains(baseline) else { throw ValidationError("--baseline is 0 to 100000.") }
            guard (1...100_000).contains(every) else { throw ValidationError("--every is 1 to 100000.") }
        }

        var rule: SnapshotRule { SnapshotRule(baseline: baseline, every: every, behind: behind) }

        /// The tables: trained as the recording is measured, for who is behind as `muster tables train` does; or the generic ones.
        func tables() throws -> CodingTables {
            var trainer = TableTrainer(schema: BodyRecording.schema)
            for path in train {
                let states = try Choice.states(path)
                for rule in behind == nil ? [rule] : SnapshotRule.usual { rule.train(&trainer, with: states) }
            }
            return trainer.tables()
        }

        func states() throws -> [WorldState] { try Choice.states(recording) }

        /// The states of a recording; what is none ends the command with 2.
        static func states(_ path: String) throws -> [WorldState] {
            do throws(BodyRecording.Unreadable) {
                return try BodyRecording(path).states
            } catch {
                Main.complain("muster: \(error)")
                throw ExitCode(2)
            }
        }
    }

    /// `muster snapshots measure`.
    struct Measure: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Encode a recording's frames, decode them, compare them, and say what it took.",
            discussion: """
                  muster snapshots measure a.bin --train b.bin                  # each frame from the one before it
                  muster snapshots measure a.bin --train b.bin --baseline 6     # from the sixth before it
                  muster snapshots measure a.bin --train b.bin --every 3        # 20 of 60 frames a second
                  muster snapshots measure a.bin --train b.bin --behind 6       # who has missed the five in between

                Without --train the tables are the generic ones. Times are the best of five for each message; the \
                plain pass compares two states, and is what the ratios divide by. With --behind, step_bytes are what the next message \
                is larger to those who were behind than to others. Exit code 1 when a frame was not decoded to what it was.
                """)

        @OptionGroup var choice: Choice

        @Option(parsing: .unconditional, help: "The codec: 0 or 1.")
        var codec = 1

        @Flag(help: "Print the result as one JSON object.")
        var json = false

        func validate() throws {
            guard codec == 0 || codec == 1 else { throw ValidationError("--codec is 0 or 1.") }
        }

        func run() throws {
            let tables = codec == 1 ? try choice.tables() : nil
            let measurement = SnapshotMeasurement(try choice.states(), choice.rule, tables: tables)
            if json {
                Main.say(measurement.json.text)
            } else if let members = measurement.json.object {
                for member in members.members { Main.say("\(member.key): \(member.value.text)") }
            }
            guard measurement.isExact else { throw ExitCode.failure }
        }
    }

    /// `muster snapshots inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what the messages of a recording cost, by field and by entity.",
            discussion: """
                Bytes of a message in codec 1, without its header; the parts of many messages are averaged. What says which \
                entities have changed is not among the bytes of an entity.
                """)

        @OptionGroup var choice: Choice

        @Option(parsing: .unconditional, help: "Look at the message of that frame alone, counted from 0.")
        var frame: Int?

        @Option(parsing: .unconditional, help: "Print so many entities, the dearest first.")
        var entities = 10

        func validate() throws {
            guard (0...65_535).contains(entities) else { throw ValidationError("--entities is 0 to 65535.") }
        }

        func run() throws {
            let states = try choice.states()
            var price = SnapshotPrice(schema: BodyRecording.schema, tables: try choice.tables())
            let links = choice.rule.links(states.count).filter { $0.frame == frame ?? $0.frame }
            guard !links.isEmpty else {
                Main.complain("muster: \(choice.recording): there is no such message")
                throw ExitCode(2)
            }
            for link in links {
                price.add(
                    states[link.frame], since: link.baseline.map { states[$0] },
                    before: link.before.map { states[$0] })
            }
            for part in price.parts { say(part.name, part.bits, of: links.count) }
            for entity in price.entities.prefix(entities) { say(entity.name, entity.bits, of: links.count) }
            say("all", price.parts.reduce(0) { $0 + $1.bits }, of: links.count, ", \(links.count) messages")
        }

        private func say(_ name: String, _ bits: Double, of messages: Int, _ rest: String = "") {
            let bytes = bits / 8 / Double(messages)
            Main.say("\(name)  \(bytes.formatted(.number.precision(.fractionLength(2)))) bytes\(rest)")
        }
    }
}
