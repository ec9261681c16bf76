internal import BotCore
import DequeModule
internal import Determinism

/// One direction of a simulated connection: the sender's kernel, the line, and the receiver's kernel.
///
/// All positions are offsets in the stream since it was opened, and always in this order:
///
///     consumed ≤ arrived ≤ departed ≤ taken ≤ accepted
///        │          │          │         │        └ handed to `send`
///        │          │          │         └ in the sender's kernel; beyond it the stream is blocked
///        │          │          └ on the line, or lost with it
///        │          └ in the receiver's kernel
///        └ delivered to the receiver's handler
final class SimulatedFlow {
    /// How a flow ends, after all its bytes.
    enum Ending {
        case fin
        case reset
    }

    private struct Segment {
        var end: Int
        var arrival: Instant
        var ending: Ending?
    }

    /// A line this far behind keeps its segments in the sender's kernel, where they count against its buffer.
    private static let lineBacklogMax = Interval.milliseconds(20)

    let side: PipeSide
    /// How the line behaves from now on.
    var link: LinkConditions
    /// The bytes from `consumed` on; `head` of the array has been consumed already.
    private var bytes: [UInt8] = []
    private var head = 0
    private(set) var consumed = 0
    private(set) var arrived = 0
    private(set) var departed = 0
    private(set) var taken = 0
    private(set) var accepted = 0
    private var segments = Deque<Segment>()
    private var line: LinkLine

    /// Whether packets vanish on this line.
    var isCut = false
    /// Whether a short write holds back what the kernel has not taken.
    var isHeld = false
    /// The line is dead until then; what should arrive earlier arrives then.
    var stalledUntil: Instant = .zero
    /// An arrival, or a departure, is in the world's queue.
    var isArrivalScheduled = false
    var isDepartureScheduled = false
    /// What is to follow the last byte, once asked for.
    private var ending: Ending?
    private var hasEndingDeparted = false
    /// What has arrived after the last byte.
    private(set) var arrivedEnding: Ending?
    /// Whether the sender has said, in good order, that it sends no more, and the receiver has got that.
    private(set) var hasArrivedFin = false

    /// A flow sent by `side`; nothing arrives before `start`.
    init(sentBy side: PipeSide, _ link: LinkConditions, start: Instant) {
        precondition(link.latency >= .zero && link.jitter >= .zero, "time on the line is not negative")
        precondition(
            link.receiveWindowBytes > 0 && link.sendBufferBytes > 0 && link.segmentBytesMax > 0
                && link.bytesPerSecond ?? 1 > 0, "a line carries at least one byte")
        self.side = side
        self.link = link
        line = LinkLine(start: start)
    }

    /// Bytes that the receiver has in its kernel and has not read.
    var unreadCount: Int { arrived - consumed }
    /// Whether the sender's kernel has bytes to send: with no departure in the world's queue it is the receiver's
    /// window that they wait for.
    var waitsToDepart: Bool { taken > departed }
    /// Whether the sender waits: part of what it sent is not in its kernel yet.
    var hasPending: Bool { taken < accepted }
    /// What a notice takes that travels with this flow without being part of it: a window update, a reset.
    var latency: Interval { max(link.latency, Interval(nanoseconds: 1)) }
    /// When the first segment under way arrives, unless nothing is or it never will.
    var nextArrival: Instant? {
        guard !isCut, let first = segments.first else { return nil }
        return max(first.arrival, stalledUntil)
    }

    /// Takes bytes from the sender.
    func append(_ first: [UInt8], _ second: [UInt8]) {
        guard ending == nil else { return }
        bytes.append(contentsOf: first)
        bytes.append(contentsOf: second)
        accepted += first.count + second.count
    }

    /// Decides by chance that the kernel takes only a part of what has just been appended.
    func holdsBack(_ random: inout SeededRandom) -> Bool {
        guard random.comes(link.shortWriteChance), accepted > taken else { return false }
        taken = min(random.int(in: taken...accepted - 1), departed + link.sendBufferBytes)
        isHeld = true
        return true
    }

    /// Moves bytes into the sender's kernel and onto the line as far as buffers, window and bandwidth allow.
    ///
    /// - Returns: When to try again, if it is the line that has to get free first.
    func pump(at now: Instant, _ random: inout SeededRandom) -> Instant? {
        while true {
            if !isHeld { taken = max(taken, min(accepted, departed + link.sendBufferBytes)) }
            let room = min(taken - departed, link.receiveWindowBytes - (departed - consumed))
            guard room > 0 else { break }
            if line.freeAt > now + Self.lineBacklogMax { return line.freeAt - Self.lineBacklogMax }
            let count = random.slice(min(room, link.segmentBytesMax), chance: link.splitChance)
            departed += count
            addSegment(count, nil, at: now, &random)
        }
        if let ending, !hasEndingDeparted, departed == accepted {
            hasEndingDeparted = true
            addSegment(0, ending, at: now, &random)
        }
        return nil
    }

    /// Ends the flow after what has been accepted so far.
    func finish() {
        if ending == nil { ending = .fin }
    }

    /// Discards what the kernel has not taken.
    func discardPending() {
        bytes.removeLast(accepted - taken)
        accepted = taken
        isHeld = false
    }

    /// Ends the flow with a reset: what has not departed is lost, what has still arrives before the reset.
    func reset(at now: Instant, _ random: inout SeededRandom) {
        guard ending != .reset else { return }
        bytes.removeLast(accepted - departed)
        taken = departed
        accepted = departed
        ending = .reset
        hasEndingDeparted = true
        addSegment(0, .reset, at: now, &random)
    }

    /// Loses everything that has not been delivered; nothing more will be.
    func abort() {
        segments = []
        bytes = []
        head = 0
        taken = consumed
        departed = consumed
        arrived = consumed
        accepted = consumed
        ending = .reset
        hasEndingDeparted = true
    }

    /// Takes in all segments that have arrived at `now`.
    ///
    /// - Returns: Whether there was anything.
    func arrive(at now: Instant) -> Bool {
        guard !isCut, stalledUntil <= now else { return false }
        var hasArrived = false
        while let first = segments.first, first.arrival <= now {
            arrived = first.end
            arrivedEnding = first.ending
            if first.ending == .fin { hasArrivedFin = true }
            segments.removeFirst()
            hasArrived = true
        }
        return hasArrived
    }

    /// What ends the flow, once, when all its bytes have been read and it has arrived.
    func takeArrivedEnding() -> Ending? {
        guard unreadCount == 0 else { return nil }
        defer { arrivedEnding = nil }
        return arrivedEnding
    }

    /// Copies the next read into `buffer`, in place of what it holds.
    func read(into buffer: inout [UInt8], _ random: inout SeededRandom) {
        let count = random.slice(min(unreadCount, 65_536), chance: link.splitChance)
        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: bytes[head..<head + count])
        consume(count)
    }

    /// Reads all there is and drops it; returns how much that was.
    func dropUnread() -> Int {
        let count = unreadCount
        consume(count)
        return count
    }

    private func consume(_ count: Int) {
        head += count
        consumed += count
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count <= 65_536)
            head = 0
        } else if head > 65_536, head * 2 > bytes.count {
            bytes.removeFirst(head)
            head = 0
        }
    }

    private func addSegment(_ count: Int, _ ending: Ending?, at now: Instant, _ random: inout SeededRandom) {
        let arrival = line.depart(count, at: now, link, &random)
        segments.append(Segment(end: departed, arrival: arrival, ending: ending))
    }
}
