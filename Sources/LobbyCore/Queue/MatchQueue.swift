/// Those who wait for others to play with, and who is found for whom.
///
/// It counts in ticks and has no clock and no chance: the same calls in the same order find the same matches. On each tick
/// the one that has waited longest is tried first, then the next:
///
/// - Who may meet at all has the same ``QueueTicket/Pool``: game, teams and filter.
/// - The longest waiting of a match sets its window: all others' ranks are at most that far from its own. The window is
///   ``Limits/window`` at first and ``Limits/widening`` more after each second of waiting, ``Limits/windowMax`` at last.
/// - Of those in the window the nearest in rank are taken, of equals those that have waited longer.
/// - A party is never split over teams, and every team of a match is full.
///
/// So who has waited longest is found a match on the first tick on which one with it can be made, and nobody who comes later
/// can get in between.
package struct MatchQueue: Sendable {
    /// What a queue may do.
    package struct Limits: Sendable, Equatable {
        /// Ticks in a second.
        package var tickRate = 4
        /// How far ranks may differ at first.
        package var window = 100
        /// How much further after each second of waiting.
        package var widening = 25
        /// How far at last.
        package var windowMax = 2_000
        /// How many seconds a ticket waits.
        package var timeoutSeconds = 60
        /// The most tickets at a time.
        package var ticketsMax = 10_000

        /// The defaults.
        package init() {}
    }

    /// What has become of a ticket, or of several.
    package enum Outcome: Sendable, Equatable {
        /// Those belong together: tickets by team. They have left the queue.
        case found(QueueTicket.Pool, teams: [[QueueTicket]])
        /// Nobody was found in time. It has left the queue.
        case timedOut(QueueTicket)
    }

    /// What it may do.
    package let limits: Limits
    /// How many ticks have passed.
    package private(set) var tick: UInt64 = 0
    /// The oldest first.
    private var waiting: [QueueTicket] = []

    /// A queue in which nobody waits.
    package init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// How many tickets wait.
    package var count: Int { waiting.count }

    /// Puts a ticket at the end.
    ///
    /// - Returns: false when there are as many as may be.
    package mutating func enter(_ ticket: QueueTicket) -> Bool {
        precondition(ticket.size <= ticket.pool.teamSize, "a party fits into a team")
        guard waiting.count < limits.ticketsMax else { return false }
        var ticket = ticket
        ticket.enteredTick = tick
        waiting.append(ticket)
        return true
    }

    /// Takes a ticket out, at once; whether it waited.
    @discardableResult
    package mutating func cancel(_ number: UInt64) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return false }
        waiting.remove(at: index)
        return true
    }

    /// How far from its rank a ticket looks for others just now.
    package func window(of ticket: QueueTicket) -> Int {
        let seconds = Int(tick - ticket.enteredTick) / limits.tickRate
        return min(limits.windowMax, limits.window + seconds * limits.widening)
    }

    /// How many of a pool wait, in players.
    package func playerCount(in pool: QueueTicket.Pool) -> Int {
        waiting.reduce(0) { $0 + ($1.pool == pool ? $1.size : 0) }
    }

    // MARK: Finding

    /// Passes a tick: finds every match that can be made, the longest waiting first.
    package mutating func advance() -> [Outcome] {
        tick += 1
        var outcomes: [Outcome] = []
        var taken: Set<UInt64> = []
        for tickets in pools() {
            for teams in find(in: tickets) {
                for ticket in teams.joined() { taken.insert(ticket.number) }
                outcomes.append(.found(tickets[0].pool, teams: teams))
            }
        }
        let timeout = UInt64(limits.timeoutSeconds * limits.tickRate)
        waiting.removeAll { ticket in
            if taken.contains(ticket.number) { return true }
            guard tick - ticket.enteredTick >= timeout else { return false }
            outcomes.append(.timedOut(ticket))
            return true
        }
        return outcomes
    }

    /// Those who may meet, by whose first has waited longest; in each the oldest first.
    private func pools() -> [[QueueTicket]] {
        var pools: [[QueueTicket]] = []
        // For looking up: what comes out has the order of the tickets.
        var places: [QueueTicket.Pool: Int] = [:]
        for ticket in waiting {
            if let place = places[ticket.pool] {
                pools[place].append(ticket)
            } else {
                places[ticket.pool] = pools.count
                pools.append([ticket])
            }
        }
        return pools
    }

    /// The matches of one pool, each by team.
    private func find(in tickets: [QueueTicket]) -> [[[QueueTicket]]] {
        let needed = tickets[0].pool.playerCount
        var players = tickets.reduce(0) { $0 + $1.size }
        // Most of the time most of a pool waits for more to come.
        guard players >= needed else { return [] }
        let byRank = tickets.indices.sorted { (tickets[$0].rank, $0) < (tickets[$1].rank, $1) }
        var isTaken = Array(repeating: false, count: tickets.count)
        var found: [[[QueueTicket]]] = []
        for first in tickets.indices where !isTaken[first] && players >= needed {
            let (rank, window) = (tickets[first].rank, window(of: tickets[first]))
            let start = byRank.partitionPoint { tickets[$0].rank >= rank - window }
            let end = byRank.partitionPoint { tickets[$0].rank > rank + window }
            // Those before it were tried with everyone whom they may meet.
            let others = byRank[start..<end].filter { $0 > first && !isTaken[$0] }
            guard let teams = match(with: first, others, of: tickets) else { continue }
            for place in teams.joined() { isTaken[place] = true }
            players -= needed
            found.append(teams.map { $0.map { tickets[$0] } })
        }
        return found
    }

    /// The match with one ticket in it and the nearest of others; nil where there are not enough that fit.
    ///
    /// - Returns: Places in `tickets`, by team.
    private func match(with first: Int, _ others: [Int], of tickets: [QueueTicket]) -> [[Int]]? {
        let pool = tickets[first].pool
        var counts = Array(repeating: 0, count: pool.teamSize + 1)
        for other in others { counts[tickets[other].size] += 1 }
        let plan = TeamPlan(teams: pool.teams, teamSize: pool.teamSize, first: tickets[first].size, counts: counts)
        guard let plan else { return nil }
        func distance(_ place: Int) -> Int { abs(tickets[place].rank - tickets[first].rank) }
        // Of equals those that have waited longer come first.
        let nearest = others.sorted { (distance($0), $0) < (distance($1), $1) }
        var bySize = Array(repeating: ArraySlice<Int>(), count: pool.teamSize + 1)
        for place in nearest { bySize[tickets[place].size].append(place) }
        return plan.teams.enumerated().map { number, sizes in
            let members = sizes.compactMap { bySize[$0].popFirst() }
            return number == 0 ? [first] + members : members
        }
    }
}

extension Array {
    /// The first place from which on all elements are so, in an array where they are so from some place on.
    fileprivate func partitionPoint(_ isSo: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isSo(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
