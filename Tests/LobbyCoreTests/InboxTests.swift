import GameKit
import LobbyCore
import Testing

@Suite("Inbox: inputs that wait for their tick")
struct InboxTests {
    /// With credit for all that these tests do.
    private func inbox(seats: Int) -> Inbox {
        Inbox(Rules(tickRate: 1, seats: seats, maxTicksAhead: 10, maxTicksBehind: 1_024, inputRate: 1_024))
    }

    private func entry(_ seat: Int, tick: UInt32, sequence: UInt32) -> SeatInput {
        SeatInput(seat: seat, input: QuantisedInput(tick: tick, sequence: sequence, values: [sequence]))
    }

    private func offer(
        _ inbox: inout Inbox, _ seat: Int, tick: UInt32, sequence: UInt32, next: UInt32 = 1
    ) -> InputVerdict {
        inbox.offer(entry(seat, tick: tick, sequence: sequence), nextTick: next)
    }

    private func take(_ inbox: inout Inbox, _ tick: UInt32) -> [SeatInput] {
        var due = [entry(0, tick: 9, sequence: 9)]
        _ = inbox.take(tick: tick, into: &due)
        return due
    }

    @Test func `what is due is handed out in the order of arrival, the rest stays`() {
        var inbox = inbox(seats: 2)
        let verdicts = [
            offer(&inbox, 1, tick: 2, sequence: 0), offer(&inbox, 0, tick: 1, sequence: 0),
            offer(&inbox, 1, tick: 1, sequence: 1), offer(&inbox, 0, tick: 3, sequence: 1),
        ]
        #expect(verdicts.allSatisfy { $0 == .accepted })
        let first = take(&inbox, 1)
        let second = take(&inbox, 2)
        let third = take(&inbox, 3)
        #expect(first == [entry(0, tick: 1, sequence: 0), entry(1, tick: 1, sequence: 1)])
        #expect(second == [entry(1, tick: 2, sequence: 0)])
        #expect(third == [entry(0, tick: 3, sequence: 1)])
        #expect(inbox.count == 0)
    }

    @Test func `an input whose tick has passed is applied at the next`() {
        var inbox = inbox(seats: 1)
        let verdict = offer(&inbox, 0, tick: 3, sequence: 0, next: 100)
        let due = take(&inbox, 100)
        #expect(verdict == .accepted && due.count == 1)
    }

    @Test func `a sequence that is not above the last is a repeat, for its seat alone`() {
        var inbox = inbox(seats: 2)
        let verdicts = [
            offer(&inbox, 0, tick: 1, sequence: 5), offer(&inbox, 0, tick: 1, sequence: 5),
            offer(&inbox, 0, tick: 1, sequence: 4), offer(&inbox, 1, tick: 1, sequence: 4),
            offer(&inbox, 0, tick: 1, sequence: 6),
        ]
        #expect(verdicts == [.accepted, .repeated, .repeated, .accepted, .accepted])
    }

    @Test func `looking ahead ends where the rules say, and at the end of all ticks`() {
        var inbox = inbox(seats: 1)
        let verdicts = [
            offer(&inbox, 0, tick: 11, sequence: 0), offer(&inbox, 0, tick: 12, sequence: 1),
            offer(&inbox, 0, tick: .max, sequence: 2), offer(&inbox, 0, tick: 0, sequence: 3, next: .max),
            offer(&inbox, 0, tick: .max, sequence: 4, next: .max),
        ]
        #expect(verdicts == [.accepted, .tooEarly, .tooEarly, .tooLate, .accepted])
    }

    @Test func `a refused input does not count as taken`() {
        var inbox = inbox(seats: 1)
        let early = offer(&inbox, 0, tick: 500, sequence: 7)
        let later = offer(&inbox, 0, tick: 1, sequence: 1)
        #expect(early == .tooEarly && later == .accepted)
    }

    @Test func `the thirty-third waiting input of a seat is dropped, and other seats do not notice`() {
        var inbox = inbox(seats: 2)
        var verdicts: [InputVerdict] = []
        for sequence in 0..<33 as Range<UInt32> { verdicts.append(offer(&inbox, 0, tick: 5, sequence: sequence)) }
        let other = offer(&inbox, 1, tick: 5, sequence: 0)
        #expect(verdicts.prefix(32).allSatisfy { $0 == .accepted } && verdicts[32] == .full)
        #expect(other == .accepted)
        let due = take(&inbox, 5)
        let after = offer(&inbox, 0, tick: 6, sequence: 33)
        #expect(due.count == 33 && after == .accepted)
    }

    @Test func `a reset forgets what waits and what was sent, of one seat`() {
        var inbox = inbox(seats: 2)
        _ = offer(&inbox, 0, tick: 5, sequence: 9)
        _ = offer(&inbox, 1, tick: 5, sequence: 9)
        inbox.reset(seat: 0)
        #expect(inbox.count == 1 && inbox.nextSequence(of: 0) == 0 && inbox.nextSequence(of: 1) == 10)
        let again = offer(&inbox, 0, tick: 5, sequence: 0)
        #expect(again == .accepted)
    }

    @Test func `after the last sequence there is no other`() {
        var inbox = inbox(seats: 1)
        _ = offer(&inbox, 0, tick: 1, sequence: .max)
        #expect(inbox.nextSequence(of: 0) == .max)
        let repeated = offer(&inbox, 0, tick: 1, sequence: .max)
        #expect(repeated == .repeated)
    }
}
