import GameKit
import SnapshotCore

/// The messages that lead to the newest snapshot.
extension Lobby {
    /// `tick` if a delta to the newest snapshot can start there, else nil: then a keyframe does for everyone.
    package func baseline(_ tick: UInt32?) -> UInt32? {
        guard let tick, let newest = history.newestTick, tick < newest else { return nil }
        return history.has(tick) ? tick : nil
    }

    /// As much of `basis` as a message to the newest snapshot can go on from: all who have the same of it are sent the same.
    package func usable(_ basis: SnapshotBasis) -> SnapshotBasis {
        guard let newest = history.newestTick, basis.tick < newest, history.has(basis.tick) else {
            return SnapshotBasis(codec: basis.codec)
        }
        return basis.before == 0 || history.has(basis.before) ? basis : basis.withoutStep
    }

    /// The message of codec 0 that leads from the snapshot at `baseline` to the newest.
    ///
    /// A keyframe when there is no baseline or it has left the history. About once a second the message carries the
    /// state's hash, and so does every keyframe.
    ///
    /// - Parameter isChecked: Whether it carries the hash in any case: for a client of whose baseline only the tick is
    ///   known.
    /// - Precondition: There is a snapshot.
    package func snapshotMessage(
        baseline: UInt32?, isChecked: Bool = false
    ) -> (bytes: [UInt8], kind: SnapshotKind) {
        var bytes: [UInt8] = []
        let kind = appendSnapshot(SnapshotBasis(tick: baseline ?? 0), isChecked: isChecked, to: &bytes)
        return (bytes, kind)
    }

    /// Appends the message that leads whoever has `basis` to the newest snapshot; where `bytes` has room nothing is allocated.
    package func appendSnapshot(
        _ basis: SnapshotBasis, isChecked: Bool, to bytes: inout [UInt8]
    ) -> SnapshotKind {
        guard let newest = history.newest else { preconditionFailure("no snapshot has been captured yet") }
        let basis = usable(basis)
        let isDue = isChecked || isHashDue(newest.tick)
        guard let index = history.index(of: basis.tick), let base = history.snapshot(at: basis.tick) else {
            append(newest, since: nil, before: nil, codec: basis.codec, isChecked: true, to: &bytes)
            return .keyframe
        }
        let first = bytes.count
        let before = history.snapshot(at: basis.before)
        append(newest, since: base, before: before, codec: basis.codec, isChecked: isDue, to: &bytes)
        guard SnapshotHistory.isKept(index) else { return kind(since: basis.tick) }
        // After so long it may be less to begin anew.
        var whole: [UInt8] = []
        append(newest, since: nil, before: nil, codec: basis.codec, isChecked: true, to: &whole)
        guard whole.count < bytes.count - first else { return .catchUp }
        bytes.removeLast(bytes.count - first)
        bytes.append(contentsOf: whole)
        return .keyframe
    }

    private func append(
        _ newest: WorldState, since base: WorldState?, before: WorldState?, codec: UInt8, isChecked: Bool,
        to bytes: inout [UInt8]
    ) {
        let hash = isChecked ? newest.hash : nil
        guard codec > 0, codec1 != nil else {
            return Snapshot.encode(newest, since: base, schema: game.schema, stateHash: hash, appendingTo: &bytes)
        }
        codec1?.encode(newest, since: base, before: before, stateHash: hash, appendingTo: &bytes)
    }

    /// What a message is that leads on from the snapshot of `tick`.
    func kind(since tick: UInt32?) -> SnapshotKind {
        guard let tick else { return .keyframe }
        return tick == previousSnapshotTick ? .delta : .catchUp
    }

    /// Whether a second of the game has begun since the snapshot before.
    func isHashDue(_ tick: UInt32) -> Bool {
        let rate = UInt32(rules.tickRate)
        return previousSnapshotTick.map { $0 / rate != tick / rate } ?? true
    }
}
