import ArgumentParser
import GameKit
import Games
import Muster

/// `muster host`: a server with the built-in games.
struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Host lobbies of the built-in games.",
        discussion: """
            Every setting may stand in muster.json, in the environment (MUSTER_…) or in a flag; each of these \
            overrides the ones before it. docs/configuration.md lists them all.

              muster host
              muster host --listen 0.0.0.0:9000 --listen '[::]:9000'
              muster host --listen https://0.0.0.0:7443 --tls-certificate chain.pem --tls-key key.pem
              muster host --limits-lobbies 50 --drain-seconds 30
              muster host --record recordings    # each lobby into a file, for muster replay
              MUSTER_LOG_LEVEL=debug muster host --config arena.json
              muster host --print-config    # each value, and where it is from

            Without admin.password in the file or MUSTER_ADMIN_PASSWORD, a fresh password is printed at the start.
            """)

    @Option(help: ArgumentHelp("The configuration file. (default: muster.json, if there is one)", valueName: "path"))
    var config: String?

    @Flag(help: "Print every setting and where its value came from, as JSON, and exit.")
    var printConfig = false

    @OptionGroup(title: "Settings")
    var settings: SettingFlags

    func run() throws {
        let loaded = try MusterConfiguration.load(file: config, flags: settings.texts)
        guard !printConfig else { return print(loaded.report) }
        let server = MusterServer(configuration: loaded.configuration)
        for game in BuiltInGames.all { server.serve(game) }
        do {
            try server.run { Main.say(Self.greeting($0, user: loaded.configuration.admin.user)) }
        } catch let error as HostError {
            Main.complain("muster: \(error)")
            throw ExitCode(1)
        }
    }

    /// What is printed once the server accepts: where, with which games, and what to try next.
    private static func greeting(_ start: ServerStart, user: String) -> String {
        var lines = ["muster \(MusterVersion.current), games: \(BuiltInGames.all.map(\.name).joined(separator: ", "))"]
        lines += start.addresses.map { "listening on \($0)" }
        if let password = start.generatedAdminPassword {
            lines.append("admin: user \(user), password \(password) (fresh, shown only now)")
        }
        let plain = start.addresses.first { $0.hasPrefix("http://") }
        guard let address = plain ?? start.addresses.first(where: { $0.hasPrefix("https://") }) else {
            return lines.joined(separator: "\n")
        }
        let secret = start.generatedAdminPassword ?? "…"
        lines += [
            "", "try next, in another terminal (muster is .build/release/muster):",
            "  muster bots --server \(address)",
            "  MUSTER_ADMIN_PASSWORD=\(secret) muster monitor --server \(address)",
            "  curl \(address)/api/lobbies", "",
        ]
        if plain == nil { lines.append("with a certificate of your own they need --ca FILE, and curl --cacert FILE\n") }
        return lines.joined(separator: "\n")
    }
}
