package import Determinism

/// One process of the simulated world: a server or a bot, whose events, timers and flushes the world drives.
///
/// A turn of a node is: any mix of stream callbacks, ``call(at:_:)`` bodies and `advance`, then
/// `afterTurn`, where it flushes what it has gathered. Then, and only then, `nextWake` is asked.
package final class SimulatedNode {
    /// What a node does when the world runs it. Each is called on this node's turns only.
    package struct Hooks {
        /// The instant that `nextWake` named has come.
        package var advance: (Instant) -> Void = { _ in }
        /// All events of the turn have been delivered: flush.
        package var afterTurn: (Instant) -> Void = { _ in }
        /// When `advance` is wanted, or nil. An instant that has passed means the next turn.
        package var nextWake: () -> Instant? = { nil }

        /// A node that wakes for nothing.
        package init() {}
    }

    /// Whether a node runs, and what becomes of its events if not.
    package enum Condition: Sendable {
        /// Events are delivered when they are due.
        case running
        /// The process stands still: its kernel goes on receiving, and events wait, in order.
        case paused
        /// The process is gone: events are forgotten.
        case crashed
    }

    private enum Code {
        static let start = 0
        static let wake = 1
        static let resume = 2
    }

    /// The name in traces; unique in its network, and part of what this node's connections are drawn from.
    package let name: String
    /// Whether the node runs.
    package var condition: Condition { state }
    // What other modules can reach is checked for exclusive access at each use; this is not.
    private var state = Condition.running
    /// What the world calls. Set before the node's first turn.
    package var hooks: Hooks

    let time: SimulatedTime
    /// How many connections this node has opened; numbers the random generators of its pipes.
    var connectCount: UInt64 = 0
    private var isInTurn = false
    private var isResuming = false
    private var deferred: [(target: any EventTarget, code: Int)] = []
    /// What the node asked for last.
    private var wake: Instant?
    /// The earliest wake event in the queue that still counts. Later ones are stale and find nothing to do.
    private var scheduledWake: Instant?

    /// A node that gets its first turn, an empty one, at the present instant. Made by
    /// ``SimulatedNetwork/addNode(_:_:)``.
    init(name: String, time: SimulatedTime, hooks: Hooks) {
        self.name = name
        self.time = time
        self.hooks = hooks
        time.schedule(at: time.now, self, code: Code.start)
    }

    /// Runs `body` at `instant` as an event of this node, so that a turn is made around it.
    ///
    /// - Precondition: `instant` is not in the past.
    package func call(at instant: Instant, _ body: @escaping () -> Void) {
        time.schedule(at: instant, NodeCall(node: self, body: body), code: 0)
    }

    /// Stops the process: it gets no event, no wake and no turn until ``resume()``. Its kernel still accepts and
    /// receives, up to the receive window.
    package func pause() {
        isResuming = false
        if state == .running { state = .paused }
    }

    /// Lets a paused process go on: everything that waited happens now, in one turn, in the order it came in.
    package func resume() {
        guard state == .paused, !isResuming else { return }
        isResuming = true
        time.schedule(at: time.now, self, code: Code.resume)
    }

    /// Ends the process without a word to it. ``SimulatedNetwork/crash(_:)`` deals with its connections.
    func crash() {
        state = .crashed
        deferred = []
        hooks = Hooks()
    }

    /// Whether an event may be delivered now; if so the node is in a turn. An event of a paused node is kept
    /// and comes again.
    func admits(_ target: any EventTarget, code: Int) -> Bool {
        switch state {
        case .running:
            enterTurn()
            return true
        case .paused:
            deferred.append((target, code))
            return false
        case .crashed:
            return false
        }
    }

    private func enterTurn() {
        guard !isInTurn else { return }
        isInTurn = true
        time.noteTurn(of: self)
    }

    /// Flushes the node and asks when it wants to be woken.
    func endTurn() {
        isInTurn = false
        guard state == .running else { return }
        hooks.afterTurn(time.now)
        wake = hooks.nextWake()
        scheduleWake()
    }

    private func scheduleWake() {
        guard let wake else { return }
        let at = max(wake, time.now)
        if let scheduledWake, scheduledWake <= at { return }
        scheduledWake = at
        time.schedule(at: at, self, code: Code.wake)
    }

    private func wakeDue() {
        guard scheduledWake == time.now else { return }
        scheduledWake = nil
        guard let wake else { return }
        guard wake <= time.now else { return scheduleWake() }
        guard admits(self, code: Code.wake) else { return }
        self.wake = nil
        hooks.advance(time.now)
    }

    private func resumeDue() {
        guard state == .paused, isResuming else { return }
        isResuming = false
        state = .running
        enterTurn()
        let waited = deferred
        deferred = []
        for event in waited {
            if event.target === self, event.code == Code.wake { scheduledWake = time.now }
            event.target.eventDue(event.code)
        }
    }
}

extension SimulatedNode: EventTarget {
    /// Starts, wakes or resumes the node.
    package func eventDue(_ code: Int) {
        switch code {
        case Code.wake: wakeDue()
        case Code.resume: resumeDue()
        default: _ = admits(self, code: code)
        }
    }
}

/// A closure that runs as an event of a node.
private final class NodeCall: EventTarget {
    private let node: SimulatedNode
    private let body: () -> Void

    init(node: SimulatedNode, body: @escaping () -> Void) {
        self.node = node
        self.body = body
    }

    func eventDue(_ code: Int) {
        if node.admits(self, code: code) { body() }
    }
}
