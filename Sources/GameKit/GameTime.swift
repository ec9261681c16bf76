import Determinism

/// How fast a game's time passes, as a fraction: 1/2 is slow motion, 4 fast forward.
public struct TimeScale: Sendable, Equatable {
    /// The part above, 1 to 1,000.
    public let numerator: Int
    /// The part below, 1 to 1,000.
    public let denominator: Int

    /// As fast as time does.
    public static let normal = TimeScale(1)

    /// A scale of 1/1,000 to 4. To stand still is to be paused.
    ///
    /// - Precondition: it is in this range.
    public init(_ numerator: Int, _ denominator: Int = 1) {
        precondition((1...1_000).contains(numerator) && (1...1_000).contains(denominator), "a scale is of 1 to 1,000")
        precondition(numerator <= 4 * denominator, "time passes four times as fast at most")
        self.numerator = numerator
        self.denominator = denominator
    }
}

/// What a game waits for, in ticks. A plain value, so that a copy of a game has timers of its own.
package struct GameTimers: Sendable, Equatable {
    /// The most at a time.
    package static let countMax = 4_096

    private struct Entry: Sendable, Equatable {
        var due: UInt32
        var id: Int
        /// Nil for once.
        var period: UInt32?
    }

    /// By due tick, and of those for one tick in the order in which they were started.
    private var entries: [Entry] = []

    /// Starts a timer, in place of one that has the number already.
    mutating func start(_ id: Int, at due: UInt32, period: UInt32?) {
        stop(id)
        precondition(entries.count < Self.countMax, "a game has at most 4,096 timers at a time")
        let place = entries.firstIndex { $0.due > due } ?? entries.count
        entries.insert(Entry(due: due, id: id, period: period), at: place)
    }

    /// Forgets a timer.
    mutating func stop(_ id: Int) { entries.removeAll { $0.id == id } }

    /// When a timer is due; nil when it does not run.
    func due(_ id: Int) -> UInt32? { entries.first { $0.id == id }?.due }

    /// Takes the next timer that is due at `tick`. One that repeats is started again before.
    mutating func next(at tick: UInt32) -> Int? {
        guard let first = entries.first, first.due <= tick else { return nil }
        entries.removeFirst()
        if let period = first.period, let due = Self.tick(tick, after: period) {
            start(first.id, at: due, period: period)
        }
        return first.id
    }

    /// The tick so many later; nil beyond the last there is.
    static func tick(_ tick: UInt32, after ticks: UInt32) -> UInt32? {
        let (sum, isOver) = tick.addingReportingOverflow(ticks)
        return isOver ? nil : sum
    }

    func feed(_ hash: inout WordHash) {
        for entry in entries {
            hash.feed(UInt64(entry.due) << 32 | UInt64(entry.period ?? 0))
            hash.feed(UInt64(bitPattern: Int64(entry.id)))
        }
    }
}

extension GameContext {
    /// Has the game's ``Game/timer(_:_:)`` called with this number after so many ticks, before that tick's step.
    ///
    /// A timer that runs under the number is replaced. Those that are due at one tick are called in the order in which they were
    /// started; one that repeats was started when it was called last.
    ///
    /// - Parameters:
    ///   - timer: The game's own name for it.
    ///   - ticks: 1 or more; `UInt32(context.tickRate) * 5` is five seconds of play.
    ///   - repeats: Whether it is called again each so many ticks.
    /// - Precondition: there are at most 4,096 timers at a time.
    public mutating func startTimer(_ timer: Int, after ticks: UInt32, repeats: Bool = false) {
        let ticks = max(1, ticks)
        guard let due = GameTimers.tick(tick, after: ticks) else { return }
        timers.start(timer, at: due, period: repeats ? ticks : nil)
    }

    /// Forgets a timer; does nothing when it does not run.
    public mutating func stopTimer(_ timer: Int) { timers.stop(timer) }

    /// In how many ticks a timer is due; nil when it does not run.
    public func ticksLeft(of timer: Int) -> UInt32? { timers.due(timer).map { $0 - min($0, tick) } }
}
