import ByteKit
import Determinism
import HTTPTypes
import JSONCore
import LobbyCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("What is tried on admins (reliability.md A-01, A-02, A-03, A-11)")
struct AdminAbuseTests {
    private let office = AdminOffice()

    /// Origins that are not `https://panel.example`, nor the server's own.
    private static let foreign = [
        "https://sub.panel.example", "https://panel.example.evil", "https://evilpanel.example", "https://panel.exampl",
        "https://panel.example:444", "https://panel.example:443", "http://panel.example", "https://panel.example.",
        "https://panel.example/", "https://panel.example/x", "https://panel.example?x", "https://panel.example#x",
        "https://panel.example@evil.example", "https://evil.example@panel.example", "https://panel.example%00",
        "https://xn--pnel-6na.example", "wss://panel.example", "null", "file://", "chrome-extension://abc",
        "http://muster.test", "http://muster.test:7778",
    ]

    @Test(arguments: foreign)
    func `a page acts as admin from a listed origin alone, to scheme, host and port (A-01)`(_ origin: String) {
        let world = World(hooks: office.hooks) { $0.allowedOrigins = ["https://panel.example", "*"] }
        let token = AdminClient(world, "admin").token
        #expect(world.admin("overview", token: token, fields: "Origin: \(origin)").status == 403)
        #expect(world.admin("login", token: nil, ["username": "admin"], fields: "Origin: \(origin)").status == 403)
        for auth: JSONObject in [["token": .string(token)], ["username": "admin", "password": "secret"]] {
            let page = SocketClient(world, fields: "Origin: \(origin)\r\n")
            page.send(SocketPacket(namespace: "/admin", .connect(auth)))
            #expect(page.refusal("/admin")?["message"]?.string?.contains("origin") == true)
        }
        #expect(world.count(.adminLogins) == 1)
        for allowed in ["https://panel.example", "HTTPS://Panel.Example", "http://muster.test:7777"] {
            #expect(world.admin("overview", token: token, fields: "Origin: \(allowed)").status == 200, "\(allowed)")
        }
    }

    @Test func `a token in the wrong place lets nobody in, and is in no log, page or answer (A-02)`() {
        let world = World(hooks: office.hooks)
        let token = AdminClient(world, "admin").token
        let watcher = AdminClient(world, "admin")
        var answers: [Answer] = []
        answers.append(world.ask("/api/admin/overview?token=\(token)"))
        answers.append(world.ask("/api/admin/\(token)"))
        answers.append(world.ask("/api/admin/overview", "Cookie: token=\(token)"))
        answers.append(world.ask("/api/admin/overview", "X-Auth-Token: \(token)"))
        answers.append(world.ask("/api/admin/overview", "Referer: https://panel.example/?token=\(token)"))
        answers.append(world.ask("/api/admin/overview", "Authorization: Basic \(token)"))
        answers.append(world.ask("/socket.io/?EIO=4&transport=polling&token=\(token)"))
        #expect(answers.dropLast().allSatisfy { [401, 404].contains($0.status) })
        let player = PlainClient(world, fields: "Cookie: token=\(token)\r\n")
        player.join(["name": "Ann"])
        let wrong = SocketClient(world)
        wrong.send(SocketPacket(namespace: "/admin", .connect(["password": .string(token), "username": "admin"])))
        world.run(.seconds(3))
        #expect(wrong.refusal("/admin") != nil)
        let shown =
            ["overview", "lobbies", "events", "audit", "users"].map { watcher.ask($0)?.text ?? "" }
            + [world.ask("/metrics").text, world.ask("/health/ready").text] + world.logLines + answers.map(\.text)
            + office.acts.map { "\($0)" }
        #expect(!shown.contains { $0.contains(token) })
    }

    @Test func `what is nearly a token is none (A-03)`() throws {
        let world = World(hooks: office.hooks)
        let token = AdminClient(world, "admin").token
        var bytes = Array(token.utf8)
        bytes[20] = bytes[20] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
        let digest = Server.digest(of: token).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        let wrong = [
            "", " ", String(token.dropLast()), String(token.dropFirst()), token + "=", token + "A", token + token,
            String(decoding: bytes, as: UTF8.self), String(token.reversed()), token.uppercased() + "-",
            digest.joined(), "null", "undefined", "0", String(repeating: "A", count: 43),
        ]
        for text in wrong {
            #expect(world.admin("overview", token: text).status == 401, "\(text)")
            let client = AdminClient(world, token: text)
            #expect(!client.isIn)
        }
        #expect(world.admin("overview", token: token).status == 200)
        #expect(world.admin("overview", token: "\(token)", fields: "Authorization: Bearer \(token)").status == 401)
    }

    @Test func `pages for machines name nobody, and there is no other (A-11)`() throws {
        let world = World(hooks: office.hooks)
        let player = SocketClient(world, peer: .far)
        let joined = player.join("secretlobby", ["name": "Annabel"])
        let sid = try #require(player.open?["sid"]?.string)
        let token = try #require(joined["token"]?.string)
        for path in ["/metrics", "/health", "/health/live", "/health/ready"] {
            let answer = world.ask(path)
            #expect(answer.status == 200, "\(path)")
            for secret in [sid, token, "Annabel", "secretlobby", "192.0.2"] {
                #expect(!answer.text.contains(secret), "\(path) \(secret)")
            }
        }
        for path in ["/version", "/debug", "/debug/pprof/", "/status", "/server-status", "/api/admin", "/.env", "/env"]
        {
            #expect(world.ask(path).status == 404, "\(path)")
        }
    }
}
