import Determinism

/// What is under way to one client, by its acks: how many snapshots it may be sent beyond the last that it says it has, and which
/// ones it may come back with (docs/decisions/0003-latest-wins-snapshots.md).
///
/// A socket takes far more than a slow line carries, and what it has taken only grows older there. So a client that acknowledges is sent
/// as much as its line holds: as many snapshots as come through it in the time that one takes. On a line as fast as the
/// snapshots are made that is never the limit; on a slower one each snapshot leaves about when the one before has arrived, and is
/// the newest then. A client that says nothing, or only now and then, is sent everything. Snapshots go by their number in the game (``SnapshotPace``).
package struct SnapshotFlow: Sendable {
    /// How many snapshots are looked at behind the newest: what a delta can go on from.
    private static let span = UInt32(SnapshotHistory.capacity)
    /// Acks tell how a line is if there is one for each snapshot, or for two. Of those that a client must have sent more than the first
    /// before they count, and the second are remembered; one for many, and each silence, takes some away.
    private static let trustMin: UInt8 = 8
    private static let trustMax: UInt8 = 16
    /// A silence is so many milliseconds, and so many times an ack's usual way, but at most so many milliseconds more than that: a line
    /// that has been slow is waited for, and one that has died is found out soon.
    private static let silence: Float = 250
    private static let silentWays: Float = 4
    private static let silenceMax: Float = 2_000
    /// Every so often one more than the line seems to hold is tried: it may have become faster.
    private static let trialEvery: UInt8 = 64

    /// The newest that the client has said it has; 0 while it has said nothing.
    package private(set) var acked: UInt32 = 0
    /// The newest that it was sent; 0 for none.
    private var sent: UInt32 = 0
    /// Which of those sent it has not acknowledged: bit 0 for the newest, each next one for the one before in the game.
    private var flying: UInt32 = 0
    /// The snapshot whose way is timed, 0 for none.
    private var timed: UInt32 = 0
    private var timedAt = Instant.zero
    private var sentAt = Instant.zero
    private var ackedAt = Instant.zero
    /// The shortest time from sending to ack, in milliseconds; rises slowly, since lines change.
    private var least: Float = 0
    /// The time from one snapshot to the next at which acks come while others are under way, smoothed; 0 while it is not known.
    private var spacing: Float = 0
    /// The most snapshots that one ack was for lately: some clients send few acks.
    private var batch: UInt8 = 0
    private var trust: UInt8 = 0
    private var trial: UInt8 = 0
    /// Whether a snapshot was held back that is to follow with the next ack.
    private var isHolding = false

    /// Nothing is under way.
    package init() {}

    /// Of a client that has come back with a snapshot.
    package init(returningWith number: UInt32) { (acked, sent) = (number, number) }

    // MARK: Sending

    /// Whether the next snapshot may be sent; if not, one is owed.
    ///
    /// - Parameter interval: The time between two snapshots.
    @inline(__always)
    package mutating func takesNext(at now: Instant, interval: Interval) -> Bool {
        guard trust > Self.trustMin, flying != 0 else { return true }
        return hasRoom(at: now, Float(interval.nanoseconds) / 1e6)
    }

    private mutating func hasRoom(at now: Instant, _ interval: Float) -> Bool {
        guard flying.nonzeroBitCount >= room(interval) else { return true }
        let waited = Float((now - sentAt).nanoseconds) / 1e6
        let way = max(least, spacing)
        guard waited < max(Self.silence, min(Self.silentWays * way, way + Self.silenceMax)) else {
            // It does not acknowledge any more, perhaps: that may be its way, and is no reason to stop.
            trust -= min(trust, 4)
            return true
        }
        isHolding = true
        return false
    }

    /// How many may be under way at a time.
    private func room(_ interval: Float) -> Int {
        guard spacing > 1.5 * interval else { return 2 + Int(batch) + Int((1.5 * least / interval).rounded(.up)) }
        let held = max(1, Int((least / spacing).rounded()))
        return held + max(0, Int(batch) - 1) + (trial == 0 ? 1 : 0)
    }

    /// The snapshot of that number has been sent.
    @inline(__always)
    package mutating func note(sent number: UInt32, at now: Instant) {
        let gap = number &- sent
        flying = gap < Self.span ? flying << gap | 1 : 1
        sent = number
        sentAt = now
        isHolding = false
        if timed == 0 { (timed, timedAt) = (number, now) }
    }

    // MARK: Acknowledging

    /// The client says that it has the snapshot of that number. One that it was not sent yet, or that is older than one it has
    /// had before, says nothing (abuse G-04).
    ///
    /// - Returns: Whether a snapshot was held back until now and may follow.
    package mutating func note(acked number: UInt32, at now: Instant) -> Bool {
        guard number > acked, number <= sent else { return false }
        acked = number
        let behind = sent - number
        let arrived = behind < Self.span ? flying & (UInt32.max << behind) : 0
        let count = arrived.nonzeroBitCount
        guard count > 0 else { return false }
        let wasBusy = ackedAt > .zero
        let passed = Float((now - (wasBusy ? ackedAt : timedAt)).nanoseconds) / 1e6 / Float(count)
        if wasBusy || spacing > passed {
            // Faster is believed sooner: a line that has halted catches up.
            spacing = spacing == 0 ? passed : spacing + (passed - spacing) * (passed < spacing ? 0.5 : 0.25)
        }
        flying &= ~arrived
        ackedAt = flying == 0 ? .zero : now
        if timed > 0, number >= timed {
            let delay = max(0.001, Float((now - timedAt).nanoseconds) / 1e6)
            least = least == 0 ? delay : min(delay, least * 1.02)
            timed = 0
        }
        batch = max(UInt8(clamping: count), batch > 0 ? batch - 1 : 0)
        trust = count <= 2 ? min(trust + 1, Self.trustMax) : trust - min(trust, 8)
        trial = trial == Self.trialEvery ? 0 : trial + 1
        return isHolding
    }

    // MARK: Coming back

    /// Whether the client may say, when it comes back on another connection, that it has the snapshot of that number: one from the
    /// newest acknowledged on, or, where it acknowledges nothing, one of the newest.
    ///
    /// - Parameter isLost: Whether its connection is gone. As long as it is there, who acknowledges nothing is not waited for.
    package func mayHave(_ number: UInt32, isLost: Bool) -> Bool {
        guard number <= sent else { return false }
        // All it has ever said of this connection is what it came back with, if that.
        guard least > 0 else { return number == acked || isLost && sent - number < Self.span }
        return number >= acked && number - acked < Self.span
    }
}
