/// After which ticks snapshots go out: `rate` of them a second, as evenly as ticks allow.
///
/// Of 30 ticks and 20 snapshots a second, after two ticks of three. Snapshots are counted from the game's beginning, so that
/// both ends know without a word which ticks those are (protocol/spec/lobby.md §2).
package struct SnapshotPace: Sendable, Equatable {
    private let tickRate: UInt64
    private let rate: UInt64

    /// - Precondition: `rate` is 1 to `tickRate`.
    package init(tickRate: Int, rate: Int) {
        precondition(rate >= 1 && rate <= tickRate, "snapshots are 1 a second to one a tick")
        self.tickRate = UInt64(tickRate)
        self.rate = UInt64(rate)
    }

    /// How many snapshots there have been when `tick` is over.
    package func count(at tick: UInt32) -> UInt64 { UInt64(tick) * rate / tickRate }

    /// After which tick the snapshot of a number goes out, the first being 1; 0 for none.
    package func tick(of number: UInt32) -> UInt32 {
        UInt32(clamping: (UInt64(number) * tickRate + rate - 1) / rate)
    }

    /// Whether one goes out after `tick`: the count has just changed.
    package func isDue(at tick: UInt32) -> Bool { UInt64(tick) * rate % tickRate < rate }
}

extension Rules {
    /// After which ticks snapshots go out.
    package var snapshotPace: SnapshotPace { SnapshotPace(tickRate: tickRate, rate: snapshotRate) }
}
