import HTTPCore
import HTTPTypes
import JSONCore

/// The ways to the list of lobbies: asked for once, or subscribed to.
extension Session {
    /// Shows the list once (protocol/spec/lobby.md §5).
    func listLobbies(_ data: JSONValue, _ answered: @escaping ([JSONValue]) -> Void) throws(LobbyQueryError) {
        let query = try LobbyQuery(data)
        try takeList()
        server.listLobbies(query, answered)
    }

    /// Keeps the peer told of what is in the list, from now on: `answer` tells it that it is.
    func subscribe(_ data: JSONValue, _ dialect: Dialect, _ answer: () -> Void) throws(LobbyQueryError) {
        let query = try LobbyQuery(data)
        try takeList()
        unsubscribe()
        let subscriber = try server.liveList.subscribe(.session(self, dialect), query)
        subscription = subscriber
        answer()
        server.liveList.welcome(subscriber)
    }

    /// Tells the peer no more of it.
    func unsubscribe() {
        guard let subscriber = subscription else { return }
        subscription = nil
        server.liveList.unsubscribe(subscriber)
    }

    private func takeList() throws(LobbyQueryError) {
        guard let peer = transport.remotePeer, !server.listAllowance.take(peer, at: server.clock()) else { return }
        server.counters[.listsRefused] += 1
        throw LobbyQueryError("too many lists in a short time")
    }
}

extension Server {
    /// Makes a request for the list an event stream of it (protocol/spec/lobby.md §5.6).
    func streamList(_ query: LobbyQuery, _ exchange: HTTPExchange) {
        guard drainDeadline == nil, subscriberCount < settings.subscribersMax else {
            counters[.subscribersRefused] += 1
            return exchange.respond(
                .serviceUnavailable, error: "as many have subscribed as may", fields: [.retryAfter: "5"])
        }
        exchange.beginStream(fields: EventStreamForm.fields)
        // A HEAD has its whole answer.
        guard exchange.isOpen else { return }
        exchange.stream(EventStreamForm.opening)
        do {
            let subscriber = try liveList.subscribe(.stream(exchange), query)
            exchange.onAbandoned = { [weak self] in self?.liveList.unsubscribe(subscriber) }
            liveList.welcome(subscriber)
        } catch {
            exchange.endStream()
        }
    }
}

extension HTTPExchange {
    /// Whether the client asks for an event stream, as every `EventSource` does (HTML §9.2.2).
    var wantsEventStream: Bool {
        head.fields[values: .accept].contains { $0.lowercased().contains("text/event-stream") }
    }
}
