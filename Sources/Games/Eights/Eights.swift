import GameKit

/// Crazy eights, a card game with hidden hands: follow suit or rank, eights are wild, and who is rid of all cards wins
/// the round.
///
/// Everybody sees the top card and how many cards each player holds. A card in a hand is in the group of its seat, so its
/// owner is sent it and nobody else, also after a lost connection. The deck is not replicated: what is not declared below
/// never leaves the server.
///
/// Options: `rounds`, 1 to 100 (3 when left out). The game finishes after them, or after the round in which all
/// but one have left.
struct Eights: Game {
    /// The card to play, or -1 to draw one and pass the turn on. `suit` is what an eight makes of the next turn.
    struct Input: GameInput {
        var card = -1
        var suit = 0
        static var fields: [Field<Input>] {
            Field("card", \.card, .int(-1...51))
            Field("suit", \.suit, .int(0...3))
        }
    }

    /// Where the round stands.
    enum Phase: Int, CaseIterable, FieldValue { case waiting, playing, pause }

    /// The round, as everybody sees it.
    struct Round: Sendable {
        var phase = Phase.waiting
        var number = 0
        /// Counts what has been done in the round, so that a client knows whether its own move has come through.
        var move = 0
        /// The seat whose turn it is.
        var turn = 0
        var top = 0
        var suit = 0
        /// How many cards are left to draw.
        var deck = 0
        var secondsLeft = 0
    }

    /// A player, under the id of its seat. Who comes during a round sits it out, with no cards.
    struct Player: Entity {
        var cards = 0
        var score = 0
    }

    /// A card in a hand, under its own number.
    struct Held: Entity {
        var seat = 0
    }

    static let name = "eights"
    static let rules = Rules(tickRate: 10, seats: 6, grace: .seconds(60))
    static var replicated: Replication<Eights> {
        Single(\.round, "round") {
            Field("phase", \.phase)
            Field("number", \.number, .int(0...100))
            Field("move", \.move, .int(0...65_535))
            Field("turn", \.turn, .int(0...5))
            Field("top", \.top, .int(0...51))
            Field("suit", \.suit, .int(0...3))
            Field("deck", \.deck, .int(0...52))
            Field("secondsLeft", \.secondsLeft, .int(0...60))
        }
        Entities(\.players, "player") {
            Field("cards", \.cards, .int(0...52))
            Field("score", \.score, .int(0...65_535))
        }
        Entities(\.held, "card", in: { _, _, card in .seat(card.seat) }) {
            Field("seat", \.seat, .int(0...5))
        }
    }

    static let dealt = 5
    static let turnSeconds = 20
    static let pauseSeconds = 3

    var round = Round()
    var players = Table<Player>()
    /// The cards in all hands. A client has its own.
    var held = Table<Held>()
    /// Hidden, as are the cards that have been played.
    var deck: [Int] = []
    var pile: [Int] = []
    private var deadline: UInt32 = 0
    /// How many in a row could neither play nor draw.
    private var passes = 0
    private let rounds: Int

    /// A card's suit and rank: 13 ranks a suit, the ace first.
    static func suit(of card: Int) -> Int { card / 13 }
    static func rank(of card: Int) -> Int { card % 13 }
    static func isEight(_ card: Int) -> Bool { rank(of: card) == 7 }

