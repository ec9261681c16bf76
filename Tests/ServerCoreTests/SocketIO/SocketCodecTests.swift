import HTTPCore
import JSONCore
import MessagePackCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

extension HallClient {
    /// Sends a packet in MessagePack; what has come since the last call, read likewise and written as JSON.
    @discardableResult
    func pack(_ packets: JSONValue...) -> [String] {
        for packet in packets { send(.binary, packet.packed) }
        return takePacked()
    }

    /// What has come since the last call, read as MessagePack and written as JSON; ids of sockets are left out.
    func takePacked() -> [String] {
        takeMessages().map { message in
            guard case .binary(let bytes) = message, let value = try? JSONValue.unpack(bytes.span) else {
                return "\(message)"
            }
            var packet = value.object ?? [:]
            if packet["type"] == 0, packet["data"]?["sid"] != nil { packet["data"] = "joined" }
            return packet.members.map { "\($0.key) \(spelled($0.value).text)" }.joined(separator: ", ")
        }
    }

    private func spelled(_ value: JSONValue) -> JSONValue {
        switch value {
        case .binary(let bytes): .string("\(bytes)")
        case .array(let values): .array(values.map(spelled))
        case .object(let object): .object(object.mapValues(spelled))
        default: value
        }
    }
}

@Suite("Socket.IO: codecs (reference checklist rows 55 and 56)")
struct SocketCodecTests {
    let hall = Hall { $0.codec = .messagePack }

    private func guest(_ hall: Hall) -> HallClient {
        let client = hall.client()
        _ = client.take()
        client.pack(["type": 0, "nsp": "/"])
        return client
    }

