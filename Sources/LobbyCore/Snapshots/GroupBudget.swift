import GameKit
import SnapshotCore

/// How many bytes of snapshots each player may be sent, and what each client has of groups that have had to wait
/// (protocol/spec/snapshot.md §8.5, docs/decisions/0025-interest.md).
///
/// A seat has as many bytes as its credit, which grows with each tick up to half a second's worth. As long as a message fits it is
/// everybody's who sees the same; when it does not, some groups wait: the client has of these what it was told last.
struct GroupBudget {
    /// What a client has of a group where that is not what the baseline of its next message says.
    struct Told: Equatable {
        var group: UInt16
        /// As of which tick it has the group; 0 where it has nothing of it.
        var tick: UInt32
        /// As of which tick it had the group in the state before that; 0 where it had nothing of it.
        var before: UInt32
        /// Since which tick what it has is not the newest that it was sent.
        var since: UInt32
    }

    /// What is known of one seat.
    struct Account {
        /// How many bytes it may be sent; below zero after what could not be cut.
        var credit: Double
        var creditedAt: UInt32 = 0
        /// By group, ascending; all else it has as of the tick that it was sent last.
        var told: [Told] = []
        /// The message after which that is so.
        var tick: UInt32 = 0
    }

    /// A segment that a client is to be sent, or that waits.
    struct Segment {
        var told: Told
        var link: GroupHistory.Link
        /// Empty for a group that is not seen any more.
        var payload: Range<Int>
        /// What of the message it takes.
        var byteCount: Int
        /// The first of those with which it goes or stays.
        var unit = 0
        var isChosen = false
    }

    /// Segments that go together or not at all, because an entity has gone from the one's group to the other's.
    struct Unit {
        var first: Int
        var byteCount = 0
        /// How many ticks one of its groups may still wait; below zero where that is over.
        var slack = Int.max
        var urgency = 0
    }

    /// What comes of one message, for the counters.
    struct Outcome: Equatable {
        /// Whether the message starts from nothing.
        var isFromNothing = false
        /// Whether some groups wait.
        var isCut = false
        /// How many groups are older than they may be, as the budget has no room for them.
        var lateGroups = 0
        /// Whether more was sent than there was credit for, since one unit is more than half a second's worth.
        var isOverdrawn = false
    }

    /// What a message takes without segments, and below which none is made.
    static let headerBytesMax = 16

    let rules: SnapshotBudget
    private let bytesPerTick: Double
    /// The most credit that a seat has.
    let capacity: Double
    /// How many ticks a group may wait of which the game says nothing else; and any.
    private let defaultTicks: Int
    private let ticksMax: Int
    private let tickRate: Int
    /// Ticks from one snapshot to the next, at most.
    let gap: Int
    var accounts: [Account]
    var segments: [Segment] = []
    var units: [Unit] = []
    /// What a client has of each group, while a message for it is made; and of which it has what there is.
    var held: [Told] = []
    var current: [Told] = []
    /// Ids that have left a group: by type and id, and which segment they have left.
    var movers: [(key: UInt32, segment: Int)] = []

    init(_ budget: SnapshotBudget, _ rules: Rules) {
        self.rules = budget
        tickRate = rules.tickRate
        bytesPerTick = Double(budget.bytesPerSecond) / Double(rules.tickRate)
        capacity = max(Double(Self.headerBytesMax * 4), Double(budget.bytesPerSecond) / 2)
        gap = (rules.tickRate + rules.snapshotRate - 1) / rules.snapshotRate
        // What a client has must be in the history still when it is led on from there.
        ticksMax = gap * (SnapshotHistory.capacity - 8)
        defaultTicks = min(ticksMax, Self.ticks(budget.maxAge.nanoseconds, rules.tickRate))
        accounts = Array(repeating: Account(credit: capacity), count: rules.seats)
    }

    private static func ticks(_ nanoseconds: Int64, _ rate: Int) -> Int {
        Int(Double(nanoseconds) / 1e9 * Double(rate))
    }

    /// How many ticks a group may wait.
    func maxTicks(_ wish: View.Wish) -> Int {
        wish.maxAge.map { min(ticksMax, Self.ticks($0.nanoseconds, tickRate)) } ?? defaultTicks
    }

    /// Somebody else sits there, or the game has begun anew.
    mutating func forget(_ seat: Int) {
        accounts[seat].told.removeAll(keepingCapacity: true)
        (accounts[seat].tick, accounts[seat].creditedAt) = (0, 0)
        accounts[seat].credit = capacity
    }

    /// What the seat may be sent at a tick.
    mutating func credit(of seat: Int, at tick: UInt32) -> Double {
        let passed = tick > accounts[seat].creditedAt ? Double(tick - accounts[seat].creditedAt) : 0
        accounts[seat].credit = min(capacity, accounts[seat].credit + passed * bytesPerTick)
        accounts[seat].creditedAt = tick
        return accounts[seat].credit
    }

