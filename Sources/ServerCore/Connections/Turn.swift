import CPrefetch

/// What the connections of a loop have gathered in the turn under way: which are to be flushed, what they have counted,
/// and the empty outboxes that they fill.
///
/// It stands by itself, and each connection holds it: what is touched with every message is one step away, and nothing is
/// to be retained for it. Each list is taken out of its property while it is changed, as the compiler cannot see that
/// nothing else uses it meanwhile, and would have each use checked.
final class Turn {
    /// Bytes received, and handed to streams.
    private var bytesIn = 0
    private var bytesOut = 0
    /// Messages received over WebSockets.
    private var messagesIn = 0
    private var spares = SpareOutboxes()
    /// The first `dirtyCount` are to be flushed; the others are places to be used again.
    private var dirty: [DirtyConnection] = []
    private var dirtyCount = 0

    /// How many connections are flushed together while lobbies run: with more, the last one's lobby would have driven out of the
    /// cache what the first one's has just touched.
    private static let flushedTogether = 128

    /// Whether a connection has something to flush.
    var isDirty: Bool { dirtyCount > 0 }

    /// Whether so many have that they are not to wait for the end of the turn.
    var isCrowded: Bool { dirtyCount >= Self.flushedTogether }

    /// Has a connection flushed at the end of the turn.
    @inline(__always)
    func markDirty(_ connection: Connection) {
        var taken: [DirtyConnection] = []
        swap(&taken, &dirty)
        if dirtyCount < taken.count {
            taken[dirtyCount] = DirtyConnection(connection)
        } else {
            taken.append(DirtyConnection(connection))
        }
        dirtyCount += 1
        swap(&taken, &dirty)
    }

    /// Flushes every connection that was dirty when this was called. A flush may close streams and so mark others dirty:
    /// they are on a new list.
    func flush() {
        var taken: [DirtyConnection] = []
        swap(&taken, &dirty)
        let count = dirtyCount
        dirtyCount = 0
        var flushed = 0
        for index in 0..<count {
            // By the time its turn comes the kernel's work for this one has driven it out of the cache.
            if index + 1 < count { taken[index + 1].prefetch() }
            flushed += taken[index].take()?.flush() ?? 0
        }
        bytesOut += flushed
        if dirtyCount == 0 { swap(&taken, &dirty) }
    }

    /// An empty outbox with room.
    func takeOutbox() -> [UInt8] {
        var taken = SpareOutboxes()
        swap(&taken, &spares)
        let outbox = taken.take()
        swap(&taken, &spares)
        return outbox
    }

    /// Takes an emptied outbox back, and leaves one without room in its place.
    func giveBack(_ outbox: inout [UInt8]) {
        var taken = SpareOutboxes()
        swap(&taken, &spares)
        taken.giveBack(&outbox)
        swap(&taken, &spares)
    }

    // MARK: Counting

    @inline(__always)
    func received(bytes count: Int) { bytesIn += count }

    @inline(__always)
    func received(messages count: Int) { messagesIn += count }

    @inline(__always)
    func sent(bytes count: Int) { bytesOut += count }

    /// Adds what was counted to `counters`, and begins anew.
    func count(into counters: inout Counters) {
        counters[.bytesIn] += UInt64(bytesIn)
        counters[.bytesOut] += UInt64(bytesOut)
        counters[.messagesIn] += UInt64(messagesIn)
        (bytesIn, bytesOut, messagesIn) = (0, 0, 0)
    }
}

/// A connection with something to flush, and where in memory that will take place.
struct DirtyConnection {
    private var connection: Connection?
    private let address: UInt
    private let streamAddress: UInt

    @inline(__always)
    init(_ connection: Connection) {
        self.connection = connection
        address = UInt(bitPattern: ObjectIdentifier(connection))
        streamAddress = UInt(bitPattern: ObjectIdentifier(connection.stream))
    }

    /// Has the processor fetch what the flush will touch.
    @inline(__always)
    func prefetch() {
        prefetch_object(address)
        prefetch_object(streamAddress)
    }

    /// The connection, once: whoever takes it lets go of it while it is still in the cache.
    @inline(__always)
    mutating func take() -> Connection? {
        var taken: Connection?
        swap(&taken, &connection)
        return taken
    }
}
