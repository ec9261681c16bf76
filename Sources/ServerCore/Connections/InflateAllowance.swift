import Determinism
import WebSocketCore

/// How much a connection may have inflated: a bucket of bytes that fills at a steady rate and holds a second's worth.
///
/// One of few bytes on the wire can stand for a thousand, and a tiny message still costs what it takes to begin and end it:
/// so it is the work that is counted, not the messages.
final class InflateAllowance {
    private let inflater: MessageInflater
    private let perSecond: Int
    private var filledAt: Instant

    init(_ inflater: MessageInflater, perSecond: Int, now: Instant) {
        self.inflater = inflater
        self.perSecond = perSecond
        filledAt = now
        inflater.allowance = perSecond
    }

    /// Adds what has been earned since the last time.
    func fill(now: Instant) {
        let earned = Int(min(1, (now - filledAt).seconds) * Double(perSecond))
        // A part of a byte is not lost: it is earned when it is whole.
        guard earned > 0 else { return }
        inflater.allowance = min(perSecond, inflater.allowance + earned)
        filledAt = now
    }
}
