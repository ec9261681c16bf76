import ByteKit
import JSONCore
import SocketIOCore

/// A message of the Redis Streams adapter, of its emitter, or of the sharded adapter: an entry of the stream, or MessagePack or JSON
/// on a channel (protocol/spec/cluster.md §4 and §5).
package struct StreamsMessage: Sendable {
    /// What it says.
    package enum Body: Sendable {
        /// Something is to be done.
        case command(SocketCommand, SocketTarget)
        /// An event is to be emitted, and acks are awaited.
        case ask(String, SocketEmission, SocketTarget)
        /// The sockets are asked for.
        case fetch(String, SocketTarget)
        case sockets(String, [JSONValue])
        /// Something is told to the server itself; with an id an answer is wanted.
        case tell(String?, String, SocketArguments)
        case answer(String, JSONValue)
        /// How many clients were asked.
        case clientCount(String, Int)
        /// What a client has answered.
        case ack(String, JSONValue)
        /// A sign of life, or of an end: nothing to do.
        case presence
    }

    /// Who says it.
    package var sender: String
    package var namespace: String
    package var body: Body

    /// A message.
    package init(sender: String, namespace: String, _ body: Body) {
        self.sender = sender
        self.namespace = namespace
        self.body = body
    }

    /// Reads one of a channel.
    package init(_ payload: [UInt8]) throws(ClusterMessageError) {
        let form = try ClusterForm.read(payload)
        guard let type = form["type"]?.integer else { throw .malformed("type") }
        guard let sender = form["uid"]?.string else { throw .malformed("uid") }
        guard let namespace = form["nsp"]?.string else { throw .malformed("nsp") }
        try self.init(sender: sender, namespace: namespace, type: Int(clamping: type), data: form["data"] ?? .null)
    }

    /// Reads an entry of the stream; nil for one that is not of an adapter.
    package init?(entry: [(name: String, value: [UInt8])]) throws(ClusterMessageError) {
        func field(_ name: String) -> [UInt8]? { entry.first { $0.name == name }?.value }
        guard let namespace = field("nsp").flatMap({ String(validating: $0, as: UTF8.self) }), !namespace.isEmpty else {
            return nil
        }
        guard let sender = field("uid").flatMap({ String(validating: $0, as: UTF8.self) }) else {
            throw .malformed("uid")
        }
        guard let type = field("type").flatMap({ Int(String(decoding: $0, as: UTF8.self)) }) else {
            throw .malformed("type")
        }
        var data = JSONValue.null
        if let bytes = field("data"), !bytes.isEmpty {
            if bytes[0] == UInt8(ascii: "{") {
                data = try ClusterForm.read(bytes)
            } else {
                guard bytes.count <= 2 * ClusterForm.messageBytesMax, let packed = Base64.decode(bytes.span) else {
                    throw .notReadable
                }
                data = try ClusterForm.unpack(packed)
            }
        }
        try self.init(sender: sender, namespace: namespace, type: type, data: data)
    }

    private init(sender: String, namespace: String, type: Int, data: JSONValue) throws(ClusterMessageError) {
        self.sender = sender
        self.namespace = namespace
        body = try Self.body(type, data)
    }

    private static func body(_ type: Int, _ data: JSONValue) throws(ClusterMessageError) -> Body {
        let id = data["requestId"]?.string
        func wanted() throws(ClusterMessageError) -> String {
            guard let id else { throw .malformed("requestId") }
            return id
        }
        switch type {
        case 1, 2, 13: return .presence
        case 3:
            let emission = try ClusterForm.emission(data["packet"], flags: data["opts"]?["flags"])
            let target = try ClusterForm.target(data["opts"])
            return id.map { .ask($0, emission, target) } ?? .command(.emit(emission), target)
        case 4: return .command(.join(try ClusterForm.rooms(data["rooms"])), try ClusterForm.target(data["opts"]))
        case 5: return .command(.leave(try ClusterForm.rooms(data["rooms"])), try ClusterForm.target(data["opts"]))
        case 6:
            return .command(
                .disconnect(closes: data["close"]?.bool ?? false), try ClusterForm.target(data["opts"]))
        case 7: return .fetch(try wanted(), try ClusterForm.target(data["opts"]))
        case 8:
            guard let sockets = data["sockets"]?.array else { throw .malformed("sockets") }
            return .sockets(try wanted(), sockets)
        case 9:
            let (name, arguments) = try ClusterForm.event(data["packet"], "packet")
            return .tell(id, name, arguments)
        case 10: return .answer(try wanted(), data["packet"] ?? .null)
        case 11:
            guard let count = data["clientCount"]?.integer, (0...1 << 32).contains(count) else {
                throw .malformed("clientCount")
            }
            return .clientCount(try wanted(), Int(count))
        case 12: return .ack(try wanted(), data["packet"] ?? .null)
        default: throw .malformed("type")
        }
    }

    /// The type's number, and what goes with it.
    private var parts: (type: Int, data: JSONValue?) {
        switch body {
        case .command(.emit(let emission), let target):
            (3, ["packet": Self.packet(emission), "opts": .object(ClusterForm.target(target, emission.options))])
        case .command(.join(let rooms), let target): (4, Self.steering(target, ("rooms", ClusterForm.words(rooms))))
        case .command(.leave(let rooms), let target): (5, Self.steering(target, ("rooms", ClusterForm.words(rooms))))
        case .command(.disconnect(let closes), let target): (6, Self.steering(target, ("close", .bool(closes))))
        case .ask(let id, let emission, let target):
            (
                3,
                [
                    "packet": Self.packet(emission), "requestId": .string(id),
                    "opts": .object(ClusterForm.target(target, emission.options)),
                ]
            )
        case .fetch(let id, let target):
            (7, ["opts": .object(ClusterForm.target(target, SocketSendOptions())), "requestId": .string(id)])
        case .sockets(let id, let sockets): (8, ["requestId": .string(id), "sockets": .array(sockets)])
        case .tell(let id?, let name, let arguments):
            (9, ["requestId": .string(id), "packet": ClusterForm.data(name, arguments)])
        case .tell(nil, let name, let arguments): (9, ["packet": ClusterForm.data(name, arguments)])
        case .answer(let id, let value): (10, ["requestId": .string(id), "packet": value])
        case .clientCount(let id, let count): (11, ["requestId": .string(id), "clientCount": .integer(Int64(count))])
        case .ack(let id, let value): (12, ["requestId": .string(id), "packet": value])
        case .presence: (2, nil)
        }
    }

    private static func packet(_ emission: SocketEmission) -> JSONValue {
        ["type": 2, "data": ClusterForm.data(emission.name, emission.arguments)]
    }

    private static func steering(_ target: SocketTarget, _ what: (String, JSONValue)) -> JSONValue {
        .object(JSONObject([("opts", .object(ClusterForm.target(target, SocketSendOptions()))), what]))
    }

    /// Writes it for a channel.
    package func encode() -> [UInt8] { ClusterForm.pack(form) }

    /// Writes it for a channel as JSON, or as MessagePack where there are bytes in it.
    package func encodeReadably() -> [UInt8] { ClusterForm.write(form) }

    private var form: JSONValue {
        let (type, data) = parts
        var form: JSONObject = ["type": .integer(Int64(type))]
        if let data { form["data"] = data }
        form["uid"] = .string(sender)
        form["nsp"] = .string(namespace)
        return .object(form)
    }

    /// Writes it as the fields of an entry.
    package func entry() -> [(name: String, value: [UInt8])] {
        let (type, data) = parts
        var fields: [(name: String, value: [UInt8])] = [
            ("uid", Array(sender.utf8)), ("nsp", Array(namespace.utf8)), ("type", Array("\(type)".utf8)),
        ]
        if let data {
            let bytes = ClusterForm.write(data)
            fields.append(("data", data.containsBinary ? Base64.encode(bytes) : bytes))
        }
        return fields
    }
}
