import Determinism
import LobbyCore
import Testing

/// A queue that tests can call inside an expectation.
private final class Desk {
    private(set) var queue: MatchQueue
    init(_ limits: MatchQueue.Limits = MatchQueue.Limits()) { queue = MatchQueue(limits) }

    @discardableResult
    func enter(_ number: Int, _ pool: QueueTicket.Pool, rank: Int = 0, size: Int = 1) -> Bool {
        queue.enter(QueueTicket(number: UInt64(number), pool: pool, rank: rank, size: size))
    }

    func cancel(_ number: UInt64) -> Bool { queue.cancel(number) }
    func advance() -> [MatchQueue.Outcome] { queue.advance() }
    var count: Int { queue.count }

    /// The numbers of the tickets of each match, by team, and of those whose time was over.
    func run(ticks: Int = 1) -> (found: [[[UInt64]]], timedOut: [UInt64]) {
        var found: [[[UInt64]]] = []
        var timedOut: [UInt64] = []
        for _ in 0..<ticks {
            for outcome in queue.advance() {
                switch outcome {
                case .found(_, let teams): found.append(teams.map { $0.map(\.number) })
                case .timedOut(let ticket): timedOut.append(ticket.number)
                }
            }
        }
        return (found, timedOut)
    }
}

@Suite("The queue of those who wait for a match (protocol/spec/lobby.md §2.4)")
struct MatchQueueTests {
    private let duel = QueueTicket.Pool(game: "duel", teams: 2, teamSize: 1)

    @Test func `two of like rank meet on the next tick`() {
        let queue = Desk()
        for (number, rank) in [(1, 500), (2, 900), (3, 600)] {
            #expect(queue.enter(number, duel, rank: rank))
        }
        #expect(queue.run().found == [[[1], [3]]] && queue.count == 1)
    }

    @Test func `the window widens with each second, and only as far as it may`() {
        var limits = MatchQueue.Limits()
        limits.windowMax = 130
        let queue = Desk(limits)
        queue.enter(1, duel, rank: 0)
        queue.enter(2, duel, rank: 125)
        queue.enter(3, duel, rank: 300)
        #expect(queue.run(ticks: 3).found.isEmpty)
        #expect(queue.run().found == [[[1], [2]]], "after a second it is 125")
        queue.enter(4, duel, rank: 431)
        let rest = queue.run(ticks: 240)
        #expect(rest.found.isEmpty && rest.timedOut == [3, 4], "131 apart")
    }

    @Test func `the nearest is taken, of equals whoever has waited longer`() {
        let queue = Desk()
        for (number, rank) in [(1, 500), (2, 540), (3, 460), (4, 510), (5, 490)] {
            queue.enter(number, duel, rank: rank)
        }
        #expect(queue.run().found == [[[1], [4]], [[2], [5]]])
    }

    @Test func `other games, teams and filters do not meet`() {
        let queue = Desk()
        let pools = [
            duel, QueueTicket.Pool(game: "chess", teams: 2, teamSize: 1),
            QueueTicket.Pool(game: "duel", teams: 1, teamSize: 2),
            QueueTicket.Pool(game: "duel", teams: 2, teamSize: 1, filter: "eu"),
        ]
        for (number, pool) in pools.enumerated() {
            queue.enter(number, pool, rank: 0)
        }
        #expect(queue.run(ticks: 20).found.isEmpty)
    }

    @Test func `parties stay together, and whatever can fill the teams does`() {
        let pool = QueueTicket.Pool(game: "x", teams: 2, teamSize: 3)
        let queue = Desk()
        // One by one in this order two singles and a pair would leave the other pair without a place.
        for (number, size) in [(1, 1), (2, 1), (3, 2), (4, 2)] {
            queue.enter(number, pool, rank: 0, size: size)
        }
        #expect(queue.run().found == [[[1, 3], [4, 2]]])
        for (number, size) in [(5, 2), (6, 2), (7, 2)] {
            queue.enter(number, pool, rank: 0, size: size)
        }
        #expect(queue.run(ticks: 10).found.isEmpty, "three pairs make no two teams of three")
        queue.enter(8, pool, rank: 0)
        queue.enter(9, pool, rank: 0)
        #expect(queue.run().found == [[[5, 8], [6, 9]]])
    }

    @Test func `a ticket that was taken out is out at once`() {
        let queue = Desk()
        for number in 1...3 { queue.enter(number, duel, rank: 0) }
        #expect(queue.cancel(1) && !queue.cancel(1) && queue.count == 2)
        #expect(queue.run().found == [[[2], [3]]])
    }

