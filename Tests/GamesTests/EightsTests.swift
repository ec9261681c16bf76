import Testing

@testable import GameKit
@testable import Games

/// Crazy eights with the test's hands in it.
private struct Rig: ~Copyable {
    var game: Eights
    var context: GameContext

    init(players: Int, seed: UInt64 = 1, options: JSONValue = .null) throws {
        var context = GameContext(tickRate: 10, seed: seed)
        game = try Eights(&context, options: options)
        self.context = context
        for number in 0..<players { join(number) }
        for _ in 0..<Eights.pauseSeconds * 10 where players > 1 { step() }
    }

    mutating func join(_ number: Int) {
        let seat = Seat(number: number, name: "p\(number)")
        context.seats.append(seat)
        game.join(seat, &context)
    }

    mutating func leave(_ number: Int) {
        guard let seat = context.seat(number) else { return }
        context.seats.removeAll { $0.number == number }
        game.leave(seat, &context)
    }

    /// One step; what the game said in it.
    @discardableResult
    mutating func step(_ seat: Int? = nil, card: Int = -1, suit: Int = 0) -> [GameEvent] {
        context.tick += 1
        context.output = GameOutput()
        var input = Eights.Input()
        (input.card, input.suit) = (card, suit)
        game.step(Inputs(seat.map { [(seat: $0, input: input)] } ?? []), &context)
        return context.output.events
    }

    /// The same round with the context where it stands, for a step that is to be compared.
    func fork(_ change: (inout Eights) -> Void) -> Rig {
        var twin = Rig(game: game, seats: context.seats)
        twin.context.tick = context.tick
        twin.context.random = context.random
        change(&twin.game)
        return twin
    }

    private init(game: Eights, seats: [Seat]) {
        self.game = game
        context = GameContext(tickRate: 10, seed: 1)
        context.seats = seats
    }

    /// What a seat's connection carries after a step: the state's bytes and its events.
    func bytes(for seat: Int, _ events: [GameEvent]) -> [UInt8] {
        let type = GameType(Eights.self)
        var state = WorldState(schema: type.schema)
        Eights.replicated.capture(game, into: &state)
        var bytes = Snapshot.encode(state, since: nil, schema: type.schema, stateHash: state.hash)
        for event in events where event.seat ?? seat == seat {
            bytes += Array(event.name.utf8)
            event.data.write(to: &bytes)
        }
        return bytes
    }
}

@Suite("Crazy eights")
struct EightsTests {
    private static func refusal(_ events: [GameEvent]) -> JSONValue? {
        events.first { $0.name == "refused" }?.data["reason"]
    }

    @Test
    func `a card out of turn, out of another's hand, or that does not fit is refused to that seat`() throws {
        var rig = try Rig(players: 2)
        rig.game.hands = [[0, 14, 7], [1, 2], [], [], [], []]
        (rig.game.round.turn, rig.game.round.top, rig.game.round.suit) = (0, 3, 0)
        let early = rig.step(1, card: 1)
        #expect(Self.refusal(early) == "not your turn" && early.map(\.seat) == [1])
        #expect(Self.refusal(rig.step(0, card: 1)) == "you do not hold that card")
        #expect(Self.refusal(rig.step(0, card: 14)) == "that card does not fit")
        #expect(Self.refusal(rig.step(0, card: 0)) == nil)
        #expect(rig.game.round.top == 0 && rig.game.round.turn == 1 && rig.game.hands[0] == [14, 7])
        var alone = try Rig(players: 1)
        let answer = alone.step(0)
        #expect(Self.refusal(answer) == "waiting for a second player")
        alone.join(1)
        let hasty = alone.step(0)
        #expect(Self.refusal(hasty) == "the next round has not begun")
    }

    @Test
    func `an eight fits on everything and names the suit that follows`() throws {
        var rig = try Rig(players: 2)
        rig.game.hands = [[7, 9], [1, 40], [], [], [], []]
        (rig.game.round.turn, rig.game.round.top, rig.game.round.suit) = (0, 30, 2)
        rig.step(0, card: 7, suit: 3)
        #expect(rig.game.round.suit == 3 && rig.game.round.top == 7)
        #expect(Self.refusal(rig.step(1, card: 1)) == "that card does not fit")
        #expect(Self.refusal(rig.step(1, card: 40)) == nil)
    }

    @Test
    func `who is rid of all cards scores what the others hold, and the game finishes after its rounds`() throws {
        var rig = try Rig(players: 3, options: ["rounds": 1])
        rig.game.hands = [[1], [2, 3], [4, 5, 6], [], [], []]
        for seat in 0..<3 { rig.game.players[seat: seat]?.cards = rig.game.hands[seat].count }
        (rig.game.round.turn, rig.game.round.top, rig.game.round.suit) = (0, 3, 0)
        let events = rig.step(0, card: 1)
        #expect(events.last?.data == ["winner": 0, "points": 5])
        #expect(rig.context.output.result == ["winner": 0])
        #expect(rig.context.output.scores.map(\.score) == [5, 0, 0])
    }

