import GameKit
import SnapshotCore

/// The last snapshots of a lobby whose players see different things: each group's state, and what each seat saw
/// (docs/decisions/0025-interest.md).
///
/// So what a client has follows from its seat and the tick that it was sent last, and a message to it is a function of these
/// two. What a message has of a group is made once for each baseline. All memory is used again: a steady lobby captures and
/// writes without allocating.
struct GroupHistory {
    /// One snapshot.
    private struct Moment {
        /// The groups that have entities, ascending; group 0 first, with or without.
        var groups: [UInt16] = []
        /// Their states, in that order; behind them some whose memory serves later.
        var states: [WorldState] = []
        /// What each seat sees.
        var views: [View]
    }

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
    private let schema: Schema
    private let groupedTypes: [Int]
    /// At the places that ``SnapshotHistory`` gives.
    private var moments: [Moment]
    private var newest = 0
    private var whole: WorldState
    /// The groups of each type's entities; empty for a type that everybody sees.
    private var rowGroups: [[UInt16]]
    private var payloads: [Payloads] = []
    private var payloadCount = 0
    private var bytes: [UInt8] = []

    /// An empty history of a game's.
    init(_ game: GameType) {
        schema = game.schema
        groupedTypes = game.groupedTypes
        let moment = Moment(views: Array(repeating: View(), count: game.rules.seats))
        moments = Array(repeating: moment, count: SnapshotHistory.capacity)
        whole = WorldState(schema: game.schema)
        rowGroups = Array(repeating: [], count: game.schema.types.count)
    }

    // MARK: Taking a snapshot

    /// Overwrites what stands at `place` with the state after the last step; types that are not due stay as they were.
    mutating func capture(_ game: any GameInstance, at place: Int, where isDue: (Int) -> Bool) {
        newest = place
        payloadCount = 0
        bytes.removeAll(keepingCapacity: true)
        if schema.hasRates { game.capture(into: &whole, where: isDue) } else { game.capture(into: &whole) }
        for type in groupedTypes where isDue(type) { game.groupEntities(ofType: type, into: &rowGroups[type]) }
        listGroups()
        for type in schema.types.indices { distribute(type) }
        for seat in moments[place].views.indices { moments[place].views[seat].removeAll() }
        for seat in game.seats { game.look(seat: seat.number, into: &moments[place].views[seat.number]) }
    }

    /// The state of what everybody sees, or of everything, goes into `state`.
    func show(everything: Bool, in state: inout WorldState) {
        let shown = everything ? whole : moments[newest].states[0]
        state.tick = shown.tick
        for type in shown.tables.indices { state.tables[type].overwrite(with: shown.tables[type]) }
    }

    /// Nobody knows what the seat saw: somebody else sits there now.
    mutating func forget(_ seat: Int) {
        revision += 1
        for place in moments.indices { moments[place].views[seat].removeAll() }
    }

    private mutating func listGroups() {
        moments[newest].groups.removeAll(keepingCapacity: true)
        moments[newest].groups.append(Group.all.number)
        for type in groupedTypes {
            for group in rowGroups[type] {
                let place = Self.lowerBound(of: group, in: moments[newest].groups)
                if place == moments[newest].groups.count || moments[newest].groups[place] != group {
                    moments[newest].groups.insert(group, at: place)
                }
            }
        }
        while moments[newest].states.count < moments[newest].groups.count {
            moments[newest].states.append(WorldState(schema: schema))
        }
        for place in moments[newest].groups.indices { moments[newest].states[place].tick = whole.tick }
    }

    /// Puts the entities of a type into their groups' states.
    private mutating func distribute(_ type: Int) {
        guard schema.types[type].multiplicity == .table else {
            return moments[newest].states[0].tables[type].overwrite(with: whole.tables[type])
        }
        for place in moments[newest].groups.indices { moments[newest].states[place].tables[type].removeAll() }
        guard !rowGroups[type].isEmpty else {
            return moments[newest].states[0].tables[type].overwrite(with: whole.tables[type])
        }
        let width = schema.layouts[type].fieldCount
        for row in rowGroups[type].indices {
            let place = Self.lowerBound(of: rowGroups[type][row], in: moments[newest].groups)
            moments[newest].states[place].tables[type].ids.append(whole.tables[type].ids[row])
            for at in row * width..<(row + 1) * width {
                moments[newest].states[place].tables[type].values.append(whole.tables[type].values[at])
            }
        }
    }

