import Determinism
import HTTPTypes
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Socket.IO: namespaces, joining and leaving (reference checklist rows 44 to 50, 76 to 78)")
struct SocketNamespaceTests {
    let hall = Hall()

    @Test func `row 45, namespaces: each has its own sockets, with an id of its own`() {
        hall.hub.namespace("/chat").behaviour.onConnect { self.hall.note("\($0.namespace.name) \($0.id.text)") }
        let client = hall.client()
        let main = client.join()
        let chat = client.join("/chat")
        #expect(main.count == 20 && chat.count == 20 && main != chat)
        #expect(hall.takeLog() == ["/chat \(chat)"])
        #expect(hall.main.socketCount == 1 && hall.hub.namespace("chat").socketCount == 1)
        hall.emit("hi", ["x"], in: "/chat")
        #expect(client.take() == [#"42/chat,["hi","x"]"#])
        #expect(client.say("41/chat,") == [] && hall.hub.namespace("/chat").socketCount == 0)
        #expect(hall.main.socketCount == 1)
        #expect(client.join("/chat") != chat, "a client may come back, and gets another id")
    }

    @Test func `row 45, namespaces: one that nobody has made is refused, and the connection stays`() {
        let client = hall.client()
        _ = client.take()
        #expect(client.say("40/none,") == [#"44/none,{"message":"Invalid namespace"}"#])
        #expect(client.say("40/a?x=1,") == [#"44/a?x=1,{"message":"Invalid namespace"}"#])
        #expect(client.join() != "")
    }

