import Determinism
import GameKit
import JSONCore
import SnapshotCore

/// What a lobby shows those who watch it with a delay: snapshots and events go in as they are sent to the players, and come
/// out in the same order once the delay has passed.
///
/// It keeps the players' own messages, a tenth of what the states would take, and applies each as it comes out, as a client
/// would: so that there is a state to make other messages of, for whoever comes late or is behind. Snapshots are admitted at
/// such a pace that a whole delay of them fits: a lobby whose snapshots are too big is shown with fewer of them, evenly.
package final class DelayLine {
    /// One thing that is shown.
    package enum Entry {
        /// A snapshot message, framed: it begins at `start`. ``newestTick`` is its tick from now on.
        case snapshot(framed: [UInt8], since: UInt32?, start: Int)
        /// An event for everybody.
        case event(String, JSONValue)
    }

    private struct Held {
        let due: Instant
        let entry: Entry
        let byteCount: Int
    }

    /// The most bytes that are held back.
    package static let bytesMax = 4 * 1_048_576
    /// How long everything is held back.
    package let delay: Interval
    /// How many bytes are held back.
    package private(set) var byteCount = 0
    private let schema: Schema
    /// What is held back, from `first` on; before it what has come out.
    private var held: [Held] = []
    private var first = 0
    /// The tick of the newest snapshot that has gone in; nil when the next must be a keyframe.
    private var lastTick: UInt32?
    /// How many bytes of snapshots may go in just now, and since when that holds.
    private var credit: Double
    private var creditedAt: Instant
    /// What has come out.
    private var history: SnapshotHistory
    private var spare: WorldState

    /// An empty one, for a delay above zero.
    package init(schema: Schema, delay: Interval, now: Instant) {
        precondition(delay > .zero && delay <= WatchRules.delayMax, "a delay is up to five minutes")
        self.delay = delay
        self.schema = schema
        credit = Self.burst
        creditedAt = now
        history = SnapshotHistory(schema: schema)
        spare = WorldState(schema: schema)
    }

    // MARK: In

    private static let burst = Double(bytesMax) / 8
    /// Snapshots fill five eighths at most; events have the rest.
    private var bytesPerSecond: Double { Double(Self.bytesMax) * 0.5 / delay.seconds }

    /// The tick from which the message of the next snapshot is to lead on: the newest that has gone in.
    package var baseline: UInt32? { lastTick }

    /// Whether the next snapshot may go in.
    package func takesSnapshot(at now: Instant) -> Bool {
        let gained = (now - creditedAt).seconds * bytesPerSecond
        (credit, creditedAt) = (min(Self.burst, credit + gained), now)
        return credit > 0
    }

    /// Holds back a snapshot that has been taken just now.
    ///
    /// - Parameters:
    ///   - framed: The message that leads from ``baseline`` to it, or a keyframe, from `start` on.
    ///   - tick: Its tick.
    package func add(snapshot framed: [UInt8], from start: Int, since baseline: UInt32?, tick: UInt32, at now: Instant)
    {
        credit -= Double(framed.count)
        lastTick = tick
        hold(.snapshot(framed: framed, since: baseline, start: start), framed.count, now)
    }

    /// Holds back an event; false when there is no room for it.
    package func add(event name: String, _ data: JSONValue, at now: Instant) -> Bool {
        var text: [UInt8] = []
        data.write(to: &text)
        guard byteCount + text.count <= Self.bytesMax else { return false }
        hold(.event(name, data), text.count, now)
        return true
    }

    /// The game was made anew: the next snapshot is to be a keyframe.
    package func gameBegunAnew() { lastTick = nil }

    private func hold(_ entry: Entry, _ size: Int, _ now: Instant) {
        byteCount += size
        held.append(Held(due: now + delay, entry: entry, byteCount: size))
    }

    // MARK: Out

    /// Whether nothing is held back.
    package var isEmpty: Bool { first == held.count }

    /// When something comes out next.
    package var nextDue: Instant? { isEmpty ? nil : held[first].due }

    /// What comes out next, if its time has come.
    package func next(at now: Instant) -> Entry? {
        while let due = nextDue, due <= now {
            let entry = held[first].entry
            byteCount -= held[first].byteCount
            first += 1
            forgetShown()
            guard case .snapshot(let framed, let since, let start) = entry else { return entry }
            if apply(framed, from: start, since: since) { return entry }
        }
        return nil
    }

    /// Gives the memory of what has come out back from time to time.
    private func forgetShown() {
        guard first == held.count || first >= 256 && first * 2 > held.count else { return }
        held.removeFirst(first)
        first = 0
    }

    private func apply(_ framed: [UInt8], from start: Int, since: UInt32?) -> Bool {
        do {
            let message = framed.span.extracting(start..<framed.count)
            try Snapshot.apply(message, to: since == nil ? nil : history.newest, schema: schema, into: &spare)
        } catch {
            // The next keyframe mends it.
            lastTick = nil
            return false
        }
        if since == nil { history = SnapshotHistory(schema: schema) }
        history.add { swap(&$0, &spare) }
        return true
    }

    // MARK: What has come out

    /// The tick of the newest snapshot that has come out; nil before the first.
    package var newestTick: UInt32? { history.newestTick }

    /// The newest snapshot that has come out; nil before the first.
    package var newest: WorldState? { history.newest }

    /// `tick` if a message to the newest snapshot can start there, else nil: then a keyframe does.
    package func baseline(_ tick: UInt32?) -> UInt32? {
        guard let tick, let newest = history.newestTick, tick < newest else { return nil }
        return history.has(tick) ? tick : nil
    }

    /// The message that leads from the snapshot at `baseline` to the newest that has come out: with the state's hash, for
    /// whoever gets it is not in step.
    ///
    /// - Precondition: There is one.
    package func message(since baseline: UInt32?) -> [UInt8] {
        guard let newest = history.newest else { preconditionFailure("no snapshot has come out yet") }
        let base = baseline.flatMap { history.snapshot(at: $0) }
        return Snapshot.encode(newest, since: base, schema: schema, stateHash: newest.hash)
    }
}
