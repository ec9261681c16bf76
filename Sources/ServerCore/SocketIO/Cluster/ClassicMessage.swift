import JSONCore
import SocketIOCore

/// A broadcast of the classic Redis adapter and of its emitter: MessagePack of sender, packet and options
/// (protocol/spec/cluster.md §3.1).
package struct ClassicBroadcast: Sendable {
    /// Who sent it; an emitter calls itself `emitter`.
    package var sender: String
    /// The namespace that the packet names.
    package var namespace: String
    /// The event.
    package var emission: SocketEmission
    /// Whom it is for.
    package var target: SocketTarget

    /// Reads one.
    package init(_ payload: [UInt8]) throws(ClusterMessageError) {
        guard let parts = try ClusterForm.unpack(payload).array, parts.count >= 3 else { throw .malformed("message") }
        guard let sender = parts[0].string else { throw .malformed("uid") }
        self.sender = sender
        namespace = parts[1]["nsp"]?.string ?? SocketPacket.mainNamespace
        emission = try ClusterForm.emission(parts[1], flags: parts[2]["flags"])
        target = try ClusterForm.target(parts[2])
    }

    /// Writes one.
    package static func encode(
        sender: String, _ emission: SocketEmission, _ target: SocketTarget, in namespace: String
    ) -> [UInt8] {
        ClusterForm.pack([
            .string(sender), ClusterForm.packet(emission, in: namespace),
            .object(ClusterForm.target(target, emission.options)),
        ])
    }
}

/// A request of the classic Redis adapter, and of its emitter (protocol/spec/cluster.md §3.2).
package struct ClassicRequest: Sendable {
    /// What is asked.
    package enum Body: Sendable {
        /// The ids of the sockets in rooms.
        case sockets(rooms: [String])
        /// The names of all rooms.
        case allRooms
        /// Something is to be done.
        case command(SocketCommand, SocketTarget)
        /// The same for one socket, in the form of before version 6, which is confirmed.
        case single(SocketCommand, id: String)
        /// The sockets, with all that is known of them.
        case fetch(SocketTarget)
        /// Something is told to the server itself.
        case tell(String, SocketArguments)
        /// An event is to be emitted, and acks are awaited.
        case ask(SocketEmission, SocketTarget)
    }

    /// Who asks; emitters do not always say.
    package var sender: String?
    /// What an answer refers to; nil where none is wanted.
    package var id: String?
    package var body: Body

    /// A request.
    package init(sender: String?, id: String?, _ body: Body) {
        self.sender = sender
        self.id = id
        self.body = body
    }

    /// Reads one.
    package init(_ payload: [UInt8]) throws(ClusterMessageError) {
        let form = try ClusterForm.read(payload)
        guard let type = form["type"]?.integer else { throw .malformed("type") }
        sender = form["uid"]?.string
        id = form["requestId"]?.string
        switch type {
        case 0: body = .sockets(rooms: try ClusterForm.rooms(form["rooms"] ?? .array([])))
        case 1: body = .allRooms
        case 2, 3, 4: body = try Self.command(Int(type), form)
        case 5: body = .fetch(try ClusterForm.target(form["opts"]))
        case 6:
            let (name, arguments) = try ClusterForm.event(form["data"], "data")
            body = .tell(name, arguments)
        case 7:
            guard id != nil else { throw .malformed("requestId") }
            // The reference applies no flags here.
            body = .ask(try ClusterForm.emission(form["packet"], flags: nil), try ClusterForm.target(form["opts"]))
        default: throw .malformed("type")
        }
    }

    private static func command(_ type: Int, _ form: JSONValue) throws(ClusterMessageError) -> Body {
        guard form["opts"]?.object != nil else {
            guard let id = form["sid"]?.string else { throw .malformed("opts") }
            if type == 4 { return .single(.disconnect(closes: form["close"]?.bool ?? false), id: id) }
            guard let room = form["room"]?.string else { throw .malformed("room") }
            return .single(type == 2 ? .join([room]) : .leave([room]), id: id)
        }
        let target = try ClusterForm.target(form["opts"])
        if type == 4 { return .command(.disconnect(closes: form["close"]?.bool ?? false), target) }
        let rooms = try ClusterForm.rooms(form["rooms"])
        return .command(type == 2 ? .join(rooms) : .leave(rooms), target)
    }

    /// Writes the request; nil for a command that goes as a broadcast.
    package func encode(in namespace: String) -> [UInt8]? {
        var form = JSONObject()
        if let sender { form["uid"] = .string(sender) }
        if let id { form["requestId"] = .string(id) }
        switch body {
        case .sockets(let rooms):
            form["type"] = 0
            form["rooms"] = ClusterForm.words(rooms)
        case .allRooms: form["type"] = 1
        case .command(.join(let rooms), let target):
            form["type"] = 2
            form["opts"] = .object(ClusterForm.target(target))
            form["rooms"] = ClusterForm.words(rooms)
        case .command(.leave(let rooms), let target):
            form["type"] = 3
            form["opts"] = .object(ClusterForm.target(target))
            form["rooms"] = ClusterForm.words(rooms)
        case .command(.disconnect(let closes), let target):
            form["type"] = 4
            form["opts"] = .object(ClusterForm.target(target))
            form["close"] = .bool(closes)
        case .command(.emit, _), .single: return nil
        case .fetch(let target):
            form["type"] = 5
            form["opts"] = .object(ClusterForm.target(target))
        case .tell(let name, let arguments):
            form["type"] = 6
            form["data"] = ClusterForm.data(name, arguments)
        case .ask(let emission, let target):
            form["type"] = 7
            form["packet"] = ClusterForm.packet(emission, in: namespace)
            form["opts"] = .object(ClusterForm.target(target, emission.options))
            return ClusterForm.pack(.object(form))
        }
        return ClusterForm.write(.object(form))
    }
}