    @Test func `row 46, dynamic namespaces: a family's function decides by name and auth, in order`() {
        let first = SocketFamily { name, _, decide in decide(name.hasPrefix("/a")) }
        let second = SocketFamily { name, auth, decide in decide(auth["key"] == "k" && name.utf8.count > 2) }
        hall.hub.add(first)
        hall.hub.add(second)
        first.behaviour.onConnect { self.hall.note("first \($0.namespace.name)") }
        second.behaviour.onConnect { self.hall.note("second \($0.namespace.name)") }
        let client = hall.client()
        for name in ["/ab", "/bb", "/a1"] { client.join(name, auth: #"{"key":"k"}"#) }
        #expect(client.join("/cc") == "")
        #expect(hall.takeLog() == ["first /ab", "second /bb", "first /a1"])
        #expect(first.children.map(\.name) == ["/ab", "/a1"])
    }

    @Test
    func `row 46, dynamic namespaces: a late decision finds the client there, gone, or with another in it already`() {
        var decisions: [(Bool) -> Void] = []
        let family = SocketFamily { _, _, decide in decisions.append(decide) }
        hall.hub.add(family)
        let clients = [hall.client(), hall.client(), hall.client()]
        for client in clients { #expect(client.join("/late") == "") }
        clients[2].stream.cut()
        for decide in decisions { decide(true) }
        decisions[0](true)
        #expect(clients[..<2].allSatisfy { $0.take().first?.hasPrefix("40/late,{") == true })
        #expect(family.children.count == 1 && hall.hub.namespace("/late").socketCount == 2)
    }

    @Test func `row 47, cleanup: a namespace of a family goes with its last socket, and one that was made stays`() {
        let family = SocketFamily { _, _, decide in decide(true) }
        family.behaviour.use { socket, done in done(socket.auth["bad"] == true ? ConnectRefusal("no") : nil) }
        hall.hub.add(family)
        let made = hall.hub.namespace("/made")
        let (ann, bob) = (hall.guest("/room"), hall.guest("/room"))
        ann.join("/made")
        #expect(hall.hub.allNamespaces.map(\.name) == ["/", "/made", "/room"])
        ann.say("41/room,", "41/made,")
        #expect(hall.hub.existingNamespace("/room") != nil)
        bob.stream.cut()
        #expect(hall.hub.allNamespaces.map(\.name) == ["/", "/made"] && family.children.isEmpty)
        #expect(ann.join("/other", auth: #"{"bad":true}"#) == "")
        #expect(hall.hub.existingNamespace("/other") == nil, "nor does a refused one keep it")
        #expect(hall.hub.existingNamespace("/made") === made)
    }

    @Test func `row 48, middlewares: asked in order, before anybody is told; the first refusal ends it`() {
        hall.main.behaviour.use { socket, done in
            self.hall.note("first")
            socket.join("den")
            socket.data = ["user": socket.auth["user"] ?? .null]
            done(nil)
        }
        hall.main.behaviour.use { socket, done in
            self.hall.note("second")
            done(socket.auth["user"] == nil ? ConnectRefusal("who are you?", data: ["code": 7]) : nil)
        }
        hall.main.behaviour.onConnect { self.hall.note("in: \($0.rooms.count) \($0.data.text)") }
        let client = hall.client()
        _ = client.take()
        #expect(client.say("40") == [#"44{"message":"who are you?","data":{"code":7}}"#])
        #expect(hall.main.socketCount == 0 && hall.main.roomNames == [])
        client.join(auth: #"{"user":"Ann"}"#)
        #expect(hall.takeLog() == ["first", "second", "first", "second", #"in: 2 {"user":"Ann"}"#])
        #expect(hall.main.roomNames == ["den"])
    }

    @Test func `row 48, middlewares: one may answer later; meanwhile nobody reaches the socket, and it may go`() {
        var answers: [(ConnectRefusal?) -> Void] = []
        hall.main.behaviour.use { socket, done in
            socket.join("den")
            socket.emit(SocketEmission("early", ["for", "you"]))
            answers.append(done)
        }
        let (ann, bob) = (hall.client(), hall.client())
        _ = ann.take()
        ann.join()
        bob.join()
        hall.emit("den", to: ["den"])
        #expect(ann.take() == [] && hall.main.socketCount == 0)
        bob.stream.cut()
        for answer in answers { answer(nil) }
        answers[0](ConnectRefusal("too late"))
        let got = ann.take()
        #expect(got.count == 2 && got[0].hasPrefix("40{") && got[1] == #"42["early","for","you"]"#)
        #expect(hall.main.socketCount == 1)
    }

    @Test func `row 49, auth: what CONNECT carries is the socket's; without it an empty object`() {
        hall.main.behaviour.onConnect { self.hall.note($0.handshake.auth.text) }
        _ = hall.guest()
        _ = hall.guest(auth: #"{"token":"t","n":[1]}"#)
        #expect(hall.takeLog() == ["{}", #"{"token":"t","n":[1]}"#])
    }

    @Test(arguments: [#"40["a"]"#, "40null", "402", #"40"x""#])
    func `row 49, auth: anything but an object ends the connection`(_ packet: String) {
        let client = hall.client()
        client.say(packet)
        #expect(client.closeCode == 4002)
    }

    @Test func `row 44, connect timeout: who joins nothing in 45 s is closed; who has joined once is not`() {
        let (idle, former) = (hall.client(), hall.guest())
        former.say("41")
        hall.world.run(.seconds(44))
        for client in [idle, former] { client.say("3") }
        #expect(idle.closeCode == nil)
        hall.world.run(.seconds(2))
        #expect(idle.closeCode == 4001 && former.closeCode == nil)
    }

    @Test func `row 76, handshake: the request and the auth, as they came`() {
        var shake: SocketHandshake?
        hall.main.behaviour.onConnect { shake = $0.handshake }
        let client = hall.client("&room=a%20b&x=1&x=2", fields: "Origin: http://muster.test:7777\r\nX-Mine: ok\r\n")
        client.join(auth: #"{"a":1}"#)
        #expect(shake?.url == "/socket.io/?EIO=4&transport=websocket&room=a%20b&x=1&x=2")
        #expect(
            shake?.query.map { "\($0.name)=\($0.value)" } == ["EIO=4", "transport=websocket", "room=a b", "x=1", "x=2"])
        #expect(shake?.fields.first { $0.name.canonicalName == "x-mine" }?.value == "ok")
        #expect(shake?.fields[.origin] == "http://muster.test:7777")
        #expect(shake?.address == "127.0.0.1:40000" && shake?.isSecure == false && shake?.auth == ["a": 1])
    }

    @Test func `rows 77 and 78, reasons: disconnecting comes with the rooms, disconnect without`() {
        watch(hall.main)
        let (left, lost, closed, kicked) = (hall.guest(), hall.guest(), hall.guest(), hall.guest())
        for socket in hall.main.allSockets { socket.join("den") }
        left.say("41")
        lost.stream.end()
        hall.world.turn()
        closed.sendClose(1000)
        hall.main.allSockets.first?.disconnect(closes: false)
        #expect(kicked.take() == ["41"])
        let reasons = [
            "client namespace disconnect", "transport close", "transport close", "server namespace disconnect",
        ]
        #expect(hall.takeLog() == reasons.flatMap { ["disconnecting 2 \($0)", "disconnect 0 \($0)"] })
        #expect(kicked.closeCode == nil && hall.main.roomNames == [])
    }

    @Test func `row 77, reasons: pings, parse errors, forced closes, errors of the transport, the server's end`() {
        watch(hall.main)
        let silent = hall.guest()
        hall.world.run(.seconds(46))
        #expect(hall.takeLog().last == "disconnect 0 ping timeout" && silent.closeCode == 4005)
        for (packets, reason) in [
            (["zz"], "parse error"), (["7"], "parse error"), ([""], "parse error"), (["2"], "transport error"),
            (["4abc"], "forced close"), (["42{}"], "forced close"), ([#"42["disconnect"]"#], "forced close"),
            ([#"42["a",]"#], "forced close"), (["4511-[\"x\"]"], "forced close"), (["40"], "forced server close"),
            (["42/x,[\"a\"]"], "forced server close"), (["41/x"], "forced server close"),
            ([#"44{"message":"m"}"#], "forced server close"),
            ([#"451-["a",{"_placeholder":true,"num":0}]"#, #"42["a"]"#], "forced close"),
        ] {
            let client = hall.guest()
            for packet in packets { client.say(packet) }
            #expect(hall.takeLog().last == "disconnect 0 \(reason)", "\(packets)")
            #expect(client.closeCode == 4002, "\(packets)")
        }
        let large = hall.guest()
        large.say("42[\"\(String(repeating: "x", count: 10_000))\"]")
        #expect(hall.takeLog().last == "disconnect 0 transport error" && large.closeCode == 1009)
        let last = hall.guest()
        hall.world.server.closeAll()
        #expect(hall.takeLog().last == "disconnect 0 server shutting down" && last.take().last == "close 4009")
    }

    private func watch(_ namespace: SocketNamespace) {
        namespace.behaviour.onDisconnecting { self.hall.note("disconnecting \($0.rooms.count) \($1.rawValue)") }
        namespace.behaviour.onDisconnect { self.hall.note("disconnect \($0.rooms.count) \($1.rawValue)") }
    }

    @Test func `disconnecting with the connection ends every namespace of it, then the connection`() {
        hall.hub.namespace("/b").behaviour.onDisconnect { self.hall.note("\($0.namespace.name) \($1.rawValue)") }
        hall.main.behaviour.onDisconnect { self.hall.note("\($0.namespace.name) \($1.rawValue)") }
        let client = hall.guest()
        client.join("/b")
        _ = client.take()
        hall.main.allSockets.first?.disconnect(closes: true)
        #expect(client.take() == ["41", "41/b,", "close 1000"])
        #expect(hall.takeLog() == ["/ server namespace disconnect", "/b server namespace disconnect"])
    }

    @Test func `an event that crosses our DISCONNECT is dropped, and the client may come back`() {
        let client = hall.guest()
        hall.main.allSockets.first?.disconnect(closes: false)
        #expect(client.say(#"42["late"]"#, "431[]") == ["41"] && client.closeCode == nil)
        #expect(client.join() != "")
    }

    @Test func `a client is in as many namespaces as allowed, and is told when it asks for more`() {
        let hall = Hall { $0.namespacesMax = 2 }
        for name in ["/b", "/c"] { _ = hall.hub.namespace(name) }
        let client = hall.guest()
        client.join("/b")
        #expect(client.say("40/c,") == [#"44/c,{"message":"too many namespaces"}"#])
        client.say("41/b,")
        #expect(client.join("/c") != "")
    }

    @Test func `a hub tells of namespaces as they come to be, but for the main one`() {
        hall.hub.namespaceOpened = { self.hall.note($0.name) }
        hall.hub.add(SocketFamily { _, _, decide in decide(true) })
        _ = hall.hub.namespace("/made")
        hall.guest("/asked").join("/made")
        #expect(hall.takeLog() == ["/made", "/asked"])
    }
}
