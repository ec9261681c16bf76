import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import SocketIOCore
import Testing
import WebSocketCore

@testable import ServerCore

@Suite("The official Admin UI logs in and sees figures (protocol/spec/admin.md §9)")
struct AdminUIProductionTests {
    private let stand = AdminStand(mode: .production)

    @Test func `a password brings a session that a reload comes back with`() {
        let world = stand.world()
        let page = AdminPage(world, "admin")
        #expect(page.words == ["connect", "session", "config"] && page.sessionID.string?.count == 43)
        let again = AdminPage(world, sessionID: page.sessionID)
        #expect(again.words == ["connect", "config"])
        #expect(world.count(.adminLogins) == 1)
        world.run(.milliseconds(1_020))
        #expect(page.words.last == "server_stats" && again.words.last == "server_stats")
        #expect(!page.words.contains("overview"))
    }

    @Test(arguments: [.null, "", "x", 5] as [JSONValue])
    func `a session that is none is refused in the words that it shows the form for`(_ session: JSONValue) {
        let world = stand.world()
        let page = AdminPage(world, sessionID: session)
        world.run(.milliseconds(1_020))
        #expect(page.socket.refusal("/admin") == ["message": "invalid credentials"])
        let other = AdminPage(world, "admin", password: "wrong")
        world.run(.milliseconds(1_020))
        #expect(other.socket.refusal("/admin") == ["message": "invalid credentials"])
    }

    @Test func `the figures are what it adds up and draws`() {
        let world = stand.world()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        let players = (0..<3).map { _ in PlainClient(world) }
        for player in players { player.join() }
        let list = SocketClient(world)
        list.send(SocketPacket(namespace: "/", .connect(nil)))
        let polling = EngineClient(world, path: "/socket.io/")
        players[0].stream.cut()
        players[1].emit("leave")
        players[1].stream.cut()
        world.run(.milliseconds(1_020))
        let stats = page.told("server_stats")
        #expect(stats.count == 2 && stats[0][0]["aggregatedEvents"] == [])
        let last = stats.last?[0]
        #expect(
            last?.object?.members.map(\.key) == [
                "serverId", "hostname", "pid", "uptime", "clientsCount", "pollingClientsCount", "aggregatedEvents",
                "namespaces",
            ])
        #expect(last?["serverId"] == "game-1" && last?["hostname"] == "game-1" && last?["pid"] == 4_711)
        #expect((1.9...2.1).contains(last?["uptime"]?.number ?? 0))
        #expect(last?["clientsCount"] == 4 && last?["pollingClientsCount"] == 1)
        #expect(
            last?["namespaces"] == [
                ["name": "/", "socketsCount": 1], ["name": "/admin", "socketsCount": 1],
                ["name": "/lobby", "socketsCount": 1],
            ])
        let rows = last?["aggregatedEvents"]?.array ?? []
        #expect(rows.allSatisfy { $0["timestamp"] == 1_795_357_005_000 })
        let counts = rows.map { "\($0["type"]?.string ?? "") \($0["subType"]?.string ?? "")" }
        #expect(
            counts == [
                "rawDisconnection transport close", "rawConnection ", "packetsIn ", "bytesIn ", "bytesOut ",
            ])
        #expect(rows.first?["count"] == 2 && rows[1]["count"] == 5)
        _ = polling
    }

    @Test func `a client that moves from polling to a WebSocket is one client`() {
        let world = stand.world()
        let page = AdminPage(world, "admin")
        let client = EngineClient(world, path: "/socket.io/")
        world.run(.milliseconds(1_020))
        #expect(page.told("server_stats").last?[0]["clientsCount"] == 2)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        _ = client.get()
        socket.send(text: "5")
        world.run(.milliseconds(1_020))
        let last = page.told("server_stats").last?[0]
        #expect(last?["clientsCount"] == 2 && last?["pollingClientsCount"] == 0)
        socket.stream.cut()
        world.run(.milliseconds(1_020))
        #expect(page.told("server_stats").last?[0]["clientsCount"] == 1)
    }

    @Test(arguments: AdminRole.allCases, AdminUIMode.allCases)
    func `what it may do follows the role, and what it shows the mode`(_ role: AdminRole, _ mode: AdminUIMode) {
        let stand = AdminStand(mode: mode)
        let world = stand.world()
        let page = AdminPage(world, role.rawValue)
        var features: [JSONValue] = role == .viewer ? [] : ["EMIT", "LEAVE", "DISCONNECT", "MLEAVE", "MDISCONNECT"]
        features.append("AGGREGATED_EVENTS")
        if mode == .development { features.append("ALL_EVENTS") }
        #expect(page.told("config") == [[["supportedFeatures": .array(features)]]] && stand.office.checks == 1)
    }

    @Test func `in production mode no player is shown, and nothing is noted`() {
        let world = stand.world()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        PlainClient(world).join(["name": "Ann"])
        world.run(.seconds(2))
        #expect(Set(page.words) == ["connect", "session", "config", "server_stats"])
        #expect(!world.server.eventSample.isOpen)
    }

    @Test func `its page and our clients are served side by side, each in its own words`() {
        let world = stand.world()
        let page = AdminPage(world, "admin")
        let client = AdminClient(world, "viewer")
        world.run(.milliseconds(2_040))
        #expect(client.words == ["connect", "session", "overview", "overview", "overview"])
        #expect(page.told("server_stats").count == 2)
        #expect(page.refusal("kick", [["lobby": "x", "seat": 0]]) == "no-such-verb", "our verbs are our clients'")
    }

    @Test func `the page of a user who is removed is out within a second`() {
        let world = stand.world()
        let page = AdminPage(world, "moderator")
        world.run(.seconds(1))
        stand.office.users.removeAll { $0.name == "moderator" }
        world.run(.seconds(1))
        #expect(page.words.last == "disconnect")
    }
}

