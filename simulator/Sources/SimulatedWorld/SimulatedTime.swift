package import Determinism

/// Something that events of the simulated world happen to.
package protocol EventTarget: AnyObject {
    /// An event scheduled for this target is due; `code` is what it was scheduled with.
    func eventDue(_ code: Int)
}

/// The world's clock and its queue of events: time moves only from one event to the next.
///
/// Events of one instant run in the order they were scheduled in. They are grouped into turns, like a loop's
/// iterations: a turn is everything that was queued for the instant when the turn began; what is scheduled
/// for the same instant meanwhile belongs to the next turn. At the end of a turn every ``SimulatedNode`` that
/// got an event is told.
package final class SimulatedTime {
    /// No world needs that many turns at one instant: two nodes are answering each other without any delay.
    private static let turnsPerInstantMax = 1_000_000

    private var queue = EventQueue()
    private var touched: [SimulatedNode] = []
    private var turnsAtThisInstant = 0
    private var isRunning = false

    /// The present.
    package var now: Instant { present }
    // What other modules can reach is checked for exclusive access at each use; this is not.
    private(set) var present: Instant
    /// How many events have run.
    package private(set) var eventCount = 0

    /// A world's time that begins at `start`, with nothing scheduled.
    package init(start: Instant = .zero) {
        present = start
    }

    /// How many events wait.
    package var waitingCount: Int { queue.count }

    /// The instant of the next event, or nil when nothing will ever happen again.
    package var nextEvent: Instant? { queue.first }

    /// Hands `code` to `target` at `instant`; the target is held until then. Allocates nothing once the tables
    /// have grown.
    ///
    /// - Precondition: `instant` is not in the past.
    package func schedule(at instant: Instant, _ target: any EventTarget, code: Int) {
        precondition(instant >= now, "an event was scheduled for the past")
        queue.insert(target, code, at: instant)
    }

    /// Runs `body` at `instant`, outside of any node: for faults, checks and the plan of a scenario.
    ///
    /// - Precondition: `instant` is not in the past.
    package func schedule(at instant: Instant, _ body: @escaping () -> Void) {
        schedule(at: instant, Call(body), code: 0)
    }

    /// Runs every event up to and including `end`, which is the present afterwards.
    ///
    /// - Precondition: `end` is not in the past, and the call does not come from an event.
    package func runUntil(_ end: Instant) {
        precondition(end >= now, "time does not go back")
        precondition(!isRunning, "an event cannot run the world that runs it")
        isRunning = true
        defer { isRunning = false }
        while let next = queue.first, next <= end {
            if next != now {
                present = next
                turnsAtThisInstant = 0
            }
            runTurn()
        }
        present = end
        turnsAtThisInstant = 0
    }

    /// Runs every event of the next `interval`.
    package func run(for interval: Interval) {
        runUntil(now + interval)
    }

    /// Forgets every event that waits. Time must not be run afterwards.
    func tearDown() { queue = EventQueue() }

    /// Notes that `node` has to be told when this turn ends. Called once per node and turn.
    func noteTurn(of node: SimulatedNode) {
        touched.append(node)
    }

    private func runTurn() {
        turnsAtThisInstant += 1
        precondition(turnsAtThisInstant <= Self.turnsPerInstantMax, "the world's time stands still")
        let firstOfNextTurn = queue.insertedCount
        while let event = queue.popFirst(at: now, insertedBefore: firstOfNextTurn) {
            eventCount += 1
            event.target.eventDue(event.code)
        }
        // The end of one node's turn may touch another, so the list can grow while it is read.
        var index = 0
        while index < touched.count {
            touched[index].endTurn()
            index += 1
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// One scheduled closure.
    private final class Call: EventTarget {
        private let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
        func eventDue(_ code: Int) { body() }
    }
}
