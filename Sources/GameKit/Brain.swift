import Determinism
import JSONCore
import SnapshotCore

/// A player that is a program: sees what a client sees and decides what to do.
public protocol Brain: SendableMetatype {
    /// The game it plays.
    associatedtype Played: Game

    /// A brain whose chances all follow from the seed.
    init(seed: UInt64)

    /// What to ask for, or nil to send nothing.
    ///
    /// - Parameters:
    ///   - game: A game value whose replicated properties are what the newest snapshot says, quantised; the others are as
    ///     the initialiser left them.
    ///   - seat: The brain's own seat.
    ///   - tick: The snapshot's tick.
    mutating func decide(_ game: Played, seat: Int, tick: UInt32) -> Played.Input?

    /// Whether it looks at a snapshot at all. For brains that seldom act: what they skip need not be made a game value for them.
    /// True unless the brain says otherwise.
    mutating func looks(at tick: UInt32) -> Bool

    /// How far apart it decides, at the newest snapshot of that time; the first time is drawn by the bot, so that a crowd is spread. Nil, as
    /// it is unless the brain says otherwise: at each snapshot, when it comes. For games in which players speak more often than
    /// states are sent.
    static var decidesEvery: Interval? { get }

    /// Hears an event of the game, whether it was for everybody or for this seat alone: a hand of cards, for example. Does
    /// nothing unless the brain says otherwise.
    mutating func hear(_ event: String, _ data: JSONValue)
}

extension Brain {
    /// Nil: at each snapshot.
    public static var decidesEvery: Interval? { nil }

    /// True.
    public mutating func looks(at tick: UInt32) -> Bool { true }

    /// Does nothing.
    public mutating func hear(_ event: String, _ data: JSONValue) {}
}

/// A kind of brain, whatever its Swift type.
public struct BrainType: Sendable {
    /// The name of the game that it plays.
    public let gameName: String
    /// What it can see and ask for: that game's schema.
    public let schema: Schema
    @usableFromInline let makeBrain: @Sendable (JSONValue, UInt64) throws -> BotBrain

    /// The type of `brain`. Inlinable, so that it is made for these very types in the game's own module.
    @inlinable public init<B: Brain>(_ brain: B.Type) {
        gameName = B.Played.name
        let replication = B.Played.replicated
        let inputRecord = Record(B.Played.Input.fields)
        schema = replication.schema(with: inputRecord)
        makeBrain = { options, seed in
            var context = GameContext(tickRate: B.Played.rules.tickRate, seed: seed)
            var mind = Mind(brain: B(seed: seed), game: try B.Played(&context, options: options))
            return BotBrain(every: B.decidesEvery, hear: { mind.brain.hear($0, $1) }) { state, seat in
                guard mind.brain.looks(at: state.tick) else { return nil }
                replication.restore(state, into: &mind.game)
                guard let input = mind.decide(seat: seat, tick: state.tick) else { return nil }
                var values = [UInt32](repeating: 0, count: inputRecord.width)
                inputRecord.capture(input, into: &values)
                return values
            }
        }
    }

    /// A brain for one bot.
    ///
    /// - Parameters:
    ///   - options: The lobby's options.
    ///   - seed: Decides everything that the brain leaves to chance.
    /// - Throws: What the game's initialiser throws at these options.
    package func make(options: JSONValue, seed: UInt64) throws -> BotBrain {
        try makeBrain(options, seed)
    }
}

/// A brain and the game value in which it sees the state.
@usableFromInline struct Mind<B: Brain> {
    @usableFromInline var brain: B
    @usableFromInline var game: B.Played

    @inlinable init(brain: B, game: B.Played) {
        self.brain = brain
        self.game = game
    }

    @inlinable mutating func decide(seat: Int, tick: UInt32) -> B.Played.Input? {
        brain.decide(game, seat: seat, tick: tick)
    }
}

/// One bot's brain, as the bot sees it. Belongs to one loop.
@usableFromInline package final class BotBrain {
    /// How far apart it decides; nil for at each snapshot.
    package let interval: Interval?
    private let ear: (String, JSONValue) -> Void
    private let body: (WorldState, Int) -> [UInt32]?

    @usableFromInline init(
        every interval: Interval?, hear: @escaping (String, JSONValue) -> Void,
        decide body: @escaping (WorldState, Int) -> [UInt32]?
    ) {
        self.interval = interval
        ear = hear
        self.body = body
    }

    /// Tells the brain of an event of its game.
    package func hear(_ event: String, _ data: JSONValue) { ear(event, data) }

    /// The quantised input to send at this state, or nil for none.
    package func decide(state: WorldState, seat: Int) -> [UInt32]? { body(state, seat) }
}
