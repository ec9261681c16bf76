import Determinism

/// The last states of a part of a game, to look at what was there when a player saw it: lag compensation.
///
///     var past = Rewind<Table<Player>>(Self.rules)
///     …
///     past.keep(players, at: context.tick)    // at the end of each step
///     let target = past.state(at: context.tickSeen(by: shooter))?[seat: victim]
///
/// A plain value of the game's own, so it is copied, recorded and played again with it. It costs what it keeps: nothing but a
/// reference for what has not changed since.
public struct Rewind<State: Sendable>: Sendable {
    private var kept: [(tick: UInt32, state: State)] = []
    /// Where the next goes.
    private var next = 0
    private let capacity: Int

    /// Keeps the states of the time that the rules say, and the newest.
    public init(_ rules: Rules) {
        capacity = rules.rewindTicks + 1
    }

    /// Keeps the state after a step; ticks rise.
    public mutating func keep(_ state: State, at tick: UInt32) {
        precondition(newestTick.map { $0 < tick } ?? true, "a rewind keeps each tick once, in order")
        if kept.count < capacity {
            kept.append((tick, state))
        } else {
            kept[next] = (tick, state)
        }
        next = (next + 1) % capacity
    }

    /// The tick of the newest state; nil when nothing is kept.
    public var newestTick: UInt32? {
        kept.isEmpty ? nil : kept[(next + capacity - 1) % capacity].tick
    }

    /// The state after `tick`, or the one before it that is nearest, or the oldest there is; nil when nothing is kept.
    public func state(at tick: UInt32) -> State? {
        var best: Int?
        for index in kept.indices
        where kept[index].tick <= tick && kept[index].tick >= (best.map { kept[$0].tick } ?? 0) {
            best = index
        }
        guard best == nil else { return best.map { kept[$0].state } }
        return kept.indices.min { kept[$0].tick < kept[$1].tick }.map { kept[$0].state }
    }
}

extension Rules {
    /// How many ticks may be looked back.
    var rewindTicks: Int { Int(rewind.nanoseconds * Int64(tickRate) / 1_000_000_000) }
}

/// The newest snapshot that each player had when it sent its last input.
struct SeenTicks: Sendable {
    private var seen: [UInt32]
    private let ticksMax: UInt32

    init(_ rules: Rules) {
        seen = Array(repeating: 0, count: rules.seats)
        ticksMax = UInt32(rules.rewindTicks)
    }

    /// A player does not see less than before: who says so is not believed.
    mutating func note(_ entry: SeatInput) { seen[entry.seat] = max(seen[entry.seat], entry.input.seen) }

    mutating func forget(_ seat: Int) { seen[seat] = 0 }

    func tick(_ seat: Int, now: UInt32) -> UInt32 {
        let newest = now - min(now, 1)
        guard seen.indices.contains(seat), seen[seat] > 0 else { return newest }
        return min(newest, max(seen[seat], now - min(now, ticksMax + 1)))
    }
}

extension GameContext {
    /// The tick of the world that a player looked at when it sent its newest input: what it says, but no further back than the
    /// rules' ``Rules/rewind``, and never further than it was before. The step before this one for a player of whom nothing is
    /// known, and in games that do not rewind.
    public func tickSeen(by seat: Int) -> UInt32 { view?.tick(seat, now: tick) ?? tick - min(tick, 1) }
}
