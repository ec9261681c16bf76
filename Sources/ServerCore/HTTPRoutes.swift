import ByteKit
import HTTPCore
import HTTPTypes
import JSONCore
import WebSocketCore

/// What the server answers to an HTTP request.
extension Server {
    /// Answers a request head: an upgrade, one of the few pages, or an error.
    func answer(_ head: HTTPRequestHead, on connection: Connection) {
        switch head.path {
        case "/socket.io/": answerSocketIO(head, on: connection)
        case let path where path.hasPrefix("/lobby/"):
            let id = String(path.dropFirst(7))
            guard LobbyID.isValid(id) else { return connection.respond(HTTPAnswer.plain(.notFound, head)) }
            upgrade(head, on: connection) { PlainSession(connection: connection, lobbyID: id) }
        default: connection.respond(page(head))
        }
    }

    private func page(_ head: HTTPRequestHead) -> [UInt8] {
        guard head.method == .get || head.method == .head else { return HTTPAnswer.methodNotAllowed(head) }
        switch head.path {
        case "/":
            // A browser asks for HTML by name; `curl` takes anything, and is told the addresses.
            let wantsPage = head.fields[values: .accept].contains { $0.lowercased().contains("text/html") }
            return wantsPage ? WebFiles.page.response(head) : HTTPAnswer.plain(.ok, head, text: Self.welcome)
        case "/health":
            return drainDeadline == nil
                ? HTTPAnswer.plain(.ok, head, text: "ok")
                : HTTPAnswer.plain(.serviceUnavailable, head, text: "draining")
        case "/api/lobbies": return HTTPAnswer.json(lobbyList(), head)
        case let path:
            guard let file = WebFiles.byPath[path] else { return HTTPAnswer.plain(.notFound, head) }
            return file.response(head)
        }
    }

    private static let welcome = """
        Muster is running.

        Play arena:     this address in a browser
        Join a lobby:   WebSocket /lobby/<id>, or Socket.IO namespace /lobby/<id>
        Open lobbies:   GET /api/lobbies
        Health:         GET /health
        """

    private func answerSocketIO(_ head: HTTPRequestHead, on connection: Connection) {
        do throws(HTTPError) {
            let query = try HTTPQuery(head.query)
            let transport = try query.value("transport")
            guard transport == "websocket" else { return refuseEngine(0, head, connection) }
            guard try query.value("EIO") == "4" else { return refuseEngine(5, head, connection) }
            guard try query.value("sid") == nil else { return refuseEngine(1, head, connection) }
            upgrade(head, on: connection) { SocketIOSession(connection: connection) }
        } catch {
            counters[.handshakesRefused] += 1
            connection.respond(error.response())
        }
    }

    private func refuseEngine(_ code: Int64, _ head: HTTPRequestHead, _ connection: Connection) {
        counters[.handshakesRefused] += 1
        connection.respond(HTTPAnswer.engineError(code, head))
    }

    private func upgrade(_ head: HTTPRequestHead, on connection: Connection, _ session: () -> Session) {
        do throws(WebSocketHandshakeError) {
            let handshake = try WebSocketHandshake.check(head)
            guard isAllowedOrigin(head) else {
                counters[.handshakesRefused] += 1
                return connection.respond(HTTPAnswer.plain(.forbidden, head, text: "this origin may not connect"))
            }
            connection.upgrade(response: handshake.response(), to: session())
        } catch {
            counters[.handshakesRefused] += 1
            connection.respond(error.response())
        }
    }

    /// One rule for all transports: a browser may come from the server's own host, or from a listed origin.
    private func isAllowedOrigin(_ head: HTTPRequestHead) -> Bool {
        let origins = head.fields[values: .origin]
        guard let origin = origins.first else { return true }
        guard origins.count == 1 else { return false }
        if settings.allowedOrigins.contains("*") || settings.allowedOrigins.contains(origin) { return true }
        // An origin is scheme "://" host [":" port]; the host is compared as the browser wrote it to both places.
        let parts = origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        let hostField = head.fields.first { $0.name.canonicalName == "host" }
        guard let host = hostField?.value, parts.count == 3, parts[0].last == ":", parts[1].isEmpty else {
            return false
        }
        return parts[2].lowercased() == host.lowercased()
    }
}

/// Whole HTTP answers, each the last on its connection.
enum HTTPAnswer {
    static let requestTimeout = HTTPWriter.response(.requestTimeout, text: "Request Timeout", connection: .close)

    static let overloaded = HTTPWriter.response(
        .serviceUnavailable, fields: [.retryAfter: "5"], text: "too many connections", connection: .close)

    static func plain(_ status: HTTPResponse.Status, _ head: HTTPRequestHead, text: String? = nil) -> [UInt8] {
        HTTPWriter.response(
            status, fields: [.cacheControl: "no-store"], text: text ?? status.reasonPhrase, connection: .close,
            isForHead: head.method == .head)
    }

    static func methodNotAllowed(_ head: HTTPRequestHead) -> [UInt8] {
        HTTPWriter.response(
            .methodNotAllowed, fields: [.allow: "GET, HEAD"], text: "Method Not Allowed", connection: .close)
    }

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, _ head: HTTPRequestHead) -> [UInt8] {
        var body: [UInt8] = []
        value.write(to: &body)
        body.append(UInt8(ascii: "\n"))
        return HTTPWriter.response(
            status, fields: [.contentType: "application/json", .cacheControl: "no-store"], body: body,
            connection: .close, isForHead: head.method == .head)
    }

    /// An Engine.IO error: the exact JSON of the reference (protocol/spec/socketio.md §2).
    static func engineError(_ code: Int64, _ head: HTTPRequestHead) -> [UInt8] {
        let messages = [
            "Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
            "Unsupported protocol version",
        ]
        return json(
            ["code": .integer(code), "message": .string(messages[Int(code)])],
            status: code == 4 ? .forbidden : .badRequest, head)
    }
}
