import GameKit
import SnapshotCore

/// Messages to the newest snapshot where players see different things (docs/decisions/0025-interest.md).
extension Lobby {
    /// A message made for one seat.
    package struct SeatSnapshot: Sendable, Equatable {
        /// What it is to the client.
        package var kind: SnapshotKind
        /// Whether some groups wait, as the seat's budget has no room for them: then it is nobody else's.
        package var isCut = false
        /// How many groups are older than they may be.
        package var lateGroups = 0
        /// Whether it is more than the seat had credit for.
        package var isOverdrawn = false
    }

    /// Quantises the state after the last step, group by group, and keeps it as the newest snapshot.
    func captureGroups() {
        groups?.capture(instance, at: history.nextIndex) { isDue($0) }
        history.add { groups?.show(everything: rules.watch.seesEverything, in: &$0) }
    }

    /// Another one each time somebody has sat down: what was made for the holder of a seat is not for the next.
    package var viewRevision: UInt64 { groups?.revision ?? 0 }

    /// Adds to `view` what the holder of a seat sees after the last step.
    package func look(seat: Int, into view: inout View) { instance.look(seat: seat, into: &view) }

    /// As much of `basis` as a message to the holder of a seat can go on from.
    package func usable(_ basis: SnapshotBasis, for seat: Int) -> SnapshotBasis {
        let basis = usable(basis)
        guard let base = history.index(of: basis.tick), groups?.knows(seat, at: base) == false else { return basis }
        return SnapshotBasis(codec: basis.codec)
    }

    /// Whether the holder of `seat` is to be sent the message of so many bytes that has been made for that of `other`, both having
    /// `basis`, as far as it is ``usable(_:for:)``. If so the bytes are taken from its budget.
    package func takes(_ seat: Int, messageFor other: Int, since basis: SnapshotBasis, byteCount: Int) -> Bool {
        let start = start(basis)
        guard groups?.isSame(seat, as: other, since: start) == true, groups?.isEven(seat, since: start) == true else {
            return false
        }
        return groups?.takeCredit(byteCount, of: seat) == true
    }

    private func start(_ basis: SnapshotBasis) -> GroupHistory.Start {
        GroupHistory.Start(
            codec: codec1 == nil ? 0 : basis.codec, base: history.index(of: basis.tick),
            before: history.index(of: basis.before))
    }

    /// Appends the message that leads the holder of a seat from what it has at `basis` to what it sees in the newest snapshot, where
    /// players may see different things (protocol/spec/snapshot.md §8); where `bytes` has room nothing is allocated.
    ///
    /// - Returns: nil where the seat's budget is used up just now; then nothing is appended.
    /// - Precondition: There is a snapshot.
    package func appendSnapshot(for seat: Int, _ basis: SnapshotBasis, to bytes: inout [UInt8]) -> SeatSnapshot? {
        guard let newest = history.newestTick else { preconditionFailure("no snapshot has been captured yet") }
        let basis = usable(basis, for: seat)
        let (start, first) = (start(basis), bytes.count)
        let isChecked = isHashDue(newest)
        if groups?.isEven(seat, since: start) == true {
            groups?.appendHeader(start, to: &bytes)
            groups?.appendSegments(to: &bytes, seat: seat, since: start, isChecked: isChecked, &codec1)
            if groups?.takeCredit(bytes.count - first, of: seat) == true {
                return SeatSnapshot(kind: kind(since: start.base == nil ? nil : basis.tick))
            }
            bytes.removeLast(bytes.count - first)
        }
        guard groups?.hasCredit(seat) == true,
            let outcome = groups?.appendWithinBudget(
                to: &bytes, seat: seat, since: start, isChecked: isChecked, &codec1)
        else { return nil }
        return SeatSnapshot(
            kind: kind(since: outcome.isFromNothing ? nil : basis.tick), isCut: outcome.isCut,
            lateGroups: outcome.lateGroups, isOverdrawn: outcome.isOverdrawn)
    }
}
