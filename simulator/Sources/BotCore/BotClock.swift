import Determinism
import JSONCore

/// What a bot knows of its lobby's clock, and what it measures by that (protocol/spec/lobby.md §4.3): how long a question takes, how
/// old snapshots are when they come, and when an input has taken effect.
struct BotClock {
    /// A round trip tells the clock for so many answers, unless a shorter one comes.
    private static let answersMax = 10

    private struct Question {
        var at: Instant
        /// For which tick the input was meant that went just before; nil for none.
        var input: UInt32?
    }

    private let step: Double
    /// What has not been answered yet, oldest first.
    private var questions: [Question] = []
    /// When tick 0 would have been due, as the best of the last answers has it.
    private var origin: Instant?
    private var roundTrip = Interval.zero
    private var answersLeft = 0
    /// An input whose effect has not been seen yet.
    private var effect: (tick: UInt32, sentAt: Instant)?

    init(tickRate: Int) { step = 1e9 / Double(tickRate) }

    /// How many steps have passed since then, at the lobby's rate.
    func steps(since then: Instant, at now: Instant) -> UInt32 { UInt32(Double((now - then).nanoseconds) / step) }

    /// Forgets what was asked on another connection.
    mutating func restart() {
        questions.removeAll()
        effect = nil
    }

    /// A question has been sent, right behind an input.
    mutating func asked(at now: Instant, behindInputFor tick: UInt32?) {
        questions.append(Question(at: now, input: tick))
    }

    /// The answer to the oldest question.
    ///
    /// - Parameter newest: The newest snapshot's tick.
    mutating func answered(_ answer: JSONValue, newest: UInt32?, at now: Instant, _ report: BotReport) {
        guard !questions.isEmpty else { return }
        let question = questions.removeFirst()
        guard let tick = answer["tick"]?.integer.flatMap(UInt32.init(exactly:)), let age = answer["age"]?.number,
            (0...60_000).contains(age)
        else { return }
        let trip = now - question.at
        report.record(trip, .roundTrip)
        answersLeft -= 1
        if answersLeft < 0 || trip <= roundTrip {
            (roundTrip, answersLeft) = (trip, Self.answersMax)
            let since = Double(tick) * step + age * 1e6 + Double(trip.nanoseconds) / 2
            origin = now - Interval(nanoseconds: Int64(since))
        }
        guard let input = question.input, effect == nil else { return }
        // It came before the question, which the lobby has answered between two steps.
        effect = (max(input, tick &+ 1), question.at)
        if let newest { seen(newest, at: now, report) }
    }

    /// A snapshot has come.
    ///
    /// - Parameter last: The one before it on this connection.
    mutating func received(
        _ tick: UInt32, since last: (tick: UInt32, at: Instant)?, at now: Instant, _ report: BotReport
    ) {
        if let last, tick > last.tick {
            let interval = now - last.at
            report.record(interval, .snapshotInterval)
            let difference = Double(interval.nanoseconds) - Double(tick - last.tick) * step
            report.record(Interval(nanoseconds: Int64(difference.magnitude)), .snapshotJitter)
        }
        if let origin {
            report.record(now - origin - Interval(nanoseconds: Int64(Double(tick) * step)), .snapshotAge)
        }
        if effect != nil { seen(tick, at: now, report) }
    }

    private mutating func seen(_ tick: UInt32, at now: Instant, _ report: BotReport) {
        guard let effect, tick >= effect.tick else { return }
        report.record(now - effect.sentAt, .inputToEffect)
        self.effect = nil
    }
}
