import ArgumentParser
import Foundation
import Muster
import ServerCore

/// `muster users`: who may log in as admin.
struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Say who may log in as admin, and what each may do.",
        discussion: """
            Users are kept in the storage, the SQLite file of the server. A server that runs on it takes notice within a \
            second: whoever was removed, or has another password or role, is logged out.

              muster users add ann --role moderator --storage muster.db      # asks for the password
              muster users passwd ann --storage muster.db < password.txt
              muster users role ann viewer --storage muster.db
              muster users remove ann --storage muster.db
              muster users list --json --storage muster.db

            Passwords come from the terminal, or as one line from standard input; never from an argument, which others can see.
            """,
        subcommands: [Add.self, Passwd.self, Role.self, Remove.self, List.self])

    /// Where the users are.
    struct Place: ParsableArguments {
        @Option(
            help: ArgumentHelp("The configuration file. (default: muster.json, if there is one)", valueName: "path"))
        var config: String?

        @Option(help: ArgumentHelp("The storage. (default: the configuration's)", valueName: "path"))
        var storage: String?

        /// Opens the storage and does something with its users.
        func withUsers(_ work: (AdminUsers) throws(AdminUsersError) -> Void) throws {
            let flags = storage.map { ["storage": [$0]] } ?? [:]
            let loaded = try MusterConfiguration.load(file: config, flags: flags)
            do throws(AdminUsersError) {
                try work(try AdminUsers(loaded.configuration))
            } catch {
                Main.complain("muster: \(error)")
                throw ExitCode.failure
            }
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user.")
        @OptionGroup var place: Place
        @Argument(help: "The user's name.") var name: String
        @Option(help: "What the user may do: \(AdminRole.allCases.map(\.rawValue).joined(separator: ", ")).")
        var role: AdminRole

        func run() throws {
            let password = try PasswordPrompt.ask(for: name)
            try place.withUsers { users throws(AdminUsersError) in
                try users.add(name, role, password: password)
                Main.say("Added \(name), \(role.rawValue).")
            }
        }
    }

    struct Passwd: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a user another password.")
        @OptionGroup var place: Place
        @Argument(help: "The user's name.") var name: String

        func run() throws {
            let password = try PasswordPrompt.ask(for: name)
            try place.withUsers { users throws(AdminUsersError) in
                try users.setPassword(of: name, password)
                Main.say("\(name) has another password.")
            }
        }
    }

    struct Role: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what a user may do.")
        @OptionGroup var place: Place
        @Argument(help: "The user's name.") var name: String
        @Argument(help: "\(AdminRole.allCases.map(\.rawValue).joined(separator: ", ")).") var role: AdminRole

        func run() throws {
            try place.withUsers { users throws(AdminUsersError) in
                try users.setRole(of: name, role)
                Main.say("\(name) is \(role.rawValue).")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user.")
        @OptionGroup var place: Place
        @Argument(help: "The user's name.") var name: String

        func run() throws {
            try place.withUsers { users throws(AdminUsersError) in
                try users.remove(name)
                Main.say("Removed \(name).")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all users.")
        @OptionGroup var place: Place
        @Flag(help: "Print JSON, one object a line.") var json = false

        func run() throws {
            try place.withUsers { users throws(AdminUsersError) in
                for user in try users.list() {
                    Main.say(
                        json
                            ? JSONText.line([
                                ("name", user.name), ("role", user.role), ("since", JSONText.time(user.since)),
                            ])
                            : "\(user.role)  \(user.name)")
                }
            }
        }
    }
}

extension AdminRole: ExpressibleByArgument {}
