import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Socket.IO: events and acks (reference checklist rows 51 to 63, 73, 74, 81)")
struct SocketEventTests {
    let hall = Hall()

    /// Sends every event back under its name, and acks it.
    private func echo(_ names: String...) {
        for name in names {
            hall.main.behaviour.on(name) { socket, message in
                socket.emit(SocketEmission(message.name, message.arguments))
                if let id = message.ackID { socket.acknowledge(id, message.arguments) }
            }
        }
    }

    @Test func `row 51, text events: the arguments go back as they came, and are decoded when asked for`() {
        echo("echo")
        let client = hall.guest()
        for arguments in [
            "", #","x""#, #",1,-0.5e3,true,null,[],{}"#, #",{"a":[{"b":"é\u00e9"}]}"#, #",  [1 , 2]  "#,
            #",12345678901234567890"#,
        ] {
            #expect(client.say(#"42["echo"\#(arguments)]"#) == [#"42["echo"\#(arguments)]"#])
        }
        var seen: [JSONValue] = []
        hall.main.behaviour.on("look") { seen = $1.arguments.values }
        client.say(#"42 [ "look" , 1, {"a": [true]} ] "#)
        #expect(seen == [1, ["a": [true]]])
        client.say(#"42["look"]"#)
        #expect(seen == [])
        client.say(#"42["l\u006fok",7]"#)
        #expect(seen == [7], "a name with escapes is the same name")
    }

    @Test func `row 51, text events: a number is the name that its digits are; names nobody listens to mean nothing`() {
        echo("5")
        let client = hall.guest()
        #expect(client.say(#"42[5,"num"]"#) == [#"42["5","num"]"#])
        #expect(client.say(#"42["other"]"#, #"429["other",1]"#, "42") == [])
        #expect(client.closeCode == nil)
    }

    @Test func `rows 52 to 54, attachments: bytes at any depth, both ways, with an ack`() {
        echo("bin")
        let client = hall.guest()
        let text = #"7["bin",{"_placeholder":true,"num":0},{"a":[{"_placeholder":true,"num":1}]}]"#
        client.send(text: "452-" + text)
        client.send(.binary, [1, 2])
        client.send(.binary, [])
        #expect(
            client.take() == [
                "452-" + text.dropFirst(), "[1, 2]", "[]",
                #"462-7[{"_placeholder":true,"num":0},{"a":[{"_placeholder":true,"num":1}]}]"#, "[1, 2]", "[]",
            ])
    }

    @Test func `row 53, attachment count: as many as allowed come in and go out`() {
        let hall = Hall { $0.attachmentsMax = 12 }
        hall.main.behaviour.on("bin") { $0.emit(SocketEmission($1.name, $1.arguments)) }
        let client = hall.guest()
        let places = (0..<12).map { #"{"_placeholder":true,"num":\#($0)}"# }.joined(separator: ",")
        client.send(text: "4512-[\"bin\",\(places)]")
        for index in 0..<12 { client.send(.binary, [UInt8(index)]) }
        #expect(client.take() == ["4512-[\"bin\",\(places)]"] + (0..<12).map { "[\($0)]" })
        hall.emit("many", SocketArguments((0..<13).map { .binary([$0]) }))
        #expect(client.take() == [], "one that nobody could read is left out")
        #expect(hall.world.logLines.contains { $0.contains("too many attachments") })
    }

    @Test func `row 54, placeholders: foreign ones in a text event are only text`() {
        echo("echo")
        let client = hall.guest()
        let packet = #"42["echo",{"_placeholder":true,"num":0}]"#
        #expect(client.say(packet) == [packet])
    }

    @Test func `row 57, acks to clients: one for each event that wants one, with anything in it`() {
        hall.main.behaviour.on("ask") { socket, message in
            guard let id = message.ackID else { return self.hall.note("none wanted") }
            socket.acknowledge(id, [message.arguments.first, ["ok": true]])
        }
        let client = hall.guest()
        #expect(client.say(#"420["ask",1]"#) == [#"430[1,{"ok":true}]"#])
        #expect(client.say(#"429999999999["ask"]"#) == [#"439999999999[null,{"ok":true}]"#])
        #expect(client.say(#"42["ask",1]"#) == [] && hall.takeLog() == ["none wanted"])
    }

    @Test func `rows 58 and 59, acks from clients: answered, unknown, late`() {
        let client = hall.guest()
        let socket = hall.main.allSockets[0]
        socket.ask(SocketEmission("q", ["a"]), timeout: .seconds(1)) { self.hall.note($0) }
        socket.ask(SocketEmission("q", ["b"]), timeout: nil) { self.hall.note($0) }
        #expect(client.take() == [#"420["q","a"]"#, #"421["q","b"]"#])
        #expect(client.say("437[1]", "431[\"x\",2]", "431[\"again\"]") == [] && hall.takeLog() == [#"["x",2]"#])
        hall.world.run(.seconds(2))
        #expect(hall.takeLog() == ["1 missing, timed out"])
        client.say(#"430["late"]"#)
        #expect(hall.takeLog() == [] && client.closeCode == nil)
        socket.ask(SocketEmission("q"), timeout: nil) { self.hall.note($0) }
        hall.world.run(.seconds(9))
        #expect(hall.takeLog() == [])
        hall.world.run(.seconds(2))
        #expect(hall.takeLog() == ["1 missing, timed out"], "there is a time for every ack")
    }

    @Test func `row 58, acks from clients: with attachments`() {
        let client = hall.guest()
        hall.main.allSockets[0].ask(SocketEmission("q", [.binary([9])]), timeout: nil) { self.hall.note($0) }
        #expect(client.take() == [#"451-0["q",{"_placeholder":true,"num":0}]"#, "[9]"])
        client.send(text: #"461-0[{"_placeholder":true,"num":0}]"#)
        client.send(.binary, [0xFF])
        #expect(hall.takeLog() == [#"["/w=="]"#])
    }

    @Test func `row 60, pending acks fail when the client goes, and one that has gone is not asked`() {
        let client = hall.guest()
        let socket = hall.main.allSockets[0]
        socket.ask(SocketEmission("q"), timeout: nil) { self.hall.note($0) }
        client.stream.cut()
        #expect(hall.takeLog() == ["1 missing"])
        socket.ask(SocketEmission("q"), timeout: nil) { self.hall.note($0) }
        #expect(hall.takeLog() == ["1 missing"])
    }

    @Test func `a socket owes as many acks as allowed`() {
        let hall = Hall { $0.acksMax = 2 }
        let client = hall.guest()
        for _ in 0..<3 { hall.main.allSockets[0].ask(SocketEmission("q"), timeout: nil) { hall.note($0) } }
        #expect(client.take().count == 2 && hall.takeLog() == ["1 missing"])
    }

    @Test func `row 61, broadcast acks: all that answer, and how many did not`() {
        let clients = (0..<4).map { _ in hall.guest() }
        for socket in hall.main.allSockets { socket.join("den") }
        hall.main.allSockets[3].leave("den")
        hall.main.ask(SocketEmission("q", ["?"]), of: .of(["den"]), timeout: .seconds(1)) { self.hall.note($0) }
        #expect(clients.map { $0.take() } == [[#"420["q","?"]"#], [#"420["q","?"]"#], [#"420["q","?"]"#], []])
        clients[1].say("430[1]")
        clients[3].say("430[3]")
        clients[0].say("430[0]")
        #expect(hall.takeLog() == [])
        hall.world.run(.seconds(2))
        #expect(hall.takeLog() == ["[1] [0] 1 missing, timed out"])
        hall.main.ask(SocketEmission("q"), of: .of(["den"]), timeout: nil) { self.hall.note($0) }
        clients[0].say("431[]")
        clients[1].say("431[]")
        clients[2].stream.cut()
        #expect(hall.takeLog() == ["[] [] 1 missing"], "nobody is waited for who has gone")
        hall.main.ask(SocketEmission("q"), of: .of(["nobody"]), timeout: nil) { self.hall.note($0) }
        #expect(hall.takeLog() == [""])
    }

    @Test func `row 63, volatile: none is lost because two share a turn`() {
        let client = hall.guest()
        for number in 0..<10 { hall.emit("v", [.integer(Int64(number))], isVolatile: true) }
        hall.emit("r")
        #expect(client.take() == (0..<10).map { #"42["v",\#($0)]"# } + [#"42["r"]"#])
    }

    @Test func `row 63, volatile: for a client that does not read, the newest of each name waits`() {
        let client = hall.guest()
        let socket = hall.main.allSockets[0]
        client.stream.stalls = true
        hall.emit("r", [0])
        hall.world.turn()
        for number in 1...3 {
            hall.emit("pos", [.integer(Int64(number))], isVolatile: true)
            var options = SocketSendOptions()
            options.isVolatile = true
            socket.emit(SocketEmission("score", [.integer(Int64(number))], options))
            hall.emit("r", [.integer(Int64(number))])
        }
        hall.world.turn()
        client.stream.drain()
        let wanted = [#"42["r",0]"#, #"42["r",1]"#, #"42["r",2]"#, #"42["r",3]"#, #"42["pos",3]"#, #"42["score",3]"#]
        #expect(client.take() == wanted)
        #expect(hall.world.count(.volatilesReplaced) == 4)
    }

    @Test func `row 64, compress: what says no goes out as it is, beside what is compressed`() {
        let hall = Hall(limits: { $0.compression = MessageCompression() })
        let client = HallClient(
            hall.world, "/socket.io/?EIO=4&transport=websocket",
            fields: "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        client.send(text: "40")
        let socket = hall.main.allSockets[0]
        let long = SocketArguments([.string(String(repeating: "x", count: 4_000))])
        func bytesSent(_ compresses: Bool) -> Int {
            let before = client.stream.sent.count
            var options = SocketSendOptions()
            options.compresses = compresses
            socket.emit(SocketEmission("t", long, options))
            hall.world.turn()
            return client.stream.sent.count - before
        }
        #expect(bytesSent(true) < 100)
        #expect(bytesSent(false) > 4_000)
    }

    @Test func `rows 6 and 64, compress: a broadcast is compressed once for those who agreed, by size and by its flag`()
    {
        let hall = Hall(limits: {
            $0.compression = MessageCompression()
            $0.compression?.deflate = PermessageDeflate(sendsWithoutContext: false)
        })
        func client(_ offer: String) -> HallClient {
            let fields = offer.isEmpty ? "" : "Sec-WebSocket-Extensions: \(offer)\r\n"
            let client = HallClient(hall.world, "/socket.io/?EIO=4&transport=websocket", fields: fields)
            client.send(text: "40")
            return client
        }
        let offers = [
            "permessage-deflate", "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9", "",
        ]
        let clients = offers.map(client)
        let long = SocketArguments([
            .string(String(repeating: "x", count: 4_000)), .binary(Array(repeating: 1, count: 2_000)),
        ])
        func bytesSent(_ compresses: Bool, _ arguments: SocketArguments, to one: NamespaceSocket? = nil) -> [Int] {
            let before = clients.map(\.stream.sent.count)
            var options = SocketSendOptions()
            options.compresses = compresses
            if let one {
                one.emit(SocketEmission("t", arguments, options))
            } else {
                hall.main.perform(.emit(SocketEmission("t", arguments, options)), on: .of())
            }
            hall.world.turn()
            return zip(clients, before).map { $0.stream.sent.count - $1 }
        }
        // What a client was sent alone, before and behind it, has a context of its own where that was agreed to.
        for socket in hall.main.allSockets { _ = bytesSent(true, long, to: socket) }
        let sent = bytesSent(true, long)
        #expect(sent[0] < 200 && sent[1] == sent[0] && sent[2] < 300 && sent[3] > 6_000)
        #expect(bytesSent(false, long).allSatisfy { $0 > 6_000 })
        #expect(bytesSent(true, [.string(String(repeating: "x", count: 900))]).allSatisfy { $0 > 900 })
        for socket in hall.main.allSockets { _ = bytesSent(true, long, to: socket) }
    }

    @Test func `row 73, filters: after the listeners, before the handler; a refusal drops the event`() {
        hall.main.behaviour.onAny { self.hall.note("any \($1.name)") }
        hall.main.behaviour.filter { _, message in
            self.hall.note("filter \(message.arguments.first.text)")
            return message.arguments.first != "bad"
        }
        hall.main.behaviour.on("e") { self.hall.note("handler \($1.arguments.first.text)") }
        let client = hall.guest()
        client.say(#"42["e","good"]"#, #"42["e","bad"]"#, #"42["unheard","good"]"#)
        #expect(
            hall.takeLog() == [
                "any e", #"filter "good""#, #"handler "good""#, "any e", #"filter "bad""#, "any unheard",
                #"filter "good""#,
            ])
    }

    @Test func `row 74, catch-all: what is sent is seen once for each socket, broadcasts too, acks not`() {
        hall.main.behaviour.onAnyOutgoing { socket, name, arguments in
            self.hall.note("\(name) \(arguments.values.count) \(socket.rooms.count)")
        }
        hall.main.behaviour.on("ask") { socket, message in socket.acknowledge(message.ackID ?? 0, []) }
        let (ann, bob) = (hall.guest(), hall.guest())
        hall.main.allSockets[0].join("den")
        ann.say(#"421["ask"]"#)
        hall.main.allSockets[0].emit(SocketEmission("one", [1]))
        hall.emit("all", [1, 2])
        #expect(hall.takeLog() == ["one 1 2", "all 2 2", "all 2 1"])
        #expect(bob.take().last == #"42["all",1,2]"#)
    }

    @Test func `row 81, order: what comes while a handler waits is handled after it, in the order in which it came`() {
        var sockets: [NamespaceSocket] = []
        hall.main.behaviour.on("slow") { socket, message in
            self.hall.note("slow \(message.arguments.first.text)")
            socket.hold()
            sockets.append(socket)
        }
        hall.main.behaviour.on("fast") { socket, message in
            self.hall.note("fast \(message.arguments.first.text)")
            if let id = message.ackID { socket.acknowledge(id, []) }
        }
        let (ann, bob) = (hall.guest(), hall.guest())
        ann.say(#"42["fast",0]"#, #"42["slow",1]"#, #"42["fast",2]"#, #"425["slow",3]"#, #"426["fast",4]"#)
        bob.say(#"42["fast","bob"]"#)
        #expect(hall.takeLog() == ["fast 0", "slow 1", #"fast "bob""#])
        sockets[0].ask(SocketEmission("q"), timeout: nil) { self.hall.note($0) }
        ann.say("430[\"a\"]")
        #expect(hall.takeLog() == [#"["a"]"#], "acks do not wait, or nobody could await one")
        sockets[0].release()
        #expect(hall.takeLog() == ["fast 2", "slow 3"])
        ann.say(#"42["fast",5]"#)
        sockets[0].release()
        #expect(hall.takeLog() == ["fast 4", "fast 5"] && ann.take() == ["436[]"])
        ann.say(#"42["slow",6]"#, #"42["fast",7]"#)
        ann.stream.cut()
        sockets[0].release()
        #expect(hall.takeLog() == ["slow 6"], "nothing is handled for who has gone")
    }

    @Test func `row 81, order: as many events wait as allowed; more end the connection`() {
        let hall = Hall { $0.heldEventsMax = 3 }
        hall.main.behaviour.on("slow") { socket, _ in socket.hold() }
        let client = hall.guest()
        client.say(#"42["slow"]"#, #"42["slow"]"#, #"42["slow"]"#, #"42["slow"]"#)
        #expect(client.closeCode == nil)
        client.say(#"42["slow"]"#)
        #expect(client.closeCode == 4002 && hall.world.count(.eventsOverflowed) == 1)
    }

    @Test func `a handler that ends its own connection is the last to be called for it`() {
        hall.main.behaviour.on("bye") { socket, _ in socket.disconnect(closes: true) }
        hall.main.behaviour.on("e") { _, _ in self.hall.note("e") }
        let client = hall.guest()
        client.stream.receive(
            client.frame(.text, Array(#"42["bye"]"#.utf8)) + client.frame(.text, Array(#"42["e"]"#.utf8)))
        #expect(client.take() == ["41", "close 1000"] && hall.takeLog() == [])
    }

    @Test func `row 107, rate: an event over it is dropped with its attachments, and leaving never is`() {
        let hall = Hall(limits: { $0.messagesPerSecond = 3 })
        hall.main.behaviour.on("bin") { hall.note("\($1.arguments.values.count)") }
        let client = hall.guest()
        for _ in 0..<6 {
            client.send(text: #"451-["bin",{"_placeholder":true,"num":0}]"#)
            client.send(.binary, [1])
        }
        #expect(hall.takeLog().count == 5 && client.closeCode == nil)
        client.say("41")
        #expect(hall.main.socketCount == 0)
    }
}

extension Hall {
    /// Notes what became of a question.
    func note(_ answers: SocketAnswers) {
        var parts = answers.answers.map { JSONValue.array($0.values).text }
        if answers.missing > 0 { parts.append("\(answers.missing) missing\(answers.isTimedOut ? ", timed out" : "")") }
        note(parts.joined(separator: " "))
    }
}
