import ByteKit
import Determinism
import HTTPTypes
import JSONCore
import LobbyCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Sessions of admins (protocol/spec/admin.md §2)")
struct AdminSessionTests {
    private let office = AdminOffice()

    @Test(arguments: [1, 2])
    func `a login brings a token for both ways, on any loop`(loops: Int) {
        let world = World(loops: loops, hooks: office.hooks)
        let first = world.post("/api/admin/login", ["username": "moderator", "password": "secret"])
        #expect(first.status == 200 && first.json["role"] == "moderator" && first.json["seconds"] == 43_200)
        #expect(first["cache-control"] == "no-store")
        let token = first.json["token"]?.string ?? ""
        #expect(token.count == 43)
        world.home = loops - 1
        #expect(world.admin("overview", token: token).status == 200)
        let client = AdminClient(world, token: token)
        #expect(client.isIn && client.session?["user"] == "moderator" && client.session?["token"] == nil)
        let other = AdminClient(world, "viewer")
        #expect(world.admin("overview", token: other.token).status == 200)
        #expect(world.count(.adminLogins) == 2, "coming back with a token is no login")
    }

    @Test(arguments: [nil, "", "x", String(repeating: "a", count: 43), String(repeating: "a", count: 4_000)])
    func `without a token that holds nothing is answered`(_ token: String?) {
        let world = World(hooks: office.hooks)
        for verb in AdminVerb.all {
            let answer = world.admin(verb.name, token: token, verb.body([:]))
            #expect(
                answer.status == 401 && answer["www-authenticate"] == "Bearer" && answer.json["code"] == "unauthorized")
        }
        #expect(world.admin("logout", token: token, [:]).status == 401)
        #expect(world.ask("/api/admin/overview?token=\(AdminClient(world, "admin").token)").status == 401)
    }

    @Test(arguments: [1, 2])
    func `logout ends the session at once, and its sockets on all loops`(loops: Int) {
        let world = World(loops: loops, hooks: office.hooks)
        let first = AdminClient(world, "admin")
        world.home = loops - 1
        let second = AdminClient(world, token: first.token)
        let other = AdminClient(world, "admin")
        #expect(world.admin("logout", token: first.token, [:]).status == 204)
        #expect(!first.isIn && !second.isIn && other.isIn)
        #expect(world.admin("overview", token: first.token).status == 401)
        let late = AdminClient(world, token: first.token)
        world.run(.milliseconds(1_010))
        #expect(!late.isIn && late.socket.refusal("/admin") == ["message": "invalid credentials"])
        #expect(other.ask("logout") == ["ok": true])
        #expect(!other.isIn && office.notes == ["admin logout  done", "admin logout  done"])
    }

    @Test func `who logs out and leaves in one breath has said nothing wrong`() {
        let world = World(hooks: office.hooks)
        let client = AdminClient(world, "viewer")
        client.socket.emit("logout", .null, in: "/admin", id: 1)
        client.socket.send(SocketPacket(namespace: "/admin", .disconnect))
        #expect(client.words.last == "disconnect" && world.count(.messagesMalformed) == 0)
        client.socket.emit("overview", .null, in: "/admin", id: 2)
        #expect(world.count(.messagesMalformed) == 1 && client.socket.closeCode == nil)
    }

    @Test func `a session ends by itself, and its socket at the next second`() {
        let world = World(hooks: office.hooks) { $0.adminSessionTime = .seconds(20) }
        let client = AdminClient(world, "admin")
        world.run(.seconds(19))
        #expect(client.isIn && world.admin("overview", token: client.token).status == 200)
        world.run(.milliseconds(2_100))
        #expect(!client.isIn && world.admin("overview", token: client.token).status == 401)
    }

    @Test(arguments: [1, 2], ["role", "password", "removed"])
    func `who is removed, or has another role or password, is out within a second`(_ loops: Int, _ change: String) {
        let world = World(loops: loops, hooks: office.hooks)
        let client = AdminClient(world, "moderator")
        world.home = loops - 1
        let again = AdminClient(world, token: client.token)
        let other = AdminClient(world, "viewer")
        world.run(.seconds(3))
        #expect(client.isIn && again.isIn)
        switch change {
        case "role": office.users[1] = AdminUser("moderator", .viewer, stamp: "2")
        case "password": office.users[1] = AdminUser("moderator", .moderator, stamp: "2")
        default: office.users.remove(at: 1)
        }
        world.run(.seconds(1))
        #expect(!client.isIn && !again.isIn && other.isIn)
        #expect(world.admin("overview", token: client.token).status == 401)
    }

    @Test func `a storage that does not answer throws nobody out`() {
        let world = World(hooks: office.hooks)
        let client = AdminClient(world, "admin")
        office.isSilent = true
        office.users = []
        world.run(.seconds(5))
        #expect(client.isIn)
        office.isSilent = false
        world.run(.seconds(1))
        #expect(!client.isIn)
    }

    @Test func `a user has sixteen sessions at most, and the oldest goes`() {
        var sessions = AdminSessions()
        let now = Instant.zero
        for number in 0..<17 {
            sessions.begin(
                AdminUser("a", .admin, stamp: ""), digest: [UInt8(number)], on: 0, until: now + .seconds(60), at: now)
        }
        #expect(sessions.session([0], at: now) == nil && sessions.session([1], at: now) != nil)
        for number in 0..<2_000 {
            let user = AdminUser("u\(number)", .admin, stamp: "")
            sessions.begin(
                user, digest: [1, UInt8(number % 256), UInt8(number / 256)], on: 0, until: now + .seconds(60), at: now)
        }
        #expect(sessions.session([16], at: now) == nil, "1,024 of all")
        #expect(sessions.session([1, UInt8(1_999 % 256), UInt8(1_999 / 256)], at: now) != nil)
    }

    @Test(arguments: ["https://evil.example", "null", "http://muster.test:7777.evil.example", "http://muster.test"])
    func `pages of other origins cannot act as admin, even where they may play`(_ origin: String) {
        let world = World(hooks: office.hooks) { $0.allowedOrigins = ["*"] }
        let token = AdminClient(world, "admin").token
        #expect(world.admin("overview", token: token, fields: "Origin: \(origin)").status == 403)
        #expect(world.ask("/api/lobbies", "Origin: \(origin)").status == 200)
        let page = SocketClient(world, fields: "Origin: \(origin)\r\n")
        page.send(SocketPacket(namespace: "/admin", .connect(["token": .string(token)])))
        #expect(page.refusal("/admin")?["message"]?.string?.contains("origin") == true)
        let own = SocketClient(world, fields: "Origin: http://muster.test:7777\r\n")
        own.send(SocketPacket(namespace: "/admin", .connect(["token": .string(token)])))
        #expect(own.words("/admin").first == "connect")
    }
}

