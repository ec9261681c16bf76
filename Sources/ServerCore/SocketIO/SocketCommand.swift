import JSONCore
import SocketIOCore

/// Which sockets of a namespace something is for.
///
/// No rooms is every socket; several are their union. Each socket is meant once.
package struct SocketTarget: Sendable, Equatable {
    /// The rooms whose sockets are meant; none for all of the namespace.
    package var rooms: [String] = []
    /// Rooms whose sockets are not.
    package var exceptRooms: [String] = []
    /// A socket that is not: the one that speaks.
    package var exceptSocket: SocketID?
    /// Whether only the sockets of this server are meant: those of all its loops.
    package var isLocal = false

    /// Every socket of the namespace.
    package init() {}

    /// Whether nothing narrows it down but, perhaps, one socket.
    var isWhole: Bool { rooms.isEmpty && exceptRooms.isEmpty }
}

/// How something is sent.
package struct SocketSendOptions: Sendable, Equatable {
    /// Whether only the newest of its name matters: while a client does not take bytes, it replaces what waits of that
    /// name.
    package var isVolatile = false
    /// Whether it may be compressed where the client agreed to that.
    package var compresses = true

    /// Reliable, and compressed where that was agreed to.
    package init() {}
}

/// An event for sockets of a namespace.
package struct SocketEmission: Sendable {
    /// The event's name.
    package var name: String
    /// What it says.
    package var arguments: SocketArguments
    /// How it is sent.
    package var options: SocketSendOptions
    /// Its offset, by which a client that was lost says how far it has read; nil where it has none.
    package var offset: SocketOffset?

    /// An event.
    package init(
        _ name: String, _ arguments: SocketArguments = .none, _ options: SocketSendOptions = SocketSendOptions()
    ) {
        self.name = name
        self.arguments = arguments
        self.options = options
    }
}

/// What is done to the sockets that a target means: all that reaches sockets by room. A value, so that it can go to other loops and
/// other servers (docs/decisions/0012-socketio.md).
package enum SocketCommand: Sendable {
    /// Sends them an event.
    case emit(SocketEmission)
    /// Makes them join rooms.
    case join([String])
    /// Makes them leave rooms.
    case leave([String])
    /// Ends their place in the namespace, or their whole connection.
    case disconnect(closes: Bool)
}

/// What is known of a socket anywhere: enough to list it, and to address it by its id.
package struct SocketDescription: Sendable {
    /// Its id, as clients know it.
    package var id: String
    /// The rooms it is in, its own among them.
    package var rooms: [String]
    /// What the author keeps with it.
    package var data: JSONValue
    /// How it came.
    package var handshake: SocketHandshake
}

/// Sockets that were found.
package struct SocketFinding: Sendable {
    /// Those of this server first.
    package var sockets: [SocketDescription] = []
    /// The servers that did not answer.
    package var missing: [String] = []

    package init(sockets: [SocketDescription] = [], missing: [String] = []) {
        self.sockets = sockets
        self.missing = missing
    }
}