@Suite("What the official Admin UI shows of players (protocol/spec/admin.md §9.2)")
struct AdminUIDevelopmentTests {
    private let stand = AdminStand(mode: .development)

    @Test func `it is told all sockets, then who comes, moves and goes, in its own words`() throws {
        let world = stand.world()
        let first = PlainClient(world, peer: PeerAddress(ipv4: 0xC633_6407, port: 9))
        first.join(["name": "Ann"])
        let page = AdminPage(world, "moderator")
        world.run(.milliseconds(1_020))
        let all = try #require(page.told("all_sockets").first?[0].array)
        #expect(all.count == 1)
        #expect(
            all[0].text
                == #"{"id":"x/0/1","clientId":"1","transport":"websocket","nsp":"/lobby","data":{"name":"Ann","game":"probe","#
                + #""seat":0,"dialect":"plain","codec":0},"handshake":{"address":"198.51.100.7:9","headers":{},"query":{},"#
                + #""issued":1795357004568,"time":"2026-11-22T14:16:44.568Z","xdomain":false},"rooms":["x/0/1","x"]}"#)
        let client = EngineClient(world, path: "/socket.io/")
        _ = client.post("40/lobby/x,{}")
        world.run(.milliseconds(1_020))
        let come = try #require(page.told("socket_connected").first)
        #expect(
            come[0]["id"] == "x/1/3" && come[0]["transport"] == "polling" && come[0]["data"]?["dialect"] == "socketio")
        #expect(page.told("room_joined") == [["/lobby", "x", "x/1/3", come[1]]] && come[1].string?.count == 24)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        _ = client.get()
        socket.send(text: "5")
        world.run(.milliseconds(1_020))
        #expect(page.told("socket_updated") == [[["id": "x/1/3", "nsp": "/lobby", "transport": "websocket"]]])
        first.emit("leave")
        world.run(.milliseconds(1_020))
        let now: JSONValue = "2026-11-22T14:16:45.576Z"
        #expect(page.told("socket_disconnected") == [["/lobby", "x/0/1", "left", now]])
        #expect(page.told("room_left") == [["/lobby", "x/0/1", "x/0/1", now], ["/lobby", "x", "x/0/1", now]])
        #expect(page.shown == ["x/1/3"] && page.told("all_sockets").count == 1)
    }

    @Test func `who resumes a seat is another socket, and who watches is one without a seat`() {
        let world = stand.world()
        let first = PlainClient(world)
        let token = first.join()["token"] ?? .null
        first.emit("keyframe")
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        first.stream.cut()
        let again = PlainClient(world)
        again.join(["token": token])
        let spectator = PlainClient(world)
        spectator.join(["watch": true])
        world.run(.milliseconds(1_020))
        #expect(page.shown == ["x/0/3", "x/watching/4"])
        #expect(page.told("socket_disconnected").map { $0[2] } == ["dropped"])
        spectator.stream.cut()
        world.run(.milliseconds(1_020))
        #expect(page.shown == ["x/0/3"] && page.told("socket_disconnected").last?[2] == "transport close")
    }

    @Test func `a lobby that closes takes its sockets and its room along`() {
        let world = stand.world()
        for _ in 0..<3 { PlainClient(world).join() }
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        #expect(page.shown.count == 3)
        world.lobby()?.close("enough")
        world.run(.milliseconds(1_020))
        #expect(page.shown.isEmpty && page.told("room_left").count == 6)
        #expect(page.told("socket_disconnected").allSatisfy { $0[2] == "lobby-closed: enough" })
    }

    @Test func `where nobody plays yet the first who comes is told as all, so that the page chooses a namespace`() {
        let world = stand.world()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(2_040))
        #expect(page.told("all_sockets") == [[[]]])
        PlainClient(world).join()
        world.run(.milliseconds(1_020))
        #expect(page.told("all_sockets").count == 2 && page.told("socket_connected").isEmpty && page.shown == ["x/0/2"])
        PlainClient(world).join()
        world.run(.milliseconds(1_020))
        #expect(page.told("all_sockets").count == 2 && page.shown.count == 2)
    }

    @Test(arguments: [1, 2])
    func `many are shown 256 a second, and who looks later is told all the same`(loops: Int) {
        let world = stand.world(loops: loops)
        let players = (0..<600).map { number in
            let player = PlainClient(world, lobby: "l\(number / 4)")
            player.join()
            return player
        }
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        #expect(page.shown.count == 256)
        players[0].stream.cut()
        let late = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        #expect(late.shown.count == 256 && (511...512).contains(page.shown.count))
        players[599].stream.cut()
        world.run(.milliseconds(3_000))
        let ids = Set(
            world.servers.flatMap { $0.adminUIFigures(AdminUIQuestion(groups: [[]], entries: [])).lobbies }
                .flatMap { lobby in
                    lobby.sockets.map { AdminSocketID(lobby: lobby.lobby, seat: $0.seat, session: $0.session).text }
                })
        #expect(ids.count == 598 && Set(page.shown) == ids && Set(late.shown) == ids)
        #expect(page.told("socket_connected").count <= 345)
    }

    @Test(arguments: [1, 2])
    func `players of every loop are shown, wherever the page is`(loops: Int) {
        let world = stand.world(loops: loops)
        world.streamsMove = false
        for home in 0..<loops {
            world.home = home
            PlainClient(world, lobby: "x").join()
            PlainClient(world, lobby: "y").join()
        }
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        #expect(page.shown.count == 2 * loops && Set(page.shown.map { $0.prefix(2) }) == ["x/", "y/"])
        #expect(page.told("server_stats").last?[0]["clientsCount"] == .integer(Int64(2 * loops + 1)))
    }

    @Test func `who only looks on is told no address and no subject`() {
        var hooks = stand.office.hooks
        hooks.authorize = { $1(.success(Identity(subject: "subject-7"))) }
        let world = World(hooks: hooks) { $0.adminUIMode = .development }
        PlainClient(world, peer: .far).join()
        let viewer = AdminPage(world, "viewer")
        let moderator = AdminPage(world, "moderator")
        world.run(.milliseconds(1_020))
        let seen = viewer.told("all_sockets")[0][0].text
        let more = moderator.told("all_sockets")[0][0].text
        #expect(!seen.contains("subject-7") && !seen.contains("192.0.2"))
        #expect(more.contains("subject-7") && more.contains("192.0.2.1"))
    }

    @Test func `a page that does not read is told all from the beginning once it does`() {
        let world = stand.world()
        let player = PlainClient(world)
        player.join()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        page.socket.stream.stalls = true
        world.run(.milliseconds(1_020))
        page.socket.stream.stalls = false
        for number in 0..<40 {
            PlainClient(world, lobby: "l\(number)").join(["name": .string(String(repeating: "n", count: 16))])
        }
        var seconds = 0
        while page.socket.stream.isBlocked, seconds < 4 {
            world.run(.seconds(1))
            seconds += 1
        }
        player.stream.cut()
        page.socket.stream.drain()
        world.run(.seconds(2))
        #expect(page.shown.count == 40 && !page.shown.contains("x/0/1"))
    }

    @Test func `nothing is left behind when the page goes`() {
        let world = stand.world()
        let player = PlainClient(world)
        player.join()
        let page = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        #expect(world.server.eventSample.isOpen)
        page.socket.stream.cut()
        world.run(.seconds(4))
        player.emit("chat", ["text": "hi"])
        #expect(!world.server.eventSample.isOpen && world.server.eventSample.entries(after: 0).isEmpty)
        let again = AdminPage(world, "admin")
        world.run(.milliseconds(1_020))
        #expect(again.told("all_sockets").count == 1 && again.told("server_stats")[0][0]["aggregatedEvents"] == [])
    }
}