    init(_ context: inout GameContext, options: JSONValue) throws {
        rounds = try OptionsError.integer("rounds", in: 1...100, of: options) ?? 3
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        players[seat: seat.number] = Player()
        if round.phase == .waiting, players.count >= 2 { pause(&context) }
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        let isTurn = round.phase == .playing && round.turn == seat.number
        pile.insert(contentsOf: hand(of: seat.number), at: 0)
        held.removeAll { $1.seat == seat.number }
        players[seat: seat.number] = nil
        guard round.phase == .playing else { return }
        let left = players.filter { $0.row.cards > 0 }
        if left.count < 2 {
            end(winner: left.first.map { Int($0.id) }, &context)
        } else if isTurn {
            passOn(&context)
        }
    }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            if let reason = refusal(of: input.card, by: seat) {
                context.emit("refused", ["reason": .string(reason)], to: seat)
            } else if input.card >= 0 {
                play(input.card, input.suit, seat, &context)
            } else {
                draw(seat, &context)
            }
        }
        countDown(&context)
    }

    /// The cards that a seat holds, ascending.
    func hand(of seat: Int) -> [Int] { held.filter { $0.row.seat == seat }.map { Int($0.id) } }

    /// Whether the rules allow a card on what lies there.
    func fits(_ card: Int) -> Bool {
        Self.isEight(card) || Self.suit(of: card) == round.suit || Self.rank(of: card) == Self.rank(of: round.top)
    }

    private func refusal(of card: Int, by seat: Int) -> String? {
        switch round.phase {
        case .waiting: "waiting for a second player"
        case .pause: "the next round has not begun"
        case .playing where round.turn != seat: "not your turn"
        case .playing where card < 0: nil
        case .playing where held[EntityID(card)]?.seat != seat: "you do not hold that card"
        case .playing: fits(card) ? nil : "that card does not fit"
        }
    }

    private mutating func play(_ card: Int, _ suit: Int, _ seat: Int, _ context: inout GameContext) {
        give(card, to: nil)
        pile.append(round.top)
        round.top = card
        round.suit = Self.isEight(card) ? suit : Self.suit(of: card)
        passes = 0
        players[seat: seat]?.cards -= 1
        if players[seat: seat]?.cards == 0 { end(winner: seat, &context) } else { passOn(&context) }
    }

    /// Draws a card, if there is one, and passes the turn on.
    private mutating func draw(_ seat: Int, _ context: inout GameContext) {
        if deck.isEmpty {
            swap(&deck, &pile)
            Self.shuffle(&deck, &context.random)
        }
        if let card = deck.popLast() {
            give(card, to: seat)
            players[seat: seat]?.cards += 1
            passes = 0
        } else {
            passes += 1
        }
        if passes >= players.count { end(winner: nil, &context) } else { passOn(&context) }
    }

    /// The next seat with cards has its turn.
    private mutating func passOn(_ context: inout GameContext) {
        let holders = players.filter { $0.row.cards > 0 }.map { Int($0.id) }
        round.turn = holders.first { $0 > round.turn } ?? holders.first ?? 0
        round.move += 1
        round.deck = deck.count
        deadline = context.tick + UInt32(Self.turnSeconds * context.tickRate)
    }

    /// A player who takes too long draws; after a pause for others to come the next round begins.
    private mutating func countDown(_ context: inout GameContext) {
        let rate = UInt32(context.tickRate)
        switch round.phase {
        case .waiting: round.secondsLeft = 0
        case .playing where context.tick >= deadline: draw(round.turn, &context)
        case .pause where context.tick >= deadline && players.count >= 2: begin(&context)
        case .pause where context.tick >= deadline: round.phase = .waiting
        case .playing, .pause: break
        }
        if round.phase != .waiting {
            round.secondsLeft = Int((deadline - min(deadline, context.tick) + rate - 1) / rate)
        }
    }

    private mutating func pause(_ context: inout GameContext) {
        round.phase = .pause
        deadline = context.tick + UInt32(Self.pauseSeconds * context.tickRate)
    }

    private mutating func begin(_ context: inout GameContext) {
        deck = Array(0..<52)
        Self.shuffle(&deck, &context.random)
        (pile, passes, held) = ([], 0, Table())
        for seat in players.ids.map(Int.init) {
            for card in deck.suffix(Self.dealt) { give(card, to: seat) }
            deck.removeLast(Self.dealt)
            players[seat: seat]?.cards = Self.dealt
        }
        round = Round(phase: .playing, number: round.number + 1, turn: round.turn)
        round.top = deck.removeLast()
        round.suit = Self.suit(of: round.top)
        passOn(&context)
    }

    /// The winner scores a point for each card that the others still hold: how many they are, everybody has seen.
    private mutating func end(winner: Int?, _ context: inout GameContext) {
        if let winner {
            let points = players.reduce(0) { $0 + (Int($1.id) == winner ? 0 : $1.row.cards) }
            players[seat: winner]?.score += points
            context.emit("round-over", ["winner": .integer(Int64(winner)), "points": .integer(Int64(points))])
        } else {
            context.emit("round-over", ["winner": .null])
        }
        pause(&context)
        guard round.number >= rounds || players.count < 2 else { return }
        let scores = players.map { (seat: Int($0.id), score: $0.row.score) }
        let best = scores.map(\.score).max() ?? 0
        let leaders = scores.filter { $0.score == best }
        context.finish(
            ["winner": leaders.count == 1 ? .integer(Int64(leaders[0].seat)) : .null],
            scores: Dictionary(uniqueKeysWithValues: scores))
    }

    /// Puts a card into a hand, or takes it out of the one in which it is.
    private mutating func give(_ card: Int, to seat: Int?) {
        held[EntityID(card)] = seat.map { Held(seat: $0) }
    }

    /// Fisher and Yates, written out: the standard library's may be another one tomorrow.
    private static func shuffle(_ cards: inout [Int], _ random: inout SeededRandom) {
        for last in cards.indices.dropFirst().reversed() { cards.swapAt(last, random.int(in: 0...last)) }
    }
}
