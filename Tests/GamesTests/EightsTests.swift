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

    /// The state that a seat is sent: of what is in groups, what is in its own.
    func state(for seat: Int) -> WorldState {
        var state = WorldState(schema: GameType(Eights.self).schema)
        Eights.replicated.capture(game, into: &state)
        for (place, part) in Eights.replicated.parts.enumerated() {
            var groups: [UInt16] = []
            part.group?(game, &groups)
            let table = state.tables[place]
            let width = table.values.count / max(1, table.ids.count)
            for at in groups.indices.reversed() where groups[at] != Group.seat(seat).number {
                state.tables[place].ids.remove(at: at)
                state.tables[place].values.removeSubrange(at * width..<(at + 1) * width)
            }
        }
        return state
    }

    /// What a seat's connection carries after a step: the state's bytes and its events.
    func bytes(for seat: Int, _ events: [GameEvent]) -> [UInt8] {
        let state = state(for: seat)
        var bytes = Snapshot.encode(state, since: nil, schema: GameType(Eights.self).schema, stateHash: state.hash)
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
        rig.game.deal([[0, 14, 7], [1, 2]])
        (rig.game.round.turn, rig.game.round.top, rig.game.round.suit) = (0, 3, 0)
        let early = rig.step(1, card: 1)
        #expect(Self.refusal(early) == "not your turn" && early.map(\.seat) == [1])
        #expect(Self.refusal(rig.step(0, card: 1)) == "you do not hold that card")
        #expect(Self.refusal(rig.step(0, card: 14)) == "that card does not fit")
        #expect(Self.refusal(rig.step(0, card: 0)) == nil)
        #expect(rig.game.round.top == 0 && rig.game.round.turn == 1 && rig.game.hand(of: 0) == [7, 14])
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
        rig.game.deal([[7, 9], [1, 40]])
        (rig.game.round.turn, rig.game.round.top, rig.game.round.suit) = (0, 30, 2)
        rig.step(0, card: 7, suit: 3)
        #expect(rig.game.round.suit == 3 && rig.game.round.top == 7)
        #expect(Self.refusal(rig.step(1, card: 1)) == "that card does not fit")
        #expect(Self.refusal(rig.step(1, card: 40)) == nil)
    }

    @Test
    func `who is rid of all cards scores what the others hold, and the game finishes after its rounds`() throws {
        var rig = try Rig(players: 3, options: ["rounds": 1])
        rig.game.deal([[1], [2, 3], [4, 5, 6]])
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
        #expect(rig.game.round.turn != turn && rig.game.round.phase == .playing && rig.game.hand(of: turn).isEmpty)
        rig.leave(rig.game.round.turn)
        #expect(rig.game.round.phase == .pause && rig.context.output.result != nil)
    }

    @Test
    func `who comes during a round sits it out`() throws {
        var rig = try Rig(players: 2)
        rig.join(2)
        #expect(rig.game.players[seat: 2]?.cards == 0 && rig.game.hand(of: 2).isEmpty)
    }

    @Test
    func `a client has its own hand and no other card, whatever is done`() throws {
        var rig = try Rig(players: 3)
        for _ in 0..<50 where rig.game.round.phase == .playing {
            let turn = rig.game.round.turn
            rig.step(turn, card: rig.game.hand(of: turn).first(where: rig.game.fits) ?? -1)
            for seat in 0..<3 {
                let cards = rig.state(for: seat).tables[2]
                #expect(cards.ids.map(Int.init) == rig.game.hand(of: seat) && cards.values.allSatisfy { $0 == seat })
                #expect(rig.game.players[seat: seat]?.cards == cards.ids.count)
            }
        }
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
            let fitting = rig.game.hand(of: actor).filter(rig.game.fits)
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
    func `the canary sings: with a card of another's hand in the open, the bytes would differ`() throws {
        var random = SeededRandom(seed: 1)
        var rig = try Rig(players: 2)
        let twin = rig.fork { $0.dealAnew(keeping: 0, and: -1, random: &random) }
        let (ours, theirs) = (rig.game.hands[1][0], twin.game.hands[1][0])
        rig.game.players[seat: 1]?.score = ours
        var leaking = twin.game
        leaking.players[seat: 1]?.score = theirs
        let other = twin.fork { $0 = leaking }
        #expect(rig.bytes(for: 0, []) != other.bytes(for: 0, []))
    }
}

extension Eights {
    fileprivate var hands: [[Int]] { (0..<6).map(hand(of:)) }

    /// Puts these cards into the players' hands.
    fileprivate mutating func deal(_ hands: [[Int]]) {
        held = Table()
        for (seat, cards) in hands.enumerated() {
            for card in cards { held[EntityID(card)] = Held(seat: seat) }
            players[seat: seat]?.cards = cards.count
        }
    }

    /// Deals all that a seat cannot see anew, in hands as large as before.
    fileprivate mutating func dealAnew(keeping seat: Int, and card: Int, random: inout SeededRandom) {
        var (hidden, dealt) = (deck, hands)
        for other in dealt.indices where other != seat { hidden += dealt[other].filter { $0 != card } }
        for last in hidden.indices.dropFirst().reversed() { hidden.swapAt(last, random.int(in: 0...last)) }
        for other in dealt.indices where other != seat {
            for place in dealt[other].indices where dealt[other][place] != card {
                dealt[other][place] = hidden.removeLast()
            }
        }
        deal(dealt)
        deck = hidden
    }
}
