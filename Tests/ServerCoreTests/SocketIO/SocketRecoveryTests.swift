import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Socket.IO: connection state recovery (reference checklist rows 79 and 80)")
struct SocketRecoveryTests {
    let hall = Hall { $0.recovery = SocketRecoverySettings() }

    private func hall(_ adjust: (inout SocketRecoverySettings) -> Void) -> Hall {
        var recovery = SocketRecoverySettings()
        adjust(&recovery)
        return Hall { $0.recovery = recovery }
    }

    // MARK: The wire

    @Test func `row 79, off: no private id, no offsets, and a claim is nothing`() {
        let hall = Hall()
        let client = hall.client()
        _ = client.take()
        #expect(client.say("40").first == #"40{"sid":"\#(hall.main.allSockets[0].id.text)"}"#)
        hall.emit("hi", ["x"])
        #expect(client.take() == [#"42["hi","x"]"#])
        let other = hall.guest(auth: #"{"pid":"\#(String(repeating: "A", count: 40))","offset":"B"}"#)
        #expect(other.pid == "" && hall.main.allSockets[1].auth["pid"] != nil && !hall.main.allSockets[1].isRecovered)
    }

    @Test func `row 79, offsets: events without an ack that are not volatile have one; each its own, the same for all`()
    {
        let (ann, bob) = (hall.guest(), hall.guest())
        #expect(ann.pid.utf8.count == 40 && ann.pid != bob.pid)
        hall.emit("to all", [1])
        let (first, same) = (ann.take(), bob.take())
        #expect(first == same && first[0].untraced == #"42["to all",1]"# && first[0].offset != "")
        hall.main.allSockets[0].emit(SocketEmission("to one"))
        hall.main.allSockets[0].emit(SocketEmission("bytes", [.binary([7])]))
        let own = ann.take()
        #expect(own[0].untraced == #"42["to one"]"#)
        #expect(own[1].hasPrefix(#"451-["bytes",{"_placeholder":true,"num":0},""#) && own[2] == "[7]")
        #expect(Set([first[0].offset, own[0].offset, own[1].offset]).count == 3)
        hall.main.allSockets[0].ask(SocketEmission("sure?", ["x"]), timeout: nil) { _ in }
        hall.main.ask(SocketEmission("all sure?"), of: SocketTarget(), timeout: nil) { _ in }
        #expect(ann.take() == [#"420["sure?","x"]"#, #"421["all sure?"]"#])
        hall.emit("volatile", ["x", 2], isVolatile: true)
        #expect(ann.take() == [#"42["volatile","x",2]"#])
    }

    @Test func `row 79, offsets: a volatile event does not end in a text, which clients would take for one`() {
        let client = hall.guest()
        hall.main.behaviour.on("pass") { socket, event in
            socket.emit(SocketEmission("on", event.arguments, Self.volatile))
        }
        hall.emit("where", ["north"], isVolatile: true)
        hall.emit("tick", isVolatile: true)
        #expect(client.take() == [#"42["where","north",null]"#, #"42["tick",null]"#])
        #expect(
            client.say(#"42["pass",1, "x" ]"#, #"42["pass","x",1]"#, #"42["pass" ]"#).map { $0.filter { $0 != " " } }
                == [
                    #"42["on",1,"x",null]"#, #"42["on","x",1]"#, #"42["on",null]"#,
                ])
    }

    private static var volatile: SocketSendOptions {
        var options = SocketSendOptions()
        options.isVolatile = true
        return options
    }

    // MARK: Coming back

    @Test func `row 79, coming back: id, rooms and data, and what was missed in order, before CONNECT is answered`() {
        hall.main.behaviour.onConnect { self.hall.note("\($0.id.text) \($0.isRecovered) \($0.rooms.count)") }
        let client = hall.guest()
        let id = client.id
        hall.main.allSockets[0].join("red")
        hall.main.allSockets[0].data = ["name": "Ann"]
        hall.emit("seen", to: ["red"])
        let offset = client.takeOffset()
        client.stream.cut()
        hall.emit("all", [1])
        hall.emit("red", [2], to: ["red", "blue"])
        hall.emit("blue", [3], to: ["blue"])
        hall.emit("not red", [4], except: ["red"])
        hall.emit("own", [.binary([5])], to: [id])
        hall.emit("volatile", [6], isVolatile: true)
        hall.emit("elsewhere", in: "/other")
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(offset))
        #expect(packets.map(\.untraced)[..<2] == [#"42["all",1]"#, #"42["red",2]"#])
        #expect(packets[2].hasPrefix("451-[\"own\"") && packets[3] == "[5]" && packets.count == 5)
        #expect(packets[4] == #"40{"sid":"\#(id)","pid":"\#(client.pid)"}"#)
        let socket = hall.main.allSockets[0]
        #expect(hall.takeLog() == ["\(id) false 1", "\(id) true 2"])
        #expect(socket.rooms == [id, "red"] && socket.data == ["name": "Ann"] && hall.main.socketCount == 1)
        #expect(socket.auth == [:], "what proves it is none of the author's affairs")
        #expect(hall.world.count(.socketsRecovered) == 1 && hall.world.count(.recoveriesFailed) == 0)
        hall.emit("on", to: ["red"])
        #expect(back.take().map(\.untraced) == [#"42["on"]"#])
    }

