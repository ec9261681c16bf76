import ArgumentParser
import Foundation
import JSONCore
import SnapshotCore

extension SnapshotsCommand {
    /// `muster snapshots encode`.
    struct Encode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a recording's messages, for decoders in other languages.",
            discussion: """
                One JSON object a line. The first has the schema, and the tables in base64; each of the others a message of codec 1 in \
                base64, the ticks of the state it leads to, of its baseline and of the state before, and the hash of the state.

                  muster snapshots encode a.bin --train b.bin >messages
                """)

        @OptionGroup var choice: Choice

        func run() throws {
            let (states, tables) = (try choice.states(), try choice.tables())
            let schema = BodyRecording.schema
            var codec = Codec1(schema: schema, tables: tables)
            let head: JSONValue = [
                "schema": .string(schema.text), "tables": .string(Data(tables.bytes).base64EncodedString()),
            ]
            Main.say(head.text)
            let links = choice.rule.links(states.count)
            // What the first messages lead on from has to be had.
            let keyframes = SnapshotRule(baseline: 0, every: choice.every).links(links.first?.frame ?? 0)
            for link in keyframes + links {
                let state = states[link.frame]
                let (baseline, before) = (link.baseline.map { states[$0] }, link.before.map { states[$0] })
                var bytes: [UInt8] = []
                codec.encode(state, since: baseline, before: before, stateHash: nil, appendingTo: &bytes)
                let message: JSONValue = [
                    "tick": .integer(Int64(state.tick)), "baseline": Self.tick(baseline), "before": Self.tick(before),
                    "message": .string(Data(bytes).base64EncodedString()), "hash": .integer(Int64(state.hash)),
                ]
                Main.say(message.text)
            }
        }

        private static func tick(_ state: WorldState?) -> JSONValue {
            state.map { .integer(Int64($0.tick)) } ?? .null
        }
    }
}
