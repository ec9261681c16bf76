import GameKit
import SnapshotCore

/// Messages for clients of whose groups some have to wait (protocol/spec/snapshot.md §8.5).
extension GroupHistory {
    /// Whether it is known what a seat's client has that was sent what stands there.
    func knows(_ seat: Int, at place: Int) -> Bool {
        guard let budget else { return true }
        return moments[place].isWhole[seat] || budget.accounts[seat].tick == moments[place].tick
    }

    /// Whether a seat's client has of all groups what stands at the start, and so may be sent what others are who see the same.
    func isEven(_ seat: Int, since start: Start) -> Bool {
        guard let budget, let base = start.base else { return true }
        return budget.accounts[seat].tick != moments[base].tick || budget.accounts[seat].told.isEmpty
    }

    /// Takes so many bytes from a seat's credit for a message that has all; false where there is not so much.
    mutating func takeCredit(_ count: Int, of seat: Int) -> Bool {
        guard let credit = budget?.credit(of: seat, at: moments[newest].tick) else { return true }
        guard Double(count) <= credit else { return false }
        budget?.spend(count, seat: seat)
        budget?.accounts[seat].tick = moments[newest].tick
        budget?.accounts[seat].told.removeAll(keepingCapacity: true)
        return true
    }

    /// Whether a seat has credit for a message at all.
    mutating func hasCredit(_ seat: Int) -> Bool {
        guard let credit = budget?.credit(of: seat, at: moments[newest].tick) else { return true }
        return credit >= Double(GroupBudget.headerBytesMax)
    }

    /// Appends a message for a seat that has so much of what there is as its credit allows.
    ///
    /// - Precondition: There is a budget.
    mutating func appendWithinBudget(
        to message: inout [UInt8], seat: Int, since given: Start, isChecked: Bool, _ codec1: inout Codec1?
    ) -> GroupBudget.Outcome {
        guard var own = budget else { preconditionFailure("no budget") }
        // The only one to hold it, so that it is changed in place.
        budget = nil
        defer { budget = own }
        let first = message.count
        let start = listHeld(seat, given, &own)
        listSegments(seat, start, isChecked: isChecked, &own, &codec1)
        let credit = own.credit(of: seat, at: moments[newest].tick)
        var outcome = GroupBudget.Outcome()
        let total = own.segments.reduce(GroupBudget.headerBytesMax) { $0 + $1.byteCount }
        if Double(total) <= credit {
            for at in own.segments.indices { own.segments[at].isChosen = true }
        } else {
            own.joinMovers(moments, newest: newest, types: schema.types.indices)
            outcome = own.choose(
                seat: seat, at: moments[newest].tick, moments[newest].views[seat], isFirst: start.base == nil)
        }
        appendHeader(start, to: &message)
        var least = 0
        for segment in own.segments where segment.isChosen {
            GroupMessage.appendSegment(segment.told.group, least: &least, bytes[segment.payload], to: &message)
        }
        own.spend(message.count - first, seat: seat)
        remember(seat, start, &own)
        moments[newest].isWhole[seat] = !outcome.isCut
        outcome.isFromNothing = start.base == nil
        return outcome
    }

