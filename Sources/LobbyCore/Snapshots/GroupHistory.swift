import GameKit
import SnapshotCore

/// The last snapshots of a lobby whose players see different things: each group's state, and what each seat saw
/// (docs/decisions/0025-interest.md).
///
/// So what a client has follows from its seat and the tick that it was sent last, and a message to it is a function of these
/// two; where its budget has made something wait, of what it was told besides (``GroupBudget``). What a message has of a group is
/// made once for each baseline. All memory is used again: a steady lobby captures and writes without allocating.
struct GroupHistory {
    /// What has been made of the newest snapshot's groups for those who go on from the same.
    private struct Payloads {
        var codec: UInt8 = 0
        /// Where the baseline stands; nil for what comes into view.
        var base: Int?
        /// Where the state before it stands; nil for what was not seen then, and in codec 0.
        var before: Int?
        /// By the place of a group: where it stands in ``bytes``, empty for one that is as it was; nil until somebody needs it.
        var ranges: [Range<Int>?] = []
    }

    /// How often a seat has got somebody else.
    private(set) var revision: UInt64 = 0
    let schema: Schema
    private let groupedTypes: [Int]
    private let seats: Int
    /// At the places that ``SnapshotHistory`` gives.
    var moments: [GroupMoment]
    private(set) var newest = 0
    private var whole: WorldState
    /// The groups of each type's entities; empty for a type that everybody sees.
    private var rowGroups: [[UInt16]]
    private var sorting = GroupMoment.Sorting()
    private var payloads: [Payloads] = []
    private var payloadCount = 0
    private(set) var bytes: [UInt8] = []
    /// A group's state now, at the baseline and before that, while it is coded.
    private var now: WorldState
    private var base: WorldState
    private var before: WorldState
    /// What each client may be sent; nil where that is not bounded.
    var budget: GroupBudget?

    /// An empty history of a game's.
    init(_ game: GameType) {
        schema = game.schema
        groupedTypes = game.groupedTypes
        seats = game.rules.seats
        moments = Array(
            repeating: GroupMoment(schema: schema, seats: seats), count: SnapshotHistory.capacity)
        let state = WorldState(schema: game.schema)
        (whole, now, base, before) = (state, state, state, state)
        rowGroups = Array(repeating: [], count: game.schema.types.count)
        budget = game.rules.snapshotBudget.map { GroupBudget($0, game.rules) }
    }

    // MARK: Taking a snapshot

    /// Overwrites what stands at `place` with the state after the last step; types that are not due stay as they were.
    mutating func capture(_ game: any GameInstance, at place: Int, where isDue: (Int) -> Bool) {
        newest = place
        payloadCount = 0
        bytes.removeAll(keepingCapacity: true)
        if schema.hasRates { game.capture(into: &whole, where: isDue) } else { game.capture(into: &whole) }
        for type in groupedTypes where isDue(type) { game.groupEntities(ofType: type, into: &rowGroups[type]) }
        moments[place].take(whole, rowGroups, schema, &sorting)
        for seat in moments[place].views.indices { moments[place].views[seat].removeAll() }
        for seat in game.seats { game.look(seat: seat.number, into: &moments[place].views[seat.number]) }
    }

    /// The state of what everybody sees, or of everything, goes into `state`.
    func show(everything: Bool, in state: inout WorldState) {
        guard everything else { return moments[newest].load(0, tick: whole.tick, schema, into: &state) }
        state.tick = whole.tick
        for type in whole.tables.indices { state.tables[type].overwrite(with: whole.tables[type]) }
    }

    /// Nobody knows what the seat saw: somebody else sits there now.
    mutating func forget(_ seat: Int) {
        revision += 1
        for place in moments.indices { moments[place].views[seat].removeAll() }
        budget?.forget(seat)
    }

    /// Nobody knows what anybody saw: the game has begun anew.
    mutating func forgetAll() {
        for place in moments.indices { moments[place].forget() }
        for seat in 0..<seats { budget?.forget(seat) }
    }

    /// What stands at one place stands at another from now on, one beyond the last perhaps.
    mutating func keep(_ place: Int, at other: Int) {
        while other >= moments.count { moments.append(GroupMoment(schema: schema, seats: seats)) }
        moments.swapAt(place, other)
    }

    /// Forgets those that the lobby's history does not keep any more.
    mutating func forgetKept(unless history: SnapshotHistory) {
        for place in SnapshotHistory.capacity..<moments.count
        where moments[place].tick > 0 && history.index(of: moments[place].tick) != place {
            moments[place].forget()
        }
        if moments.count > history.placeCount { moments.removeLast(moments.count - history.placeCount) }
    }

    // MARK: Writing

    /// From where a message leads on: the codec, and where the baseline and the state before it stand; nil for none.
    struct Start {
        var codec: UInt8
        var base: Int?
        var before: Int?
    }

    /// Where a group's state stands: at which moment, and where in it.
    struct Spot: Equatable {
        var moment: Int
        var place: Int
    }

    /// Where a group's states stand: in the newest snapshot, nil where it is not seen any more; and those that a client has of it at
    /// the baseline and before, nil where it has none.
    struct Link {
        var now: Int?
        var then: Spot?
        var before: Spot?
    }

    /// Whether two seats are to be sent the same, both having been sent what stands there.
    func isSame(_ seat: Int, as other: Int, since start: Start) -> Bool {
        func isSame(at place: Int?) -> Bool {
            place.map { moments[$0].views[seat] == moments[$0].views[other] } ?? true
        }
        return isSame(at: newest) && isSame(at: start.base) && isSame(at: start.before)
    }

