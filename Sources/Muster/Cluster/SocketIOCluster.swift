import Redis

/// Servers that share Socket.IO's rooms and broadcasts: set ``SocketIOOptions/cluster`` to join them.
///
///     options.cluster = try .redis("redis://10.0.0.7:6379")
public struct SocketIOCluster: Sendable {
    /// In which form the servers write to each other. All servers of a cluster use the same.
    public enum Adapter: String, Sendable, CaseIterable {
        /// That of `@socket.io/redis-adapter`, which `@socket.io/redis-emitter` also writes: channels of Redis. What is said
        /// while a server does not reach Redis does not reach its clients.
        case classic
        /// That of `@socket.io/redis-streams-adapter`, with one stream: a server that lost Redis for a moment reads
        /// on where it was.
        case streams
        /// That of `createShardedAdapter` of `@socket.io/redis-adapter`, with `subscriptionMode: "dynamic"`: a broadcast to a room reaches those
        /// servers alone that have somebody in it. From Redis 7.0 on.
        case sharded
    }

    let server: RedisServer
    let adapter: Adapter
    let prefix: String
    let name: String
    let isCounted: Bool

    /// The servers that use one Redis server.
    ///
    /// - Parameters:
    ///   - url: `redis://[[user]:password@]host[:port][/database]`.
    ///   - adapter: In which form they write to each other.
    ///   - prefix: What the names of channels, or the stream, begin with.
    ///   - name: What this server is called where servers are named: this, a hyphen and digits that differ at each start.
    ///   - isCounted: Whether others count it as a server, and it answers them. A process that has several endpoints in one cluster
    ///     says no for all but one: then it is one server to others, and what they tell it is heard once. The clients of the
    ///     others get what is sent to their rooms and are moved and ended, but are not found, and not asked for acks.
    ///     With ``Adapter/sharded`` all are counted.
    /// - Throws: ``ConfigurationError`` for a URL that is none, or an endpoint that cannot be left uncounted.
    public static func redis(
        _ url: String, adapter: Adapter = .classic, prefix: String = "socket.io", name: String = "",
        isCounted: Bool = true
    ) throws -> SocketIOCluster {
        guard isCounted || adapter != .sharded else {
            throw ConfigurationError(problems: ["with the sharded adapter every endpoint is counted"])
        }
        do throws(RedisURLError) {
            return SocketIOCluster(
                server: try RedisServer(url: url), adapter: adapter, prefix: prefix, name: name,
                isCounted: isCounted)
        } catch {
            throw ConfigurationError(problems: ["\(error)"])
        }
    }
}
