import Determinism
import HTTPCore
import JSONCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Socket.IO: clients on plain WebSockets (reference checklist row 83)")
struct PlainSocketTests {
    let hall = Hall()

    /// A client on a plain WebSocket; what it is told first is taken.
    private func plain(_ query: String = "", in hall: Hall? = nil, at namespace: String = "/") -> HallClient {
        let hall = hall ?? self.hall
        hall.servePlain(namespace)
        let client = HallClient(hall.world, "/plain\(query)")
        return client
    }

    private func guest() -> HallClient {
        let client = plain()
        _ = client.take()
        return client
    }

    // MARK: Coming and going

    @Test func `row 83, joining: it is in its namespace at once, by the middlewares, with its query as auth`() {
        hall.main.behaviour.use { socket, done in
            done(socket.auth["token"] == "sesame" ? nil : ConnectRefusal("not authorized", data: ["code": 401]))
        }
        hall.main.behaviour.onConnect { self.hall.note("\($0.isPlain) \($0.transportName) \($0.handshake.url)") }
        let client = plain("?token=sesame&x=1")
        #expect(client.take() == [#"{"event":"connect","data":{"sid":"\#(hall.main.allSockets[0].id.text)"}}"#])
        #expect(hall.takeLog() == ["true websocket /plain?token=sesame&x=1"])
        #expect(
            plain().take() == [
                #"{"event":"exception","data":{"message":"not authorized","data":{"code":401}}}"#, "close 1008",
            ])
        #expect(
            plain(at: "/none").take() == [
                #"{"event":"exception","data":{"message":"Invalid namespace"}}"#, "close 1008",
            ])
    }

    @Test func `row 83, leaving: with the reasons that Socket.IO has`() {
        hall.main.behaviour.onDisconnect { self.hall.note($1.rawValue) }
        for closes in [false, true] {
            let client = guest()
            hall.main.allSockets[0].disconnect(closes: closes)
            #expect(client.take() == ["close 1000"])
        }
        guest().sendClose(1000)
        guest().stream.cut()
        let broken = guest()
        #expect(broken.say("{") == ["close 4002"])
        let nameless = guest()
        #expect(nameless.say("[]") == ["close 4002"])
        #expect(
            hall.takeLog() == [
                "server namespace disconnect", "server namespace disconnect", "transport close", "transport close",
                "forced close", "forced close",
            ])
    }

    @Test func `row 83, heartbeat: pings of WebSocket, and who does not answer is gone`() {
        hall.main.behaviour.onDisconnect { self.hall.note($1.rawValue) }
        let client = guest()
        hall.world.run(.seconds(26))
        #expect(client.pings == 1)
        client.send(.pong, [])
        #expect(hall.main.allSockets[0].roundTripTime != nil)
        hall.world.run(.seconds(40))
        #expect(client.pings == 2 && hall.main.socketCount == 1)
        hall.world.run(.seconds(10))
        #expect(client.closeCode == 4005 && hall.takeLog() == ["ping timeout"])
    }

    // MARK: Events

    @Test func `row 83, events: data is the one argument, or there is none; several come as an array`() {
        hall.main.behaviour.on("e") { socket, event in
            self.hall.note("\(event.arguments.values.count) \(event.ackID.map(String.init) ?? "-")")
            socket.emit(SocketEmission("back", event.arguments))
        }
        let client = guest()
        #expect(
            client.say(#"{"event":"e","data":{"a":[1]}}"#, #"{"event":"e"}"#, #"{"data":null,"event":"e","more":1}"#)
                == [
                    #"{"event":"back","data":{"a":[1]}}"#, #"{"event":"back"}"#, #"{"event":"back","data":null}"#,
                ])
        #expect(hall.takeLog() == ["1 -", "0 -", "1 -"])
        hall.emit("many", [1, "x", .binary([0, 1])])
        hall.emit("é\"", ["\u{2028}"])
        #expect(
            client.take() == [
                #"{"event":"many","data":[1,"x","AAE="]}"#, "{\"event\":\"é\\\"\",\"data\":\"\u{2028}\"}",
            ])
    }

    @Test func `row 83, acks: an id asks for one, either way`() {
        hall.main.behaviour.on("add") { socket, event in
            guard let id = event.ackID else { return }
            socket.acknowledge(id, [.integer(Int64(event.arguments.first.array?.count ?? 0))])
        }
        let client = guest()
        #expect(client.say(#"{"event":"add","data":[1,2],"id":7}"#) == [#"{"event":"ack","id":7,"data":2}"#])
        #expect(
            client.say(#"{"event":"add","data":[],"id":9007199254740991}"#) == [
                #"{"event":"ack","id":9007199254740991,"data":0}"#
            ])
        var answers: [SocketAnswers] = []
        hall.main.allSockets[0].ask(SocketEmission("sure?", ["x"]), timeout: nil) { answers.append($0) }
        hall.main.ask(SocketEmission("all?"), of: SocketTarget(), timeout: nil) { answers.append($0) }
        #expect(client.take() == [#"{"event":"sure?","id":0,"data":"x"}"#, #"{"event":"all?","id":1}"#])
        client.say(
            #"{"event":"ack","id":1,"data":["b"]}"#, #"{"event":"ack","id":0}"#, #"{"event":"ack","id":5,"data":1}"#)
        #expect(answers.map(\.answers) == [[[["b"]]], [[]]])
    }

    @Test func `row 83, exceptions: for an event that nobody hears, an id that is none, bytes, an ack of nothing`() {
        hall.main.behaviour.on("known") { _, _ in }
        let client = guest()
        func exception(_ message: String) -> String {
            let said = client.say(message)
            #expect(said.count == 1 && said[0].hasPrefix(#"{"event":"exception","data":"#))
            return String((said.first ?? "").dropFirst(28).dropLast())
        }
        #expect(
            exception(#"{"event":"unknown","data":1,"id":3}"#)
                == #"{"event":"unknown","message":"no such event","id":3}"#)
        #expect(exception(#"{"event":"unknown"}"#) == #"{"event":"unknown","message":"no such event"}"#)
        #expect(exception(#"{"event":"connect"}"#) == #"{"event":"connect","message":"no such event"}"#)
        for id in ["-1", "1.5", "\"x\"", "[]", "99999999999999999999"] {
            #expect(exception(#"{"event":"known","id":\#(id)}"#).contains("an id is a whole number"))
        }
        #expect(exception(#"{"event":"ack"}"#).contains("an ack has the id"))
        client.send(.binary, [1])
        #expect(
            client.take() == [
                #"{"event":"exception","data":{"event":"","message":"binary messages mean nothing here"}}"#
            ])
        #expect(client.say(#"{"event":"known","id":null}"#) == [] && hall.main.socketCount == 1)
        hall.main.behaviour.onAny { self.hall.note($1.name) }
        #expect(client.say(#"{"event":"unknown"}"#) == [] && hall.takeLog() == ["unknown"])
    }

    @Test func `row 83, exceptions: until the middlewares have agreed an event is refused`() {
        var decide: ((ConnectRefusal?) -> Void)?
        hall.main.behaviour.use { _, done in decide = done }
        hall.main.behaviour.on("e") { socket, _ in socket.emit(SocketEmission("heard")) }
        let client = plain()
        #expect(
            client.say(#"{"event":"e","id":1}"#) == [
                #"{"event":"exception","data":{"event":"e","message":"not connected yet","id":1}}"#
            ])
        decide?(nil)
        #expect(client.say(#"{"event":"e"}"#).last == #"{"event":"heard"}"#)
    }

    // MARK: With others

    @Test func `row 83, rooms and broadcasts: one namespace for both, each is told in its own way`() {
        let (plain, usual) = (guest(), hall.guest())
        let sockets = hall.main.allSockets
        for socket in sockets { socket.join("red") }
        hall.emit("all", [1])
        hall.emit("red", [2], to: ["red"])
        hall.emit("own", [3], to: [sockets[0].id.text])
        hall.emit("but one", [4], but: sockets[1])
        hall.emit("except", [5], except: ["red"])
        #expect(
            plain.take() == [
                #"{"event":"all","data":1}"#, #"{"event":"red","data":2}"#, #"{"event":"own","data":3}"#,
                #"{"event":"but one","data":4}"#,
            ])
        #expect(usual.take() == [#"42["all",1]"#, #"42["red",2]"#])
        var answers: SocketAnswers?
        hall.main.ask(SocketEmission("vote", ["?"]), of: .of(["red"]), timeout: nil) { answers = $0 }
        #expect(plain.take() == [#"{"event":"vote","id":0,"data":"?"}"#] && usual.take() == [#"420["vote","?"]"#])
        plain.say(#"{"event":"ack","id":0,"data":"p"}"#)
        usual.say(#"430["u"]"#)
        #expect(answers?.answers == [["p"], ["u"]])
        hall.main.behaviour.onAnyOutgoing { socket, name, _ in self.hall.note("\(socket.isPlain) \(name)") }
        hall.emit("seen")
        #expect(hall.takeLog() == ["true seen", "false seen"])
        #expect(plain.take() == [#"{"event":"seen"}"#] && usual.take() == [#"42["seen"]"#])
    }

    @Test func `row 83, volatile: the newest of each name waits for a client that does not read`() {
        let client = guest()
        client.stream.stalls = true
        hall.emit("first")
        hall.world.turn()
        for number in 0..<3 { hall.emit("at", [.integer(Int64(number))], isVolatile: true) }
        client.stream.drain()
        #expect(client.take() == [#"{"event":"first"}"#, #"{"event":"at","data":2}"#])
    }

    @Test func `row 83, recovery: a plain client is told of none, and no event of it has an offset`() {
        let hall = Hall { $0.recovery = SocketRecoverySettings() }
        let client = plain(in: hall)
        #expect(client.take().first?.contains("pid") == false)
        hall.emit("all", ["x"])
        hall.main.allSockets[0].emit(SocketEmission("one"))
        hall.emit("tick", isVolatile: true)
        #expect(client.take() == [#"{"event":"all","data":"x"}"#, #"{"event":"one"}"#, #"{"event":"tick"}"#])
        client.stream.cut()
        #expect(hall.main.socketCount == 0)
        let lost = hall.guest()
        lost.stream.cut()
        let claiming = plain("?pid=\(lost.pid)", in: hall)
        #expect(claiming.take().first?.contains(lost.id) == false && hall.main.allSockets[0].auth["pid"] != nil)
    }

    @Test func `row 83, rate: what is over it is dropped, and nothing is told`() {
        let hall = Hall(limits: { $0.messagesPerSecond = 2 })
        hall.main.behaviour.on("e") { _, _ in hall.note("e") }
        let client = plain(in: hall)
        _ = client.take()
        for _ in 0..<6 { client.say(#"{"event":"e"}"#) }
        #expect(hall.takeLog().count == 4 && client.closeCode == nil)
    }

    @Test func `row 83, codecs: beside MessagePack as beside the standard one`() {
        let hall = Hall { $0.codec = .messagePack }
        hall.main.behaviour.on("echo") { $0.emit(SocketEmission("echo", $1.arguments)) }
        let client = plain(in: hall)
        _ = client.take()
        #expect(client.say(#"{"event":"echo","data":1}"#) == [#"{"event":"echo","data":1}"#])
    }
}
