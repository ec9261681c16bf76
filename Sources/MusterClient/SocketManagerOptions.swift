public import Determinism
public import HTTPTypes
public import JSONCore
public import SocketIOCore
import TLS

/// How a ``SocketManager`` connects to its server and comes back to it.
public struct SocketManagerOptions: Sendable {
    /// How messages travel.
    public enum Transport: Sendable {
        /// Over HTTP long polling.
        case polling
        /// Over a WebSocket.
        case webSocket
    }

    /// The path that the server has Socket.IO at, with a slash at both ends.
    public var path = "/socket.io/"
    /// More of the query of every request, which the server's handshake shows; names and values as they are, not encoded.
    public var query: [(name: String, value: String)] = []
    /// More fields of every request, such as `Authorization`.
    public var fields = HTTPFields()
    /// The transports that may be used; the first one opens the connection.
    public var transports: [Transport] = [.polling, .webSocket]
    /// Whether a connection that began with polling moves to a WebSocket where the server offers that.
    public var upgrades = true
    /// Whether the next transport is tried where one cannot open a connection.
    public var triesAllTransports = false
    /// Whether a later connection begins with a WebSocket once one has worked.
    public var remembersUpgrade = false
    /// How packets travel; the server must have chosen the same.
    public var codec = SocketCodec.standard
    /// Whether compression is offered for a WebSocket's messages.
    public var compresses = false
    /// How a server with TLS has to prove who it is.
    public var trust = ServerTrust.system

    /// Whether the manager connects again by itself.
    public var reconnects = true
    /// How often it tries in a row; nil for as often as it takes.
    public var reconnectionAttempts: Int?
    /// The first wait, which the next ones double.
    public var reconnectionDelay = Interval.seconds(1)
    /// The longest wait.
    public var reconnectionDelayMax = Interval.seconds(5)
    /// How much of its length a wait may be shorter or longer, 0 to 1, so that clients do not come back together.
    public var reconnectionJitter = 0.5
    /// How long an attempt to connect may take.
    public var connectTimeout = Interval.seconds(20)

    /// The longest message that is taken, in bytes; a longer one ends the connection.
    public var messageBytesMax = 1 << 24
    /// How many bytes of yours the server may leave unread; more end the connection.
    public var outboxBytesMax = 1 << 24

    /// The defaults above.
    public init() {}
}

/// How a server with TLS has to prove who it is.
public enum ServerTrust: Sendable, Equatable {
    /// By a certificate that the system's authorities lead to.
    case system
    /// By one that the authorities in a PEM file lead to, or by one of that file.
    case authorities(path: String)
    /// Not at all: for a test on one machine.
    case anyone

    /// The trust that `--ca` and `--insecure` mean; nil when both are given.
    package init?(authorities path: String?, isInsecure: Bool) {
        switch (path, isInsecure) {
        case (nil, false): self = .system
        case (nil, true): self = .anyone
        case (let path?, false): self = .authorities(path: path)
        case (_?, true): return nil
        }
    }

    var trust: TLSClientContext.Trust {
        switch self {
        case .system: .system
        case .authorities(let path): .authorities(path: path)
        case .anyone: .anyone
        }
    }
}

/// How a client behaves in one namespace.
public struct ClientSocketOptions: Sendable {
    /// What happens to an event for which there is no room while there is no connection.
    public enum Overflow: Sendable {
        /// The oldest event that waits is dropped for it.
        case dropsOldest
        /// It is dropped itself.
        case dropsNewest
    }

    /// What is shown when the namespace is asked for: a server's handshake has it as `auth`. Asked for with every connection, so that
    /// it can be a fresh token. Nil to show nothing.
    public var auth: (@Sendable () async -> JSONObject)?
    /// How long an answer is awaited where the call does not say; nil for as long as the connection lasts.
    public var ackTimeout: Interval? = .seconds(10)
    /// How often an event is sent again that was not acknowledged. Above zero, events go one at a time and in order, each
    /// until the server has answered it: it may get one twice, never in another order.
    public var retries = 0
    /// How many events may wait for a connection, and how many of the server's for an `async` handler.
    public var waitingEventsMax = 1_024
    /// What happens to more of yours.
    public var overflow = Overflow.dropsNewest
    /// The most attachments of an event or ack, 0 to 64. Official servers take 10.
    public var attachmentsMax = 10

    /// The defaults above.
    public init() {}

    /// The defaults, and always the same thing to show.
    public init(auth: JSONObject) { self.auth = { auth } }
}
