import GameKit
import SnapshotCore

/// How many inputs of each seat steps may still take: as many as the rules' rate credits, 2 % more for clocks that run
/// fast, and ``bank`` more that are saved up for connections that halt and catch up.
///
/// In any t seconds a seat gets at most rate · t · 1.02 + 8 inputs, whatever it sends and when. Whole numbers only: the
/// same everywhere.
struct InputCredit {
    /// The most inputs that are saved up.
    static let bank = 8

    /// One seat's.
    private struct Account {
        var credit: Int
        /// Up to which tick it has been credited.
        var tick: UInt32
    }

    /// What one tick earns, what one input costs, and the most that one tick may spend.
    private let gain: Int
    private let cost: Int
    private let most: Int
    /// More ticks than this earn no more.
    private let ticksMax: Int
    private var accounts: [Account]

    init(_ rules: Rules) {
        gain = rules.inputRate * 102
        cost = rules.tickRate * 100
        most = Self.bank * cost + gain
        ticksMax = most / gain + 1
        accounts = Array(repeating: Account(credit: most, tick: 0), count: rules.seats)
    }

    /// Takes one input's worth of a seat's credit at `tick`; false when there is not enough.
    mutating func spend(_ seat: Int, at tick: UInt32) -> Bool {
        var account = accounts[seat]
        if account.tick != tick {
            account.credit = min(most, account.credit + min(Int(tick &- account.tick), ticksMax) * gain)
            account.tick = tick
        }
        let isEnough = account.credit >= cost
        if isEnough { account.credit -= cost }
        accounts[seat] = account
        return isEnough
    }

    /// A seat has a new holder, who has all credit. Who comes back has what it had.
    mutating func refill(_ seat: Int) { accounts[seat].credit = most }
}

/// Stands in for inputs that have not come, where the game wants that.
struct MissingInputs {
    private let policy: MissingInput
    private let neutral: [UInt32]
    /// Each seat's newest input, and for how many ticks there was none.
    private var last: [QuantisedInput?]
    private var missing: [Int]
    /// The seats of whom something has come for the step.
    private var isThere: [Bool]

    /// Nil where nothing stands in.
    init?(_ game: GameType) {
        guard game.rules.missingInput != .skip else { return nil }
        policy = game.rules.missingInput
        neutral = game.defaultInput
        last = Array(repeating: nil, count: game.rules.seats)
        missing = Array(repeating: 0, count: game.rules.seats)
        isThere = Array(repeating: false, count: game.rules.seats)
    }

    /// Adds what is missing. What stands in is credited like what was sent, so that silence and a burst afterwards give no
    /// more than playing on.
    mutating func fill(_ due: inout [SeatInput], at tick: UInt32, _ seats: SeatTable, _ credit: inout InputCredit) {
        for seat in isThere.indices { isThere[seat] = false }
        for entry in due {
            isThere[entry.seat] = true
            missing[entry.seat] = 0
            let newest = last[entry.seat].map { ($0.tick, $0.sequence) } ?? (0, 0)
            guard (entry.input.tick, entry.input.sequence) >= newest else { continue }
            // A copy: what it shared with the inbox would be in the way of the next input there.
            if last[entry.seat] == nil { last[entry.seat] = QuantisedInput(tick: 0, sequence: 0, values: []) }
            last[entry.seat]?.overwrite(with: entry.input)
        }
        for seat in seats.rows.indices where !isThere[seat] && seats.rows[seat].state == .connected {
            missing[seat] += 1
            guard let values = values(for: seat), credit.spend(seat, at: tick) else { continue }
            let sequence = last[seat]?.sequence ?? 0
            due.append(
                SeatInput(
                    seat: seat,
                    input: QuantisedInput(
                        tick: tick, sequence: sequence, values: values, seen: last[seat]?.seen ?? 0)))
        }
    }

    private func values(for seat: Int) -> [UInt32]? {
        switch policy {
        case .skip: nil
        case .neutral: neutral
        case .repeat(let ticks): missing[seat] <= ticks ? last[seat]?.values : nil
        }
    }

    /// Forgets what a seat has sent.
    mutating func forget(_ seat: Int) {
        last[seat] = nil
        missing[seat] = 0
    }
}
