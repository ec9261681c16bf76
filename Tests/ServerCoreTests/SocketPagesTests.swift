import Determinism
import HTTPCore
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

/// A hub whose namespaces admins see in the official Admin UI at `/admin`.
private struct PagesStand {
    let office = AdminOffice()

    func hall(
        _ mode: AdminUIMode = .development, loops: Int = 1, _ adjust: (inout SocketHubSettings) -> Void = { _ in }
    ) -> Hall {
        let hall = Hall(
            loops: loops,
            {
                $0.adminNamespace = "/admin"
                adjust(&$0)
            },
            limits: {
                $0.outboxBytesMax = 1 << 20
                $0.outboxBytesCeiling = 1 << 22
            }
        ) { seed, loops in
            var hooks = office.hooks
            hooks.wallClock = { 1_795_357_005_576 }
            return World(seed: seed, loops: loops, hooks: hooks) { $0.adminUIMode = mode }
        }
        for hub in hall.hubs { _ = hub.namespace("/chat") }
        return hall
    }
}

/// A page of the official Admin UI in the namespace `/admin` of a hub.
private final class HubPage {
    let client: HallClient
    private(set) var told: [(name: String, values: [JSONValue])] = []
    private(set) var others: [String] = []
    private var asked = 0

    init(_ hall: Hall, _ auth: JSONObject) {
        client = hall.client()
        client.send(text: "40/admin,\(JSONValue.object(auth).text)")
        take()
    }

    convenience init(_ hall: Hall, _ user: String = "admin", password: String = "secret") {
        self.init(hall, ["username": .string(user), "password": .string(password)])
    }

    private func take() {
        for text in client.take() {
            guard text.hasPrefix("42/admin,"), let values = JSONValue.of(String(text.dropFirst(9))).array else {
                others.append(text)
                continue
            }
            told.append((values[0].string ?? "", Array(values.dropFirst())))
        }
    }

    /// What it has been told since the last call, but for figures; a time at the end is `now`.
    func news() -> [String] {
        take()
        defer { told = [] }
        return told.filter { $0.name != "server_stats" }.map { event in
            var values = event.values
            if let last = values.last?.string, last.hasPrefix("20"), last.hasSuffix("Z") {
                values[values.count - 1] = "now"
            }
            return "\(event.name) \(JSONValue.array(values).text)"
        }
    }

    /// The arguments of each event of that name that it has not read otherwise.
    func told(_ name: String) -> [[JSONValue]] {
        take()
        return told.filter { $0.name == name }.map(\.values)
    }

    func say(_ name: String, _ values: JSONValue...) {
        client.send(text: "42/admin,\(JSONValue.array([.string(name)] + values).text)")
        client.world.turn()
    }

    /// The same with an ack, which the page never asks for.
    func ask(_ name: String, _ values: [JSONValue]) -> JSONValue? {
        asked += 1
        client.send(text: "42/admin,\(asked)\(JSONValue.array([.string(name)] + values).text)")
        take()
        let answer = others.last { $0.hasPrefix("43/admin,\(asked)[") }
        return answer.flatMap { JSONValue.of(String($0.drop { $0 != "[" })).array?.first }
    }

    var isIn: Bool {
        take()
        return others.contains { $0.hasPrefix("40/admin,{\"sid\"") } && !others.contains("41/admin,")
    }
}

@Suite("The official Admin UI of an author's namespaces: who may see them (protocol/spec/admin.md §9.5)")
struct SocketPageLoginTests {
    private let stand = PagesStand()

    @Test(arguments: AdminRole.allCases, AdminUIMode.allCases)
    func `an admin of the server logs in, and may do what the role may`(_ role: AdminRole, _ mode: AdminUIMode) {
        let hall = stand.hall(mode)
        let page = HubPage(hall, role.rawValue)
        var features: [JSONValue] =
            role == .viewer ? [] : ["EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"]
        features.append("AGGREGATED_EVENTS")
        if mode == .development { features.append("ALL_EVENTS") }
        #expect(page.isIn && page.told("config") == [[["supportedFeatures": .array(features)]]])
        let session = page.told("session").first?.first ?? .null
        #expect(session.string?.count == 43)
        let again = HubPage(hall, ["sessionId": session])
        #expect(again.isIn && again.told("session").isEmpty && stand.office.checks == 1)
    }

