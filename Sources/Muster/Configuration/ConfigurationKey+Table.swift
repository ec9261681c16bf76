import HTTPCore
import ServerCore
import SocketIOCore

extension ConfigurationKey {
    /// Every setting there is, in the order they are shown.
    package static let all: [ConfigurationKey] = [
        .list(
            "listen", \.listen, of: 1...64, allowed: "one or more of \(ListenAddress.forms)",
            "Where to listen, with TLS at https://; port 0 takes a free one.",
            format: \.description, parse: { ListenAddress($0) }),
        .integer("loops", \.loops, 1...64, "How many loops share the work, each on a thread of its own."),
        .list(
            "tls.certificate", \.tls.certificate, of: 0...64, allowed: "a list of paths",
            "The certificates, in PEM form with their chains; the first serves clients that name no other.",
            format: { $0 }, parse: { isPlain($0, 1...4_096) ? $0 : nil }),
        .list(
            "tls.key", \.tls.key, of: 0...64, allowed: "a list of paths",
            "The private key of each certificate, in the same order.",
            format: { $0 }, parse: { isPlain($0, 1...4_096) ? $0 : nil }),
        .list(
            "proxies", \.server.admission.proxies, of: 0...1_000, allowed: "a list of addresses, or ADDRESS/BITS",
            "The proxies that are believed about who a client is: in X-Forwarded-For, or in a PROXY header.",
            format: \.description, parse: { AddressRange($0) }),
        .boolean(
            "proxyProtocol", \.server.proxyProtocol,
            "Whether every connection of the proxies begins with a PROXY header of version 2."),
        .seconds(
            "heartbeat.intervalSeconds", \.server.heartbeatInterval, 0.1...3_600,
            "The wait between a pong, or the opening, and the next ping."),
        .seconds(
            "heartbeat.timeoutSeconds", \.server.heartbeatTimeout, 0.1...3_600,
            "How long a peer may take to answer a ping before it counts as dead."),
        .integer(
            "limits.connections", \.server.admission.connectionsMax, 1...1_000_000,
            "The most connections at a time; more are answered with 503."),
        .integer(
            "limits.lobbiesPerAddress", \.server.admission.lobbiesPerAddressMax, 1...100_000,
            "The most lobbies open at a time because of one address, or IPv6 /64, beyond this machine."),
        .integer(
            "limits.connectionsPerAddress", \.server.admission.connectionsPerAddressMax, 1...1_000_000,
            "The most connections at a time of one address, or IPv6 /64, beyond this machine."),
        .integer("limits.lobbies", \.server.lobbiesMax, 1...100_000, "The most lobbies at a time."),
        .integer(
            "limits.messageBytes", \.server.messageBytesMax, 1_024...16_777_216,
            "The longest message that a peer may send."),
        .integer(
            "limits.fragments", \.server.fragmentsMax, 1...1_000_000, "The most frames in which one message may come."
        ),
        .integer(
            "limits.bodyBytes", \.server.bodyBytesMax, 0...67_108_864,
            "The longest body of an HTTP request, where a path sets no limit of its own."),
        .integer(
            "limits.outboxBytes", \.server.outboxBytesMax, 4_096...67_108_864,
            "The most reliable bytes that wait for one connection."),
        .integer(
            "limits.messagesPerSecond", \.server.messagesPerSecond, 1...100_000,
            "Messages a second that one connection may send, with a burst of twice as many."),
        .integer(
            "limits.compressionBytes", \.server.compressionBytesMax, 0...17_179_869_184,
            "The most bytes for compression contexts; where a connection's do not fit, it goes uncompressed."),
        .integer(
            "limits.inflatedBytesPerSecond", \.server.inflatedBytesPerSecond, 65_536...17_179_869_184,
            "Bytes a second that one connection's compressed messages may become, with a second's worth at once."),
        .integer(
            "limits.namespaces", \.server.namespacesMax, 1...1_000, "The most namespaces that one connection may be in."
        ),
        .integer(
            "limits.watchers", \.server.watchersMax, 0...1_000_000,
            "The most who may watch lobbies at a time, as spectators or over event streams."),
        .integer(
            "limits.watchersPerLobby", \.server.watchersPerLobbyMax, 0...1_000_000,
            "The most who may watch one lobby at a time; a game and who opens it may want fewer."),
        .integer(
            "limits.subscribers", \.server.subscribersMax, 0...1_000_000,
            "The most who may subscribe to the list of lobbies at a time."),
        .boolean(
            "compression", \.server.compressesMessages,
            "Whether WebSocket messages are compressed for clients that offer it."),
        .seconds(
            "timeouts.headSeconds", \.server.headTimeout, 0.1...3_600,
            "How long a connection may take to send its whole request head."),
        .seconds(
            "timeouts.bodySeconds", \.server.bodyTimeout, 0.1...3_600,
            "How long a request may take to send its body, once its head is there."),
        .seconds(
            "timeouts.keepAliveSeconds", \.server.keepAliveTimeout, 0.1...3_600,
            "How long an HTTP connection is kept for a next request."),
        .seconds(
            "timeouts.handshakeSeconds", \.server.handshakeTimeout, 0.1...3_600,
            "How long a TLS handshake may take."),
        .seconds(
            "timeouts.joinSeconds", \.server.joinTimeout, 0.1...3_600,
            "How long an upgraded connection may go without joining anything."),
        .seconds(
            "timeouts.messageSeconds", \.server.messageTimeout, 0.1...3_600,
            "How long one message may take from its first byte to its last."),
        .seconds(
            "timeouts.closeSeconds", \.server.closeTimeout, 0.1...3_600,
            "How long a peer may take to answer the server's close frame."),
        .seconds(
            "timeouts.writeSeconds", \.server.writeTimeout, 0.1...3_600,
            "How long queued bytes may wait for a peer that does not read."),
        .text(
            "lobby.defaultGame", \.server.defaultGame, allowed: "a game's name, or empty for none",
            "The game of a lobby that a join opens without naming one; none refuses such joins.",
            format: { $0 ?? "" }, parse: { isPlain($0, 0...64) ? .some($0.isEmpty ? nil : $0) : nil }),
        .seconds(
            "lobby.emptySeconds", \.server.emptyLobbyTime, 0...86_400, "How long a lobby without players is kept."),
        .integer(
            "lobby.budgetPercent", \.server.lobbyBudgetPercent, 1...100,
            "How much of its loop's time one lobby may take, in hundredths; beyond it, it is degraded, then closed."),
        .seconds(
            "lobby.kickSeconds", \.server.kickTime, 0...86_400,
            "How long a player who was kicked from a lobby may not come back to it."),
        .boolean(
            "lobby.watchable", \.server.isWatchable,
            "Whether anyone may see the state of a lobby without a seat: as a spectator, as JSON or as an event stream."
        ),
        .seconds(
            "lobby.watchDelaySeconds", \.server.watchDelay, 0...300,
            "How long after the players those who watch see what happens, at least."),
        .text(
            "record", \.record, allowed: "a path, or empty for none",
            "The folder into which each lobby is recorded for muster replay; none records nothing.",
            format: { $0 ?? "" }, parse: { isPlain($0, 0...4_096) ? .some($0.isEmpty ? nil : $0) : nil }),
        .integer(
            "recordMegabytes", \.recordMegabytes, 1...100_000_000,
            "How many megabytes of recordings are kept; the oldest are deleted beyond that."),
        .text(
            "auth.keys", \.auth.keys, allowed: "a path, or empty for none",
            "The JWK Set with which players' JWTs are checked; SIGHUP has it read anew. Without it none is taken.",
            format: { $0 ?? "" }, parse: { isPlain($0, 0...4_096) ? .some($0.isEmpty ? nil : $0) : nil }),
        .text(
            "auth.audience", \.auth.audience, allowed: "text of at most 256 bytes, or empty for anybody",
            "Who a player's JWT must be for: one of its aud.",
            format: { $0 ?? "" }, parse: { isPlain($0, 0...256) ? .some($0.isEmpty ? nil : $0) : nil }),
        .text(
            "auth.issuer", \.auth.issuer, allowed: "text of at most 256 bytes, or empty for anybody",
            "Who must have issued a player's JWT: its iss.",
            format: { $0 ?? "" }, parse: { isPlain($0, 0...256) ? .some($0.isEmpty ? nil : $0) : nil }),
        .boolean(
            "auth.guests", \.server.letsGuestsIn, "Whether players may join who have not shown who they are."),
        .text(
            "auth.duplicates", \.server.duplicateLogins,
            allowed: "one of " + DuplicateLogins.allCases.map(\.rawValue).joined(separator: ", "),
            "What becomes of a join by somebody who has a seat in the lobby: another seat, a refusal, or that seat.",
            format: \.rawValue, parse: { DuplicateLogins(rawValue: $0) }),
        .list(
            "origins", \.server.allowedOrigins, of: 0...1_000, allowed: "a list of SCHEME://HOST[:PORT], or *",
            "The web origins that may connect besides the server's own host; * allows every one.",
            format: { $0 }, parse: { isOrigin($0) ? $0 : nil }),
        .list(
            "socketio.transports", \.server.engineTransports, of: 1...2, allowed: "polling, websocket or both",
            "The transports by which Socket.IO may be spoken.",
            format: \.rawValue, parse: { EngineTransport(rawValue: $0) }),
        .boolean(
            "socketio.cookie", \.server.setsSessionCookie,
            "Whether a Socket.IO handshake sets a cookie that the session's further requests must show."),
        .seconds(
            "drainSeconds", \.server.drainTime, 0...3_600,
            "How long a drain waits for players to leave before it closes the rest."),
        .text(
            "storage", \.storage, allowed: "a path, or empty for none",
            "The SQLite file in which results, leaderboards, bans and the audit log are kept.",
            format: { $0 }, parse: { isPlain($0, 0...4_096) ? $0 : nil }),
        .text(
            "season", \.season, allowed: "up to 64 bytes without control characters",
            "The season whose leaderboards results add to, beside those of all times. If empty, an admin may begin one.",
            format: { $0 }, parse: { isPlain($0, 0...64) ? $0 : nil }),
        .boolean("admin.enabled", \.admin.isEnabled, "Whether there is an admin at all."),
        .text(
            "admin.user", \.admin.user, allowed: "1 to 128 bytes without control characters", "The admin's user name.",
            format: { $0 }, parse: { isPlain($0, 1...128) ? $0 : nil }),
        .text(
            "admin.password", \.admin.password,
            allowed: "\(AdminPassword.plainRule), or a hash as muster hash-password prints it", unset: "generated",
            "The admin's password; without one, a fresh one is printed at the start.",
            format: { $0 ?? "" }, parse: { AdminPassword.isAcceptable($0) ? .some($0) : nil }),
        .seconds(
            "admin.sessionSeconds", \.server.adminSessionTime, 60...2_592_000,
            "How long an admin who has logged in stays so."),
        .text(
            "admin.mode", \.server.adminUIMode,
            allowed: "one of " + AdminUIMode.allCases.map(\.rawValue).joined(separator: ", "),
            "What the official Socket.IO Admin UI is shown: figures alone, or also players and a sample of their events.",
            format: \.rawValue, parse: { AdminUIMode(rawValue: $0) }),
        .text(
            "metrics.token", \.server.metricsToken, allowed: "16 to 256 printable characters without spaces",
            unset: "none", "What requests for /metrics from other machines bear; without one, they are refused.",
            format: { $0 ?? "" },
            parse: {
                (16...256).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                    ? .some($0) : nil
            }),
        .text(
            "log.level", \.logLevel, allowed: "one of " + LogLevel.allCases.map(\.rawValue).joined(separator: ", "),
            "The least important messages that are logged.",
            format: \.rawValue, parse: { LogLevel(rawValue: $0) }),
    ]

    /// The key of that name.
    package static func named(_ name: String) -> ConfigurationKey? {
        all.first { $0.name == name }
    }

    /// Whether a text has a number of UTF-8 bytes in `lengths` and no control characters.
    private static func isPlain(_ text: String, _ lengths: ClosedRange<Int>) -> Bool {
        lengths.contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Whether a text is an origin as browsers send it (RFC 6454 §6.2), or `*`.
    private static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        let parts = text.split(separator: "://", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, parts[0].allSatisfy({ $0.isASCII && $0.isLetter }) else {
            return false
        }
        guard case .ip? = ListenAddress(parts[1]) ?? ListenAddress(parts[1] + ":0") else { return false }
        return true
    }
}
