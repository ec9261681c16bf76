import ArgumentParser
import Foundation
import Muster

/// The `muster` command.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster",
        abstract: "Host multiplayer game sessions, and play, watch and simulate them.",
        discussion: """
            Try it in two terminals:

              muster host           # the built-in games, on 127.0.0.1:7777
              muster bots           # a hundred bots play there for a minute

            Exit codes: 0 done, 1 it could not do its work, 2 bad arguments or settings.
            """,
        version: MusterVersion.current,
        subcommands: [
            HostCommand.self, BotsCommand.self, MonitorCommand.self, SimulateCommand.self, ReplayCommand.self,
            SnapshotsCommand.self, TablesCommand.self, UsersCommand.self, AuditCommand.self, HashPasswordCommand.self,
        ])

    static func main() {
        Foundation.exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs the command that `arguments` name and gives its exit code.
    ///
    /// ArgumentParser ends with 64 for what it refuses; here everything that is refused before the work begins is 2.
    static func run(_ arguments: [String]) -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            return 0
        } catch let error as ConfigurationError {
            complain(error.problems.map { "muster: \($0)" }.joined(separator: "\n"))
            return 2
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if !message.isEmpty {
                if code.isSuccess { print(message) } else { complain(message) }
            }
            return code == .validationFailure ? 2 : code.rawValue
        }
    }

    /// Writes a line to standard output at once, also when that is a pipe.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// Writes a line to standard error.
    static func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
