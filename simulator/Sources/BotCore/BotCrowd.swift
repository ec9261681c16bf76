import ClientCore
import Determinism

/// Many bots behind one clock: one next instant, one turn, one flush, whoever drives them.
///
/// A turn costs what is due, not how many bots there are.
package final class BotCrowd {
    /// The bots, in their order.
    package let bots: [Bot]
    private let context: BotContext
    private var wheel: TimerWheel
    /// The armed timer of each bot, and the instant it is armed for.
    private var timers: [(key: TimerWheel.Key, due: Instant)?]
    /// How many bots have come to their end.
    package private(set) var finishedCount = 0

    /// A crowd of bots that share `context` and belong to no other crowd.
    package init(_ bots: [Bot], _ context: BotContext) {
        self.bots = bots
        self.context = context
        wheel = TimerWheel(now: context.clock())
        timers = Array(repeating: nil, count: bots.count)
        for (index, bot) in bots.enumerated() {
            precondition(bot.crowd == nil, "a bot belongs to one crowd")
            bot.crowd = self
            bot.index = index
            wakeMoved(bot)
        }
    }

    /// Whether every bot has come to its end.
    package var isFinished: Bool { finishedCount == bots.count }

    /// When ``advance()`` has something to do next; nil when only the server can bring work.
    package var nextWake: Instant? { wheel.nextWake }

    /// Lets every bot do what is due.
    package func advance() {
        var due: [Int] = []
        wheel.advance(to: context.clock()) { _, token in due.append(Int(token)) }
        for index in due {
            timers[index] = nil
            bots[index].advance()
            wakeMoved(bots[index])
        }
    }

    /// Hands what waits to be sent to the streams. Call once a turn, after all events of the turn.
    package func flush() {
        context.queue.flush()
    }

    /// Makes every bot leave now.
    package func leaveNow() {
        for bot in bots { bot.leaveNow() }
    }

    /// A bot may have something to do earlier than its timer says; a later instant is left to the timer, which looks
    /// again when it fires.
    func wakeMoved(_ bot: Bot) {
        guard let wake = bot.nextWake else {
            if let timer = timers[bot.index] { wheel.cancel(timer.key) }
            timers[bot.index] = nil
            return
        }
        if let timer = timers[bot.index] {
            guard wake < timer.due else { return }
            wheel.cancel(timer.key)
        }
        timers[bot.index] = (wheel.arm(at: wake, token: UInt64(bot.index)), wake)
    }

    func finished(_ bot: Bot) {
        finishedCount += 1
    }
}
