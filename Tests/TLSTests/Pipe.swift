import ByteKit
import Determinism

/// Two ends of an in-memory connection. Nothing is delivered until ``run(cut:)``, which hands over pieces of the sizes that
/// a test asks for.
final class Pipe {
    let client = PipeEnd()
    let server = PipeEnd()

    init() {
        client.peer = server
        server.peer = client
    }

    /// Delivers until nothing moves any more; never from within a send, like a loop.
    ///
    /// - Parameter cut: How many bytes of those that wait to hand over next, at least 1.
    func run(cut: (Int) -> Int = { $0 }) {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for end in [client, server] where end.turn(cut) { hasMoved = true }
        }
    }
}

/// One end: a byte stream whose "kernel" takes ``capacity`` bytes.
final class PipeEnd: ByteStream {
    var handler: (any ByteStreamHandler)?
    weak var peer: PipeEnd?
    /// How many bytes may be under way; what is more blocks the stream.
    var capacity = Int.max
    private(set) var sendCount = 0
    private(set) var sentByteCount = 0
    /// How the owner has closed it.
    private(set) var closed: StreamCloseManner?
    private(set) var isPaused = false
    private var underWay: [UInt8] = []
    private var pending: [UInt8] = []
    private var isBlockedNow = false
    private var hasSentEnd = false
    private var isEndTold = false
    private var isClosedTold = false

    var isBlocked: Bool { isBlockedNow }

    func pauseReading() { isPaused = true }
    func resumeReading() { isPaused = false }

    /// A pipe's end between two loops.
    struct Detached: DetachedStream {}

    func detach() -> (any DetachedStream)? {
        guard closed == nil, !isBlockedNow else { return nil }
        handler = nil
        return Detached()
    }

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        precondition(!isBlockedNow, "send on a blocked stream")
        let all = bytes + shared
        bytes.removeAll(keepingCapacity: true)
        guard closed == nil, !all.isEmpty else { return }
        sendCount += 1
        sentByteCount += all.count
        let taken = max(0, min(all.count, capacity - underWay.count))
        underWay += all[..<taken]
        pending = Array(all[taken...])
        isBlockedNow = !pending.isEmpty
    }

    func close(_ manner: StreamCloseManner) {
        if closed == .now { return }
        closed = manner
        guard manner == .now else { return }
        pending = []
        isBlockedNow = false
    }

    /// Puts bytes on the way that no stream has sent: an attacker's.
    func inject(_ bytes: [UInt8]) { underWay += bytes }

    /// The bytes on the way to the peer, and takes them off it.
    func takeUnderWay() -> [UInt8] {
        defer { underWay = [] }
        return underWay
    }

    func turn(_ cut: (Int) -> Int) -> Bool {
        var hasMoved = false
        if !underWay.isEmpty, let peer, !peer.isPaused, peer.handler != nil || peer.closed != nil {
            let count = max(1, min(cut(underWay.count), underWay.count))
            var piece = Array(underWay.prefix(count))
            underWay.removeFirst(count)
            if peer.closed == nil {
                var span = piece.mutableSpan
                peer.handler?.streamReceived(&span)
            }
            hasMoved = true
        }
        if isBlockedNow, underWay.count < capacity {
            let taken = min(pending.count, capacity - underWay.count)
            underWay += pending.prefix(taken)
            pending.removeFirst(taken)
            hasMoved = true
            if pending.isEmpty {
                isBlockedNow = false
                if closed == nil { handler?.streamDrained(self) }
            }
        }
        return tellEnds() || hasMoved
    }

    private func tellEnds() -> Bool {
        var hasMoved = false
        if closed != nil, !hasSentEnd, underWay.isEmpty, pending.isEmpty { hasSentEnd = true }
        if let peer, peer.hasSentEnd, !isEndTold, !isPaused, handler != nil {
            isEndTold = true
            hasMoved = true
            if closed == nil { handler?.streamEnded(self) }
        }
        let isOver = closed == .now || (closed == .afterSending && hasSentEnd && isEndTold)
        if isOver, !isClosedTold {
            isClosedTold = true
            hasMoved = true
            let handler = handler
            self.handler = nil
            handler?.streamClosed(self)
        }
        return hasMoved
    }
}

/// Notes what a stream tells.
final class Recorder: ByteStreamHandler {
    var received: [UInt8] = []
    private(set) var deliveries = 0
    private(set) var drainedCount = 0
    /// How often it was told that it may send when it may not.
    private(set) var drainedWhileBlockedCount = 0
    private(set) var endedCount = 0
    private(set) var closedCount = 0
    var onReceived: (() -> Void)?
    var onDrained: (() -> Void)?
    var onEnded: (() -> Void)?

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        deliveries += 1
        for index in bytes.indices { received.append(bytes[index]) }
        onReceived?()
    }

    func streamDrained(_ stream: any ByteStream) {
        drainedCount += 1
        if stream.isBlocked { drainedWhileBlockedCount += 1 }
        onDrained?()
    }

    func streamEnded(_ stream: any ByteStream) {
        endedCount += 1
        onEnded?()
    }

    func streamClosed(_ stream: any ByteStream) { closedCount += 1 }
}