@Suite("Guessing of admins' passwords (reliability.md A-05, A-09, A-10)")
struct LoginGuardTests {
    private let office = AdminOffice()

    private func guess(_ world: World, _ user: String, _ peer: PeerAddress, _ password: String = "wrong") -> Int {
        let stream = world.connect(from: peer)
        let body = JSONValue.object(["username": .string(user), "password": .string(password)]).text
        stream.receive(
            Array("POST /api/admin/login HTTP/1.1\r\nHost: m\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        )
        world.run(.milliseconds(1_020))
        return Answer(stream.sent).status
    }

    private func peer(_ number: UInt32) -> PeerAddress { PeerAddress(ipv4: 0xC000_0200 + number, port: 5) }

    @Test func `five wrong passwords lock an account for a minute, then for two, from wherever they come`() {
        let world = World(hooks: office.hooks)
        for number in 0..<5 { #expect(guess(world, "admin", peer(UInt32(number))) == 401) }
        #expect(guess(world, "admin", peer(9), "secret") == 401 && office.checks == 5, "it is not even looked at")
        #expect(world.count(.adminLoginsLocked) == 1)
        world.run(.seconds(60))
        #expect(guess(world, "moderator", peer(9), "secret") == 200)
        for number in 0..<5 { #expect(guess(world, "admin", peer(UInt32(20 + number))) == 401) }
        world.run(.seconds(100))
        #expect(guess(world, "admin", peer(10), "secret") == 401)
        world.run(.seconds(20))
        #expect(guess(world, "admin", peer(10), "secret") == 200)
    }

    @Test func `ten lock an address for ten minutes, whatever names they try`() {
        let world = World(hooks: office.hooks)
        for number in 0..<10 { #expect(guess(world, "name\(number)", peer(1)) == 401) }
        #expect(guess(world, "admin", peer(1), "secret") == 401 && office.checks == 10)
        #expect(guess(world, "admin", peer(2), "secret") == 200, "others are not locked")
        world.run(.seconds(600))
        #expect(guess(world, "admin", peer(1), "secret") == 200)
    }

    @Test func `strangers cannot lock an owner out of where the owner was before`() {
        let world = World(hooks: office.hooks)
        #expect(guess(world, "admin", peer(1), "secret") == 200)
        for number in 0..<20 { _ = guess(world, "admin", peer(100 + UInt32(number))) }
        #expect(guess(world, "admin", peer(2), "secret") == 401)
        #expect(guess(world, "admin", peer(1), "secret") == 200)
    }

    @Test func `an IPv6 network is one address, and so is IPv4 in its clothes`() {
        let world = World(hooks: office.hooks)
        for number in 0..<10 {
            _ = guess(world, "n\(number)", PeerAddress(ipv6: 0x2001_0DB8_0000_0001, UInt64(number + 1), port: 1))
        }
        #expect(guess(world, "admin", PeerAddress(ipv6: 0x2001_0DB8_0000_0001, 999, port: 1), "secret") == 401)
        #expect(guess(world, "admin", PeerAddress(ipv6: 0x2001_0DB8_0000_0002, 1, port: 1), "secret") == 200)
        for number in 0..<10 { _ = guess(world, "n\(number)", peer(7)) }
        #expect(guess(world, "admin", PeerAddress(ipv6: 0, 0xFFFF_C000_0207, port: 9), "secret") == 401)
    }

    @Test func `forwarded headers of who is no listed proxy steer nothing`() {
        let world = World(hooks: office.hooks)
        for number in 0..<12 {
            let stream = world.connect(from: peer(1))
            let body = #"{"username":"n\#(number)","password":"x"}"#
            stream.receive(
                Array(
                    "POST /api/admin/login HTTP/1.1\r\nHost: m\r\nX-Forwarded-For: 203.0.113.\(number)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        .utf8))
            world.run(.milliseconds(1_020))
        }
        #expect(office.checks == 10 && world.count(.adminLoginsLocked) == 2)
    }

    @Test func `thousands of names from as many addresses are bounded, and the honest are let in`() {
        var guards = LoginGuard()
        var now = Instant.zero
        for number in 0..<8_000 {
            guards.failed(nil, from: UInt64(number), at: now)
            now = now + .milliseconds(1)
        }
        #expect(guards.remembered.addresses == LoginGuard.addressesMax && guards.remembered.accounts == 0)
        #expect(guards.admits("admin", from: 5_000_000, at: now) && guards.admits("admin", from: nil, at: now))
        for _ in 0..<10 { guards.failed(nil, from: 7, at: now) }
        for number in 200_000..<208_000 { guards.failed(nil, from: UInt64(number), at: now) }
        #expect(!guards.admits("admin", from: 7, at: now), "who is locked stays so while others can go")
    }

    @Test func `unknown, wrong, locked and missing look the same and take as long`() {
        let world = World(hooks: office.hooks)
        for number in 0..<5 { _ = guess(world, "viewer", peer(50 + UInt32(number))) }
        var seen: Set<String> = []
        for data in [
            ["username": "nobody", "password": "x"], ["username": "admin", "password": "x"],
            ["username": "viewer", "password": "secret"], [:], ["username": 5, "password": []],
            ["token": "x"], ["username": "admin", "password": .string(String(repeating: "x", count: 300))],
        ] as [JSONValue] {
            let stream = world.connect(from: peer(90))
            let body = data.text
            stream.receive(
                Array(
                    "POST /api/admin/login HTTP/1.1\r\nHost: m\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        .utf8))
            world.run(.milliseconds(990))
            #expect(stream.sent.isEmpty)
            world.run(.milliseconds(20))
            seen.insert(String(decoding: stream.sent, as: UTF8.self))
        }
        #expect(seen.count == 1 && seen.first?.contains("invalid credentials") == true)
    }

    @Test func `what strangers try fills neither the audit log nor the log`() {
        let world = World(hooks: office.hooks)
        for number in 0..<200 {
            let client = SocketClient(world, peer: peer(UInt32(number)))
            client.send(
                SocketPacket(namespace: "/admin", .connect(["username": "a\nb\u{1B}[2J\u{202E}", "password": "x"])))
        }
        #expect(office.acts.count == 20 && office.acts.allSatisfy { $0.actor == "ab[2J" && $0.outcome == "refused" })
        #expect(world.logLines.count == 1 && world.count(.adminLoginsRefused) == 200)
    }
}
