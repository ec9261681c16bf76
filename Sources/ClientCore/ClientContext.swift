import Determinism

/// What all clients of one loop share: the clock, the way to the server, what is flushed, and what is counted.
package final class ClientContext {
    /// The monotonic clock.
    package let clock: () -> Instant
    /// The way to the server.
    package let dialer: any Dialer
    /// Connections with something to send. To be flushed once a turn.
    package let queue: FlushQueue
    /// Bytes of all of them.
    package let traffic: Traffic

    /// What clients of one loop share.
    package init(
        dialer: any Dialer, queue: FlushQueue = FlushQueue(), traffic: Traffic = Traffic(),
        clock: @escaping () -> Instant
    ) {
        self.dialer = dialer
        self.queue = queue
        self.traffic = traffic
        self.clock = clock
    }
}

/// Bytes of all connections that share it.
package final class Traffic {
    /// Bytes received.
    package internal(set) var bytesIn: UInt64 = 0
    /// Bytes handed to a stream.
    package internal(set) var bytesOut: UInt64 = 0
    /// Connections whose server has agreed to compression.
    package internal(set) var connectionsCompressed: UInt64 = 0
    /// Messages that went out compressed.
    package internal(set) var messagesCompressed: UInt64 = 0

    /// No bytes yet.
    package init() {}
}

/// Something that gathers what is to be sent during a turn.
protocol Flushed: AnyObject {
    /// Hands to the stream what has been gathered.
    func flush()
}

/// The connections with something to send, flushed together once a turn.
package final class FlushQueue {
    private var dirty: [any Flushed] = []

    /// An empty queue.
    package init() {}

    func append(_ connection: any Flushed) {
        dirty.append(connection)
    }

    /// Hands every waiting outbox to its stream. Call once a turn, after all events of the turn.
    package func flush() {
        // A flush may end streams and so bring others into the queue, which is why it can grow while it is read.
        var index = 0
        while index < dirty.count {
            dirty[index].flush()
            index += 1
        }
        dirty.removeAll(keepingCapacity: true)
    }
}
