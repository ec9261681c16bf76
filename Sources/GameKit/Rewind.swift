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
    @usableFromInline var kept: [(tick: UInt32, state: State)] = []
    /// Where the next goes.
    @usableFromInline var next = 0
    @usableFromInline let capacity: Int

    /// Keeps the states of the time that the rules say, and the newest.
    public init(_ rules: Rules) {
        capacity = rules.rewindTicks + 1
    }

    /// Keeps the state after a step; ticks rise.
    @inlinable public mutating func keep(_ state: State, at tick: UInt32) {
        keep(at: tick, startingWith: state) { $0 = state }
    }

    /// Keeps the state after a step by writing it over one that is too old to be looked at, so that a state which holds memory
    /// of its own needs no more of it once there are as many as are kept.
    ///
    /// - Parameters:
    ///   - tick: The step's; ticks rise.
    ///   - fresh: What is written over as long as there are fewer.
    ///   - overwrite: Makes of an old state the present one.
    @inlinable public mutating func keep(
        at tick: UInt32, startingWith fresh: @autoclosure () -> State, _ overwrite: (inout State) -> Void
    ) {
        precondition(newestTick.map { $0 < tick } ?? true, "a rewind keeps each tick once, in order")
        if kept.count < capacity { kept.append((tick, fresh())) }
        kept[next].tick = tick
        overwrite(&kept[next].state)
        next = (next + 1) % capacity
    }

    /// The tick of the newest state; nil when nothing is kept.
    @inlinable public var newestTick: UInt32? {
        kept.isEmpty ? nil : kept[(next + capacity - 1) % capacity].tick
    }

    /// The state after `tick`, or the one before it that is nearest, or the oldest there is; nil when nothing is kept.
    @inlinable public func state(at tick: UInt32) -> State? {
        guard !kept.isEmpty else { return nil }
        // From the newest back: ticks rise.
        for age in 1..<kept.count {
            let index = (next + capacity - age) % capacity
            if kept[index].tick <= tick { return kept[index].state }
        }
        return kept[kept.count < capacity ? 0 : next].state
    }
}

extension Rules {
    /// How many ticks may be looked back.
    var rewindTicks: Int { Int(rewind.nanoseconds * Int64(tickRate) / 1_000_000_000) }
}

/// What each player looks at: how far behind it was when its newest input came to a step.
struct SeenTicks: Sendable {
    private struct Seen: Sendable {
        /// The newest snapshot that the player has said to have; 0 for none.
        var tick: UInt32 = 0
        /// How many ticks lay between that and the newest, at the step that took the player's newest input.
        var lag: UInt32 = 0
    }

    private var seen: [Seen]
    private let lagMax: UInt32

    init(_ rules: Rules) {
        seen = Array(repeating: Seen(), count: rules.seats)
        lagMax = UInt32(rules.rewindTicks)
    }

    /// A player does not see less than before: who says so is not believed.
    mutating func note(_ entry: SeatInput, at now: UInt32) {
        guard entry.input.seen > 0 else { return }
        let tick = max(seen[entry.seat].tick, entry.input.seen)
        let newest = now - min(now, 1)
        seen[entry.seat] = Seen(tick: tick, lag: min(lagMax, newest - min(newest, tick)))
    }

    mutating func forget(_ seat: Int) { seen[seat] = Seen() }

    func tick(_ seat: Int, now: UInt32) -> UInt32 {
        let newest = now - min(now, 1)
        return seen.indices.contains(seat) ? newest - min(newest, seen[seat].lag) : newest
    }
}

extension GameContext {
    /// The tick of the world that a player looks at: as many before the newest as it was behind when its newest input came to a
    /// step, but no more than the rules' ``Rules/rewind``, whatever it says. The step before this one for a player of whom
    /// nothing is known, and in games that do not rewind.
    ///
    /// What lies between is the way there and back, and what its client keeps snapshots and inputs waiting. It is made of the snapshot
    /// that its inputs name, and so is part of the record.
    public func tickSeen(by seat: Int) -> UInt32 { seenTicks?.tick(seat, now: tick) ?? tick - min(tick, 1) }
}
