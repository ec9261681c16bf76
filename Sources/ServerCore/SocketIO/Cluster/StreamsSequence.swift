import Determinism
import SocketIOCore

/// The events of this server that are on their way into the stream and back, in their order.
///
/// One that does not come back within ``patience`` is delivered to this server's clients without its id, as are all that follow until
/// the stream is quick again: others' Redis is no reason for silence here.
final class StreamsSequence {
    /// How long an event may take.
    static let patience = Interval.milliseconds(250)
    /// The most that are remembered to have been delivered without having come back.
    private static let entriesMax = 10_000

    private struct Entry {
        let ticket: SocketTicket
        let emission: SocketEmission
        let target: SocketTarget
        let namespace: String
        let sentAt: Instant
        var isDelivered: Bool
    }

    private unowned let hub: SocketHub
    private var entries: [Entry] = []
    /// Those before it have come back.
    private var head = 0
    private var isTimerArmed = false
    /// Whether the stream is too slow to be waited for.
    private var isBehind = false

    init(_ hub: SocketHub) { self.hub = hub }

    private var now: Instant { hub.server.clock() }

    /// An event was handed to Redis; whether it is waited for.
    func sent(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in namespace: String
    ) -> Bool {
        if entries.count - head == Self.entriesMax { release(through: head) }
        entries.append(
            Entry(
                ticket: ticket, emission: emission, target: target, namespace: namespace, sentAt: now,
                isDelivered: isBehind))
        if !isBehind { armTimer(Self.patience) }
        return !isBehind
    }

    /// An entry of this server has come back.
    func landed(_ ticket: SocketTicket, at id: StreamID) {
        guard let index = entries[head...].firstIndex(where: { $0.ticket == ticket }) else { return }
        // What was sent before and has not come was lost on its way to Redis.
        if index > head { release(through: index - 1) }
        let entry = entries[index]
        head = index + 1
        tidy()
        if entry.isDelivered {
            // Who is lost from now on has had it, if without its id.
            hub.streamBegan(at: id)
        } else {
            hub.sequenced(entry.ticket, entry.emission, to: entry.target, in: entry.namespace, at: id)
        }
        if now - entry.sentAt > Self.patience { waitForNone() } else { isBehind = false }
    }

    /// What is emitted from now on is not waited for, and goes behind all that has been: that is delivered now.
    func waitForNone() {
        // Then all have been delivered.
        guard !isBehind else { return }
        var index = head
        while index < entries.count {
            let entry = entries[index]
            entries[index].isDelivered = true
            index += 1
            deliver(entry)
        }
        isBehind = true
    }

    /// Delivers what has not been delivered, up to there, and waits for none of it.
    private func release(through index: Int) {
        while head <= index {
            let entry = entries[head]
            head += 1
            deliver(entry)
        }
        tidy()
    }

    private func deliver(_ entry: Entry) {
        guard !entry.isDelivered else { return }
        hub.sequenced(entry.ticket, entry.emission, to: entry.target, in: entry.namespace, at: nil)
    }

    private func tidy() {
        guard head == entries.count || head > 256 && head * 2 > entries.count else { return }
        entries.removeFirst(head)
        head = 0
    }

    private func armTimer(_ interval: Interval) {
        guard !isTimerArmed else { return }
        isTimerArmed = true
        _ = hub.after(interval) { [weak self] in self?.timeReached() }
    }

    private func timeReached() {
        isTimerArmed = false
        guard let oldest = entries[head...].first(where: { !$0.isDelivered }) else { return }
        let left = oldest.sentAt + Self.patience - now
        guard left <= .zero else { return armTimer(left) }
        waitForNone()
    }
}
