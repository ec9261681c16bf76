import Determinism

/// How many messages a connection may send: a bucket that fills at a steady rate.
struct MessageAllowance {
    enum Verdict { case allowed, dropped, hopeless }

    private var tokens: Float
    private var droppedInARow: UInt32 = 0
    private var filledAt: Instant

    init(perSecond: Int, now: Instant) {
        tokens = Float(perSecond) * 2
        filledAt = now
    }

    /// Takes one message; `perSecond` is the same at every call.
    mutating func take(now: Instant, perSecond: Int) -> Verdict {
        let rate = Float(perSecond)
        if now > filledAt {
            tokens = min(rate * 2, tokens + Float((now - filledAt).seconds) * rate)
            filledAt = now
        }
        if tokens >= 1 {
            tokens -= 1
            droppedInARow = 0
            return .allowed
        }
        droppedInARow += 1
        return Float(droppedInARow) > rate * 4 ? .hopeless : .dropped
    }
}

extension Transport {
    /// Whether a message of that verdict is taken; a peer for whom there is no hope is ended.
    func takes(_ verdict: MessageAllowance.Verdict) -> Bool {
        if verdict == .allowed { return true }
        server.counters[.messagesRateLimited] += 1
        if verdict == .hopeless { end(.rateLimited) }
        return false
    }
}
