import Determinism
import JSONCore

/// For which tick a bot's inputs are meant, so that they come just before they are needed: a little sooner or later as the
/// lobby says how early they were (protocol/spec/lobby.md §4.3).
struct BotPace {
    /// How early the latest of a second's inputs shall be, in ticks.
    private static let wanted = 1...2
    private static let askInterval = Interval.seconds(1)
    /// How many inputs a second are worth a question: an answer about fewer says little, and would be as much traffic as they are.
    private static let inputsMin = 10

    /// How many ticks after the newest snapshot's an input is meant for.
    private(set) var lead: UInt32 = 1
    private let leadMax: UInt32
    private var askDue = Instant.zero
    /// How many inputs were sent since ``askDue`` was set.
    private var inputs = 0
    /// The next answer is about inputs with another lead, too.
    private var isSettling = false

    /// A pace that knows nothing yet, in a lobby of that rate.
    init(tickRate: Int) {
        // As far ahead as lobbies take inputs, unless their games say otherwise.
        leadMax = UInt32(max(1, tickRate / 2))
    }

    /// Whether the lobby is to be asked with what is sent now; true once for each time.
    ///
    /// - Parameter always: Also where few inputs are sent: for the clock.
    mutating func asks(at now: Instant, always: Bool) -> Bool {
        inputs += 1
        guard now >= askDue else { return false }
        defer { (askDue, inputs) = (now + Self.askInterval, 0) }
        return always || inputs >= Self.inputsMin
    }

    /// Takes in by how many ticks the latest of the inputs was early since the last answer; negative where it was late.
    mutating func told(early: Int) {
        guard !isSettling else { return isSettling = false }
        let ahead = max(1, Int(lead) - early + min(max(early, Self.wanted.lowerBound), Self.wanted.upperBound))
        let next = min(leadMax, UInt32(clamping: ahead))
        isSettling = next != lead
        lead = next
    }

    /// Counts what an answer says.
    static func note(_ early: Int, in report: BotReport) {
        report[.paceAnswers] += 1
        if early < 0 { report[.paceLate] += 1 }
        if early > wanted.upperBound { report[.paceAhead] += 1 }
    }
}

extension Bot {
    /// Asks where the lobby stands and how early inputs come: about once a second, where it sends enough of them or measures.
    func askTime(_ now: Instant, behindInputFor tick: UInt32?) {
        guard let play, play.inputPace.asks(at: now, always: settings.asksTime) else { return }
        play.clock.asked(at: now, behindInputFor: tick)
        context.witness?.asked(self)
        client?.askTime()
    }

    /// The lobby has answered that.
    package func lobbyTime(_ answer: JSONValue) {
        guard let play else { return }
        context.witness?.answered(self)
        play.clock.answered(answer, newest: play.last?.tick, at: context.clock(), report)
        guard let early = answer["early"]?.integer.flatMap(Int.init(exactly:)), (-1_024...1_024).contains(early) else {
            return
        }
        BotPace.note(early, in: report)
        play.inputPace.told(early: early)
    }
}
