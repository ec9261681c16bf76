import ServerCore

/// Everything a server is told before it starts, typed and checked.
///
/// ``load(file:environment:flags:)`` fills it from `muster.json`, the environment and flags; a program of its own may
/// set it directly. Every key is a row of ``ConfigurationKey/all``, which says its range and its help; the defaults are
/// the ones here and in `ServerSettings`.
public struct MusterConfiguration: Sendable {
    /// Where the server listens; never empty.
    public var listen = [ListenAddress.ip(host: "127.0.0.1", port: 7777)]
    /// How many loops share the work, each on a thread of its own.
    public var loops = 1
    /// The certificates of the addresses with TLS.
    public var tls = TLSSettings()
    /// The folder into which every lobby is recorded; nil records none.
    public var record: String?
    /// How much of recordings is kept, in megabytes; the oldest are deleted beyond it.
    public var recordMegabytes = 10_000
    /// Who may log in as admin.
    public var admin = AdminSettings()
    /// The SQLite file in which results, leaderboards, bans and the audit log are kept; empty for none.
    public var storage = ""
    /// The season whose leaderboards results add to, beside those of all times; empty for none.
    public var season = ""
    /// By whose word it knows who its players are.
    public var auth = AuthSettings()
    /// The least important messages that are logged.
    public var logLevel = LogLevel.info
    /// Limits, times and policies of the server core.
    package var server = ServerSettings()

    /// The defaults.
    public init() {}
}

/// The certificates of a server: files in PEM form, which SIGHUP has it read anew.
public struct TLSSettings: Sendable {
    /// The paths of the certificates, each with its chain. The first also serves clients that ask for no name, or one that is
    /// not here.
    public var certificate: [String] = []
    /// The paths of their private keys, in the same order, not encrypted.
    public var key: [String] = []

    /// No certificates.
    public init() {}
}

/// Who may log in to the `/admin` namespace.
public struct AdminSettings: Sendable {
    /// Whether there is an admin at all.
    public var isEnabled = true
    /// The admin's user name.
    public var user = "admin"
    /// The password, plain or as the text of an ``AdminPassword``; nil has one generated at the start.
    public var password: String?

    /// An admin named `admin` with a generated password.
    public init() {}
}

/// How important a log message is, the most important first.
public enum LogLevel: String, Sendable, CaseIterable {
    /// Something failed: a lobby's game, a join hook.
    case error
    /// Somebody tried what they may not: a refused admin login.
    case warning
    /// What an operator wants to know: the drain, and what admins do.
    case info
    /// Each join.
    case debug
}