    /// The seat is sent so much.
    mutating func spend(_ count: Int, seat: Int) { accounts[seat].credit -= Double(count) }

    // MARK: Choosing

    /// Joins two segments and all that go with them.
    private mutating func join(_ left: Int, _ right: Int) {
        let (one, other) = (segments[left].unit, segments[right].unit)
        guard one != other else { return }
        for at in segments.indices where segments[at].unit == max(one, other) { segments[at].unit = min(one, other) }
    }

    /// Joins the segments between whose groups somebody has gone: shown in both an entity would be there twice, in neither gone.
    ///
    /// - Parameter moments: Where the states stand of which the segments speak; `newest` the newest snapshot's.
    mutating func joinMovers(_ moments: [GroupMoment], newest: Int, types: Range<Int>) {
        movers.removeAll(keepingCapacity: true)
        for at in segments.indices {
            let link = segments[at].link
            guard let then = link.then else { continue }
            for type in types {
                let old = moments[then.moment].ids(ofType: type, at: then.place)
                let new = link.now.map { moments[newest].ids(ofType: type, at: $0) }
                old.forEach(missingFrom: new ?? []) { movers.append((UInt32(type) << 16 | UInt32($0), at)) }
            }
        }
        guard !movers.isEmpty else { return }
        movers.sort { $0.key < $1.key }
        for at in segments.indices {
            let link = segments[at].link
            guard let now = link.now else { continue }
            for type in types {
                let old = link.then.map { moments[$0.moment].ids(ofType: type, at: $0.place) }
                let new = moments[newest].ids(ofType: type, at: now)
                new.forEach(missingFrom: old ?? []) { id in
                    if let from = mover(UInt32(type) << 16 | UInt32(id)) { join(from, at) }
                }
            }
        }
    }

    private func mover(_ key: UInt32) -> Int? {
        var (low, high) = (0, movers.count)
        while low < high {
            let middle = (low + high) / 2
            if movers[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low < movers.count && movers[low].key == key ? movers[low].segment : nil
    }

    /// Chooses which segments go at `tick`: first those whose time is nearly over, then by priority and age.
    ///
    /// - Parameters:
    ///   - view: What the seat sees.
    ///   - isFirst: Whether the message starts from nothing: then group 0 goes in any case.
    mutating func choose(seat: Int, at tick: UInt32, _ view: View, isFirst: Bool) -> Outcome {
        var outcome = Outcome()
        listUnits(at: tick, view, isFirst: isFirst)
        var room = accounts[seat].credit - Double(Self.headerBytesMax)
        let isFull = accounts[seat].credit >= capacity
        for (rank, unit) in units.enumerated() {
            let isDue = unit.slack < gap
            if Double(unit.byteCount) <= room || unit.slack == .min {
                room -= Double(unit.byteCount)
            } else if isDue, isFull, rank == 0, Double(unit.byteCount + Self.headerBytesMax) > capacity {
                room -= Double(unit.byteCount)
            } else if isDue {
                // What there is is saved for it.
                break
            } else {
                continue
            }
            for at in segments.indices where segments[at].unit == unit.first { segments[at].isChosen = true }
        }
        outcome.isOverdrawn = room < -Double(Self.headerBytesMax)
        for at in segments.indices where !segments[at].isChosen {
            outcome.isCut = true
            if Int(tick) - Int(segments[at].told.since) > maxTicks(view.wish(for: segments[at].told.group)) {
                outcome.lateGroups += 1
            }
        }
        return outcome
    }

    private mutating func listUnits(at tick: UInt32, _ view: View, isFirst: Bool) {
        units.removeAll(keepingCapacity: true)
        for at in segments.indices {
            let segment = segments[at]
            if segment.unit == at { units.append(Unit(first: at)) }
            guard let place = units.firstIndex(where: { $0.first == segment.unit }) else { continue }
            let wish = view.wish(for: segment.told.group)
            let age = Int(tick) - Int(segment.told.since)
            units[place].byteCount += segment.byteCount
            units[place].urgency = max(units[place].urgency, Int(wish.priority) * (age + 1))
            units[place].slack = min(units[place].slack, maxTicks(wish) - age)
            if isFirst, segment.told.group == 0 { units[place].slack = .min }
        }
        // Units are few, and one is first by its group where all else is equal: the order is the same everywhere.
        units.sort { left, right in
            let (leftDue, rightDue) = (left.slack < gap, right.slack < gap)
            if leftDue != rightDue { return leftDue }
            if leftDue, left.slack != right.slack { return left.slack < right.slack }
            return left.urgency != right.urgency ? left.urgency > right.urgency : left.first < right.first
        }
    }
}

extension ArraySlice<UInt16> {
    /// Calls `body` with each that is not among `others`; both ascending.
    fileprivate func forEach(missingFrom others: ArraySlice<UInt16>, _ body: (UInt16) -> Void) {
        var other = others.startIndex
        for element in self {
            while other < others.endIndex, others[other] < element { other += 1 }
            if other == others.endIndex || others[other] != element { body(element) }
        }
    }
}
