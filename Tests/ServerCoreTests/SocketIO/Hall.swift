import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

/// A server with a hub at `/socket.io/`, one on each of its loops, and a list of what has happened there.
final class Hall {
    let world: World
    /// One for each loop.
    let hubs: [SocketHub]
    var hub: SocketHub { hubs[0] }
    var main: SocketNamespace { hub.namespace("/") }
    private let sessionLimits: SessionLimits
    /// What hooks have noted, in order.
    var log: [String] = []

    init(
        loops: Int = 1, seed: UInt64 = 1, _ adjust: (inout SocketHubSettings) -> Void = { _ in },
        limits adjustLimits: (inout HallLimits) -> Void = { _ in }, hooks: EndpointHooks = EndpointHooks(),
        world makeWorld: (UInt64, Int) -> World = { World(seed: $0, loops: $1) }
    ) {
        var settings = SocketHubSettings()
        adjust(&settings)
        var limits = HallLimits()
        adjustLimits(&limits)
        world = makeWorld(seed, loops)
        hubs = world.servers.map { [settings, limits] server in
            SocketHub(server: server, settings: settings, messageBytesMax: limits.messageBytesMax)
        }
        sessionLimits = SessionLimits(
            messageBytesMax: limits.messageBytesMax, fragmentsMax: 8, outboxBytesMax: limits.outboxBytesMax,
            messagesPerSecond: limits.messagesPerSecond, waitsForReader: true,
            outboxBytesCeiling: limits.outboxBytesCeiling, compression: limits.compression,
            heartbeatInterval: .seconds(25), heartbeatTimeout: .seconds(20))
        for (server, hub) in zip(world.servers, hubs) {
            server.endpoints["/socket.io/"] = .engine(
                hub.endpoint(
                    limits: sessionLimits, policy: EnginePolicy(allowsRevision3: limits.allowsRevision3),
                    origins: HTTPOriginRule(), cookie: nil, hooks: hooks))
        }
    }

    struct HallLimits {
        var messageBytesMax = 10_000
        var outboxBytesMax = 10_000
        var outboxBytesCeiling = 40_000
        var messagesPerSecond: Int?
        var compression: MessageCompression?
        var allowsRevision3 = false
    }

    /// Lets plain WebSockets into a namespace, at `/plain`.
    func servePlain(_ namespace: String) {
        world.server.endpoints["/plain"] = .webSocket(
            hub.plainEndpoint(
                namespace: namespace, limits: sessionLimits, origins: HTTPOriginRule(), hooks: EndpointHooks()))
    }

    /// A client that has a WebSocket.
    func client(_ query: String = "", fields: String = "") -> HallClient {
        HallClient(world, "/socket.io/?EIO=4&transport=websocket\(query)", fields: fields)
    }

    /// A client that is in a namespace.
    func guest(_ namespace: String = "/", auth: String = "") -> HallClient {
        let client = client()
        client.join(namespace, auth: auth)
        return client
    }

    func note(_ text: String) { log.append(text) }

    /// What has been noted since the last call.
    func takeLog() -> [String] {
        defer { log = [] }
        return log
    }

    /// Sends an event to everyone that a target means.
    func emit(
        _ name: String, _ arguments: SocketArguments = [], to rooms: [String] = [], except: [String] = [],
        but socket: NamespaceSocket? = nil, isVolatile: Bool = false, in namespace: String = "/"
    ) {
        var options = SocketSendOptions()
        options.isVolatile = isVolatile
        hub.namespace(namespace).perform(
            .emit(SocketEmission(name, arguments, options)), on: .of(rooms, except: except, but: socket))
    }
}

extension SocketTarget {
    static func of(
        _ rooms: [String] = [], except: [String] = [], but socket: NamespaceSocket? = nil, isLocal: Bool = false
    ) -> SocketTarget {
        var target = SocketTarget()
        target.rooms = rooms
        target.exceptRooms = except
        target.exceptSocket = socket?.id
        target.isLocal = isLocal
        return target
    }
}

/// A client that speaks in packets as they are on the wire.
final class HallClient: Client {
    private var taken = 0

    /// What has come since the last call, as texts; a binary message as its bytes in brackets.
    func take() -> [String] {
        takeMessages().map { message in
            switch message {
            case .text(let text): text
            case .binary(let bytes): "\(bytes)"
            case .close(let code, _): "close \(code ?? 1005)"
            case .ping: "ping"
            case .pong: "pong"
            }
        }
    }

    /// What has come since the last call.
    func takeMessages() -> [Received] {
        world.turn()
        let all = received
        defer { taken = all.count }
        return Array(all[taken...])
    }

    /// Sends a packet, and returns what has come since the last call.
    @discardableResult
    func say(_ packets: String...) -> [String] {
        for packet in packets { send(text: packet) }
        return take()
    }

    /// Joins a namespace; its own id there, or nothing.
    @discardableResult
    func join(_ namespace: String = "/", auth: String = "") -> String {
        let prefix = namespace == "/" ? "" : "\(namespace),"
        let answer = say("40\(prefix)\(auth)").last ?? ""
        guard answer.hasPrefix("40\(prefix){") else { return "" }
        let payload = JSONValue.of(String(answer.dropFirst(2 + prefix.count)))
        id = payload["sid"]?.string ?? ""
        pid = payload["pid"]?.string ?? ""
        return id
    }

    /// The id in the namespace that was joined last.
    private(set) var id = ""
    /// The private id there; empty where there is none.
    private(set) var pid = ""

    /// Shows a private id that another connection was given.
    func adopt(pid: String) { self.pid = pid }
}

// MARK: Recovery

extension HallClient {
    /// What the client sends on another connection to get its place back.
    func claim(_ offset: String?, _ more: String = "") -> String {
        let offset = offset.map { #","offset":"\#($0)""# } ?? ""
        return #"{"pid":"\#(pid)"\#(offset)\#(more)}"#
    }

    /// The offset of the last packet that has come.
    func takeOffset() -> String { take().last?.offset ?? "" }
}

extension String {
    /// The offset of an event in a packet: its last argument.
    var offset: String {
        guard let start = firstIndex(of: "[") else { return "" }
        return JSONValue.of(String(self[start...])).array?.last?.string ?? ""
    }

    /// The packet without the offset.
    var untraced: String { replacing(#","\#(offset)""#, with: "") }
}