    @Test func `a full queue takes nobody, and what is over is told once`() {
        var limits = MatchQueue.Limits()
        limits.ticketsMax = 1
        limits.timeoutSeconds = 2
        let queue = Desk(limits)
        #expect(queue.enter(1, duel, rank: 0))
        #expect(!queue.enter(2, duel, rank: 0))
        #expect(queue.run(ticks: 7).timedOut.isEmpty && queue.run().timedOut == [1] && queue.count == 0)
    }

    /// Random players who come and go, against what must hold of every match.
    @Test(arguments: 0..<12) func `no match breaks a rule, and nobody waits while a match with them can be made`(
        seed: Int
    ) {
        func play() -> [[[UInt64]]] {
            var random = SeededRandom(seed: UInt64(seed))
            let pools = [
                duel, QueueTicket.Pool(game: "x", teams: 2, teamSize: 3),
                QueueTicket.Pool(game: "x", teams: 1, teamSize: 4),
                QueueTicket.Pool(game: "x", teams: 3, teamSize: 2),
            ]
            let queue = Desk()
            var waiting: [QueueTicket] = []
            var all: [[[UInt64]]] = []
            var seen: Set<UInt64> = []
            for number in UInt64(1)...600 {
                let pool = pools[random.int(in: 0...3)]
                let ticket = QueueTicket(
                    number: number, pool: pool, rank: random.int(in: 0...1_500), size: random.int(in: 1...pool.teamSize)
                )
                #expect(queue.enter(Int(number), pool, rank: ticket.rank, size: ticket.size))
                waiting.append(ticket)
                if random.int(in: 0...9) == 0, let gone = waiting.randomElement(using: &random) {
                    _ = queue.cancel(gone.number)
                    waiting.removeAll { $0.number == gone.number }
                }
                guard random.int(in: 0...2) == 0 else { continue }
                for outcome in queue.advance() {
                    switch outcome {
                    case .timedOut(let ticket): waiting.removeAll { $0.number == ticket.number }
                    case .found(let pool, let teams):
                        all.append(teams.map { $0.map(\.number) })
                        check(pool, teams, queue.queue, &seen)
                        let numbers = teams.joined().map(\.number)
                        #expect(numbers.allSatisfy { number in waiting.contains { $0.number == number } })
                        waiting.removeAll { numbers.contains($0.number) }
                    }
                }
                #expect(queue.count == waiting.count)
                noDuelIsMissed(queue.queue, waiting)
            }
            #expect(!all.isEmpty)
            return all
        }
        #expect(play() == play(), "the same calls find the same matches")
    }

    private func check(
        _ pool: QueueTicket.Pool, _ teams: [[QueueTicket]], _ queue: MatchQueue, _ seen: inout Set<UInt64>
    ) {
        #expect(teams.count == pool.teams)
        for team in teams { #expect(team.reduce(0) { $0 + $1.size } == pool.teamSize, "a full team of whole parties") }
        let tickets = teams.flatMap { $0 }
        let first = tickets.min { ($0.enteredTick, $0.number) < ($1.enteredTick, $1.number) }
        for ticket in tickets {
            let isNew = seen.insert(ticket.number).inserted
            #expect(ticket.pool == pool && isNew, "in one match only")
            if let first { #expect(abs(ticket.rank - first.rank) <= queue.window(of: first)) }
        }
    }

    /// In a pool of two single players whoever could meet has met.
    private func noDuelIsMissed(_ queue: MatchQueue, _ waiting: [QueueTicket]) {
        let ranks = waiting.filter { $0.pool == duel }.map(\.rank).sorted()
        for (left, right) in zip(ranks, ranks.dropFirst()) { #expect(right - left > queue.limits.window) }
    }

    @Test func `somebody far from all others is met as soon as the window reaches them, whoever else comes`() {
        let queue = Desk()
        queue.enter(1, duel, rank: 1_000)
        var number: UInt64 = 1
        var ticks = 0
        var partner: UInt64?
        while partner == nil, ticks < 400 {
            // Beginners come and meet each other all the time.
            for _ in 0..<2 {
                number += 1
                queue.enter(Int(number), duel)
            }
            ticks += 1
            for match in queue.run().found where match[0] == [1] { partner = match[1].first }
        }
        #expect(ticks == 4 * (1_000 - 100) / 25, "36 seconds")
    }
}
