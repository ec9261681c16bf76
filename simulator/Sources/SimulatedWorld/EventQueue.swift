internal import Determinism
import HeapModule

/// The events that wait, by instant and then in the order they were inserted in.
///
/// A struct, so that the clock pays for one exclusive access per call and not for one per table.
struct EventQueue {
    /// What the heap sorts; trivial, so that sifting moves words and counts no references.
    private struct Entry: Comparable {
        var at: Int64
        var number: Int
        var slot: Int32

        static func < (left: Entry, right: Entry) -> Bool {
            left.at != right.at ? left.at < right.at : left.number < right.number
        }
    }

    private var heap = Heap<Entry>()
    private var targets: [(any EventTarget)?] = []
    private var codes: [Int] = []
    private var freeSlots: [Int32] = []

    /// How many events have ever been inserted; the number of the next one.
    private(set) var insertedCount = 0

    /// How many events wait.
    var count: Int { heap.count }

    /// The instant of the next event.
    var first: Instant? { heap.min.map { Instant(nanoseconds: $0.at) } }

    /// Adds an event; allocates nothing once the tables have grown.
    mutating func insert(_ target: any EventTarget, _ code: Int, at instant: Instant) {
        let slot: Int32
        if let reused = freeSlots.popLast() {
            slot = reused
            targets[Int(slot)] = target
            codes[Int(slot)] = code
        } else {
            slot = Int32(targets.count)
            targets.append(target)
            codes.append(code)
        }
        heap.insert(Entry(at: instant.nanoseconds, number: insertedCount, slot: slot))
        insertedCount += 1
    }

    /// Takes the next event, if it is due at exactly `instant` and was inserted as one of the first `limit`.
    mutating func popFirst(at instant: Instant, insertedBefore limit: Int) -> (target: any EventTarget, code: Int)? {
        guard let next = heap.min, next.at == instant.nanoseconds, next.number < limit else { return nil }
        heap.removeMin()
        let slot = Int(next.slot)
        guard let target = targets[slot] else { preconditionFailure("a waiting event has a target") }
        targets[slot] = nil
        freeSlots.append(next.slot)
        return (target, codes[slot])
    }
}
