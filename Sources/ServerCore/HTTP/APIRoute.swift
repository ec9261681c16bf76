import HTTPCore
import HTTPTypes

/// Something that can be asked under `/api`: what `protocol/spec/openapi.json` says, and nothing else.
package struct APIRoute: Sendable {
    /// How it is asked. A GET is answered to HEAD, too.
    package let method: HTTPRequest.Method
    /// Its path as OpenAPI writes it, with names in braces for parts that may be anything: `/api/lobbies/{id}`.
    package let path: String
    private let parts: [Substring]
    /// Answers a request, with what stands where the names are.
    private let answer: @Sendable (Server, [String], HTTPExchange) -> Void

    private init(
        _ method: HTTPRequest.Method, _ path: String,
        _ answer: @escaping @Sendable (Server, [String], HTTPExchange) -> Void
    ) {
        self.method = method
        self.path = path
        self.answer = answer
        parts = Self.parts(of: path)
    }

    private static func parts(of path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }

    /// Everything there is.
    package static let all = open + admins

    private static let open = [
        APIRoute(.get, "/api/openapi.json") { _, _, exchange in WebFiles.apiOpenapiJson.answer(exchange) },
        APIRoute(.get, "/api/lobbies") { $0.answerList($2) },
        APIRoute(.post, "/api/lobbies") { $0.openLobby($2) },
        APIRoute(.get, "/api/lobbies/{id}") { $0.answerState(of: $1[0], $2) },
        APIRoute(.get, "/api/lobbies/{id}/events") { $0.watch($1[0], $2) },
        APIRoute(.post, "/api/lobbies/{id}/seats") { $0.reserve(in: $1[0], $2) },
        APIRoute(.delete, "/api/lobbies/{id}/seats/{ticket}") { $0.giveUpSeat(in: $1[0], ticket: $1[1], $2) },
        APIRoute(.post, "/api/queue") { $0.enterQueue($2) },
        APIRoute(.get, "/api/queue/{id}") { $0.answerPlace($1[0], $2) },
        APIRoute(.get, "/api/queue/{id}/events") { $0.watchPlace($1[0], $2) },
        APIRoute(.delete, "/api/queue/{id}") { $0.leaveQueue($1[0], $2) },
        APIRoute(.get, "/api/leaderboards/{game}") { $0.answerLeaderboard(of: $1[0], $2) },
        APIRoute(.get, "/api/results") { $0.answerResults($2) },
        APIRoute(.post, "/api/admin/login") { $0.answerLogin($2) },
        APIRoute(.post, "/api/admin/logout") { $0.answerLogout($2) },
    ]

    /// The verbs of admins, after what anyone may ask: those are asked more.
    private static let admins: [APIRoute] = AdminVerb.all.map { verb in
        APIRoute(verb.isAction ? .post : .get, Server.adminPath + verb.name) { server, _, exchange in
            server.answer(verb, exchange)
        }
    }

    /// What stands in a path where the names are; nil for a path that is not this route's.
    private func names(in path: [Substring]) -> [String]? {
        guard path.count == parts.count else { return nil }
        var names: [String] = []
        for (part, own) in zip(path, parts) {
            if own.first == "{" { names.append(String(part)) } else if own != part { return nil }
        }
        return names
    }

    /// Answers a request by the route that it is for; 404 where there is none, 405 where it is asked otherwise.
    static func answer(_ exchange: HTTPExchange, by server: Server) {
        let head = exchange.head
        let path = parts(of: head.path)
        let method = head.method == .head ? .get : head.method
        for route in all where route.method == method {
            if let names = route.names(in: path) { return route.answer(server, names, exchange) }
        }
        guard let methods = methods(of: head.path) else { return exchange.respond(.notFound, error: "no such path") }
        exchange.respond(.methodNotAllowed, error: "only \(methods)", fields: [.allow: "\(methods), OPTIONS"])
    }

    /// How a path may be asked; nil where no route has it.
    static func methods(of path: String) -> String? {
        let path = parts(of: path)
        let routes = all.filter { $0.names(in: path) != nil }
        guard !routes.isEmpty else { return nil }
        return routes.map { $0.method == .get ? "GET, HEAD" : $0.method.rawValue }.joined(separator: ", ")
    }
}

extension Server {
    /// Answers what is asked under `/api` (protocol/spec/lobby.md §5): always JSON, or an event stream.
    func answerAPI(_ exchange: HTTPExchange) {
        let isAdmin = exchange.head.path.hasPrefix(Self.adminPath)
        guard (isAdmin ? adminOrigins : origins).admits(exchange) else { return }
        APIRoute.answer(exchange, by: self)
    }
}
