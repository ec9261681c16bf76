import Determinism
import ServerCore
public import SocketIOCore

/// How Socket.IO clients may connect, and what they may use up.
public struct SocketIOOptions: Sendable {
    /// The connections below: heartbeat, transports, sizes, origins, cookies.
    public var connection = EngineOptions()
    /// How packets travel; clients must have chosen the same.
    public var codec = SocketCodec.standard
    /// The servers that rooms and broadcasts are shared with; nil for none.
    public var cluster: SocketIOCluster?
    /// The official client for browsers, for pages to load from below the server's path; nil where they get it elsewhere.
    public var client: ClientBundle?
    /// The namespace in which admins are served the official Socket.IO Admin UI, such as `/admin`, for all the namespaces here; nil
    /// for none. Who may log in, and the page's mode, are the settings' (`admin`), as are the `origins` from which it may come: they
    /// may connect here, with credentials. What an admin does is in the audit log. The namespace is the page's alone.
    public var adminNamespace: String?
    /// Paths at which clients without Socket.IO join a namespace, over a plain WebSocket on which each message is
    /// `{"event","data","id"?}`: `["/chat": "/"]`. For handlers, rooms and broadcasts they are clients like any.
    public var plainPaths: [String: String] = [:]
    /// How long a client may take to join its first namespace; then its connection is closed.
    public var connectTimeout = Interval.seconds(45)
    /// How long an ack is awaited where the call does not say.
    public var ackTimeout = Interval.seconds(10)
    /// How long other loops and servers may take to say which sockets they have, or to answer what they are told.
    public var requestTimeout = Interval.seconds(5)
    /// The most namespaces that one client may be in.
    public var namespacesMax = 64
    /// The most attachments of an event or ack, 0 to 64, either way. Official clients take 10.
    public var attachmentsMax = 10
    /// The most events of one client that wait while an `async` handler of it is under way; more end its connection.
    public var heldEventsMax = 1_024
    /// Whether the fields of a client's first request are kept for ``Socket/handshake``: some hundred bytes a client.
    public var keepsRequestFields = true
    /// How clients that lose their connection get their place back; nil where each comes back as somebody new. With it, every
    /// event that is sent has one more argument, a text, unless it is volatile or asks for an ack. With a cluster of
    /// ``SocketIOCluster/Adapter/streams`` a client may come back to any server, and events wait for Redis, a quarter of a second
    /// at most.
    public var connectionStateRecovery: ConnectionStateRecovery?
    /// Over how long clients are let go of when the server drains, one after the other and within ``MusterConfiguration``'s
    /// drain time, so that they do not all come back at once. Each is told with the event `draining` and its
    /// `{"seconds":…}` how long it has. Zero lets all go at once, and tells them nothing.
    public var drainSpread = Interval.zero

    /// The defaults above.
    public init() {}

    var settings: SocketHubSettings {
        precondition((0...64).contains(attachmentsMax), "attachmentsMax is from 0 to 64")
        var settings = SocketHubSettings()
        settings.connectTimeout = connectTimeout
        settings.ackTimeout = ackTimeout
        settings.requestTimeout = requestTimeout
        settings.namespacesMax = namespacesMax
        settings.attachmentsMax = attachmentsMax
        settings.heldEventsMax = heldEventsMax
        settings.keepsRequestFields = keepsRequestFields
        settings.codec = codec
        settings.drainSpread = drainSpread
        settings.recovery = connectionStateRecovery?.settings
        settings.isSequenced = cluster?.adapter == .streams
        settings.tellsRooms = cluster?.adapter == .sharded
        settings.adminNamespace = adminNamespace
        return settings
    }
}

/// How a client that has lost its connection, and not ended it, gets its id, its rooms, ``Socket/data`` and what it has missed
/// again. Where something of that is gone, the client is somebody new.
public struct ConnectionStateRecovery: Sendable {
    /// How long a client's place is kept.
    public var duration = Interval.seconds(120)
    /// Whether a client that gets its place back is let in without asking ``SocketHandling/use(_:)``'s checks.
    public var skipsMiddlewares = false
    /// The most clients whose places are kept; the one that was lost first goes for one more.
    public var placesMax = 10_000
    /// The most events that are kept for them.
    public var eventsMax = 10_000
    /// The most bytes of these.
    public var eventBytesMax = 16_777_216

    /// The defaults above.
    public init() {}

    var settings: SocketRecoverySettings {
        precondition(duration > .zero, "a place is kept for longer than nothing")
        var settings = SocketRecoverySettings()
        settings.duration = duration
        settings.skipsMiddlewares = skipsMiddlewares
        settings.placesMax = placesMax
        settings.packetsMax = eventsMax
        settings.packetBytesMax = eventBytesMax
        return settings
    }
}

/// How an event is sent.
public typealias EmitOptions = SocketIOCore.EmitOptions

extension EmitOptions {
    var sendOptions: SocketSendOptions {
        var options = SocketSendOptions()
        options.isVolatile = contains(.volatile)
        options.compresses = !contains(.uncompressed)
        return options
    }
}
