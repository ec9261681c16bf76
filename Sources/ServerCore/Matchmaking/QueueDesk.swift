import Determinism
import JSONCore
import LobbyCore

/// The process's one queue, with those who wait in it and on whatever loop they are.
///
/// Whoever has come without a party is a ticket at once; a party is one when all of it are there, and none when one of them
/// goes.
final class QueueDesk {
    /// Somebody who waits.
    private struct Waiter: Hashable {
        var loop: Int
        var number: Int
    }

    /// Those of a party who are there, in the order in which they have come.
    private struct Party {
        var wish: MatchWish
        var here: [(waiter: Waiter, rank: Int)] = []
        /// Its ticket, once it is whole.
        var ticket: UInt64?
    }

    private unowned let server: Server
    private var queue: MatchQueue
    private var lastTicket: UInt64 = 0
    /// For whom a ticket is. Looked up only: a dictionary has no order.
    private var holders: [UInt64: (waiters: [Waiter], wish: MatchWish)] = [:]
    private var tickets: [Waiter: UInt64] = [:]
    private var parties: [String: Party] = [:]
    private var partyCodes: [Waiter: String] = [:]
    /// When the queue's next tick is due, while anybody waits.
    private var nextDue: Instant?

    init(server: Server) {
        self.server = server
        queue = MatchQueue(server.settings.queue)
    }

    /// How many tickets wait.
    var count: Int { queue.count }

    /// Takes what somebody wants, who waits on that loop.
    func receive(_ message: QueueMessage, from loop: Int) {
        switch message {
        case .enter(let number, let wish): enter(Waiter(loop: loop, number: number), wish)
        case .cancel(let number): cancel(Waiter(loop: loop, number: number))
        case .gathering, .found, .failed: break
        }
    }

    // MARK: Coming and going

    private func enter(_ waiter: Waiter, _ wish: MatchWish) {
        guard let party = wish.party else { return issue(for: [waiter], wish, rank: wish.rank) }
        var gathered = parties[party.code] ?? Party(wish: wish)
        guard gathered.wish.pool == wish.pool, gathered.wish.party == party, gathered.ticket == nil else {
            return tell(.failed(waiter.number, .badRequest("the party is whole, or asks for something else")), waiter)
        }
        gathered.here.append((waiter, wish.rank))
        partyCodes[waiter] = party.code
        parties[party.code] = gathered
        for (other, _) in gathered.here { tell(.gathering(other.number, here: gathered.here.count), other) }
        guard gathered.here.count == party.size else { return }
        // Nobody meets weaker players for having brought a beginner along.
        let rank = gathered.here.reduce(0) { max($0, $1.rank) }
        issue(for: gathered.here.map(\.waiter), gathered.wish, rank: rank)
        parties[party.code]?.ticket = tickets[waiter]
    }

    private func issue(for waiters: [Waiter], _ wish: MatchWish, rank: Int) {
        lastTicket += 1
        let ticket = QueueTicket(number: lastTicket, pool: wish.pool, rank: rank, size: waiters.count)
        guard queue.enter(ticket) else {
            for waiter in waiters { fail(waiter, .queueFull) }
            return
        }
        holders[lastTicket] = (waiters, wish)
        for waiter in waiters { tickets[waiter] = lastTicket }
        arm()
    }

    private func cancel(_ waiter: Waiter) {
        if let ticket = tickets.removeValue(forKey: waiter) {
            queue.cancel(ticket)
            for other in holders.removeValue(forKey: ticket)?.waiters ?? [] { tickets[other] = nil }
        }
        guard let code = partyCodes.removeValue(forKey: waiter), var party = parties[code] else { return }
        party.ticket = nil
        party.here.removeAll { $0.waiter == waiter }
        parties[code] = party.here.isEmpty ? nil : party
        for (other, _) in party.here { tell(.gathering(other.number, here: party.here.count), other) }
    }

    private func fail(_ waiter: Waiter, _ refusal: JoinRefusal) {
        forget(waiter)
        tell(.failed(waiter.number, refusal), waiter)
    }

    /// The waiter waits no more.
    private func forget(_ waiter: Waiter) {
        if let ticket = tickets.removeValue(forKey: waiter) { holders[ticket] = nil }
        if let code = partyCodes.removeValue(forKey: waiter) { parties[code] = nil }
    }

    private func tell(_ message: QueueMessage, _ waiter: Waiter) {
        guard waiter.loop != server.loops.own else { return server.matchmaker.receive(message, from: waiter.loop) }
        server.loops.link(to: waiter.loop).say(.queue(message))
    }

    // MARK: Ticks

    private func arm() {
        guard nextDue == nil, queue.count > 0 else { return }
        arm(at: server.clock() + tick)
    }

    private var tick: Interval { Interval(nanoseconds: 1_000_000_000 / Int64(queue.limits.tickRate)) }

    private func arm(at due: Instant) {
        nextDue = due
        _ = server.wheel.arm(at: due, token: TimerToken.queue.encoded)
    }

    /// A tick has passed.
    func timeReached() {
        let due = nextDue ?? server.clock()
        for outcome in queue.advance() {
            switch outcome {
            case .timedOut(let ticket):
                server.counters[.queueTimeouts] += 1
                for waiter in holders[ticket.number]?.waiters ?? [] { fail(waiter, .noMatch) }
            case .found(let pool, let teams): found(pool, teams)
            }
        }
        nextDue = nil
        // Counted from when this tick was due, so that ticks do not drift; one that is missed is not made up for.
        if queue.count > 0 { arm(at: max(due + tick, server.clock())) }
    }

    private func found(_ pool: QueueTicket.Pool, _ teams: [[QueueTicket]]) {
        var waiters: [Waiter] = []
        var places: [Int?] = []
        var filter = JSONObject()
        for (team, tickets) in teams.enumerated() {
            for ticket in tickets {
                guard let holder = holders[ticket.number] else { continue }
                filter = holder.wish.filter
                waiters += holder.waiters
                places += holder.waiters.map { _ in pool.teams > 1 ? team : nil }
            }
        }
        for waiter in waiters { forget(waiter) }
        server.counters[.matchesFound] += 1
        let opening: JSONValue = [
            "game": .string(pool.game), "filter": .object(filter),
            "lobby": ["listed": false, "players": .integer(Int64(pool.playerCount))],
        ]
        do throws(JoinRefusal) {
            var request = try JoinRequest(lobbyID: server.makeLobbyCode(), auth: opening, peerAddress: "")
            request.takesSeat = false
            server.openMatch(request, teams: places) { [weak self] result in
                for (place, waiter) in waiters.enumerated() {
                    switch result {
                    case .success(let kept): self?.tell(.found(waiter.number, kept[place]), waiter)
                    case .failure(let refusal): self?.tell(.failed(waiter.number, refusal), waiter)
                    }
                }
            }
        } catch {
            for waiter in waiters { tell(.failed(waiter.number, error), waiter) }
        }
    }
}
