import GameKit

/// What became of an input offered to an ``Inbox``.
package enum InputVerdict: Sendable, Equatable {
    /// It waits for its tick, or for the next one when its own has passed.
    case accepted
    /// Its sequence is not above the last one taken: a repeat.
    case repeated
    /// Its tick is too far ahead.
    case tooEarly
    /// The seat already has as many inputs waiting as it may.
    case full
}

/// The inputs of one lobby that wait for their tick, bounded for each seat.
///
/// When a seat's share is full the newest is dropped: what was promised to come first stays first.
package struct Inbox {
    /// The most inputs that wait for one seat.
    package static let perSeatMax = 32

    private var waiting: [SeatInput] = []
    private var waitingBySeat: [Int]
    private var lastSequence: [UInt32?]

    /// An empty inbox for `seatCount` seats.
    package init(seatCount: Int) {
        waitingBySeat = Array(repeating: 0, count: seatCount)
        lastSequence = Array(repeating: nil, count: seatCount)
    }

    /// How many inputs wait.
    package var count: Int { waiting.count }

    /// Takes an input, or says why not.
    ///
    /// - Parameters:
    ///   - entry: Its values are in range; its seat is one of the lobby's.
    ///   - nextTick: The tick that the lobby runs next.
    ///   - lookAheadTicks: How far beyond it an input may be meant.
    package mutating func offer(_ entry: SeatInput, nextTick: UInt32, lookAheadTicks: Int) -> InputVerdict {
        let (seat, input) = (entry.seat, entry.input)
        if let last = lastSequence[seat], input.sequence <= last { return .repeated }
        guard input.tick <= nextTick || Int(input.tick - nextTick) <= lookAheadTicks else { return .tooEarly }
        guard waitingBySeat[seat] < Self.perSeatMax else { return .full }
        lastSequence[seat] = input.sequence
        waitingBySeat[seat] += 1
        waiting.append(entry)
        return .accepted
    }

    /// Moves what is due at `tick` to `due`, in the order of arrival; the game sorts it by (tick, seat, sequence).
    package mutating func take(tick: UInt32, into due: inout [SeatInput]) {
        due.removeAll(keepingCapacity: true)
        guard !waiting.isEmpty else { return }
        var kept = 0
        for entry in waiting {
            if entry.input.tick <= tick {
                due.append(entry)
                waitingBySeat[entry.seat] -= 1
            } else {
                waiting[kept] = entry
                kept += 1
            }
        }
        waiting.removeLast(waiting.count - kept)
    }

    /// The sequence after the last one taken from `seat`.
    package func nextSequence(of seat: Int) -> UInt32 {
        lastSequence[seat].map { $0 == .max ? .max : $0 + 1 } ?? 0
    }

    /// Forgets everything of a seat: its holder has left, or counts anew after resuming.
    package mutating func reset(seat: Int) {
        waiting.removeAll { $0.seat == seat }
        waitingBySeat[seat] = 0
        lastSequence[seat] = nil
    }
}