    @Test func `row 55, msgpack: a client joins, is refused, leaves and is made to leave`() {
        hall.hub.namespace("/no").behaviour.use { _, done in done(ConnectRefusal("no", data: ["code": 1])) }
        hall.hub.namespace("/lobby").behaviour.onDisconnect { [hall] in hall.note($1.rawValue) }
        hall.hub.namespace("/lobby").behaviour.on("kick") { socket, _ in socket.disconnect(closes: false) }
        let client = hall.client()
        #expect(client.take().count == 1, "Engine.IO opens with a text")
        #expect(client.pack(["type": 0, "nsp": "/", "data": nil]) == [#"type 0, nsp "/", data "joined""#])
        #expect(
            client.pack(["type": 0, "nsp": "/no"]) == [#"type 4, nsp "/no", data {"message":"no","data":{"code":1}}"#])
        #expect(
            client.pack(["type": 0, "nsp": "/where"]) == [
                #"type 4, nsp "/where", data {"message":"Invalid namespace"}"#
            ])
        for _ in 0..<2 {
            #expect(client.pack(["type": 0, "nsp": "/lobby"]) == [#"type 0, nsp "/lobby", data "joined""#])
            #expect(client.pack(["type": 1, "nsp": "/lobby"]) == [])
        }
        client.pack(["type": 0, "nsp": "/lobby"])
        #expect(client.pack(["type": 2, "nsp": "/lobby", "data": ["kick"]]) == [#"type 1, nsp "/lobby""#])
        #expect(
            hall.takeLog() == Array(repeating: "client namespace disconnect", count: 2) + [
                "server namespace disconnect"
            ])
        #expect(client.closeCode == nil)
    }

    @Test func `row 55, msgpack: events and acks both ways, with bytes where they stand`() {
        hall.main.behaviour.on("echo") { socket, message in
            socket.emit(SocketEmission(message.name, message.arguments))
            if let id = message.ackID { socket.acknowledge(id, message.arguments) }
        }
        hall.main.behaviour.on("ask") { [hall] socket, _ in
            socket.ask(SocketEmission("question", [1]), timeout: nil) { hall.note("\($0.answers.map(\.values))") }
        }
        let client = guest(hall)
        let data: JSONValue = ["echo", 1.5, .binary([0, 255]), ["a": [.binary([]), nil]]]
        let said = #""echo",1.5,"[0, 255]",{"a":["[]",null]}]"#
        #expect(
            client.pack(["type": 2, "nsp": "/", "data": data, "id": 7, "options": ["compress": true]]) == [
                #"type 2, nsp "/", data [\#(said)"#, #"type 3, nsp "/", data [\#(said.dropFirst(7)), id 7"#,
            ])
        #expect(
            client.pack(["type": 2, "nsp": "/", "data": ["ask"]]) == [#"type 2, nsp "/", data ["question",1], id 0"#])
        #expect(client.pack(["type": 3, "nsp": "/", "data": ["yes", .binary([1])], "id": 0]) == [])
        #expect(hall.takeLog().count == 1)
    }

    @Test func `row 55, msgpack: a broadcast is encoded once and reaches rooms, those that wait among them`() {
        let clients = (0..<3).map { _ in guest(hall) }
        hall.main.allSockets[0].join("a")
        hall.main.allSockets[2].join("a")
        hall.emit("news", [.binary([5])], to: ["a"])
        let news = #"type 2, nsp "/", data ["news","[5]"]"#
        #expect(clients.map { $0.takePacked() } == [[news], [], [news]])
        hall.emit("all", [], isVolatile: true)
        #expect(clients.allSatisfy { $0.takePacked() == [#"type 2, nsp "/", data ["all"]"#] })
    }

    @Test func `row 55, msgpack: over polling a packet is base64`() {
        hall.main.behaviour.on("echo") { $0.emit(SocketEmission($1.name, $1.arguments)) }
        let target = "/socket.io/?EIO=4&transport=polling"
        let opening = hall.world.request("GET", target).body
        let sid = JSONValue.of(String(opening.dropFirst()))["sid"]?.string ?? ""
        func post(_ packet: JSONValue) -> Int? {
            let body = Array("b".utf8) + Array(JSONValue.binary(packet.packed).text.utf8.dropFirst().dropLast())
            return hall.world.request("POST", "\(target)&sid=\(sid)", body: body).status
        }
        #expect(post(["type": 0, "nsp": "/"]) == 200)
        #expect(hall.world.request("GET", "\(target)&sid=\(sid)").body.hasPrefix("bg6R0eXBlAKNuc3ChL6RkYXRhgaNzaWS"))
        #expect(post(["type": 2, "nsp": "/", "data": ["echo", 1]]) == 200)
        let expected: JSONValue = .binary((["type": 2, "nsp": "/", "data": ["echo", 1]] as JSONValue).packed)
        #expect(hall.world.request("GET", "\(target)&sid=\(sid)").body == "b" + expected.text.dropFirst().dropLast())
    }

    @Test(
        arguments: [
            ["type": 2, "nsp": "/"], ["type": 9, "nsp": "/", "data": ["a"]], [1], "text",
            ["type": 2, "nsp": "/", "data": ["disconnect"]],
        ] as [JSONValue])
    func `row 55, msgpack: what is no packet ends the client`(_ packet: JSONValue) {
        let client = guest(hall)
        client.pack(packet)
        #expect(client.closeCode != nil)
    }

    @Test func `row 55, msgpack: a text ends the client, and so do packets of a namespace it is not in`() {
        let (client, other) = (guest(hall), guest(hall))
        client.say(#"42["a"]"#)
        #expect(client.closeCode != nil)
        other.pack(["type": 2, "nsp": "/other", "data": ["a"]])
        #expect(other.closeCode != nil)
    }

    @Test func `row 55, msgpack: of what is over the rate events are dropped, but not acks`() {
        let hall = Hall({ $0.codec = .messagePack }, limits: { $0.messagesPerSecond = 4 })
        hall.main.behaviour.on("count") { [hall] _, _ in hall.note("event") }
        let client = guest(hall)
        hall.main.allSockets[0].ask(SocketEmission("question"), timeout: nil) { [hall] in
            hall.note("\($0.answers.count) answers")
        }
        for _ in 0..<12 { client.pack(["type": 2, "nsp": "/", "data": ["count"]]) }
        client.pack(["type": 3, "nsp": "/", "data": [], "id": 0])
        let log = hall.takeLog()
        #expect(log.count < 10 && log.last == "1 answers")
    }

    // MARK: Row 56

    /// Each packet is a line: type, namespace, ack id, values; then perhaps bytes.
    private static let lines = SocketParser { packet in
        switch packet.body {
        case .connect(let payload): [.text("join \(packet.namespace) \(payload?.count ?? 0)")]
        case .disconnect: [.text("leave \(packet.namespace)")]
        case .connectError(let reason): [.text("no \(packet.namespace) \(reason.text)")]
        case .ack(let values, let id): [.text("ack \(packet.namespace) \(id) \(JSONValue.array(values).text)")]
        case .event(let name, let values, let ackID):
            if name == "fail" {
                throw Refused()
            } else if name == "nothing" {
                []
            } else if name == "twice" {
                [.text("a"), .text("b")]
            } else if case .binary(let bytes)? = values.first {
                [.text("bytes \(packet.namespace)"), .binary(bytes)]
            } else {
                [.text("say \(packet.namespace) \(ackID ?? -1) \(JSONValue.array([name.value] + values).text)")]
            }
        }
    } makeDecoder: {
        var pending: String?
        return { message in
            switch message {
            case .text(let line):
                let words = line.split(separator: " ").map(String.init)
                switch words.first {
                case "join": return SocketPacket(namespace: words[1], .connect(nil))
                case "leave": return SocketPacket(namespace: words[1], .disconnect)
                case "ack": return SocketPacket(namespace: words[1], .ack([.string(words[3])], id: Int(words[2]) ?? 0))
                case "say":
                    return SocketPacket(namespace: words[1], .event(.text(words[3]), [], ackID: Int(words[2])))
                case "bytes": pending = words[1]
                default: throw Refused()
                }
                return nil
            case .binary(let bytes):
                guard let namespace = pending.take() else { throw Refused() }
                return SocketPacket(namespace: namespace, .event("bytes", [.binary(bytes)], ackID: nil))
            }
        }
    }

    private struct Refused: Error {}

    @Test func `row 56, custom parser: every kind of packet travels as the author says, to one and to many`() {
        let hall = Hall { $0.codec = .custom(Self.lines) }
        hall.main.behaviour.on("hi") { socket, message in
            socket.emit(SocketEmission("hello", [1]))
            if let id = message.ackID { socket.acknowledge(id, [2]) }
        }
        hall.main.behaviour.on("bytes") { [hall] in hall.emit("bytes", $1.arguments, but: $0) }
        hall.main.behaviour.on("bye") { socket, _ in socket.disconnect(closes: false) }
        let (client, other) = (hall.client(), hall.client())
        #expect(client.say("4join /").last == "4join / 1" && other.say("4join /").last == "4join / 1")
        #expect(client.say("4join /x") == [#"4no /x {"message":"Invalid namespace"}"#])
        #expect(client.say("4say / 3 hi") == [#"4say / -1 ["hello",1]"#, "4ack / 3 [2]"])
        client.say("4bytes /")
        client.send(.binary, [1, 2])
        #expect(client.take() == [] && other.take() == ["4bytes /", "[1, 2]"])
        hall.main.allSockets[0].ask(SocketEmission("q"), timeout: nil) { [hall] in hall.note("\($0.answers[0].values)")
        }
        #expect(client.take() == [#"4say / 0 ["q"]"#])
        client.say("4ack / 0 yes")
        #expect(hall.takeLog() == [#"[JSONCore.JSONValue.string("yes")]"#])
        #expect(client.say("4say / 3 bye") == ["4leave /"])
        #expect(other.say("4leave /") == [] && hall.main.socketCount == 0)
    }

    @Test
    func `row 56, custom parser: what it cannot write is logged and left out, what it cannot read ends the client`() {
        let hall = Hall { $0.codec = .custom(Self.lines) }
        let client = hall.client()
        client.say("4join /")
        for name in ["fail", "nothing", "twice"] {
            hall.emit(name)
            hall.main.allSockets[0].emit(SocketEmission(name))
        }
        #expect(client.take() == [])
        #expect(hall.world.logLines.count { $0.contains("was not sent") } == 6)
        client.say("4what")
        #expect(client.closeCode != nil)
    }

    @Test func `row 56, custom parser: packets that no other parser could read end the client`() {
        for packet in ["4say / 0 disconnect", "4join nowhere", "4join /a,b"] {
            let hall = Hall { $0.codec = .custom(Self.lines) }
            let client = hall.client()
            client.say("4join /")
            client.say(packet)
            #expect(client.closeCode != nil)
        }
    }
}