    /// Appends what stands in front of a message's segments.
    func appendHeader(_ start: Start, to message: inout [UInt8]) {
        GroupMessage.appendHeader(
            codec: start.codec, tick: moments[newest].tick, since: start.base.map { moments[$0].tick },
            before: start.before.map { moments[$0].tick }, to: &message)
    }

    /// Appends the segments that lead a seat from what it saw at the start to what it sees now.
    ///
    /// - Parameters:
    ///   - isChecked: Whether all carry their states' hashes; those that come into view do in any case.
    ///   - codec1: What segments of codec 1 are made with.
    mutating func appendSegments(
        to message: inout [UInt8], seat: Int, since start: Start, isChecked: Bool, _ codec1: inout Codec1?
    ) {
        let seen = moments[newest].views[seat].numbers
        let old = start.base.map { moments[$0].views[seat].numbers } ?? []
        var (least, next, last) = (0, 0, 0)
        while next < seen.count || last < old.count {
            let group = min(next < seen.count ? seen[next] : .max, last < old.count ? old[last] : .max)
            var link = Link()
            if next < seen.count, seen[next] == group {
                link.now = moments[newest].place(of: group)
                next += 1
            }
            if last < old.count, old[last] == group {
                link.then = spot(of: group, at: start.base)
                last += 1
            }
            guard link.now != nil else {
                if link.then != nil { GroupMessage.appendSegment(group, least: &least, [], to: &message) }
                continue
            }
            if link.then != nil { link.before = spot(of: group, seenBy: seat, at: start.before) }
            let range = payload(link, since: start, isChecked: isChecked, &codec1)
            guard !range.isEmpty else { continue }
            GroupMessage.appendSegment(group, least: &least, bytes[range], to: &message)
        }
    }

    func spot(of group: UInt16, at moment: Int?) -> Spot? {
        moment.flatMap { moment in
            moments[moment].place(of: group).map { Spot(moment: moment, place: $0) }
        }
    }

    /// Where a group's state stands at a moment, if the seat saw it then.
    func spot(of group: UInt16, seenBy seat: Int, at moment: Int?) -> Spot? {
        moment.flatMap { moment in
            moments[moment].place(of: group, seenBy: seat).map { Spot(moment: moment, place: $0) }
        }
    }

    /// Where a segment's payload stands, made if it has not been. It is empty for a group that is as it was, unless it is to be
    /// checked.
    mutating func payload(
        _ link: Link, since start: Start, isChecked: Bool, _ codec1: inout Codec1?
    ) -> Range<Int> {
        let base = link.then == nil ? nil : start.base
        let before = link.before == nil ? nil : start.before
        // What somebody has of another moment than the message's own was made to wait: that is nobody else's.
        let isShared = link.then?.moment == base && link.before?.moment == before
        let made = isShared ? row(codec: start.codec, since: base, before: before) : nil
        guard let now = link.now else { return 0..<0 }
        if let made, let range = payloads[made].ranges[now] { return range }
        var range = bytes.count..<bytes.count
        if link.then == nil || isChecked || hasChanged(link) {
            encode(link, at: now, since: start, isChecked: isChecked || link.then == nil, &codec1)
            range = range.lowerBound..<bytes.count
        }
        if let then = link.then, SnapshotHistory.isKept(then.moment), !range.isEmpty {
            // After so long it may be less to begin anew.
            let whole = payload(Link(now: now), since: start, isChecked: true, &codec1)
            if whole.count < range.count { range = whole }
        }
        if let made { payloads[made].ranges[now] = range }
        return range
    }

    /// Whether a group is not as the client has it.
    func hasChanged(_ link: Link) -> Bool {
        guard let now = link.now, let then = link.then else { return true }
        return !moments[then.moment].isSame(then.place, as: now, of: moments[newest], schema)
    }

    /// Makes a payload: of the states that the client has, which count as of the message's ticks, however old they are.
    private mutating func encode(
        _ link: Link, at place: Int, since start: Start, isChecked: Bool, _ codec1: inout Codec1?
    ) {
        moments[newest].load(place, tick: moments[newest].tick, schema, into: &now)
        var (hasBase, hasBefore) = (false, false)
        if let then = link.then, let header = start.base {
            moments[then.moment].load(then.place, tick: moments[header].tick, schema, into: &base)
            hasBase = true
        }
        if let then = link.before, let header = start.before, hasBase {
            moments[then.moment].load(then.place, tick: moments[header].tick, schema, into: &before)
            hasBefore = true
        }
        let hash = isChecked ? now.hash : nil
        guard start.codec == 1 else {
            return GroupMessage.appendPayload(
                now, since: hasBase ? base : nil, schema: schema, stateHash: hash, to: &bytes)
        }
        codec1?.appendPayload(
            now, since: hasBase ? base : nil, before: hasBefore ? before : nil, stateHash: hash, to: &bytes)
    }

    /// Where among ``payloads`` that is kept which leads on from there.
    private mutating func row(codec: UInt8, since base: Int?, before: Int?) -> Int {
        for at in 0..<payloadCount
        where payloads[at].base == base && payloads[at].before == before && payloads[at].codec == codec {
            return at
        }
        if payloadCount == payloads.count { payloads.append(Payloads()) }
        (payloads[payloadCount].codec, payloads[payloadCount].base) = (codec, base)
        payloads[payloadCount].before = before
        payloads[payloadCount].ranges.removeAll(keepingCapacity: true)
        for _ in moments[newest].groups.indices { payloads[payloadCount].ranges.append(nil) }
        payloadCount += 1
        return payloadCount - 1
    }
}