    /// Lists what a seat's client has of each group.
    ///
    /// - Returns: The start, as far as what the client had there is still known.
    private func listHeld(_ seat: Int, _ given: Start, _ own: inout GroupBudget) -> Start {
        own.held.removeAll(keepingCapacity: true)
        guard let base = given.base else { return given }
        let baseTick = moments[base].tick
        let beforeTick = given.before.map { moments[$0].tick } ?? 0
        let isTold = own.accounts[seat].tick == baseTick
        var at = 0
        func told(below group: UInt16) -> GroupBudget.Told? {
            guard isTold, at < own.accounts[seat].told.count, own.accounts[seat].told[at].group < group else {
                return nil
            }
            at += 1
            return own.accounts[seat].told[at - 1]
        }
        for group in moments[base].views[seat].numbers {
            while let other = told(below: group) { own.held.append(other) }
            if isTold, at < own.accounts[seat].told.count, own.accounts[seat].told[at].group == group {
                own.held.append(own.accounts[seat].told[at])
                at += 1
            } else if moments[base].place(of: group) != nil {
                let had = spot(of: group, seenBy: seat, at: given.before) != nil
                own.held.append(
                    GroupBudget.Told(group: group, tick: baseTick, before: had ? beforeTick : 0, since: baseTick))
            }
        }
        while isTold, at < own.accounts[seat].told.count {
            own.held.append(own.accounts[seat].told[at])
            at += 1
        }
        if own.held.contains(where: { $0.tick > 0 && spot(of: $0.group, at: moment(of: $0.tick)) == nil }) {
            // It has waited for longer than the history goes back.
            own.held.removeAll(keepingCapacity: true)
            return Start(codec: given.codec)
        }
        let isBeforeKnown = own.held.allSatisfy { told in
            told.tick == 0 || told.before == 0 || spot(of: told.group, at: moment(of: told.before)) != nil
        }
        return isBeforeKnown ? given : Start(codec: given.codec, base: base)
    }

    /// Where the snapshot of a tick stands.
    private func moment(of tick: UInt32) -> Int? { moments.firstIndex { $0.tick == tick } }

    /// Makes the segments of all groups that are not as the client has them.
    private mutating func listSegments(
        _ seat: Int, _ start: Start, isChecked: Bool, _ own: inout GroupBudget, _ codec1: inout Codec1?
    ) {
        own.segments.removeAll(keepingCapacity: true)
        own.current.removeAll(keepingCapacity: true)
        let seen = moments[newest].views[seat].numbers
        let tick = moments[newest].tick
        var (next, last) = (0, 0)
        while next < seen.count || last < own.held.count {
            let group = min(
                next < seen.count ? seen[next] : .max, last < own.held.count ? own.held[last].group : .max)
            var link = Link()
            var told = GroupBudget.Told(group: group, tick: 0, before: 0, since: tick)
            if next < seen.count, seen[next] == group {
                link.now = moments[newest].place(of: group)
                next += 1
            }
            if last < own.held.count, own.held[last].group == group {
                told = own.held[last]
                last += 1
                if told.tick > 0 { link.then = spot(of: group, at: moment(of: told.tick)) }
                if link.then != nil, told.before > 0, start.before != nil {
                    link.before = spot(of: group, at: moment(of: told.before))
                }
            }
            guard link.now != nil || link.then != nil else { continue }
            guard hasChanged(link) else {
                own.current.append(told)
                continue
            }
            let payload = payload(link, since: start, isChecked: isChecked, &codec1)
            // A group's number takes three bytes at most, and so does the length of most.
            own.segments.append(
                GroupBudget.Segment(
                    told: told, link: link, payload: payload, byteCount: payload.count + 6, unit: own.segments.count))
        }
    }

    /// Notes what the client has of each group after the message, where the next message's baseline does not say it.
    private func remember(_ seat: Int, _ start: Start, _ own: inout GroupBudget) {
        let tick = moments[newest].tick
        let baseTick = start.base.map { moments[$0].tick } ?? 0
        own.accounts[seat].tick = tick
        own.accounts[seat].told.removeAll(keepingCapacity: true)
        func note(_ told: GroupBudget.Told, isNew: Bool) {
            let after = GroupBudget.Told(
                group: told.group, tick: isNew ? tick : told.tick, before: told.tick, since: isNew ? tick : told.since)
            let expected = spot(of: told.group, seenBy: seat, at: start.base) == nil ? 0 : baseTick
            if after.tick == tick, start.codec == 0 || after.before == expected { return }
            own.accounts[seat].told.append(after)
        }
        for told in own.current { note(told, isNew: true) }
        for segment in own.segments where !segment.isChosen || segment.link.now != nil {
            note(segment.told, isNew: segment.isChosen)
        }
        own.accounts[seat].told.sort { $0.group < $1.group }
    }
}
