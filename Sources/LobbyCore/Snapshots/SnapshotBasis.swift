/// What a client has to go on from to the next snapshot: the codec that it reads, and the snapshots that it was sent last
/// (protocol/spec/snapshot.md §9.9).
///
/// All whose bases are equal are sent the same bytes. It is all that a lobby keeps of a client for snapshots.
@usableFromInline package struct SnapshotBasis: Sendable, Equatable {
    /// The highest codec that the client reads: 0 or 1.
    @usableFromInline package let codec: UInt8
    /// The tick of the snapshot that it was sent last, from which a delta leads on; 0 where the next must be a keyframe.
    @usableFromInline package private(set) var tick: UInt32
    /// The tick of the one before that, by which codec 1 knows how things move; 0 where there is none, and in codec 0.
    @usableFromInline package private(set) var before: UInt32 = 0

    /// Of a client that has nothing but, perhaps, the snapshot of `tick`.
    package init(codec: UInt8 = 0, tick: UInt32 = 0) {
        self.codec = codec
        self.tick = tick
    }

    /// The client was sent the snapshot of `next`. After a keyframe nobody knows how things move.
    @inlinable package mutating func sent(_ next: UInt32, isKeyframe: Bool) {
        before = isKeyframe || codec == 0 ? 0 : tick
        tick = next
    }

    /// The client cannot go on from what it has.
    package mutating func forget() { (tick, before) = (0, 0) }

    /// The same, without what says how things move.
    package var withoutStep: SnapshotBasis { SnapshotBasis(codec: codec, tick: tick) }

    @inlinable package static func == (left: SnapshotBasis, right: SnapshotBasis) -> Bool {
        left.tick == right.tick && left.before == right.before && left.codec == right.codec
    }
}
