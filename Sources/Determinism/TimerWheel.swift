/// Many coarse timers behind one clock: 512 slots of 8 ms, entries in index-linked lists, no allocation per timer once
/// the table has grown.
///
/// Heartbeats, deadlines and grace times live here instead of in one libuv timer each. An entry fires at its
/// instant or up to 8 ms later, never before. Entries further away than one turn of the wheel stay in their slot and are
/// looked at once a turn (4.1 s). Entries due in the same `advance` fire in order of slot, then of arming.
package struct TimerWheel: ~Copyable {
    /// Names an armed timer. A key of a timer that has fired or was cancelled is stale and is ignored.
    package struct Key: Sendable, Equatable {
        fileprivate var index: Int32
        fileprivate var generation: UInt32
        /// A key that names no timer.
        package static let none = Key(index: -1, generation: 0)
    }

    private struct Entry {
        var due: Instant
        var token: UInt64
        var next: Int32
        var previous: Int32
        var generation: UInt32
        var slot: Int16
        var isArmed: Bool
    }

    private static let slotCount = 512
    private static let slotNanoseconds: Int64 = 8_000_000

    private var entries: [Entry] = []
    private var free: [Int32] = []
    private var heads = [Int32](repeating: -1, count: slotCount)
    private var tails = [Int32](repeating: -1, count: slotCount)
    private var occupied = [UInt64](repeating: 0, count: slotCount / 64)
    /// The last slot number (not wrapped) that has been run to its end.
    private var cursor: Int64

    /// How many timers are armed.
    package private(set) var count = 0

    /// An empty wheel at `now`.
    package init(now: Instant) {
        cursor = now.nanoseconds / Self.slotNanoseconds
    }

    /// Arms a timer that hands `token` to ``advance(to:_:)`` once `due` has passed.
    package mutating func arm(at due: Instant, token: UInt64) -> Key {
        let index: Int32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = Int32(entries.count)
            entries.append(
                Entry(
                    due: due, token: token, next: -1, previous: -1, generation: 0, slot: 0,
                    isArmed: false))
        }
        let at = Int(index)
        entries[at].due = due
        entries[at].token = token
        entries[at].isArmed = true
        link(index)
        count += 1
        return Key(index: index, generation: entries[at].generation)
    }

    /// Disarms a timer; a stale key does nothing.
    package mutating func cancel(_ key: Key) {
        guard key.index >= 0, Int(key.index) < entries.count else { return }
        let entry = entries[Int(key.index)]
        guard entry.isArmed, entry.generation == key.generation else { return }
        unlink(key.index)
        release(key.index)
    }

    /// When ``advance(to:_:)`` has something to look at next, or nil when nothing is armed. Never later than the
    /// end of the first due timer's slot; may be early, for a timer that is turns away.
    package var nextWake: Instant? {
        guard count > 0 else { return nil }
        let first = cursor + 1
        var step: Int64 = 0
        while step < Int64(Self.slotCount) {
            let position = Int((first + step) & Int64(Self.slotCount - 1))
            let word = occupied[position >> 6] >> UInt64(position & 63)
            if word != 0 {
                return Instant(
                    nanoseconds: (first + step + Int64(word.trailingZeroBitCount) + 1) * Self.slotNanoseconds)
            }
            step += Int64(64 - (position & 63))
        }
        return nil
    }

    /// Fires every timer that is due at `now`, by handing its token to `body`, which may arm and cancel others
    /// through the wheel it is given.
    package mutating func advance(
        to now: Instant, _ body: (inout TimerWheel, UInt64) -> Void
    ) {
        let target = now.nanoseconds / Self.slotNanoseconds - 1
        // After a long pause one turn visits every slot; the rest would only visit them again.
        if target - cursor > Int64(Self.slotCount) { cursor = target - Int64(Self.slotCount) }
        while cursor < target {
            cursor += 1
            runSlot(Int(cursor & Int64(Self.slotCount - 1)), now, body)
        }
    }

    private mutating func runSlot(
        _ slot: Int, _ now: Instant, _ body: (inout TimerWheel, UInt64) -> Void
    ) {
        var due: [(Int32, UInt32)] = []
        var index = heads[slot]
        while index >= 0 {
            let entry = entries[Int(index)]
            if entry.due <= now { due.append((index, entry.generation)) }
            index = entry.next
        }
        for (index, generation) in due {
            // An earlier one of this slot may have cancelled it.
            let entry = entries[Int(index)]
            guard entry.isArmed, entry.generation == generation else { continue }
            unlink(index)
            release(index)
            body(&self, entry.token)
        }
    }

    /// The slot of a due instant, never one that has been run already.
    private func slot(of due: Instant) -> Int {
        let number = max(due.nanoseconds / Self.slotNanoseconds, cursor + 1)
        return Int(number & Int64(Self.slotCount - 1))
    }

    private mutating func link(_ index: Int32) {
        let at = Int(index)
        let slot = slot(of: entries[at].due)
        entries[at].previous = tails[slot]
        entries[at].next = -1
        if tails[slot] >= 0 {
            entries[Int(tails[slot])].next = index
        } else {
            heads[slot] = index
        }
        tails[slot] = index
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
        entries[at].slot = Int16(slot)
    }

    private mutating func unlink(_ index: Int32) {
        let entry = entries[Int(index)]
        let slot = Int(entry.slot)
        if entry.previous >= 0 {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[slot] = entry.next
        }
        if entry.next >= 0 {
            entries[Int(entry.next)].previous = entry.previous
        } else {
            tails[slot] = entry.previous
        }
        if heads[slot] < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }

    private mutating func release(_ index: Int32) {
        entries[Int(index)].isArmed = false
        entries[Int(index)].generation &+= 1
        free.append(index)
        count -= 1
    }
}
