import ByteKit
import HTTPTypes
import JSONCore
import SocketIOCore

@testable import ServerCore

extension AdminVerdict {
    /// For tests: right of that user and role, or wrong.
    static func of(_ isRight: Bool, _ user: String = "root", _ role: AdminRole = .admin) -> AdminVerdict {
        isRight ? .right(AdminUser(user, role, stamp: "1")) : .wrong(isKnown: user == "root")
    }
}

/// Three admins, one of each role, whose passwords are `secret`; and what the hooks were told.
final class AdminOffice {
    var users = AdminRole.allCases.map { AdminUser($0.rawValue, $0, stamp: "1") }
    var isSilent = false
    private(set) var acts: [AdminAct] = []
    private(set) var checks = 0

    var hooks: ServerHooks {
        var hooks = ServerHooks()
        hooks.verifyAdmin = { [unowned self] user, password, decided in
            checks += 1
            guard let found = users.first(where: { $0.name == user }) else { return decided(.wrong(isKnown: false)) }
            decided(password == "secret" ? .right(found) : .wrong(isKnown: true))
        }
        hooks.listAdmins = { [unowned self] answered in answered(isSilent ? nil : users) }
        hooks.audit = { [unowned self] in acts.append($0) }
        return hooks
    }

    /// What was noted, without the logins: `ACTION TARGET OUTCOME`.
    var notes: [String] {
        acts.filter { $0.action != "login" }.map { "\($0.actor) \($0.action) \($0.target) \($0.outcome)" }
    }
}

/// An admin on a socket.
final class AdminClient {
    let socket: SocketClient
    private var asked = 0

    init(_ world: World, _ user: String, password: String = "secret", peer: PeerAddress = .test) {
        socket = SocketClient(world, peer: peer)
        connect(["username": .string(user), "password": .string(password), "client": "muster"])
    }

    init(_ world: World, token: String, peer: PeerAddress = .test) {
        socket = SocketClient(world, peer: peer)
        connect(["token": .string(token), "client": "muster"])
    }

    func connect(_ auth: JSONObject) { socket.send(SocketPacket(namespace: "/admin", .connect(auth))) }

    func ask(_ verb: String, _ data: JSONValue = .null) -> JSONValue? {
        asked += 1
        socket.emit(verb, data, in: "/admin", id: asked)
        return socket.ack(asked)
    }

    /// The code of the refusal of what is asked; nil where it is done.
    func refusal(_ verb: String, _ data: JSONValue = .null) -> String? { ask(verb, data)?["code"]?.string }

    var words: [String] { socket.words("/admin") }
    var session: JSONValue? { socket.event("session", in: "/admin") }
    var token: String { session?["token"]?.string ?? "" }
    var isIn: Bool { words.contains("connect") && !words.contains("disconnect") }
}

extension AdminVerb {
    /// What a request for it has for a body. A `nil` in an expression of JSON would be JSON's own.
    func body(_ data: JSONValue) -> JSONValue? { isAction ? .some(data) : Optional.none }
}

extension World {
    /// Asks a verb over HTTP.
    func admin(_ verb: String, token: String?, _ body: JSONValue? = nil, fields: String...) -> Answer {
        let stream = connect()
        var lines = [
            "\(body == nil ? "GET" : "POST") /api/admin/\(verb) HTTP/1.1", "Host: muster.test:7777",
        ]
        if let token { lines.append("Authorization: Bearer \(token)") }
        let bytes = Array((body?.text ?? "").utf8)
        if body != nil { lines.append("Content-Length: \(bytes.count)") }
        stream.receive(Array((lines + fields + ["", ""]).joined(separator: "\r\n").utf8) + bytes)
        turn()
        defer { stream.cut() }
        return Answer(stream.sent)
    }
}