    @Test func `row 79, coming back: whoever emitted is left out of what it said, and rooms it had left`() {
        let client = hall.guest()
        let socket = hall.main.allSockets[0]
        hall.emit("first")
        let offset = client.takeOffset()
        socket.leave(socket.id.text)
        client.stream.cut()
        hall.emit("said", but: socket)
        hall.emit("own", to: [client.id])
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(offset)).count == 1)
        #expect(hall.main.allSockets[0].rooms == [])
    }

    @Test func `row 79, coming back: again and again, each time with what came since`() {
        var client = hall.guest()
        let id = client.id
        hall.emit("start")
        var offset = client.takeOffset()
        for round in 0..<4 {
            client.stream.cut()
            if round != 2 { hall.emit("missed", [.integer(Int64(round))]) }
            let back = hall.client()
            _ = back.take()
            let packets = back.say("40" + client.claim(offset))
            #expect(packets.count == (round == 2 ? 1 : 2) && packets.last?.hasPrefix(#"40{"sid":"\#(id)""#) == true)
            if round != 2 { offset = packets[0].offset }
            // The next connection has to show the same private id.
            back.adopt(pid: client.pid)
            client = back
        }
    }

    @Test func `row 79, coming back: who shows an event from before it was new is told what came since, and no more`() {
        let old = hall.guest()
        hall.emit("old")
        let offset = old.takeOffset()
        hall.emit("before")
        let client = hall.guest()
        hall.emit("since")
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(offset))
        #expect(packets.dropLast().map(\.untraced) == [#"42["since"]"#])
        #expect(packets.last?.contains(client.id) == true)
    }

    @Test func `row 79, coming back: what was sent and never arrived is missed, too`() {
        let client = hall.guest()
        hall.emit("arrives")
        let offset = client.takeOffset()
        client.stream.stalls = true
        for number in 0..<3 { hall.emit("lost", [.integer(Int64(number))]) }
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(offset))
        #expect(packets.dropLast().map(\.untraced) == [#"42["lost",0]"#, #"42["lost",1]"#, #"42["lost",2]"#])
    }

    @Test func `row 79, coming back: before the old connection is known to be lost, which then ends`() {
        hall.main.behaviour.onDisconnect { self.hall.note("\($0.isRecovered) \($1.rawValue)") }
        let client = hall.guest()
        hall.emit("seen")
        let offset = client.takeOffset()
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(offset)) == [#"40{"sid":"\#(client.id)","pid":"\#(client.pid)"}"#])
        #expect(hall.takeLog() == ["false transport close"] && hall.main.socketCount == 1)
        #expect(client.stream.closing != nil || client.take().last?.hasPrefix("close") == true)
    }

    @Test(arguments: [false, true])
    func `row 79, once: a place is taken once, and by whoever has its secret alone`(wasSeen: Bool) {
        let client = hall.guest()
        hall.emit("x")
        let offset = wasSeen ? client.takeOffset() : nil
        client.stream.cut()
        let wrong = String(client.pid.prefix(39)) + (client.pid.hasSuffix("A") ? "B" : "A")
        let short = String(client.pid.prefix(20))
        for pid in [wrong, short, short + short, ""] {
            let thief = hall.client()
            thief.adopt(pid: pid)
            _ = thief.take()
            #expect(thief.say("40" + thief.claim(offset)).last?.contains(client.id) == false)
        }
        for isFirst in [true, false] {
            let back = hall.client()
            _ = back.take()
            let answer = back.say("40" + client.claim(offset)).last
            #expect(answer?.contains(client.id) == isFirst)
            back.stream.stalls = true
            if isFirst { back.say("41") }
        }
    }

    @Test func `row 79, once: who knows the id of somebody who is there, and not its secret, ends nothing`() {
        let client = hall.guest()
        let thief = hall.client()
        thief.adopt(pid: client.id + String(client.id.reversed()))
        _ = thief.take()
        #expect(thief.say("40" + thief.claim(nil)).last?.contains(client.id) == false)
        #expect(client.closeCode == nil && hall.main.socketCount == 2)
    }

    @Test func `row 79, once: an offset is of its own namespace`() {
        let elsewhere = hall.hub.namespace("/other")
        let (client, witness) = (hall.guest(), hall.guest("/other"))
        elsewhere.perform(.emit(SocketEmission("e")), on: .of())
        let offset = witness.takeOffset()
        hall.emit("seen")
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(offset)).last?.contains(client.id) == false)
    }

    @Test func `row 79, once: a place is of one namespace`() {
        _ = hall.hub.namespace("/a")
        let client = hall.guest()
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40/a,\(client.claim(nil))").last?.contains(client.id) == false)
        #expect(back.say("40" + client.claim(nil)).last?.contains(client.id) == true)
    }

    @Test(arguments: SocketDisconnectReason.allCases)
    func `row 79, reasons: a place is kept when neither side has ended it on purpose`(reason: SocketDisconnectReason) {
        let client = hall.guest()
        var noted: SocketDisconnectReason?
        hall.main.behaviour.onDisconnect { noted = $1 }
        switch reason {
        case .serverNamespaceDisconnect: hall.main.allSockets[0].disconnect(closes: false)
        case .clientNamespaceDisconnect: client.say("41")
        case .serverShuttingDown: hall.world.server.closeAll()
        case .pingTimeout: hall.world.run(.seconds(60))
        case .transportClose: client.stream.cut()
        case .transportError: client.stream.receive([0xF0, 0x80, 0, 0, 0, 0])
        case .parseError: client.say("x")
        case .forcedClose: client.say("4x")
        case .forcedServerClose: client.say("40")
        }
        #expect(noted == reason)
        let back = HallClient(hall.world, "/socket.io/?EIO=4&transport=websocket")
        _ = back.take()
        let isKept = back.say("40" + client.claim(nil)).last?.contains(client.id) == true
        #expect(isKept == ![.serverNamespaceDisconnect, .clientNamespaceDisconnect, .parseError].contains(reason))
    }

    // MARK: Middlewares

    @Test func `row 79, middlewares: they are asked first, and nothing is replayed to who is refused`() {
        hall.main.behaviour.use { socket, done in
            self.hall.note("asked \(socket.isRecovered) \(socket.rooms.count)")
            done(socket.auth["ticket"] == "good" ? nil : ConnectRefusal("banned"))
        }
        let client = hall.guest(auth: #"{"ticket":"good"}"#)
        hall.main.allSockets[0].join("red")
        hall.emit("seen")
        let offset = client.takeOffset()
        client.stream.cut()
        hall.emit("secret")
        let thief = hall.client()
        _ = thief.take()
        #expect(thief.say("40" + client.claim(offset)) == [#"44{"message":"banned"}"#])
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(offset, #","ticket":"good""#))
        #expect(packets.count == 2 && packets[0].untraced == #"42["secret"]"# && packets[1].contains(client.id))
        #expect(hall.takeLog() == ["asked false 1", "asked true 2", "asked true 2"])
        #expect(hall.main.allSockets[0].auth == ["ticket": "good"])
    }

    @Test func `row 79, middlewares: who is told to be let in without them is`() {
        let hall = hall { $0.skipsMiddlewares = true }
        var isClosed = false
        hall.main.behaviour.use { _, done in done(isClosed ? ConnectRefusal("closed") : nil) }
        let client = hall.guest()
        isClosed = true
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)).last?.contains(client.id) == true)
        #expect(hall.client().say("40").last == #"44{"message":"closed"}"#)
    }

    @Test func `row 79, middlewares: what comes while they think is replayed once, and what they emit`() {
        var decide: ((ConnectRefusal?) -> Void)?
        let client = hall.guest()
        client.stream.cut()
        hall.main.behaviour.use { socket, done in
            socket.emit(SocketEmission("early"))
            decide = done
        }
        let back = hall.client()
        _ = back.take()
        hall.emit("one")
        #expect(back.say("40" + client.claim(nil)) == [])
        hall.emit("two")
        hall.emit("three", to: [client.id])
        #expect(back.take() == [])
        decide?(nil)
        #expect(
            back.take().dropLast().map(\.untraced) == [#"42["one"]"#, #"42["early"]"#, #"42["two"]"#, #"42["three"]"#])
    }

    @Test func `row 79, middlewares: who goes while they think can come back all the same`() {
        var decide: ((ConnectRefusal?) -> Void)?
        let client = hall.guest()
        client.stream.cut()
        hall.main.behaviour.use { _, done in if decide == nil { decide = done } else { done(nil) } }
        hall.emit("one")
        let impatient = hall.client()
        impatient.say("40" + client.claim(nil))
        impatient.stream.cut()
        decide?(nil)
        hall.emit("two")
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(nil))
        #expect(packets.map(\.untraced).dropLast() == [#"42["one"]"#, #"42["two"]"#])
        #expect(packets.last?.contains(client.id) == true)
    }

    @Test func `row 79, middlewares: who is refused may ask again from where it was, and from nowhere else`() {
        var isOpen = true
        hall.main.behaviour.use { _, done in done(isOpen ? nil : ConnectRefusal("later")) }
        for isSame in [true, false] {
            let client = hall.guest()
            hall.emit("seen")
            let offset = client.takeOffset()
            hall.emit("lost on its way")
            client.stream.cut()
            isOpen = false
            let first = hall.client()
            _ = first.take()
            #expect(first.say("40" + client.claim(offset)) == [#"44{"message":"later"}"#])
            isOpen = true
            let back = hall.client()
            _ = back.take()
            let packets = back.say("40" + client.claim(isSame ? offset : nil))
            #expect(packets.dropLast().map(\.untraced) == (isSame ? [#"42["lost on its way"]"#] : []))
            #expect(packets.last?.contains(client.id) == isSame)
        }
    }

    @Test func `row 79, coming back: what another was sent alone is not for it`() {
        let (client, other) = (hall.guest(), hall.guest())
        client.stream.cut()
        hall.main.allSockets[0].emit(SocketEmission("yours"))
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)).count == 1 && other.take().count == 1)
    }

    // MARK: Without an offset

    @Test func `row 80, no offset: a client that was sent nothing comes back, with what came since`() {
        let client = hall.guest()
        client.stream.cut()
        hall.emit("first of all")
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(nil))
        #expect(packets.count == 2 && packets[0].untraced == #"42["first of all"]"#)
        #expect(packets[1].contains(client.id) && hall.main.allSockets[0].isRecovered)
    }

    @Test func `row 80, no offset: a client that has seen nothing of what it was sent gets all of it`() {
        let client = hall.guest()
        hall.emit("one")
        hall.emit("two")
        client.stream.cut()
        hall.emit("three")
        let back = hall.client()
        _ = back.take()
        #expect(
            back.say("40" + client.claim(nil)).map(\.untraced).dropLast()
                == [#"42["one"]"#, #"42["two"]"#, #"42["three"]"#])
    }

    @Test func `row 80, long silence: the last event that a client has seen may be one that it had missed`() {
        let client = hall.guest()
        client.stream.cut()
        hall.emit("missed")
        let back = hall.client()
        _ = back.take()
        let offset = back.say("40" + client.claim(nil))[0].offset
        for _ in 0..<100 {
            hall.world.run(.seconds(26))
            back.say("3")
        }
        back.stream.cut()
        let again = hall.client()
        _ = again.take()
        #expect(again.say("40" + client.claim(offset)).last?.contains(client.id) == true)
    }

    @Test(arguments: [false, true])
    func `row 80, long silence: who has seen the last event comes back, however long ago that was`(isOwn: Bool) {
        let client = hall.guest()
        if isOwn { hall.main.allSockets[0].emit(SocketEmission("long ago")) } else { hall.emit("long ago") }
        let offset = client.takeOffset()
        for _ in 0..<100 {
            hall.world.run(.seconds(26))
            client.say("3")
        }
        client.stream.cut()
        hall.emit("missed")
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(offset))
        #expect(packets.count == 2 && packets[0].untraced == #"42["missed"]"# && packets[1].contains(client.id))
    }
}
