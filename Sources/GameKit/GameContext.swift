import Determinism
import JSONCore

/// What a running game can know and do beyond its own value: time in ticks, chance, seats, and words to the players.
///
/// It is lent for one call and cannot be copied or kept.
public struct GameContext: ~Copyable {
    /// The number of the current step: 0 while the game is made, 1 in the first step.
    public package(set) var tick: UInt32 = 0
    /// Steps in a second.
    public let tickRate: Int
    /// The game's own chance: the same sequence for the same seed, whoever hosts it.
    public var random: SeededRandom
    /// The taken seats, by number.
    public package(set) var seats: [Seat] = []
    /// Whether nobody new may take a seat: for a match that has begun. Whoever has a seat may come back to it all the same.
    public var isLocked = false
    /// Whether the game waits: set it, and no step follows until something else happens to the game, a join, a leave, a drop or
    /// a return, that sets it back, or the host goes on by itself, as it does after ten minutes. Whatever changes meanwhile is shown with the next step.
    ///
    /// In a step it is false. Timers wait as well, for they go by ticks.
    public var isPaused = false
    /// How fast time passes: how often steps are run. ``dt`` stays as it is, so that slow motion and fast forward give the
    /// same game.
    public var timeScale = TimeScale.normal
    /// What the game waits for.
    package var timers = GameTimers()
    /// What each player looks at; nil in games that do not rewind.
    var seenTicks: SeenTicks?
    /// What the host has not collected yet.
    package var output = GameOutput()

    /// A context at tick 0, without seats.
    @usableFromInline package init(tickRate: Int, seed: UInt64) {
        self.tickRate = tickRate
        random = SeededRandom(seed: seed)
    }

    /// The length of a step in seconds.
    public var dt: Double { 1 / Double(tickRate) }

    /// The time the game has run, in seconds.
    public var elapsed: Double { Double(tick) / Double(tickRate) }

    /// The seat with that number, when it is taken.
    public func seat(_ number: Int) -> Seat? {
        seats.first { $0.number == number }
    }

    /// Feeds what of this decides how the game goes on.
    func feed(_ hash: inout WordHash) {
        var chance = random
        hash.feed(chance.next())
        hash.feed((isLocked ? 1 : 0) | (isPaused ? 2 : 0))
        hash.feed(UInt64(timeScale.numerator) << 32 | UInt64(timeScale.denominator))
        timers.feed(&hash)
        for seat in seats {
            hash.feed(UInt64(seat.number) << 2 | (seat.isConnected ? 2 : 0) | (seat.isCongested ? 1 : 0))
            seat.latency?.feed(&hash)
        }
    }

    /// Sends an event to everybody in the lobby, reliably and in order.
    public mutating func emit(_ event: String, _ data: JSONValue = .null) {
        output.events.append(GameEvent(name: event, data: data, seat: nil))
    }

    /// Sends an event to one seat, reliably and in order. While its player is away, the host decides what is kept.
    public mutating func emit(_ event: String, _ data: JSONValue = .null, to seat: Int) {
        output.events.append(GameEvent(name: event, data: data, seat: seat))
    }

    /// Ends the game after this call; the first result counts.
    ///
    /// - Parameters:
    ///   - result: Told to everybody in the event `finished`, and stored.
    ///   - scores: By seat, higher is better: what leaderboards are made of. Those of seats that are free are left out.
    public mutating func finish(_ result: JSONValue = .null, scores: [Int: Int] = [:]) {
        guard output.result == nil else { return }
        output.result = result
        // A dictionary has no order of its own.
        output.scores = scores.sorted { $0.key < $1.key }.map { GameScore(seat: $0.key, score: $0.value) }
    }

    /// Takes a seat away from its player. The game's `leave` follows, after this call.
    public mutating func kick(_ seat: Int, reason: String) {
        output.kicks.append(GameKick(seat: seat, reason: reason))
    }
}

/// An event that a game wants sent.
package struct GameEvent: Sendable, Equatable {
    /// Its name.
    package var name: String
    /// Its one argument.
    package var data: JSONValue
    /// Whom it is for; nil for everybody.
    package var seat: Int?

    /// An event.
    package init(name: String, data: JSONValue, seat: Int?) {
        self.name = name
        self.data = data
        self.seat = seat
    }
}

/// A seat that a game wants emptied.
package struct GameKick: Sendable, Equatable {
    /// The seat's number.
    package var seat: Int
    /// Told to the player.
    package var reason: String
    /// That its player may not come back; nil where that is left to the host.
    package var ban: GameBan?

    /// A seat to empty.
    package init(seat: Int, reason: String, ban: GameBan? = nil) {
        self.seat = seat
        self.reason = reason
        self.ban = ban
    }
}

/// What a seat has scored in a game that has ended.
package struct GameScore: Sendable, Equatable {
    /// The seat's number.
    package var seat: Int
    /// Higher is better.
    package var score: Int

    /// A seat's score.
    package init(seat: Int, score: Int) {
        self.seat = seat
        self.score = score
    }
}

/// What a game wants of its host, in the order it was said.
package struct GameOutput: Sendable, Equatable {
    /// Events to send.
    package var events: [GameEvent] = []
    /// Seats to empty.
    package var kicks: [GameKick] = []
    /// The result, once the game has ended.
    package var result: JSONValue?
    /// The scores that came with it, by seat.
    package var scores: [GameScore] = []

    /// Nothing.
    package init() {}
}
