import DequeModule
import Determinism

/// One direction of a connection through the relay: bytes under way, and when they arrive.
struct LinkedFlow {
    private struct Segment {
        /// Where it ends in the stream, in bytes since it began.
        var end: Int
        var arrival: Instant
    }

    private var line: LinkLine
    private var segments = Deque<Segment>()
    /// The bytes from `delivered` on; `head` of the array have been delivered.
    private var bytes: [UInt8] = []
    private var head = 0
    private var delivered = 0
    private var sent = 0
    /// Whether what is sent is lost.
    var isLost = false
    /// Whether the relay has been asked to look when ``nextArrival`` has come.
    var isScheduled = false

    init(start: Instant) { line = LinkLine(start: start) }

    /// Bytes under way.
    var count: Int { sent - delivered }

    /// When the first of them arrives; nil where there are none.
    var nextArrival: Instant? { segments.first?.arrival }

    mutating func hold(until instant: Instant) { line.hold(until: instant) }

    /// Takes bytes from the sender.
    mutating func append(_ more: [UInt8], _ link: LinkConditions, at now: Instant, _ random: inout SeededRandom) {
        guard !isLost else { return }
        bytes.append(contentsOf: more)
        var rest = more.count
        while rest > 0 {
            let count = random.slice(min(rest, link.segmentBytesMax), chance: link.splitChance)
            rest -= count
            sent += count
            segments.append(Segment(end: sent, arrival: line.depart(count, at: now, link, &random)))
        }
    }

    /// How what is sent now travels on a line without conditions: behind what is under way, or held back. Nil where it need not.
    func conditions(at now: Instant) -> LinkConditions? {
        count > 0 || isLost || now < line.silentUntil ? LinkConditions() : nil
    }

    /// The instant at which something that is sent now, and has no bytes, arrives: an end.
    mutating func ending(_ link: LinkConditions?, at now: Instant, _ random: inout SeededRandom) -> Instant {
        line.depart(0, at: now, link ?? LinkConditions(), &random)
    }

    /// Hands over what has arrived.
    ///
    /// - Parameter isSliced: One segment at a time, as a slow reader sees it; else all of them together.
    mutating func take(at now: Instant, isSliced: Bool) -> [UInt8] {
        var end = delivered
        while let first = segments.first, first.arrival <= now {
            end = first.end
            segments.removeFirst()
            if isSliced { break }
        }
        let count = end - delivered
        let taken = Array(bytes[head..<head + count])
        delivered = end
        head += count
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count <= 65_536)
            head = 0
        }
        return taken
    }

    /// Loses all that is under way.
    mutating func drop() {
        segments = []
        bytes = []
        head = 0
        delivered = sent
    }
}
