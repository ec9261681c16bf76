package import Determinism

/// What holds in every world, whatever befalls it: docs/decisions/0027-world.md has how and when each is checked.
package enum Invariant: Int, CaseIterable, Sendable {
    case noTrap = 1
    case budgets, order, acks, convergence, seats, nothingLeft, ticks, recovery, membership
    case sameTrace, oneRequest, oneOwner, boundedTables, timeForward, oneAnswer, cheapRefusal, secrets, drain, isolation

    /// `I-5`: the number that documents call it by.
    package var code: String { "I-\(rawValue)" }

    /// The rule, in a sentence.
    package var rule: String {
        switch self {
        case .noTrap: "nothing ends the process"
        case .budgets: "each byte budget holds"
        case .order: "reliable events arrive in order, at most once, and none is missing on a live connection"
        case .acks: "an ack fires once, or times out"
        case .convergence: "every state that a client has is the server's, and after healing everyone has a new one"
        case .seats: "as many seats are connected as there are members, and no more are taken than there are"
        case .nothingLeft: "two minutes after the last client nothing is left"
        case .ticks: "steps that were run and steps that were dropped make up the time that has passed"
        case .recovery: "who is told to be back where it was has missed nothing"
        case .membership: "what is said in one lobby or room reaches nobody else"
        case .sameTrace: "the same seed gives the same trace"
        case .oneRequest: "a session has one GET and one POST under way at most"
        case .oneOwner: "a seat has one connection, and a connection one seat of a lobby"
        case .boundedTables: "tables of limits are bounded"
        case .timeForward: "time does not go back"
        case .oneAnswer: "every request is answered once, or its connection closed"
        case .cheapRefusal: "a refused connection costs next to nothing"
        case .secrets: "a token reaches nobody but its owner"
        case .drain: "a drain ends within its limit"
        case .isolation: "who misbehaves changes nothing in a lobby that it is not in"
        }
    }
}

/// An invariant that did not hold.
package struct Breach: Sendable, Equatable {
    /// Which.
    package let invariant: Invariant
    /// When, in the world's time.
    package let at: Instant
    /// What was found.
    package let finding: String
}

/// The breaches that a world's checkers have found, in the order of finding.
package final class BreachList {
    /// More than that nobody reads.
    private static let countMax = 20

    private let time: SimulatedTime
    /// What was found; nothing, as it should be.
    package private(set) var all: [Breach] = []

    init(_ time: SimulatedTime) { self.time = time }

    /// Notes that an invariant does not hold.
    func note(_ invariant: Invariant, _ finding: @autoclosure () -> String) {
        guard all.count < Self.countMax else { return }
        all.append(Breach(invariant: invariant, at: time.now, finding: finding()))
    }
}

/// Bugs that a world can have planted in it, one for each invariant: what shows that its checker finds what it is for.
package enum PlantedBug: String, CaseIterable, Sendable {
    /// The server traps on a message.
    case trap
    /// The server keeps far more for a slow reader than it was allowed.
    case hoard
    /// An event is sent twice.
    case echo
    /// What one server says does not reach the other, though nothing has befallen the Redis between them.
    case swallowedNews = "swallowed-news"
    /// An answer comes a second time.
    case secondAnswer = "second-answer"
    /// A state hash is not that of the state.
    case wrongHash = "wrong-hash"
    /// A seat is taken by nobody.
    case ghostSeat = "ghost-seat"
    /// A connection stays when all have gone.
    case straggler
    /// Steps are left out and not counted.
    case silentDebt = "silent-debt"
    /// A client is told that it has missed nothing, though it has.
    case falseRecovery = "false-recovery"
    /// An event of one lobby is sent in another.
    case strayEvent = "stray-event"
    /// Something is left to chance that does not come from the seed.
    case ambientChance = "ambient-chance"
    /// A session's second GET is left waiting beside the first.
    case secondPoll = "second-poll"
    /// Two players are told that they have the same seat.
    case twinSeats = "twin-seats"
    /// A table of addresses holds more than it may.
    case fullTable = "full-table"
    /// The server's clock goes back.
    case clockBack = "clock-back"
    /// A request is answered twice.
    case twiceAnswered = "twice-answered"
    /// A refusal says far too much.
    case longRefusal = "long-refusal"
    /// A player's token is sent to the others.
    case leakedToken = "leaked-token"
    /// A drain does not end.
    case endlessDrain = "endless-drain"
    /// What a hostile client says is done in another lobby.
    case crosstalk

    /// The invariant that does not hold then.
    package var invariant: Invariant {
        switch self {
        case .trap: .noTrap
        case .hoard: .budgets
        case .echo, .swallowedNews: .order
        case .secondAnswer: .acks
        case .wrongHash: .convergence
        case .ghostSeat: .seats
        case .straggler: .nothingLeft
        case .silentDebt: .ticks
        case .falseRecovery: .recovery
        case .strayEvent: .membership
        case .ambientChance: .sameTrace
        case .secondPoll: .oneRequest
        case .twinSeats: .oneOwner
        case .fullTable: .boundedTables
        case .clockBack: .timeForward
        case .twiceAnswered: .oneAnswer
        case .longRefusal: .cheapRefusal
        case .leakedToken: .secrets
        case .endlessDrain: .drain
        case .crosstalk: .isolation
        }
    }
}
