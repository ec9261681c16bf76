import HTTPCore
import HTTPTypes

/// What anyone may ask under `/api` (protocol/spec/lobby.md §5): every answer is JSON, or an event stream.
extension Server {
    func answerAPI(_ exchange: HTTPExchange) {
        guard origins.admits(exchange) else { return }
        guard exchange.head.method == .get || exchange.head.method == .head else {
            return exchange.respond(
                .methodNotAllowed, error: "only GET and HEAD", fields: [.allow: "GET, HEAD, OPTIONS"])
        }
        let parts = exchange.head.path.dropFirst("/api/".count).split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("lobbies", 1): listLobbies { exchange.respond(json: $0) }
        case ("lobbies", 2): withLobby(String(parts[1]), exchange) { $0.openGallery().answerState(exchange) }
        case ("lobbies", 3) where parts[2] == "events":
            withLobby(String(parts[1]), exchange) { watch($0, exchange) }
        default: exchange.respond(.notFound, error: "no such path")
        }
    }

    private func withLobby(_ id: String, _ exchange: HTTPExchange, _ answer: (HostedLobby) -> Void) {
        guard settings.isWatchable else {
            return exchange.respond(.forbidden, error: "this server shows its lobbies to their players only")
        }
        if let lobby = lobby(id) { return answer(lobby) }
        guard loops.withDirectory({ $0.loop(of: id) }) ?? nil != nil else {
            return exchange.respond(.notFound, error: "no such lobby")
        }
        // It is about to be opened, or was opened anew elsewhere while we came here.
        exchange.respond(
            .serviceUnavailable, error: "the lobby cannot be reached just now", fields: [.retryAfter: "1"])
    }

    private func watch(_ hosted: HostedLobby, _ exchange: HTTPExchange) {
        let request: WatchRequest
        do {
            request = try WatchRequest(exchange.head)
        } catch {
            return exchange.respond(.badRequest, error: error.message)
        }
        guard drainDeadline == nil else { return refuseWatcher(exchange, "the server is shutting down") }
        let gallery = hosted.openGallery()
        guard gallery.count < settings.watchersPerLobbyMax, admitWatcher() else {
            return refuseWatcher(exchange, "too many watch already")
        }
        gallery.open(exchange, request)
    }

    /// Counts one more event stream, if there may be.
    private func admitWatcher() -> Bool {
        let isAdmitted = loops.withDirectory { [settings] directory in
            guard directory.watcherCount < settings.watchersMax else { return false }
            directory.watcherCount += 1
            return true
        }
        return isAdmitted ?? false
    }

    /// That many event streams have ended.
    func releaseWatchers(_ count: Int) {
        guard count > 0 else { return }
        _ = loops.withDirectory { $0.watcherCount -= count }
    }

    private func refuseWatcher(_ exchange: HTTPExchange, _ reason: String) {
        counters[.watchersRefused] += 1
        exchange.respond(.serviceUnavailable, error: reason, fields: [.retryAfter: "5"])
    }
}
