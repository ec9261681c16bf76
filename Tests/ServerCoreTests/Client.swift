import ByteKit
import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// What a client has got in one frame or assembled message.
enum Received: Equatable {
    case text(String)
    case binary([UInt8])
    case ping
    case pong
    case close(UInt16?, String)
}

/// A peer of the server that frames and parses WebSocket messages with the client's half of the codec.
class Client {
    let world: World
    let stream: FakeStream
    /// The status of the answer to the upgrade.
    private(set) var status: Int?
    private var readTo = 0
    private var head = HTTPResponseParser()
    private var receiver = WebSocketReceiver(role: .client, messageBytesMax: 10_000_000)
    private var mask: UInt32 = 0x1234_5678
    private var hasEnded = false
    /// Everything received after the head, in order.
    private var frames: [Received] = []

    /// Connects to `target` and asks for an upgrade.
    init(_ world: World, _ target: String, fields: String = "", peer: PeerAddress = .test) {
        self.world = world
        stream = world.connect(from: peer)
        stream.receive(Self.request(target, fields: fields))
        world.turn()
        read()
    }

    /// The bytes of an upgrade request.
    static func request(_ target: String, fields: String = "") -> [UInt8] {
        Array(
            """
            GET \(target) HTTP/1.1\r
            Host: muster.test:7777\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \(fields)\r

            """.utf8)
    }

    /// The bytes of one masked frame.
    func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [UInt8] {
        mask = mask &* 747_796_405 &+ 2_891_336_453
        var bytes: [UInt8] = []
        WebSocketFrame.append(opcode, payload.span, to: &bytes, mask: mask)
        return bytes
    }

    /// Sends one frame and lets the server answer.
    func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) {
        stream.receive(frame(opcode, payload))
        world.turn()
        read()
    }

    func send(text: String) { send(.text, Array(text.utf8)) }

    func sendClose(_ code: UInt16) {
        var bytes: [UInt8] = []
        WebSocketFrame.appendClose(code: code, to: &bytes, mask: 7)
        stream.receive(bytes)
        world.turn()
        read()
    }

    /// Takes what the server has sent so far. Anything that a server may not send is an issue.
    func read() {
        let fresh = Array(stream.sent[readTo...])
        readTo = stream.sent.count
        var bytes = fresh
        var cursor = 0
        do {
            if status == nil {
                guard let answer = try head.next(bytes.span, at: &cursor) else { return }
                status = answer.status.code
            }
            guard status == 101 else { return }
            hasEnded = hasEnded || frames.contains { if case .close = $0 { true } else { false } }
            if hasEnded, cursor < bytes.count { Issue.record("the server has sent something after its close frame") }
            var span = bytes.mutableSpan
            while let event = try receiver.next(&span, at: &cursor) {
                take(event, span.span)
                if case .close = event, cursor < span.count {
                    Issue.record("the server has sent something after its close frame")
                }
            }
        } catch {
            Issue.record("the server has sent what no server may send: \(error)")
        }
    }

    private func take(_ event: WebSocketEvent, _ bytes: Span<UInt8>) {
        switch event {
        case .text(let message): append(.text(String(decoding: receiver.copy(message, from: bytes), as: UTF8.self)))
        case .binary(let message): append(.binary(receiver.copy(message, from: bytes)))
        case .ping: append(.ping)
        case .pong: append(.pong)
        case .close(let code): append(.close(code, receiver.closeReason))
        }
    }

    private func append(_ received: Received) {
        frames.append(received)
        got(received)
    }

    /// What a dialect makes of a message.
    func got(_ received: Received) {}

    /// Everything so far, in order.
    var received: [Received] { reading { frames } }

    /// What `value` is once everything sent so far has been read.
    func reading<Value>(_ value: () -> Value) -> Value {
        read()
        return value()
    }

    /// The code of the server's close frame.
    var closeCode: UInt16? {
        for case .close(let code, _) in received { return code }
        return nil
    }

    var pings: Int { received.count { $0 == .ping } }
}

extension JSONValue {
    /// The value of a text that must be JSON.
    static func of(_ text: String) -> JSONValue {
        do {
            let bytes = Array(text.utf8)
            return try parse(bytes.span)
        } catch {
            Issue.record("not JSON: \(text)")
            return .null
        }
    }
}

/// A client of the plain dialect.
final class PlainClient: Client {
    /// Events in order, acks and exceptions among them, and "snapshot" for each binary message.
    var events: [(name: String, data: JSONValue)] { reading { gotEvents } }
    var acks: [(id: JSONValue, data: JSONValue)] { reading { gotAcks } }
    var snapshots: [[UInt8]] { reading { gotSnapshots } }
    private var gotEvents: [(name: String, data: JSONValue)] = []
    private var gotAcks: [(id: JSONValue, data: JSONValue)] = []
    private var gotSnapshots: [[UInt8]] = []

    init(_ world: World, lobby: String = "x", fields: String = "", peer: PeerAddress = .test) {
        super.init(world, "/lobby/\(lobby)", fields: fields, peer: peer)
    }

