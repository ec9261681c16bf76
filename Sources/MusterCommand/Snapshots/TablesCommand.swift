import ArgumentParser
import Foundation
import Games
import Muster
import SnapshotCore

/// `muster tables`: the tables of codec 1.
struct TablesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tables", abstract: "Make the tables by which codec 1 codes.", subcommands: [Train.self])

    /// `muster tables train`.
    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train tables on recordings, and write them to HASH.tables.",
            discussion: """
                The tables are for messages in step at several rates, for clients that are behind, and for keyframes. \
                They are named by their hash, which is printed. Recordings are what muster host --record FOLDER writes, of one of \
                the built-in games; for games of your own call trainTables(on:) of a MusterServer that serves them.

                  muster tables train recordings/*.recording --folder tables
                  muster tables train a.bin b.bin --folder tables
                """)

        @Argument(help: "Recordings of one game, or files with frames of 901 records of 32 bytes.")
        var recordings: [String]

        @Option(parsing: .unconditional, help: "Where to write them.")
        var folder = "."

        func run() throws {
            let areOfLobbies = recordings.allSatisfy { $0.hasSuffix(".recording") }
            let tables = areOfLobbies ? try trainedOnLobbies() : try trainedOnBodies()
            let file = URL(filePath: folder).appending(path: "\(tables.hashText).tables")
            do {
                try Data(tables.bytes).write(to: file)
            } catch {
                Main.complain("muster: \(file.path): it cannot be written")
                throw ExitCode.failure
            }
            Main.say("\(tables.hashText)  \(tables.bytes.count) bytes")
        }

        private func trainedOnBodies() throws -> CodingTables {
            var trainer = TableTrainer(schema: BodyRecording.schema)
            for path in recordings {
                let states = try SnapshotsCommand.Choice.states(path)
                for rule in SnapshotRule.usual { rule.train(&trainer, with: states) }
            }
            return trainer.tables()
        }

        private func trainedOnLobbies() throws -> CodingTables {
            let server = MusterServer(configuration: MusterConfiguration())
            for game in BuiltInGames.all { server.serve(game) }
            do {
                return try server.train(on: recordings)
            } catch let failure as ReplayFailure {
                Main.complain("muster: \(failure)")
                throw ExitCode(2)
            }
        }
    }
}