    @Test func `whoever is no admin is refused in the words that the page shows its form for, a second later`() {
        let hall = stand.hall()
        let auths: [JSONObject] = [
            ["username": "admin", "password": "wrong"], ["sessionId": "x"], ["sessionId": .null], [:],
        ]
        let pages = auths.map { HubPage(hall, $0) }
        for page in pages { #expect(page.told("config").isEmpty && page.others.count == 1, "nothing yet") }
        hall.world.run(.milliseconds(1_020))
        for page in pages {
            #expect(!page.isIn && page.others.last == #"44/admin,{"message":"invalid credentials"}"#)
        }
    }

    @Test func `a page of an origin that is not listed may not act as admin, nor may a client without Socket.IO`() {
        let hall = stand.hall()
        // The author lets pages of every origin in.
        hall.world.server.endpoints["/socket.io/"] = .engine(
            hall.hub.endpoint(
                limits: hall.world.server.playerLimits, policy: EnginePolicy(),
                origins: HTTPOriginRule(origins: ["*"]), cookie: nil))
        let client = hall.client(fields: "Origin: http://evil.example\r\n")
        #expect(
            client.say(#"40/admin,{"username":"admin","password":"secret"}"#).last
                == #"44/admin,{"message":"pages of this origin may not act as admin"}"#)
        hall.servePlain("/admin")
        let plain = HallClient(hall.world, "/plain?username=admin&password=secret")
        #expect(plain.take().last == "close 1008" && stand.office.checks == 0)
    }

    @Test func `the page of a user who is removed is out within a second, and that of an ended session with it`() {
        let hall = stand.hall(loops: 2)
        hall.world.home = 1
        let page = HubPage(hall, "moderator")
        hall.world.run(.seconds(1))
        #expect(page.isIn)
        stand.office.users.removeAll { $0.name == "moderator" }
        hall.world.run(.seconds(1))
        #expect(!page.isIn && page.ask("join", ["/", "a"]) == nil)
    }

    @Test func `a page has no place to come back to: a session is all that lets it in`() {
        let hall = stand.hall { $0.recovery = SocketRecoverySettings() }
        let page = HubPage(hall)
        #expect(page.isIn && !page.others.joined().contains("pid"))
    }

    @Test func `in production mode there are figures, and nothing is noted`() {
        let hall = stand.hall(.production)
        let page = HubPage(hall)
        let guest = hall.guest()
        hall.world.run(.milliseconds(2_040))
        guest.say(#"42["hello"]"#)
        let stats = page.told("server_stats")
        #expect(stats.count == 2 && hall.hub.pages?.observer == nil)
        #expect(
            stats.last?[0]["namespaces"] == [
                ["name": "/", "socketsCount": 1], ["name": "/admin", "socketsCount": 1],
                ["name": "/chat", "socketsCount": 0],
            ])
        #expect(stats.last?[0]["clientsCount"] == 2 && page.told("all_sockets").isEmpty)
    }
}

@Suite("The official Admin UI of an author's namespaces: what it is shown (protocol/spec/admin.md §9.5)")
struct SocketPageViewTests {
    private let stand = PagesStand()
    private let second = Interval.milliseconds(1_020)

    @Test func `all sockets, then all that happens to them, in the order of the original`() throws {
        let hall = stand.hall()
        hall.main.behaviour.use { socket, decided in
            socket.data = ["name": "Ann", "token": "hush"]
            decided(nil)
        }
        hall.main.behaviour.on("enter") { socket, _ in socket.join("red") }
        let ann = hall.guest()
        let page = HubPage(hall)
        _ = page.news()
        hall.world.run(second)
        #expect(
            page.news() == [
                #"all_sockets [[{"id":"\#(ann.id)","clientId":"1","transport":"websocket","nsp":"/","data":{"name":"Ann","#
                    + #""token":"<secret>"},"handshake":{"address":"127.0.0.1:40000","headers":{},"query":{},"#
                    + #""issued":1795357004568,"secure":false,"time":"2026-11-22T14:16:44.568Z","xdomain":false},"#
                    + #""rooms":["\#(ann.id)"]}]]"#
            ])
        ann.say(#"42["enter",{"password":"hush"}]"#)
        ann.say("41")
        let bob = hall.guest()
        hall.main.socket(try #require(SocketID(bob.id)))?.data = ["name": "Bob"]
        hall.emit("said", ["hi", .binary([1, 2, 3])])
        hall.world.run(second)
        let told = page.news()
        let (a, b) = (ann.id, bob.id)
        #expect(told.count == 9 && told[6].hasPrefix(#"socket_connected [{"id":"\#(b)""#))
        #expect(
            told.filter { !$0.hasPrefix("socket_connected") } == [
                #"event_received ["/","\#(a)",["enter",{"password":"<secret>"}],"now"]"#,
                #"room_joined ["/","red","\#(a)","now"]"#,
                #"socket_disconnected ["/","\#(a)","client namespace disconnect","now"]"#,
                #"room_left ["/","red","\#(a)","now"]"#, #"room_left ["/","\#(a)","\#(a)","now"]"#,
                #"room_joined ["/","\#(b)","\#(b)","now"]"#,
                #"event_sent ["/","\#(b)",["said","hi","<Buffer 3 bytes>"],"now"]"#,
                #"socket_updated [{"id":"\#(b)","nsp":"/","data":{"name":"Bob"}}]"#,
            ])
    }

    @Test(arguments: [1, 3])
    func `sockets of every loop are shown, wherever the page is, and who only looks on is told no address`(loops: Int) {
        let hall = stand.hall(loops: loops)
        let guests = (0..<loops).map { loop in
            hall.world.home = loop
            return hall.guest("/chat")
        }
        let (page, viewer) = (HubPage(hall, "moderator"), HubPage(hall, "viewer"))
        hall.world.run(second)
        let all = page.told("all_sockets")
        #expect(Set(all[0][0].array?.compactMap { $0["id"]?.string } ?? []) == Set(guests.map(\.id)))
        #expect(all[0][0].text.contains("127.0.0.1") && !viewer.told("all_sockets")[0][0].text.contains("127.0.0.1"))
        hall.world.home = 0
        let late = hall.guest()
        hall.world.run(second)
        for page in [page, viewer] {
            #expect(page.told("socket_connected").map { $0[0]["id"] } == [.string(late.id)])
            #expect(page.told("all_sockets").count == 1)
        }
        #expect(!viewer.told("socket_connected")[0][0].text.contains("127.0.0.1"))
    }

    @Test func `of a flood of events it is shown some, the rest is counted, and who listens in changes nothing`() {
        let hall = stand.hall()
        var heard = 0
        hall.main.behaviour.on("talk") { _, _ in heard += 1 }
        let guest = hall.guest()
        let page = HubPage(hall)
        hall.world.run(second)
        for _ in 0..<300 { guest.say(#"42["talk",1]"#) }
        hall.world.run(second)
        #expect(heard == 300 && (60...64).contains(page.told("event_received").count))
        #expect(hall.world.count(.adminEventsSkipped) >= 236)
    }

    @Test func `what happens faster than is kept is told anew, as all sockets`() {
        let hall = stand.hall()
        let socket = { hall.main.allSockets[0] }
        _ = hall.guest()
        let page = HubPage(hall)
        hall.world.run(second)
        for number in 0..<3_000 {
            socket().join("r\(number)")
            socket().leave("r\(number)")
        }
        socket().join("last")
        hall.world.run(second)
        #expect(page.told("room_joined").isEmpty, "some of it is gone, so none is told")
        hall.world.run(second)
        let all = page.told("all_sockets")
        #expect(all.count == 2 && all[1][0].array?.first?["rooms"]?.array?.last == "last")
        socket().join("more")
        hall.world.run(second)
        #expect(page.told("room_joined").map { $0[1] } == ["more"] && page.told("all_sockets").count == 2)
    }

    @Test func `once the page goes nothing is noted any more, and nothing is left behind`() {
        let hall = stand.hall()
        let guest = hall.guest()
        #expect(hall.main.behaviour.isPlain)
        let page = HubPage(hall)
        hall.world.run(second)
        #expect(hall.main.behaviour.observer != nil && !hall.main.behaviour.isPlain)
        #expect(hall.hub.namespace("/admin").behaviour.observer == nil, "pages are not shown pages")
        page.client.stream.cut()
        hall.world.run(.seconds(4))
        guest.say("41")
        #expect(hall.main.behaviour.observer == nil && hall.hub.pages?.observer == nil && hall.main.behaviour.isPlain)
    }
}

@Suite("The official Admin UI of an author's namespaces: what it does (protocol/spec/admin.md §9.5)")
struct SocketPageActionTests {
    private let stand = PagesStand()

    @Test(arguments: [1, 3])
    func `join, leave, clear, disconnect and emit do what they do in the original, on all loops, and are noted`(
        loops: Int
    ) {
        let hall = stand.hall(loops: loops)
        let guests = (0..<3).map { number in
            hall.world.home = number % loops
            return hall.guest("/chat")
        }
        hall.world.home = 0
        let page = HubPage(hall, "moderator")
        func inRoom(_ room: String) -> Set<String> {
            Set(hall.hubs.flatMap { $0.namespace("/chat").sockets(.of([room])) }.map(\.id.text))
        }
        let ids = guests.map(\.id)
        page.say("join", "/chat", "red", .string(ids[0]))
        page.say("join", "/chat", "red", .string(ids[1]))
        #expect(inRoom("red") == [ids[0], ids[1]])
        page.say("join", "/chat", "blue", "red")
        page.say("leave", "/chat", "blue", .string(ids[1]))
        #expect(inRoom("blue") == [ids[0]])
        page.say("leave", "/chat", "red")
        #expect(inRoom("red") == [] && inRoom("blue") == [ids[0]])
        page.say("emit", "/chat", "blue", "word", 1, ["two": 2])
        page.say("emit", "/chat", nil, "all")
        #expect(guests[0].take() == [#"42/chat,["word",1,{"two":2}]"#, #"42/chat,["all"]"#])
        #expect(guests[1].take() == [#"42/chat,["all"]"#])
        page.say("_disconnect", "/chat", false, .string(ids[1]))
        page.say("_disconnect", "/chat", true, "blue")
        page.say("join", "/chat", "everybody")
        #expect(guests[1].take() == ["41/chat,"] && guests[0].take() == ["41/chat,", "close 1000"])
        #expect(inRoom("everybody") == [ids[2]])
        page.say("_disconnect", "/chat", false)
        #expect(hall.hubs.allSatisfy { $0.namespace("/chat").socketCount == 0 })
        #expect(
            stand.office.notes == [
                "moderator join /chat red \(ids[0]) done", "moderator join /chat red \(ids[1]) done",
                "moderator join /chat blue red done", "moderator leave /chat blue \(ids[1]) done",
                "moderator leave /chat red done", "moderator emit /chat word blue done",
                "moderator emit /chat all done", "moderator _disconnect /chat \(ids[1]) done",
                "moderator _disconnect /chat blue done", "moderator join /chat everybody done",
                "moderator _disconnect /chat done",
            ])
        #expect(hall.world.count(.adminActions) == 11)
    }

    @Test func `a namespace that is on another loop alone is reached as well`() {
        let hall = stand.hall(loops: 2)
        for hub in hall.hubs { hub.add(SocketFamily { name, _, decided in decided(name.hasPrefix("/table-")) }) }
        hall.world.home = 1
        let guest = hall.guest("/table-1")
        hall.world.home = 0
        let page = HubPage(hall)
        #expect(
            page.ask("_disconnect", ["/table-1", false])?["code"] == "no-such-namespace", "it has heard of none yet")
        hall.world.run(.milliseconds(1_020))
        #expect(page.ask("_disconnect", ["/table-1", false]) == ["ok": true])
        hall.world.turn()
        #expect(guest.take() == ["41/table-1,"])
    }

    @Test(
        arguments: [
            ("join", ["/chat"], "malformed"), ("join", ["/chat", ""], "malformed"), ("join", [], "malformed"),
            ("join", ["/chat", 5], "malformed"), ("join", ["/chat", "a", ["b"]], "malformed"),
            ("join", ["/none", "a"], "no-such-namespace"), ("join", ["chat", "a"], "no-such-namespace"),
            ("join", ["/admin", "a"], "no-such-namespace"), ("_disconnect", ["/admin", true], "no-such-namespace"),
            ("emit", ["/admin", nil, "server_stats", [:]], "no-such-namespace"),
            ("leave", ["/chat", .string(String(repeating: "x", count: 257))], "malformed"),
            ("emit", ["/chat", "a"], "malformed"), ("emit", ["/chat", nil, "disconnect"], "malformed"),
            ("emit", ["/chat", nil, 5], "malformed"), ("_disconnect", [5, true], "malformed"),
            ("kick", ["/chat"], "no-such-verb"), ("__proto__", ["/chat"], "no-such-verb"),
        ] as [(String, [JSONValue], String)])
    func `what makes no sense is refused, counted and noted, and so is a viewer's every wish`(
        _ name: String, _ values: [JSONValue], _ code: String
    ) {
        let hall = stand.hall()
        let guest = hall.guest("/chat")
        #expect(HubPage(hall).ask(name, values)?["code"] == .string(code))
        #expect(HubPage(hall, "viewer").ask(name, values)?["code"] == "forbidden")
        #expect(guest.take() == [] && hall.hub.namespace("/chat").roomNames == [])
        #expect(hall.world.count(.adminCallsRefused) == 2 && hall.world.count(.adminActions) == 0)
        #expect(stand.office.acts.filter { $0.action != "login" }.map(\.outcome) == [code, "forbidden"])
        #expect(hall.hub.allNamespaces.map(\.name) == ["/", "/admin", "/chat"], "none is made by asking")
    }
}