    override func got(_ received: Received) {
        switch received {
        case .text(let text):
            let value = JSONValue.of(text)
            let name = value["event"]?.string ?? ""
            if name == "ack" {
                gotAcks.append((value["id"] ?? .null, value["data"] ?? .null))
            } else {
                gotEvents.append((name, value["data"] ?? .null))
            }
        case .binary(let bytes):
            gotSnapshots.append(bytes)
            gotEvents.append(("snapshot", .null))
        default: break
        }
    }

    func emit(_ event: String, _ data: JSONValue = .null, id: Int? = nil) {
        var message: JSONObject = ["event": .string(event), "data": data]
        if let id { message["id"] = .integer(Int64(id)) }
        send(text: JSONValue.object(message).text)
    }

    /// Joins, and returns the data of `joined`.
    @discardableResult
    func join(_ data: JSONValue = [:]) -> JSONValue {
        emit("join", data)
        return event("joined") ?? .null
    }

    /// The data of the last event of that name.
    func event(_ name: String) -> JSONValue? {
        events.last { $0.name == name }?.data
    }
}

/// A client of the Socket.IO dialect.
final class SocketClient: Client {
    private(set) var open: JSONValue?
    var enginePings: Int { reading { gotPings } }
    var packets: [SocketPacket] { reading { gotPackets } }
    private var gotPings = 0
    private var gotPackets: [SocketPacket] = []
    private var decoder = SocketPacketDecoder(limits: .init(json: JSONLimits(valuesMax: 100_000)))

    init(_ world: World, fields: String = "", peer: PeerAddress = .test) {
        super.init(world, "/socket.io/?EIO=4&transport=websocket", fields: fields, peer: peer)
    }

    override func got(_ received: Received) {
        do {
            switch received {
            case .text(let text) where text.hasPrefix("0"): open = JSONValue.of(String(text.dropFirst()))
            case .text("2"): gotPings += 1
            case .text(let text) where text.hasPrefix("4"):
                let packet = Array(text.utf8.dropFirst())
                if let packet = try decoder.text(packet.span) { gotPackets.append(packet) }
            case .text(let text): Issue.record("no such engine packet: \(text)")
            case .binary(let bytes): if let packet = try decoder.binary(bytes.span) { gotPackets.append(packet) }
            default: break
            }
        } catch {
            Issue.record("the server has sent a malformed packet: \(error)")
        }
    }

    /// Sends a packet as its frames, in one read of the server's.
    func send(_ packet: SocketPacket) {
        stream.receive(bytes(of: packet))
        world.turn()
        read()
    }

    func bytes(of packet: SocketPacket) -> [UInt8] {
        do {
            let encoded = try SocketPacketEncoder.encode(packet)
            return encoded.attachments.reduce(into: frame(.text, encoded.text)) { $0 += frame(.binary, $1) }
        } catch {
            Issue.record("\(error)")
            return []
        }
    }

    /// Connects to a lobby, and returns the data of `joined`.
    @discardableResult
    func join(_ lobby: String = "x", _ auth: JSONObject? = nil) -> JSONValue {
        send(SocketPacket(namespace: "/lobby/\(lobby)", .connect(auth)))
        return event("joined", in: "/lobby/\(lobby)") ?? .null
    }

    func emit(_ event: String, _ data: JSONValue = .null, in namespace: String = "/lobby/x", id: Int? = nil) {
        send(SocketPacket(namespace: namespace, .event(.text(event), [data], ackID: id)))
    }

    /// What one packet is, in a few words: for tests of order.
    static func word(_ packet: SocketPacket) -> String {
        switch packet.body {
        case .connect: "connect"
        case .disconnect: "disconnect"
        case .event(let name, _, _): name.text ?? "?"
        case .ack: "ack"
        case .connectError: "connect_error"
        }
    }

    /// What has come for a namespace, in a few words.
    func words(_ namespace: String = "/lobby/x") -> [String] {
        packets.filter { $0.namespace == namespace }.map(Self.word)
    }

    /// The data of the last event of that name.
    func event(_ name: String, in namespace: String = "/lobby/x") -> JSONValue? {
        for packet in packets.reversed() where packet.namespace == namespace {
            if case .event(.text(name), let values, _) = packet.body { return values.first ?? .null }
        }
        return nil
    }

    func snapshots(_ namespace: String = "/lobby/x") -> [[UInt8]] {
        packets.compactMap { packet in
            guard packet.namespace == namespace, case .event("snapshot", let values, _) = packet.body else {
                return nil
            }
            return values.first?.binary
        }
    }

    /// The value of the answer to the event with that id.
    func ack(_ id: Int) -> JSONValue? {
        for packet in packets {
            if case .ack(let values, id) = packet.body { return values.first ?? .null }
        }
        return nil
    }

    /// The payload of the refusal of a namespace.
    func refusal(_ namespace: String = "/lobby/x") -> JSONValue? {
        for packet in packets.reversed() where packet.namespace == namespace {
            if case .connectError(let payload) = packet.body { return payload }
        }
        return nil
    }
}

/// A snapshot message's header in words: `key 5`, `5 from 4`.
func kind(_ snapshot: [UInt8]?) -> String {
    guard let snapshot else { return "none" }
    do {
        let header = try Snapshot.header(of: snapshot.span)
        return header.baselineTick.map { "\(header.tick) from \($0)" } ?? "key \(header.tick)"
    } catch {
        return "\(error)"
    }
}
