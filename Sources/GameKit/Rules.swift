import Determinism

/// How a game runs and whom it lets in.
public struct Rules: Sendable, Equatable {
    /// Steps in a second, 1 to 128.
    public var tickRate: Int
    /// How many snapshots go out in a second, 1 to the tick rate: where the one does not divide the other, after steps that
    /// are as evenly spread as they can be.
    public var snapshotRate: Int
    /// How many can play at once, 1 to 1,024.
    public var seats: Int
    /// How long a seat is kept for a player whose connection is gone.
    public var grace: Interval
    /// Inputs for a tick further ahead than this are refused, 1 to 1,024.
    public var maxTicksAhead: Int
    /// Inputs for a tick that has passed longer ago than this are refused, 0 to 1,024. One that has passed less long ago is
    /// applied at the next.
    public var maxTicksBehind: Int
    /// How many inputs a second one player is meant to send, 1 to 1,024. Steps take no more of a seat than this, with 2 % for
    /// clocks that run fast, and eight at once for connections that halt and catch up; the rest is dropped. So whoever
    /// sends more than others gets nothing by it.
    public var inputRate: Int
    /// What a step gets of a connected player from whom nothing has come for it.
    public var missingInput: MissingInput
    /// How far back a game may look at what players saw (``GameContext/tickSeen(by:)``), half a second at most; none for zero.
    public var rewind: Interval
    /// What there is around a match: a ready check, teams, a host, a rematch.
    public var match: MatchRules
    /// Who may watch it without playing.
    public var watch: WatchRules
    /// How many bytes of snapshots each player is sent, in a game whose entities are in groups; nil for as many as there are.
    public var snapshotBudget: SnapshotBudget?

    /// The longest ``rewind``.
    public static let rewindMax = Interval.milliseconds(500)

    /// Rules; what is left out is a snapshot after each step, 30 s of grace, inputs half a second ahead and one behind, one input a
    /// step, nothing for those that are missing, a quarter of a second to look back, everyone may watch, and no budget.
    ///
    /// - Precondition: every number is in its range.
    public init(
        tickRate: Int, snapshotRate: Int? = nil, seats: Int, grace: Interval = .seconds(30), maxTicksAhead: Int? = nil,
        maxTicksBehind: Int? = nil, inputRate: Int? = nil, missingInput: MissingInput = .skip,
        rewind: Interval = .milliseconds(250), match: MatchRules = MatchRules(), watch: WatchRules = WatchRules(),
        snapshotBudget: SnapshotBudget? = nil
    ) {
        precondition((1...128).contains(tickRate), "rules: a tick rate is 1 to 128")
        precondition((1...1_024).contains(seats), "rules: a game has 1 to 1,024 seats")
        precondition(grace >= .zero, "rules: grace is not negative")
        precondition(rewind >= .zero && rewind <= Self.rewindMax, "rules: rewinding is half a second at most")
        self.tickRate = tickRate
        self.snapshotRate = snapshotRate ?? tickRate
        self.seats = seats
        self.grace = grace
        self.maxTicksAhead = maxTicksAhead ?? max(1, tickRate / 2)
        self.maxTicksBehind = maxTicksBehind ?? tickRate
        self.inputRate = inputRate ?? tickRate
        self.missingInput = missingInput
        self.rewind = rewind
        self.match = match
        self.watch = watch
        self.snapshotBudget = snapshotBudget
        precondition((1...tickRate).contains(self.snapshotRate), "rules: snapshots are 1 a second to one a step")
        precondition((1...1_024).contains(self.maxTicksAhead), "rules: inputs are taken 1 to 1,024 ticks ahead")
        precondition((0...1_024).contains(self.maxTicksBehind), "rules: inputs are taken 0 to 1,024 ticks behind")
        precondition((1...1_024).contains(self.inputRate), "rules: players send 1 to 1,024 inputs a second")
        precondition(match.minimum <= seats && match.teams <= seats, "rules: a match has no more players than seats")
    }

    /// The same at another rate: what is counted in ticks lasts as long as before, and a player sends as many inputs for
    /// each.
    ///
    /// - Precondition: a tick rate is 1 to 128.
    func with(tickRate: Int) -> Rules {
        func scaled(_ count: Int, _ least: Int) -> Int { min(1_024, max(least, count * tickRate / self.tickRate)) }
        var missing = missingInput
        if case .repeat(let ticks) = missing { missing = .repeat(ticks: scaled(ticks, 1)) }
        return Rules(
            tickRate: tickRate, snapshotRate: scaled(snapshotRate, 1), seats: seats, grace: grace,
            maxTicksAhead: scaled(maxTicksAhead, 1), maxTicksBehind: scaled(maxTicksBehind, 0),
            inputRate: scaled(inputRate, 1), missingInput: missing, rewind: rewind, match: match,
            watch: watch, snapshotBudget: snapshotBudget)
    }
}

/// How many bytes of snapshots a player is sent at most, in a game whose entities are in groups (``Group``).
///
/// When there is more to say, some groups wait, and the client has these as they were: first go those whose time is nearly over,
/// then by priority and age (``View/add(_:priority:maxAge:)``). An entity that goes from one group to another does so in one message, so that
/// it neither vanishes nor is there twice.
public struct SnapshotBudget: Sendable, Equatable {
    /// Bytes of messages, without what frames and connections add. Over any time a player is sent no more than this times its
    /// length, and half a second's worth on top.
    public var bytesPerSecond: Int
    /// How old what a client has of a group may get, unless the view says otherwise. It holds as long as the budget has room for all that is
    /// due; where it has not, the budget holds, and each group that is late is counted (`groupsLate`). No group may wait for more than 24
    /// snapshots, whatever is said here.
    public var maxAge: Interval

    /// A budget.
    ///
    /// - Precondition: 128 bytes a second or more, and an age that is not negative.
    public init(bytesPerSecond: Int, maxAge: Interval = .milliseconds(500)) {
        precondition(bytesPerSecond >= 128, "a budget is 128 bytes a second at least")
        precondition(maxAge >= .zero, "an age is not negative")
        self.bytesPerSecond = bytesPerSecond
        self.maxAge = maxAge
    }
}

/// What a step gets of a connected player from whom nothing has come for it.
public enum MissingInput: Sendable, Equatable {
    /// Nothing. For games in which an input holds until the next, or is a move.
    case skip
    /// The player's last input, for that many ticks at most; then nothing.
    case `repeat`(ticks: Int)
    /// The input of somebody who does nothing: `Input()`.
    case neutral
}
