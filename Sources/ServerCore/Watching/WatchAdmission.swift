import HTTPCore
import HTTPTypes

/// Who may watch lobbies, and how many (limits.md).
extension Server {
    /// Makes a request an event stream of that lobby (protocol/spec/lobby.md §5.3).
    func watch(_ hosted: HostedLobby, _ exchange: HTTPExchange) {
        let request: WatchRequest
        do {
            request = try WatchRequest(exchange.head)
        } catch {
            return exchange.respond(.badRequest, error: error.message)
        }
        guard drainDeadline == nil else { return refuseWatcher(exchange, "the server is shutting down") }
        guard admitWatcher(to: hosted) else { return refuseWatcher(exchange, "too many watch already") }
        hosted.openGallery().open(exchange, request)
    }

    /// Counts one more who watches that lobby, if there may be.
    func admitWatcher(to hosted: HostedLobby) -> Bool {
        hosted.watcherCount < hosted.watchersMax && admitWatcher()
    }

    /// Counts one more who watches anything, if there may be.
    func admitWatcher() -> Bool {
        let isAdmitted = loops.withDirectory { [settings] directory in
            guard directory.watcherCount < settings.watchersMax else { return false }
            directory.watcherCount += 1
            return true
        }
        return isAdmitted ?? false
    }

    /// That many watch no more.
    func releaseWatchers(_ count: Int) {
        guard count > 0 else { return }
        _ = loops.withDirectory { $0.watcherCount -= count }
    }

    /// How many lobbies there are whose watchers are shown what is past, with those that have closed meanwhile.
    package var audienceCount: Int { audiences.count }

    func refuseWatcher(_ exchange: HTTPExchange, _ reason: String) {
        counters[.watchersRefused] += 1
        exchange.respond(.serviceUnavailable, error: reason, fields: [.retryAfter: "5"])
    }
}
