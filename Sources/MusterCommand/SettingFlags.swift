import ArgumentParser
import Muster

/// The flags of `muster host`: one for each configuration key, whose name and help come from the key.
///
/// The values are texts here; the configuration checks them together with those of the file and the environment.
struct SettingFlags: ParsableArguments {
    @Option(key: "listen") var listen: [SettingFlag]
    @Option(key: "loops") var loops: [SettingFlag]
    @Option(key: "tls.certificate") var certificate: [SettingFlag]
    @Option(key: "tls.key") var key: [SettingFlag]
    @Option(key: "proxies") var proxies: [SettingFlag]
    @Option(key: "proxyProtocol") var proxyProtocol: [SettingFlag]
    @Option(key: "heartbeat.intervalSeconds") var heartbeatInterval: [SettingFlag]
    @Option(key: "heartbeat.timeoutSeconds") var heartbeatTimeout: [SettingFlag]
    @Option(key: "limits.connections") var connections: [SettingFlag]
    @Option(key: "limits.lobbies") var lobbies: [SettingFlag]
    @Option(key: "limits.messageBytes") var messageBytes: [SettingFlag]
    @Option(key: "limits.lobbiesPerAddress") var lobbiesPerAddress: [SettingFlag]
    @Option(key: "limits.connectionsPerAddress") var connectionsPerAddress: [SettingFlag]
    @Option(key: "limits.fragments") var fragments: [SettingFlag]
    @Option(key: "limits.bodyBytes") var bodyBytes: [SettingFlag]
    @Option(key: "limits.outboxBytes") var outboxBytes: [SettingFlag]
    @Option(key: "limits.messagesPerSecond") var messagesPerSecond: [SettingFlag]
    @Option(key: "limits.compressionBytes") var compressionBytes: [SettingFlag]
    @Option(key: "limits.inflatedBytesPerSecond") var inflatedBytesPerSecond: [SettingFlag]
    @Option(key: "limits.namespaces") var namespaces: [SettingFlag]
    @Option(key: "limits.watchers") var watchers: [SettingFlag]
    @Option(key: "limits.watchersPerLobby") var watchersPerLobby: [SettingFlag]
    @Option(key: "limits.subscribers") var subscribers: [SettingFlag]
    @Option(key: "compression") var compression: [SettingFlag]
    @Option(key: "timeouts.headSeconds") var headTimeout: [SettingFlag]
    @Option(key: "timeouts.bodySeconds") var bodyTimeout: [SettingFlag]
    @Option(key: "timeouts.keepAliveSeconds") var keepAliveTimeout: [SettingFlag]
    @Option(key: "timeouts.handshakeSeconds") var handshakeTimeout: [SettingFlag]
    @Option(key: "timeouts.joinSeconds") var joinTimeout: [SettingFlag]
    @Option(key: "timeouts.messageSeconds") var messageTimeout: [SettingFlag]
    @Option(key: "timeouts.closeSeconds") var closeTimeout: [SettingFlag]
    @Option(key: "timeouts.writeSeconds") var writeTimeout: [SettingFlag]
    @Option(key: "lobby.defaultGame") var defaultGame: [SettingFlag]
    @Option(key: "lobby.emptySeconds") var emptyLobbyTime: [SettingFlag]
    @Option(key: "lobby.budgetPercent") var lobbyBudgetPercent: [SettingFlag]
    @Option(key: "lobby.kickSeconds") var kickTime: [SettingFlag]
    @Option(key: "lobby.watchable") var watchable: [SettingFlag]
    @Option(key: "lobby.watchDelaySeconds") var watchDelay: [SettingFlag]
    @Option(key: "record") var record: [SettingFlag]
    @Option(key: "recordMegabytes") var recordMegabytes: [SettingFlag]
    @Option(key: "auth.keys") var authKeys: [SettingFlag]
    @Option(key: "auth.audience") var authAudience: [SettingFlag]
    @Option(key: "auth.issuer") var authIssuer: [SettingFlag]
    @Option(key: "auth.guests") var authGuests: [SettingFlag]
    @Option(key: "auth.duplicates") var authDuplicates: [SettingFlag]
    @Option(key: "origins") var origins: [SettingFlag]
    @Option(key: "socketio.transports") var engineTransports: [SettingFlag]
    @Option(key: "socketio.cookie") var sessionCookie: [SettingFlag]
    @Option(key: "drainSeconds") var drainTime: [SettingFlag]
    @Option(key: "storage") var storage: [SettingFlag]
    @Option(key: "season") var season: [SettingFlag]
    @Option(key: "admin.enabled") var adminEnabled: [SettingFlag]
    @Option(key: "admin.user") var adminUser: [SettingFlag]
    @Option(key: "admin.sessionSeconds") var adminSession: [SettingFlag]
    @Option(key: "admin.mode") var adminMode: [SettingFlag]
    @Option(key: "log.level") var logLevel: [SettingFlag]

    /// The texts that were given, in order, by the name of their key.
    var texts: [String: [String]] {
        let given = Mirror(reflecting: self).children.flatMap {
            ($0.value as? Option<[SettingFlag]>)?.wrappedValue ?? []
        }
        return Dictionary(grouping: given, by: \.key).mapValues { $0.map(\.text) }
    }
}

/// The text that was given for a configuration key.
struct SettingFlag: Sendable {
    /// The key's name.
    let key: String
    /// The value as it was given.
    let text: String
}

extension Option where Value == [SettingFlag] {
    /// The flag of a key; it may be repeated, so that the configuration can say which flags must not be.
    init(key name: String) {
        guard let key = ConfigurationKey.named(name) else { preconditionFailure("There is no key \(name).") }
        let text = key.defaultText.map { " (default: \($0))" } ?? ""
        self.init(
            wrappedValue: [], name: .customLong(key.flag), parsing: .unconditionalSingleValue,
            help: ArgumentHelp("\(key.help) Must be \(key.allowed).\(text)", valueName: key.isList ? "item" : "value"),
            transform: { SettingFlag(key: name, text: $0) })
    }
}
