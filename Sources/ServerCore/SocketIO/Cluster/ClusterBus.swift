import Determinism

/// What carries messages between servers: Redis in production, a list in tests. Messages on one channel keep their order; any may be
/// lost while the bus is not reached.
package protocol ClusterBus: AnyObject {
    /// Sends a message to all who hear a channel, this server too.
    func publish(_ channel: String, _ payload: [UInt8])
    /// Hears those channels, and those that match the patterns, from now on.
    func subscribe(channels: [String], patterns: [String])
    /// Does not hear them any more.
    func unsubscribe(channels: [String], patterns: [String])
    /// Adds an entry to a stream, which keeps about so many; those who read the stream get it, this server too.
    func append(_ entry: [(name: String, value: [UInt8])], to stream: String, entriesMax: Int)
    /// Whether what is said now is carried out soon.
    var isReached: Bool { get }
    /// Keeps a value under a key for a time; `done` is told whether it is kept.
    func keep(_ key: String, _ value: [UInt8], for time: Interval, _ done: @escaping (Bool) -> Void)
    /// Takes what is kept under a key, which nobody else then finds; nil where there is nothing. Called back once.
    func take(_ key: String, _ done: @escaping ([UInt8]?) -> Void)
    /// Reads entries of a stream in their order, from that one on or behind it; nil where that cannot be done. Called back
    /// once.
    func read(
        _ stream: String, from id: StreamID, isAfter: Bool, countMax: Int, _ done: @escaping ([StreamEntry]?) -> Void)
    /// Asks how many servers hear a channel; nil where nobody knows. Called back once.
    func countListeners(_ channel: String, _ done: @escaping (Int?) -> Void)
    /// Hands over what the turn has said.
    func flush()
}

/// An entry of a stream.
package struct StreamEntry: Sendable {
    package let id: StreamID
    package let fields: [(name: String, value: [UInt8])]

    /// An entry.
    package init(id: StreamID, fields: [(name: String, value: [UInt8])]) {
        self.id = id
        self.fields = fields
    }
}

/// What a server is called among others, and how long it waits for them.
package struct ClusterIdentity: Sendable {
    /// What it calls itself in messages: different for each server.
    package var id: String
    /// What channels and keys begin with.
    package var prefix = "socket.io"
    /// Whether it counts as a server among others, and answers what they ask. One that does not hears and does what is done to
    /// sockets all the same: a further endpoint of a process, which counts once.
    package var isCounted = true
    /// The present as others know it: milliseconds since 1970.
    package var wallClock: @Sendable () -> Int64

    /// A server of that id.
    package init(id: String, wallClock: @escaping @Sendable () -> Int64) {
        self.id = id
        self.wallClock = wallClock
    }
}

extension ClusterIdentity {
    /// A pattern that a name alone matches, whatever characters it has. Who listens by pattern is not counted.
    static func pattern(of name: String) -> String {
        var pattern = ""
        for character in name {
            if "*?[]\\^".contains(character) { pattern.append("\\") }
            pattern.append(character)
        }
        return pattern
    }
}

/// Why a message of another server is dropped.
package enum ClusterMessageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Neither JSON nor MessagePack within the limits.
    case notReadable
    /// A part is missing, or of another kind than it must be.
    case malformed(String)

    /// A sentence for a log; holds nothing of the message but the part's name.
    package var description: String {
        switch self {
        case .notReadable: "A message of another server is neither JSON nor MessagePack."
        case .malformed(let part): "A message of another server has no proper \"\(part)\"."
        }
    }
}
