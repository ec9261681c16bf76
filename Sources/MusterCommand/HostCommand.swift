import ArgumentParser
import Fleet
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
              muster host --bots 6               # somebody to play with
              muster host --record recordings    # each lobby into a file, for muster replay
              MUSTER_LOG_LEVEL=debug muster host --config arena.json
              muster host --print-config    # each value, and where it is from

            Without admin.password in the file or MUSTER_ADMIN_PASSWORD, a fresh password is printed at the start.
            """)

    @Option(help: ArgumentHelp("The configuration file. (default: muster.json, if there is one)", valueName: "path"))
    var config: String?

    @Flag(help: "Print every setting and where its value came from, as JSON, and exit.")
    var printConfig = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep so many bots in a lobby of arena, and as many in one of team-arena: 0 to 12."))
    var bots = 0

    @OptionGroup(title: "Settings")
    var settings: SettingFlags

    func validate() throws {
        if !(0...12).contains(bots) { throw ValidationError("--bots must be 0 to 12, not \(bots).") }
    }

    func run() throws {
        let loaded = try MusterConfiguration.load(file: config, flags: settings.texts)
        guard !printConfig else { return print(loaded.report) }
        for warning in loaded.warnings { Main.complain("muster: \(warning)") }
        let server = MusterServer(configuration: loaded.configuration)
        for game in BuiltInGames.all { server.serve(game) }
        do {
            try server.run { start in
                Main.say(greeting(start, user: loaded.configuration.admin.user))
                keepBots(start)
            }
        } catch let error as HostError {
            Main.complain("muster: \(error)")
            throw ExitCode(1)
        }
    }

    /// Lets the bots in, over an address without TLS: whether they would trust a certificate nobody has said.
    private func keepBots(_ start: ServerStart) {
        guard bots > 0 else { return }
        guard let address = start.addresses.first(where: { $0.hasPrefix("http://") }) else {
            return Main.complain("muster: --bots needs an address without TLS")
        }
        let fleets = ["arena", "team-arena"].map { game in
            var fleet = FleetOptions(server: address, game: game, brains: BuiltInGames.brains)
            (fleet.count, fleet.lobbyPrefix) = (bots, game)
            (fleet.seconds, fleet.quiet) = (30 * 86_400, true)
            return fleet
        }
        do {
            try startResidents(fleets)
        } catch {
            Main.complain("muster: no bots: \(error)")
        }
    }

    /// What is printed once the server accepts: where, with which games, and what to try next.
    private func greeting(_ start: ServerStart, user: String) -> String {
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
        let company = bots > 0 && plain != nil ? ", where \(bots) bots are" : ""
        lines += [
            "", "to play, open \(address) in a browser\(company)", "to watch over it, open \(address)/admin",
            "", "try next, in another terminal (muster is .build/release/muster):",
            "  muster bots --server \(address)",
            "  MUSTER_ADMIN_PASSWORD=\(secret) muster monitor --server \(address)",
            "  curl \(address)/api/lobbies", "",
        ]
        if plain == nil { lines.append("with a certificate of your own they need --ca FILE, and curl --cacert FILE\n") }
        return lines.joined(separator: "\n")
    }
}
