import Determinism
import HeapModule
import SocketIOCore

/// The acks that a client awaits in a namespace.
///
/// It calls nobody: what it hands out is called once it is no longer being changed.
struct PendingAcks {
    /// Gets an answer, or why there is none.
    typealias Continuation = (Result<SocketArguments, AckError>) -> Void

    private struct Pending {
        let emission: Int
        /// Whether the event has gone out on this connection; one that still waits outlives the connection.
        var isSent: Bool
        let deadline: Instant?
        let acknowledged: Continuation
    }

    private struct Due: Comparable {
        let deadline: Instant
        let id: Int

        static func < (left: Due, right: Due) -> Bool { (left.deadline, left.id) < (right.deadline, right.id) }
    }

    private var nextID = 0
    private var pending: [Int: Pending] = [:]
    /// With entries of acks that are no longer awaited.
    private var due = Heap<Due>()

    /// Awaits an ack; its id on the wire.
    mutating func add(_ emission: Int, deadline: Instant?, isSent: Bool, _ acknowledged: @escaping Continuation) -> Int
    {
        let id = nextID
        nextID += 1
        pending[id] = Pending(emission: emission, isSent: isSent, deadline: deadline, acknowledged: acknowledged)
        if let deadline { due.insert(Due(deadline: deadline, id: id)) }
        return id
    }

    /// The event goes out.
    mutating func noteSent(_ id: Int) { pending[id]?.isSent = true }

    /// Awaits an ack no longer; who did, and nil where nobody did.
    mutating func take(_ id: Int) -> Continuation? {
        guard let pending = pending.removeValue(forKey: id) else { return nil }
        trim()
        return pending.acknowledged
    }

    /// Awaits none of those whose event has gone out.
    mutating func takeSent() -> [Continuation] {
        pending.filter(\.value.isSent).keys.sorted().compactMap { take($0) }
    }

    /// The id of an emission's ack.
    func id(of emission: Int) -> Int? { pending.first { $0.value.emission == emission }?.key }

    /// When the first is awaited no longer.
    var deadline: Instant? { due.min?.deadline }

    /// An ack that was awaited for too long.
    mutating func popOverdue(_ now: Instant) -> Int? {
        while let first = due.min, first.deadline <= now {
            due.removeMin()
            if pending[first.id] != nil { return first.id }
        }
        return nil
    }

    /// Lets go of entries of answered acks at the front, and of all when they are most.
    private mutating func trim() {
        while let first = due.min, pending[first.id] == nil { due.removeMin() }
        guard due.count > 64, due.count > 2 * pending.count else { return }
        due = Heap(due.unordered.filter { pending[$0.id] != nil })
    }
}

/// Events that wait for a namespace, in order.
struct OfflineBuffer {
    struct Waiting {
        var emission: ClientEmission
        var ackID: Int?
    }

    private var events: [Waiting] = []
    private var first = 0

    /// How many wait.
    var count: Int { events.count - first }

    mutating func append(_ emission: ClientEmission, ackID: Int?) {
        events.append(Waiting(emission: emission, ackID: ackID))
    }

    mutating func popFirst() -> Waiting? {
        guard first < events.count else { return nil }
        defer {
            first += 1
            if first > 64, first * 2 > events.count {
                events.removeFirst(first)
                first = 0
            }
        }
        return events[first]
    }

    /// Takes away the one whose ack has that id.
    mutating func remove(ackID: Int) {
        if let index = events[first...].firstIndex(where: { $0.ackID == ackID }) { events.remove(at: index) }
    }
}

/// Events that are sent until they are acknowledged: in order, one at a time.
struct RetryQueue {
    private struct Entry {
        let number: Int
        let emission: ClientEmission
        var tries = 0
        var isUnderWay = false
    }

    private var entries: [Entry] = []

    /// How many wait, the one under way among them.
    var count: Int { entries.count }

    mutating func append(_ number: Int, _ emission: ClientEmission) {
        entries.append(Entry(number: number, emission: emission))
    }

    /// The event to be sent now; nil while it is under way.
    ///
    /// - Parameter again: Whether what was under way is lost: there is a new connection.
    mutating func next(again: Bool) -> (number: Int, emission: ClientEmission)? {
        guard let first = entries.first, again || !first.isUnderWay else { return nil }
        entries[0].isUnderWay = true
        entries[0].tries += 1
        return (first.number, first.emission)
    }

    /// An attempt is over; the event, where it is done with.
    mutating func answered(
        _ number: Int, _ result: Result<SocketArguments, AckError>, triesMax: Int
    ) -> ClientEmission? {
        guard let first = entries.first, first.number == number else { return nil }
        entries[0].isUnderWay = false
        if case .failure = result, first.tries < triesMax { return nil }
        return entries.removeFirst().emission
    }

    mutating func remove(_ number: Int) {
        entries.removeAll { $0.number == number }
    }
}
