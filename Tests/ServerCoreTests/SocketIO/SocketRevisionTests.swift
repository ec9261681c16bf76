import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Socket.IO: clients of version 2 (reference checklist row 26; Socket.IO protocol, revision 4)")
struct SocketRevisionTests {
    let hall = Hall(limits: { $0.allowsRevision3 = true })

    /// A client of version 2; the packets that it was opened with are taken.
    private func oldClient() -> HallClient {
        let client = HallClient(hall.world, "/socket.io/?EIO=3&transport=websocket")
        _ = client.take()
        return client
    }

    @Test func `it is in the main namespace from the beginning, and is told so without an id`() {
        hall.main.behaviour.onConnect { [hall] in hall.note("in \($0.auth.text)") }
        let client = HallClient(hall.world, "/socket.io/?EIO=3&transport=websocket")
        let packets = client.take()
        #expect(packets.count == 2 && packets[0].hasPrefix("0{") && packets[1] == "40")
        #expect(hall.takeLog() == ["in {}"] && hall.main.socketCount == 1)
        #expect(client.say("2") == ["3"], "the client pings")
        #expect(hall.client().take().count == 1 && hall.main.socketCount == 1, "others join by themselves")
    }

    @Test func `what a namespace's name is followed by is shown as auth, and the name without it is used from then on`()
    {
        let lobby = hall.hub.namespace("/lobby")
        lobby.behaviour.onConnect { [hall] in hall.note($0.auth.text) }
        lobby.behaviour.on("hi") { socket, message in socket.acknowledge(message.ackID ?? 0, message.arguments) }
        let client = oldClient()
        #expect(client.say("40/lobby?token=a%20b&token=c&x=,") == ["40/lobby,"])
        #expect(hall.takeLog() == [#"{"token":"c","x":""}"#])
        #expect(client.say(#"42/lobby,7["hi",1]"#) == ["43/lobby,7[1]"])
        #expect(client.say("41/lobby,") == [] && lobby.socketCount == 0)
        let long = String(repeating: "t", count: 3_000)
        #expect(client.say("40/lobby?token=\(long)") == ["40/lobby,"], "a query may be longer than a name")
        #expect(hall.takeLog() == [#"{"token":"\#(long)"}"#])
        #expect(client.say("40/lobby").isEmpty == false && client.closeCode != nil, "it is there already")
    }

    @Test func `it is told of errors by what they say, or by their data`() {
        hall.hub.namespace("/a").behaviour.use { _, done in done(ConnectRefusal("not you")) }
        hall.hub.namespace("/b").behaviour.use { _, done in done(ConnectRefusal("no", data: ["code": 5])) }
        hall.hub.namespace("/c").behaviour.use { _, done in done(ConnectRefusal("no", data: 5)) }
        hall.hub.namespace("/d").behaviour.use { _, done in done(ConnectRefusal("no", data: ["a": .binary([1])])) }
        let client = oldClient()
        #expect(client.say("40/a,") == [#"44/a,"not you""#])
        #expect(client.say("40/b?x=1,") == [#"44/b,{"code":5}"#])
        #expect(client.say("40/c") == [#"44/c,"no""#])
        #expect(client.say("40/d") == [#"44/d,"no""#])
        #expect(client.say("40/where") == [#"44/where,"Invalid namespace""#])
        #expect(client.closeCode == nil)
    }

    @Test func `bytes go both ways, in events and in acks, each with its type before it`() {
        hall.main.behaviour.on("echo") { socket, message in
            socket.emit(SocketEmission("echo", message.arguments))
            if let id = message.ackID { socket.acknowledge(id, message.arguments) }
        }
        let client = oldClient()
        client.send(text: #"451-3["echo",{"_placeholder":true,"num":0}]"#)
        client.send(.binary, [4, 1, 2])
        #expect(
            client.take() == [
                #"451-["echo",{"_placeholder":true,"num":0}]"#, "[4, 1, 2]",
                #"461-3[{"_placeholder":true,"num":0}]"#, "[4, 1, 2]",
            ])
    }

    @Test func `broadcasts reach it beside others, and it may be made to leave`() {
        let (old, new) = (oldClient(), hall.guest())
        hall.emit("news", [.binary([9])])
        let news = #"451-["news",{"_placeholder":true,"num":0}]"#
        #expect(old.take() == [news, "[4, 9]"] && new.take() == [news, "[9]"])
        hall.main.allSockets[0].disconnect(closes: false)
        #expect(old.take() == ["41"] && old.closeCode == nil)
    }

    @Test func `it is refused in the main namespace as in others, and may not stay outside`() {
        hall.main.behaviour.use { _, done in done(ConnectRefusal("closed")) }
        let client = HallClient(hall.world, "/socket.io/?EIO=3&transport=websocket")
        #expect(client.take().last == #"44"closed""#)
        hall.world.run(.seconds(46))
        client.read()
        #expect(client.closeCode != nil)
    }

    @Test(arguments: ["40nowhere?a=1", "40/a%2Cb?", "40/\(String(repeating: "n", count: 200))"])
    func `names that nobody may have are refused, and end no one else`(_ packet: String) {
        let client = oldClient()
        let answer = client.say(packet)
        #expect(answer.last?.hasPrefix("44/a%2Cb") == true || client.closeCode != nil)
    }

    @Test func `over polling it is in the main namespace, too, and comes along to a WebSocket`() {
        hall.main.behaviour.on("echo") { $0.emit(SocketEmission("echo", $1.arguments)) }
        let target = "/socket.io/?EIO=3&transport=polling"
        let opening = hall.world.request("GET", target).body
        #expect(opening.hasSuffix("2:40"))
        let sid = opening.split(separator: "\"")[3]
        #expect(hall.world.request("POST", "\(target)&sid=\(sid)", body: Array(#"12:42["echo",1]"#.utf8)).status == 200)
        #expect(hall.world.request("GET", "\(target)&sid=\(sid)").body == #"12:42["echo",1]"#)
    }
}