/// An answer of the classic Redis adapter (protocol/spec/cluster.md §3.3).
package struct ClassicResponse: Sendable {
    /// What is answered.
    package enum Body: Sendable {
        /// Ids, or all that is known of sockets.
        case sockets([JSONValue])
        case rooms([String])
        /// What a server says to what it was told.
        case answer(JSONValue)
        /// How many clients were asked.
        case clientCount(Int)
        /// What a client has answered.
        case ack(JSONValue)
        /// Nothing: the request was carried out.
        case done
    }

    /// The request.
    package var id: String
    /// Who answers; the reference does not say.
    package var sender: String?
    package var body: Body

    /// An answer.
    package init(id: String, sender: String? = nil, _ body: Body) {
        self.id = id
        self.sender = sender
        self.body = body
    }

    /// Reads one.
    package init(_ payload: [UInt8]) throws(ClusterMessageError) {
        let form = try ClusterForm.read(payload)
        guard let id = form["requestId"]?.string else { throw .malformed("requestId") }
        self.id = id
        sender = form["uid"]?.string
        switch form["type"]?.integer {
        // A value that JSON has no form for is left out by the reference.
        case 6: body = .answer(form["data"] ?? .null)
        case 8:
            guard let count = form["clientCount"]?.integer, let count = Int(exactly: count),
                (0...1 << 32).contains(count)
            else { throw .malformed("clientCount") }
            body = .clientCount(count)
        case 9: body = .ack(form["packet"] ?? .null)
        default:
            if let sockets = form["sockets"]?.array {
                body = .sockets(sockets)
            } else if form["rooms"] != nil {
                body = .rooms(try ClusterForm.rooms(form["rooms"]))
            } else {
                body = .done
            }
        }
    }

    /// Writes the answer.
    package func encode() -> [UInt8] {
        var form = JSONObject()
        switch body {
        case .answer: form["type"] = 6
        case .clientCount: form["type"] = 8
        case .ack: form["type"] = 9
        case .sockets, .rooms, .done: break
        }
        form["requestId"] = .string(id)
        switch body {
        case .sockets(let sockets): form["sockets"] = .array(sockets)
        case .rooms(let rooms): form["rooms"] = ClusterForm.words(rooms)
        case .answer(let value): form["data"] = value
        case .clientCount(let count): form["clientCount"] = .integer(Int64(count))
        case .ack(let value):
            form["packet"] = value
            return ClusterForm.pack(.object(form))
        case .done: break
        }
        if let sender { form["uid"] = .string(sender) }
        return ClusterForm.write(.object(form))
    }
}
