import ByteKit
import ClientCore
import Determinism
import JSONCore
import ScriptedServer
import SocketIOCore
import Testing

@Suite("A manager and its namespaces (Socket.IO v5, protocol/spec/socketio.md)")
struct ManagerTests {
    private let bench = ManagerBench()

    @Test func `row 92: namespaces share a connection, and ask for their places in order`() {
        _ = bench.socket("/")
        _ = bench.socket("/lobby/a") { $0.auth = .fixed(["name": "x"]) }
        bench.open()
        #expect(bench.server.streams.count == 1)
        #expect(bench.sent() == [.text("40"), .text(#"40/lobby/a,{"name":"x"}"#)])
        _ = bench.socket("/admin")
        #expect(bench.sent() == [.text("40/admin,")])
        bench.text(#"44/admin,{"message":"no","data":{"code":1}}"#)
        bench.text(#"40/lobby/a,{"sid":"1"}"#)
        bench.text(#"42/lobby/a,["hit",{"by":3},4]"#)
        bench.text("41/lobby/a,")
        #expect(
            bench.told() == [
                "opened", #"/admin refused no {"code":1}"#, "/lobby/a connected", #"/lobby/a event hit [{"by":3},4]"#,
                "/lobby/a disconnected: io server disconnect",
            ])
        #expect(bench.manager.isOpen)
    }

    @Test func `the same namespace is the same client`() {
        let one = bench.manager.socket("/x")
        #expect(bench.manager.socket("/x") === one && bench.manager.socket("/y") !== one)
    }

    @Test func `a binary event is put together from its attachments`() {
        _ = bench.connected()
        bench.text(#"451-["snapshot",{"_placeholder":true,"num":0}]"#)
        #expect(bench.told() == [])
        bench.server.stream.binary([1, 2, 3], pieces: 1)
        #expect(bench.told() == [#"/ event snapshot ["AQID"]"#])
    }

    @Test func `events go out, with bytes as attachments, and acks come back once`() {
        let socket = bench.connected()
        let answers = Answers()
        socket.emit(ClientEmission("a", [1]))
        socket.emit(ClientEmission("b", [.binary([7])]))
        socket.emit(answers.emission("c"))
        #expect(
            bench.sent() == [
                .text(#"42["a",1]"#), .text(#"451-["b",{"_placeholder":true,"num":0}]"#), .binary([7]),
                .text(#"420["c"]"#),
            ])
        bench.text(#"430["yes"]"#)
        bench.text(#"430["again"]"#)
        bench.text(#"439["nobody's"]"#)
        #expect(answers.lines == [#"c: ["yes"]"#])
    }

    @Test func `an event that wants an answer gets it in the session in which it came, or not at all`() {
        let owner = Keeper()
        let socket = bench.manager.socket("/")
        socket.owner = owner
        socket.connect()
        bench.open(#"40{"sid":"a"}"#, #"427["q"]"#, #"428["q"]"#)
        _ = bench.sent()
        #expect(owner.tickets.count == 2)
        socket.acknowledge(owner.tickets[0], ["r", .binary([1])])
        #expect(bench.sent() == [.text(#"461-7["r",{"_placeholder":true,"num":0}]"#), .binary([1])])
        bench.cut()
        bench.run(.seconds(2))
        bench.open(#"40{"sid":"b"}"#)
        _ = bench.sent()
        socket.acknowledge(owner.tickets[1], ["late"])
        #expect(bench.sent() == [])
    }

    @Test func `pings are answered and move the deadline, nothing else does`() {
        _ = bench.connected()
        let now = bench.server.now
        #expect(bench.manager.deadline == now + .seconds(45))
        bench.run(.seconds(30))
        bench.text(#"42["a"]"#)
        #expect(bench.manager.deadline == now + .seconds(45))
        bench.text("2")
        #expect(bench.sent() == [.text("3")])
        #expect(bench.manager.deadline == now + .seconds(75))
        #expect(bench.told() == ["/ event a []", "heartbeat"])
    }

    // MARK: The ends

    @Test(arguments: [
        ("41", "io server disconnect"), ("1", "transport close"), ("9", "transport error"), ("", "transport error"),
        ("0{}", "transport error"), ("4", "parse error"), ("42[", "parse error"), ("45", "parse error"),
        ("42{}", "parse error"),
    ])
    func `row 77: the reason is the official text`(_ packet: String, _ reason: String) {
        _ = bench.connected()
        bench.text(packet)
        #expect(bench.told().first == "/ disconnected: \(reason)")
        bench.context.queue.flush()
        if reason != "io server disconnect" { #expect(bench.server.stream.closed == .now) }
    }

    @Test func `a lost connection, a close frame and a broken frame have their reasons`() {
        let cases: [(ManagerBench) -> Void] = [
            { $0.cut() }, { $0.server.stream.handler?.streamEnded($0.server.stream) },
            { $0.server.stream.closeFrame(1001) }, { $0.server.stream.deliver([0xFF, 0xFF]) },
        ]
        let reasons = cases.map { end in
            let bench = ManagerBench()
            _ = bench.connected()
            end(bench)
            return bench.told().first ?? ""
        }
        #expect(
            reasons
                == ["transport close", "transport close", "transport close", "transport error"].map {
                    "/ disconnected: \($0)"
                })
    }

    @Test func `a server without heartbeats is gone after interval and timeout, not before`() {
        _ = bench.connected()
        bench.run(.milliseconds(44_999))
        #expect(bench.told() == [])
        bench.run(.milliseconds(1))
        #expect(bench.told() == ["/ disconnected: ping timeout", "ended: silent", "waits 1"])
        #expect(bench.server.stream.closed == .now)
    }

    @Test func `an emit that finds the deadline over is kept, though nobody has looked at the clock`() {
        let socket = bench.connected()
        bench.server.now = bench.server.now + .seconds(60)
        socket.emit(ClientEmission("late"))
        #expect(bench.told() == ["/ disconnected: ping timeout", "ended: silent", "waits 1"])
        bench.run(.seconds(2))
        bench.open(#"40{"sid":"b"}"#)
        #expect(bench.sent() == [.text("40"), .text(#"42["late"]"#)])
    }

    @Test func `leaving tells the server, and ends a connection that nobody else wants`() {
        let socket = bench.connected()
        let other = bench.socket("/x")
        bench.text(#"40/x,{"sid":"1"}"#)
        _ = bench.sent()
        _ = bench.told()
        socket.disconnect()
        #expect(bench.told() == ["/ disconnected: io client disconnect"])
        #expect(bench.sent() == [.text("41")])
        other.disconnect()
        #expect(bench.sent() == [.text("41/x,"), .close(1000)])
        bench.server.stream.closeFrame(1000)
        #expect(bench.told() == ["/x disconnected: io client disconnect", "ended: left"])
        bench.run(.seconds(60))
        #expect(bench.server.streams.count == 1)
    }

    @Test func `a server that does not say goodbye is not waited for`() {
        let socket = bench.connected()
        socket.disconnect()
        _ = bench.sent()
        bench.run(.seconds(5))
        #expect(bench.told() == ["/ disconnected: io client disconnect", "ended: left"])
        #expect(bench.server.stream.closed == .now)
    }

    @Test func `who leaves and comes back at once gets a new connection, and the old one is told`() {
        let socket = bench.connected()
        let old = bench.server.stream
        socket.disconnect()
        socket.connect()
        bench.context.queue.flush()
        #expect(old.takeSent() == [Sent.text("41"), Sent.close(1000)])
        #expect(bench.server.streams.count == 2)
        bench.open(#"40{"sid":"b"}"#)
        #expect(socket.isConnected && socket.id == "b")
        old.closeFrame(1000)
        bench.run(.seconds(6))
        #expect(socket.isConnected)
        #expect(bench.told() == ["/ disconnected: io client disconnect", "opened", "/ connected"])
    }

    @Test func `leaving before the answer has come is told to the server when it has`() {
        let socket = bench.socket("/a")
        _ = bench.socket("/b")
        bench.open()
        _ = bench.sent()
        socket.disconnect()
        #expect(bench.sent() == [])
        bench.text(#"40/a,{"sid":"1"}"#)
        #expect(bench.sent() == [.text("41/a,")])
        #expect(bench.told() == ["opened"] && !socket.isConnected)
    }

    @Test func `a refusal is final until connect is called again, and auth is asked for each time`() {
        var count: Int64 = 0
        let socket = bench.socket("/a") { options in
            options.auth = .asked { answer in
                count += 1
                answer(["try": .integer(count)])
            }
        }
        _ = bench.socket("/b")
        bench.open(#"40/b,{"sid":"1"}"#, #"44/a,{"message":"no"}"#)
        #expect(bench.sent() == [.text(#"40/a,{"try":1}"#), .text("40/b,")])
        #expect(bench.told() == ["opened", "/b connected", "/a refused no -"])
        socket.connect()
        #expect(bench.sent() == [.text(#"40/a,{"try":2}"#)])
        bench.text(#"40/a,{"sid":"2"}"#)
        #expect(socket.isConnected)
    }

    @Test func `auth that comes late is not sent on another connection`() {
        var pending: [(JSONObject?) -> Void] = []
        _ = bench.socket("/a") { $0.auth = .asked { pending.append($0) } }
        bench.open()
        bench.cut()
        bench.run(.seconds(2))
        bench.open()
        #expect(pending.count == 2)
        pending[0](["old": true])
        #expect(bench.sent() == [])
        pending[1](["new": true])
        #expect(bench.sent() == [.text(#"40/a,{"new":true}"#)])
    }

    @Test func `a server of Socket_IO 2 is refused with a word about it`() {
        _ = bench.socket("/")
        bench.open("40")
        #expect(bench.told().contains { $0.contains("older Socket.IO") })
    }

    @Test func `packets for nobody, and confirmations that nobody waits for, change nothing`() {
        let socket = bench.connected()
        for packet in [#"40{"sid":"again"}"#, #"42/x,["a"]"#, "41/x,", #"44{"message":"no"}"#] { bench.text(packet) }
        #expect(bench.told() == [] && socket.id == "a")
    }
}

/// Keeps the rights to answer.
private final class Keeper: NamespaceClientOwner {
    var tickets: [AckTicket] = []

    func namespaceConnected() {}
    func namespaceConnectFailed(_ failure: ConnectFailure) {}
    func namespaceReceived(_ event: ClientEvent) { if let ack = event.ack { tickets.append(ack) } }
    func namespaceDisconnected(_ reason: ClientDisconnectReason) {}
}
