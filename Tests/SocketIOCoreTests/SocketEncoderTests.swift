import JSONCore
import SocketIOCore
import Testing

@Suite("Socket.IO v5 encoder")
struct SocketEncoderTests {
    private func encode(_ packet: SocketPacket) -> Result<String, SocketPacketError> {
        do throws(SocketPacketError) {
            return .success(String(decoding: try SocketPacketEncoder.encode(packet).text, as: UTF8.self))
        } catch {
            return .failure(error)
        }
    }

    @Test func `the constant text of a snapshot is that of the general way`() {
        for (name, namespace) in [("snapshot", "/lobby/x"), ("s", "/"), ("a\"b", "/\u{e9}")] {
            let general = encode(SocketPacket(namespace: namespace, .event(.text(name), [.binary([1])], ackID: nil)))
            let constant = SocketPacketEncoder.soleAttachmentText(event: name, namespace: namespace)
            #expect(general == .success(String(decoding: constant, as: UTF8.self)))
        }
        let text = SocketPacketEncoder.soleAttachmentText(event: "snapshot", namespace: "/lobby/x")
        #expect(String(decoding: text, as: UTF8.self) == #"451-/lobby/x,["snapshot",{"_placeholder":true,"num":0}]"#)
    }

    @Test func `a server's control packets are those of the general way`() {
        for namespace in ["/", "/lobby/x"] {
            let connected = SocketPacketEncoder.connected(namespace: namespace, sid: "S")
            #expect(
                encode(SocketPacket(namespace: namespace, .connect(["sid": "S"])))
                    == .success(String(decoding: connected, as: UTF8.self)))
            let refused = SocketPacketEncoder.connectError(namespace: namespace, message: "no")
            #expect(
                encode(SocketPacket(namespace: namespace, .connectError(["message": "no"])))
                    == .success(String(decoding: refused, as: UTF8.self)))
            let left = SocketPacketEncoder.disconnect(namespace: namespace)
            #expect(
                encode(SocketPacket(namespace: namespace, .disconnect))
                    == .success(String(decoding: left, as: UTF8.self)))
        }
    }

    @Test(arguments: ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"])
    func `a reserved name is not sent`(_ name: String) {
        #expect(encode(SocketPacket(.event(.text(name), [], ackID: nil))) == .failure(.illegalEventName))
    }

    @Test(arguments: ["", "x", "x/", "/a,b", "/" + String(repeating: "n", count: 128)])
    func `a namespace that packets cannot name is not sent`(_ namespace: String) {
        #expect(encode(SocketPacket(namespace: namespace, .disconnect)) == .failure(.illegalNamespace))
    }

    @Test func `an 11th attachment is not sent`() {
        let ten = [JSONValue](repeating: .binary([]), count: 10)
        #expect(encode(SocketPacket(.ack(ten + [.binary([])], id: 1))) == .failure(.tooManyAttachments))
        #expect(throws: Never.self) { try encode(SocketPacket(.ack(ten, id: 1))).get() }
    }

    @Test func `an ack id that the peer would refuse is not sent`() {
        #expect(encode(SocketPacket(.ack([], id: -1))) == .failure(.illegalAckID))
        #expect(encode(SocketPacket(.event("a", [], ackID: 10_000_000_000))) == .failure(.illegalAckID))
    }

    @Test func `control packets hold no bytes`() {
        #expect(encode(SocketPacket(.connect(["a": .binary([])]))) == .failure(.binaryNotAllowed))
        #expect(encode(SocketPacket(.connectError(["a": .binary([])]))) == .failure(.binaryNotAllowed))
        #expect(encode(SocketPacket(.connectError(1))) == .failure(.illegalPayload))
    }

    @Test func `a player's placeholder look-alike is disarmed beside real bytes`() throws {
        let forged: JSONValue = ["_placeholder": true, "num": 7]
        let packet = SocketPacket(.event("chat", [forged, .binary([9])], ackID: nil))
        let sent = try messages(of: packet)
        var decoder = SocketPacketDecoder()
        let received = sent.map { decoder.receive($0) }
        let disarmed: JSONValue = ["_placeholder": false, "num": 7]
        #expect(received.last == .packet(SocketPacket(.event("chat", [disarmed, .binary([9])], ackID: nil))))
        #expect(
            try messages(of: SocketPacket(.event("chat", [forged], ackID: nil))).first?.text?.contains("true") == true)
    }
}
