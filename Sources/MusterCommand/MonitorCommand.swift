import ArgumentParser
import Fleet
import Foundation
import JSONCore
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
              muster monitor --lobby yard              # its seats
              muster monitor --once --json             # one JSON object
              muster monitor --events --player ann     # what happens to her connections and seats
              muster monitor --kick LOBBY/SEAT --reason 'spoils the game'
              muster monitor --close LOBBY
              muster monitor --ban subject:ID --seconds 86400 --reason cheating
              muster monitor --bans
              muster monitor --unban subject:ID
              muster monitor --season 2026-spring

            Whatever else an admin may do is a verb with its data (protocol/spec/admin.md):

              muster monitor trace player=ann
              muster monitor message text='We restart at noon.'
              muster monitor lock lobby=yard locked=false
              muster monitor audit actor=ann limit=20 --json
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

    @Option(parsing: .unconditional, help: "Show this lobby with its seats, in place of all lobbies.")
    var lobby: String?

    @Option(
        help: ArgumentHelp(
            "What the lobbies are in the order of: \(MonitorOrder.allCases.map(\.rawValue).joined(separator: ", "))."))
    var sort = MonitorOrder.players

    @Flag(help: "Show what happens to connections and seats, as it happens.")
    var events = false

    @Option(parsing: .unconditional, help: "With --events: only of the player of this name or subject.")
    var player: String?

    @Flag(help: "Show the server once and exit.")
    var once = false

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Kick whoever holds a seat, and exit.", valueName: "lobby/seat"))
    var kick: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Close a lobby, and exit.", valueName: "lobby"))
    var close: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep somebody out, and exit: the player of a seat, a subject or the guests of an address.",
            valueName: "lobby/seat, subject:id or address:ip"))
    var ban: String?

    @Option(parsing: .unconditional, help: "For how many seconds --ban holds. (default: until it is lifted)")
    var seconds: Int?

    @Flag(help: "With --ban of a seat: from all lobbies, and not from this one alone.")
    var everywhere = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Let somebody in again, and exit.", valueName: "subject:id or address:ip"))
    var unban: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --unban: to this lobby. (default: to all)", valueName: "lobby"))
    var from: String?

    @Flag(help: "List who is kept out, and exit.")
    var bans = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Begin a season of the leaderboards, and exit; '' for none.", valueName: "name"))
    var season: String?

    @Option(parsing: .unconditional, help: "What the players are told with --kick, --ban or --close.")
    var reason = ""

    @Argument(help: ArgumentHelp("A verb and what it is told, and exit.", valueName: "verb name=value"))
    var request: [String] = []

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
        if let kick, MonitorAction.Whom(kick)?.isSeat != true {
            throw ValidationError("--kick \"\(kick)\" is refused; it must be LOBBY/SEAT, such as yard/3.")
        }
        if let ban, MonitorAction.Whom(ban) == nil {
            throw ValidationError("--ban \"\(ban)\" is refused; it must be LOBBY/SEAT, subject:ID or address:IP.")
        }
        if let unban, MonitorAction.Whom(unban)?.isSeat ?? true {
            throw ValidationError("--unban \"\(unban)\" is refused; it must be subject:ID or address:IP.")
        }
        if let seconds, seconds < 1 {
            throw ValidationError("--seconds \(seconds) is refused; it must be 1 at least.")
        }
        guard from == nil || unban != nil else { throw ValidationError("--from goes with --unban alone.") }
        guard ban != nil || seconds == nil && !everywhere else {
            throw ValidationError("--seconds and --everywhere go with --ban alone.")
        }
        guard events || player == nil else { throw ValidationError("--player goes with --events alone.") }
        guard VerbText.data(Array(request.dropFirst())) != nil else {
            throw ValidationError("What a verb is told is NAME=VALUE, such as lobby=yard.")
        }
        guard request.isEmpty || ![kick, close, ban, unban, season].contains(where: { $0 != nil }) && !bans else {
            throw ValidationError("Give a verb or a flag that does something, not both.")
        }
        guard [kick, close, ban, unban, season].count(where: { $0 != nil }) + (bans ? 1 : 0) <= 1 else {
            throw ValidationError("Give one of --kick, --ban, --unban, --bans, --close and --season.")
        }
    }

    /// What is to be done, if anything.
    private var action: MonitorAction? {
        if let verb = request.first, var data = VerbText.data(Array(request.dropFirst())) {
            if !reason.isEmpty { data["reason"] = .string(reason) }
            return .ask(verb, data)
        }
        if let whom = kick.flatMap({ MonitorAction.Whom($0) }) { return .kick(whom, reason: reason) }
        if let whom = ban.flatMap({ MonitorAction.Whom($0) }) {
            return .ban(whom, reason: reason, seconds: seconds, everywhere: everywhere)
        }
        if let whom = unban.flatMap({ MonitorAction.Whom($0) }) { return .unban(whom, from: from) }
        if let close { return .closeLobby(close, reason: reason) }
        if let season { return .beginSeason(season) }
        return bans ? .bans : nil
    }

    func run() throws {
        var options = MonitorOptions(server: server, user: user, password: password)
        options.trust = proof.trust
        options.once = once
        options.json = json
        options.lobby = lobby
        options.order = sort
        if events {
            var filter = JSONObject()
            if let lobby { filter["lobby"] = .string(lobby) }
            if let player { filter["player"] = .string(player) }
            options.events = filter
        }
        options.action = action
        throw ExitCode(runMonitor(options))
    }
}

extension MonitorOrder: ExpressibleByArgument {}
