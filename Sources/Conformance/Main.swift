import ArgumentParser

/// The server that test suites from outside talk to.
@main
struct Conformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster-conformance",
        abstract: "A server for protocol test suites and for measuring, on Muster's public API.",
        subcommands: [SuitesCommand.self, BenchCommand.self],
        defaultSubcommand: SuitesCommand.self)
}
