import ArgumentParser
import Fleet
import Foundation
import Muster
import MusterClient

/// `muster monitor`: watches a running server.
struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Watch a running server and steer it: lobbies, seats, connections, lateness.",
        discussion: """
            Logs in to the admin namespace and shows what the server does, once a second. The password is best given \
            in MUSTER_ADMIN_PASSWORD, as other users may see a process's flags.

              MUSTER_ADMIN_PASSWORD=… muster monitor
              muster monitor --once --json             # one JSON object
              muster monitor --kick LOBBY/SEAT --reason 'spoils the game'
              muster monitor --close LOBBY
            """)

    /// The variable that the password is taken from when no flag gives it: the same as for `muster host`.
    static let passwordVariable = "MUSTER_ADMIN_PASSWORD"

    @Option(parsing: .unconditional, help: "The server, as http://HOST:PORT or https://HOST:PORT.")
    var server = "http://127.0.0.1:7777"

    @OptionGroup
    var proof: ServerProof

    @Option(parsing: .unconditional, help: "The admin's user name.")
    var user = "admin"

    @Option(
        name: .customLong("password"), parsing: .unconditional,
        help: "The admin's password. (default: $MUSTER_ADMIN_PASSWORD)")
    var givenPassword: String?

    @Flag(help: "Show the server once and exit.")
    var once = false

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Kick whoever holds a seat, and exit.", valueName: "lobby/seat"))
    var kick: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Close a lobby, and exit.", valueName: "lobby"))
    var close: String?

    @Option(parsing: .unconditional, help: "What the players are told with --kick or --close.")
    var reason = ""

    /// The password to log in with.
    var password: String {
        givenPassword ?? ProcessInfo.processInfo.environment[Self.passwordVariable] ?? ""
    }

    func validate() throws {
        guard ServerAddress(server) != nil else {
            throw ValidationError(
                "--server \"\(server)\" is refused; it must be http://HOST:PORT or https://HOST:PORT.")
        }
        guard !password.isEmpty else {
            throw ValidationError("There is no password: set \(Self.passwordVariable) or give --password.")
        }
        guard AdminPassword(text: password) == nil else {
            throw ValidationError("The password is a hash, which only the server can use; give the password itself.")
        }
        if let kick, MonitorAction.kick(kick, reason: reason) == nil {
            throw ValidationError("--kick \"\(kick)\" is refused; it must be LOBBY/SEAT, such as yard/3.")
        }
        guard kick == nil || close == nil else { throw ValidationError("Give --kick or --close, not both.") }
    }

    func run() throws {
        var options = MonitorOptions(server: server, user: user, password: password)
        options.trust = proof.trust
        options.once = once
        options.json = json
        options.action = kick.flatMap { MonitorAction.kick($0, reason: reason) }
        if let close { options.action = .closeLobby(close, reason: reason) }
        throw ExitCode(runMonitor(options))
    }
}