    @Test
    func `who takes too long draws, and the turn goes on`() throws {
        var rig = try Rig(players: 2)
        let (turn, deck) = (rig.game.round.turn, rig.game.round.deck)
        for _ in 0..<(Eights.turnSeconds * 10 - 1) { rig.step() }
        #expect(rig.game.round.turn == turn && rig.game.round.secondsLeft == 1)
        rig.step()
        #expect(rig.game.round.turn != turn && rig.game.round.deck == deck - 1)
        #expect(rig.game.players[seat: turn]?.cards == 6)
    }

    @Test
    func `with nothing to draw and nothing that fits, the round ends without a winner`() throws {
        var rig = try Rig(players: 2)
        (rig.game.deck, rig.game.pile) = ([], [])
        rig.step(rig.game.round.turn)
        let events = rig.step(rig.game.round.turn)
        #expect(events.map(\.name) == ["round-over"] && events.first?.data["winner"] == .null)
        #expect(rig.game.round.phase == .pause)
    }

    @Test
    func `a deck that is used up is made anew of what has been played`() throws {
        var rig = try Rig(players: 2)
        (rig.game.deck, rig.game.pile) = ([], [20, 21])
        rig.step(rig.game.round.turn)
        #expect(rig.game.deck.count == 1 && rig.game.pile.isEmpty)
    }

    @Test
    func `a player who leaves in turn passes it on; the last one wins what is left`() throws {
        var rig = try Rig(players: 3, options: ["rounds": 5])
        let turn = rig.game.round.turn
        rig.leave(turn)
        #expect(rig.game.round.turn != turn && rig.game.round.phase == .playing && rig.game.hands[turn].isEmpty)
        rig.leave(rig.game.round.turn)
        #expect(rig.game.round.phase == .pause && rig.context.output.result != nil)
    }

    @Test
    func `who comes during a round sits it out, and who comes back is told the hand again`() throws {
        var rig = try Rig(players: 2)
        rig.join(2)
        #expect(rig.game.players[seat: 2]?.cards == 0 && rig.game.hands[2].isEmpty)
        rig.context.output = GameOutput()
        rig.game.resume(Seat(number: 1, name: "p1"), &rig.context)
        let hand = rig.game.hands[1].map { JSONValue.integer(Int64($0)) }
        #expect(rig.context.output.events == [GameEvent(name: "hand", data: ["cards": .array(hand)], seat: 1)])
    }

    @Test(arguments: [["rounds": 0], ["rounds": 101], ["rounds": "3"], ["rounds": 2.5]] as [JSONValue])
    func `unusable options are refused`(options: JSONValue) {
        #expect(throws: OptionsError.self) { _ = try GameType(Eights.self).make(options: options, seed: 1) }
    }

    /// The canary: whatever is dealt behind a seat's back, that seat is sent the same bytes.
    ///
    /// Before each step the round is forked. In the twin all cards that the watching seat does not hold (the others' hands,
    /// the deck) are dealt anew, but for the card that is about to be played in the open. Both then take the same step.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `what a seat is sent says nothing of what others hold`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let players = random.int(in: 2...6)
        var rig = try Rig(players: players, seed: seed, options: ["rounds": 4])
        var (compared, different) = (0, 0)
        for _ in 0..<600 where rig.context.output.result == nil {
            guard rig.game.round.phase == .playing else {
                rig.step()
                continue
            }
            let actor = rig.game.round.turn
            let fitting = rig.game.hands[actor].filter(rig.game.fits)
            let card =
                fitting.isEmpty || random.int(in: 0...9) == 0 ? -1 : fitting[random.int(in: 0...fitting.count - 1)]
            let watcher = random.int(in: 0...players - 1)
            // A card that the watcher draws is the watcher's to know.
            if actor != watcher || card >= 0 {
                var twin = rig.fork { $0.dealAnew(keeping: watcher, and: card, random: &random) }
                if twin.game.hands != rig.game.hands { different += 1 }
                let real = rig.step(actor, card: card, suit: 1)
                let other = twin.step(actor, card: card, suit: 1)
                #expect(rig.bytes(for: watcher, real) == twin.bytes(for: watcher, other), "seed \(seed)")
                compared += 1
            } else {
                rig.step(actor, card: card, suit: 1)
            }
        }
        #expect(compared > 10 && different * 10 > compared * 8)
    }

    @Test
    func `the canary sings: with hands replicated, the bytes would differ`() throws {
        var random = SeededRandom(seed: 1)
        var rig = try Rig(players: 2)
        let twin = rig.fork { $0.dealAnew(keeping: 0, and: -1, random: &random) }
        rig.game.players[seat: 1]?.score = rig.game.hands[1][0]
        var leaking = twin.game
        leaking.players[seat: 1]?.score = twin.game.hands[1][0]
        let other = twin.fork { $0 = leaking }
        #expect(rig.bytes(for: 0, []) != other.bytes(for: 0, []))
    }
}

extension Eights {
    /// Deals all that a seat cannot see anew, in hands as large as before.
    fileprivate mutating func dealAnew(keeping seat: Int, and card: Int, random: inout SeededRandom) {
        var hidden = deck
        for other in hands.indices where other != seat { hidden += hands[other].filter { $0 != card } }
        for last in hidden.indices.dropFirst().reversed() { hidden.swapAt(last, random.int(in: 0...last)) }
        for other in hands.indices where other != seat {
            for place in hands[other].indices where hands[other][place] != card {
                hands[other][place] = hidden.removeLast()
            }
        }
        deck = hidden
    }
}
