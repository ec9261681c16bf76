import BotCore
import ByteKit
import Determinism
import JSONCore
import Testing

private final class Recorder: SocketIOClientOwner {
    var told: [String] = []

    func sessionOpened() { told.append("opened") }
    func namespaceConnected(_ namespace: String) { told.append("connected \(namespace)") }
    func namespaceRefused(_ namespace: String, _ reason: JSONValue) {
        told.append("refused \(namespace) \(reason.text)")
    }
    func eventReceived(_ namespace: String, _ name: String, _ values: [JSONValue]) {
        told.append("event \(namespace) \(name) \(JSONValue.array(values).text)")
    }
    func namespaceDisconnected(_ namespace: String) { told.append("disconnected \(namespace)") }
    func heartbeatAnswered() { told.append("heartbeat") }
    func sessionClosed(_ close: SessionClose) { told.append("closed \(close)") }
}

@Suite("Engine.IO v4 and Socket.IO v5, the client's end (protocol/spec/socketio.md)")
struct SocketIOClientTests {
    private let server = ScriptedServer()
    private let stream = ScriptedStream()
    private let recorder = Recorder()
    private let queue = FlushQueue()
    private let client: SocketIOClient

    init() {
        let connection = ClientConnection(
            target: SocketIOClient.target, host: "h", random: SeededRandom(seed: 1), queue: queue, traffic: Traffic())
        client = SocketIOClient(connection: connection, clock: { [server] in server.now })
        client.owner = recorder
        connection.start(stream)
        queue.flush()
        stream.upgrade()
    }

    private func open() {
        stream.text(#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
    }

    private func sent() -> [Sent] {
        queue.flush()
        return stream.takeSent()
    }

    @Test func `connects wait for the handshake, then go out in order`() {
        client.connect("/")
        client.connect("/lobby/a", auth: ["name": "x"])
        #expect(sent() == [])
        open()
        #expect(sent() == [.text("40"), .text(#"40/lobby/a,{"name":"x"}"#)])
        client.connect("/admin")
        #expect(sent() == [.text("40/admin,")])
    }

    @Test func `several namespaces answer on their own`() {
        open()
        stream.text(#"40{"sid":"1"}"#)
        stream.text(#"44/admin,{"message":"invalid credentials"}"#)
        stream.text(#"42/lobby/a,["hit",{"by":3},4]"#)
        stream.text("41/lobby/a,")
        #expect(
            recorder.told == [
                "opened", "connected /", #"refused /admin {"message":"invalid credentials"}"#,
                #"event /lobby/a hit [{"by":3},4]"#, "disconnected /lobby/a",
            ])
    }

    @Test func `a binary event is put together from its attachments`() {
        open()
        stream.text(#"451-/lobby/a,["snapshot",{"_placeholder":true,"num":0}]"#)
        #expect(recorder.told == ["opened"])
        stream.binary([1, 2, 3], pieces: 1)
        #expect(recorder.told.last == #"event /lobby/a snapshot ["AQID"]"#)
    }

    @Test func `events go out, with bytes as attachments, and acks come back once`() {
        open()
        var answers: [[JSONValue]] = []
        client.emit("a", [1], to: "/")
        client.emit("b", [.binary([7])], to: "/lobby/x")
        client.emit("c", [], to: "/") { answers.append($0) }
        #expect(
            sent() == [
                .text(#"42["a",1]"#), .text(#"451-/lobby/x,["b",{"_placeholder":true,"num":0}]"#), .binary([7]),
                .text(#"420["c"]"#),
            ])
        stream.text(#"430["yes"]"#)
        stream.text(#"430["again"]"#)
        #expect(answers == [["yes"]])
    }

    @Test func `pings are answered and move the deadline, nothing else does`() {
        open()
        #expect(client.deadline == server.now + .seconds(45))
        server.now = server.now + .seconds(30)
        stream.text(#"42["a"]"#)
        #expect(client.deadline == server.now + .seconds(15))
        stream.text("2")
        #expect(sent() == [.text("3")])
        #expect(client.deadline == server.now + .seconds(45))
        #expect(recorder.told.last == "heartbeat")
    }

    @Test func `a server without heartbeats is dead after interval and timeout`() {
        open()
        let deadline = server.now + .seconds(45)
        client.timeReached(deadline - .milliseconds(1))
        #expect(stream.closed == nil)
        client.timeReached(deadline)
        #expect(stream.closed == .now)
        #expect(recorder.told == ["opened", "closed heartbeatMissed"])
        #expect(client.deadline == nil)
    }

    @Test(arguments: ["9", "0{}", "4", "42[", "45", "42{}", ""])
    func `a malformed packet ends the session`(packet: String) {
        open()
        stream.text(packet)
        #expect(recorder.told.last?.hasPrefix("closed malformed") == true)
        #expect(stream.closed == .now)
    }

    @Test func `a second handshake ends the session`() {
        open()
        open()
        #expect(recorder.told.last?.hasPrefix("closed malformed") == true)
    }
}
