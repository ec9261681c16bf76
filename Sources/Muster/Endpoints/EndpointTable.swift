import Determinism
import EventLoop
import Logging
import ServerCore

/// What an author has put at paths of its own, made anew for each loop.
struct EndpointTable: Sendable {
    /// Makes one loop's endpoint.
    typealias Maker = @Sendable (LoopContext) -> [Endpoint]

    private var makers: [(paths: [String], make: Maker)] = []

    mutating func add(_ path: String, _ make: @escaping @Sendable (LoopContext) -> Endpoint) {
        add([path]) { [make($0)] }
    }

    /// Adds several that are made together, in the order of their paths.
    mutating func add(_ paths: [String], _ make: @escaping Maker) {
        for path in paths {
            precondition(path.first == "/" || path == "*", "a path begins with a slash; * stands for every other path")
            precondition(!makers.contains { $0.paths.contains(path) }, "the path \"\(path)\" is taken already")
        }
        makers.append((paths, make))
    }

    func endpoints(for loop: LoopContext) -> [String: Endpoint] {
        Dictionary(uniqueKeysWithValues: makers.flatMap { zip($0.paths, $0.make(loop)) })
    }
}

/// The loop that a handler is called on: its clock and its timers.
public final class LoopContext {
    let loop: EventLoop
    let logger: Logger
    unowned let server: Server
    private var timers: [LoopTimer] = []

    init(loop: EventLoop, server: Server, logger: Logger) {
        self.loop = loop
        self.server = server
        self.logger = logger
    }

    /// The present, on the machine's monotonic clock.
    public var now: Instant { loop.now }

    /// Runs `work` on this loop, from a coming turn on; after each `await` it goes on here.
    public func task(_ work: @escaping () async -> Void) {
        let bound = LoopBound(work, on: loop)
        Task(executorPreference: loop) { await bound.value() }
    }

    /// Calls `action` on this loop again and again, for as long as the server runs. When one call is late the next is due
    /// as if it had not been; calls that were missed altogether are left out.
    public func every(_ interval: Interval, _ action: @escaping () -> Void) {
        precondition(interval > .zero, "an interval is longer than nothing")
        var due = loop.now + interval
        var timer: LoopTimer?
        let made = loop.makeTimer { [loop] in
            action()
            due = due + interval
            if due < loop.now { due = loop.now + interval }
            timer?.arm(at: due)
        }
        timer = made
        timers.append(made)
        made.arm(at: due)
    }
}
