import GameKit
import SnapshotCore

/// What became of an input offered to an ``Inbox``.
package enum InputVerdict: Sendable, Equatable {
    /// It waits for its tick, or for the next one when its own has passed.
    case accepted
    /// Its sequence is not above the last one taken: a repeat.
    case repeated
    /// Its tick is too far ahead.
    case tooEarly
    /// Its tick passed too long ago: that step has been run without it, and is not run again.
    case tooLate
    /// The seat already has as many inputs waiting as it may.
    case full
    /// Its sender goes on sending far more than the rules' rate, and is to be sent away.
    case flood
}

/// The inputs of one lobby that wait for their tick, bounded for each seat.
///
/// When a seat's share is full the newest is dropped: what was promised to come first stays first.
package struct Inbox {
    /// The most inputs that wait for one seat.
    package static let perSeatMax = 32

    /// The first ``count`` wait; the others are places whose memory is used again.
    private var waiting: [SeatInput] = []
    /// How many inputs wait.
    package private(set) var count = 0
    private var waitingBySeat: [Int]
    private var lastSequence: [UInt32?]
    /// How much each seat may still have taken.
    var credit: InputCredit
    /// By how many ticks the latest of each seat's inputs was early since that was last asked; `.max` where none has come.
    private var earliness: [Int]
    private let ticksAheadMax: Int
    private let ticksBehindMax: Int

    /// An empty inbox for a game with these rules.
    package init(_ rules: Rules) {
        waitingBySeat = Array(repeating: 0, count: rules.seats)
        lastSequence = Array(repeating: nil, count: rules.seats)
        earliness = Array(repeating: .max, count: rules.seats)
        credit = InputCredit(rules)
        ticksAheadMax = rules.maxTicksAhead
        ticksBehindMax = rules.maxTicksBehind
    }

    /// Takes an input, or says why not.
    ///
    /// - Parameters:
    ///   - entry: Its values are in range; its seat is one of the lobby's.
    ///   - nextTick: The tick that the lobby runs next.
    package mutating func offer(_ entry: SeatInput, nextTick: UInt32) -> InputVerdict {
        let (seat, input) = (entry.seat, entry.input)
        if let last = lastSequence[seat], input.sequence <= last { return .repeated }
        let early = Int(input.tick) - Int(nextTick)
        guard early <= ticksAheadMax else { return .tooEarly }
        earliness[seat] = min(earliness[seat], early)
        guard early >= -ticksBehindMax else { return .tooLate }
        guard waitingBySeat[seat] < Self.perSeatMax else { return .full }
        lastSequence[seat] = input.sequence
        waitingBySeat[seat] += 1
        if count == waiting.count {
            waiting.append(entry)
        } else {
            waiting[count].seat = seat
            waiting[count].input.overwrite(with: input)
        }
        count += 1
        return .accepted
    }

    /// Moves what is due at `tick` to `due`, in the order of arrival; the game sorts it by (tick, seat, sequence).
    ///
    /// - Parameter due: What it holds is let go of. What it gets shares the memory of later inputs: to be emptied again soon.
    /// - Returns: How many were dropped because their seats have no credit for them.
    package mutating func take(tick: UInt32, into due: inout [SeatInput]) -> Int {
        due.removeAll(keepingCapacity: true)
        var kept = 0
        var overdrawn = 0
        for index in 0..<count {
            let seat = waiting[index].seat
            if waiting[index].input.tick <= tick {
                if credit.spend(seat, at: tick) { due.append(waiting[index]) } else { overdrawn += 1 }
                waitingBySeat[seat] -= 1
            } else {
                if kept < index { waiting.swapAt(kept, index) }
                kept += 1
            }
        }
        count = kept
        return overdrawn
    }

    /// By how many ticks the latest of the inputs that have come since this was last asked was early, negative where it was
    /// late; nil where none has come.
    package mutating func takeEarliness(of seat: Int) -> Int? {
        let early = earliness[seat]
        earliness[seat] = .max
        return early == .max ? nil : early
    }

    /// The same, without that anybody was told.
    package func earliness(of seat: Int) -> Int? { earliness[seat] == .max ? nil : earliness[seat] }

    /// How many inputs of a seat wait.
    package func waiting(of seat: Int) -> Int { waitingBySeat[seat] }

    /// The sequence after the last one taken from `seat`.
    package func nextSequence(of seat: Int) -> UInt32 {
        lastSequence[seat].map { $0 == .max ? .max : $0 + 1 } ?? 0
    }

    /// Forgets everything of a seat: its holder has left, or counts anew after resuming.
    package mutating func reset(seat: Int) {
        var kept = 0
        for index in 0..<count where waiting[index].seat != seat {
            if kept < index { waiting.swapAt(kept, index) }
            kept += 1
        }
        count = kept
        waitingBySeat[seat] = 0
        lastSequence[seat] = nil
        earliness[seat] = .max
    }
}