    private static func lowerBound(of group: UInt16, in groups: [UInt16]) -> Int {
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            if groups[middle] < group { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Writing

    /// From where a message leads on: the codec, and where the baseline and the state before it stand; nil for none.
    struct Start {
        var codec: UInt8
        var base: Int?
        var before: Int?
    }

    /// Whether two seats are to be sent the same, both having been sent what stands there.
    func isSame(_ seat: Int, as other: Int, since start: Start) -> Bool {
        func isSame(at place: Int?) -> Bool {
            place.map { moments[$0].views[seat] == moments[$0].views[other] } ?? true
        }
        return isSame(at: newest) && isSame(at: start.base) && isSame(at: start.before)
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
            var (now, then) = (Int?.none, Int?.none)
            if next < seen.count, seen[next] == group {
                now = place(of: group, at: newest)
                next += 1
            }
            if last < old.count, old[last] == group {
                then = start.base.flatMap { place(of: group, at: $0) }
                last += 1
            }
            guard let now else {
                if then != nil { GroupMessage.appendSegment(group, least: &least, [], to: &message) }
                continue
            }
            let link = Link(
                now: now, then: then, before: then == nil ? nil : step(of: group, seenBy: seat, at: start.before))
            let range = payload(link, since: start, isChecked: isChecked, &codec1)
            guard !range.isEmpty else { continue }
            GroupMessage.appendSegment(group, least: &least, bytes[range], to: &message)
        }
    }

    /// Where a group's states stand: in the newest snapshot, at the baseline and before it; nil where it was not seen, or had no
    /// entities.
    private struct Link {
        var now: Int
        var then: Int?
        var before: Int?
    }

    /// Where a group's state stands at a moment, if the seat saw it then.
    private func step(of group: UInt16, seenBy seat: Int, at moment: Int?) -> Int? {
        guard let moment else { return nil }
        let seen = moments[moment].views[seat].numbers
        let at = Self.lowerBound(of: group, in: seen)
        return at < seen.count && seen[at] == group ? place(of: group, at: moment) : nil
    }

    /// Where a group's state stands; nil where it has no entities.
    private func place(of group: UInt16, at moment: Int) -> Int? {
        let place = Self.lowerBound(of: group, in: moments[moment].groups)
        return place < moments[moment].groups.count && moments[moment].groups[place] == group ? place : nil
    }

    /// Where a segment's payload stands, made if it has not been.
    private mutating func payload(
        _ link: Link, since start: Start, isChecked: Bool, _ codec1: inout Codec1?
    ) -> Range<Int> {
        let base = link.then == nil ? nil : start.base
        let made = row(codec: start.codec, since: base, before: link.before == nil ? nil : start.before)
        if let range = payloads[made].ranges[link.now] { return range }
        let first = bytes.count
        if let base, let then = link.then {
            let isChanged = moments[base].states[then].tables != moments[newest].states[link.now].tables
            if isChanged || isChecked { encode(link, since: start, isChecked: isChecked, &codec1) }
        } else {
            encode(link, since: start, isChecked: true, &codec1)
        }
        payloads[made].ranges[link.now] = first..<bytes.count
        return first..<bytes.count
    }

    private mutating func encode(_ link: Link, since start: Start, isChecked: Bool, _ codec1: inout Codec1?) {
        let state = moments[newest].states[link.now]
        let hash = isChecked ? state.hash : nil
        let base = link.then.flatMap { then in start.base.map { moments[$0].states[then] } }
        guard start.codec == 1 else {
            return GroupMessage.appendPayload(state, since: base, schema: schema, stateHash: hash, to: &bytes)
        }
        let before = link.before.flatMap { place in start.before.map { moments[$0].states[place] } }
        codec1?.appendPayload(state, since: base, before: before, stateHash: hash, to: &bytes)
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

// MARK: - A lobby's

extension Lobby {
    /// Quantises the state after the last step, group by group, and keeps it as the newest snapshot.
    func captureGroups() {
        groups?.capture(instance, at: history.nextIndex) { isDue($0) }
        history.add { groups?.show(everything: rules.watch.seesEverything, in: &$0) }
    }

    /// Another one each time somebody has sat down: what was made for the holder of a seat is not for the next.
    package var viewRevision: UInt64 { groups?.revision ?? 0 }

    /// Whether the holders of two seats are to be sent the same, both having `basis`, as far as it is ``usable(_:)``.
    package func isSameView(_ seat: Int, as other: Int, since basis: SnapshotBasis) -> Bool {
        groups?.isSame(seat, as: other, since: start(basis)) ?? true
    }

    private func start(_ basis: SnapshotBasis) -> GroupHistory.Start {
        GroupHistory.Start(
            codec: codec1 == nil ? 0 : basis.codec, base: history.index(of: basis.tick),
            before: history.index(of: basis.before))
    }

    /// Appends the message that leads the holder of a seat from what it saw at `basis` to what it sees in the newest snapshot, where
    /// players may see different things (protocol/spec/snapshot.md §8); where `bytes` has room nothing is allocated.
    ///
    /// - Precondition: There is a snapshot.
    package func appendSnapshot(for seat: Int, _ basis: SnapshotBasis, to bytes: inout [UInt8]) -> SnapshotKind {
        guard let newest = history.newestTick else { preconditionFailure("no snapshot has been captured yet") }
        let basis = usable(basis)
        let start = start(basis)
        let tick = start.base == nil ? nil : basis.tick
        GroupMessage.appendHeader(
            codec: start.codec, tick: newest, since: tick, before: start.before == nil ? nil : basis.before,
            to: &bytes)
        groups?.appendSegments(
            to: &bytes, seat: seat, since: start, isChecked: isHashDue(newest), &codec1)
        return kind(since: tick)
    }
}
