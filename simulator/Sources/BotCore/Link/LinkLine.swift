import Determinism

/// When what is sent on one direction of a link arrives: its line is occupied for as long as the bandwidth says, each segment
/// draws its jitter and its losses, and none overtakes another.
package struct LinkLine: Sendable {
    /// The most losses of one segment.
    private static let lossesMax = 4

    /// Until when the line is occupied.
    package private(set) var freeAt: Instant = .zero
    private var lastArrival: Instant
    /// What departs before arrives no sooner.
    package private(set) var silentUntil: Instant = .zero
    private var nextStall: Instant?

    /// A line on which nothing arrives before `start`.
    package init(start: Instant) { lastArrival = start }

    /// A segment departs.
    ///
    /// - Parameter count: How many bytes it has; 0 for what travels without any.
    /// - Returns: When it arrives.
    package mutating func depart(
        _ count: Int, at now: Instant, _ link: LinkConditions, _ random: inout SeededRandom
    ) -> Instant {
        if let bytesPerSecond = link.bytesPerSecond {
            let nanoseconds = Int64(count) * 1_000_000_000 / Int64(bytesPerSecond)
            freeAt = max(freeAt, now) + Interval(nanoseconds: nanoseconds)
        }
        var arrival = max(freeAt, now) + max(link.latency, Interval(nanoseconds: 1))
        if link.jitter > .zero {
            let nanoseconds = random.int(in: 0...Int(link.jitter.nanoseconds))
            arrival = arrival + Interval(nanoseconds: Int64(nanoseconds))
        }
        if random.comes(link.lossChance) { arrival = arrival + delay(of: link, &random) }
        if let stallEvery = link.stallEvery { stall(link, every: stallEvery, now, &random) }
        lastArrival = max(lastArrival, arrival, silentUntil)
        return lastArrival
    }

    /// Lets nothing that departs from now on arrive before `instant`.
    package mutating func hold(until instant: Instant) { silentUntil = max(silentUntil, instant) }

    private func delay(of link: LinkConditions, _ random: inout SeededRandom) -> Interval {
        var delay = link.retransmitDelay
        var losses = 1
        while losses < Self.lossesMax, random.comes(link.burstChance) {
            delay = delay + link.retransmitDelay * (1 << losses)
            losses += 1
        }
        return delay
    }

    private mutating func stall(
        _ link: LinkConditions, every interval: Interval, _ now: Instant, _ random: inout SeededRandom
    ) {
        func drawn(_ length: Interval) -> Interval {
            Interval(nanoseconds: Int64(length.seconds * random.double(in: 0.5...1.5) * 1e9))
        }
        let due = nextStall ?? now + drawn(interval)
        nextStall = due
        guard now >= due else { return }
        hold(until: now + drawn(link.stallTime))
        nextStall = now + drawn(interval)
    }
}

extension SeededRandom {
    /// Whether something comes to pass that does so with that chance; nothing is drawn for what never does.
    package mutating func comes(_ chance: Double) -> Bool { chance > 0 && unit() < chance }

    /// All of `count`, or with that chance a part: any size, every second time one of a few bytes.
    package mutating func slice(_ count: Int, chance: Double) -> Int {
        guard count > 1, comes(chance) else { return count }
        return int(in: 1...(next() & 1 == 0 ? count : min(count, 8)))
    }
}
