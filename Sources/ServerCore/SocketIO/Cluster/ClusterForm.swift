import Determinism
import HTTPTypes
import JSONCore
import MessagePackCore
import SocketIOCore

/// The parts that all messages between servers share, as Socket.IO's adapters write them (protocol/spec/cluster.md §2).
package enum ClusterForm {
    /// What a message of another server may be.
    static let limits = JSONLimits(depthMax: 64, valuesMax: 1_048_576)
    /// The most bytes of one message.
    package static let messageBytesMax = 16 * 1024 * 1024

    // MARK: Values

    /// Reads JSON where the bytes begin like an object, and MessagePack otherwise.
    static func read(_ payload: [UInt8]) throws(ClusterMessageError) -> JSONValue {
        guard payload.count <= messageBytesMax else { throw .notReadable }
        guard payload.first == UInt8(ascii: "{") else { return try unpack(payload) }
        do {
            return try JSONValue.parse(payload.span, limits: limits)
        } catch {
            throw .notReadable
        }
    }

    /// Reads MessagePack.
    static func unpack(_ payload: [UInt8]) throws(ClusterMessageError) -> JSONValue {
        guard payload.count <= messageBytesMax else { throw .notReadable }
        do {
            return try JSONValue.unpack(payload.span, limits: limits)
        } catch {
            throw .notReadable
        }
    }

    /// Writes MessagePack.
    static func pack(_ value: JSONValue) -> [UInt8] {
        var packed: [UInt8] = []
        MessagePack.append(value, to: &packed)
        return packed
    }

    /// Writes JSON, or MessagePack where there are bytes in it.
    static func write(_ value: JSONValue) -> [UInt8] {
        guard !value.containsBinary else { return pack(value) }
        var text: [UInt8] = []
        value.write(to: &text)
        return text
    }

    // MARK: Events

    /// An event as the packet that an adapter broadcasts.
    static func packet(_ emission: SocketEmission, in namespace: String) -> JSONValue {
        ["type": 2, "data": data(emission.name, emission.arguments), "nsp": .string(namespace)]
    }

    /// A name and what follows it.
    static func data(_ name: String, _ arguments: SocketArguments) -> JSONValue {
        .array([.string(name)] + arguments.values)
    }

    /// The event of a packet, as it was sent to be sent on.
    static func emission(_ packet: JSONValue?, flags: JSONValue?) throws(ClusterMessageError) -> SocketEmission {
        guard let packet, let type = packet["type"]?.integer, type == 2 || type == 5 else { throw .malformed("packet") }
        let (name, arguments) = try event(packet["data"], "packet")
        var emission = SocketEmission(name, arguments)
        emission.options.isVolatile = flags?["volatile"]?.bool ?? false
        emission.options.compresses = flags?["compress"]?.bool ?? true
        return emission
    }

    /// The name and the arguments of an array.
    static func event(
        _ data: JSONValue?, _ part: String
    ) throws(ClusterMessageError) -> (String, SocketArguments) {
        guard let values = data?.array, let first = values.first, SocketEventName(first) != nil,
            let name = word(first)
        else { throw .malformed(part) }
        return (name, SocketArguments(Array(values.dropFirst())))
    }

    // MARK: Targets

    /// Whom a command means, without flags.
    static func target(_ target: SocketTarget) -> JSONObject {
        var except = target.exceptRooms
        if let socket = target.exceptSocket { except.append(socket.text) }
        return ["rooms": words(target.rooms), "except": words(except)]
    }

    /// Whom a command means, with flags.
    static func target(_ target: SocketTarget, _ options: SocketSendOptions) -> JSONObject {
        var form = Self.target(target)
        var flags = JSONObject()
        if options.isVolatile { flags["volatile"] = true }
        if !options.compresses { flags["compress"] = false }
        form["flags"] = .object(flags)
        return form
    }

    /// Whom a command of another server means here.
    static func target(_ form: JSONValue?) throws(ClusterMessageError) -> SocketTarget {
        guard let form, form.object != nil else { throw .malformed("opts") }
        var target = SocketTarget()
        target.rooms = try rooms(form["rooms"] ?? .array([]))
        target.exceptRooms = try rooms(form["except"] ?? .array([]))
        target.isLocal = true
        return target
    }

    /// Names of rooms, which may be numbers elsewhere.
    static func rooms(_ value: JSONValue?) throws(ClusterMessageError) -> [String] {
        guard let values = value?.array else { throw .malformed("rooms") }
        var rooms: [String] = []
        for value in values {
            guard let room = word(value) else { throw .malformed("rooms") }
            rooms.append(room)
        }
        return rooms
    }

    static func words(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }

    private static func word(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): "\(number)"
        default: nil
        }
    }
}

/// Sockets as servers tell each other of them.
struct ClusterSockets {
    /// The present on this server's clock and as others know it.
    private let now: Instant
    private let wallClock: Int64

    init(_ hub: SocketHub, _ identity: ClusterIdentity) {
        now = hub.server.clock()
        wallClock = identity.wallClock()
    }

    /// A socket of this server.
    func form(_ socket: SocketDescription) -> JSONValue {
        let handshake = socket.handshake
        var headers = JSONObject()
        for field in handshake.fields { headers[field.name.canonicalName] = .string(field.value) }
        var query = JSONObject()
        for (name, value) in handshake.query { query[name] = .string(value) }
        let issued = wallClock - (now - handshake.issuedAt).nanoseconds / 1_000_000
        return [
            "id": .string(socket.id),
            "handshake": [
                "headers": .object(headers), "address": .string(handshake.address),
                "xdomain": .bool(handshake.fields[.origin] != nil), "secure": .bool(handshake.isSecure),
                "issued": .integer(issued), "url": .string(handshake.url), "query": .object(query),
                "auth": handshake.auth,
            ],
            "rooms": ClusterForm.words(socket.rooms), "data": socket.data,
        ]
    }

    /// A socket of another server.
    func socket(_ form: JSONValue) throws(ClusterMessageError) -> SocketDescription {
        guard let id = form["id"]?.string else { throw .malformed("sockets") }
        let told = form["handshake"] ?? .null
        var handshake = SocketHandshake()
        for member in told["headers"]?.object?.members ?? [] {
            guard let name = HTTPField.Name(member.key), let value = member.value.string else { continue }
            handshake.fields.append(HTTPField(name: name, value: value))
        }
        handshake.url = told["url"]?.string ?? ""
        handshake.query = (told["query"]?.object?.members ?? []).map { ($0.key, $0.value.string ?? "") }
        handshake.address = told["address"]?.string ?? ""
        handshake.isSecure = told["secure"]?.bool ?? false
        handshake.auth = told["auth"] ?? [:]
        // Beyond a day a clock is wrong, and a difference may be too large for an instant.
        let age = min(
            max(wallClock.subtractingReportingOverflow(told["issued"]?.integer ?? wallClock).partialValue, 0),
            86_400_000)
        handshake.issuedAt = now - .milliseconds(Int(age))
        return SocketDescription(
            id: id, rooms: try ClusterForm.rooms(form["rooms"] ?? .array([])), data: form["data"] ?? [:],
            handshake: handshake)
    }
}
